"""The benchmark: every case measured and judged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from importlib.util import find_spec

import numpy as np

from .contenders import absent, contenders
from .machine import machine
from .measuring import FULL, QUICK, Effort, measure
from .problem import Contender, Problem, random_problem
from .results import Benchmark, Row, Timing
from .shapes import FIRST_CALL, WORKS, Case, Shape, select, without_goals
from .starting import starts
from .truth import worst_ulps


def benchmark(
    works: Collection[str],
    shapes: Collection[Shape],
    *,
    quick: bool,
    threads: int,
    device: str,
    track: Callable[[list[Case]], Iterable[Case]],
) -> Benchmark:
    """Measure these works at these shapes, or all; `track` passes each case on as it begins."""
    where = {**machine(), "threads": threads, "device": device_name(device)}
    works = works or (tuple(WORKS) if shapes else (*WORKS, FIRST_CALL))
    effort = QUICK if quick else FULL
    cases, left_out = available(select([work for work in works if work in WORKS], shapes, quick))
    if threads > 1 or device != "cpu":
        cases = without_goals(cases, threads)
    found = list(rows(track(cases), effort, device))
    firsts = starts(effort) if FIRST_CALL in works else []
    return Benchmark(where, found, firsts, left_out)


def rows(cases: Iterable[Case], effort: Effort, device: str = "cpu") -> Iterator[Row]:
    """One case after the other; an array is gone before the next one is made."""
    for case in cases:
        problem = random_problem(case, device)
        everyone = contenders(case, problem)
        ulps = {contender.name: worst_of(contender, case.work, problem) for contender in everyone}
        times = measure(everyone, effort)
        yield Row(case, {name: Timing(rounds, ulps[name]) for name, rounds in times.items()})


@np.errstate(all="ignore")
def worst_of(contender: Contender, work: str, problem: Problem) -> float | None:
    """The error of a contender's result; the call also warms up what it needs."""
    if contender.read is None:
        return None
    with contender.setting():
        return worst_ulps(work, problem, contender.read(contender.call()))


def available(cases: Iterable[Case]) -> tuple[list[Case], list[str]]:
    """The cases whose types exist here, and what is left out, in words."""
    cases = list(cases)
    left_out = [f"{name} is not installed" for name in absent()]
    if find_spec("ml_dtypes") is None and any(case.dtype == "bfloat16" for case in cases):
        left_out.append("ml_dtypes is not installed: there is no bfloat16 without it")
        cases = [case for case in cases if case.dtype != "bfloat16"]
    return cases, left_out


def device_name(device: str) -> str:
    """What a device is called; refuses one that is not there."""
    if device == "cpu":
        return device
    if find_spec("torch") is None:
        raise ValueError("the device cuda is measured through torch, which is not installed")
    import torch

    if not torch.cuda.is_available():
        raise ValueError("torch finds no CUDA device here; normexp itself has no GPU kernels yet")
    return str(torch.cuda.get_device_name())
