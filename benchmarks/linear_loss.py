"""A linear softmax loss, evaluated beside scikit-learn: ``python -m benchmarks linear-loss``."""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn._loss.loss import HalfMultinomialLoss
from sklearn.linear_model._linear_loss import LinearModelLoss
from threadpoolctl import threadpool_limits

import normexp as nex
from normexp.linear_loss import LinearLoss, operands

from .machine import machine

Array = NDArray[Any]

ROUNDS = 9


class Problem(NamedTuple):
    rows: int
    features: int
    classes: int
    dtype: str
    words: int | None = None  # features of a row that are not 0; None for dense features

    def __str__(self) -> str:
        some = f", {self.words} a row" if self.words else ""
        return f"{self.rows}×{self.features}{some}, {self.classes} classes, {self.dtype}"

    def drawn(self, rng: np.random.Generator) -> Any:
        """Features, of sparse ones some far more often than others."""
        if self.words is None:
            return rng.normal(size=(self.rows, self.features)).astype(self.dtype)
        often = 1 / np.arange(1, self.features + 1)
        which = rng.choice(self.features, (self.rows, self.words), p=often / often.sum())
        ends = np.arange(0, which.size + 1, self.words)
        values = rng.random(which.size).astype(self.dtype)
        x = csr_array((values, which.ravel(), ends), shape=(self.rows, self.features))
        x.sum_duplicates()
        return csr_array((x.data, x.indices.astype(np.int32), x.indptr.astype(np.int32)), x.shape)


# Images, probes on embeddings, tables, and texts.
PROBLEMS = (
    Problem(60_000, 784, 2, "float32"),
    Problem(60_000, 784, 3, "float32"),
    Problem(60_000, 784, 10, "float32"),
    Problem(8_000, 3072, 10, "float32"),
    Problem(100_000, 256, 10, "float32"),
    Problem(400_000, 64, 10, "float32"),
    Problem(20_000, 784, 50, "float32"),
    Problem(20_000, 784, 100, "float32"),
    Problem(60_000, 784, 10, "float64"),
    Problem(100_000, 50_000, 20, "float32", words=50),
    Problem(100_000, 50_000, 20, "float64", words=50),
)


class Timing(NamedTuple):
    """The medians of one problem, in milliseconds, and how far the gradients are apart."""

    problem: str
    ours: float
    products: float
    peer: float
    difference: float


def timed(threads: int) -> list[Timing]:
    """Value and gradient of weight and bias, round by round."""
    found = []
    nex.set_num_threads(threads)
    with threadpool_limits(threads):
        for problem in PROBLEMS:
            works = contenders(problem)
            grads = [work() for work in works]
            apart = float(np.abs(grads[0] - grads[2]).max() / np.abs(grads[2]).max())
            rounds = [[seconds(work) for work in works] for _ in range(ROUNDS)]
            ours, products, peer = (1e3 * median(its) for its in zip(*rounds, strict=True))
            found.append(Timing(str(problem), ours, products, peer, apart))
    return found


def contenders(
    problem: Problem,
) -> tuple[Callable[[], Array], Callable[[], Array], Callable[[], Array]]:
    """The linear loss; the same by two products of NumPy; scikit-learn's."""
    rng = np.random.default_rng(0)
    n, d, classes, dtype, _ = problem
    x = problem.drawn(rng)
    y = rng.integers(0, classes, n)
    weight = (rng.normal(size=(classes, d)) / np.sqrt(d)).astype(dtype)
    bias = np.zeros(classes, dtype)
    loss = nex.CrossEntropy()
    bound = loss.bind(y, classes=classes)
    linear = LinearLoss(bound)
    given = operands(x, weight, bias)

    def ours() -> Array:
        return np.asarray(linear(given, ("weight",)).weight)

    def products() -> Array:
        grad = bound.value_and_grad(x @ weight.T + bias).grad
        return np.asarray(grad.T @ x)

    peer = LinearModelLoss(base_loss=HalfMultinomialLoss(n_classes=classes), fit_intercept=True)
    params = np.asfortranarray(np.column_stack([weight, bias]))
    labels = y.astype(dtype)

    def theirs() -> Array:
        grad = peer.loss_gradient(params, x, labels, sample_weight=None)[1]
        return np.asarray(grad.reshape((classes, -1), order="F")[:, :-1])

    return ours, products, theirs


def seconds(work: Callable[[], Array]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def main(threads: int) -> None:
    its = machine()
    print(f"{its['date']}, {its['processor']}, {threads} threads, load before {its['load']}")
    print(f"{'ms, median of ' + str(ROUNDS):46}{'normexp':>9}{'products':>10}{'sklearn':>9}")
    for row in timed(threads):
        print(
            f"{row.problem:46}{row.ours:9.1f}{row.products:10.1f}{row.peer:9.1f}"
            f"   {row.ours / row.peer:.2f} × sklearn, gradients apart by {row.difference:.0e}",
            flush=True,
        )
