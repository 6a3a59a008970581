"""Whether plain values are what `python -m benchmarks speed -o` writes, field by field."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Container
from typing import Any

from .shapes import COPY, WORKS

Check = Callable[[Any, str], None]  # of a value, and of where it stands for the error

TYPES = ("float16", "bfloat16", "float32", "float64")


def value(is_right: Callable[[Any], bool]) -> Check:
    """A value of which something holds."""

    def check(found: Any, where: str) -> None:
        if not is_right(found):
            raise ValueError(f"{where or 'all of it'} is {reprlib.repr(found)}")

    return check


def fields(**checks: Check) -> Check:
    """A dict with these keys, and perhaps more."""

    def check(found: Any, where: str) -> None:
        value(lambda each: isinstance(each, dict))(found, where)
        for name, inner in checks.items():
            inner(found.get(name), f"{where}.{name}".lstrip("."))

    return check


def items(inner: Check, least: int = 0) -> Check:
    """A list of so many or more."""

    def check(found: Any, where: str) -> None:
        value(lambda each: isinstance(each, list) and len(each) >= least)(found, where)
        for place, each in enumerate(found):
            inner(each, f"{where}[{place}]")

    return check


def named(inner: Check) -> Check:
    """A dict of texts to values of one kind."""

    def check(found: Any, where: str) -> None:
        value(lambda each: isinstance(each, dict))(found, where)
        for name, each in found.items():
            inner(each, f"{where}.{name}")

    return check


def both(*checks: Check) -> Check:
    def check(found: Any, where: str) -> None:
        for each in checks:
            each(found, where)

    return check


def one_of(known: Container[str]) -> Check:
    return value(lambda found: isinstance(found, str) and found in known)


def is_number(found: Any) -> bool:
    """A finite number, no boolean, and no integer beyond what floats hold."""
    return type(found) in (int, float) and abs(found) <= 1e300


text = value(lambda found: isinstance(found, str))
positive = value(lambda found: is_number(found) and found > 0)
size = value(lambda found: type(found) is int and 0 < found < 2**60)
seconds = value(lambda found: is_number(found) and found >= 0)
ulp = value(lambda found: found in (None, "inf", "nan") or (is_number(found) and found >= 0))

goal = fields(
    ours=text, peer=text, ratio=positive, beyond_cache=value(lambda found: found in (None, 0, 1))
)
case = fields(
    group=text,
    work=one_of(WORKS),
    shape=items(size, least=1),
    dtype=one_of(("float16", "bfloat16", "float32", "float64")),
    axis=value(lambda found: type(found) is int),
    threads=size,
    goals=items(goal),
)
timings = both(
    named(fields(rounds=items(positive, least=2), ulp=ulp)),
    value(lambda found: any(name != COPY for name in found)),
)
machine = fields(
    **dict.fromkeys(("date", "processor", "system", "python", "device"), text),
    caches=named(size),
    versions=named(text),
    threads=size,
    cores=value(lambda found: found is None or type(found) is int),
    load=value(lambda found: found is None or is_number(found)),
)
start = fields(
    name=text,
    import_seconds=seconds,
    call_seconds=seconds,
    goal=value(lambda found: found is None or is_number(found)),
)
benchmark = fields(
    machine=machine,
    rows=items(fields(case=case, timings=timings)),
    starts=items(start),
    left_out=items(text),
)
