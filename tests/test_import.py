"""Importing normexp loads nothing; its names load NumPy, and a kernel loads Numba."""

import subprocess
import sys
import time

import pytest

import normexp

HEAVY = ["numba", "llvmlite", "scipy", "sklearn", "torch", "pandas", "polars", "matplotlib"]


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout


def seconds(code):
    start = time.perf_counter()
    python(code)
    return time.perf_counter() - start


def loaded(code):
    return set(python(f"{code}\nimport sys; print(*sys.modules)").split())


def test_import_loads_no_compiler_and_no_framework():
    found = loaded("import normexp")
    assert {name for name in found if name.startswith("normexp")} == {"normexp"}
    assert not {"numpy", *HEAVY} & found


def test_a_function_loads_only_what_arrays_need():
    found = loaded("from normexp import softmax, CrossEntropy")
    ours = {name for name in found if name.startswith("normexp.")}
    products = {"_linear_products", "_wide_weight"}
    linear = {"linear_loss", "linear_hessian", "linear_statistics"} | products
    rooms = {"functions", "losses", "kernels"} | linear
    shared = {"_arrays", "_check", "_sparse", "_tensors"}
    assert {name.split(".")[1] for name in ours} == rooms | shared
    assert "normexp.kernels.cpu" not in ours
    assert not set(HEAVY) & found


def without(*packages):
    """What hides some packages from a script."""
    return f"import sys\nfor name in {packages}: sys.modules[name] = None\n"


@pytest.mark.parametrize(
    ("room", "package", "extra"),
    [
        ("linear", "sklearn", "linear"),
        ("linear", "threadpoolctl", "linear"),
        ("data", "polars", "cli"),
        ("model", "safetensors", "cli"),
        ("model", "msgspec", "cli"),
        ("export", "onnx", "onnx"),
        ("torch", "torch", "torch"),
    ],
)
def test_what_an_extra_brings_is_told_where_it_is_missing(room, package, extra):
    told = python(
        without(package) + f"try: import normexp.{room}\nexcept ImportError as error: print(error)"
    )
    assert told == f"{package} is not installed: pip install 'normexp[{extra}]'\n"


def test_every_public_name_is_there_and_is_told():
    assert set(normexp.__all__) <= set(dir(normexp))
    for name in normexp.__all__:
        assert getattr(normexp, name).__name__ == name
    assert normexp.losses.CrossEntropy is normexp.CrossEntropy
    with pytest.raises(AttributeError, match="no attribute 'sofmax'"):
        normexp.sofmax  # noqa: B018


def test_a_first_name_takes_at_most_half_as_long_again_as_numpy():
    # The least of many interleaved runs is what a quiet machine needs; a noisy one gets more runs.
    ours, numpys = [], []
    for _ in range(3):
        for _ in range(7):
            numpys.append(seconds("import numpy"))
            ours.append(seconds("import normexp; normexp.softmax"))
        if min(ours) <= 1.5 * min(numpys):
            return
    assert min(ours) <= 1.5 * min(numpys)
