"""The picture of a benchmark: a dot for each contender, a line for each shape."""

from __future__ import annotations

from io import BytesIO
from itertools import groupby
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from .results import Benchmark, Row
from .shapes import COPY, FAST, NORMEXP, SCIPY, TORCH, WORKS

SUFFIXES = (".svg", ".png")
PICTURED = ("wide rows", "narrow rows", "as asked")  # what a page has room for
COLUMNS = 2
LEGEND_LINES = 6  # it is as high as a panel of so many shapes

INK, MUTED, RULE = "#1f2328", "#59636e", "#d8dee4"
# The colours of Okabe and Ito, which the colour-blind tell apart, and a shape each for the others.
MARKS: dict[str, dict[str, Any]] = {
    NORMEXP: {"color": "#0072b2", "marker": "o", "s": 62, "zorder": 5},
    FAST: {"color": "#d55e00", "marker": "o", "s": 62, "zorder": 6},
    TORCH: {"color": "#009e73", "marker": "s", "s": 34, "zorder": 4},
    "JAX": {"color": "#cc79a7", "marker": "D", "s": 28, "zorder": 3},
    SCIPY: {"color": "#56b4e9", "marker": "^", "s": 38, "zorder": 3},
    "scikit-learn": {"color": "#e69f00", "marker": "v", "s": 38, "zorder": 3},
    "NumPy": {"color": "#59636e", "marker": "x", "s": 30, "zorder": 3},
    COPY: {"color": "#1f2328", "marker": "|", "s": 150, "zorder": 7},
}
LABELS = {COPY: "np.copyto, the floor", "NumPy": "NumPy, five lines"}
RATIOS = {NORMEXP: 34, FAST: 68}  # points from the right end of a panel

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 18,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.left": False,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "svg.hashsalt": "normexp",
    "svg.fonttype": "none",
}


def drawn(benchmark: Benchmark, suffix: str) -> bytes:
    """The picture as a file: SVG or PNG, as the end of its name says."""
    nothing = {"Date": None} if suffix == ".svg" else {}
    file = BytesIO()
    with mpl.rc_context(STYLE):
        figure = picture(benchmark)
        figure.savefig(file, format=suffix[1:], dpi=160, facecolor="white", metadata=nothing)
    return file.getvalue()


def picture(benchmark: Benchmark) -> Figure:
    """A panel for each work and kind of shape, and one for what stands on all of them."""
    rows = [row for row in benchmark.rows if row.case.group in PICTURED] or benchmark.rows
    panels = [
        (f"{WORKS[work]}, {group}", list(found))
        for (group, work), found in groupby(rows, lambda row: (row.case.group, row.case.work))
    ]
    lines = -(-(len(panels) + 1) // COLUMNS)
    sizes = [*(len(found) for _, found in panels), LEGEND_LINES]
    heights = [max(sizes[COLUMNS * i : COLUMNS * (i + 1)]) for i in range(lines)]
    figure = Figure(figsize=(11, 0.25 * sum(heights) + 1.05 * lines), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.12, w_pad=0.14)  # type: ignore[union-attr, call-arg]
    axes = figure.subplots(
        lines, COLUMNS, squeeze=False, height_ratios=[height + 3 for height in heights]
    ).ravel()
    for panel, (title, found) in zip(axes, panels, strict=False):
        draw(panel, title, found)
    for panel in axes[len(panels) :]:
        panel.set_axis_off()
    legend(axes[len(panels)], axes[: len(panels)], benchmark)
    return figure


def draw(axes: Axes, title: str, rows: list[Row]) -> None:
    """Nanoseconds per element, shape by shape; beside it how many times as long torch takes."""
    for name, mark in MARKS.items():
        places = [place for place, row in enumerate(rows) if name in row.timings]
        times = [rows[i].timings[name].median / rows[i].case.elements for i in places]
        if places:
            axes.scatter(times, places, label=LABELS.get(name, name), **mark)
    for place, row in enumerate(rows):
        for name in RATIOS:
            ratio = row.ratio(name, TORCH)
            if ratio is not None:
                beside(axes, name, f"{ratio:.1f}×" if ratio < 10 else f"{ratio:.0f}×", place)
    if any(TORCH in row.timings for row in rows):
        beside(axes, FAST, "torch takes", -0.75, color=MUTED)
    axes.set_title(title)
    axes.set_yticks(range(len(rows)), [row.case.label for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xscale("log")
    axes.margins(x=0.06)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("ns per element")


def beside(axes: Axes, column: str, text: str, place: float, **style: Any) -> None:
    """Text at the right of a panel."""
    axes.annotate(
        text,
        (1, place),
        (RATIOS[column], 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        ha="right",
        va="center",
        **{"color": MARKS[column]["color"], **style},
    )


def legend(axes: Axes, panels: Any, benchmark: Benchmark) -> None:
    """What the marks mean, and where this was measured."""
    marks: dict[str, Any] = {}
    for panel in panels:
        handles, labels = panel.get_legend_handles_labels()
        marks |= dict(zip(labels, handles, strict=True))
    axes.legend(list(marks.values()), list(marks), loc="upper left", ncols=2, borderaxespad=0)
    machine = benchmark.machine
    axes.text(
        0,
        0,
        "Further left is faster; the scale is logarithmic. At the right: how many\n"
        "times as long torch takes. Medians of interleaved rounds.\n"
        f"{machine['processor']}, threads: {machine['threads']}, {machine['date'][:10]}.",
        va="bottom",
        color=MUTED,
        transform=axes.transAxes,
    )
