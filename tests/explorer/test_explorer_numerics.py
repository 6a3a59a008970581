"""The numerics of the page give what the library gives."""

import math

import numpy as np
import pytest

import normexp as nex

RNG = np.random.default_rng(0)
ROWS = {
    "ordinary": [2.0, 1.0, -1.0],
    "two classes": [0.3, -0.2],
    "equal": [0.7, 0.7, 0.7, 0.7],
    "one far ahead": [40.0, 0.0, 1.5],
    "so far ahead that float64 has no digit of it": [900.0, 0.1, -0.3],
    "one far behind": [0.1, 0.2, -800.0],
    "negative": [-120.25, -119.5, -121.125],
    "an offset of 1e8": [1e8 + 1.25, 1e8, 1e8 - 3.0],
    "large": [700.3, 699.1, 0.1],
    "an impossible class": [1.0, -math.inf, 0.5],
    "ten classes": RNG.normal(size=10).tolist(),
    "a thousand classes": (3 * RNG.normal(size=1000)).tolist(),
}
LOSSES = {
    "crossEntropy": nex.CrossEntropy(),
    "westonWatkins": nex.MulticlassHinge(),
    "crammerSinger": nex.MulticlassHinge(variant="crammer-singer"),
    "squaredError": nex.SquaredError(),
    "brier": nex.SquaredError(on="probabilities"),
}


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_functions_agree(call, row):
    z = np.array(row)
    close(call("numerics", "softmax", row), nex.softmax(z))
    close(call("numerics", "logSoftmax", row), nex.log_softmax(z))
    close(call("numerics", "logSumExp", row), nex.logsumexp(z))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_losses_and_gradients_agree(call, name, row):
    if name == "squaredError" and -math.inf in row:
        row = [x for x in row if x > -math.inf]  # the library masks such a class
    for target in {0, 1, len(row) - 1}:
        if row[target] == -math.inf:
            continue
        expected, grad = LOSSES[name].value_and_grad(np.array([row]), [target])
        found = call("numerics", name, row, target)
        close(found["value"], expected)
        close(found["grad"], grad[0])


SHARED = {
    "squaredErrorOf": nex.SquaredError(),
    "brierOf": nex.SquaredError(on="probabilities"),
}


@pytest.mark.parametrize("row", ["ordinary", "equal", "an impossible class", "ten classes"])
def test_losses_of_a_distribution_agree(call, row):
    z = np.array([ROWS[row]])
    q = np.random.default_rng(2).dirichlet(np.ones(z.shape[1]), 1) * np.isfinite(z)
    q /= q.sum()
    for part in (0, 0.1, 1):
        expected, grad = nex.CrossEntropy(label_smoothing=part).value_and_grad(z, q)
        shares = call("numerics", "smoothed", q[0].tolist(), part)
        found = call("numerics", "crossEntropyOf", z[0].tolist(), shares)
        np.testing.assert_allclose(found["value"], expected, rtol=1e-14)
        np.testing.assert_allclose(found["grad"], grad[0], rtol=1e-13, atol=1e-15)
    for name, loss in SHARED.items():
        expected, grad = loss.value_and_grad(z, q)
        found = call("numerics", name, z[0].tolist(), q[0].tolist())
        np.testing.assert_allclose(found["value"], expected, rtol=1e-14)
        np.testing.assert_allclose(found["grad"], grad[0], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(
        call("numerics", "entropy", q[0].tolist()), -np.sum(q[q > 0] * np.log(q[q > 0])), rtol=1e-14
    )


def test_a_confident_row_keeps_its_loss_and_gradient(call):
    found = call("numerics", "crossEntropy", [50.0, 0.0], 0)
    close(found["value"], math.exp(-50))
    close(found["grad"], [-math.exp(-50), math.exp(-50)])


@pytest.mark.parametrize("shift", [0, 40, 89, 100, -80, -110])
def test_the_naive_computation_is_that_of_float32(call, shift):
    z = np.array([2.0, 1.0, -1.0]) + shift
    with np.errstate(all="ignore"):
        e = np.exp(z.astype(np.float32))
        p = e / e.sum()
        value, grad = -np.log(p[0]), p[0] - np.float32(1)
    found = call("numerics", "naive32", z.tolist(), 0)
    ulps = 4 * np.finfo(np.float32).eps
    np.testing.assert_allclose(found["e"], e, rtol=ulps, atol=1e-44)
    np.testing.assert_allclose(found["p"], p, rtol=ulps)
    np.testing.assert_allclose(found["value"], value, rtol=ulps)
    np.testing.assert_allclose(found["grad"][0], grad, rtol=4 * ulps)
    assert all(np.float32(x) == x or math.isnan(x) for x in found["e"] + found["p"])
