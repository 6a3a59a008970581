"""What a logit z is read as, with a temperature and a cap c, and the derivative of that.

    c · tanh(z / c) / temperature,   tanh y = ∓ E / (2 + E)     with E = exp(−2 |y|) − 1
    1 / cosh²(z / c) / temperature,  1 / cosh² y = 4e / (2 + E)²  and e = exp(−2 |y|)

E and e are put together from the parts of 2^k · exp(r), so that neither cancels.

An infinite logit stays. Both numbers come in two parts: a number that a call hands over is a
float32 in Triton. Where neither is given the kernels are compiled without them.

Where they are, multiplications and additions are not fused: of z / temperature − top, in one
rounding, the top would not be 0, by as much as its own rounding (8 for logits of 1e8), and it would
not be known which class leads.
"""

import triton
import triton.language as tl

from .arithmetic import OWN, farthest, in_powers, per_unit, widened


@triton.jit
def as_read(
    z, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC: tl.constexpr
):  # fmt: skip
    """c · tanh(z / c) / temperature."""
    if per_temperature is None:
        return z
    else:
        z = widened(z, ARITHMETIC)
        if cap is not None:
            c = number(cap, cap_low, z)
            z = tl.where(tl.abs(z) == float("inf"), z, c * tanh(z * (1.0 / c)))
        return z * number(per_temperature, per_temperature_low, z)


@triton.jit
def slope_at(
    z, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC: tl.constexpr
):  # fmt: skip
    """1 / cosh²(z / c) / temperature."""
    z = widened(z, ARITHMETIC)
    slope = tl.full(z.shape, 1.0, z.dtype)
    if cap is not None:
        less_one, e = decay(z * (1.0 / number(cap, cap_low, z)))
        per = 1.0 / (2.0 + less_one)
        slope = tl.where(tl.abs(z) == float("inf"), 1.0, (4.0 * e) * (per * per))
    return slope * number(per_temperature, per_temperature_low, z)


@triton.jit
def number(high, low, like):
    """The sum of both parts, in the type and the shape of what it shall meet."""
    return (tl.zeros_like(like) + high) + low


@triton.jit
def tanh(y):
    less_one, _ = decay(y)
    t = -less_one / (2.0 + less_one)
    return tl.where(y < 0.0, -t, t)


@triton.jit
def decay(y):
    """exp(−2 |y|) − 1, and exp(−2 |y|)."""
    d = -2.0 * tl.abs(y)
    d = tl.where(d < farthest(d), farthest(d), d)
    tail, power = in_powers(d, tl.zeros_like(d))
    power *= per_unit(d, OWN)
    return power * tail + (power - 1.0), power + power * tail
