"""What each row of a linear map is like, on a device: as `normexp.linear_statistics` has it."""

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor

from ..kernels import kernels_for
from ..linear_statistics import LinearStatistics, Rows
from ..losses.cross_entropy import NO_IDS
from ..losses.sparse_target import SparseTarget
from .binding import on_device
from .linear_on_device import Gradients, LinearOnDevice, logits_like

Maybe = Any  # a tensor or None


class SweepOnDevice:
    """A loss of class ids and its plain cross-entropy, both bound, over an affine map."""

    def __init__(
        self,
        loss: Any,
        features: Tensor,
        weight: Tensor,
        bias: Maybe,
        target: Any,
        sample_weight: Maybe,
        where: Maybe,
    ) -> None:
        each, plain = loss.row_by_row()
        is_ids = not isinstance(target, SparseTarget) and not target.is_floating_point()
        if not is_ids or target.ndim != features.ndim - 1:
            raise TypeError(NO_IDS)
        self.map = LinearOnDevice(each, features, weight, bias, target, sample_weight, where)
        self.bound = self.map.bound
        self.plain = on_device(plain, logits_like(features, weight), target, None, where)
        self.left_out = self.plain.left_out()

    def statistics(self) -> LinearStatistics:
        """Flat, of float64 and int64."""
        samples = len(self.map.x)
        real = self.map.x.new_zeros((4, samples), dtype=torch.float64)
        losses, surprise, logsumexp, entropy = real
        argmax, rank = torch.zeros_like(real[:2], dtype=torch.int64)
        with self.map.as_it_stands():
            for some in self.map.steps(0, samples):
                rows = self._rows(some)
                self.bound.rows(some).put(rows.logits, losses[some], None)
                plain = self.plain.rows(some)
                plain.put(rows.logits, surprise[some], None)
                logsumexp[some], entropy[some] = rows.logsumexp, rows.entropy
                z = rows.logits
                if len(plain.where):
                    z = torch.where(plain.where, z, -torch.inf)
                at_target = z.gather(1, plain.target.classes.clamp(min=0)[:, None])
                argmax[some] = z.argmax(1)
                rank[some] = torch.where(rows.logsumexp.isnan(), 0, (z > at_target).sum(1) + 1)
        for one, nothing in ((logsumexp, 0), (entropy, 0), (argmax, -1), (rank, 0)):
            one.masked_fill_(self.left_out, nothing)
        return LinearStatistics(losses, 0.0 - surprise, logsumexp, entropy, argmax, rank)

    def gradients(self, upstream: Any, wanted: Collection[str]) -> Gradients:
        """Those of Σ upstream · statistics by features, weight and bias, where they are wanted."""
        given = self.map
        of_x = torch.zeros_like(given.x)
        of_w = torch.zeros_like(given.w, dtype=given.wide)
        of_b = of_w.new_zeros(len(of_w))
        with given.as_it_stands():
            for some in given.steps(0, len(given.x)):
                rows = self._rows(some)
                grad = self._of_softmax(rows, upstream, some)
                for bound, its, sign in (
                    (self.bound, upstream.losses, 1),
                    (self.plain, upstream.log_probability, -1),
                ):
                    if its is not None:
                        part = torch.empty_like(grad)
                        scratch = grad.new_empty(len(grad), dtype=torch.float64)
                        bound.rows(some).put(rows.logits, scratch, part)
                        grad += sign * its[some, None].to(grad.dtype) * part
                grad.masked_fill_(self.left_out[some, None], 0)
                if "features" in wanted:
                    of_x[some] = given.times_weight(grad)
                if "weight" in wanted:
                    of_w.addmm_(grad.T, rows.features)
                    of_b += grad.sum(0)
        is_asked = "weight" in wanted
        return (
            of_x.reshape(given.shape) if "features" in wanted else None,
            of_w.to(given.w.dtype) if is_asked else None,
            of_b.to(given.b_type) if is_asked and given.b is not None else None,
        )

    def _rows(self, some: slice) -> Any:
        given = self.map
        features = torch.where(self.left_out[some, None], 0, given.x[some].to(given.wide))
        z = given.logits(features, given.wide)
        logits: Any = self.plain.loss._logits(z, self.plain.rows(some).where)
        kernels: Any = kernels_for(z)
        p = kernels.softmax(logits)
        log_p = torch.where(p == 0, 0, kernels.log_softmax(logits))
        entropy = -(p.double() * log_p.double()).sum(1)
        return Rows(features, z, p, log_p, kernels.logsumexp(logits).double(), entropy)

    def _of_softmax(self, rows: Any, upstream: Any, some: slice) -> Tensor:
        """What logsumexp and entropy add to the gradient by the logits."""
        z: Tensor = rows.logits
        grad = torch.zeros_like(z)
        if upstream.logsumexp is not None:
            grad += upstream.logsumexp[some, None]
        if upstream.entropy is not None:
            above = rows.entropy[:, None].to(z.dtype) + rows.log_p
            grad -= upstream.entropy[some, None].to(z.dtype) * above
        temperature, cap = self.plain.loss.scaling
        grad *= rows.p / temperature
        return grad if cap is None else grad / torch.cosh(z / cap) ** 2
