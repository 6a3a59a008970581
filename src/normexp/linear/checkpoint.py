"""Where a long training is, kept in a file, so that one that was killed goes on from there."""

import io
from pathlib import Path
from time import monotonic
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from .. import _check
from .._files import write_files
from .objective import Array
from .solution import Iteration

SECONDS = 30.0


class Checkpoint:
    """A callback that keeps the weights of a training in a file, written whole or not at all.

    A fit that finds the file goes on from its weights, and removes it in the end. What it comes to
    is the optimum up to `tol`, wherever it began. L-BFGS has forgotten its last steps; of a hinge
    the multipliers begin anew.

    Parameters
    ----------
    path : str or Path
    every : float
        Seconds from one writing to the next, at least.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from normexp.linear import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> with TemporaryDirectory() as folder:
    ...     checkpoint = Checkpoint(Path(folder) / "iris.checkpoint")
    ...     model = SoftmaxRegression(callbacks=[checkpoint]).fit(X, y)
    ...     checkpoint.path.exists()
    False
    """

    def __init__(self, path: str | Path, every: float = SECONDS) -> None:
        self.path = Path(path)
        self.every = float(_check.between(every, 0.0, np.inf, "every"))
        self._written = monotonic()

    def __call__(self, state: Iteration) -> None:
        if monotonic() - self._written < self.every:
            return
        content = io.BytesIO()
        np.savez(content, coef=state.coef, intercept=state.intercept)
        write_files({self.path: content.getvalue()})
        self._written = monotonic()

    def begin(self, shape: tuple[int, ...]) -> tuple[Array, Array] | None:
        """The weights, of the shape (classes, features), and the intercept that a training left.

        Raises
        ------
        ValueError
            If the file is damaged, or that of a training of another shape.
        """
        self._written = monotonic()
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                found: dict[str, NDArray[np.float64]] = dict(file)
            coef, intercept = found["coef"], found["intercept"]
        except (BadZipFile, EOFError, KeyError, ValueError) as error:
            raise ValueError(f"{self.path} is no checkpoint, or damaged: {error}") from error
        if coef.shape != shape or intercept.shape != shape[:1]:
            raise ValueError(
                f"{self.path} is the checkpoint of another training: expected weights of shape "
                f"{shape}, got {coef.shape}; remove it to begin anew"
            )
        if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
            raise ValueError(f"{self.path} is damaged: it holds numbers that are not finite")
        return coef, intercept

    def end(self) -> None:
        """The training has ended: nothing is to go on."""
        self.path.unlink(missing_ok=True)
