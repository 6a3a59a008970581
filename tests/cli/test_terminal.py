"""What commands show: it fits the terminal, begins at once, and text from data is text."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import unicodedata
from pathlib import Path

import click
import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

import normexp
from normexp._text import visible
from normexp.cli import spreadsheet, terminal
from normexp.cli.commands import normexp as command

NASTY = "[bold]é[/] [link=x:y]\x1b[31mred\x07\x9b1m\u202egnp.exe\u2028:smile:"
HARMLESS = visible(NASTY)
COMMANDS = sorted(command.commands)


def unseen(text):
    """The characters that do something to a terminal, or to what is read there."""
    return [c for c in text if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl"}]


def run(*words, env=None):
    return CliRunner().invoke(command, [str(word) for word in words], env=env)


def on_terminal(words, columns, folder, **environment):
    """Status and bytes of a command on a terminal of so many columns."""
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios

    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    surroundings = {**os.environ, "TERM": "xterm", **environment}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        surroundings.pop(name, None)
    with subprocess.Popen(
        [sys.executable, "-m", "normexp", *map(str, words)],
        cwd=folder,
        stdin=writer,
        stdout=writer,
        stderr=writer,
        env=surroundings,
    ) as process:
        os.close(writer)
        shown = b""
        while True:
            try:
                some = os.read(reader, 65536)
            except OSError:  # the other end is closed
                break
            if not some:
                break
            shown += some
    os.close(reader)
    return process.returncode, shown.decode().replace("\r\n", "\n")


def without_styles(shown):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本 −1 👩‍👧", "plain é 日本 −1 👩‍👧"),
        ("a\tb\r", r"a\tb\r"),
        ("\x1b[2J\x9b2J\x7f", r"\x1b[2J\x9b2J\x7f"),
        ("\u202e\u2066\u200f\ufeff\u2029", r"\u202e\u2066\u200f\ufeff\u2029"),
        ("\udcff\U000e0041", r"\udcff\U000e0041"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_what_is_no_letter_is_shown_as_an_escape(text, shown):
    assert visible(text) == shown


def test_json_holds_what_it_is_given_and_nothing_unseen():
    plain = {NASTY: [NASTY, "\U000e0041", "\udcff", 1.5]}
    text = terminal.as_json(plain)
    assert unseen(text) == []
    assert json.loads(text) == plain


@pytest.fixture
def nasty(tmp_path, monkeypatch):
    """A table whose name, columns, texts and labels would all like to be more than text."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    labels = np.repeat([f"{NASTY} one", "=two", "-three"], 20)
    size = np.repeat([1.0, 2.0, 3.0], 20) + rng.normal(size=60)
    texts = [f"{NASTY}{i % 3}" for i in range(60)]
    table = pl.DataFrame({f"size {NASTY}": size, f"text {NASTY}": texts, "kind": labels})
    name = "[red]rows\x1b[31m.csv"
    Path(name).write_text(table.write_csv(), encoding="utf-8")
    return name


def test_names_and_texts_of_data_are_text(nasty, tmp_path):
    model = "[bold]\x1b[31mmodel"
    given = ("--target", "kind")
    trained = run("train", nasty, *given, "-o", model)
    compared = run("compare", nasty, *given, "--loss", "softmax")
    evaluated = run("evaluate", model, nasty)
    wrong = run("compare", nasty, "--target", NASTY)
    gone = run("compare", f"{NASTY}.csv")
    for result in (trained, compared, evaluated):
        assert result.exit_code == 0, result.stderr
    for result in (wrong, gone):
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
    for result in (trained, compared, evaluated, wrong, gone):
        assert unseen(result.stdout + result.stderr) == []
    assert HARMLESS in wrong.stderr
    assert HARMLESS in gone.stderr
    assert r"[bold]\x1b[31mmodel" in trained.stdout
    assert r"[red]rows\x1b[31m.csv" in evaluated.stdout
    assert r"size [bold]é[/] [link=x:y]\x1b[31mred" in compared.stderr


def test_predictions_are_exact_but_on_a_terminal(nasty, tmp_path):
    assert run("train", nasty, "--target", "kind", "-o", "model").exit_code == 0
    piped = run("predict", "model", nasty).stdout
    assert f"p({NASTY} one)" in piped
    plain = json.loads(run("predict", "model", nasty, "--json").stdout)
    assert {row["label"] for row in plain} == {f"{NASTY} one", "=two", "-three"}
    status, shown = on_terminal(["predict", "model", nasty], 80, tmp_path)
    assert status == 0
    assert unseen(shown) == []
    assert f"p({HARMLESS} one)" in shown


def test_texts_that_a_spreadsheet_would_compute_are_guarded(nasty):
    assert run("train", nasty, "--target", "kind", "-o", "model").exit_code == 0
    assert run("predict", "model", nasty, "-o", "out.csv").exit_code == 0
    labels = set(pl.read_csv("out.csv")["label"])
    assert labels == {f"{NASTY} one", "'=two", "'-three"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "－"])
def test_each_beginning_of_a_formula_is_guarded(start):
    table = pl.DataFrame({"a": [f"{start}1+1", f"a{start}"], f"{start}b": ["", None], "n": [-1, 1]})
    safe = pl.read_csv(spreadsheet.as_csv(table).encode(), infer_schema=False)
    assert safe.columns == ["a", f"'{start}b", "n"]
    assert safe["a"].to_list() == [f"'{start}1+1", f"a{start}"]
    assert safe["n"].to_list() == ["-1", "1"]


@pytest.mark.parametrize("number", ["-1", "+1", "-.5", "-1.5e-7", "+0.", "-0"])
def test_a_number_is_no_formula(number):
    assert spreadsheet.guarded(number) == number


@pytest.mark.parametrize("text", ["-1+1", "--1", "-x", "-1e", "- 1", "+", "-1,5", "-٣"])
def test_what_only_begins_like_a_number_may_be_one(text):
    assert spreadsheet.guarded(text) == f"'{text}"


def test_every_text_goes_through_one_room():
    """Nothing of the command line prints but `terminal`, and the line of an error."""
    folder = Path(terminal.__file__).parent
    printing = {
        f"{file.name}: {ast.unparse(node.func)}"
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and re.fullmatch(r"print|click\.s?echo|Console|sys\.std\w+\.write", ast.unparse(node.func))
    }
    assert printing == {"terminal.py: click.echo", "__init__.py: print"}


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_is_whole_sentences_that_fit_80_columns(name):
    shown = run(*name.split(), "--help", env={"COLUMNS": "80"}).stdout
    _, body = shown.split("\n", 1)
    assert [line for line in shown.splitlines() if cell_len(line) > 80] == []
    assert "..." not in body
    assert re.match(r"\n  [A-Z].*?\.\n", body, re.DOTALL)


def test_each_command_is_summed_up_in_a_sentence_of_one_line():
    listed = run("--help", env={"COLUMNS": "80"}).stdout.partition("Commands:\n")[2]
    summaries = dict(line.split(maxsplit=1) for line in listed.splitlines())
    assert sorted(summaries) == COMMANDS
    for name, summary in summaries.items():
        assert re.fullmatch(r"[A-Z].*\.", summary)
        assert " ".join(command.commands[name].help.split()).startswith(summary)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_is_told_in_a_sentence(name):
    for parameter in command.commands[name].params:
        if isinstance(parameter, click.Option):
            told = parameter.help.split("  [")[0]
            assert re.fullmatch(r"[A-Z].*\.", told), f"{parameter.opts}: {told}"


@pytest.mark.parametrize("columns", [80, 40])
def test_compare_shows_what_it_does_from_the_start_and_fits(tmp_path, columns):
    words = ("compare", "iris", "--loss", "softmax", "--loss", "squared-error")
    status, shown = on_terminal(words, columns, tmp_path)
    assert status == 0
    stages = ("starting", "reading iris", "kernels of softmax", "iteration ", "drawing the report")
    if columns == 80:
        # What is over within a tenth of a second may not be drawn.
        places = [shown.index(stage) for stage in stages if stage in shown]
        assert places == sorted(places)
        assert "starting" in shown
    lines = without_styles(shown).split("\r")[-1].splitlines()
    assert [line for line in lines if cell_len(line.rstrip()) > columns] == []
    text = " ".join(" ".join(lines).split())
    assert "Wrote report.html and report.json." in text
    assert "150 test rows correctly" in text


def test_lines_end_between_words_on_a_terminal(tmp_path):
    np.save(tmp_path / "logits.npy", np.full((3, 4), np.nan))
    status, shown = on_terminal(["diagnose", "logits.npy"], 40, tmp_path)
    assert status == 1
    assert [line for line in shown.splitlines() if cell_len(line) > 40] == []
    piped = str(normexp.diagnose(np.full((3, 4), np.nan)))
    assert shown.split() == piped.split()


def test_explain_takes_the_width_of_the_terminal(tmp_path):
    for columns in (40, 100):
        status, shown = on_terminal(["explain", 2, 1, "--target", 0], columns, tmp_path)
        assert status == 0
        assert shown.rstrip("\n") == normexp.explain([2.0, 1.0], 0).text(columns)


@pytest.mark.skipif(sys.platform == "win32", reason="the redirections of a POSIX shell")
@pytest.mark.parametrize(
    ("redirected", "status", "said"),
    [
        ("explain 2 1 >&-", 0, ""),
        ("explain 2 1 >/dev/full", 2, "normexp: cannot read or write: No space left on device\n"),
        ("explain 1 2 --target 5 2>&-", 2, ""),
    ],
)
def test_a_stream_that_is_closed_or_full_is_no_traceback(redirected, status, said):
    if "/dev/full" in redirected and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    shell = f"{shlex.quote(sys.executable)} -m normexp {redirected}"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", said)
