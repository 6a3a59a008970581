"""What a benchmark found, as plain values: times, ratios, errors and whether the goals are met."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any, NamedTuple

from . import checking
from .shapes import Case, Goal, most_ulps


class Timing(NamedTuple):
    """What one contender took, and how wrong it was."""

    rounds: list[float]  # nanoseconds of a call
    ulp: float | None

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def quartiles(self) -> tuple[float, float]:
        lower, _, upper = statistics.quantiles(self.rounds, n=4, method="inclusive")
        return lower, upper


class Verdict(NamedTuple):
    """A goal beside what was measured; None where one of the two was not."""

    goal: Goal
    ratio: float | None

    @property
    def is_met(self) -> bool | None:
        return None if self.ratio is None else self.ratio >= self.goal.ratio


class Row(NamedTuple):
    """One case, with the timings of everyone who took part."""

    case: Case
    timings: dict[str, Timing]

    def ratio(self, ours: str, peer: str) -> float | None:
        """How many times as long the peer takes: the median of what each round says."""
        if ours not in self.timings or peer not in self.timings:
            return None
        pairs = zip(self.timings[ours].rounds, self.timings[peer].rounds, strict=False)
        return statistics.median(theirs / our for our, theirs in pairs)

    def errors(self) -> list[tuple[str, float, float]]:
        """Ours by name, with the error in ULP and the largest that is allowed."""
        found = []
        for name, timing in self.timings.items():
            limit = most_ulps(name, self.case.dtype)
            if limit is not None and timing.ulp is not None:
                found.append((name, timing.ulp, limit))
        return found

    def verdicts(self, cache: int | None) -> list[Verdict]:
        """The goals that hold for this case, beside an L3 of so many bytes."""
        goals = (goal for goal in self.case.goals if goal.applies(self.case.bytes, cache))
        return [Verdict(goal, self.ratio(goal.ours, goal.peer)) for goal in goals]


class Start(NamedTuple):
    """The first call in a new process: medians of seconds, and the goal for the call."""

    name: str
    import_seconds: float
    call_seconds: float
    goal: float | None = None

    @property
    def is_met(self) -> bool | None:
        return None if self.goal is None else self.call_seconds <= self.goal


class Benchmark(NamedTuple):
    """All that one run found, and where."""

    machine: dict[str, Any]
    rows: list[Row]
    starts: list[Start]
    left_out: list[str]  # what is missing here, in words

    @property
    def cache(self) -> int | None:
        """The bytes of the L3 cache."""
        size: int | None = self.machine["caches"].get("L3")
        return size

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` reads them back."""
        return {
            "machine": self.machine,
            "left_out": self.left_out,
            "rows": [_row_to_dict(row, self.cache) for row in self.rows],
            "starts": [start._asdict() for start in self.starts],
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Benchmark:
        rows = [_row_from_dict(row) for row in plain["rows"]]
        starts = [Start(**start) for start in plain["starts"]]
        return cls(plain["machine"], rows, starts, plain["left_out"])


def read(path: Path) -> Benchmark:
    """The benchmark in a JSON file."""
    from normexp.data.opening import read_bytes  # with which come the libraries of tables

    content = read_bytes(path)
    try:
        plain = json.loads(content)
        checking.benchmark(plain, "")
        return Benchmark.from_dict(plain)
    except (ValueError, TypeError, RecursionError) as error:
        reason = "it is too deep" if isinstance(error, RecursionError) else error
        raise ValueError(
            f"{path}: expected what `python -m benchmarks speed -o` writes: {reason}"
        ) from None


def _row_to_dict(row: Row, cache: int | None) -> dict[str, Any]:
    case = row.case
    return {
        "case": {**case._asdict(), "goals": [goal._asdict() for goal in case.goals]},
        "timings": {
            name: {
                "ns_per_element": timing.median / case.elements,
                "quartiles": [quartile / case.elements for quartile in timing.quartiles],
                "ulp": timing.ulp,
                "rounds": timing.rounds,
            }
            for name, timing in row.timings.items()
        },
        "verdicts": [
            {
                "ours": verdict.goal.ours,
                "peer": verdict.goal.peer,
                "ratio": verdict.ratio,
                "goal": verdict.goal.ratio,
                "is_met": verdict.is_met,
            }
            for verdict in row.verdicts(cache)
        ],
    }


def _row_from_dict(plain: dict[str, Any]) -> Row:
    """Only what was measured is read; what follows from it is worked out again."""
    case = plain["case"]
    goals = tuple(Goal(**goal) for goal in case["goals"])
    timings = {
        name: Timing(timing["rounds"], None if timing["ulp"] is None else float(timing["ulp"]))
        for name, timing in plain["timings"].items()
    }
    return Row(Case(**{**case, "shape": tuple(case["shape"]), "goals": goals}), timings)
