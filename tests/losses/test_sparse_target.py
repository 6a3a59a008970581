"""The best of a teacher are a target: what the same probabilities of all classes are."""

import numpy as np
import pytest

import normexp as nex

SAMPLES, CLASSES, INPUTS, BEST = 6, 9, 4, 3
LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(label_smoothing=0.1, z_loss=0.01, class_weight=tuple(range(1, CLASSES + 1))),
    nex.SquaredError(),
    nex.SquaredError(on="probabilities"),
]
RESTS = ["ignore", "uniform", "renormalize"]


@pytest.fixture(params=[1, 1 << 20])
def rng(request, monkeypatch):
    """With the rows spread one by one, and all at once."""
    monkeypatch.setattr("normexp.losses.sparse_target.MASSES_BYTES", request.param)
    return np.random.default_rng(0)


def teacher(rng, rest, where=None):
    """A sparse target, and the same probabilities of all classes."""
    allowed = np.ones((SAMPLES, CLASSES)) if where is None else where
    ids = np.array([rng.choice(CLASSES, BEST, False, row / row.sum()) for row in allowed])
    probabilities = rng.dirichlet(np.ones(BEST + 1), SAMPLES)[:, :BEST]
    dense = np.zeros((SAMPLES, CLASSES))
    given = probabilities / probabilities.sum(1, keepdims=True)
    np.put_along_axis(dense, ids, given if rest == "renormalize" else probabilities, 1)
    if rest == "uniform":
        free = (dense == 0) & (allowed > 0)
        dense += free * (1 - probabilities.sum(1, keepdims=True)) / free.sum(1, keepdims=True)
    return nex.SparseTarget(ids, probabilities, rest), dense


@pytest.mark.parametrize("rest", RESTS)
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_it_is_the_target_of_all_classes(loss, rest, rng):
    sparse, dense = teacher(rng, rest)
    z, v = rng.normal(size=(2, SAMPLES, CLASSES))
    got, expected = loss.value_and_grad(z, sparse), loss.value_and_grad(z, dense)
    np.testing.assert_allclose(got.value, expected.value, rtol=1e-14)
    np.testing.assert_allclose(got.grad, expected.grad, rtol=1e-12, atol=1e-15)
    assert loss(z, sparse) == got.value
    bound = loss.bind(sparse, classes=CLASSES)
    assert bound(z) == got.value
    product = loss.bind(dense).hessian_product(z, v)
    np.testing.assert_allclose(bound.hessian_product(z, v), product, rtol=1e-10, atol=1e-14)
    x, w = rng.normal(size=(SAMPLES, INPUTS)), rng.normal(size=(CLASSES, INPUTS))
    found = loss.linear_value_and_grad(x, w, sparse), loss.linear_value_and_grad(x, w, dense)
    for one, other in zip(found[0][:3], found[1][:3], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("rest", RESTS)
def test_the_rest_goes_to_classes_of_the_mask(rest, rng):
    where = rng.random((SAMPLES, CLASSES)) < 0.7
    where[:, :BEST] = True
    sparse, dense = teacher(rng, rest, where)
    z, weight = rng.normal(size=(SAMPLES, CLASSES)), rng.random(SAMPLES)
    loss = nex.CrossEntropy(reduction="none", label_smoothing=0.1)
    got, expected = loss(z, sparse, weight, where), loss(z, dense, weight, where)
    np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_what_has_no_probability_is_not_given(rng):
    z = rng.normal(size=(1, 4))
    loss = nex.CrossEntropy()
    padded = nex.SparseTarget([[2, -1, 99]], [[0.4, 0.0, 0.0]], "uniform")
    assert loss(z, padded) == loss(z, nex.SparseTarget([[2]], [[0.4]], "uniform"))
    twice = nex.SparseTarget([[2, 2]], [[0.25, 0.5]])
    assert loss(z, twice) == loss(z, nex.SparseTarget([[2]], [[0.75]]))
    nothing = nex.SparseTarget([[0, 1]], [[0.0, 0.0]], "renormalize")
    assert loss(z, nothing) == 0
    every = nex.SparseTarget([[0, 1, 2, 3]], [[0.1, 0.2, 0.3, 0.3]])
    for rest in ("ignore", "uniform"):
        whole = nex.SparseTarget(every.ids, every.probabilities, rest)
        np.testing.assert_allclose(loss(z, whole), loss(z, [[0.1, 0.2, 0.3, 0.3]]), rtol=1e-14)
    no_rows = nex.SparseTarget(np.zeros((0, 2), int), np.zeros((0, 2)), "uniform")
    assert loss(np.zeros((0, 4)), no_rows) == 0


def test_a_bound_target_is_a_copy():
    ids, probabilities = np.array([[0, 1]]), np.array([[0.5, 0.5]])
    bound = nex.CrossEntropy().bind(nex.SparseTarget(ids, probabilities), classes=3)
    before = bound([[1.0, 2.0, 3.0]])
    ids[:], probabilities[:] = 2, 0.1
    assert bound([[1.0, 2.0, 3.0]]) == before


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (([[0, 1]], [[0.5]]), ValueError, r"one shape, \(..., k\), got \(1, 2\) and \(1, 1\)"),
        ((0, 0.5), ValueError, r"one shape"),
        (([[0]], [[0.5]], "spread"), ValueError, "rest must be one of 'ignore', 'uniform'"),
        (([[4]], [[0.5]]), ValueError, "class ids from 0 to 3 .*, got 4 at position 0"),
        (([[-1]], [[0.5]]), ValueError, "class ids from 0 to 3"),
        (([[0]], [[-0.5]]), ValueError, "finite and not negative, got -0.5"),
        (([[0]], [[np.nan]]), ValueError, "finite and not negative, got nan"),
        (([[0, 1]], [[0.7, 0.4]], "uniform"), ValueError, "add up to at most 1, .* got 1.1"),
        (([[0.0]], [[0.5]]), TypeError, "target.ids must hold integer class ids"),
        (([[0]], [["a"]]), TypeError, "target.probabilities must hold real numbers"),
        (([[0], [1]], [[0.5], [0.5]]), ValueError, r"shape \(1, 'k'\) .*, got \(2, 1\)"),
    ],
)
def test_bad_input(given, error, message):
    with pytest.raises(error, match=message):
        nex.CrossEntropy()([[0.0, 1.0, 2.0, 3.0]], nex.SparseTarget(*given))


def test_losses_that_do_not_take_it():
    sparse = nex.SparseTarget([[0]], [[1.0]])
    with pytest.raises(TypeError, match="integer class ids, got a SparseTarget"):
        nex.Focal()([[0.0, 1.0]], sparse)
    with pytest.raises(ValueError, match="the loss must have axis=-1"):
        nex.CrossEntropy(axis=0)([[0.0, 1.0]], sparse)
    with pytest.raises(ValueError, match="classes must say how many"):
        nex.CrossEntropy().bind(sparse)
