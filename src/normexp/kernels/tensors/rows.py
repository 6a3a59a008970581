"""Rows of logits as matrices of float64, what follows from their maximum, and results put back."""

from typing import Any, NamedTuple

import torch

from ..contract import Logits

Tensor = Any
INF = float("inf")
NAN = float("nan")


def rows(values: Tensor) -> Tensor:
    """(rows, classes) in float64, from that shape or from (outer, classes, inner)."""
    last = values if values.ndim == 2 else values.movedim(1, -1)
    count = last.shape[0] if values.ndim == 2 else last.shape[0] * last.shape[1]
    return last.reshape(count, values.shape[1]).double()


def result(out: Tensor, values: Tensor, like: Tensor) -> Tensor:
    """Rows of results in the shape and type of the logits."""
    if like.ndim == 3:
        outer, classes, inner = like.shape
        values = values.reshape(outer, inner, classes).movedim(-1, 1)
    return put(out, values, like)


def put(out: Tensor, values: Tensor, like: Tensor) -> Tensor:
    """In the type of the logits, where it is asked for."""
    return values.to(like.dtype) if out is None else out.copy_(values)


def entries(out: Tensor, values: Tensor) -> Tensor:
    """A number for each row."""
    return values if out is None else out.copy_(values)


def column(values: Tensor) -> Tensor:
    return values[:, None]


def total(values: Tensor) -> Tensor:
    """The sum of each row, as a column."""
    return values.sum(1, keepdim=True)


class Row(NamedTuple):
    """What a row of logits is read as, and what all functions of its softmax are made of."""

    z: Tensor  # before the temperature divides them; −inf outside the mask
    live: Tensor  # the mask
    top: Tensor  # the largest z, a column
    leads: Tensor  # True at one class that attains it
    lead: Tensor  # (top − z) / T, never negative
    e: Tensor  # exp(−lead)
    rest: Tensor  # the sum of the others' e, a column
    temperature: float

    @property
    def p(self) -> Tensor:
        return self.e / (1 + self.rest)

    @property
    def complement(self) -> Tensor:
        """1 − p, of the leading class summed from the others."""
        return torch.where(self.leads, self.rest / (1 + self.rest), 1 - self.p)

    @property
    def surprise(self) -> Tensor:
        """−log p: two terms that are never negative."""
        return self.lead + torch.log1p(self.rest)

    @property
    def logsumexp(self) -> Tensor:
        finite = self.top / self.temperature + torch.log1p(self.rest)
        return torch.where(self.top.isinf(), self.top, finite)

    @property
    def is_empty(self) -> Tensor:
        """Whether the mask leaves no class."""
        return ~self.live.any(1)

    @property
    def is_undefined(self) -> Tensor:
        """Whether the largest logit is no finite number."""
        return ~self.top[:, 0].isfinite()

    def softmax_derivative(self, v: Tensor) -> Tensor:
        """p ∘ (v − p·v), with v measured from its entry at the leading class."""
        apart = v - total(torch.where(self.leads, v, 0))
        return self.p * (apart - total(self.p * apart))


def read(logits: Logits) -> Row:
    z, live = read_logits(logits)
    top, leader = z.max(1, keepdim=True)
    leads = torch.zeros_like(live).scatter_(1, leader, True)
    lead, e = lead_of(z, top, logits.temperature)
    rest = total(torch.where(leads, 0, e))
    return Row(z, live, top, leads, lead, e, rest, logits.temperature)


def read_logits(logits: Logits) -> tuple[Tensor, Tensor]:
    """The logits as they are capped, −inf outside the mask; and the mask."""
    live = classes_left(logits)
    return torch.where(live, capped(rows(logits.values), logits.softcap), -INF), live


def classes_left(logits: Logits) -> Tensor:
    """The mask, for every class of each row."""
    if len(logits.where):
        return rows(logits.where) > 0
    return torch.ones_like(rows(logits.values), dtype=torch.bool)


def capped(z: Tensor, cap: float | None) -> Tensor:
    """c · tanh(z / c); an infinite logit stays."""
    return z if cap is None else torch.where(z.isinf(), z, cap * torch.tanh(z / cap))


def slope(logits: Logits) -> Any:
    """The derivative of what a logit is read as: 1 / cosh²(z / c) / temperature."""
    if logits.softcap is None:
        return 1 / logits.temperature
    z = torch.where(classes_left(logits), rows(logits.values), 0)
    slopes = 1 / torch.cosh(z / logits.softcap) ** 2
    return torch.where(z.isinf(), 1, slopes) / logits.temperature


def bend(logits: Logits) -> Any:
    """The second derivative, −2 / c · tanh(z / c) · slope."""
    if logits.softcap is None:
        return 0.0
    z = torch.where(classes_left(logits), rows(logits.values), 0)
    bends = -2 / logits.softcap * torch.tanh(z / logits.softcap) * slope(logits)
    return torch.where(z.isinf(), 0, bends)


def product(t: Tensor, values: Tensor) -> Tensor:
    """t · values, where 0 · inf is 0: what has no mass does not count."""
    return torch.where(t == 0, 0, t * values)


def lead_of(z: Tensor, top: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """(top − z) / T, and exp of its negative, which loses nothing to the rounding of that.

    An exponent of 200 that is rounded is off by 200 units in the last place of a result. What the
    difference rounds away (Knuth) and what the quotient leaves (Dekker) is put in afterwards.
    """
    apart = top - z
    back = apart - top
    lost = (top - (apart - back)) - (z + back)
    lead = apart / temperature
    high, low = halves(lead)
    of_high, of_low = halves(torch.full_like(top, temperature))
    product = lead * temperature
    beyond = ((high * of_high - product) + high * of_low + low * of_high) + low * of_low
    rest = (((apart - product) - beyond) + lost) / temperature
    e = torch.exp(-lead)
    return lead, torch.where(rest.isfinite(), e * (1 - rest), e)


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """A number as the sum of two of 26 bits, whose products are exact (Veltkamp)."""
    spread = 134217729.0 * x
    high = spread - (spread - x)
    return high, x - high
