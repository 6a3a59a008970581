"""What a loss says of itself is true of its values and gradients."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import normexp as nex

LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(label_smoothing=0.1, temperature=0.5),
    nex.CrossEntropy(softcap=2.0),
    nex.CrossEntropy(z_loss=0.1),
    nex.CrossEntropy(from_logits=False),
    nex.MulticlassHinge(),
    nex.MulticlassHinge(squared=True),
    nex.MulticlassHinge(variant="crammer-singer"),
    nex.MulticlassHinge(variant="crammer-singer", squared=True),
    nex.SquaredError(),
    nex.SquaredError(on="probabilities"),
    nex.BinaryCrossEntropy(),
    nex.BinaryCrossEntropy(from_logits=False),
]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)
logits = partial(hnp.arrays, np.float64, elements=st.floats(-8, 8))


def inputs_of(loss, z):
    """What the loss reads: probabilities, where it takes these."""
    return nex.softmax(z) if loss.reads == "probabilities" else z


def target_of(loss):
    return [1.0, 0.0, 0.0] if loss.is_elementwise else 0


@every_loss
@given(z=logits(3), shift=st.floats(-5, 5))
def test_softmax_is_all_that_is_read_where_a_loss_says_so(loss, z, shift):
    if loss.reads == "softmax" and not (
        getattr(loss, "softcap", None) or getattr(loss, "z_loss", 0)
    ):
        assert loss(z + shift, 0) == pytest.approx(loss(z, 0), rel=1e-9, abs=1e-12)


@every_loss
@given(z=logits(3))
def test_probabilities(loss, z):
    x = inputs_of(loss, z)
    if not loss.has_probabilities:
        with pytest.raises(TypeError, match="no meaning as probabilities"):
            loss.probabilities(x)
        with pytest.raises(TypeError, match="no meaning as probabilities"):
            loss.log_probabilities(x)
        return
    p = loss.probabilities(x)
    assert p.shape == x.shape
    if not loss.is_elementwise:
        assert p.sum() == pytest.approx(1.0, rel=1e-14)
    np.testing.assert_allclose(np.exp(loss.log_probabilities(x)), p, rtol=1e-13)
    masked = loss.probabilities(x, where=[True, False, True])
    assert masked[1] == 0
    assert (masked[::2] >= p[::2]).all()
    assert loss.log_probabilities(x, where=[True, False, True])[1] == -np.inf


@every_loss
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_probabilities_come_in_the_type_of_the_logits(loss, dtype):
    if loss.reads == "logits":
        return
    x = inputs_of(loss, np.array([0.5, -1.0, 2.0])).astype(dtype)
    exact = x.astype(np.float64)
    for got, true in (
        (loss.probabilities(x), loss.probabilities(exact)),
        (loss.log_probabilities(x), loss.log_probabilities(exact)),
    ):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, true, rtol=float(np.finfo(dtype).eps))


@pytest.mark.parametrize(
    "loss",
    [
        nex.CrossEntropy(axis=0),
        nex.CrossEntropy(axis=0, temperature=0.3),
        nex.CrossEntropy(axis=0, softcap=3.0),
        nex.CrossEntropy(axis=0, from_logits=False),
    ],
    ids=repr,
)
def test_cross_entropy_is_minus_the_log_of_the_probability(loss):
    x = inputs_of(loss, np.random.default_rng(0).normal(size=(4, 7)).T).T
    labels = np.random.default_rng(1).integers(0, 4, 7)
    expected = -loss.log_probabilities(x)[labels, np.arange(7)].mean()
    assert loss(x, labels) == pytest.approx(expected, rel=1e-14)


@every_loss
@given(z=logits((2, 3)), share=st.floats(0, 1))
def test_convex(loss, z, share):
    a, b = inputs_of(loss, z)
    if loss.is_convex:
        y = target_of(loss)
        between = loss(share * a + (1 - share) * b, y)
        chord = share * loss(a, y) + (1 - share) * loss(b, y)
        assert between <= chord + 1e-12 * max(1.0, abs(chord))


@pytest.mark.parametrize(
    ("loss", "a", "b"),
    [
        (nex.CrossEntropy(softcap=1.0), [-2.0, 0.0], [-8.0, 0.0]),
        (nex.CrossEntropy(z_loss=1.0), [-12.0, -8.0], [-8.0, -12.0]),
        (nex.SquaredError(on="probabilities"), [-1.0, 1.0], [-9.0, 9.0]),
    ],
    ids=repr,
)
def test_not_convex(loss, a, b):
    assert not loss.is_convex
    a, b = np.array(a), np.array(b)
    assert any(
        loss(share * a + (1 - share) * b, 0) > share * loss(a, 0) + (1 - share) * loss(b, 0) + 1e-3
        for share in np.linspace(0, 1, 11)
    )


@every_loss
def test_smooth(loss):
    """Small steps change the gradient by as little, or the loss says that it may jump."""
    line = np.linspace(-3, 3, 200_001)
    z = np.stack([line, 0 * line + 0.1, 0.5 * line], axis=1)
    x = inputs_of(loss, z)
    target = np.tile([1.0, 0.0, 0.0], (len(x), 1)) if loss.is_elementwise else np.zeros(len(x), int)
    grad = replace(loss, reduction="sum").value_and_grad(x, target).grad
    jump = np.abs(np.diff(grad, axis=0)).max()
    assert (jump < 1e-2) == loss.is_smooth


def test_no_other_room_asks_for_the_type_of_a_loss():
    """Whether something is a loss at all may be asked."""
    kinds = "RowLoss|CrossEntropy|BinaryCrossEntropy|Focal|MulticlassHinge|SquaredError"
    asks = re.compile(rf"isinstance\([^)]*\b({kinds})\b")
    rooms = Path(nex.__file__).parent
    asking = [
        f"{file.relative_to(rooms)}: {line.strip()}"
        for file in rooms.rglob("*.py")
        if "losses" not in file.relative_to(rooms).parts
        for line in file.read_text("utf-8").splitlines()
        if asks.search(line)
    ]
    assert asking == []
