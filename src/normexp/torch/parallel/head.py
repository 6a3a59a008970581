"""The loss of a linear map whose classes lie on several ranks, tile by tile."""

from typing import NamedTuple

import torch
from torch import Tensor

from ...linear_loss import tiles
from .vocabulary import Part, Whole


class Operands(NamedTuple):
    """What makes the logits, on this rank."""

    features: Tensor
    weight: Tensor
    bias: Tensor | None

    def check(self) -> None:
        x, w, b = self
        if w.ndim != 2 or x.ndim < 1 or x.shape[-1] != w.shape[1]:
            raise ValueError(
                "features and weight must have the shapes (..., inputs) and "
                f"(classes of this rank, inputs), got {tuple(x.shape)} and {tuple(w.shape)}"
            )
        if len(devices := {one.device for one in self if one is not None}) > 1:
            raise ValueError(
                f"features, weight and bias must be on one device, got {sorted(map(str, devices))}"
            )
        if b is not None and b.shape != w.shape[:1]:
            raise ValueError(f"bias must have the shape {tuple(w.shape[:1])}, got {tuple(b.shape)}")

    def likeness(self) -> tuple[float, float]:
        """A sum of the features with signs as if by chance, and the size of its terms.

        Features that should be the same on every rank, and are not, differ in it: those after
        dropout with other random numbers, say. Rounding hardly changes it.
        """
        x = self.features.detach().reshape(-1, self.features.shape[-1]).to(self.dtype)
        by_row, by_input = (
            torch.arange(n, device=x.device).double().square().cos() for n in x.shape
        )
        terms = (x @ by_input.to(x.dtype)).double() * by_row
        terms = torch.where(terms.isfinite(), terms, 0.0)
        return terms.sum().item(), terms.norm().item()

    @property
    def dtype(self) -> torch.dtype:
        """What is computed in."""
        is_double = any(one is not None and one.dtype not in NARROW for one in self)
        return torch.float64 if is_double else torch.float32

    def computed(self) -> "Operands":
        """Rows of features, weight and bias in the type that is computed in, out of autograd."""
        x, w = (one.detach().to(self.dtype) for one in self[:2])
        b = None if self.bias is None else self.bias.detach().to(self.dtype)
        return Operands(x.reshape(-1, x.shape[-1]), w, b)


NARROW = torch.float16, torch.bfloat16, torch.float32


class Gradients(NamedTuple):
    """Of what was asked for, in the type that is computed in."""

    features: Tensor | None
    weight: Tensor | None
    bias: Tensor | None


def swept(
    part: Part,
    given: Operands,
    wanted: tuple[bool, bool, bool],
    known: Whole | None = None,
    of_losses: Tensor | None = None,
) -> tuple[Tensor, Whole, Gradients]:
    """Losses of this part's classes, what is to know of whole rows, and gradients.

    Every rank takes the same rows at a time, as its summaries wait for those of the others. With
    what is `known` of whole rows nothing is sent. `of_losses` is what each loss counts.
    """
    x, w, b = given
    count = len(x)
    losses, found = part.zeros(count), part.zeros(4, count)
    for_x, for_w, for_b = (
        torch.zeros_like(one) if is_wanted and one is not None else None
        for one, is_wanted in zip(given, wanted, strict=True)
    )
    for tile in tiles(part.widest * w.itemsize, count, count):
        seen = x[tile]
        left_out = part.is_ignored[tile]
        if left_out.any():  # which may hold NaN, and 0 · NaN is not 0
            seen = seen.masked_fill(torch.from_numpy(left_out).to(x.device)[:, None], 0)
        logits = seen @ w.T if b is None else torch.addmm(b, seen, w.T)
        whole = part.whole(logits, tile) if known is None else known.rows(tile)
        for of_all, its in zip(found, (*whole.summary[:2], *whole.mass), strict=True):
            of_all[tile] = torch.as_tensor(its)
        grad = torch.empty_like(logits) if any(wanted) else None
        part.put(logits, whole, losses[tile], grad, tile)
        if grad is None:
            continue
        if of_losses is not None:
            grad *= of_losses[tile, None]
        if for_x is not None:
            torch.mm(grad, w, out=for_x[tile])
        if for_w is not None:
            for_w.addmm_(grad.T, seen)
        if for_b is not None:
            for_b += grad.sum(0)
    return losses, part.known(found), Gradients(for_x, for_w, for_b)
