"""A trained classifier with what was learnt of its data, kept as one safetensors file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from . import __version__
from ._files import write_files
from .data import Dataset, Encoder, Schema, load
from .data.frames import is_frame
from .data.opening import check_file
from .linear import LinearClassifier
from .losses import CrossEntropy, MulticlassHinge, RowLoss, SquaredError

FORMAT = "normexp-model-2"
LOSS_TYPES = {kind.__name__: kind for kind in (CrossEntropy, MulticlassHinge, SquaredError)}


@dataclass(frozen=True, eq=False)
class Model:
    """All that it takes to predict the labels of rows as they come from a file.

    Attributes
    ----------
    encoder : Encoder
        Turns rows into features, by what was learnt from the training rows.
    classifier : LinearClassifier
        Trained on these features.
    target : str or None
        What held the labels in the source, as `normexp.data.load` was told.
    class_names : tuple of str or None
        ``class_names[k]`` is the name of the label k, where the source names its classes.
    image_shape : tuple of int or None
        Where rows are images.
    schema : Schema or None
        How the cells of the training rows were read; `normexp.data.load` reads others by it.

    Examples
    --------
    >>> from normexp.data import load
    >>> iris = load("iris")
    >>> encoder = Encoder.fit(iris)
    >>> classifier = LinearClassifier().fit(encoder.transform(iris), iris.target)
    >>> model = Model(encoder, classifier, class_names=iris.class_names, schema=iris.schema)
    >>> model.predict(load("iris", schema=model.schema).take([0, 149]))
    array([0, 2])
    """

    encoder: Encoder
    classifier: LinearClassifier
    target: str | None = None
    class_names: tuple[str, ...] | None = None
    image_shape: tuple[int, ...] | None = None
    schema: Schema | None = None

    @property
    def has_probabilities(self) -> bool:
        """Whether the loss gives the logits a meaning as probabilities."""
        return hasattr(self.classifier, "predict_proba")

    def predict(self, data: Dataset | Any) -> NDArray[Any]:
        """The label of each row of a data set, or of a frame of polars or pandas."""
        labels: NDArray[Any] = self.classifier.predict(self._encoded(data))
        return labels

    def predict_proba(self, data: Dataset | Any) -> NDArray[np.floating[Any]]:
        """The probability of each class, (n, classes), in the order of `classifier.classes_`.

        Raises
        ------
        AttributeError
            If the loss gives no probabilities: see `has_probabilities`.
        """
        probabilities: NDArray[np.floating[Any]] = self.classifier.predict_proba(
            self._encoded(data)
        )
        return probabilities

    def _encoded(self, data: Dataset | Any) -> Any:
        """The features of rows, a frame being read by the schema as a file would be."""
        if self.schema is not None and is_frame(data):
            data = load(data, schema=self.schema, require_target=False)
        return self.encoder.transform(data)

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file, whole or not at all."""
        arrays, encoder = self.encoder.state()
        loss = self.classifier.loss_
        plain = {
            "encoder": encoder,
            "classes": self.classifier.classes_.tolist(),
            "loss": {"type": type(loss).__name__, "options": dataclasses.asdict(loss)},
            "alpha": self.classifier.alpha,
            "target": self.target,
            "class_names": self.class_names,
            "image_shape": self.image_shape,
            "schema": self.schema and self.schema.state(),
            "normexp": __version__,
        }
        tensors = {f"encoder.{name}": array for name, array in arrays.items()}
        tensors |= {"coef": self.classifier.coef_, "intercept": self.classifier.intercept_}
        metadata = {name: json.dumps(value) for name, value in plain.items()}
        content = save(
            {name: np.ascontiguousarray(array) for name, array in tensors.items()},
            {"format": FORMAT, **metadata},
        )
        write_files({Path(path): content})

    @classmethod
    def load(cls, path: str | Path) -> Model:
        """Read a model that `save` wrote; it predicts the same, to the last bit.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no regular file, damaged, or holds no model of normexp.
        """
        path = Path(path)
        try:
            check_file(path)
        except FileNotFoundError:
            raise FileNotFoundError(f"there is no model file {path}") from None
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise ValueError(f"{path.name} is no safetensors file, or damaged: {error}") from error
        if metadata.get("format") != FORMAT:
            raise ValueError(
                f"{path.name} is a safetensors file, but no model that this version of normexp "
                f"reads: expected the format {FORMAT!r}, got {metadata.get('format')!r}"
            )
        try:
            return cls._from_state(tensors, metadata)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name} is a damaged model: {error}") from error

    @classmethod
    def _from_state(cls, tensors: dict[str, NDArray[Any]], metadata: dict[str, str]) -> Model:
        plain = {name: json.loads(text) for name, text in metadata.items() if name != "format"}
        arrays = {name: tensors[f"encoder.{name}"] for name in ("mean", "scale")}
        encoder = Encoder.from_state(arrays, plain["encoder"])
        classes = np.array(plain["classes"])
        coef, intercept = tensors["coef"], tensors["intercept"]
        shape = len(classes), len(encoder.feature_names)
        if coef.shape != shape or intercept.shape != shape[:1]:
            raise ValueError(f"weights of shape {coef.shape} where {shape} was expected")
        return cls(
            encoder,
            _classifier(_loss(**plain["loss"]), plain["alpha"], classes, coef, intercept),
            plain["target"],
            plain["class_names"] and tuple(plain["class_names"]),
            plain["image_shape"] and tuple(plain["image_shape"]),
            plain["schema"] and Schema.from_state(plain["schema"]),
        )


def class_name(names: Sequence[str] | None, label: int | str) -> str:
    """The name of a label where the source gives one, and the label itself elsewhere.

    >>> class_name(("setosa", "versicolor"), 1), class_name(None, 1)
    ('versicolor', '1')
    """
    return str(label) if names is None else names[int(label)]


def _loss(type: str, options: dict[str, Any]) -> RowLoss:
    loss: RowLoss = LOSS_TYPES[type](**options)
    return loss


def _classifier(
    loss: RowLoss,
    alpha: float,
    classes: NDArray[Any],
    coef: NDArray[Any],
    intercept: NDArray[Any],
) -> LinearClassifier:
    """A classifier as if it had just been fitted."""
    classifier = LinearClassifier(loss, alpha=alpha)
    classifier.loss_ = loss
    classifier.classes_, classifier.coef_, classifier.intercept_ = classes, coef, intercept
    classifier.n_features_in_ = coef.shape[1]
    return classifier
