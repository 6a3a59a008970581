"""`normexp diagnose`: what is wrong with an array of logits."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from ..losses import LOSSES, BinaryCrossEntropy, Loss, RowLoss
from . import terminal
from .options import READING, Integer, as_json, in_language, loss_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array = click.Path(path_type=Path)
BINARY = "binary"


@click.command()
@click.argument("logits", type=Array)
@click.option("--target", type=Array, help="A file of class ids or probabilities.")
@click.option(
    "--loss",
    "name",
    type=click.Choice([*loss_names.choices, BINARY]),
    metavar="LOSS",  # all of them make a line that no terminal has room for
    default="softmax",
    show_default=True,
    help=f"The loss that the logits are meant for: {', '.join(loss_names.choices)} or {BINARY}.",
)
@click.option(
    "--axis", type=Integer(), default=-1, show_default=True, help="The axis of the classes."
)
@click.option(
    "--ignore-index",
    type=Integer(),
    default=-100,
    show_default=True,
    help="The class id that leaves a row out.",
)
@click.option("--where", type=Array, help="A file that holds True for each class that exists.")
@in_language
@READING["max_size"]
@as_json
@click.pass_context
def diagnose(
    context: click.Context,
    logits: Path,
    target: Path | None,
    name: str,
    axis: int,
    ignore_index: int,
    where: Path | None,
    language: str,
    max_size: int | None,
    as_json: bool,
) -> None:
    """Say why a loss is 0, inf or NaN, and what to do about it.

    LOGITS is an .npy file; or an .npz file, in which the array is called logits, and arrays called
    target and where are used too. The exit status is 0 where nothing is wrong or there are only
    warnings, 1 where errors were found, 2 where the input cannot be read.

    \b
    Examples:
      normexp diagnose logits.npy --target labels.npy
      normexp diagnose batch.npz --loss svm --language zh
    """
    from ..data.opening import at_most
    from ..diagnosis import diagnose as examine

    with at_most(max_size):
        arrays = _read(logits)
        arrays |= {key: _only(path) for key, path in _given(target=target, where=where).items()}
    if "logits" not in arrays:
        raise click.BadParameter(
            f"{logits.name} has no array called logits; it has {', '.join(arrays) or 'none'}"
        )
    found = examine(
        arrays["logits"],
        arrays.get("target"),
        _loss(name, axis, ignore_index),
        where=arrays.get("where"),
        language=language,
    )
    if as_json:
        terminal.say_json(found.to_dict())
    else:
        terminal.say(str(found))
    context.exit(0 if found.ok else 1)


def _loss(name: str, axis: int, ignore_index: int) -> Loss:
    if name == BINARY:
        return BinaryCrossEntropy()
    loss: RowLoss = replace(LOSSES[name], axis=axis, ignore_index=ignore_index)
    return loss


def _given(**paths: Path | None) -> dict[str, Path]:
    return {name: path for name, path in paths.items() if path is not None}


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file by name; the only one of an .npy file is the logits."""
    from ..data.arrays import read_arrays

    arrays = read_arrays(path)
    arrays = {"logits": arrays[""]} if "" in arrays else arrays
    return {name: _with_bfloat16(array) for name, array in arrays.items()}


def _only(path: Path) -> NDArray[Any]:
    """The only array of a file."""
    arrays = list(_read(path).values())
    if len(arrays) != 1:
        raise click.BadParameter(f"{path.name}: expected one array, got {len(arrays)}")
    return arrays[0]


def _with_bfloat16(array: NDArray[Any]) -> NDArray[Any]:
    """NumPy writes bfloat16 as two bytes without a meaning."""
    if array.dtype != np.dtype("V2"):
        return array
    if find_spec("ml_dtypes") is None:
        raise click.ClickException("an array looks like bfloat16, which needs ml_dtypes")
    import ml_dtypes

    return array.view(ml_dtypes.bfloat16)
