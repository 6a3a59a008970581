"""The commands that an advice says to try, as short as they can be."""

from __future__ import annotations

import shlex

from .._defaults import ALPHA, MAX_ITER
from ..losses import COMPARED
from .compared import Comparison

DEFAULTS = {
    "alpha": ALPHA,
    "alphas": None,
    "max_iter": MAX_ITER,
    "test_size": None,
    "folds": None,
    "seed": 0,
    "seeds": 1,
}
MODEL = "model.safetensors"


def again(comparison: Comparison, *options: str, **changed: float) -> str:
    """The command of a comparison with more options, or with other values of those it ran with."""
    words = ["normexp", "compare", *comparison.source]
    names = tuple(result.name for result in comparison.results)
    if names != tuple(COMPARED):
        words += [word for name in names for word in ("--loss", name)]
    by_rule = {"test_size", "folds"} if comparison.is_by_rule else set()
    for name, default in DEFAULTS.items():
        value = default if name in by_rule else changed.get(name, getattr(comparison, name))
        if value not in (default, None) and not ("--alphas" in options and name == "alpha"):
            words += [f"--{name.replace('_', '-')}", f"{value:.12g}"]
    if comparison.calibrate:
        words.append("--calibrate")
    return shlex.join([*words, *comparison.further, *options])


def training(comparison: Comparison, loss: str) -> str:
    """The command that trains with one loss on all rows."""
    words = ["normexp", "train", *comparison.source, "--loss", loss]
    alpha = next(result.alpha for result in comparison.results if result.name == loss)
    if alpha != ALPHA:
        words += ["--alpha", f"{alpha:.12g}" if comparison.alphas is None else f"{alpha:.4g}"]
    if comparison.max_iter != MAX_ITER:
        words += ["--max-iter", str(comparison.max_iter)]
    return shlex.join([*words, "-o", MODEL])
