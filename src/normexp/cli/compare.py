"""`normexp compare`: several losses on one data set, as a report."""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from .._defaults import TOL
from .._files import write_files
from ..losses import COMPARED, LOSSES
from . import terminal
from .group import Output, spare
from .options import READING, Number, as_json, columns, in_language, loss_names, read_from, train_by
from .words import as_options


@click.command()
@click.argument("data", default="digits")
@read_from
@columns
@click.option(
    "--loss",
    "names",
    type=loss_names,
    multiple=True,
    default=COMPARED,
    help=f"A loss to train with. May be repeated.  [default: {', '.join(COMPARED)}]",
)
@train_by
@click.option(
    "--test-size",
    type=Number(0, 1, min_open=True, max_open=True),
    help="The share of the rows to test on.  [default: 0.2, if these are 200 rows]",
)
@click.option(
    "--folds",
    type=click.IntRange(2),
    help="Test on all rows, in so many parts.  [default: 5, for fewer rows than that]",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="What the split is drawn by.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="So many seeds, from --seed on: the rows are split anew by each.",
)
@click.option(
    "--alphas",
    type=click.IntRange(2, 1000),
    help="Choose alpha among so many, on the training rows alone, instead of --alpha.",
)
@click.option(
    "--calibrate",
    is_flag=True,
    help="Also find the temperature of probabilities, on the training rows, and what it changes.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="REPORT.json",
    help="The numbers of an earlier report: what has changed since, beyond chance or not.",
)
@click.option(
    "-o",
    "--output",
    type=Output(".html"),
    default="report.html",
    show_default=True,
    help="The report; its numbers are written beside it, under its name with .json.",
)
@in_language
@as_json
def compare(
    data: str,
    reading: dict[str, Any],
    drop: tuple[str, ...],
    keep: tuple[str, ...],
    missing: tuple[str, ...],
    names: tuple[str, ...],
    alpha: float,
    max_iter: int,
    test_size: float | None,
    folds: int | None,
    seed: int,
    seeds: int,
    alphas: int | None,
    calibrate: bool,
    against: Path | None,
    output: Path,
    language: str,
    as_json: bool,
) -> None:
    """Train with several losses on DATA, and report how they differ.

    All of them learn from the same rows, and are judged on the same others. Of small data every row
    is judged once, in parts: --folds.

    \b
    Example:
      normexp compare flowers.csv --target species --loss softmax --loss svm
    """
    context = click.get_current_context()
    if alphas is not None and context.get_parameter_source("alpha") == ParameterSource.COMMANDLINE:
        raise click.UsageError("--alphas chooses alpha: leave out --alpha")
    numbers = output.with_suffix(".json")
    spare([output, numbers], [data, against])
    with terminal.progress(TOL) as course:
        from ..data import load
        from ..data.notes import said
        from ..report import comparison
        from ..report.against import against as set_against
        from ..report.against import read_earlier
        from ..report.page import page
        from ..report.summary import changed, summary, unfinished
        from ..report.words import called

        earlier = None if against is None else read_earlier(against)
        course.begin(f"reading {data}")
        dataset = load(data, drop=drop, keep=keep, missing=missing or None, **reading)
        compared = comparison.compare(
            dataset,
            {name: LOSSES[name] for name in names},
            test_size=test_size,
            folds=folds,
            seed=seed,
            seeds=seeds,
            alpha=alpha,
            alphas=alphas,
            max_iter=max_iter,
            calibrate=calibrate,
            source=_words(context, SOURCE)[2:],
            further=_words(context, _asked_for(context, FURTHER))[2:],
            on_start=lambda name: course.begin(f"making the kernels of {name} ready"),
            on_progress=lambda name, state, accuracy: course.show(
                name, state, f", {accuracy:.1%} right"
            ),
        )
        if earlier is not None:
            compared = replace(compared, against=set_against(compared, earlier))
        course.begin("drawing the report")
        notes = tuple(as_options(said(note, language)) for note in compared.notes)
        worded = replace(compared, notes=notes)
        plain = worded.to_dict(language)
        html = page(worded, shlex.join(_words(context)), language)
    write_files({output: html, numbers: terminal.as_json(plain)})
    if as_json:
        terminal.say_json(plain)
    else:
        terminal.print_table(
            [
                *(result.name for result in compared.results),
                *(called(baseline.name, language) for baseline in compared.baselines),
            ],
            compared.metrics,
            compared.results,
            language,
        )
        terminal.say("\n".join(summary(compared, language)))
        if compared.against is not None:
            terminal.say("\n".join(changed(compared.against, language)))
        terminal.print_advice(compared.advice, language)
    for remark in (*compared.notes, *unfinished(compared.results, language)):
        terminal.note(remark)
    terminal.note(f"Wrote {output} and {numbers}.")


SOURCE = ("data", *READING, "drop", "keep", "missing")
FURTHER = ("against", "output", "language")


def _asked_for(context: click.Context, names: Iterable[str]) -> list[str]:
    """Those of some options that were given."""
    given = ParameterSource.COMMANDLINE
    return [name for name in names if context.get_parameter_source(name) == given]


def _words(context: click.Context, only: Container[str] | None = None) -> list[str]:
    """The command with every option that it ran with, defaults too: what to type to repeat it.

    Or with some of them alone.
    """
    words = ["normexp", str(context.info_name)]
    for parameter in context.command.params:
        is_replaced = parameter.name == "alpha" and context.params["alphas"] is not None
        if is_replaced or (only is not None and parameter.name not in only):
            continue
        value = context.params[str(parameter.name)]
        if isinstance(parameter, click.Argument):
            words.append(str(value))
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            words += [parameter.opts[-1]] * (
                parameter.name != "as_json" and value != parameter.get_default(context)
            )
        elif value is not None:
            values = value if parameter.multiple else [value]
            written = (str(each).replace("\t", r"\t") for each in values)  # copied, it is a blank
            words += [word for each in written for word in (parameter.opts[-1], each)]
    return words
