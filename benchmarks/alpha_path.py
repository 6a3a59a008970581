"""A path of ten alphas beside one fit at the smallest of them: ``python -m benchmarks path``."""

from collections.abc import Collection, Iterator
from time import perf_counter
from typing import NamedTuple

from normexp.linear import SoftmaxRegression, fit_path

from . import machine
from .linear_data import PROBLEMS, Problem

ALPHAS = 10
L1_RATIOS = (0.0, 1.0)


class Comparison(NamedTuple):
    """The shortest seconds of each, and the iterations."""

    problem: str
    l1_ratio: float
    alpha: float  # the smallest
    path: float
    fit: float
    path_iterations: int
    fit_iterations: int

    @property
    def ratio(self) -> float:
        return self.path / self.fit


def comparisons(problems: Collection[Problem], rounds: int) -> Iterator[Comparison]:
    """Path and fit in turn."""
    for problem in problems:
        X, y = problem.load()
        for l1_ratio in L1_RATIOS:
            classifier = SoftmaxRegression(l1_ratio=l1_ratio)
            seconds: list[tuple[float, float]] = []
            for _ in range(rounds):
                began = perf_counter()
                path = fit_path(classifier, X, y, alphas=ALPHAS)
                between = perf_counter()
                alone = SoftmaxRegression(alpha=path[-1].alpha, l1_ratio=l1_ratio).fit(X, y)
                seconds.append((between - began, perf_counter() - between))
            yield Comparison(
                problem.name,
                l1_ratio,
                alone.alpha,
                min(of_path for of_path, _ in seconds),
                min(of_fit for _, of_fit in seconds),
                sum(model.n_iter_ for model in path),
                alone.n_iter_,
            )


def main(names: Collection[str], rounds: int) -> None:
    where = machine.machine()
    print(f"{where['date']}, {where['processor']}, {where['cores']} cores, load {where['load']}")
    print(f"{'':26}{'':>10}{'smallest':>10}{'seconds':^18}{'':7}{'iterations':^16}")
    print(
        f"{'':26}{'l1_ratio':>10}{'alpha':>10}{'path':>9}{'one fit':>9}{'ratio':>7}"
        f"{'path':>8}{'one fit':>8}"
    )
    problems = [each for each in PROBLEMS if not names or each.key in names]
    for found in comparisons(problems, rounds):
        print(
            f"{found.problem:26}{found.l1_ratio:10}{found.alpha:10.1e}{found.path:9.2f}"
            f"{found.fit:9.2f}{found.ratio:7.2f}{found.path_iterations:8}{found.fit_iterations:8}",
            flush=True,
        )
