"""The contract that every back end keeps: what it is given, and the functions that it has.

A back end is a module of functions on rows of logits; there is no class and no registry. `BackEnd`
says what they are called and what they mean, `reference.py` says it in formulas, and the tests in
`tests/contract/` hold every back end to both.

**Rows** come as an array of shape (rows, classes), or (outer, classes, inner) where the classes
stand on an axis in the middle; row r is then [r // inner, :, r % inner]. Whatever has one entry for
each row is a flat array in that order. What is absent (a mask, smoothing, a gradient that nobody
wants) is an empty array, so that a compiled kernel meets one type for each storage type.

**Results** are returned, in the type of the logits where they have their shape, in float64 where
they have an entry for each row. An array to put them into is a courtesy of the back ends that can.

**Parts.** All a row needs to know about a part of its classes is a `Summary`, and two of them make
that of both. From a part of the logits and the summary of the whole row follow the probabilities of
that part, the terms of its cross-entropy and their gradient. Blocks of a long row, tiles of a
linear loss, shards of a vocabulary and chunks of a stream are all parts. What takes whole rows at
once is there for speed, and equals the parts put together.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NO_MASK: NDArray[np.bool_] = np.empty((0, 0), np.bool_)
NOTHING: NDArray[np.float64] = np.empty(0)
PADDING = 8  # columns: whole cache lines of float64


# The losses that can be computed between the two products of a linear map, of class ids without
# smoothing and norm.
BETWEEN_PRODUCTS = ("cross_entropy", "weston_watkins", "crammer_singer", "squared_error")


class Linear(NamedTuple):
    """A linear map with few outputs: ``features @ weight.T + bias``, and its gradients so far.

    The numbers of a row of features are neighbours; weight and bias are of their type.
    """

    features: Array  # (rows, inputs)
    weight: Array  # (outputs, inputs)
    bias: Array
    total: NDArray[np.float64]  # of the weight's gradient,
    sums: NDArray[np.float64]  # and of the bias's
    tile: int  # rows whose logits, losses and gradients are computed in turn


class Logits(NamedTuple):
    """The scores of every row, and what is done to them before anything else.

    A class that is False in `where` does not exist for that row. A logit z is read as
    z / temperature, with a cap c as c · tanh(z / c) / temperature; a cap leaves an infinite logit
    as it is, so that what is impossible stays so.

    With a linear map they are yet to be computed: a loss of `BETWEEN_PRODUCTS` puts them into
    `values`, and adds what its gradient makes to the gradients of the map.
    """

    values: Array
    where: NDArray[np.bool_] = NO_MASK
    temperature: float = 1.0
    softcap: float | None = None
    of: Linear | None = None

    def as_they_are(self) -> "Logits":
        """These, for a kernel that reads no temperature and no cap: none may have been set."""
        if self.temperature != 1.0 or self.softcap is not None:
            raise ValueError(
                "logits must be read as they are, without temperature and softcap, "
                f"got {self.temperature} and {self.softcap}"
            )
        return self


class SparseRows(NamedTuple):
    """Rows of which most numbers are 0: row r has those from ``starts[r]`` to ``starts[r + 1]``.

    Each is one of `values` in the column that `indices` tells, which is not looked at again.
    """

    values: Array
    indices: NDArray[np.signedinteger[Any]]
    starts: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Of their numbers."""
        return int(self.starts[-1] - self.starts[0])


class Target(NamedTuple):
    """What each row should be, and how much it counts.

    `classes` holds a class id for each row (flat; −1 ignores the row), or a mass for every class in
    the shape of the logits. A class id is the mass 1 on that class. The target mass of class k in
    row r is

        t_k = class_weight[k] · (weight[r] · mass[r, k] + smoothing[r])

    and the cross-entropy of the row is Σ_k t_k · (−log p_k) + norm[r] · logsumexp². Without class
    weights each is 1. A row of which nothing counts (its coefficients are 0, or for a class id the
    weight of its class) is ignored whatever it holds.
    """

    classes: Array
    weight: NDArray[np.float64]
    smoothing: NDArray[np.float64] = NOTHING
    norm: NDArray[np.float64] = NOTHING
    class_weight: NDArray[np.float64] = NOTHING

    def rows(self, part: slice) -> "Target":
        """The target of some of the rows."""
        return self._replace(
            classes=self.classes[part],
            weight=self.weight[part],
            smoothing=self.smoothing[part],
            norm=self.norm[part],
        )


class Summary(NamedTuple):
    """What a row, or a part of it, is to the rest of it: an entry for each row.

        logsumexp = top / temperature + log1p(rest)

    `top` is the largest logit, before the temperature divides it: one of the logits, so that
    nothing is lost to its rounding. `rest` is the sum of exp((z_j − top) / temperature) over every
    class but one that attains the maximum: never negative, and −1 for a part without a class, whose
    sum of exponentials, 1 + rest, is 0. Where `top` is infinite the classes that attain it count 1
    each. A NaN among the logits makes `rest` NaN.
    """

    top: NDArray[np.float64]
    rest: NDArray[np.float64]
    temperature: float = 1.0

    def rows(self, part: slice) -> "Summary":
        """The summary of some of the rows."""
        return self._replace(top=self.top[part], rest=self.rest[part])


class Mass(NamedTuple):
    """The target's mass of a row, or of a part of it, Σ_k t_k = top + rest: an entry for each row.

    `top` is the largest t_k, `rest` the sum of the others, so that Σ_j≠k t_j keeps its digits.
    Without a class both are 0.
    """

    top: NDArray[np.float64]
    rest: NDArray[np.float64]

    def rows(self, part: slice) -> "Mass":
        """The mass of some of the rows."""
        return Mass(self.top[part], self.rest[part])


def no_gradient(rows: Array) -> Array:
    """What is passed as the gradient of these rows where only the value is wanted."""
    return np.empty((0,) * rows.ndim, rows.dtype)


class BackEnd(Protocol):
    """The functions of a back end.

    `loss` and `grad` are where a loss and its gradient are put, new arrays for None; a gradient of
    `no_gradient` is not computed. `first` is the class of the whole row that a part begins with:
    class ids and `class_weight` are those of the whole row, masses and logits those of the part.
    """

    # Of whole rows, in one pass.

    def softmax(self, logits: Logits, out: Array | None = None) -> Array:
        """p_k = exp(z_k) / Σ_j exp(z_j)."""

    def log_softmax(self, logits: Logits, out: Array | None = None) -> Array:
        """log p_k."""

    def logsumexp(self, logits: Logits, out: Array | None = None) -> Array:
        """log Σ_k exp(z_k); without a temperature to the last digits also close to 0."""

    def signed_logsumexp(
        self, values: Array, factors: Array, out: Array, signs: Array
    ) -> tuple[Array, Array]:
        """log |Σ_k b_k · exp(z_k)| and the sign of the sum."""

    def cross_entropy(
        self, logits: Logits, target: Target, loss: Array | None = None, grad: Array | None = None
    ) -> tuple[Array, Array]:
        """Σ_k t_k · (−log p_k) + norm · logsumexp² of each row, for any target."""

    def log_loss(
        self,
        probabilities: Logits,
        target: Target,
        loss: Array | None = None,
        grad: Array | None = None,
    ) -> tuple[Array, Array]:
        """Σ_k t_k · (−log p_k) of probabilities, as they are."""

    def weston_watkins(
        self,
        logits: Logits,
        target: Target,
        margin: float,
        squared: bool,
        loss: Array | None = None,
        grad: Array | None = None,
    ) -> tuple[Array, Array]:
        """Σ_{j ≠ y} max(0, margin + z_j − z_y), or of the squares; of logits as they are."""

    def crammer_singer(
        self,
        logits: Logits,
        target: Target,
        margin: float,
        squared: bool,
        loss: Array | None = None,
        grad: Array | None = None,
    ) -> tuple[Array, Array]:
        """max(0, margin + max_{j ≠ y} z_j − z_y), or its square; of logits as they are."""

    def focal(
        self,
        logits: Logits,
        target: Target,
        gamma: float,
        loss: Array | None = None,
        grad: Array | None = None,
    ) -> tuple[Array, Array]:
        """(1 − p_y)^gamma · (−log p_y) of class ids, times weight and class weight."""

    def squared_error(
        self, logits: Logits, target: Target, loss: Array | None = None, grad: Array | None = None
    ) -> tuple[Array, Array]:
        """Σ_k (z_k − t_k)², of logits as they are."""

    def brier(
        self, logits: Logits, target: Target, loss: Array | None = None, grad: Array | None = None
    ) -> tuple[Array, Array]:
        """Σ_k (p_k − t_k)²."""

    # Element by element, of flat arrays.

    def sigmoid(self, x: Array, out: Array | None = None) -> Array:
        """1 / (1 + exp(−x))."""

    def log_sigmoid(self, x: Array, out: Array | None = None) -> Array:
        """−log(1 + exp(−x))."""

    def binary_cross_entropy(
        self,
        z: Array,
        target: Array,
        positive: float,
        weight: Array,
        loss: Array | None = None,
        grad: Array | None = None,
    ) -> tuple[Array, Array]:
        """weight · [positive · t · softplus(−z) + (1 − t) · softplus(z)]."""

    def binary_log_loss(
        self,
        p: Array,
        target: Array,
        positive: float,
        weight: Array,
        loss: Array | None = None,
        grad: Array | None = None,
    ) -> tuple[Array, Array]:
        """weight · [−positive · t · log p − (1 − t) · log(1 − p)]."""

    # Of a part of the classes.

    def summarise(self, logits: Logits) -> Summary:
        """Of the classes that are given; without one, what changes nothing when it is merged."""

    def merge(self, a: Summary, b: Summary) -> Summary:
        """Of the classes of both: associative, and in any order."""

    def logsumexp_of(self, summary: Summary) -> Array:
        """top / temperature + log1p(rest), which cancels where it is close to 0."""

    def probabilities(self, logits: Logits, summary: Summary, out: Array | None = None) -> Array:
        """p_k of a part, given the summary of the whole row."""

    def log_probabilities(
        self, logits: Logits, summary: Summary, out: Array | None = None
    ) -> Array:
        """log p_k of a part, given the summary of the whole row."""

    def target_mass(self, logits: Logits, target: Target, first: int = 0) -> Mass:
        """The target's mass of a part."""

    def merge_masses(self, a: Mass, b: Mass) -> Mass:
        """Of the classes of both."""

    def cross_entropy_of_part(
        self,
        logits: Logits,
        target: Target,
        summary: Summary,
        mass: Mass,
        first: int = 0,
        loss: Array | None = None,
        grad: Array | None = None,
    ) -> tuple[Array, Array]:
        """The terms Σ_k t_k · (−log p_k) of a part, and their gradient, given the summary and the
        target's mass of the whole row.

        norm · logsumexp² belongs to no class: it is with the terms of the part that has class 0.
        The terms of all parts add up to the loss.
        """

    # Of a linear map with few outputs: x is (rows, inputs), weight and total (outputs, inputs).

    def linear(self, x: Array, weight: Array, bias: Array, out: Array) -> Array:
        """out_rk = bias_k + Σ_j x_rj · weight_kj."""

    def add_outer(self, grad: Array, x: Array, total: Array) -> Array:
        """total_kj += Σ_r grad_rk · x_rj; the total is of float64."""

    # Likewise of sparse rows, with any number of outputs. Here weight and total are (inputs, padded
    # outputs): what is beyond the outputs fills the columns up to a multiple of PADDING, and may
    # hold anything that is no obstacle to arithmetic. x is of the type of the weight or narrower.

    def sparse_linear(self, weight: Array, x: SparseRows, out: Array) -> Array:
        """out_rk = Σ_j x_rj · weight_jk."""

    def add_sparse_outer(self, grad: Array, x: SparseRows, total: Array) -> Array:
        """total_jk += Σ_r x_rj · grad_rk; the total is of float64."""

    # The second derivative: the product of each row's own Hessian with a vector, which has the
    # shape and type of the logits. Where a loss has a kink it is 0, and NaN where its gradient is.

    def cross_entropy_hessian_product(
        self, logits: Logits, target: Target, vector: Array, out: Array | None = None
    ) -> Array:
        """T · p_k · (v_k − Σ_j p_j · v_j), with T = Σ t, and what norm, temperature and cap add."""

    def log_loss_hessian_product(
        self, probabilities: Logits, target: Target, vector: Array, out: Array | None = None
    ) -> Array:
        """t_k / p_k² · v_k."""

    def weston_watkins_hessian_product(
        self,
        logits: Logits,
        target: Target,
        margin: float,
        squared: bool,
        vector: Array,
        out: Array | None = None,
    ) -> Array:
        """2 · (v_j − v_y) at each violated rival j, less their sum at y; of the plain loss 0."""

    def crammer_singer_hessian_product(
        self,
        logits: Logits,
        target: Target,
        margin: float,
        squared: bool,
        vector: Array,
        out: Array | None = None,
    ) -> Array:
        """The same for the one rival that counts."""

    def focal_hessian_product(
        self,
        logits: Logits,
        target: Target,
        gamma: float,
        vector: Array,
        out: Array | None = None,
    ) -> Array:
        """F″ · g · (g·v) + F′ · p ∘ (v − p·v), with g = p − δ_y, F = (1 − exp(−ℓ))^gamma · ℓ."""

    def squared_error_hessian_product(
        self, logits: Logits, target: Target, vector: Array, out: Array | None = None
    ) -> Array:
        """2 · v_k."""

    def brier_hessian_product(
        self, logits: Logits, target: Target, vector: Array, out: Array | None = None
    ) -> Array:
        """2 · [J(q) + q ∘ (g − p·g) − p · (q·g)]; g = p − t, J(a) = p ∘ (a − p·a), q = J(v)."""

    def binary_cross_entropy_hessian_product(
        self,
        z: Array,
        target: Array,
        positive: float,
        weight: Array,
        vector: Array,
        out: Array | None = None,
    ) -> Array:
        """weight · [positive · t + (1 − t)] · σ(z) · σ(−z) · v."""

    def binary_log_loss_hessian_product(
        self,
        p: Array,
        target: Array,
        positive: float,
        weight: Array,
        vector: Array,
        out: Array | None = None,
    ) -> Array:
        """weight · [positive · t / p² + (1 − t) / (1 − p)²] · v."""
