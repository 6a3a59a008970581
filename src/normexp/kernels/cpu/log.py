"""log(1 + x) for x ≥ 0, as the losses need it: close to 0 a relative error is all that counts.

    1 + x = 2^k · m,  √½ ≤ m < √2,    log m = 2 artanh(s),  s = (m − 1) / (m + 1)

and what rounding 1 + x has lost is added at the end. (FreeBSD's msun, s_log1p.c, 1993.)
"""

from .vector import bits, fma, from_bits, inline, polynomial, select

LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # k times it is exact
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
# 2 artanh(s) = 2s + s³ · (c_0 + s² · (c_1 + …)), to 2^-58 (msun)
LOG = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)

ONE = 0x3FF0000000000000
SQRT_HALF = 0x3FE6A09E667F3BCD
ROUNDER, ROUNDER_BITS = 1.5 * 2.0**52, 0x4338000000000000


@inline
def log1p(x):
    """log(1 + x) in float64, to 1 ULP."""
    u = 1.0 + x
    shifted = bits(u) + (ONE - SQRT_HALF)
    whole = (shifted >> 52) - 1023
    k = from_bits(whole + ROUNDER_BITS) - ROUNDER
    m = from_bits((shifted & 0x000FFFFFFFFFFFFF) + SQRT_HALF)
    lost = select(x > 1.0, 1.0 - (u - x), x - (u - 1.0)) / u
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    tail = polynomial(z, LOG) * z
    half = 0.5 * f * f
    low = fma(s, half + tail, fma(k, LN2_LOW, lost))
    return fma(k, LN2_HIGH, f - (half - low))
