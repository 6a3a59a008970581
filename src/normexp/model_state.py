"""What a model file may hold: its fields by their types, and what they say of each other."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from .data.dates import DAYS, PARTS, part_names
from .data.writing import SEPARATED
from .linear.solvers import solver_of, takes_lasso
from .losses import ROW_LOSSES, RowLoss

FLOATS = {"F32": np.float32, "F64": np.float64}  # as safetensors calls them

Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
PLAIN = {"l1_ratio": "0.0", "temperature": "1.0"}  # are no fields of a file

KINDS = {"boolean": "number"}  # what is encoded as another kind
Claim = tuple[bool, str]  # whether it holds, and what is expected


class DamagedError(ValueError):
    """A field is not what it should be: it stands at the head of the words."""


class UnknownLossError(ValueError):
    """A file names a loss whose class is not at hand."""


class EncoderState(Struct, forbid_unknown_fields=True):
    """See `normexp.data.Encoder`, which has its arrays beside it."""

    numbers: list[str]
    categories: dict[str, list[str]]
    dates: dict[str, str]
    notes: list[str]


class LossState(Struct, forbid_unknown_fields=True):
    type: str
    options: dict[str, bool | int | float | str | list[float] | None]


class LabelsState(Struct, forbid_unknown_fields=True):
    """See `normexp.data.labels.Labels`."""

    are_integers: bool
    classes: list[str]
    missing: list[str]


class ColumnState(Struct, array_like=True, forbid_unknown_fields=True):
    """See `normexp.data.schema.Column`."""

    name: str
    kind: Literal["number", "boolean", "text", "date", "left out"]
    decimal: str
    thousands: str
    unit: str
    day: str


class SchemaState(Struct, forbid_unknown_fields=True):
    """See `normexp.data.Schema`."""

    columns: list[ColumnState]
    missing: list[str]
    labels: LabelsState | None


class State(Struct, kw_only=True):
    """The fields of a model but for its arrays; each is JSON of its own in the file."""

    encoder: EncoderState
    classes: list[Int64 | str]
    loss: LossState
    alpha: float
    l1_ratio: float
    temperature: float
    target: str | Int64 | None
    class_names: list[str] | None
    image_shape: list[Int64] | None
    schema: SchemaState | None
    normexp: str

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the arrays that belong to it."""
        numbers, classes = len(self.encoder.numbers), len(self.classes)
        features = numbers + sum(map(len, self.encoder.categories.values()))
        return {
            "coef": (classes, features),
            "intercept": (classes,),
            "encoder.mean": (numbers,),
            "encoder.scale": (numbers,),
        }


def read_state(
    metadata: Mapping[str, str], losses: Iterable[type[RowLoss]] = ()
) -> tuple[State, RowLoss]:
    """Read the fields, each by its type, and hold them to each other; and make the loss.

    Parameters
    ----------
    losses : iterable of classes
        Losses that are none of normexp's, of which the file may name one.

    Raises
    ------
    DamagedError
        With the field at its head.
    UnknownLossError
        If the class of the loss is not at hand.
    """
    types = get_type_hints(State, include_extras=True)
    metadata = PLAIN | dict(metadata)
    check_names("field", metadata, types)
    state = State(**{name: _field(name, metadata[name], types[name]) for name in types})
    for name, claims in CLAIMS.items():
        _hold(name, claims(state))
    kind = loss_kinds(losses).get(state.loss.type)
    if kind is None and state.loss.type.isidentifier():
        name = state.loss.type
        raise UnknownLossError(
            f"its loss {name} is none of normexp's: hand over the class, "
            f"Model.load(path, losses=[{name}])"
        )
    if kind is None:
        raise DamagedError(
            f"loss: expected one of {', '.join(ROW_LOSSES)}, got {state.loss.type!r}"
        )
    _hold("loss", _options(state, kind))
    try:
        loss = kind(**{name: _as_value(given) for name, given in state.loss.options.items()})
    except (TypeError, ValueError) as error:
        raise DamagedError(f"loss: {error}") from error
    _hold("alpha", _alpha(state, loss))
    _hold("l1_ratio", _l1_ratio(state, loss))
    _hold("temperature", _temperature(state, loss))
    return state, loss


def loss_kinds(losses: Iterable[type[RowLoss]]) -> dict[str, type[RowLoss]]:
    """The classes of losses by name: normexp's, and those that are handed over."""
    kinds = dict(ROW_LOSSES)
    for kind in losses:
        if not (isinstance(kind, type) and issubclass(kind, RowLoss)):
            raise TypeError(f"losses must hold classes of losses, got {kind!r}")
        if kinds.setdefault(kind.__name__, kind) is not kind:
            raise ValueError(f"losses: {kind.__name__} is the name of another loss already")
    return kinds


def _as_value(given: Any) -> Any:
    """Options are compared by value, and never change: what is several numbers is a tuple."""
    return tuple(given) if isinstance(given, list) else given


def _hold(name: str, claims: Iterable[Claim]) -> None:
    for holds, expected in claims:
        if not holds:
            raise DamagedError(f"{name}: expected {expected}")


def check_names(kind: str, found: Iterable[str], expected: Iterable[str]) -> None:
    """Refuse what is missing, and what no model has."""
    found, expected = set(found), set(expected)
    if missing := sorted(expected - found):
        raise DamagedError(f"{missing[0]}: the {kind} is missing")
    if unknown := sorted(found - expected):
        raise DamagedError(f"{unknown[0]!r}: no {kind} of a model has this name")


def check_form(name: str, dtype: str, shape: Sequence[int], state: State) -> None:
    """Refuse an array of a wrong type or shape, before it is read."""
    expected = state.shapes()[name]
    allowed = ["F64"] if name.startswith("encoder.") else list(FLOATS)
    if dtype not in allowed:
        raise DamagedError(f"{name}: expected the type {' or '.join(allowed)}, got {dtype}")
    if tuple(shape) != expected:
        raise DamagedError(f"{name}: expected the shape {expected}, got {tuple(shape)}")


def check_values(name: str, array: NDArray[Any]) -> None:
    """Refuse numbers that no training gives."""
    if not np.isfinite(array).all():
        raise DamagedError(f"{name}: expected finite numbers alone")
    if name == "encoder.scale" and not (array > 0).all():
        raise DamagedError(f"{name}: expected numbers above 0")


def _field(name: str, text: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError) as error:
        words, _, place = str(error).replace("`", "").partition(" - at $")
        if not words.startswith("JSON"):
            words = words[:1].lower() + words[1:]
        raise DamagedError(f"{name}{place}: {words}") from error


def _encoder(state: State) -> Iterator[Claim]:
    encoder = state.encoder
    plain, parts = _plain_numbers(encoder), encoder.numbers[len(_plain_numbers(encoder)) :]
    names = [*plain, *encoder.dates, *encoder.categories]
    yield _are_unique(names), "each column once"
    yield all(map(_is_day, encoder.dates.values())), "days such as 2026-11-25 as first dates"
    of_dates = [part for day, first in encoder.dates.items() for part in part_names(day, first)]
    yield parts == of_dates, "the numbers of the dates after the others"
    for name, texts in encoder.categories.items():
        yield len(texts) != 1, f"no category or several of the column {name!r}"
        yield texts == sorted(set(texts)), f"the categories of {name!r} sorted, each once"


def _classes(state: State) -> Iterator[Claim]:
    classes = state.classes
    yield len(classes) >= 2, f"two classes or more, got {len(classes)}"
    yield len({type(each) for each in classes}) == 1, "integers alone or texts alone"
    yield classes == sorted(set(classes)), "classes in sorted order, each once"
    yield not any(str(each).endswith("\0") for each in classes), "texts without a NUL at their end"


def _options(state: State, kind: type[RowLoss]) -> Iterator[Claim]:
    loss = state.loss
    known = {field.name for field in fields(kind)}
    unknown = sorted(loss.options.keys() - known)
    yield not unknown, f"options of {loss.type} alone, got {', '.join(unknown)}"
    weights = loss.options.get("class_weight")
    is_fitting = not isinstance(weights, list) or len(weights) == len(state.classes)
    yield is_fitting, f"a class weight for each of {len(state.classes)} classes"


def _alpha(state: State, loss: RowLoss) -> Iterator[Claim]:
    yield math.isfinite(state.alpha), f"a finite number, got {state.alpha}"
    is_enough = state.alpha > 0 or not solver_of(loss).needs_penalty
    yield is_enough, f"a number above 0 for a hinge, got {state.alpha}"
    yield state.alpha >= 0, f"a number of 0 or more, got {state.alpha}"


def _l1_ratio(state: State, loss: RowLoss) -> Iterator[Claim]:
    yield 0 <= state.l1_ratio <= 1, f"a number from 0 to 1, got {state.l1_ratio}"
    has_use = state.l1_ratio == 0 or takes_lasso(loss)
    yield has_use, f"0 for a loss that is not smooth, got {state.l1_ratio}"


def _temperature(state: State, loss: RowLoss) -> Iterator[Claim]:
    is_one = math.isfinite(state.temperature) and state.temperature > 0
    yield is_one, f"a finite number above 0, got {state.temperature}"
    has_use = loss.has_probabilities or state.temperature == 1
    yield has_use, f"1 where there are no probabilities, got {state.temperature}"


def _class_names(state: State) -> Iterator[Claim]:
    names = state.class_names
    if names is None:
        return
    yield _are_unique(names), "each name once"
    are_places = all(isinstance(each, int) and 0 <= each < len(names) for each in state.classes)
    yield are_places, f"a name for each class, got {len(names)} names for {state.classes[:5]}"


def _image_shape(state: State) -> Iterator[Claim]:
    shape, encoder = state.image_shape, state.encoder
    if shape is None:
        return
    is_shape = len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)
    yield is_shape and all(size > 0 for size in shape), f"(h, w) or (h, w, 3), got {tuple(shape)}"
    pixels = math.prod(shape)
    yield pixels == len(encoder.numbers), f"{len(encoder.numbers)} pixels, got {pixels}"
    yield not (encoder.categories or encoder.dates), "pixels alone"


def _schema(state: State) -> Iterator[Claim]:
    schema, encoder = state.schema, state.encoder
    if schema is None:
        return
    yield _are_unique([column.name for column in schema.columns]), "each column once"
    for column in schema.columns:
        where = f"of the column {column.name!r}"
        is_written = (column.decimal, column.thousands) in SEPARATED
        yield is_written, f"a known writing {where}, got {column.decimal!r}, {column.thousands!r}"
        yield _is_unit(column.unit), f"a currency sign, % or ‰ {where}, got {column.unit!r}"
        yield column.day in DAYS, f"a known form of dates {where}, got {column.day!r}"
    if schema.columns:
        expected: dict[str, Collection[str]] = {
            "number": _plain_numbers(encoder),
            "text": encoder.categories,
            "date": encoder.dates,
        }
        for kind, names in expected.items():
            found = {
                column.name
                for column in schema.columns
                if KINDS.get(column.kind, column.kind) == kind
            }
            yield found == set(names), f"the columns that the encoder has for the kind {kind}"
    if schema.labels is not None:
        labels = schema.labels
        yield _are_unique(labels.classes), "each label once"
        are_integers = all(isinstance(each, int) for each in state.classes)
        yield labels.are_integers == are_integers, "labels of the type of the classes"
        yield {*map(str, state.classes)} <= {*labels.classes}, "each class among the labels"
        if labels.are_integers:
            yield all(map(_is_integer, labels.classes)), "labels that are integers"


CLAIMS: dict[str, Callable[[State], Iterator[Claim]]] = {
    "encoder": _encoder,
    "classes": _classes,
    "class_names": _class_names,
    "image_shape": _image_shape,
    "schema": _schema,
}


def _plain_numbers(encoder: EncoderState) -> list[str]:
    """The columns of numbers, without what dates become."""
    return encoder.numbers[: max(0, len(encoder.numbers) - len(PARTS) * len(encoder.dates))]


def _are_unique(names: Sequence[str]) -> bool:
    return len(set(names)) == len(names)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_unit(text: str) -> bool:
    return text in ("", "%", "‰") or (len(text) == 1 and unicodedata.category(text) == "Sc")


def _is_integer(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d{1,19}", text, re.ASCII)) and str(int(text)) == text
