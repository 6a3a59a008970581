"""`normexp calibrate`: a temperature in the model file, and nothing else changed."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from normexp.cli.commands import normexp as command
from normexp.model import Model


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in a folder with rows to train on, others, and two models."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, rows in (("train", 12), ("held", 200)):
        kind = rng.integers(2, size=rows)
        values = kind[:, None] + rng.normal(size=(rows, 8))
        lines = [",".join([*map(str, row), "ab"[k]]) for row, k in zip(values, kind, strict=True)]
        header = ",".join([*(f"x{i}" for i in range(8)), "kind"])
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n")

    def invoke(*arguments):
        return CliRunner().invoke(command, [str(part) for part in arguments])

    for loss in ("softmax", "svm"):
        how = ("--target", "kind", "--loss", loss, "-o", f"{loss}.safetensors")
        assert invoke("train", "train.csv", *how).exit_code == 0
    return invoke


def test_the_log_loss_of_other_rows_falls_and_the_labels_stay(run, tmp_path):
    before = run("predict", "softmax.safetensors", "held.csv", "--json").stdout
    result = run("calibrate", "softmax.safetensors", "held.csv", "-o", "c.safetensors", "--json")
    facts = json.loads(result.stdout)
    assert facts["temperature"] > 1.5
    assert facts["log_loss"]["after"] < facts["log_loss"]["before"]
    assert Model.load("c.safetensors").classifier.temperature_ == facts["temperature"]
    after = run("predict", "c.safetensors", "held.csv", "--json").stdout
    labels = [[row["label"] for row in json.loads(text)] for text in (before, after)]
    assert labels[0] == labels[1]
    evaluated = json.loads(run("evaluate", "c.safetensors", "held.csv", "--json").stdout)
    assert evaluated["log_loss"] == facts["log_loss"]["after"]
    said = run("calibrate", "softmax.safetensors", "held.csv").stdout
    assert said.startswith("Temperature ")
    assert Model.load("softmax.safetensors").classifier.temperature_ == facts["temperature"]


def test_what_cannot_be_calibrated_is_left_as_it_is(run, tmp_path):
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for arguments, words in {
        ("svm.safetensors", "held.csv"): "has no probabilities",
        ("softmax.safetensors", "train.csv"): "every sample is predicted right",
        ("softmax.safetensors", "none.csv"): "no file none.csv",
        ("none.safetensors", "held.csv"): "no model file none.safetensors",
        ("softmax.safetensors", "held.csv", "-o", "held.csv"): "it is what is read",
    }.items():
        result = run("calibrate", *arguments)
        assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
        assert words in result.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
