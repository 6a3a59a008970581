"""Optima of the linear classifiers, and scikit-learn's: ``python -m benchmarks optima``."""

import warnings
from collections.abc import Iterator
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from normexp.linear import BaseLinearClassifier, MulticlassSVM, SoftmaxRegression
from normexp.losses import CrossEntropy, Loss, MulticlassHinge

DATA = {
    "iris": load_iris,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "digits": load_digits,
}
ALPHAS = (1e-1, 1e-3)
TOL = 1e-8


class Comparison(NamedTuple):
    """One problem, solved by normexp and by scikit-learn."""

    problem: str
    objective: float
    peer_objective: float
    iterations: int
    peer_iterations: int
    seconds: float
    peer_seconds: float

    @property
    def difference(self) -> float:
        """How far our objective is above the peer's, relative to it."""
        return (self.objective - self.peer_objective) / self.peer_objective


def comparisons() -> Iterator[Comparison]:
    """Softmax against `LogisticRegression`, Crammer and Singer's SVM against `LinearSVC`."""
    for name, load in DATA.items():
        X, y = load(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        for alpha in ALPHAS:
            strength = 1 / (alpha * len(y))
            rows = 2 if y.max() == 1 else 1  # LogisticRegression has one row for two classes
            yield compare(
                f"softmax, {name}, alpha={alpha:g}",
                SoftmaxRegression(alpha=alpha, tol=TOL),
                LogisticRegression(C=rows * strength, tol=1e-10, max_iter=10_000),
                CrossEntropy(),
                X,
                y,
            )
            yield compare(
                f"SVM, {name}, alpha={alpha:g}",
                MulticlassSVM("crammer-singer", alpha=alpha, fit_intercept=False, tol=TOL),
                LinearSVC(
                    multi_class="crammer_singer",
                    fit_intercept=False,
                    C=strength,
                    tol=1e-10,
                    max_iter=100_000,
                ),
                MulticlassHinge(variant="crammer-singer"),
                X,
                y,
            )


def compare(
    problem: str,
    ours: BaseLinearClassifier,
    peer: Any,
    loss: Loss,
    X: NDArray[np.float64],
    y: NDArray[np.int64],
) -> Comparison:
    """Fit both after one short fit each, so that no compilation is in the seconds."""
    ours.fit(X[::10], y[::10])
    peer.fit(X[::10], y[::10])
    began = perf_counter()
    ours.fit(X, y)
    seconds = perf_counter() - began
    began = perf_counter()
    peer.fit(X, y)
    peer_seconds = perf_counter() - began
    return Comparison(
        problem,
        ours.objective_,
        objective_of(peer, loss, ours.alpha, X, y),
        ours.n_iter_,
        int(np.max(peer.n_iter_)),
        seconds,
        peer_seconds,
    )


def objective_of(
    peer: Any, loss: Loss, alpha: float, X: NDArray[np.float64], y: NDArray[np.int64]
) -> float:
    """Our objective at the weights of a fitted scikit-learn classifier."""
    weight, bias = peer.coef_, np.broadcast_to(peer.intercept_, len(peer.coef_))
    if len(weight) == 1:  # the difference of our two rows, which the penalty makes opposite
        weight, bias = np.vstack([-weight, weight]) / 2, np.array([-bias[0], bias[0]]) / 2
    return float(loss.linear(X, weight, y, bias)) + alpha / 2 * float(np.vdot(weight, weight))


def main() -> None:
    # liblinear ends at max_iter where it cannot reach its tol: its iterations show it.
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{'':38}{'objective':^36}{'iterations':^18}{'seconds':^18}")
    print(
        f"{'':38}{'normexp':>14}{'sklearn':>14}{'differ':>8}"
        f"{'normexp':>9}{'sklearn':>9}{'normexp':>9}{'sklearn':>9}"
    )
    for result in comparisons():
        print(
            f"{result.problem:38}{result.objective:14.10f}{result.peer_objective:14.10f}"
            f"{result.difference:+8.0e}{result.iterations:9}{result.peer_iterations:9}"
            f"{result.seconds:9.3f}{result.peer_seconds:9.3f}",
            flush=True,
        )
