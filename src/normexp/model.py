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

from . import __version__
from ._extras import extra
from ._files import write_files
from .data import Dataset, Encoder, Schema, load
from .data.frames import is_frame
from .data.opening import check_file
from .linear import BaseLinearClassifier, LinearClassifier
from .losses import RowLoss

with extra("cli"):
    from msgspec import to_builtins
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import save

    from .model_state import (
        PLAIN,
        DamagedError,
        State,
        UnknownLossError,
        check_form,
        check_names,
        check_values,
        read_state,
    )

FORMAT = "normexp-model-2"


@dataclass(frozen=True, eq=False)
class Model:
    """All that it takes to predict the labels of rows as they come from a file.

    Attributes
    ----------
    encoder : Encoder
        Turns rows into features, by what was learnt from the training rows.
    classifier : BaseLinearClassifier
        Trained on these features.
    target : str, int or None
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
    classifier: BaseLinearClassifier
    target: str | int | None = None
    class_names: tuple[str, ...] | None = None
    image_shape: tuple[int, ...] | None = None
    schema: Schema | None = None

    @property
    def has_probabilities(self) -> bool:
        """Whether the loss gives the logits a meaning as probabilities."""
        return hasattr(self.classifier, "predict_proba")

    def predict(self, data: Dataset | Any) -> NDArray[Any]:
        """The label of each row of a data set, or of a frame of polars or pandas."""
        labels: NDArray[Any] = self.classifier.predict(self.encode(data))
        return labels

    def predict_proba(self, data: Dataset | Any) -> NDArray[np.floating[Any]]:
        """The probability of each class, (n, classes), in the order of `classifier.classes_`.

        Raises
        ------
        AttributeError
            If the loss gives no probabilities: see `has_probabilities`.
        """
        probabilities: NDArray[np.floating[Any]] = self.classifier.predict_proba(self.encode(data))
        return probabilities

    def encode(self, data: Dataset | Any) -> Any:
        """The features of rows, a frame being read by the schema as a file would be.

        Rows that were read by a schema of their own may look alike and mean something else, such
        as 1 for the code 01.
        """
        if self.schema is not None and is_frame(data):
            data = load(data, schema=self.schema, require_target=False)
        elif isinstance(data, Dataset) and self.schema is not None and data.schema is not None:
            kinds = {column.name: column.kind for column in self.schema.columns}
            for column in data.schema.columns:
                if (kind := kinds.get(column.name, column.kind)) != column.kind:
                    raise ValueError(
                        f"data: column {column.name!r} was read as {column.kind}, in training as "
                        f"{kind}: load the rows with schema=, the model's"
                    )
        return self.encoder.transform(data)

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file, whole or not at all.

        Of a loss of your own the file holds the name of its class, and its options: numbers, texts,
        booleans, None, and tuples of numbers.

        Raises
        ------
        ValueError
            If its parts do not belong together, a weight is not finite, or the loss has options
            that the file cannot hold, or the name of one of normexp's.
        OSError
            If the file cannot be written.
        """
        arrays, encoder = self.encoder.state()
        loss = self.classifier.loss_
        plain = {
            "encoder": encoder,
            "classes": self.classifier.classes_.tolist(),
            "loss": {"type": type(loss).__name__, "options": dataclasses.asdict(loss)},
            "alpha": self.classifier.alpha,
            "l1_ratio": self.classifier.l1_ratio,
            "temperature": self.classifier.temperature_,
            "target": self.target,
            "class_names": self.class_names,
            "image_shape": self.image_shape,
            "schema": self.schema and self.schema.state(),
            "normexp": __version__,
        }
        tensors = {f"encoder.{name}": array for name, array in arrays.items()}
        tensors |= {"coef": self.classifier.coef_, "intercept": self.classifier.intercept_}
        texts = {name: _as_json(name, value) for name, value in plain.items()}
        metadata = {name: text for name, text in texts.items() if PLAIN.get(name) != text}
        _check(metadata, tensors, loss)  # what could not be read again is not written
        content = save(
            {name: np.ascontiguousarray(array) for name, array in tensors.items()},
            {"format": FORMAT, **metadata},
        )
        write_files({Path(path): content})

    @classmethod
    def load(cls, path: str | Path, losses: Sequence[type[RowLoss]] = ()) -> Model:
        """Read a model that `save` wrote; it predicts the same, to the last bit.

        Parameters
        ----------
        path : str or Path
        losses : sequence of classes
            Losses of your own, of which the model may have been trained with one: a file names its
            loss, and no name in a file is ever imported.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no regular file, damaged, or holds no model of normexp; or if its loss is none
            of normexp's or of `losses`.
        """
        path = Path(path)
        try:
            check_file(path)
        except FileNotFoundError:
            raise FileNotFoundError(f"there is no model file {path}") from None
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                _check_format(path.name, metadata)
                fields = {k: text for k, text in metadata.items() if k != "format"}
                state, loss = read_state(fields, losses)
                tensors = _read_tensors(file, state)
        except SafetensorError as error:
            raise ValueError(f"{path.name} is no safetensors file, or damaged: {error}") from error
        except DamagedError as error:
            raise ValueError(f"{path.name} is a damaged model: {error}") from error
        except UnknownLossError as error:
            raise ValueError(f"{path.name}: {error}") from error
        return cls._from_state(state, loss, tensors)

    @classmethod
    def _from_state(cls, state: State, loss: RowLoss, tensors: dict[str, NDArray[Any]]) -> Model:
        arrays = {name: tensors[f"encoder.{name}"] for name in ("mean", "scale")}
        return cls(
            Encoder.from_state(arrays, to_builtins(state.encoder)),
            _classifier(state, loss, tensors["coef"], tensors["intercept"]),
            state.target,
            None if state.class_names is None else tuple(state.class_names),
            None if state.image_shape is None else tuple(state.image_shape),
            None if state.schema is None else Schema.from_state(to_builtins(state.schema)),
        )


def class_name(names: Sequence[str] | None, label: int | str) -> str:
    """The name of a label where the source gives one, and the label itself elsewhere.

    >>> class_name(("setosa", "versicolor"), 1), class_name(None, 1)
    ('versicolor', '1')
    """
    return str(label) if names is None else names[int(label)]


def _as_json(name: str, value: Any) -> str:
    try:
        return json.dumps(value)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from error


def _check_format(name: str, metadata: dict[str, str]) -> None:
    if metadata.get("format") != FORMAT:
        raise ValueError(
            f"{name} is a safetensors file, but no model that this version of normexp reads: "
            f"expected the format {FORMAT!r}, got {metadata.get('format')!r}"
        )


def _read_tensors(file: Any, state: State) -> dict[str, NDArray[Any]]:
    """The arrays, each read once its type and its shape are what they should be."""
    check_names("array", file.keys(), state.shapes())
    tensors = {}
    for name in state.shapes():
        form = file.get_slice(name)
        check_form(name, form.get_dtype(), form.get_shape(), state)
        tensors[name] = file.get_tensor(name)
        check_values(name, tensors[name])
    return tensors


def _check(metadata: dict[str, str], tensors: dict[str, NDArray[Any]], loss: RowLoss) -> None:
    state, read = read_state(metadata, [type(loss)])
    if read != loss:
        raise ValueError(f"loss: {loss!r} would come back from a file as {read!r}")
    for name, array in tensors.items():
        check_form(name, f"F{8 * array.itemsize}", array.shape, state)
        check_values(name, array)


def _classifier(
    state: State, loss: RowLoss, coef: NDArray[Any], intercept: NDArray[Any]
) -> LinearClassifier:
    """A classifier as if it had just been fitted."""
    classifier = LinearClassifier(loss, alpha=state.alpha, l1_ratio=state.l1_ratio)
    classifier.loss_ = loss
    classifier.classes_ = np.array(state.classes)
    classifier.coef_, classifier.intercept_ = coef, intercept
    classifier.n_features_in_ = coef.shape[1]
    classifier.temperature_ = state.temperature
    return classifier
