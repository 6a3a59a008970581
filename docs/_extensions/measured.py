"""What was measured, from `benchmarks/results`: no figure of it stands in a page."""

import re
import shutil
from itertools import groupby
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from benchmarks.printing import header, number
from benchmarks.results import Benchmark, Row, Timing, read
from benchmarks.shapes import CALL, COPY, NORMEXP, TORCH, WORKS
from benchmarks.truth import shown

RESULTS = Path(__file__).parents[2] / "benchmarks/results"
PICTURE = "_static/speed.svg"


def newest(pattern: str) -> Path:
    """The last of the files whose names differ in their dates."""
    return max(RESULTS.glob(pattern))


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """A table whose first column is words, and the others are numbers."""
    lines = [header, [":--", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def errors_table(text: str, title: str) -> str:
    """One of the tables of `python -m benchmarks accuracy`, by the start of its title."""
    paragraphs = [paragraph.splitlines() for paragraph in text.split("\n\n")]
    lines = next(lines for lines in paragraphs if lines[0].startswith(f"{title}:"))
    cells = [re.split(r"\s{2,}", line.rstrip()) for line in lines[1:]]
    return markdown_table(cells[0], cells[1:])


def speed_tables(benchmark: Benchmark, group: str) -> str:
    """Times with errors in brackets, a column for each contender and a table for each work."""
    rows = [row for row in benchmark.rows if row.case.group == group]
    return "\n\n".join(
        f"**{WORKS[work]}**\n\n{speed_table(list(of_work))}"
        for work, of_work in groupby(rows, lambda row: row.case.work)
    )


def speed_table(rows: list[Row]) -> str:
    names = sorted({name: None for row in rows for name in row.timings}, key=COPY.__eq__)
    cells = []
    for row in rows:
        unit = 1000.0 if row.case.shape == CALL else row.case.elements
        times = [time(row.timings.get(name), unit) for name in names]
        ratio = row.ratio(NORMEXP, TORCH)
        cells.append([row.case.label, *times, "" if ratio is None else f"{ratio:.2f}"])
    return markdown_table(["", *names, "torch / normexp"], cells)


def time(timing: Timing | None, unit: float) -> str:
    if timing is None:
        return "—"
    error = "" if timing.ulp is None else f"<br>({shown(timing.ulp)})"
    return number(timing.median / unit) + error


class Errors(SphinxDirective):
    """``{errors} float32 softmax``: the worst errors, family by family."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        text = newest("accuracy-*.txt").read_text("utf-8")
        return self.parse_text_to_nodes(errors_table(text, self.arguments[0]))


class ErrorsMeasuredOn(SphinxDirective):
    """``{errors-measured-on}``: the versions and the rows, as the command printed them."""

    def run(self) -> list[nodes.Node]:
        text = newest("accuracy-*.txt").read_text("utf-8").split("\n\n")[0]
        return [nodes.literal_block(text, text, language="text")]


class Speed(SphinxDirective):
    """``{speed} wide rows``: the times of a group of shapes."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        benchmark = read(newest("speed-*.json"))
        return self.parse_text_to_nodes(speed_tables(benchmark, self.arguments[0]))


class SpeedMeasuredOn(SphinxDirective):
    """``{speed-measured-on}``: the machine, the versions, and what the figures are."""

    def run(self) -> list[nodes.Node]:
        text = "\n".join(header(read(newest("speed-*.json"))))
        return [nodes.literal_block(text, text, language="text")]


class SpeedPicture(SphinxDirective):
    """``{speed-picture}``: a dot for each contender, a line for each shape."""

    def run(self) -> list[nodes.Node]:
        up = "../" * self.env.docname.count("/")
        words = "Time per number of normexp and its peers, a panel for each function"
        picture = f'<img class="on-white" src="{up}{PICTURE}" alt="{words}">'
        return [nodes.raw("", picture, format="html")]


class Optima(SphinxDirective):
    """``{optima}``: the optima of the classifiers beside scikit-learn's, as they were printed."""

    def run(self) -> list[nodes.Node]:
        text = newest("optima-*.txt").read_text("utf-8")
        return [nodes.literal_block(text, text, language="text")]


def bring_picture(app: Sphinx) -> None:
    """Put the picture of the speeds, whatever its date, where pages can name it."""
    file = app.outdir / PICTURE
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(newest("speed-*.svg"), file)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("errors", Errors)
    app.add_directive("errors-measured-on", ErrorsMeasuredOn)
    app.add_directive("speed", Speed)
    app.add_directive("speed-measured-on", SpeedMeasuredOn)
    app.add_directive("speed-picture", SpeedPicture)
    app.add_directive("optima", Optima)
    app.connect("builder-inited", bring_picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
