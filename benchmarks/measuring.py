"""Timing contenders in turn, round after round: what else the machine does meets all of them."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from itertools import repeat
from time import perf_counter_ns
from typing import NamedTuple

import numpy as np

from .problem import Contender


class Effort(NamedTuple):
    """How much time a measurement is worth."""

    rounds: int
    timing: float  # seconds that one timing lasts at least, unless a single call takes longer
    share: float  # seconds after which a slow contender has had its say
    starts: int  # new processes for each first call


FULL = Effort(rounds=15, timing=3e-3, share=2.0, starts=5)
QUICK = Effort(rounds=7, timing=2e-3, share=0.2, starts=1)
LEAST_ROUNDS = 3
LONG = 1e8  # nanoseconds: such a call goes through memory that no cache holds


def measure(contenders: Sequence[Contender], effort: Effort) -> dict[str, list[float]]:
    """Nanoseconds of a call of each contender, round by round.

    Each round has an order of its own: whoever comes after a contender that leaves the caches full
    of its memory, or threads that still spin, is not always the same. A contender whose share of
    the time is spent stays out of the later rounds.
    """
    rng = np.random.default_rng(0)
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    spent = dict.fromkeys(times, 0.0)
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        calls = {contender.name: calls_to_time(contender, effort) for contender in contenders}
        for turn in range(effort.rounds):
            for i in rng.permutation(len(contenders)):
                name = contenders[i].name
                if turn >= LEAST_ROUNDS and spent[name] > effort.share:
                    continue
                took = nanoseconds(contenders[i], *calls[name])
                spent[name] += 1e-9 * took * sum(calls[name])
                times[name].append(float(f"{took:.4g}"))
    finally:
        if was_enabled:
            gc.enable()
    return times


def nanoseconds(contender: Contender, calls: int, before: int = 1) -> float:
    """The time of one call, of several in a row; those before them meet the caches for them."""
    with contender.setting():
        call, finish = contender.call, contender.finish
        for _ in repeat(None, before):
            call()
        finish()
        began = perf_counter_ns()
        for _ in repeat(None, calls):
            call()
        finish()
        return (perf_counter_ns() - began) / calls


def calls_to_time(contender: Contender, effort: Effort) -> tuple[int, int]:
    """How many calls last as long as a timing should, and how many to make before them."""
    took = nanoseconds(contender, 1, before=0)
    if took > LONG:
        return 1, 0
    calls = 1
    while took * calls < 1e9 * effort.timing:
        calls *= 2
        took = nanoseconds(contender, calls)
    return calls, 1
