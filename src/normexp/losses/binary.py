"""Binary cross-entropy: every logit is a question of its own, answered by yes or no."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _check
from .._arrays import as_floating, repeated
from ..functions import log_sigmoid, sigmoid
from ..kernels import NO_MASK, kernels_for
from .base import Loss, Reads, scaled
from .bound import Batch
from .sparse_target import TargetLike

PART = 1 << 15  # elements at a time, whose float64 stays in a cache


class BinaryTarget(NamedTuple):
    """The probability of yes, of any type, and the weight of each element."""

    yes: NDArray[Any]
    weight: NDArray[np.float64]

    def rows(self, part: slice) -> "BinaryTarget":
        return BinaryTarget(self.yes[part], self.weight[part])


@dataclass(frozen=True, kw_only=True, repr=False)
class BinaryCrossEntropy(Loss):
    """Sigmoid and negative log-likelihood in one, element by element, in nats.

    For a logit z and a target t in [0, 1], with ``softplus(z) = max(z, 0) + log1p(exp(−|z|))``,

        loss = pos_weight · t · softplus(−z) + (1 − t) · softplus(z)

    and ``∂loss/∂z = (1 − t) · σ(z) − pos_weight · t · σ(−z)``: nothing is subtracted that could
    cancel.

    Parameters
    ----------
    label_smoothing : float
        ε: the target becomes ``(1 − ε) · t + ε / 2``.
    pos_weight : float
        The weight of yes.
    from_logits : bool
        False: the input holds probabilities; 0 or 1 on the wrong side gives inf.
    reduction, normalizer, empty
        As for `CrossEntropy`; a sample is an element. `where` leaves elements out.

    Raises
    ------
    TypeError, ValueError
        For an option of the wrong type or range.

    Examples
    --------
    >>> import normexp as nex
    >>> nex.BinaryCrossEntropy(reduction="none")([0.0, 40.0], [1, 1])
    array([6.93147181e-01, 4.24835426e-18])

    References
    ----------
    Options as in torch.nn.BCEWithLogitsLoss, whose mean divides by the number of elements: here
    ``normalizer="full"``.
    """

    label_smoothing: float = 0.0
    pos_weight: float = 1.0
    from_logits: bool = True

    is_elementwise: ClassVar[bool] = True
    takes_probabilities: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check.between(self.label_smoothing, 0.0, 1.0, "label_smoothing")
        _check.positive(self.pos_weight, "pos_weight")
        _check.flag(self.from_logits, "from_logits")

    @property
    def reads(self) -> Reads:
        return "sigmoid" if self.from_logits else "probabilities"

    @property
    def is_convex(self) -> bool:
        return True

    @property
    def is_smooth(self) -> bool:
        return True

    @property
    def kernel(self) -> str:
        """The kernel that computes the loss, by its name in a back end."""
        return "binary_cross_entropy" if self.from_logits else "binary_log_loss"

    def probabilities(self, logits: ArrayLike, where: ArrayLike | None = None) -> NDArray[Any]:
        p = sigmoid(logits) if self.from_logits else as_floating(logits, "logits")[0]
        return p if where is None else np.where(_check.mask(where, p.shape), p, 0)

    def log_probabilities(self, logits: ArrayLike, where: ArrayLike | None = None) -> NDArray[Any]:
        if not self.from_logits:
            with np.errstate(divide="ignore"):
                return np.asarray(np.log(self.probabilities(logits, where)))
        log_p = log_sigmoid(logits)
        return log_p if where is None else np.where(_check.mask(where, log_p.shape), log_p, -np.inf)

    def _logits_shape(self, target: NDArray[Any], classes: int | None) -> tuple[int, ...]:
        if classes is not None and target.shape[-1:] != (_check.integer(classes, "classes"),):
            raise ValueError(
                f"target must have the shape of the logits, with {classes} of them last, "
                f"got {_check.described(target)}"
            )
        return target.shape

    def axes_of(self, dimensions: int) -> tuple[int, ...]:
        return ()

    def _batch(
        self,
        shape: tuple[int, ...],
        axes: tuple[int, ...],
        target: TargetLike,
        sample_weight: ArrayLike | None,
        where: ArrayLike | None,
    ) -> Batch:
        if isinstance(target, np.ndarray) and target.dtype.kind in "iub":
            target = target.astype(np.float32)  # what is not 0 or 1 is refused
        yes, _ = as_floating(target, "target")
        if yes.shape != shape:
            raise ValueError(f"target must have the shape of the logits, {shape}, got {yes.shape}")
        holds = ~(_check.outside(yes, 0.0, 1.0) | np.isnan(yes))
        _check.every(holds, yes, "target must hold numbers between 0 and 1")
        yes = np.ascontiguousarray(yes).reshape(-1)
        if self.label_smoothing:
            smoothed = (1.0 - self.label_smoothing) * yes.astype(np.float64)
            yes = smoothed + self.label_smoothing / 2
        if sample_weight is None and where is None:
            divisor = self._divisor(float(yes.size), yes.size, shape)
            weight = repeated(1.0 / divisor if divisor else 0.0, yes.size)
            never = repeated(False, yes.size)
            return Batch(shape, BinaryTarget(yes, weight), NO_MASK, never, never, divisor)
        counts = np.full(yes.size, True)
        if where is not None:
            counts = _check.mask(where, shape).reshape(-1)
        weight = np.ones(yes.size)
        if sample_weight is not None:
            weight = _check.weights(sample_weight, shape, "sample_weight").reshape(-1)
        divisor = self._divisor(weight.sum(where=counts), counts.sum(), shape)
        weight = scaled(weight, counts, divisor)
        never = np.full(yes.size, False)
        return Batch(shape, BinaryTarget(yes, weight), NO_MASK, weight == 0, never, divisor)

    def _kept_in(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        return dtype if self.reduction == "none" else np.dtype(np.float64)

    def _run(
        self,
        rows: NDArray[Any],
        batch: Batch,
        losses: NDArray[Any],
        grad: NDArray[Any],
    ) -> None:
        kernel, values = getattr(kernels_for(rows), self.kernel), self._elements(rows, batch)
        flat = grad.reshape(-1)
        for part in self._parts(values.size):
            (_, *first), *others = self._terms(batch.target.rows(part), part, values.dtype)
            z, its, of_z = values[part], losses[part], flat[part] if flat.size else flat
            kernel(z, *first, its, of_z)
            for sign, *term in others:
                more, of_more = kernel(z, *term, np.empty_like(its), np.empty_like(of_z))
                its += sign * more
                of_z += of_z.dtype.type(sign) * of_more

    def _hessian_product(
        self, rows: NDArray[Any], batch: Batch, vector: NDArray[Any]
    ) -> NDArray[Any]:
        kernel = getattr(kernels_for(rows), f"{self.kernel}_hessian_product")
        values, along = self._elements(rows, batch), np.ascontiguousarray(vector).reshape(-1)
        products = np.empty_like(values)
        for part in self._parts(values.size):
            (_, *first), *others = self._terms(batch.target.rows(part), part, values.dtype)
            products[part] = kernel(values[part], *first, along[part])
            for sign, *term in others:
                more = kernel(values[part], *term, along[part])
                products[part] += values.dtype.type(sign) * more
        return products

    def _parts(self, size: int) -> list[slice]:
        """All elements; some rows of them at a time where each yes has a weight of its own."""
        of_yes: Any = self.pos_weight
        if not isinstance(of_yes, np.ndarray):
            return [slice(0, size)]
        each = max(of_yes.shape[1], 1)
        step = max(PART // each, 1) * each
        return [slice(start, min(start + step, size)) for start in range(0, size, step)]

    def _terms(
        self, target: BinaryTarget, part: slice, dtype: np.dtype[Any]
    ) -> list[tuple[float, NDArray[Any], float, NDArray[np.float64]]]:
        """Sign, target, weight of yes and weight of each term of the loss, as kernels take them.

        Where each yes has a weight of its own, yes and no have shares of the weight of both. A
        share of 1 that is not quite 1 loses the digits of what is left of it: in float64, which has
        none to spare, yes and no are terms of their own. So are a yes that counts less than nothing
        and the others, as the kernels add up what is never negative.
        """
        yes, weight = target
        given: Any = self.pos_weight
        if not isinstance(given, np.ndarray):
            return [(1.0, yes, float(given), weight)]
        each = max(given.shape[1], 1)
        of_rows = given[part.start // each : part.stop // each].astype(np.float64)
        of_yes, of_no = of_rows.reshape(-1) * yes, 1.0 - yes.astype(np.float64)
        is_signed = bool(of_yes.min(initial=0.0) < 0)
        if dtype != np.float64 and not is_signed:
            both = of_yes + of_no
            share = np.divide(of_yes, both, where=both > 0, out=np.zeros_like(both))
            return [(1.0, share, 1.0, weight * both)]
        ones = np.ones_like(of_yes)
        terms = [
            (1.0, ones, 1.0, weight * np.maximum(of_yes, 0.0)),
            (1.0, np.zeros_like(ones), 1.0, weight * of_no),
        ]
        if is_signed:
            terms.append((-1.0, ones, 1.0, weight * np.maximum(-of_yes, 0.0)))
        return terms

    def _elements(self, rows: NDArray[Any], batch: Batch) -> NDArray[Any]:
        """One after the other, as the kernels read them."""
        values = np.ascontiguousarray(rows).reshape(-1)
        if not self.from_logits:
            fine = ~_check.outside(values, 0.0, 1.0) | batch.is_ignored
            _check.every(fine, values, "logits must hold probabilities, as from_logits is False")
        return values
