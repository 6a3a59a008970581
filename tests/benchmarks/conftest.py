"""Measurements that nobody had to wait for."""

import pytest

from benchmarks.results import Benchmark, Row, Start, Timing
from benchmarks.shapes import CASES, COPY, FAST, FASTER, NORMEXP, SCIPY, TORCH, one_thread

TIMES = {NORMEXP: 2.0, FAST: 1.0, TORCH: 4.0, SCIPY: 20.0, COPY: 0.5}  # ns per element
MACHINE = {
    "date": "2026-11-22T10:00+00:00",
    "processor": "a processor (znver4)",
    "cores": 2,
    "caches": {"L1": 32 << 10, "L3": 32 << 20},
    "system": "a system",
    "load": 0.1,
    "python": "3.11.7",
    "versions": {"normexp": "0.1.0", "torch": "2.13.0"},
    "threads": 1,
    "device": "cpu",
}


def row_of(case):
    """Three rounds, the second slower by a tenth and the third by two."""
    timings = {}
    for name, time in TIMES.items():
        if name == FAST and case.dtype not in FASTER:
            continue
        rounds = [time * case.elements * slower for slower in (1.0, 1.1, 1.2)]
        timings[name] = Timing(rounds, None if name == COPY else 0.5)
        if case.scales and name in (NORMEXP, FAST):
            timings[one_thread(name)] = timings[name]
    return Row(case, timings)


@pytest.fixture
def benchmark():
    starts = [
        Start("normexp softmax, empty cache", 0.1, 1.9, 1.5),
        Start("normexp softmax, warm cache", 0.1, 0.2, 0.3),
        Start("torch softmax", 1.1, 0.01),
    ]
    rows = [row_of(case) for case in CASES]
    return Benchmark(MACHINE, rows, starts, ["jax is not installed"])
