"""The benchmark in the terminal: where it ran, a table for each group, which goals were met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from rich import box
from rich.table import Column, Table
from rich.text import Text

from normexp._console import Terminal

from .results import Benchmark, Row, Start, Timing, Verdict
from .shapes import CALL, COPY, WORKS
from .truth import shown


def show(benchmark: Benchmark) -> None:
    """Print all of a benchmark on standard output."""
    console = Terminal()
    for line in header(benchmark):
        console.print(line)
    for group, rows in groupby(benchmark.rows, lambda row: row.case.group):
        console.print()
        columns = Columns(group, list(rows), benchmark.cache)
        console.print_tables(columns.table, len(columns.headings))
    if benchmark.starts:
        console.print("", starts_table(benchmark.starts), sep="\n")
    console.print()
    for line in summary(benchmark):
        console.print(line)


def header(benchmark: Benchmark) -> Iterator[str]:
    machine = benchmark.machine
    caches = ", ".join(f"{name} {size >> 10} KiB" for name, size in machine["caches"].items())
    libraries = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    yield f"{machine['date']}, {machine['system']}"
    yield f"{machine['processor']}, {machine['cores']} cores, {caches or 'caches unknown'}"
    yield f"device {machine['device']}, threads {machine['threads']}, load before {machine['load']}"
    yield f"Python {machine['python']}, {libraries}"
    for remark in benchmark.left_out:
        yield f"left out: {remark}"
    yield (
        "times: the median of the rounds ± half of what lies between their quartiles; below it the "
        "worst error in ULP of the type of the logits"
    )


class Columns:
    """What the table of a group holds: a column for each contender, and for each pair that has a
    goal. Below each other stand a section for each work, and in it a line for each shape.
    """

    def __init__(self, title: str, rows: list[Row], cache: int | None) -> None:
        is_call = rows[0].case.shape == CALL
        names = sorted({name: None for row in rows for name in row.timings}, key=COPY.__eq__)
        verdicts = [{pair(verdict): verdict for verdict in row.verdicts(cache)} for row in rows]
        pairs = list(dict.fromkeys(pair for found in verdicts for pair in found))
        self.title = title
        self.unit = "µs per\ncall" if is_call else "ns per\nelement"
        self.headings = [name.replace(" / ", " /\n") for name in (*names, *pairs)]
        self.rows = rows
        self.cells = [
            [*times(row, names, 1000.0 if is_call else row.case.elements), *goals(found, pairs)]
            for row, found in zip(rows, verdicts, strict=True)
        ]

    def table(self, columns: Sequence[int]) -> Table:
        """Some of the columns, beside the works and the shapes."""
        grid = Table(
            Column(overflow="fold"),
            Column(self.unit, overflow="fold"),
            title=self.title,
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        for column in columns:
            grid.add_column(self.headings[column], justify="right", overflow="fold")
        work = ""
        for row, cells in zip(self.rows, self.cells, strict=True):
            is_next = row.case.work != work
            work = row.case.work
            if is_next:
                grid.add_section()
            heading = Text(WORKS[work].replace(" with", "\nwith") if is_next else "", "bold")
            grid.add_row(heading, row.case.label, *(cells[column] for column in columns))
        return grid


def times(row: Row, names: Sequence[str], unit: float) -> list[Text]:
    fastest = min((t.median, name) for name, t in row.timings.items() if name != COPY)[1]
    return [
        time_cell(row.timings[name], unit, name == fastest) if name in row.timings else Text("—")
        for name in names
    ]


def goals(found: Mapping[str, Verdict], pairs: Sequence[str]) -> list[Text]:
    return [goal_cell(found[pair]) if pair in found else Text() for pair in pairs]


def pair(verdict: Verdict) -> str:
    """What is divided by what."""
    return f"{verdict.goal.peer} / {verdict.goal.ours}"


def number(value: float) -> str:
    """Three digits."""
    return f"{value:#.3g}" if value < 100 else f"{value:.0f}"


def time_cell(timing: Timing, unit: float, is_fastest: bool) -> Text:
    lower, upper = timing.quartiles
    spread = (upper - lower) / 2 / timing.median
    cell = Text(number(timing.median / unit), "bold" if is_fastest else "")
    cell.append(f" ±{spread:.0%}", "not bold dim")
    if timing.ulp is not None:
        cell.append(f"\n{shown(timing.ulp)} ULP", "not bold dim")
    return cell


def goal_cell(verdict: Verdict) -> Text:
    if verdict.ratio is None:
        return Text(f"≥ {verdict.goal.ratio:.3g}\nnot measured", "dim")
    word, style = ("met", "green") if verdict.is_met else ("missed", "red")
    return Text(f"{verdict.ratio:.2f} ≥ {verdict.goal.ratio:.3g}\n").append(word, style)


def starts_table(starts: Iterable[Start]) -> Table:
    grid = Table(
        Column("first call in a new process", overflow="fold"),
        *("import, s", "call, s", "goal, s"),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for start in starts:
        goal = ""
        if start.goal is not None:
            goal = f"≤ {start.goal} {'met' if start.is_met else 'missed'}"
        grid.add_row(start.name, f"{start.import_seconds:.2f}", f"{start.call_seconds:.3f}", goal)
    return grid


def summary(benchmark: Benchmark) -> Iterator[str]:
    """How many goals were met and limits of errors kept, and each that was not."""
    verdicts = [
        (row.case, verdict) for row in benchmark.rows for verdict in row.verdicts(benchmark.cache)
    ]
    outcomes = [verdict.is_met for _, verdict in verdicts]
    outcomes += [start.is_met for start in benchmark.starts if start.goal is not None]
    counts = f"{outcomes.count(True)} met, {outcomes.count(False)} missed"
    yield f"goals: {counts}, {outcomes.count(None)} not measured"
    for case, verdict in verdicts:
        if verdict.is_met is False:
            yield (
                f"missed: {WORKS[case.work]} {case.label}, {pair(verdict)} "
                f"{verdict.ratio:.2f} of {verdict.goal.ratio:.3g}"
            )
    for start in benchmark.starts:
        if start.is_met is False:
            yield f"missed: {start.name}, {start.call_seconds:.2f} s of {start.goal} s"
    errors = [(row.case, *error) for row in benchmark.rows for error in row.errors()]
    kept = sum(ulp <= most for *_, ulp, most in errors)
    yield f"errors of normexp within their limit: {kept} of {len(errors)}"
    for case, name, ulp, most in errors:
        if not ulp <= most:
            yield f"too wrong: {WORKS[case.work]} {case.label}, {name}, {ulp:.3g} ULP of {most}"
