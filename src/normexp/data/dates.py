"""Dates, as files write them and as numbers that a linear model can weigh."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

# A day as a file may write it. Where month and day cannot be told apart, the first that fits is
# meant, as in pandas: the month first.
ISO = "%Y-%m-%d"
DAYS = (
    *(ISO, "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y"),
    *("%d %b %Y", "%d-%b-%Y", "%b %d, %Y"),
)
# What all of them look like, at first sight.
DATED = (
    r"^[0-9]{4}[-/][0-9]|^[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2}"
    r"|^[0-9]{1,2}[ -][A-Za-z]{3,}[ -][0-9]{2}|^[A-Za-z]{3,} [0-9]{1,2}, [0-9]{2}"
)
# Those of them whose year may be of any century.
TWO_DIGITS = r"^(?:[0-9]{1,2}[./ -]|[A-Za-z])[^:]*[./ -][0-9]{2}(?:[ T]|$)"
# A day whose year has four digits: %Y would take 20 for the year 20.
FOUR_DIGITS = r"^(?:[0-9]{4}[-/]|[^:]*[-/. ][0-9]{4}(?:[ T]|$))"
# How a date was read that could be another.
ORDERS = {
    "%m/%d/%Y": "month-first",
    "%d/%m/%Y": "day-first",
    "%m-%d-%Y": "month-first",
    "%d-%m-%Y": "day-first",
}
TIMES = ("", " %H:%M:%S%.f", " %H:%M", "T%H:%M:%S%.f", "T%H:%M")
ZONED = ("%:z", " %:z", "Z")

PARTS = ("year", "month", "day of the week", "days since {first}")


def read_dates(cells: pl.Series, day: str) -> pl.Series:
    """The moments that texts stand for, in UTC, null for a text that is none.

    A year has four digits: which century ``24.12.26`` lies in, it does not say.

    >>> read_dates(pl.Series(["24.12.2026", "24.12.2026 18:30", "soon"]), "%d.%m.%Y").to_list()
    [datetime.datetime(2026, 12, 24, 0, 0), datetime.datetime(2026, 12, 24, 18, 30), None]
    """
    cells = cells.set(~cells.str.contains(FOUR_DIGITS), None)
    moments = pl.Series([None], dtype=pl.Datetime("us")).new_from_index(0, len(cells))
    for form in _forms(day):
        unread = moments.is_null() & cells.is_not_null()
        if not unread.any():
            break
        read = cells.str.to_datetime(form, time_unit="us", strict=False, ambiguous="earliest")
        moments = moments.zip_with(~unread, naive(read))
    return moments


def naive(dates: pl.Series) -> pl.Series:
    """Dates or moments of any type as moments in UTC, without saying so."""
    dtype = dates.dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        dates = dates.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return dates.cast(pl.Datetime("us"))


def parts_of(dates: pl.Series, first: str) -> list[pl.Series]:
    """Year, month, day of the week (Monday is 1), and the days since a first one.

    >>> moments = pl.Series("day", ["2026-11-26 12:00"]).str.to_datetime()
    >>> [float(part[0]) for part in parts_of(moments, "2026-11-25")]
    [2026.0, 11.0, 4.0, 1.5]
    """
    since = (dates - pl.Series([first]).str.to_datetime("%Y-%m-%d")).dt.total_microseconds()
    numbers = (dates.dt.year(), dates.dt.month(), dates.dt.weekday(), since / 86_400_000_000)
    return [
        part.cast(pl.Float64).alias(name)
        for part, name in zip(numbers, part_names(dates.name, first), strict=True)
    ]


def part_names(name: str, first: str) -> list[str]:
    """What the parts of the dates in column `name` are called."""
    return [f"{name} ({part.format(first=first)})" for part in PARTS]


def _forms(day: str) -> Iterator[str]:
    for time in TIMES:
        yield day + time
        yield from (f"{day}{time}{zone}" for zone in ZONED if time)
