"""What linear classifiers are timed on: small real tables, and the shapes that large ones have."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

Array = NDArray[np.float64]
Data = tuple[Array, NDArray[np.int64]]


class Problem(NamedTuple):
    """Data with what is made of them, and the penalty."""

    name: str
    load: Callable[[], Data]
    alpha: float = 1e-3

    @property
    def key(self) -> str:
        """The first word of its name."""
        return self.name.partition(" ")[0]


def iris() -> Data:
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def wine() -> Data:
    X, y = load_wine(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def digits() -> Data:
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def images() -> Data:
    """3000 colour images of 32×32: a smooth field for each class, under smooth noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(10, size=3000)
    noise = fields(rng, 3000, 32, 4) + 0.5 * fields(rng, 3000, 32, 1.5)
    noise = noise + 0.05 * rng.normal(size=noise.shape)
    pixels = 0.5 + 0.2 * (0.35 * fields(rng, 10, 32, 4)[labels] + noise)
    return np.clip(pixels, 0, 1).reshape(3000, -1), labels


def fields(rng: np.random.Generator, count: int, size: int, width: float) -> Array:
    """Smooth colours on squares of so many pixels a side, most of it common to the three."""
    smooth = gaussian_filter(rng.normal(size=(count, size, size, 3)), (0, width, width, 0))
    smooth /= smooth.std()
    return np.asarray(0.4 * smooth + 0.8 * smooth.mean(axis=-1, keepdims=True))


def correlated() -> Data:
    """20000 smooth fields of 28×28, cut at 0, with classes of a smooth linear map."""
    rng = np.random.default_rng(0)
    smooth = gaussian_filter(rng.normal(size=(20000, 28, 28)), (0, 2.0, 2.0))
    smooth /= smooth.std()
    X = np.maximum(smooth + 0.1 * rng.normal(size=smooth.shape), 0).reshape(20000, -1)
    weight = gaussian_filter(rng.normal(size=(10, 28, 28)), (0, 1.0, 1.0)).reshape(10, -1)
    logits = (X - X.mean(axis=0)) @ weight.T
    return X, drawn(4 * logits / logits.std(), rng)


def embeddings() -> Data:
    """30000 embeddings of 256 numbers, most of whose variance lies in few directions."""
    rng = np.random.default_rng(0)
    strengths = np.logspace(0, -1.5, 100)
    X = rng.normal(size=(30000, 100)) * strengths @ rng.normal(size=(100, 256))
    X += 0.05 * rng.normal(size=X.shape)
    return X, drawn(0.15 * X @ rng.normal(size=(256, 20)), rng)


def table() -> Data:
    """100000 rows of ten skewed measurements and two categories, one of four, one of forty."""
    rng = np.random.default_rng(0)
    numbers, kinds = measurements(rng, 100_000)
    areas = np.eye(4)[rng.choice(4, size=100_000, p=[0.45, 0.4, 0.1, 0.05])]
    X = np.hstack([numbers, areas, kinds])
    return X, drawn(rarely(X, rng), rng)


def measurements(rng: np.random.Generator, rows: int) -> tuple[Array, Array]:
    """Ten skewed, correlated numbers, standardised, and a category of forty, some of them rare."""
    numbers = np.exp(rng.normal(size=(rows, 10)) * rng.uniform(0.3, 1.5, 10))
    numbers[:, 1] += 0.9 * numbers[:, 0]
    numbers[:, 2] += 2 * numbers[:, 0]
    zipf = 1 / np.arange(1, 41) ** 1.3
    kinds = np.eye(40)[rng.choice(40, size=rows, p=zipf / zipf.sum())]
    return StandardScaler().fit_transform(numbers), kinds


def rarely(X: Array, rng: np.random.Generator) -> Array:
    """Logits of seven classes, most of them rare, of ten numbers and of categories."""
    categories = X.shape[1] - 10
    weight = rng.normal(size=(X.shape[1], 7)) * np.repeat([0.8, 1.5], [10, categories])[:, None]
    return np.asarray(X @ weight + np.log([0.36, 0.49, 0.06, 0.005, 0.02, 0.03, 0.035]))


def drawn(logits: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Classes drawn with the softmax of logits."""
    return np.asarray((logits + rng.gumbel(size=logits.shape)).argmax(axis=1))


PROBLEMS = [
    Problem("iris 150×4×3", iris),
    Problem("wine 178×13×3", wine),
    Problem("digits 1797×64×10", digits),
    Problem("images 3000×3072×10", images),
    Problem("correlated 20000×784×10", correlated),
    Problem("embeddings 30000×256×20", embeddings),
    Problem("table 100000×54×7", table),
]
