"""Dates as numbers, by the integer arithmetic that ONNX has.

References
----------
H. Hinnant, chrono-compatible low-level date algorithms, 2021: days to year and month, in years
that begin with March.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from .graph import Graph

MICROSECONDS = 86_400_000_000  # of a day
NOT_A_TIME = -(2**63)  # as NumPy has it
ERA = 146_097  # days of 400 years
ERAS = 250  # before 1970 that a date may lie: polars' dates begin later
EPOCH = 719_468  # days from March 1 of the year 0 to 1970


class _Integers:
    """Integers in a graph, with operators; of those that are not negative // is the quotient."""

    def __init__(self, graph: Graph, value: str) -> None:
        self.graph, self.value = graph, value

    def _with(self, op: str, other: _Integers | int) -> _Integers:
        if isinstance(other, int):
            other = _Integers(self.graph, self.graph.constant(np.array(other)))
        return _Integers(self.graph, self.graph.add(op, self.value, other.value))

    def __add__(self, other: _Integers | int) -> _Integers:
        return self._with("Add", other)

    def __sub__(self, other: _Integers | int) -> _Integers:
        return self._with("Sub", other)

    def __mul__(self, other: _Integers | int) -> _Integers:
        return self._with("Mul", other)

    def __floordiv__(self, other: int) -> _Integers:
        return self._with("Div", other)

    def __mod__(self, other: int) -> _Integers:
        return self._with("Mod", other)  # not negative, as in Python


def parts_of(graph: Graph, moments: str, first: str) -> list[str]:
    """Year, month, day of the week and days since a first one, NaN where there is no date.

    Parameters
    ----------
    moments : str
        Microseconds since 1970, int64.
    first : str
        A day, such as 2026-11-25.
    """
    time = _Integers(graph, moments)
    day = (time - time % MICROSECONDS) // MICROSECONDS

    days = day + (EPOCH + ERAS * ERA)
    of_era = days % ERA
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (year_of_era * 365 + year_of_era // 4 - year_of_era // 100)
    from_march = (of_year * 5 + 2) // 153
    is_after = from_march // 10  # 1 in January and February, which belong to the next year
    month = from_march + 3 - is_after * 12
    year = year_of_era + days // ERA * 400 - 400 * ERAS + is_after
    weekday = (day + 3) % 7 + 1  # 1970 began on a Thursday

    began = (date.fromisoformat(first) - date(1970, 1, 1)).days * MICROSECONDS
    since = graph.as_floats((time - began).value)
    elapsed = graph.add("Div", since, graph.floats(MICROSECONDS))
    is_none = graph.add("Equal", moments, graph.constant(np.array(NOT_A_TIME)))
    nothing = graph.floats(np.nan)
    numbers = [*(graph.as_floats(part.value) for part in (year, month, weekday)), elapsed]
    return [graph.add("Where", is_none, nothing, number) for number in numbers]
