"""Ordinary code is wrong where digits run out, and only there: elsewhere it is the library."""

import numpy as np
import pytest

import normexp as nex
from normexp.diagnosis.by_loss import compute
from normexp.diagnosis.case import read

LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(label_smoothing=0.2),
    nex.CrossEntropy(label_smoothing=0.2, class_weight=(1, 2, 0.5, 0)),
    nex.CrossEntropy(temperature=0.5, softcap=3.0),
    nex.Focal(),
    nex.Focal(gamma=0.5, temperature=2.0, class_weight=(1, 2, 0.5, 3)),
    nex.MulticlassHinge(),
    nex.MulticlassHinge(squared=True, class_weight=(1, 2, 0.5, 3)),
    nex.MulticlassHinge(variant="crammer-singer", margin=0.5),
    nex.MulticlassHinge(variant="crammer-singer", squared=True),
    nex.SquaredError(class_weight=(1, 2, 0.5, 3)),
    nex.SquaredError(on="probabilities"),
    nex.SquaredError(on="probabilities", class_weight=(1, 2, 0.5, 3)),
]
BINARY = [
    nex.BinaryCrossEntropy(),
    nex.BinaryCrossEntropy(pos_weight=3.0),
    nex.BinaryCrossEntropy(label_smoothing=0.3, pos_weight=0.5),
]


def agree(case):
    computed, true = compute(case), case.true
    np.testing.assert_allclose(computed.naive, true.value, rtol=1e-12)
    np.testing.assert_allclose(computed.loss, true.value, rtol=1e-12)
    np.testing.assert_allclose(computed.grad, true.grad, rtol=1e-11, atol=1e-13)


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(size=(50, 4))


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_with_class_ids(loss, logits):
    agree(read(logits, np.random.default_rng(1).integers(0, 4, 50), loss, None))


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss.takes_probabilities], ids=str)
def test_with_probabilities(loss, logits):
    agree(read(logits, np.random.default_rng(1).dirichlet(np.ones(4), size=50), loss, None))


UNSMOOTHED = [loss for loss in LOSSES if getattr(loss, "label_smoothing", 0) == 0]


@pytest.mark.parametrize("loss", UNSMOOTHED, ids=str)
def test_with_a_mask(loss, logits):
    rng = np.random.default_rng(1)
    target, where = rng.integers(0, 4, 50), rng.random((50, 4)) < 0.7
    where[np.arange(50), target] = True
    agree(read(logits, target, loss, where))


@pytest.mark.parametrize("loss", BINARY, ids=str)
def test_with_yes_or_no(loss, logits):
    agree(read(logits, np.random.default_rng(1).random((50, 4)), loss, None))


@pytest.mark.parametrize(
    "loss",
    [
        nex.CrossEntropy(from_logits=False),
        nex.CrossEntropy(from_logits=False, label_smoothing=0.1),
        nex.CrossEntropy(from_logits=False, class_weight=(1, 2, 0.5, 3)),
    ],
    ids=str,
)
def test_with_probabilities_as_the_input(loss, logits):
    target = np.random.default_rng(1).integers(0, 4, 50)
    agree(read(nex.softmax(logits), target, loss, None))


def test_with_probabilities_of_yes_as_the_input(logits):
    loss = nex.BinaryCrossEntropy(from_logits=False, pos_weight=3.0)
    agree(read(nex.sigmoid(logits), np.random.default_rng(1).random((50, 4)), loss, None))


def test_a_row_of_logits_that_digits_suffice_for_is_the_same_in_every_type():
    logits, target = np.array([[2, 1, -1], [0, 3, 0.5]]), [0, 1]
    wide = compute(read(logits, target, nex.CrossEntropy(), None)).loss
    for dtype, digits in ((np.float16, 1e-2), (np.float32, 1e-6)):
        narrow = compute(read(logits.astype(dtype), target, nex.CrossEntropy(), None))
        np.testing.assert_allclose(narrow.loss, wide, rtol=digits)
