"""Draws the pictures of the chapters, without words, so that both languages share them.

`python docs/concepts/pictures.py` writes them into docs/concepts/pictures.
"""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

import normexp as nex

GREY, RULE = "#727b84", "#72727244"  # to be read on white and on black
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"  # of Okabe and Ito
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "text.color": GREY,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": RULE,
    "lines.linewidth": 2.0,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "normexp",
}


def temperature(axes: Axes) -> None:
    temperatures = np.geomspace(0.1, 10, 200)
    p = np.array([nex.softmax([2.0, 1.0, 0.1], temperature=t) for t in temperatures])
    for k, color in enumerate((BLUE, ORANGE, GREEN)):
        axes.plot(temperatures, p[:, k], color=color, label=f"p{'₀₁₂'[k]}")
    axes.set_xscale("log")
    axes.set_xticks([0.1, 0.5, 1, 2, 10], labels=["0.1", "0.5", "1", "2", "10"])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("T")
    axes.legend()


def sigmoid(axes: Axes) -> None:
    lead = np.linspace(-6, 6, 200)
    p = nex.sigmoid(lead)
    axes.plot(lead, p, color=BLUE, label="σ(d)")
    axes.plot(lead, p * nex.sigmoid(-lead), color=ORANGE, linestyle="--", label="σ′(d)")
    axes.set_xlabel("d")
    axes.legend()


def minus_log(axes: Axes) -> None:
    z = np.array([2.0, 1.0, 0.1])
    p = np.linspace(0.005, 1, 400)
    losses = nex.cross_entropy(
        np.stack([p, 1 - p], axis=1), np.zeros(len(p), int), from_logits=False, reduction="none"
    )
    axes.plot(p, losses, color=BLUE)
    axes.scatter(nex.softmax(z), -nex.log_softmax(z), color=ORANGE, zorder=3)
    for k in range(3):
        place = nex.softmax(z)[k], -nex.log_softmax(z)[k]
        axes.annotate(f"p{'₀₁₂'[k]}", place, (6, 6), textcoords="offset points")
    axes.set_xlabel("p")
    axes.set_ylabel("−log p")


def pull(axes: Axes) -> None:
    lead = np.linspace(-8, 4, 481)
    logits = np.stack([lead, np.zeros_like(lead)], axis=1)
    target = np.zeros(len(lead), int)
    for name, loss, color, dashes in (
        ("softmax", nex.CrossEntropy(reduction="none"), BLUE, "-"),
        ("hinge", nex.MulticlassHinge(reduction="none"), ORANGE, "--"),
        ("Brier", nex.SquaredError(on="probabilities", reduction="none"), GREEN, "-."),
    ):
        push = loss.value_and_grad(logits, target).grad[:, 1]
        axes.plot(lead, push, color=color, linestyle=dashes, label=name)
    axes.set_xlabel("z₀ − z₁")
    axes.set_ylabel("∂loss/∂z₁")
    axes.legend()


PICTURES = {
    "temperature": temperature,
    "sigmoid": sigmoid,
    "minus-log": minus_log,
    "pull": pull,
}


def draw_all(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(5.0, 2.8), layout="constrained")
            draw(figure.add_subplot())
            figure.savefig(folder / f"{name}.svg", transparent=True, metadata={"Date": None})


if __name__ == "__main__":
    draw_all(Path(__file__).parent / "pictures")
