"""The linear classifier of any loss."""

from collections.abc import Mapping, Sequence
from typing import Any

from .._defaults import ALPHA, MAX_ITER, TOL
from ..losses import RowLoss, loss_named
from .base import BaseLinearClassifier
from .solution import Callback


class LinearClassifier(BaseLinearClassifier):
    """A linear classifier: logits ``z = W x + b``, a loss of them, and a penalty on W.

    Minimises, over weights W of shape (classes, features) and an intercept b that is not penalised,

        F(W, b) = (1 / Σ_i s_i) · Σ_i s_i · loss(W x_i + b, y_i)
                  + alpha · [l1_ratio · Σ|W| + (1 − l1_ratio)/2 · ‖W‖²]

    where ``s_i = sample_weight[i] · class_weight[y_i]``. With soft labels, which `fit` takes for
    losses of probabilities, y_i is a share of every class.

    Hinges are minimised by coordinate ascent on their dual or, where that is slow, by the method of
    multipliers; other losses by L-BFGS in the coordinates of centred features, whose first matrix
    is made of their covariance and of the mean curvature of the loss, or by Newton's method;
    squared error on logits by its normal equations; with an L1 norm by proximal Newton steps. Each
    stops on a bound of what is left to gain, `gap_`, rather than on a number of passes.

    Features of float32 or float64 stay what and where they are, be it in a file that is mapped into
    memory (`numpy.memmap`); others become float64. What is computed with them is float64, some rows
    at a time. So a fit takes little memory beside the features: some MB, some 60 times the weights,
    a few matrices of up to 1500 features squared (4000 for squared error on logits), with an L1
    norm one of up to 2000 weights squared and a fifth of the features, and for each row some
    numbers, of a hinge or with an L1 norm some for each class. Only where a hinge gets an array
    that has its columns side by side (``order="F"``) it copies that. The weights come in the type
    of the features.

    Parameters
    ----------
    loss : str or loss
        "softmax", "focal", "svm", "svm-crammer-singer", "svm-squared", "squared-error", "brier": a
        name in `normexp.losses.LOSSES`, or a loss of rows with options, such as a `CrossEntropy`
        or one of your own. Reduction, normalizer, axis and ignore_index of a loss have no part
        here.
    alpha : float
        Strength of the penalty, ≥ 0 (> 0 for a hinge). In terms of scikit-learn's C, for n
        samples of weight 1: ``alpha = 1 / (C · n)`` gives the same optimum as `LogisticRegression`
        with three classes or more, and as ``LinearSVC(multi_class="crammer_singer")`` without
        intercepts. With two classes `LogisticRegression` has one row of weights for our two:
        ``alpha = 2 / (C · n)``.
    l1_ratio : float
        The share of the L1 norm in the penalty, 0 to 1; above 0 weights that matter little are
        exactly 0. For smooth losses only, of which a hinge is none here. As that of
        `LogisticRegression`, with the alpha above; with two classes, for its C and its l1_ratio r,
        ``alpha = (2 − r) / (C · n)`` and ``l1_ratio = r / (2 − r)``.
    fit_intercept : bool
    class_weight : mapping of class to weight, "balanced" or None
        "balanced" gives every class the same total weight.
    max_iter : int
        Iterations of L-BFGS or Newton's method; for a hinge, evaluations with all samples.
    tol : float
        The training ends when ``gap_ ≤ tol``.
    warm_start : bool
        Start from the weights of the last fit, if there was one.
    verbose : int
        Above 0: print a line for each iteration.
    callbacks : sequence of callables, optional
        Called with an `Iteration` after each iteration. One that returns true ends the training.
    solver : {"auto", "lbfgs", "dual"}
        "auto" takes what is quickest: for a hinge "dual"; for squared error on logits its normal
        equations; for other losses Newton's method where there are few parameters, or "lbfgs",
        which takes a smooth hinge as well. With an L1 norm there is "auto" alone.

    Attributes
    ----------
    loss_ : RowLoss
        The loss that `loss` stands for.
    classes_ : ndarray of shape (classes,)
    coef_ : ndarray of shape (classes, features)
        Also for two classes, a row each.
    intercept_ : ndarray of shape (classes,)
        Zeros without `fit_intercept`. A constant added to all of it changes no prediction of
        softmax or hinge.
    temperature_ : float
        What `predict_proba` divides the logits by: 1 until `calibrate` finds another.
    objective_ : float
        F at `coef_` and `intercept_`, before they were rounded to the type of the features.
    gap_ : float
        Upper bound on ``(objective_ - min F) / objective_``. For hinges, and for cross-entropy with
        an L1 norm, a true duality gap. For other convex losses it follows from the gradient and the
        penalty, up to an assumption on the logits at the mean of the features: that the best ones
        are no further from these than the larger of 1 and their norm; with an L1 norm up to another
        one, that the loss is never negative. Where the loss is not known to be convex
        (`is_convex`), as `Focal`, softcap, z_loss and ``SquaredError(on="probabilities")`` are not,
        a small gap says that the point is stationary, not that no other is lower. With ``alpha=0``
        it is the square of the gradient's largest entry.
    n_iter_ : int
    result_ : str
        In words, how the training ended, how far from the minimum it may be, and what to do if
        that is too far.
    solver_ : str
        Which solver it was, in words, and where there was a choice, why.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, for features with names

    Raises
    ------
    TypeError, ValueError
        By `fit`, for a parameter of the wrong type or range, or data that it cannot use.

    Warns
    -----
    ConvergenceWarning
        If the training ends with ``gap_ > tol``, unless a callback ended it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import normexp as nex
    >>> X, y = load_iris(return_X_y=True)
    >>> svm = LinearClassifier(nex.MulticlassHinge(variant="crammer-singer"), alpha=0.01).fit(X, y)
    >>> svm.score(X, y), svm.gap_ < 1e-6
    (0.9866666666666667, True)
    """

    def __init__(
        self,
        loss: str | RowLoss = "softmax",
        *,
        alpha: float = ALPHA,
        l1_ratio: float = 0.0,
        fit_intercept: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        max_iter: int = MAX_ITER,
        tol: float = TOL,
        warm_start: bool = False,
        verbose: int = 0,
        callbacks: Sequence[Callback] | None = None,
        solver: str = "auto",
    ) -> None:
        super().__init__(
            alpha=alpha,
            l1_ratio=l1_ratio,
            fit_intercept=fit_intercept,
            class_weight=class_weight,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            verbose=verbose,
            callbacks=callbacks,
            solver=solver,
        )
        self.loss = loss

    def _loss(self) -> RowLoss:
        loss = loss_named(self.loss)
        if loss.class_weight is not None:
            raise ValueError("loss must not have a class_weight: give it to the classifier instead")
        if loss.reads == "probabilities":
            raise ValueError("loss must take logits, got from_logits=False")
        return loss
