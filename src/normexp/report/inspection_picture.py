"""The strongest features of each class as a picture of its own: SVG or PNG."""

from __future__ import annotations

import io
import math
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from .inspection import Inspection
from .plots import INK, MUTED, RULE, STYLE
from .sections import short, strongest
from .weights import ClassWeights

MOST_CLASSES = 100  # in one picture
ACROSS = {"bars": 3, "pictures": 10}
INCHES = {"bars": 3.6, "pictures": 1.1}
FOR, AGAINST = "#0072b2", "#b34700"

# On paper, where there is no page whose colours could be followed.
ON_PAPER = {INK: "#1d1c1a", MUTED: "#67635c", RULE: "#dfdbd2"}
# Those of usual systems that have Chinese, Japanese and Korean letters.
FONTS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei"),
    *("PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "SimHei", "Arial Unicode MS"),
)


def picture(inspection: Inspection, form: str) -> bytes:
    """Draw the strongest features of each class, or where rows are images its template.

    Parameters
    ----------
    inspection : Inspection
    form : {"svg", "png"}

    Raises
    ------
    ValueError
        If there are more classes than a picture has room for.
    """
    classes = len(inspection.class_names)
    if classes > MOST_CLASSES:
        raise ValueError(
            f"one picture has room for {MOST_CLASSES} classes, got {classes}: choose some of them"
        )
    kind = "bars" if inspection.templates is None else "pictures"
    across = min(classes, ACROSS[kind])
    down = math.ceil(classes / across)
    most = max(len(of_class.features) for of_class in inspection.class_weights)
    height = 0.7 + 0.2 * most if kind == "bars" else INCHES[kind] + 0.3
    with mpl.rc_context(_style()):
        figure = Figure(
            figsize=(max(INCHES[kind] * across, 3), height * down), layout="constrained"
        )
        for k, axes in enumerate(figure.subplots(down, across, squeeze=False).flat):
            if k >= classes:
                axes.set_axis_off()
                continue
            axes.set_title(short(inspection.class_names[k], 36), loc="left", fontsize=10)
            if inspection.templates is None:
                _draw_bars(axes, inspection.class_weights[k])
            else:
                _draw_template(axes, inspection.templates[k], strongest(inspection.templates))
        file = io.BytesIO()
        nothing: dict[str, Any] = dict.fromkeys(
            ("Creator", "Date", "Format", "Type") if form == "svg" else ("Software",)
        )
        figure.savefig(file, format=form, dpi=150, metadata=nothing)
    return file.getvalue()


def _draw_bars(axes: Axes, found: ClassWeights) -> None:
    """The strongest feature on top; a bar to the left speaks against the class."""
    (weights,) = found.weights
    places = np.arange(len(weights))
    axes.barh(places, weights, 0.7, color=np.where(weights > 0, FOR, AGAINST).tolist())
    axes.set_yticks(places, [short(name, 30) for name in found.features])
    axes.invert_yaxis()
    axes.axvline(0, color=ON_PAPER[MUTED], linewidth=0.8)
    axes.grid(visible=False, axis="y")
    axes.tick_params(left=False)
    axes.set_xlabel("weight in logits")


def _draw_template(axes: Axes, weights: Any, most: float) -> None:
    shades = np.clip(0.5 + 0.5 * weights / (most or 1.0), 0, 1)
    axes.imshow(shades, cmap="RdBu", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()


def _style() -> dict[Any, Any]:
    there = set(fontManager.get_font_names())
    return {
        **{key: ON_PAPER.get(value, value) for key, value in STYLE.items() if value.__hash__},
        "font.family": ["DejaVu Sans", *(name for name in FONTS if name in there)],
        "svg.hashsalt": "weights",
    }
