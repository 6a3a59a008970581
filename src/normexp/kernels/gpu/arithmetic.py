"""What exponentials and sums are computed in: one step wider than the logits, where there is one.

    logits              arithmetic    computed in                         error of a softmax
    float16, bfloat16   SHORT         float32                             0.55 units of the type
    float32             WIDE          float64, where the device has it    0.51 units
                                      at half the rate of float32
    float32             OWN           float32, sums in float64            4 units
    float64             OWN           float64, sums in two parts          4 units

Exponentials are kept in units of 2^-BIAS, so that none that counts is subnormal.
"""

import triton
import triton.language as tl

SHORT = tl.constexpr(0)
WIDE = tl.constexpr(1)
OWN = tl.constexpr(2)

LOG2E = tl.constexpr(1.4426950408889634)
# Adding 1.5 · 2^52 leaves an integer in the low bits of a float64 (1.5 · 2^23 of a float32).
ROUNDER = tl.constexpr(1.5 * 2.0**52)
ROUNDER_SINGLE = tl.constexpr(1.5 * 2.0**23)
# 2^f for |f| ≤ ½, minimax, to 2^-34.
P0 = tl.constexpr(float.fromhex("0x1.ffffffffa7135p-1"))
P1 = tl.constexpr(float.fromhex("0x1.62e42fef9cc69p-1"))
P2 = tl.constexpr(float.fromhex("0x1.ebfbe0aa03df0p-3"))
P3 = tl.constexpr(float.fromhex("0x1.c6b08da70cce3p-5"))
P4 = tl.constexpr(float.fromhex("0x1.3b29d8bb0b97ep-7"))
P5 = tl.constexpr(float.fromhex("0x1.5d877598350dep-10"))
P6 = tl.constexpr(float.fromhex("0x1.446c79efd4834p-13"))
P7 = tl.constexpr(float.fromhex("0x1.00c0e4e15189cp-16"))
# (exp(r) − 1 − r) / r² for |r| ≤ ln 2 / 2, minimax, for exp to 2^-62 and, from S0 on, to 2^-27.
Q0 = tl.constexpr(0.5)
Q1 = tl.constexpr(float.fromhex("0x1.5555555555557p-3"))
Q2 = tl.constexpr(float.fromhex("0x1.5555555555556p-5"))
Q3 = tl.constexpr(float.fromhex("0x1.11111111100dcp-7"))
Q4 = tl.constexpr(float.fromhex("0x1.6c16c16c162d4p-10"))
Q5 = tl.constexpr(float.fromhex("0x1.a01a01abe7fe1p-13"))
Q6 = tl.constexpr(float.fromhex("0x1.a01a01a6d889cp-16"))
Q7 = tl.constexpr(float.fromhex("0x1.71de0231960ebp-19"))
Q8 = tl.constexpr(float.fromhex("0x1.27e4db646b17ep-22"))
Q9 = tl.constexpr(float.fromhex("0x1.af4de97ca4194p-26"))
Q10 = tl.constexpr(float.fromhex("0x1.1f730349868cep-29"))
S0 = tl.constexpr(0.5)
S1 = tl.constexpr(0.16666576666)
S2 = tl.constexpr(0.04166655421298)
S3 = tl.constexpr(0.00836323288368)
S4 = tl.constexpr(0.00139262508315)
# ln 2 in two parts, the first so short that an integer of 11 bits (8 bits) times it is exact.
LN2_HIGH = tl.constexpr(float.fromhex("0x1.62e42fefa38p-1"))
LN2_LOW = tl.constexpr(float.fromhex("0x1.ef35793c7673p-45"))
LN2_HIGH_SINGLE = tl.constexpr(float.fromhex("0x1.62e4p-1"))
LN2_LOW_SINGLE = tl.constexpr(float.fromhex("0x1.7f7d1cf79abcap-20"))


@triton.jit
def unit(x, ARITHMETIC: tl.constexpr):
    """What the exponential of the largest logit is kept as: 2^BIAS."""
    if ARITHMETIC == SHORT:
        return 4294967296.0  # 2^32
    elif ARITHMETIC == WIDE:
        return 1.0
    elif x.dtype == tl.float32:
        return 18446744073709551616.0  # 2^64
    else:
        return 1.157920892373162e77  # 2^256


@triton.jit
def per_unit(x, ARITHMETIC: tl.constexpr):
    """2^-BIAS: a GPU divides in forty instructions, also by a power of 2."""
    if ARITHMETIC == SHORT:
        return 2.3283064365386963e-10
    elif ARITHMETIC == WIDE:
        return 1.0
    elif x.dtype == tl.float32:
        return 5.421010862427522e-20
    else:
        return 8.636168555094445e-78


@triton.jit
def exponentials(x, top, ARITHMETIC: tl.constexpr):
    """2^BIAS · exp(x − top); NaN where x is NaN, and where both are infinite."""
    if ARITHMETIC == SHORT:
        return tl.exp2((x - top) * LOG2E + 32.0)
    elif ARITHMETIC == WIDE:
        d = x.to(tl.float64) - top.to(tl.float64)
        kept = d * LOG2E + (ROUNDER + 1023.0)
        f = d * LOG2E - (kept - (ROUNDER + 1023.0))
        e = P6 + f * P7
        e = P4 + f * (P5 + f * e)
        e = P2 + f * (P3 + f * e)
        e = P0 + f * (P1 + f * e)
        power = (kept.to(tl.int64, bitcast=True) << 52).to(tl.float64, bitcast=True)
        return tl.where(d < -700.0, 0.0, e * power)
    else:
        # x − top and what its rounding loses (Knuth's TwoSum)
        d = x - top
        b = d - x
        return exponentials_of(d, (x - (d - b)) - (top + b))


@triton.jit
def exponentials_of(d, low):
    """2^BIAS · exp(d + low) in the arithmetic of the type itself, of d ≤ 0 and what it lacks."""
    tail, power = in_powers(d, low)
    return tl.where(d < farthest(d), 0.0, (1.0 + tail) * power)


@triton.jit
def farthest(d):
    """Below it exp(d) is 0, also as a subnormal number."""
    return -130.0 if d.dtype == tl.float32 else -880.0


@triton.jit
def in_powers(d, low):
    """exp(d + low) = (1 + tail) · power, with the power of 2 in units of 2^-BIAS."""
    if d.dtype == tl.float32:
        kept = d * LOG2E + (ROUNDER_SINGLE + 191.0)
        k = kept - (ROUNDER_SINGLE + 191.0)
        r = (d - k * LN2_HIGH_SINGLE) + (low - k * LN2_LOW_SINGLE)
        q = S0 + r * (S1 + r * (S2 + r * (S3 + r * S4)))
        power = (kept.to(tl.int32, bitcast=True) << 23).to(tl.float32, bitcast=True)
        return r + r * r * q, power
    else:
        kept = d * LOG2E + (ROUNDER + 1279.0)
        k = kept - (ROUNDER + 1279.0)
        r = (d - k * LN2_HIGH) + (low - k * LN2_LOW)
        q = Q6 + r * (Q7 + r * (Q8 + r * (Q9 + r * Q10)))
        q = Q0 + r * (Q1 + r * (Q2 + r * (Q3 + r * (Q4 + r * (Q5 + r * q)))))
        power = (kept.to(tl.int64, bitcast=True) << 52).to(tl.float64, bitcast=True)
        return r + r * r * q, power


@triton.jit
def widened(x, ARITHMETIC: tl.constexpr):
    return x.to(tl.float64) if ARITHMETIC == WIDE else x


@triton.jit
def sum_of(terms, ARITHMETIC: tl.constexpr):
    """The sum of each row, as float64."""
    if ARITHMETIC == SHORT or (terms.dtype == tl.float64 and ARITHMETIC == WIDE):
        return tl.sum(terms, 1).to(tl.float64)
    elif terms.dtype == tl.float32:
        return tl.sum(terms.to(tl.float64), 1)
    else:
        # The leading digits, down to the same one of all terms, add up without a rounding; what
        # they leave is so small that its roundings are not seen. (S. M. Rump, T. Ogita and
        # S. Oishi, Accurate floating-point summation, 2008.)
        largest = tl.max(tl.abs(terms), 1)
        cut = tl.where(largest < float("inf"), largest * terms.shape[1], 0.0)[:, None]
        leading = (terms + cut) - cut
        left = tl.where(cut > 0.0, terms - leading, 0.0)
        return tl.sum(leading, 1) + tl.sum(left, 1)


@triton.jit
def log1p(x):
    """log(1 + x) of x ≥ 0, with the digits that 1 + x drops."""
    u = 1.0 + x
    return tl.log(u) - ((u - 1.0) - x) / u
