"""A loss with its target on a device, of which nobody waits to know the numbers.

It is what `losses/rows.py` and `losses/binary.py` do for arrays. What is wrong with a number (a
label out of range, a negative weight) is an assertion on the device.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..kernels import NO_MASK, NOTHING, Target, kernels_for
from ..kernels.tensors.targets import is_ignored
from ..losses.base import Loss
from ..losses.binary import BinaryTarget
from ..losses.sparse_target import SparseTarget
from .rows import left, rows_back, rows_of
from .sparse_target import SparseOnDevice
from .views import held, loss_type, result_type

Maybe = Any  # a tensor or None
AnyLoss = Any  # of rows or of elements


class OnDevice(NamedTuple):
    """A loss bound to a target: an entry, or a row, for each of its losses."""

    loss: Any
    shape: torch.Size  # of the logits
    axes: tuple[int, ...]
    target: Any
    where: Any
    is_empty: Tensor  # no class is left by the mask
    divisor: Any

    @property
    def losses_shape(self) -> list[int]:
        return left(self.shape, self.axes)

    def evaluate(self, logits: Tensor, with_grad: bool) -> tuple[Tensor, Maybe]:
        """The loss, and the gradient if it is wanted."""
        rows = self._rows(logits)
        grad = None if with_grad else rows.new_empty([0] * rows.ndim)
        losses, grad = self._kernel("", rows)(None, grad)
        value = self.reduced(losses).to(loss_type(logits))
        return value, self._back(grad) if with_grad else None

    def hessian_product(self, logits: Tensor, vector: Tensor) -> Tensor:
        rows = self._rows(logits)
        return self._back(self._kernel("_hessian_product", rows)(self._rows(vector).to(rows.dtype)))

    # What the loss of a linear map asks for, whose logits are rows, some at a time.

    def left_out(self) -> Tensor:
        """Whether a row counts nowhere, whatever it holds."""
        if self.axes:
            return is_ignored(self.target)
        by_rows = math.prod(self.shape[:-1]), self.shape[-1]
        return ~(self.target.weight != 0).reshape(by_rows).any(1)

    def weighed(self, upstream: Tensor) -> "OnDevice":
        """The same of Σ upstream · loss, with a number for each loss."""
        each = upstream.reshape(-1).double()
        of_rows = ("weight", "smoothing", "norm") if self.axes else ("weight",)
        given = {name: getattr(self.target, name) for name in of_rows}
        more = {name: its * each for name, its in given.items() if len(its)}
        return self._replace(target=self.target._replace(**more))

    def rows(self, part: slice) -> "OnDevice":
        """Of some of the rows."""
        if not self.axes:
            part = slice(part.start * self.shape[-1], part.stop * self.shape[-1])
        where = self.where[part] if len(self.where) else self.where
        return self._replace(target=self.target.rows(part), where=where)

    def is_one_kernel(self, logits: Tensor) -> bool:
        """Whether a kernel takes the logits as they are, with no copies of them in float64."""
        kernel = getattr(kernels_for(logits), self.loss.kernel)
        if not self.axes or not hasattr(kernel, "takes"):
            return False
        return bool(kernel.takes(self.loss._logits(logits, self.where), self.target))

    def put(self, logits: Tensor, losses: Tensor, grad: Maybe) -> None:
        """Put losses and gradient there; the gradient may take the place of the logits. One of no
        numbers is not wanted, but has a type.
        """
        if grad is None:
            grad = logits.new_empty((0, 0))
        if not self.axes:
            logits, grad = logits.reshape(-1), grad.reshape(-1)
        self._kernel("", logits)(losses, grad)

    def hessian_of_rows(self, logits: Tensor, vector: Tensor) -> Tensor:
        shape = logits.shape
        if not self.axes:
            logits, vector = logits.reshape(-1), vector.reshape(-1)
        product: Tensor = self._kernel("_hessian_product", logits)(vector)
        return product.reshape(shape)

    def _rows(self, x: Tensor) -> Tensor:
        x = x.to(result_type(x))
        return rows_of(x, self.axes) if self.axes else x.reshape(-1)

    def _back(self, rows: Tensor) -> Tensor:
        return rows_back(rows, self.shape, self.axes) if self.axes else rows.reshape(self.shape)

    def _kernel(self, name: str, rows: Tensor) -> Any:
        """The kernel of the loss, told all but what is put last."""
        kernel = getattr(kernels_for(rows), self.loss.kernel + name)
        if not self.axes:
            yes, weight = self.target
            return lambda *last: kernel(rows, yes, self.loss.pos_weight, weight, *last)
        logits = self.loss._logits(rows, self.where)
        return lambda *last: kernel(logits, self.target, *self.loss._options, *last)

    def total(self, losses: Tensor) -> Tensor:
        """The sum of losses that are not reduced."""
        return self.reduced(losses).sum()

    def reduced(self, losses: Tensor) -> Tensor:
        loss = self.loss
        if loss.reduction == "none":
            if loss.empty == "nan":
                losses = torch.where(self.is_empty, torch.nan, losses)
            return losses.reshape(self.losses_shape)
        value = losses.sum()
        if loss.empty == "nan":
            return torch.where(torch.as_tensor(self.divisor == 0), torch.nan, value)
        return value


def on_device(
    loss: AnyLoss, logits: Tensor, target: Any, sample_weight: Maybe, where: Maybe
) -> OnDevice:
    """Bind a loss, for logits that are not looked at."""
    axes = loss.axes_of(logits.ndim)
    if loss.is_elementwise:
        return _of_elements(loss, logits, target, sample_weight, where)
    if loss.kernel is None:
        raise TypeError(f"{type(loss).__name__} computes with NumPy: move its logits to the CPU")
    shape, classes = logits.shape, logits.shape[axes[0]]
    if classes == 0:
        raise ValueError(f"logits have no classes on axis {axes[0]}: their shape is {tuple(shape)}")
    rows = left(shape, axes)
    class_weight = _class_weights(loss, classes, logits.device)
    mass, counts = _read_target(loss, target, logits, axes, rows)
    weight = _weights(sample_weight, rows, logits)
    mask: Any = NO_MASK
    live: Any = torch.full_like(counts, classes, dtype=torch.int64)
    if where is not None:
        mask = rows_of(where.expand(shape), axes)
        live = mask.sum(1).reshape(-1)
        if isinstance(mass, SparseOnDevice):
            mass.where = mask
    is_empty = (live == 0) & counts & (weight > 0)
    counts = counts & (live > 0)
    of_class = torch.ones_like(weight)
    if len(class_weight) and mass.ndim == 1:
        of_class = class_weight[torch.where(counts, mass, 0)]
    mattering = torch.where(counts, weight, 0)
    divisor = _divisor(loss, (mattering * of_class).sum(), counts.sum(), rows)
    weight = _divided(mattering, divisor)
    told = Target(mass, weight, class_weight=class_weight if len(class_weight) else NOTHING)
    return OnDevice(loss, shape, axes, loss._target(told, of_class, live), mask, is_empty, divisor)


def _class_weights(loss: AnyLoss, classes: int, device: torch.device) -> Tensor:
    if isinstance(loss.class_weight, Tensor):
        return loss.class_weight
    return torch.as_tensor(loss._class_weights(classes), device=device)


def _of_elements(
    loss: AnyLoss, logits: Tensor, target: Any, sample_weight: Maybe, where: Maybe
) -> OnDevice:
    shape = logits.shape
    if target.shape != shape:
        raise ValueError(
            f"target must have the shape of the logits, {tuple(shape)}, got {tuple(target.shape)}"
        )
    yes = target.reshape(-1).double()
    held((yes >= 0) & (yes <= 1), "target must hold numbers between 0 and 1")
    if loss.label_smoothing:
        yes = (1.0 - loss.label_smoothing) * yes + loss.label_smoothing / 2
    counts = torch.ones_like(yes, dtype=torch.bool)
    if where is not None:
        counts = where.expand(shape).reshape(-1)
    weight = torch.where(counts, _weights(sample_weight, list(shape), logits), 0)
    divisor = _divisor(loss, weight.sum(), counts.sum(), list(shape))
    told: Any = BinaryTarget(yes, _divided(weight, divisor))
    return OnDevice(loss, shape, (), told, NO_MASK, torch.zeros_like(counts), divisor)


def _read_target(
    loss: AnyLoss, target: Any, logits: Tensor, axes: tuple[int, ...], of_rows: list[int]
) -> tuple[Any, Tensor]:
    """Flat class ids, −1 where ignored, or rows of probabilities; and which rows count."""
    shape, classes = list(logits.shape), logits.shape[axes[0]]
    if isinstance(target, SparseTarget):
        given = SparseOnDevice(target, logits.shape)
        return given, logits.new_ones(of_rows, dtype=torch.bool).reshape(-1)
    is_integer = not target.is_floating_point() and target.dtype is not torch.bool
    if list(target.shape) == of_rows and is_integer:
        ids = target.reshape(-1).long()
        counts = torch.ones_like(ids, dtype=torch.bool)
        if loss.ignore_index is not None:
            counts = ids != loss.ignore_index
        held((ids >= 0) & (ids < classes) | ~counts, "target must hold class ids of the logits")
        return torch.where(counts, ids, -1), counts
    if list(target.shape) == shape and loss.takes_probabilities and not target.is_complex():
        mass = rows_of(target if target.is_floating_point() else target.double(), axes)
        if mass.numel():  # without copies of it
            least, most = mass.aminmax()
            held((least >= 0) & most.isfinite(), "target must hold probabilities")
        return mass, logits.new_ones(of_rows, dtype=torch.bool).reshape(-1)
    either = f" or probabilities of shape {tuple(shape)}" if loss.takes_probabilities else ""
    error = TypeError if list(target.shape) in (of_rows, shape) else ValueError
    raise error(
        f"target must hold integer class ids of shape {tuple(of_rows)}{either}, "
        f"got {target.dtype} of shape {tuple(target.shape)}"
    )


def _weights(sample_weight: Maybe, of_rows: list[int], logits: Tensor) -> Tensor:
    if sample_weight is None:
        return torch.ones(of_rows, dtype=torch.float64, device=logits.device).reshape(-1)
    try:
        weight = sample_weight.expand(of_rows).reshape(-1).double()
    except RuntimeError:
        raise ValueError(
            f"sample_weight must have the shape {tuple(of_rows)} or broadcast to it, "
            f"got {tuple(sample_weight.shape)}"
        ) from None
    held((weight >= 0) & weight.isfinite(), "sample_weight must hold numbers ≥ 0")
    return weight


def _divisor(loss: Loss, weight: Tensor, counted: Tensor, of_rows: list[int]) -> Any:
    """As `Loss._divisor`, which asks whether a sum is 0: here that is asserted."""
    if loss.reduction != "mean" or loss.normalizer not in ("weight", "valid"):
        return loss._divisor(1.0, 1, tuple(of_rows))
    divisor = weight if loss.normalizer == "weight" else counted
    if loss.empty == "raise":
        held(divisor != 0, "target leaves nothing to average")
    return divisor


def _divided(weight: Tensor, divisor: Any) -> Tensor:
    """Weights with the mean's division in them; 0 where there is nothing to divide by."""
    return torch.where(torch.as_tensor(divisor == 0), 0, weight / divisor)
