"""Linear classifiers that choose their alpha, and share of an L1 norm, by cross-validation."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from inspect import signature
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score, check_scoring, make_scorer
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch, _safe_indexing
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params, check_array, validate_data

from .._defaults import MAX_ITER, TOL
from ..losses import RowLoss, loss_named
from .base import BaseLinearClassifier
from .classifier import LinearClassifier
from .labels import are_soft
from .path import alphas_of, fit_path
from .prediction import TAKEN, LinearPrediction
from .presets import SoftmaxRegression

SCORER = type(make_scorer(accuracy_score))

# What the classifier that was trained on everything hands on.
HANDED_ON = (
    "loss_", "classes_", "coef_", "intercept_", "temperature_",
    "objective_", "gap_", "n_iter_", "result_", "solver_",
)  # fmt: skip


class BaseLinearClassifierCV(LinearPrediction, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What `LinearClassifierCV` and `SoftmaxRegressionCV` are: a subclass names the classifier."""

    def __init__(
        self,
        *,
        alphas: int | Sequence[float] = 10,
        l1_ratios: Sequence[float] = (0.0,),
        cv: Any = None,
        scoring: Any = None,
        fit_intercept: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        max_iter: int = MAX_ITER,
        tol: float = TOL,
        solver: str = "auto",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.alphas = alphas
        self.l1_ratios = l1_ratios
        self.cv = cv
        self.scoring = scoring
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.n_jobs = n_jobs
        self.verbose = verbose

    @abstractmethod
    def _classifier(self, **options: Any) -> BaseLinearClassifier:
        """One that is not fitted, with these options."""

    def _loss(self) -> RowLoss:
        return self._classifier()._loss()

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        **params: Any,
    ) -> Self:
        """Choose `alpha_` and `l1_ratio_`, and fit with these to all of the samples.

        Parameters
        ----------
        X, y, sample_weight, classes
            As for `LinearClassifier.fit`. Without metadata routing the weights are the scorer's
            too.
        **params
            For the splitter and the scorer, with scikit-learn's metadata routing.
        """
        _raise_for_params(params, self, "fit")
        if are_soft(y):
            features, labels = validate_data(self, X, **TAKEN), check_array(y)
        else:
            features, labels = validate_data(self, X, y, **TAKEN)
        routed = self._routed("fit", sample_weight, params)
        whole = {"sample_weight": sample_weight, "classes": classes}
        self.l1_ratios_ = self._checked_ratios()
        self.alphas_ = self._grid(features, labels, whole)
        folds = list(check_cv(self.cv, labels, classifier=True).split(
            features, labels, **routed.splitter.split
        ))  # fmt: skip
        scorer = self._scorer()
        if not are_soft(labels) and _is_of_every_class(scorer):
            known = np.unique(labels)
            _check_trained(labels, known, [train for train, _ in folds])
            scorer = _told(scorer, known)
        scores = Parallel(n_jobs=self.n_jobs, verbose=self.verbose, prefer="processes")(
            delayed(scores_of_path)(
                self._classifier(l1_ratio=float(ratio)),
                self.alphas_,
                features,
                labels,
                whole,
                train,
                test,
                scorer,
                routed.scorer.score,
            )
            for train, test in folds
            for ratio in self.l1_ratios_
        )
        shape = len(folds), len(self.l1_ratios_), len(self.alphas_)
        found = np.reshape(scores, shape)
        self._check_scored(found, labels, [test for _, test in folds])
        self.scores_ = found
        which, place = np.unravel_index(self.scores_.mean(axis=0).argmax(), shape[1:])
        self.alpha_, self.l1_ratio_ = float(self.alphas_[place]), float(self.l1_ratios_[which])
        best = self._classifier(alpha=self.alpha_, l1_ratio=self.l1_ratio_)
        self.classifier_ = best.fit(features, labels, **whole)
        for name in HANDED_ON:
            setattr(self, name, getattr(self.classifier_, name))
        return self

    def score(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **params: Any,
    ) -> float:
        """What `scoring` says of other samples; without it, the share that is predicted."""
        _raise_for_params(params, self, "score")
        routed = self._routed("score", sample_weight, params)
        if self.scoring is None:
            return super().score(X, y, **routed.scorer.score)
        scorer = _told(self._scorer(), self.classes_)
        return float(scorer(self, X, y, **routed.scorer.score))

    def get_metadata_routing(self) -> MetadataRouter:
        """Who is asked for which metadata: the splitter and the scorer, beside `fit` itself."""
        to_score = MethodMapping().add(caller="fit", callee="score")
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
            .add(scorer=self._scorer(), method_mapping=to_score.add(caller="score", callee="score"))
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _options(self) -> dict[str, Any]:
        """What every classifier is to have."""
        names = ("fit_intercept", "class_weight", "max_iter", "tol", "solver")
        return {name: getattr(self, name) for name in names}

    def _scorer(self) -> Any:
        return check_scoring(self._classifier(), scoring=self.scoring)

    def _routed(self, method: str, sample_weight: Any, params: dict[str, Any]) -> Bunch:
        given = {} if sample_weight is None else {"sample_weight": sample_weight}
        if _routing_enabled():
            return process_routing(self, method, **given, **params)
        return Bunch(splitter=Bunch(split={}), scorer=Bunch(score=given))

    def _check_scored(
        self, scores: NDArray[np.float64], y: NDArray[Any], left_out: Sequence[NDArray[np.intp]]
    ) -> None:
        """Raise ValueError if a score is not finite: no alpha is best by it."""
        if np.isfinite(scores).all():
            return
        part, *place = np.argwhere(~np.isfinite(scores))[0].tolist()
        why = ""
        if not are_soft(y) and (absent := np.setdiff1d(y, y[left_out[part]]).tolist()):
            why = (
                f", which has no sample of {', '.join(map(repr, absent))}: give each class more "
                "samples or choose cv so that each part has some, or a scoring that needs none, "
                "such as 'neg_log_loss'"
            )
        raise ValueError(
            f"scoring {self.scoring!r} must give finite numbers, got {scores[part, *place]} on "
            f"part {part + 1} of {len(scores)} that are left out{why}"
        )

    def _checked_ratios(self) -> NDArray[np.float64]:
        if isinstance(self.l1_ratios, (str, bytes)) or np.ndim(self.l1_ratios) != 1:
            raise TypeError(f"l1_ratios must be a sequence of numbers, got {self.l1_ratios!r}")
        if not len(self.l1_ratios):
            raise ValueError("l1_ratios must hold at least one number, got none")
        return np.array(self.l1_ratios, np.float64)

    def _grid(self, X: Any, y: Any, whole: dict[str, Any]) -> NDArray[np.float64]:
        """The alphas: of several shares of an L1 norm from the largest to the smallest of all."""
        grids = []
        for ratio in self.l1_ratios_:
            classifier = self._classifier(alpha=1.0, l1_ratio=float(ratio))
            classifier._check_parameters(self._loss())
            objective, _ = classifier._objective(X, y, **whole)
            grids.append(alphas_of(self.alphas, objective))
        largest, least = max(grid[0] for grid in grids), min(grid[-1] for grid in grids)
        return grids[0] if len(grids) == 1 else np.geomspace(largest, least, len(grids[0]))


def _is_of_every_class(scorer: Any) -> bool:
    """Whether a scorer of scikit-learn judges probabilities or logits, a column for each class.

    Of other callables nothing is known. What scikit-learn's hold is private to them: under another
    name it is an AttributeError here, and never a wrong answer.
    """
    return isinstance(scorer, SCORER) and scorer._response_method != "predict"


def _check_trained(
    y: NDArray[Any], classes: NDArray[Any], trained: Sequence[NDArray[np.intp]]
) -> None:
    """Raise ValueError if the training of a part lacks a class: it would say nothing of it."""
    for rows in trained:
        if untrained := np.setdiff1d(classes, y[rows]).tolist():
            count = int(np.sum(y == untrained[0]))
            alone = "the only sample" if count == 1 else f"all {count} samples"
            raise ValueError(
                f"scoring judges what is said of every class, but {alone} of the class "
                f"{untrained[0]!r} may be left out: give it more samples, leave it out altogether, "
                "or choose cv so that it is always trained on"
            )


def _told(scorer: Any, classes: NDArray[Any]) -> Any:
    """The scorer, told all classes: samples that it judges by may lack one."""
    if not _is_of_every_class(scorer) or "labels" not in signature(scorer._score_func).parameters:
        return scorer
    told = copy(scorer)
    told._kwargs = {"labels": classes, **scorer._kwargs}
    return told


def scores_of_path(
    classifier: BaseLinearClassifier,
    alphas: NDArray[np.float64],
    X: Any,
    y: Any,
    whole: dict[str, Any],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    scorer: Any,
    params: dict[str, Any],
) -> list[float]:
    """What each alpha scores on some samples, trained on others."""
    sample_weight = whole["sample_weight"]
    if sample_weight is not None:
        sample_weight = _safe_indexing(np.asarray(sample_weight), train)
    path = fit_path(
        classifier,
        _safe_indexing(X, train),
        _safe_indexing(y, train),
        alphas=list(alphas),
        sample_weight=sample_weight,
        classes=whole["classes"],
    )
    X_test, y_test = _safe_indexing(X, test), _safe_indexing(y, test)
    params = _check_method_params(X, params=params, indices=test)
    return [float(scorer(model, X_test, y_test, **params)) for model in path]


class LinearClassifierCV(BaseLinearClassifierCV):
    """`LinearClassifier` with the alpha, of many, that scores best on samples left out.

    For each part that a splitter leaves out, and each share of an L1 norm, classifiers are trained
    from the largest alpha to the smallest, each starting from the last (`fit_path`), and scored on
    that part. The alpha with the best mean score is the one that the classifier is then fitted
    with to all samples: it is what ``LinearClassifier(loss, alpha=alpha_)`` gives. Of alphas that
    score alike it is the largest. Each part trains on a copy of its samples.

    Parameters
    ----------
    loss : str or loss
        As for `LinearClassifier`.
    alphas : int or sequence of float
        Numbers, or how many of them: as for `fit_path`. With several `l1_ratios` they go from the
        largest to the smallest of what each would have.
    l1_ratios : sequence of float
        Each as for `LinearClassifier`.
    cv : int, splitter or iterable, optional
        As for `GridSearchCV`: by default 5 parts, with the same share of each class.
    scoring : str or callable, optional
        As for `GridSearchCV`, such as "neg_log_loss"; by default the share that is predicted.
    fit_intercept, class_weight, max_iter, tol, solver
        As for `LinearClassifier`. "balanced" classes are so in each part.
    n_jobs : int, optional
        Processes, for parts side by side. -1 stands for all processors.
    verbose : int

    Attributes
    ----------
    alpha_, l1_ratio_ : float
    alphas_ : ndarray of shape (alphas,), from the largest to the smallest
    l1_ratios_ : ndarray of shape (l1_ratios,)
    scores_ : ndarray of shape (parts, l1_ratios, alphas)
    classifier_ : LinearClassifier
        The one that was fitted to all samples: what a model file takes. The other attributes
        are its own, such as `coef_`, `gap_` and `result_`; `calibrate` sets `temperature_` here
        alone.

    Raises
    ------
    TypeError, ValueError
        By `fit`, as `LinearClassifier` and `fit_path`; if `scoring` judges probabilities or logits
        and a part has all samples of a class; if a score is not finite, as the area under a curve
        of a class that a part lacks.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LinearClassifierCV("svm", alphas=[1.0, 0.1, 0.01]).fit(X, y)
    >>> model.alpha_, model.scores_.shape, round(model.score(X, y), 2)
    (0.01, (5, 1, 3), 0.99)
    """

    def __init__(
        self,
        loss: str | RowLoss = "softmax",
        *,
        alphas: int | Sequence[float] = 10,
        l1_ratios: Sequence[float] = (0.0,),
        cv: Any = None,
        scoring: Any = None,
        fit_intercept: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        max_iter: int = MAX_ITER,
        tol: float = TOL,
        solver: str = "auto",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            alphas=alphas,
            l1_ratios=l1_ratios,
            cv=cv,
            scoring=scoring,
            fit_intercept=fit_intercept,
            class_weight=class_weight,
            max_iter=max_iter,
            tol=tol,
            solver=solver,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.loss = loss

    def _classifier(self, **options: Any) -> LinearClassifier:
        return LinearClassifier(loss_named(self.loss), **options, **self._options())


class SoftmaxRegressionCV(BaseLinearClassifierCV):
    """`SoftmaxRegression` with the alpha, of many, that scores best on samples left out.

    Parameters, attributes and errors are those of `LinearClassifierCV`, but for the loss.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegressionCV(scoring="neg_log_loss", l1_ratios=[0.0, 1.0]).fit(X, y)
    >>> round(model.alpha_, 4), model.l1_ratio_
    (0.0001, 0.0)
    """

    def _classifier(self, **options: Any) -> SoftmaxRegression:
        return SoftmaxRegression(**options, **self._options())
