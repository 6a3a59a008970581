"""`normexp warmup` compiles what programs use, keeps it, and says so if it cannot."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import product

import ml_dtypes
import numpy as np
import pytest

import normexp as nex
from normexp.kernels.cpu import warmup
from normexp.kernels.cpu.entries import Entry

pytestmark = pytest.mark.usefixtures("compiled_by_numba")

# In a new process, which has no kernels yet; with all of the works it would take minutes.
WARMUP = """
from normexp.cli import main
from normexp.kernels.cpu import warmup

warmup.WORKS = {name: warmup.WORKS[name] for name in ("sigmoid", "log_sigmoid")}
main()
"""
FORMS = 2 * 5  # one for each type, whatever the layout


def run(cache, *arguments, code=WARMUP):
    return subprocess.run(
        [sys.executable, "-c", code, "warmup", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "NORMEXP_CACHE_DIR": str(cache)},
    )


def refuses(result, *words):
    """Whether it ended with one line and status 2."""
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("normexp: ")
    return all(word in line for word in words)


def test_the_first_run_compiles_and_keeps_every_form_and_the_second_compiles_nothing(tmp_path):
    first = run(tmp_path / "cache", "--json")
    assert first.stderr == ""
    facts = json.loads(first.stdout)
    (folder,) = (tmp_path / "cache").iterdir()
    assert facts["folder"] == str(folder)
    assert (facts["compiled"], facts["loaded"]) == (FORMS, 0)
    assert len(list(folder.glob("*.kernel"))) == FORMS
    assert len({kernel["what"] for kernel in facts["kernels"]}) == FORMS

    second = run(tmp_path / "cache")
    assert second.stderr == ""
    assert second.stdout.startswith(
        f"{FORMS} kernels are in {folder}: 0 compiled now, {FORMS} there before."
    )


def test_without_a_folder_nothing_is_compiled(tmp_path):
    (tmp_path / "file").write_text("where the folder should be")
    assert refuses(run(tmp_path / "file"), "no folder", "NORMEXP_CACHE_DIR")


@pytest.mark.skipif(sys.platform == "win32", reason="a process has no limit for its files")
def test_a_kernel_that_cannot_be_kept_is_the_last(tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
    result = run(tmp_path / "cache", code=limit + WARMUP)
    assert refuses(result, "cannot be kept", str(tmp_path / "cache"))


@pytest.fixture
def forms(monkeypatch):
    """What kernels are asked for, with the types of their arguments; nothing is compiled."""
    asked = set()

    def form(entry, key, arguments):
        asked.add(entry.form_name(arguments))
        return lambda *_: None

    monkeypatch.setattr(Entry, "form", form)
    return asked


LOSSES = (
    nex.CrossEntropy(),
    nex.CrossEntropy(z_loss=1e-4, ignore_index=1, reduction="sum"),
    nex.CrossEntropy(label_smoothing=0.1, temperature=2.0),
    nex.Focal(),
    nex.MulticlassHinge(),
    nex.MulticlassHinge(variant="crammer-singer", squared=True, margin=2),
    nex.SquaredError(),
    nex.SquaredError(on="probabilities"),
)


def call_everything(z, axis):
    labels = np.zeros(z.take(0, axis).shape, np.int64)
    for where in (None, np.full(z.shape, True)):
        nex.softmax(z, axis, where=where, out=z)
        nex.softmax(z[::-1], axis, where=where, temperature=3)
        nex.log_softmax(z, axis, where=where)
        nex.logsumexp(z, axis, where=where)
        for loss in LOSSES:
            along_axis = replace(loss, axis=axis)
            along_axis(z, labels, where=where)
            along_axis.value_and_grad(z, labels, np.ones(labels.shape), where)
    nex.sigmoid(z)
    nex.log_sigmoid(z)
    nex.BinaryCrossEntropy().value_and_grad(z, np.ones(z.shape, bool))


def test_what_programs_commonly_call_is_what_is_compiled(forms):
    types = product(("float32", "float64", "float16", ml_dtypes.bfloat16), ("exact", "fast"))
    with np.errstate(all="ignore"):  # no result was written
        for dtype, accuracy in types:
            with nex.accuracy(accuracy):
                call_everything(np.zeros((6, 10), dtype), axis=1)
                call_everything(np.zeros((6, 100), dtype), axis=1)
                call_everything(np.zeros((2, 21, 4, 4), dtype), axis=1)
    called = forms.copy()
    forms.clear()
    for names in product(warmup.WORKS, warmup.types(), warmup.LAYOUTS):
        warmup.Case(*names).run()
    assert called == forms
