"""The loss of a linear map on a device: groups of rows, in PyTorch's matrix products.

A group is as many rows as make the products worth it: the loss's kernel puts the gradient by its
logits beside them or in their place, and two more products make of it the gradients of features
and weight. Nobody waits for the device.

The products are of the type that features and weight have, as PyTorch's own; float16, in which the
gradients of a mean vanish, is made float32. bfloat16 has logits of float32, some rows at a time,
whose gradient is bfloat16 again; with ``accuracy("fast")`` the logits are bfloat16, and it takes
their place.
"""

import math
from collections.abc import Collection, Iterator
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from .._settings import current_accuracy
from .binding import on_device
from .views import loss_type, result_type

Maybe = Any  # a tensor or None
Gradients = tuple[Maybe, Maybe, Maybe]  # by features, weight and bias

CHUNK_BYTES = 640 << 20  # of the logits of some rows
GROUP_BYTES = 1 << 30  # of the gradient by the logits of some rows
ALL_BYTES = 2 << 30  # of that of all rows: of one group nothing is added up
PART_BYTES = 256 << 20  # of the weight of some classes in another type than it has
STEP_BYTES = 32 << 20  # of rows in float64, of which a formula in PyTorch's operations has dozens
ROWS = 128  # a chunk, or a group, is a multiple of
# Products of half types that give float32, and add to it.
HAS_WIDE_PRODUCTS = hasattr(torch.ops.aten.addmm, "dtype_out") and torch.version.hip is None


class LinearOnDevice:
    """A loss with its target, and the map that makes its logits."""

    def __init__(
        self, loss: Any, features: Tensor, weight: Tensor, bias: Maybe, target: Any, *told: Maybe
    ) -> None:
        given = [features, weight] if bias is None else [features, weight, bias]
        if {torch.float16, torch.bfloat16} <= {one.dtype for one in given}:
            raise TypeError(
                "features, weight and bias cannot be float16 and bfloat16 together, which have no "
                f"common type; convert one of them: got {', '.join(str(x.dtype) for x in given)}"
            )
        if bias is not None and bias.shape != weight.shape[:1]:
            raise ValueError(
                f"bias must have the shape {tuple(weight.shape[:1])}, got {tuple(bias.shape)}"
            )
        self.shape = features.shape
        self.bound = on_device(loss, logits_like(features, weight), target, *told)
        x, self.w = (one.detach().to(result_type(one)) for one in given[:2])
        self.x = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
        self.of_losses = _widest(given)
        self.wide = _widest(given[:2])
        is_short = self.x.dtype is self.w.dtype is torch.bfloat16
        self.kind = torch.bfloat16 if is_short else self.wide  # of the products
        self.b = None if bias is None else bias.detach().to(self.wide)
        self.b_type = None if bias is None else result_type(bias)
        self.left_out = self.bound.left_out()

    def evaluate(
        self, wanted: Collection[str] = (), upstream: Maybe = None
    ) -> tuple[Tensor, *Gradients]:
        """The value, and the `wanted` gradients of "features" and "weight" (with the bias).

        With `upstream`, a number for each loss, value and gradients are those of Σ upstream · loss.
        """
        bound = self.bound if upstream is None else self.bound.weighed(upstream)
        losses = self._new_losses()
        of_x = torch.empty_like(self.x) if "features" in wanted else None
        of_w: Maybe = None
        of_b: Maybe = None if self.b is None else torch.zeros_like(self.b)
        with self.as_it_stands():
            for rows in self._groups() if wanted else self._chunks(0, len(self.x)):
                seen = self.seen(rows, self.kind)
                grad: Maybe = seen.new_empty((len(seen), len(self.w))) if wanted else None
                self._put(bound, rows, seen, losses, grad)
                if of_x is not None:
                    of_x[rows] = self.times_weight(grad)
                if "weight" in wanted:
                    of_w = self._added(of_w, grad, seen)
                    if of_b is not None:
                        of_b += grad.sum(0, dtype=self.wide)
                del grad  # before the next one is made
        value = bound.reduced(losses) if upstream is None else bound.total(losses)
        if of_x is not None:
            of_x = of_x.reshape(self.shape)
        if "weight" not in wanted:
            return value.to(self.of_losses), of_x, None, None
        of_w = torch.zeros_like(self.w) if of_w is None else of_w.to(self.w.dtype)
        return value.to(self.of_losses), of_x, of_w, None if of_b is None else of_b.to(self.b_type)

    def hessian_product(self, vectors: Gradients, upstream: Maybe) -> tuple[Tensor, *Gradients]:
        """What losses and gradients change by along vectors: as `normexp.linear_hessian` has it."""
        u, v, c = (None if one is None else one.detach() for one in vectors)
        u = None if u is None else u.reshape(self.x.shape)
        c = None if c is None else c.to(self.wide)
        losses, per_row = self._new_losses(), self._losses_per_row
        along = torch.empty_like(losses)
        of_x = torch.empty_like(self.x, dtype=self.wide)
        of_w = torch.zeros_like(self.w, dtype=self.wide)
        of_b = of_w.new_zeros(len(of_w))
        with self.as_it_stands():
            for rows in self.steps(0, len(self.x)):
                of_rows = self.bound.rows(rows)
                seen = self.seen(rows, self.wide)
                z, r = self.logits(seen, self.wide), of_b.new_zeros((1, 1))
                if v is not None:
                    r = r + self._products(seen, v)
                if u is not None:
                    u_t = torch.where(self.left_out[rows, None], 0, u[rows].to(self.wide))
                    r = r + self._products(u_t, self.w)
                if c is not None:
                    r = r + c
                r = r.expand_as(z).contiguous()
                grad, here = torch.empty_like(z), _times(rows, per_row)
                of_rows.put(z, losses[here], grad)
                change_of_losses = (grad * r).reshape(len(z) * per_row, self._logits_per_loss)
                along[here] = change_of_losses.sum(1)
                change = of_rows.hessian_of_rows(z, r)
                if upstream is not None:
                    above = upstream.reshape(len(self.x), -1)[rows].to(self.wide)
                    grad, change = grad * above, change * above
                of_x[rows] = self.times_weight(change)
                of_w.addmm_(change.T, seen)
                of_b += change.sum(0)
                if v is not None:
                    of_x[rows] += self._back(grad, v)
                if u is not None:
                    of_w.addmm_(grad.T, u_t)
        is_none = self.bound.loss.reduction == "none"
        along = along.reshape(self.bound.losses_shape) if is_none else along.sum()
        return (
            along.to(self.of_losses),
            of_x.reshape(self.shape).to(self.x.dtype),
            of_w.to(self.w.dtype),
            None if self.b is None else of_b.to(self.b_type),
        )

    def as_it_stands(self) -> Any:
        """Autocast, which would round what the products take, is for others."""
        device = self.x.device.type
        if not torch.amp.is_autocast_available(device):
            return nullcontext()
        return torch.autocast(device, enabled=False)

    @property
    def _losses_per_row(self) -> int:
        return 1 if self.bound.axes else len(self.w)

    @property
    def _logits_per_loss(self) -> int:
        return len(self.w) if self.bound.axes else min(len(self.w), 1)

    def _new_losses(self) -> Tensor:
        count = len(self.x) * self._losses_per_row
        return self.x.new_empty(count, dtype=torch.float64)

    def _type_of_logits(self) -> torch.dtype:
        return self.wide if current_accuracy() == "exact" else self.kind

    def _groups(self) -> Iterator[slice]:
        """Rows of which the gradient by the logits is held at once.

        All of them, if that is no larger than the sum in which groups would be added up.
        """
        row_bytes = self.kind.itemsize * len(self.w)
        of_sum = 0 if self.kind is self.wide else self.wide.itemsize * self.w.numel()
        is_one = row_bytes * len(self.x) <= max(ALL_BYTES, of_sum)
        return parts(len(self.x), len(self.x) if is_one else _rows_in(GROUP_BYTES, row_bytes))

    def _chunks(self, start: int, stop: int) -> Iterator[slice]:
        """Rows of which there are logits at once."""
        rows = _rows_in(CHUNK_BYTES, self._type_of_logits().itemsize * len(self.w))
        return parts(stop, rows, start)

    def steps(self, start: int, stop: int) -> Iterator[slice]:
        """Rows for which there is room in float64, several times."""
        return parts(stop, STEP_BYTES // max(8 * len(self.w), 1), start)

    def seen(self, rows: slice, kind: torch.dtype) -> Tensor:
        """Features; a sample that is left out may hold NaN, and 0 · NaN is not 0."""
        return torch.where(self.left_out[rows, None], 0, self.x[rows].to(kind))

    def _put(self, bound: Any, rows: slice, seen: Tensor, losses: Tensor, grad: Maybe) -> None:
        """Losses of a group, and the gradient by its logits."""
        kind = self._type_of_logits()
        is_in_place = grad is not None and kind is self.kind
        for some in [rows] if is_in_place else self._chunks(rows.start, rows.stop):
            its_grad = _within(rows, some, grad)
            room = its_grad if is_in_place else None
            # Held by nobody here: the next ones take the place of these.
            self._put_chunk(
                bound, some, self.logits(_within(rows, some, seen), kind, room), losses, its_grad
            )

    def _put_chunk(
        self, bound: Any, rows: slice, logits: Tensor, losses: Tensor, grad: Maybe
    ) -> None:
        """The same of rows with their logits, at once where there is a kernel for it."""
        is_one = bound.is_one_kernel(logits)
        for some in [rows] if is_one else self.steps(rows.start, rows.stop):
            z, its_grad = _within(rows, some, logits), _within(rows, some, grad)
            if grad is None:  # computed as if there were one
                its_grad = z.new_empty((0, 0), dtype=self.kind)
            bound.rows(some).put(z, losses[_times(some, self._losses_per_row)], its_grad)

    def logits(self, seen: Tensor, kind: torch.dtype, out: Maybe = None) -> Tensor:
        z = self._products(seen, self.w, kind, out)
        return z if self.b is None else z.add_(self.b)

    def _products(self, seen: Tensor, w: Tensor, kind: Any = None, out: Maybe = None) -> Tensor:
        """seen @ w.T, of a type that is as wide or wider."""
        kind = kind or seen.dtype
        if seen.dtype is w.dtype:
            return product(seen, w.T, kind, out)
        out = seen.new_empty((len(seen), len(w))) if out is None else out
        for part in parts_of(w, seen.dtype):
            out[:, part] = seen @ w[part].to(seen.dtype).T
        return out

    def times_weight(self, of_logits: Tensor) -> Tensor:
        return self._back(of_logits, self.w)

    def _back(self, of_logits: Tensor, w: Tensor) -> Tensor:
        """of_logits @ w"""
        if of_logits.dtype is w.dtype:
            return of_logits @ w
        out = of_logits.new_zeros((len(of_logits), w.shape[1]))
        for part in parts_of(w, of_logits.dtype):
            out.addmm_(of_logits[:, part], w[part].to(of_logits.dtype))
        return out

    def _added(self, total: Maybe, grad: Tensor, seen: Tensor) -> Tensor:
        """total + grad.T @ seen: the first product is the total, wide if there are more."""
        if total is None:
            is_all = len(seen) == len(self.x)
            return product(grad.T, seen, self.kind if is_all else self.wide)
        return add_product(total, grad.T, seen)


def logits_like(features: Tensor, weight: Tensor) -> Tensor:
    """A tensor of the shape that the logits would have, which takes no memory."""
    return features.detach().new_empty(()).expand(*features.shape[:-1], weight.shape[0])


def product(a: Tensor, b: Tensor, kind: torch.dtype, out: Maybe = None) -> Tensor:
    """a @ b, of float32 if that is asked for, whatever is multiplied."""
    if a.dtype is kind:
        return torch.mm(a, b, out=out)
    if a.is_cuda and HAS_WIDE_PRODUCTS:
        return torch.mm(a, b, out_dtype=kind)
    return a.to(kind) @ b.to(kind)


def add_product(total: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """total += a @ b, which may be of a narrower type."""
    kind = total.dtype
    if a.dtype is kind:
        return total.addmm_(a, b)
    if a.is_cuda and HAS_WIDE_PRODUCTS:
        return torch.ops.aten.addmm.dtype_out(total, a, b, kind, out=total)
    for part in parts_of(total, kind):
        total[part] += product(a[part], b, kind)
    return total


def parts(stop: int, step: int, start: int = 0) -> Iterator[slice]:
    step = max(step, 1)
    return (slice(at, min(at + step, stop)) for at in range(start, stop, step))


def parts_of(w: Tensor, kind: torch.dtype) -> Iterator[slice]:
    """Some classes of a weight at a time."""
    return parts(len(w), PART_BYTES // max(w.shape[1] * kind.itemsize, 1))


def _rows_in(size: int, row_bytes: int) -> int:
    return max(size // max(row_bytes, 1) // ROWS, 1) * ROWS


def _within(rows: slice, some: slice, of_rows: Maybe) -> Maybe:
    """What there is of some of the rows."""
    return None if of_rows is None else of_rows[some.start - rows.start : some.stop - rows.start]


def _times(rows: slice, count: int) -> slice:
    return slice(rows.start * count, rows.stop * count)


def _widest(given: list[Tensor]) -> torch.dtype:
    types = [loss_type(one) for one in given]
    return torch.float64 if torch.float64 in types else torch.float32
