"""A loss that is bound to its target once gives, to the last bit, what the loss itself gives."""

from dataclasses import replace

import numpy as np
import pytest

import normexp as nex

SHAPE = (6, 4)
LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(label_smoothing=0.1, class_weight=(0.5, 1.0, 2.0, 0.0), z_loss=0.01),
    nex.CrossEntropy(softcap=3.0, temperature=0.7, normalizer="valid"),
    nex.CrossEntropy(from_logits=False),
    nex.MulticlassHinge(),
    nex.MulticlassHinge(variant="crammer-singer", squared=True, ignore_index=2),
    nex.SquaredError(normalizer="full"),
    nex.SquaredError(on="probabilities", class_weight=(0.5, 1.0, 2.0, 0.0)),
    nex.BinaryCrossEntropy(label_smoothing=0.2, pos_weight=3.0),
    nex.BinaryCrossEntropy(from_logits=False),
]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)
every_reduction = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


def logits_of(loss, dtype=np.float64, shape=SHAPE):
    z = np.random.default_rng(0).normal(size=shape) * 3
    return (nex.softmax(z) if loss.reads == "probabilities" else z).astype(dtype)


def targets_of(loss, shape=SHAPE):
    rng = np.random.default_rng(1)
    if loss.is_elementwise:
        return [rng.random(shape).round(), rng.random(shape).astype(np.float32)]
    labels = rng.integers(0, shape[-1], shape[:-1])
    labels.flat[1] = loss.ignore_index
    soft = [rng.dirichlet(np.ones(shape[-1]), shape[:-1])] if loss.takes_probabilities else []
    return [labels, *soft]


def weights_of(shape=SHAPE):
    rng = np.random.default_rng(2)
    where = rng.random(shape) < 0.8
    where[..., 0] = True
    where[3] = False  # a sample without any class
    return [(None, None), (rng.random((*shape[:-1], 1)), where)]


def cases(loss, shape=SHAPE):
    for target in targets_of(loss, shape):
        for weight, where in weights_of(shape):
            if weight is not None and not loss.is_elementwise:
                weight = weight[..., 0]
            yield target, weight, where


@every_reduction
@every_loss
def test_bound_and_unbound_agree_to_the_bit(loss, reduction, assert_same_bits):
    loss = replace(loss, reduction=reduction)
    for dtype in (np.float64, np.float16):
        z = logits_of(loss, dtype)
        for target, weight, where in cases(loss):
            bound = loss.bind(target, classes=4, sample_weight=weight, where=where)
            for _ in range(2):
                assert_same_bits(bound(z), loss(z, target, weight, where))
                got = bound.value_and_grad(z)
                expected = loss.value_and_grad(z, target, weight, where)
                assert_same_bits(got.value, expected.value)
                assert_same_bits(got.grad, expected.grad)


@every_loss
def test_bound_and_unbound_linear_losses_agree_to_the_bit(loss, assert_same_bits):
    if loss.reads == "probabilities":
        return
    rng = np.random.default_rng(3)
    x, w, b = rng.normal(size=(6, 5)), rng.normal(size=(4, 5)), rng.normal(size=4)
    for target, weight, where in cases(loss):
        bound = loss.bind(target, classes=4, sample_weight=weight, where=where)
        assert_same_bits(bound.linear(x, w, b), loss.linear(x, w, target, b, weight, where))
        got = bound.linear_value_and_grad(x, w, b)
        expected = loss.linear_value_and_grad(x, w, target, b, weight, where)
        for mine, theirs in zip(got, expected, strict=True):
            assert_same_bits(mine, theirs)
        assert bound.linear_value_and_grad(x, w, features_grad=False).features is None


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_the_classes_stand_on_the_axis_of_the_loss(axis, assert_same_bits):
    loss = nex.CrossEntropy(axis=axis)
    z = np.moveaxis(logits_of(loss, shape=(2, 3, 4)), -1, axis)
    labels = np.random.default_rng(0).integers(0, 4, (2, 3))
    bound = loss.bind(labels, classes=4)
    assert (bound.shape, bound.losses_shape) == (z.shape, (2, 3))
    assert_same_bits(bound.value_and_grad(z).grad, loss.value_and_grad(z, labels).grad)
    soft = nex.softmax(z, axis)
    assert loss.bind(soft).shape == z.shape
    assert_same_bits(loss.bind(soft)(z), loss(z, soft))


def test_one_sample():
    bound = nex.CrossEntropy().bind(1, classes=3)
    assert bound([1.0, 2.0, 3.0]) == nex.cross_entropy([1.0, 2.0, 3.0], 1)
    assert bound.value_and_grad([1.0, 2.0, 3.0]).grad.shape == (3,)


def test_what_becomes_of_the_arrays_afterwards_does_not_matter():
    z = logits_of(nex.CrossEntropy())
    labels, weight, where = np.array([0, 1, 2, 3, 0, 1]), np.ones(6), np.full(SHAPE, True)
    for target in (labels, nex.softmax(z)):
        bound = nex.CrossEntropy().bind(target, classes=4, sample_weight=weight, where=where)
        before = bound(z)
        for array in (target, weight, where):
            array[...] = 99
        assert bound(z) == before
        weight[...], where[...] = 1, True


def test_a_bound_loss_says_what_it_is_bound_to():
    bound = nex.CrossEntropy(ignore_index=0).bind([0, 1, 1], classes=3)
    assert repr(bound) == "<CrossEntropy(ignore_index=0) with a target for logits of shape (3, 3)>"
    assert bound.is_ignored.tolist() == [True, False, False]
    assert bound.divisor == 2
    assert bound.axes == (1,)


@pytest.mark.parametrize(
    ("loss", "arguments", "error", "message"),
    [
        (nex.CrossEntropy(), {"target": [0, 1]}, ValueError, "classes must say how many"),
        (nex.CrossEntropy(), {"target": [0], "classes": 0}, ValueError, "at least 1, got 0"),
        (nex.CrossEntropy(), {"target": [0], "classes": 2.5}, TypeError, "must be an integer"),
        (nex.CrossEntropy(), {"target": [0, 3], "classes": 3}, ValueError, "from 0 to 2"),
        (nex.CrossEntropy(), {"target": [[0.2, 0.8]], "classes": 3}, ValueError, "of 3 classes"),
        (nex.CrossEntropy(), {"target": "cat", "classes": 3}, TypeError, "target must hold"),
        (nex.MulticlassHinge(), {"target": [0.0], "classes": 3}, TypeError, "integer class ids"),
        (nex.BinaryCrossEntropy(), {"target": [1, 0], "classes": 3}, ValueError, "with 3 of them"),
        (
            nex.CrossEntropy(),
            {"target": [0], "classes": 3, "sample_weight": [-1.0]},
            ValueError,
            "sample_weight",
        ),
    ],
)
def test_what_cannot_be_bound(loss, arguments, error, message):
    with pytest.raises(error, match=message):
        loss.bind(**arguments)


def test_logits_of_another_shape_are_refused():
    bound = nex.CrossEntropy().bind([0, 1], classes=3)
    for call in (bound, bound.value_and_grad):
        with pytest.raises(ValueError, match=r"shape \(2, 3\) that the target is for"):
            call(np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"make logits of shape \(2, 4\)"):
        bound.linear(np.zeros((2, 5)), np.zeros((4, 5)))
    with pytest.raises(ValueError, match="reduction"):
        nex.CrossEntropy(reduction="none").bind([0], classes=2).linear_value_and_grad([[1]], [[1]])
    with pytest.raises(ValueError, match="classes last"):
        nex.CrossEntropy(axis=0).bind([0], classes=2).linear([[1.0]], [[1.0], [2.0]])
