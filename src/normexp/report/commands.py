"""The commands that an advice says to try, as short as they can be."""

from __future__ import annotations

import shlex

from .._defaults import ALPHA, MAX_ITER
from ..losses import COMPARED
from .compared import Comparison

MODEL = "model.safetensors"


def again(comparison: Comparison, *options: str, **changed: float) -> str:
    """The command of a comparison with other options, or with other values of those it ran with."""
    words = ["normexp", "compare", *comparison.source]
    names = tuple(result.name for result in comparison.results)
    if names != tuple(COMPARED):
        words += [word for name in names for word in ("--loss", name)]
    for name, default in {"alpha": ALPHA, "max_iter": MAX_ITER, "seed": 0}.items():
        value = changed.get(name, getattr(comparison, name))
        if value != default:
            words += [f"--{name.replace('_', '-')}", f"{value:.12g}"]
    return shlex.join([*words, *options])


def training(comparison: Comparison, loss: str, *options: str) -> str:
    """The command that trains with one loss on all rows."""
    words = ["normexp", "train", *comparison.source, "--loss", loss]
    if comparison.alpha != ALPHA:
        words += ["--alpha", f"{comparison.alpha:.12g}"]
    return shlex.join([*words, *options, "-o", MODEL])
