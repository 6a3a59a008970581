"""A loss without a working is refused in words; one that is given a working has it shown."""

from dataclasses import dataclass

import numpy as np
import pytest

import normexp as nex
from normexp.explanation.by_loss import work_out
from normexp.explanation.formula import Derivative, sum_over
from normexp.explanation.softmax import start, z
from normexp.explanation.trace import Bond
from normexp.losses import RowLoss


@dataclass(frozen=True, kw_only=True, repr=False)
class Mine(RowLoss):
    def of_rows(self, logits, target):
        raise AssertionError("nothing is computed of a loss that cannot be explained")


@dataclass(frozen=True, kw_only=True, repr=False)
class Twice(nex.SquaredError):
    """Registered for its own type, not taken for what it is derived from."""


@pytest.mark.parametrize("target", [0, None, [0.5, 0.5]])
@pytest.mark.parametrize("loss", [Mine(), Mine(axis=0, reduction="sum")])
def test_a_loss_without_a_working_is_refused_in_words(loss, target):
    says = (
        r"loss must be one that explain has a working of, which are BinaryCrossEntropy, "
        r"CrossEntropy, .*MulticlassHinge, SquaredError.*, got Mine\(.*\); "
        r"normexp.explanation.by_loss.work_out.register takes others"
    )
    with pytest.raises(TypeError, match=says):
        nex.explain([1.0, 2.0], target, loss)


def test_a_working_is_registered_for_a_type():
    @work_out.register
    def work(loss: Twice, sheet, sample):
        start(sheet, sample)
        value, grad = sample.value_and_grad(loss)
        sheet.work("squared_error", sample.loss, sum_over("k", z["k"]), value=value)

        def back():
            by, bonds = Derivative(sample.loss, z["k"]), [Bond(z["k"], sample.loss, grad)]
            sheet.work("slope_of_square", by, 2 * z["k"], value=grad, each="k", bonds=bonds)

        return back

    derivation = nex.explain([1.0, 2.0], 0, Twice())
    assert derivation.value == 4
    assert [edge.slope for edge in derivation.graph.edges] == derivation.grad.tolist() == [0, 4]
    assert [step.name for step in derivation.steps] == ["squared_error"]
    assert len(nex.explain(np.eye(2), [0, 1], Twice()).samples) == 2
