"""What a logit z is read as, with a temperature and a cap c, and the derivative of that.

    c · tanh(z / c) / temperature,   tanh y = ± (1 − e) / (1 + e)   with e = exp(−2 |y|)
    1 / cosh²(z / c) / temperature,  1 / cosh² y = 4e / (1 + e)²

An infinite logit stays. Both numbers come in two parts: a number that a call hands over is a
float32 in Triton. Where neither is given the kernels are compiled without them.

Where they are, multiplications and additions are not fused: of z / temperature − top, in one
rounding, the top would not be 0, by as much as its own rounding (8 for logits of 1e8), and it would
not be known which class leads.
"""

import triton
import triton.language as tl

from .arithmetic import LOG2E, OWN, SHORT, exponentials_of, per_unit, widened

# (tanh y / y − 1) / y² for y² ≤ 0.4, where 1 − e cancels (tanhf of S. L. Moshier's Cephes).
T0 = tl.constexpr(-3.33332819422e-1)
T1 = tl.constexpr(1.33314422036e-1)
T2 = tl.constexpr(-5.37397155531e-2)
T3 = tl.constexpr(2.06390887954e-2)
T4 = tl.constexpr(-5.70498872745e-3)


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
            z = tl.where(tl.abs(z) == float("inf"), z, c * tanh(z * (1.0 / c), ARITHMETIC))
        return z * number(per_temperature, per_temperature_low, z)


@triton.jit
def slope_at(
    z, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC: tl.constexpr
):  # fmt: skip
    """1 / cosh²(z / c) / temperature."""
    z = widened(z, ARITHMETIC)
    slope = tl.full(z.shape, 1.0, z.dtype)
    if cap is not None:
        e = decayed(z * (1.0 / number(cap, cap_low, z)), ARITHMETIC)
        r = 1.0 / (1.0 + e)
        slope = tl.where(tl.abs(z) == float("inf"), 1.0, (4.0 * e) * (r * r))
    return slope * number(per_temperature, per_temperature_low, z)


@triton.jit
def number(high, low, like):
    """The sum of both parts, in the type and the shape of what it shall meet."""
    return (tl.zeros_like(like) + high) + low


@triton.jit
def tanh(y, ARITHMETIC: tl.constexpr):
    e = decayed(y, ARITHMETIC)
    t = (1.0 - e) * (1.0 / (1.0 + e))
    t = tl.where(y < 0.0, -t, t)
    if ARITHMETIC == SHORT:
        s = y * y
        near = y + y * (s * (T0 + s * (T1 + s * (T2 + s * (T3 + s * T4)))))
        t = tl.where(s < 0.4, near, t)
    return t


@triton.jit
def decayed(y, ARITHMETIC: tl.constexpr):
    """exp(−2 |y|)"""
    d = -2.0 * tl.abs(y)
    if ARITHMETIC == SHORT:
        return tl.exp2(d * LOG2E)
    else:
        return exponentials_of(d, tl.zeros_like(d)) * per_unit(d, OWN)
