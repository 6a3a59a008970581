"""logsumexp where the largest logit and the logarithm of the sum cancel in part."""

import mpmath
import numpy as np
import pytest

import normexp as nex
from benchmarks.oracle import oracle_row, ulps

PRECISIONS = {
    "float32": ("float32", "exact", 0.51),
    "float32 fast": ("float32", "fast", 4.0),
    "float64": ("float64", "exact", 4.0),
}


@pytest.mark.parametrize("name", PRECISIONS)
@pytest.mark.parametrize("classes", [2, 3, 5, 33])
def test_logsumexp(name, classes):
    dtype, accuracy, bound = PRECISIONS[name]
    rng = np.random.default_rng(classes)
    x = rng.normal(size=(6000 // classes, classes)) - np.log(classes)
    x = (x - rng.uniform(0, 1, (len(x), 1))).astype(dtype)
    with nex.accuracy(accuracy):
        got = nex.logsumexp(x)
    with mpmath.workprec(256):
        true = [oracle_row(row).logsumexp() for row in x]
    worst = ulps(got, true)
    assert worst.max() <= bound, f"{worst.max():.3f} ULP for {x[worst.argmax()].tolist()}"
