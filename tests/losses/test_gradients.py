"""Every gradient is the derivative of its loss, for options in any combination."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import normexp as nex

ROWS, CLASSES = 4, 3
STEP = 2.0**-9

seeds = st.integers(0, 2**32 - 1)
combinations = settings(max_examples=80, deadline=None)
either = st.booleans()
weights = st.lists(st.floats(0.25, 4), min_size=CLASSES, max_size=CLASSES)
reductions = st.one_of(
    st.fixed_dictionaries({"reduction": st.just("sum")}),
    st.fixed_dictionaries(
        {"normalizer": st.sampled_from(["weight", "valid", "batch", "full", 2.5])}
    ),
)
row_options = {"class_weight": st.none() | weights, "ignore_index": st.sampled_from([-100, 1])}
smoothings = st.sampled_from([0.0, 0.1, 1.0])
temperatures, softcaps = st.sampled_from([1.0, 0.5, 3.0]), st.sampled_from([None, 2.0, 30.0])

cross_entropies = st.builds(
    lambda reduction, **options: nex.CrossEntropy(**options, **reduction),
    reductions,
    label_smoothing=smoothings,
    temperature=temperatures,
    softcap=softcaps,
    z_loss=st.sampled_from([0.0, 0.02]),
    **row_options,
)
log_losses = st.builds(
    lambda reduction, **options: nex.CrossEntropy(from_logits=False, **options, **reduction),
    reductions,
    label_smoothing=smoothings,
    **row_options,
)
squared_errors = st.builds(
    lambda reduction, **options: nex.SquaredError(**options, **reduction),
    reductions,
    on=st.sampled_from(["logits", "probabilities"]),
    **row_options,
)
hinges = st.builds(
    lambda reduction, **options: nex.MulticlassHinge(**options, **reduction),
    reductions,
    variant=st.sampled_from(["weston-watkins", "crammer-singer"]),
    margin=st.sampled_from([0.0, 1.0, 2.5]),
    squared=either,
    **row_options,
)
binary_cross_entropies = st.builds(
    lambda reduction, **options: nex.BinaryCrossEntropy(**options, **reduction),
    reductions,
    label_smoothing=smoothings,
    pos_weight=st.sampled_from([1.0, 0.3, 4.0]),
)


@st.composite
def batches(draw, soft=either):
    """Logits and a target, sample weights or None, a mask that leaves the target or None."""
    rng = np.random.default_rng(draw(seeds))
    z = rng.normal(size=(ROWS, CLASSES)) * draw(st.sampled_from([0.3, 1.0, 3.0]))
    y = rng.integers(0, CLASSES, ROWS)
    where = None
    if draw(either):
        where = rng.random((ROWS, CLASSES)) < 0.6
        where[np.arange(ROWS), y] = True
    target = y
    if draw(soft):
        target = rng.dirichlet(np.ones(CLASSES), ROWS)
        target = target if where is None else np.where(where, target, 0.0)
    weight = rng.random(ROWS) if draw(either) else None
    return z, target, weight, where


def central_differences(function, z):
    """∂function/∂z, with an error of the fourth power of the step."""
    slopes = np.empty_like(z)
    for k in np.ndindex(z.shape):
        unit = np.zeros_like(z)
        unit[k] = STEP
        near = function(z + unit) - function(z - unit)
        far = function(z + 2 * unit) - function(z - 2 * unit)
        slopes[k] = (8 * near - far) / (12 * STEP)
    return slopes


def assert_gradient(loss, z, target, weight=None, where=None):
    value, grad = loss.value_and_grad(z, target, weight, where)
    assert value == loss(z, target, weight, where)
    expected = central_differences(lambda x: loss(x, target, weight, where), z)
    np.testing.assert_allclose(grad, expected, rtol=1e-6, atol=1e-7)
    return grad


def assert_balanced(grad):
    """What the classes gain together is nothing but rounding: a shift of the logits is free."""
    rounding = 32 * np.finfo(grad.dtype).eps * (1 + np.abs(grad).sum(axis=1))
    assert (np.abs(grad.sum(axis=1)) <= rounding).all()


@combinations
@given(cross_entropies, batches())
def test_cross_entropy(loss, batch):
    grad = assert_gradient(loss, *batch)
    if loss.softcap is None and loss.z_loss == 0:
        assert_balanced(grad)
    if batch[1].ndim == 1:
        assert (grad[batch[1] == loss.ignore_index] == 0).all()
    if batch[3] is not None:
        assert (grad[~batch[3]] == 0).all()


@combinations
@given(log_losses, batches())
def test_cross_entropy_of_probabilities(loss, batch):
    z, target, weight, where = batch
    assert_gradient(loss, 0.1 + 0.8 * nex.softmax(z), target, weight, where)


@combinations
@given(squared_errors, batches())
def test_squared_error(loss, batch):
    grad = assert_gradient(loss, *batch)
    if loss.on == "probabilities":
        assert_balanced(grad)


@combinations
@given(hinges, batches(soft=st.just(False)))
def test_hinges_away_from_their_kinks(loss, batch):
    z, y, _, where = batch
    no_rival = np.arange(CLASSES) == y[:, np.newaxis]
    if where is not None:
        no_rival |= ~where
    far_behind = -1e6 * np.arange(1, CLASSES + 1)
    rivals = np.sort(np.where(no_rival, far_behind, z))
    assume((np.abs(loss.margin + rivals - z[np.arange(ROWS), y, np.newaxis]) > 4 * STEP).all())
    if loss.variant == "crammer-singer":
        assume((rivals[:, -1] - rivals[:, -2] > 4 * STEP).all())
    grad = assert_gradient(loss, *batch)
    assert_balanced(grad)


@combinations
@given(binary_cross_entropies, seeds, either, either)
def test_binary_cross_entropy(loss, seed, weighted, masked):
    rng = np.random.default_rng(seed)
    shape = (ROWS, CLASSES)
    z, target = rng.normal(size=shape) * 2, rng.random(shape).round(1)
    weight = rng.random(shape) if weighted else None
    where = rng.random(shape) < 0.7 if masked else None
    assert_gradient(loss, z, target, weight, where)


@combinations
@given(binary_cross_entropies, seeds)
def test_binary_cross_entropy_of_probabilities(loss, seed):
    rng = np.random.default_rng(seed)
    loss = nex.BinaryCrossEntropy(
        from_logits=False, label_smoothing=loss.label_smoothing, pos_weight=loss.pos_weight
    )
    p, target = 0.1 + 0.8 * rng.random((ROWS, CLASSES)), rng.random((ROWS, CLASSES)).round(1)
    assert_gradient(loss, p, target)


@pytest.mark.parametrize(
    "make",
    [nex.CrossEntropy, nex.SquaredError, nex.MulticlassHinge, nex.BinaryCrossEntropy],
)
def test_unreduced_rows_each_have_the_gradient_of_their_own_loss(make):
    rng = np.random.default_rng(0)
    z, target = rng.normal(size=(ROWS, CLASSES)), rng.integers(0, CLASSES, ROWS)
    if make is nex.BinaryCrossEntropy:
        target = rng.random((ROWS, CLASSES))
    each, total = make(reduction="none"), make(reduction="sum")
    np.testing.assert_array_equal(
        each.value_and_grad(z, target).grad, total.value_and_grad(z, target).grad, strict=True
    )
    np.testing.assert_array_equal(
        each.value_and_grad(z, target).value, each(z, target), strict=True
    )


@pytest.mark.parametrize("make", [nex.CrossEntropy, nex.SquaredError])
def test_the_gradient_runs_along_the_axis_of_the_classes(make):
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(2, CLASSES, 2)), rng.integers(0, CLASSES, (2, 2))
    assert_gradient(make(axis=1), z, y)


@settings(max_examples=20, deadline=None)
@given(cross_entropies, batches())
def test_gradients_of_a_linear_map(loss, batch):
    _, target, weight, where = batch
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(ROWS, 2)), rng.normal(size=(CLASSES, 2)), rng.normal(size=CLASSES)
    got = loss.linear_value_and_grad(x, w, target, b, weight, where)
    for name, array in (("features", x), ("weight", w), ("bias", b)):

        def along(moved, name=name):
            arguments = {"features": x, "weight": w, "bias": b} | {name: moved}
            return loss.linear(**arguments, target=target, sample_weight=weight, where=where)

        expected = central_differences(along, array)
        np.testing.assert_allclose(getattr(got, name), expected, rtol=1e-6, atol=1e-7)
