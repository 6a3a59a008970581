"""A loss without ordinary code is refused in words, not diagnosed by that of another loss."""

from dataclasses import dataclass

import numpy as np
import pytest

import normexp as nex
from normexp.diagnosis.by_loss import ordinary_code
from normexp.diagnosis.ordinary import Losses, without_softmax
from normexp.losses import RowLoss


@dataclass(frozen=True, kw_only=True, repr=False)
class Mine(RowLoss):
    def of_rows(self, logits, target):
        raise AssertionError("nothing is computed of a loss that cannot be diagnosed")


@dataclass(frozen=True, kw_only=True, repr=False)
class Lossy(nex.SquaredError):
    """Its ordinary code is registered below, and loses every loss."""


@pytest.mark.parametrize("target", [[0, 1], None])
def test_a_loss_without_ordinary_code_is_refused_in_words(target):
    says = (
        r"loss must be one that diagnose has ordinary code for, which are BinaryCrossEntropy, "
        r"CrossEntropy, .*MulticlassHinge, SquaredError.*, got Mine\(\); "
        r"normexp.diagnosis.by_loss.ordinary_code.register takes others"
    )
    with pytest.raises(TypeError, match=says):
        nex.diagnose([[1.0, 2.0], [3.0, 4.0]], target, Mine())


def test_ordinary_code_is_registered_for_a_type():
    @ordinary_code.register
    def compute(loss: Lossy, case):
        lost = Losses(np.full(len(case.logits), np.inf), np.zeros(len(case.logits)))
        return without_softmax(lost)

    found = nex.diagnose([[1.0, 2.0], [0.5, 0.0]], [0, 1], Lossy())
    assert [finding.kind for finding in found.findings] == ["ordinary-not-finite"]
    assert found["ordinary-not-finite"].numbers["true loss"].tolist() == [4.0, 1.25]
