"""What each class of a trained model looks for, without any data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.words import did_you_mean, listed
from ..losses import LOSSES
from ..model import Model, class_name
from .weights import ClassWeights, class_weights, scales_of


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a model learnt.

    Attributes
    ----------
    loss : str
        By its name in `normexp.losses.LOSSES`, or with its options.
    alpha : float
        The strength of the penalty that it was trained with.
    features, classes : int
        Of the model, after encoding.
    class_names : tuple of str
        Those of the classes that were asked for.
    intercept : array of shape (classes,)
    class_weights : tuple of ClassWeights
        The strongest features of each class, with weights of shape (1, features).
    image_shape : tuple or None
    templates : array of shape (classes, *image_shape) or None
        Where rows are images, the weights of each class for the pixels as they came.
    """

    loss: str
    alpha: float
    features: int
    classes: int
    class_names: tuple[str, ...]
    intercept: NDArray[np.floating[Any]]
    class_weights: tuple[ClassWeights, ...]
    image_shape: tuple[int, ...] | None
    templates: NDArray[np.floating[Any]] | None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold: a key for each attribute, all the way."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=lambda a: a.tolist()))
        return plain


def inspect(
    model: Model, top: int | None = None, classes: Sequence[str] | None = None
) -> Inspection:
    """Return the features that weigh most for or against each class of a model.

    Parameters
    ----------
    model : Model
    top : int, optional
        So many features of each class at most; by default 8, or 5 where the classes are many. A
        feature without any weight is none of them.
    classes : sequence of str, optional
        Names of the classes to look at; by default all.

    Raises
    ------
    ValueError
        If the model has no class of such a name, or `top` is below 1.

    Examples
    --------
    >>> from normexp.data import Encoder, load
    >>> from normexp.linear import SoftmaxRegression
    >>> iris = load("iris")
    >>> encoder = Encoder.fit(iris)
    >>> classifier = SoftmaxRegression().fit(encoder.transform(iris), iris.target)
    >>> model = Model(encoder, classifier, class_names=iris.class_names)
    >>> inspect(model, top=2).class_weights[0].features
    ('petal length (cm)', 'petal width (cm)')
    """
    if top is not None and top < 1:
        raise ValueError(f"top must be at least 1, got {top}")
    classifier, shape = model.classifier, model.image_shape
    names = [class_name(model.class_names, label) for label in classifier.classes_.tolist()]
    chosen = list(range(len(names))) if classes is None else _places(classes, names)
    coef = np.asarray(classifier.coef_)[chosen]
    return Inspection(
        loss=_named(classifier.loss_),
        alpha=float(classifier.alpha),
        features=coef.shape[1],
        classes=len(names),
        class_names=tuple(names[k] for k in chosen),
        intercept=np.asarray(classifier.intercept_)[chosen],
        class_weights=class_weights(
            model.encoder.feature_names, [coef], scales_of(model.encoder), top
        ),
        image_shape=shape,
        templates=None if shape is None else (coef / model.encoder.scale).reshape(-1, *shape),
    )


def _places(classes: Sequence[str], names: Sequence[str]) -> list[int]:
    for name in classes:
        if name not in names:
            near = did_you_mean(name, names)
            raise ValueError(f"there is no class {name!r}{near}; the model has {listed(names)}")
    return [k for k, name in enumerate(names) if name in classes]


def _named(loss: Any) -> str:
    return next((name for name, known in LOSSES.items() if known == loss), repr(loss))
