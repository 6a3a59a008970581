"""Functions and losses of every type, layout, axis and number of classes, against the reference."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import normexp as nex
from normexp import functions
from normexp.kernels import reference
from normexp.losses import rows as loss_rows

FUNCTIONS = ["softmax", "log_softmax", "logsumexp"]
CLASSES = [1, 2, 3, 5, 10, 16, 17, 32, 33, 100]
AXES = [-1, 1, 0, (0, 2), None]


def shape_for(axis, classes):
    """More rows than lanes, except for axes that take in everything."""
    others = {-1: (2, 35), 1: (2, 35), 0: (5, 7)}.get(axis, (2, 7))
    shape = [*others]
    shape.insert(len(shape) if not isinstance(axis, int) or axis == -1 else axis, classes)
    return tuple(shape)


@cache
def logits(shape, dtype):
    """Ordinary ones, and some that are far away, equal or −inf."""
    rng = np.random.default_rng(shape)
    x = rng.normal(size=shape) * 3
    x[rng.random(shape) < 0.02] = -90.0
    x[rng.random(shape) < 0.02] = 60.0
    if min(shape) > 1:
        x[rng.random(shape) < 0.02] = -np.inf
    x.flat[1] = 1.5
    return x.astype(dtype)


@cache
def mask(shape):
    where = np.random.default_rng(1).random(shape) < 0.8
    where[0, 0] = True
    where[-1, -1] = False
    return where


@pytest.fixture
def by_reference(monkeypatch):
    """Call a function of normexp with the reference in place of the fast kernels."""

    def call(function, *args, **options):
        with monkeypatch.context() as patch:
            for module in (functions, loss_rows):
                patch.setattr(module, "kernels_for", lambda array: reference)
            return function(*args, **options)

    return call


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(by_reference, precision, layout, axis, name):
    function = getattr(nex, name)
    for classes in CLASSES:
        shape = shape_for(axis, classes)
        x = logits(shape, precision.dtype)
        for options in ({}, {"where": mask(shape)}):
            expected = by_reference(function, x.astype(float), axis, **options)
            options = {key: layout(value) for key, value in options.items()}
            precision.assert_close(function(layout(x), axis, **options), expected)


@pytest.mark.parametrize("classes", [3, 17, 100])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_zero_strides_are_read_as_often_as_they_say(by_reference, precision, name, classes):
    function = getattr(nex, name)
    rows = logits((4, classes), precision.dtype)
    for one_of, axis in [(rows[:1], 1), (rows[:, :1], 1), (rows[:1], 0), (rows[:1, :1], 1)]:
        x = np.broadcast_to(one_of, (40, classes) if one_of.shape[0] == 1 else rows.shape)
        expected = by_reference(function, x.astype(float), axis)
        precision.assert_close(function(x, axis), expected)


def weights(classes):
    return np.linspace(0.5, 2.0, classes)


CROSS_ENTROPIES = {
    "labels": lambda classes: {},
    "weighted, with temperature and z-loss": lambda classes: {
        "class_weight": weights(classes),
        "temperature": 0.7,
        "z_loss": 0.01,
    },
    "smoothed": lambda classes: {"label_smoothing": 0.1, "class_weight": weights(classes)},
}
OTHERS = {
    "Weston-Watkins": nex.MulticlassHinge(reduction="none"),
    "Crammer-Singer": nex.MulticlassHinge(variant="crammer-singer", squared=True, reduction="none"),
    "squared error": nex.SquaredError(reduction="none"),
    "Brier": nex.SquaredError(on="probabilities", reduction="none"),
}


def assert_loss_close(precision, got, expected, scale):
    """The loss in the type that was computed in; the gradient to the last bit of its terms."""
    wide = precision.dtype == np.float64
    rtol = 1e-11 if wide else 4 * 2.0**-23
    assert got.value.dtype == (np.float64 if wide else np.float32)
    np.testing.assert_allclose(got.value, expected.value, rtol=rtol, atol=rtol * scale)
    assert got.grad.dtype == precision.dtype
    atol = precision.atol + rtol * scale
    grad = got.grad.astype(np.float64)
    np.testing.assert_allclose(grad, expected.grad, rtol=precision.rtol, atol=atol)


def check_loss(by_reference, precision, loss, soft, layout, axis, classes, where):
    shape = shape_for(axis, classes)
    # A class at −inf has an infinite loss.
    x = np.maximum(logits(shape, precision.dtype), np.array(-90.0, precision.dtype))
    rng = np.random.default_rng(2)
    left = np.delete(shape, axis)
    target = rng.integers(0, classes, left)
    weight = rng.random(left)
    if soft:
        target = np.array(by_reference(nex.softmax, rng.normal(size=shape), axis))
    else:
        target[0, 0] = -100
    expected = by_reference(loss.value_and_grad, x.astype(float), target, weight, where)
    target = layout(target)
    got = loss.value_and_grad(layout(x), target, weight, where)
    finite = np.isfinite(expected.value)
    scale = np.abs(expected.value[finite]).max()
    assert_loss_close(precision, got, expected, scale)


@pytest.mark.parametrize("axis", [-1, 1, 0])
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("kind", CROSS_ENTROPIES)
def test_cross_entropy_of_labels(by_reference, precision, layout, axis, masked, kind):
    for classes in (2, 10, 17) if masked or kind == "smoothed" else (1, 3, 17, 33):
        loss = nex.CrossEntropy(**CROSS_ENTROPIES[kind](classes), axis=axis, reduction="none")
        where = layout(mask(shape_for(axis, classes))) if masked else None
        check_loss(by_reference, precision, loss, False, layout, axis, classes, where)


@pytest.mark.parametrize("axis", [-1, 1, 0])
def test_cross_entropy_of_probabilities(by_reference, precision, layout, axis):
    for classes in (2, 10, 17):
        loss = nex.CrossEntropy(
            label_smoothing=0.1, class_weight=weights(classes), axis=axis, reduction="none"
        )
        check_loss(by_reference, precision, loss, True, layout, axis, classes, None)


@pytest.mark.parametrize("axis", [-1, 1, 0])
@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("precision", ["bfloat16", "float32 fast"], indirect=True)
def test_other_losses(by_reference, precision, layout, axis, kind):
    loss = replace(OTHERS[kind], axis=axis)
    for classes in (2, 3, 17):
        check_loss(by_reference, precision, loss, False, layout, axis, classes, None)
