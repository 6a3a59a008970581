"""Importing normexp costs little more than importing NumPy, and loads nothing else."""

import subprocess
import sys
import time

HEAVY = ["numba", "llvmlite", "scipy", "sklearn", "torch", "pandas", "polars", "matplotlib"]


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout


def seconds(code):
    start = time.perf_counter()
    python(code)
    return time.perf_counter() - start


def test_import_loads_no_compiler_and_no_framework():
    loaded = python("import normexp, sys; print(*sys.modules)").split()
    assert "normexp" in loaded
    assert not set(HEAVY) & set(loaded)


def test_import_loads_of_normexp_only_what_arrays_need():
    loaded = python("import normexp, sys; print(*sys.modules)").split()
    ours = {name for name in loaded if name.startswith("normexp.")}
    rooms = {name.split(".")[1] for name in ours}
    assert rooms == {"functions", "losses", "kernels", "_arrays", "_check", "_settings"}
    assert "normexp.kernels.cpu" not in ours


def test_import_takes_at_most_half_as_long_again_as_numpy():
    # The least of many interleaved runs is what a quiet machine needs; a noisy one gets more runs.
    ours, numpys = [], []
    for _ in range(3):
        for _ in range(7):
            numpys.append(seconds("import numpy"))
            ours.append(seconds("import normexp"))
        if min(ours) <= 1.5 * min(numpys):
            return
    assert min(ours) <= 1.5 * min(numpys)
