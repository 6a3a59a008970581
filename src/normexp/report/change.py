"""What has changed since an earlier comparison, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Change:
    """One loss, before and now.

    Attributes
    ----------
    name : str
    accuracy_before, accuracy : float
        Of the same plan means over the seeds, and else those of the first seed.
    p : float
        How likely chance alone parts the accuracies so far, adjusted for the number of losses.
    log_loss_before, log_loss : float or None
        The same of the log loss.
    log_loss_p : float or None
        The same p of the log losses; None without probabilities, where one of them is 0 for a class
        that a row has, or where the rows are not the same.
    """

    name: str
    accuracy_before: float
    accuracy: float
    p: float
    log_loss_before: float | None
    log_loss: float | None
    log_loss_p: float | None


@dataclass(frozen=True, eq=False)
class Against:
    """All losses, before and now.

    Attributes
    ----------
    data : str
        What was compared then.
    is_paired : bool
        Whether the test rows are the same, by position and class.
    is_same_plan : bool
        Whether they were also split alike, by the same seeds.
    changes : tuple of Change
    new, gone : tuple of str
        Losses of one of both alone.
    other_classes : tuple of str
        Classes of one of both alone: where there are any, accuracies are those of other tasks.
    """

    data: str
    is_paired: bool
    is_same_plan: bool
    changes: tuple[Change, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    other_classes: tuple[str, ...] = ()
