"""Options that several commands share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from functools import wraps
from typing import Any

import click

from .._defaults import ALPHA, MAX_ITER
from .._sentences import LANGUAGES
from ..losses import LOSSES

Command = Callable[..., Any]
Shape = tuple[int, ...]

MOST_AXES, MOST_ELEMENTS = 8, 2**33  # what a shape that is asked for may have
MOST_THREADS = 1024


def options(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options that some commands share, as one decorator."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def size(text: str) -> int:
    """A number of bytes.

    >>> size("500MB"), size("1.5 GiB")
    (500000000, 1610612736)
    """
    parts = re.fullmatch(r"(\d+\.?\d*) ?([kmgt]?)(i?)b?", text, re.ASCII | re.IGNORECASE)
    if parts is None:
        raise click.BadParameter(f"expected a size such as 500MB or 2GiB, got {text!r}")
    number, unit, is_binary = parts.groups()
    base, power = 1024 if is_binary else 1000, " kmgt".index(unit.lower() or " ")
    return int(Fraction(number) * base**power)


def character(text: str) -> str:
    r"""A character, which may be a tab written as shells let one: ``\t``.

    >>> character(r"\t"), character(";")
    ('\t', ';')
    """
    return "\t" if text == r"\t" else text


def shape(text: str) -> Shape:
    """The sizes of the axes of an array.

    >>> shape("64x1000"), shape("2×3×4")
    ((64, 1000), (2, 3, 4))
    """
    sizes = text.replace("×", "x").split("x")
    if not all(re.fullmatch(r"0*[1-9][0-9]{0,11}", size) for size in sizes):
        raise click.BadParameter(f"expected a shape such as 4096x1000, got {text!r}")
    found = tuple(map(int, sizes))
    if len(found) > MOST_AXES or math.prod(found) > MOST_ELEMENTS:
        raise click.BadParameter(
            f"expected at most {MOST_AXES} axes and {MOST_ELEMENTS:,} numbers, got {text!r}"
        )
    return found


class Number(click.FloatRange):
    """A finite number: NaN is within every range as click looks at it."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number


class Integer(click.types.IntParamType):
    """An integer of 64 bits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number: int = super().convert(value, param, ctx)
        if not -(2**63) <= number < 2**63:
            self.fail(f"{value} is no integer of 64 bits.", param, ctx)
        return number


as_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON alone; inf and nan are text in it.",
)
threaded = click.option(
    "--threads",
    type=click.IntRange(1, MOST_THREADS),
    default=1,
    show_default=True,
    help="The threads of each contender that can have more than one.",
)
in_language = click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="The language to say it in.",
)
loss_names = click.Choice(list(LOSSES))


def shaped(words: str) -> Callable[[Command], Command]:
    """Shapes of what is measured."""
    return click.option("--shape", "shapes", type=shape, metavar="SHAPE", multiple=True, help=words)


READING = {
    "target": click.option(
        "--labels",
        "--target",
        "target",
        metavar="NAME",
        help="What holds the labels: a column, or an array of a file of several.",
    ),
    "features": click.option(
        "--features", metavar="NAME", help="The array of features, in a file of several."
    ),
    "split": click.option(
        "--split",
        type=click.Choice(["train", "test"]),
        help="The part to read, where the data tell them apart.  [default: train]",
    ),
    "encoding": click.option(
        "--encoding",
        metavar="NAME",
        help="How text is encoded, such as cp1252.  [default: by its mark, or UTF-8]",
    ),
    "header": click.option(
        "--no-header",
        "header",
        flag_value=False,
        default=True,
        help="The first line of the text is a row; --target may be an index, as -1.",
    ),
    "separator": click.option(
        "--separator",
        type=character,
        metavar="CHARACTER",
        help="What separates the cells of text, such as '\\t'.  [default: found by the rows]",
    ),
    "max_size": click.option(
        "--max-size",
        type=size,
        help="What a file may hold, or unpack to, such as 500MB.  [default: 4GB]",
    ),
}


def read_from(command: Command) -> Command:
    """What to read of DATA: options of `normexp.data.load`, which the command gets as `reading`."""

    @wraps(command)
    def reading(**values: Any) -> Any:
        return command(reading={name: values.pop(name) for name in READING}, **values)

    return options(*READING.values())(reading)


within_memory = click.option(
    "--memory",
    type=size,
    default="1GB",
    show_default=True,
    help="What the rows of a folder of files may take at a time.",
)
columns = options(
    click.option(
        "--drop", metavar="COLUMN", multiple=True, help="A column to leave out. May be repeated."
    ),
    click.option(
        "--keep",
        metavar="COLUMN",
        multiple=True,
        help="A column to keep that would be left out: row numbers, or texts that nearly all "
        "differ. May be repeated.",
    ),
    click.option(
        "--missing",
        metavar="TEXT",
        multiple=True,
        help="A text that stands for a missing value, also among the labels, in place of the "
        "usual ones (NA, NaN, null, ? and others). May be repeated.",
    ),
)
train_by = options(
    click.option(
        "--alpha",
        type=Number(min=0),
        default=ALPHA,
        show_default=True,
        help="Strength of the penalty alpha/2 · ‖W‖² on the weights.",
    ),
    click.option(
        "--max-iter",
        type=click.IntRange(min=1),
        default=MAX_ITER,
        show_default=True,
        help="Iterations after which training stops at the latest.",
    ),
)
