"""The pictures of a comparison, one function for each.

Drawings are inline SVG whose colours are variables of the page, so that they follow it from light
to dark. Images are PNG, a pixel for a pixel.
"""

from __future__ import annotations

import base64
import functools
import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, Literal, ParamSpec

import matplotlib as mpl
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.ticker import FuncFormatter, LogLocator, SymmetricalLogLocator
from numpy.typing import NDArray

from .compared import Comparison
from .metrics import Reliability
from .result import Result
from .words import joined, phrase

P = ParamSpec("P")

# matplotlib wants colours, the page has names for them: one stands for the other while it draws.
STAND_INS = {
    "#000001": "var(--ink)",
    "#000002": "var(--muted)",
    "#000003": "var(--rule)",
    **{f"#00001{i}": f"var(--series-{i})" for i in range(6)},
}
INK, MUTED, RULE, *SERIES = STAND_INS
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)), (0, (9, 2)), (0, (3, 3)))

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # a name may hold dollars
    "axes.labelcolor": MUTED,
    "axes.edgecolor": RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "lines.linewidth": 1.7,
    "svg.fonttype": "none",
}


def drawing(draw: Callable[Concatenate[Axes, P], str]) -> Callable[P, Markup]:
    """Turn a function that draws on axes and says what is to be seen into one that returns SVG."""

    @functools.wraps(draw)
    def picture(*args: P.args, **kwargs: P.kwargs) -> Markup:
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(5.0, 3.3), layout="constrained")
            alt = draw(figure.add_subplot(), *args, **kwargs)
            with mpl.rc_context({"svg.hashsalt": alt}):  # ids that no other picture has
                text = io.StringIO()
                nothing: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
                with warnings.catch_warnings():
                    # The text is set in the fonts of the page: what others lack does not matter.
                    warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
                    figure.savefig(text, format="svg", transparent=True, metadata=nothing)
        return _inline(text.getvalue(), alt)

    return picture


def _inline(svg: str, alt: str) -> Markup:
    """SVG as a part of the page: of its width, in its fonts and colours."""
    body = svg[svg.index("</defs>") + len("</defs>") :]  # the first of them holds a style for all
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    for colour, variable in STAND_INS.items():
        body = body.replace(colour, variable)
    box = re.search(r'viewBox="[^"]*"', svg)
    assert box is not None
    return Markup(
        f'<svg {box[0]} role="img" aria-label="{escape(alt)}" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink">{body}'
    )


@drawing
def objective_curve(axes: Axes, comparison: Comparison, language: str) -> str:
    """The objective after each iteration, as a share of its value for weights of 0."""
    for result, style in _styled(comparison):
        shares = result.curve.objective / result.start
        axes.plot(np.arange(len(shares)), shares, **style)
    axes.set(xlabel=phrase("iteration", language), ylabel=phrase("objective-axis", language))
    axes.set_xscale("symlog", linthresh=1, linscale=0.3)  # logarithmic from 1 on, with a 0
    axes.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=1, subs=(1, 2, 5)))
    _logarithmic(axes, "y", subs=(1, 2, 5))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_plain))
    axes.legend()
    last = {r.name: f"{r.objective / r.start:.3g}" for r in comparison.results}
    return phrase("objective-alt", language, ends=_ends(last, language))


@drawing
def accuracy_curve(axes: Axes, comparison: Comparison, language: str) -> str:
    """The accuracy on the test rows over the seconds of training."""
    for result, style in _styled(comparison):
        # Of one iteration the end is all that a logarithmic scale of seconds shows.
        axes.plot(result.curve.seconds, result.curve.accuracy, marker=".", markevery=[-1], **style)
    # The first steps, far below, would flatten what sets the losses apart.
    worst = min(result.metrics.accuracy for result in comparison.results)
    lowest = min(result.curve.accuracy.min() for result in comparison.results)
    highest = max(result.curve.accuracy.max() for result in comparison.results)
    bottom = max(lowest - 0.01, worst - max(2 * (1 - worst), 0.05))
    axes.set_ylim(bottom, bottom + 1.04 * (highest - bottom))
    axes.set(xlabel=phrase("seconds-axis", language), ylabel=phrase("accuracy-axis", language))
    _logarithmic(axes, "x", subs=(1, 3))
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    axes.legend()
    accuracies = {r.name: f"{r.curve.accuracy[-1]:.1%}" for r in comparison.results}
    return phrase("accuracy-alt", language, ends=_ends(accuracies, language))


@drawing
def sweep_curve(axes: Axes, comparison: Comparison, measure: str, language: str) -> str:
    """How good each alpha is on parts of the training rows, with its standard error."""
    chosen = {}
    for result, style in _styled(comparison):
        found = result.sweep
        if found is None or found.measure != measure:
            continue
        axes.plot(found.alphas, found.mean, marker=".", **style)
        bounds = found.mean - found.error, found.mean + found.error
        axes.fill_between(found.alphas, *bounds, color=style["color"], alpha=0.15, linewidth=0)
        axes.axvline(found.chosen, color=style["color"], linestyle=style["linestyle"], linewidth=1)
        chosen[result.name] = f"{found.chosen:.3g}"
    axes.set_xscale("log")
    axes.set(xlabel="alpha", ylabel=phrase(f"sweep-{measure}", language))
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    if measure == "accuracy":
        axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    axes.legend()
    return phrase(f"sweep-{measure}-alt", language, ends=_ends(chosen, language))


@drawing
def reliability_diagram(
    axes: Axes, name: str, bins: Reliability, position: int, language: str
) -> str:
    """Accuracy against confidence: on the diagonal, 90% sure means right 9 times of 10."""
    error = np.sqrt(bins.confidence * (1 - bins.confidence) / bins.count)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axes.vlines(
        bins.confidence,
        np.clip(bins.confidence - 2 * error, 0, 1),
        np.clip(bins.confidence + 2 * error, 0, 1),
        color=RULE,
        linewidth=5,
    )
    areas = 12 + 220 * bins.count / bins.count.sum()
    axes.scatter(
        bins.confidence, bins.accuracy, areas, color=SERIES[position % 6], zorder=3, clip_on=False
    )
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel=phrase("probability-axis", language),
        ylabel=phrase("right-axis", language),
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_percent))
    pairs = zip(bins.confidence, bins.accuracy, bins.count, strict=True)
    points = (
        phrase("reliability-point", language, sure=f"{sure:.0%}", right=f"{right:.0%}", count=count)
        for sure, right, count in pairs
    )
    return phrase("reliability-alt", language, name=name, points="; ".join(points))


def photograph(pixels: NDArray[Any]) -> str:
    """A row of the data as a picture, dark on light where it is grey: the address of a PNG."""
    shades = pixels.astype(np.float64)
    low, high = (0, 255) if pixels.dtype == np.uint8 else (shades.min(), shades.max())
    return _png(np.clip((shades - low) / max(high - low, 1e-300), 0, 1), cmap="gray_r")


def template(weights: NDArray[Any], strongest: float) -> str:
    """The weights of a class as a picture, 0 in the middle of the scale: the address of a PNG."""
    return _png(np.clip(0.5 + 0.5 * weights / (strongest or 1.0), 0, 1), cmap="RdBu")


def _png(shades: NDArray[Any], cmap: str) -> str:
    file = io.BytesIO()
    nothing: dict[str, Any] = {"Software": None}
    imsave(file, shades, vmin=0, vmax=1, cmap=cmap, format="png", metadata=nothing)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _styled(comparison: Comparison) -> list[tuple[Result, dict[str, Any]]]:
    """Each result with its line: told apart by colour and, for who sees few, by dashes."""
    return [
        (result, {"color": SERIES[i % 6], "linestyle": DASHES[i % 6], "label": result.name})
        for i, result in enumerate(comparison.results)
    ]


def _logarithmic(axes: Axes, name: Literal["x", "y"], subs: Sequence[int]) -> None:
    """Make an axis logarithmic, if its values go far enough apart; a 0 has no place on it.

    `subs` are the multiples of a power of ten that are marked.
    """
    values = np.concatenate([line.get_data()[name == "y"] for line in axes.get_lines()])
    positive = values[values > 0]
    if len(positive) and positive.max() > 2 * positive.min():
        axis, set_scale = {
            "x": (axes.xaxis, axes.set_xscale),
            "y": (axes.yaxis, axes.set_yscale),
        }[name]
        set_scale("log", subs=(), nonpositive="mask")
        axis.set_major_locator(LogLocator(subs=subs))


def _ends(values: Mapping[str, str], language: str) -> str:
    """Where each curve ends."""
    ends = [phrase("ends", language, name=name, value=value) for name, value in values.items()]
    return joined(ends, language)


def _plain(value: float, _: int | None) -> str:
    return f"{value:g}"


def _percent(value: float, _: int | None) -> str:
    return f"{100 * value:g}%"
