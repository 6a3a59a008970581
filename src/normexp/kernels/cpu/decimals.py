"""log |Σ b_k exp(x_k)| with as many digits as the row takes, for rows that cancel too far even for
twice the precision.

Whether a sum is 0 needs no digits: numbers exp(x) of different x never cancel whatever their
factors, as long as x and the factors are algebraic (F. Lindemann, 1882; K. Weierstrass, 1885), and
floats are. So factors of equal x are added up, exactly, and the sum is 0 if all of these are. It is
±1, and the logarithm 0, if they are but for one of ±1 at x = 0.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from fractions import Fraction

FIRST_DIGITS, MOST_DIGITS = 50, 20_000
ENOUGH = Decimal(2) ** -60  # of the value


def logsumexp(logits: Iterable[float], factors: Iterable[float]) -> tuple[float, float]:
    """The value, rounded once, and the sign, of finite numbers.

    Raises
    ------
    ArithmeticError
        If the terms cancel in the first 20,000 digits.
    """
    sums: dict[float, Fraction] = defaultdict(Fraction)
    for x, b in zip(logits, factors, strict=True):
        if b != 0 and x != float("-inf"):
            sums[x] += Fraction(b)
    terms = [(x, b) for x, b in sums.items() if b != 0]
    if not terms:
        return float("-inf"), 0.0
    if len(terms) == 1 and terms[0][0] == 0 and abs(terms[0][1]) == 1:
        return 0.0, float(terms[0][1])
    digits = FIRST_DIGITS
    while digits <= MOST_DIGITS:
        with localcontext(Context(prec=digits, Emax=MAX_EMAX, Emin=MIN_EMIN)):
            value, error, sign = _with_error(terms, Decimal(10) ** -digits)
            if error < abs(value) * ENOUGH:
                return float(value), sign
        digits *= 2
    raise ArithmeticError(f"the terms of a sum cancel in their first {MOST_DIGITS} digits")


def _with_error(
    terms: list[tuple[float, Fraction]], unit: Decimal
) -> tuple[Decimal, Decimal, float]:
    """The logarithm, a bound on its error where every step is off by `unit`, and the sign."""
    top = Decimal(max(x for x, _ in terms))
    total = size = lost = Decimal(0)
    for x, b in terms:
        distance = Decimal(x) - top
        term = Decimal(b.numerator) / Decimal(b.denominator) * distance.exp()
        total += term
        size += abs(term)
        lost += abs(term) * (abs(distance) + 4)
    lost = (lost + len(terms) * size) * unit
    if abs(total) <= 2 * lost:
        return Decimal(0), lost, 0.0
    log = abs(total).ln()
    error = 2 * lost / abs(total) + (abs(log) + abs(top)) * 2 * unit
    return top + log, error, 1.0 if total > 0 else -1.0
