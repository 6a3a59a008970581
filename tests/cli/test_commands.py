import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import normexp
from normexp.cli.commands import normexp as command
from normexp.data import Encoder, load
from normexp.linear import LinearClassifierCV
from normexp.model import Model


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in a folder that holds a small table, flowers.csv, with some noise in it."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    species = np.repeat(["iris", "rose", "tulip"], 20)
    height = np.repeat([10.0, 20.0, 30.0], 20) + 4 * rng.normal(size=60)
    colour = np.where(rng.random(60) < 0.8, species, "white")
    table = pl.DataFrame({"height": height, "colour": colour, "species": species})
    table.write_csv("flowers.csv")

    def invoke(*arguments, env=None):
        return CliRunner().invoke(command, [str(part) for part in arguments], env=env)

    return invoke


@pytest.fixture
def model(run):
    result = run("train", "flowers.csv", "--target", "species", "-o", "flowers.safetensors")
    assert result.exit_code == 0, result.stderr
    return "flowers.safetensors"


def refuses(result, *words):
    """Whether a command ended as it should on bad input: one line, status 2, nothing printed."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("normexp: ")
    for word in words:
        assert word in result.stderr
    return True


def files(folder):
    return {path.name for path in folder.iterdir()}


COMPARE = ("compare", "flowers.csv", "--target", "species", "--loss", "softmax")


def test_compare_prints_a_table_and_writes_a_report_and_its_numbers(run, tmp_path):
    result = run(*COMPARE, "--loss", "squared-error", "-o", "out.html")
    assert result.exit_code == 0
    assert re.search(r"accuracy +\d+\.\d% +\d+\.\d%", result.stdout)
    assert "test rows correctly" in result.stdout
    *notes, written = result.stderr.splitlines()
    assert notes == [
        "numbers standardised: 'height'",
        "texts one-hot encoded, one not seen in training as zeros: 'colour'",
    ]
    assert written == "Wrote out.html and out.json."
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    numbers = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in numbers["results"]] == ["softmax", "squared-error"]
    assert files(tmp_path) == {"flowers.csv", "out.html", "out.json"}


def test_compare_as_json_prints_what_it_writes_and_nothing_else(run, tmp_path):
    result = run(*COMPARE, "--json")
    assert json.loads(result.stdout) == json.loads((tmp_path / "report.json").read_text("utf-8"))


def test_the_report_tells_the_command_that_repeats_it(run, tmp_path):
    def results():
        numbers = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
        return [(each["metrics"], each["objective"]) for each in numbers["results"]]

    assert run(*COMPARE, "--seed", 3, "--test-size", 0.5, "--drop", "colour").exit_code == 0
    first, html = results(), (tmp_path / "report.html").read_text(encoding="utf-8")
    words = re.search(r'<pre id="command">normexp (.*)</pre>', html)[1].split()
    assert words[:2] == ["compare", "flowers.csv"]
    assert "--seed 3" in " ".join(words)
    assert "--calibrate" not in words
    assert "--no-header" not in words
    (tmp_path / "report.json").unlink()
    assert run(*words).exit_code == 0
    assert results() == first


def test_rows_are_judged_in_parts_for_several_seeds_and_with_a_chosen_alpha(run, tmp_path):
    asked = ("--folds", 2, "--seeds", 2, "--alphas", 2, "--language", "zh")
    result = run(*COMPARE, *asked)
    assert result.exit_code == 0
    assert "现在该做什么" in result.stdout
    numbers = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert len(numbers["results"][0]["metrics"]["parts"]) == 4
    assert len(numbers["results"][0]["sweep"]["alphas"]) == 2
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    words = re.search(r'<pre id="command">normexp (.*)</pre>', html)[1].split()
    assert "--alpha" not in words
    assert all(str(word) in words for word in asked)
    assert refuses(run(*COMPARE, "--alphas", 3, "--alpha", 1), "leave out --alpha")
    assert refuses(
        run(*COMPARE, "--folds", 3, "--test-size", 0.5), "give --folds or --test-size, not both"
    )
    assert refuses(run(*COMPARE, "--folds", 999), "folds: expected 2 to 20", "largest class")


def test_notes_on_the_data_name_options_in_the_language_of_the_report(run, tmp_path):
    rows = [f"{i},{i % 7},{'ab'[i % 3 == 0]}" for i in range(40)]
    (tmp_path / "ids.csv").write_text("\n".join(["id,x,y", *rows, ""]))
    words = ("compare", "ids.csv", "--target", "y", "--loss", "softmax", "--folds", 2)
    result = run(*words, "--language", "zh")
    assert "the numbers of 'id' merely count; if they number the rows" in result.stderr
    note = "“id”的数只是在计数；如果它们是行号，请用 --drop id 略去"
    assert note in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert note in json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["notes"]
    assert run(*words).exit_code == 0
    assert "leave them out with --drop id" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_report_is_set_beside_an_earlier_one(run, tmp_path):
    assert run(*COMPARE, "-o", "old.html").exit_code == 0
    result = run(*COMPARE, "--against", "old.json", "-o", "new.html")
    assert result.exit_code == 0
    assert "on the same test rows" in result.stdout
    assert "chance may explain that (p = 1)" in result.stdout
    numbers = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert numbers["against"]["is_paired"]
    asked = ("--max-iter", 1, "--language", "zh", "--against", "old.json", "-o", "other.html")
    assert run(*COMPARE, *asked).exit_code == 0
    numbers = json.loads((tmp_path / "other.json").read_text(encoding="utf-8"))
    (command,) = next(a["commands"] for a in numbers["advice"] if a["kind"] == "unfinished")
    assert command.endswith("--max-iter 10 --against old.json --output other.html --language zh")
    assert refuses(run(*COMPARE, "--against", "old.json", "-o", "old.html"), "it is what is read")
    assert refuses(run(*COMPARE, "--against", "flowers.csv"), "flowers.csv: expected the numbers")


def test_the_command_that_repeats_it_tells_how_the_file_was_read(run, tmp_path):
    rows = "".join(f"{i % 7}.5\t{'ab'[i % 2]}\n" for i in range(40))
    (tmp_path / "t.data").write_text(rows)
    reading = ("--no-header", "--target", -1, "--separator", r"\t", "--encoding", "cp1252")
    assert run("compare", "t.data", *reading, "--loss", "softmax").exit_code == 0
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    words = re.search(r'<pre id="command">normexp (.*)</pre>', html)[1]
    assert "--target -1 --encoding cp1252 --no-header --separator &#39;\\t&#39;" in words


def test_a_note_names_options_too(run, tmp_path):
    (tmp_path / "t.data").write_text("5.5,a\n4.5,b\n1.5,a\n")
    result = run("train", "t.data", "--target", "a")
    assert "not names but a row of the table, give --no-header" in result.stderr


def test_no_header_is_named_where_it_is_of_no_use(run):
    assert refuses(run("train", "iris", "--no-header"), "leave out --no-header")


def test_a_model_reads_other_files_as_it_is_told(run, tmp_path):
    (tmp_path / "train.txt").write_bytes("höhe;art\n1,5;ä\n2,5;ö\n".encode("cp1252"))
    (tmp_path / "more.txt").write_text("höhe\tart\n1,5\tö\n", encoding="utf-16")
    assert run("train", "train.txt", "--target", "art", "--encoding", "cp1252").exit_code == 0
    result = run("predict", "model.safetensors", "more.txt")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].startswith("ä,")
    assert refuses(run("predict", "model.safetensors", "train.txt"), "0xF6 in line 1", "--encoding")


@pytest.mark.parametrize("ending", ["data", "npy"])
def test_where_labels_are_known_by_their_index_rows_to_predict_may_have_none(run, tmp_path, ending):
    rows = np.array([[5.5, 1, 0], [4.5, 1, 0], [1.5, 2, 1], [2.5, 2, 1]])
    for name, columns in {"labelled": rows, "bare": rows[:, :2]}.items():
        np.save(f"{name}.npy", columns)
        np.savetxt(f"{name}.data", columns, "%g", delimiter=",")
    how = ["--no-header"] if ending == "data" else []
    assert run("train", f"labelled.{ending}", "--target", -1, *how).exit_code == 0
    both = [
        run("predict", "model.safetensors", f"{name}.{ending}", *how).stdout
        for name in ("labelled", "bare")
    ]
    assert len(both[0].splitlines()) == 5
    assert both[0] == both[1]
    result = run("evaluate", "model.safetensors", f"labelled.{ending}", "--json", *how)
    assert json.loads(result.stdout)["accuracy"] == 1.0


def test_train_predict_and_evaluate_agree(run, model, tmp_path):
    result = run("predict", model, "flowers.csv")
    predictions = pl.read_csv(result.stdout.encode())
    assert predictions.columns == ["label", "p(iris)", "p(rose)", "p(tulip)"]
    assert predictions[:, 1:].sum_horizontal().to_numpy() == pytest.approx(1)
    labels = pl.read_csv("flowers.csv")["species"]
    metrics = json.loads(run("evaluate", model, "flowers.csv", "--json").stdout)
    assert {*metrics} == {
        *("rows", "accuracy", "accuracy_interval", "macro_f1", "log_loss", "brier"),
        *("calibration_error", "confusion", "reliability", "left_out"),
    }
    assert metrics["accuracy"] == (predictions["label"] == labels).mean()
    assert f"{metrics['accuracy']:.1%}" in run("evaluate", model, "flowers.csv").stdout

    written = run("predict", model, "flowers.csv", "-o", "labels.csv")
    assert (written.stdout, written.stderr) == ("", "Wrote labels.csv.\n")
    assert (tmp_path / "labels.csv").read_text(encoding="utf-8") == result.stdout
    assert json.loads(run("predict", model, "flowers.csv", "--json").stdout) == (
        predictions.to_dicts()
    )


def test_predict_takes_rows_without_labels(run, model):
    pl.DataFrame({"colour": ["rose"], "height": [20.0]}).write_csv("new.csv")
    result = run("predict", model, "new.csv")
    assert result.stdout.splitlines()[1].startswith("rose,")


def test_margins_have_no_probabilities_to_predict(run):
    options = ("--target", "species", "--loss", "svm-squared", "-o", "svm.safetensors")
    trained = run("train", "flowers.csv", *options, "--json")
    assert json.loads(trained.stdout)["classes"] == ["iris", "rose", "tulip"]
    assert run("predict", "svm.safetensors", "flowers.csv").stdout.splitlines()[0] == "label"
    shown = run("evaluate", "svm.safetensors", "flowers.csv").stdout
    assert re.search(r"log loss +–", shown)
    assert "mean no probabilities" in shown


def test_classes_with_names_are_predicted_with_them(run):
    assert run("train", "iris", "-o", "iris.safetensors").exit_code == 0
    header, first, *_ = run("predict", "iris.safetensors", "iris").stdout.splitlines()
    assert header == "label,name,p(setosa),p(versicolor),p(virginica)"
    assert first.startswith("0,setosa,0.9")


def test_alpha_is_chosen_by_cross_validation(run, tmp_path):
    result = run("train", "iris", "--cv", "3", "--json", "-o", str(tmp_path / "model"))
    facts = json.loads(result.stdout)
    assert f"alpha {facts['alpha']:.3g} is best: 9" in result.stderr
    expected = LinearClassifierCV(cv=3)
    iris = load("iris")
    expected.fit(Encoder.fit(iris).transform(iris), iris.target)
    assert facts["alpha"] == expected.alpha_
    assert Model.load(tmp_path / "model").classifier.alpha == expected.alpha_
    result = run("train", "iris", "--cv", "3", "--alpha", "1")
    assert result.exit_code == 2
    assert "--cv chooses alpha: leave out --alpha" in result.stderr


def test_a_training_that_is_cut_short_says_so(run):
    result = run("train", "flowers.csv", "--target", "species", "--max-iter", 1)
    assert result.exit_code == 0
    assert "Raise max_iter (now 1)" in result.stderr


def test_a_model_asks_for_its_target_where_there_is_a_choice_alone(run):
    iris = load("iris")
    columns = dict(zip(iris.feature_names, iris.features.T, strict=True))
    pl.DataFrame({**columns, "species": iris.target}).write_csv("iris.csv")
    assert run("train", "iris.csv", "--target", "species", "-o", "iris.model").exit_code == 0
    by_file, by_name = (
        run("evaluate", "iris.model", name, "--json") for name in ("iris.csv", "iris")
    )
    assert json.loads(by_file.stdout) == json.loads(by_name.stdout)
    assert refuses(run("evaluate", "iris.model", "iris", "--target", "y"), "leave out", "--target")


def test_rows_without_labels_are_not_judged(run, model):
    pl.DataFrame({"colour": ["rose"], "height": [20.0]}).write_csv("new.csv")
    assert refuses(run("evaluate", model, "new.csv"), "without labels", "'species'")


@pytest.mark.parametrize("logits", [("-1", "2"), ("--", "-1", "2"), ("-1e0", "2.0"), ("−1", "2")])
def test_explain_takes_negative_numbers(run, logits):
    result = run("explain", "--target", 1, *logits)
    assert result.exit_code == 0
    table = [line.split() for line in result.stdout.splitlines() if " −3 " in line]
    assert table[0][:3] == ["0", "−1", "−3"]
    assert "= (2 − 2) + log1p(0.0497871)\n      = 0.0485874\n" in result.stdout


def test_json_writes_infinite_numbers_as_text(run):
    def no_number(name):
        raise AssertionError(f"{name} is no JSON")

    shown = run("explain", 1, "-inf", "--target", 1, "--json").stdout
    plain = json.loads(shown, parse_constant=no_number)
    assert plain["classes"]["z"] == [1.0, "-inf"]
    assert plain["classes"]["p"] == [1.0, 0.0]
    assert plain["steps"][-1]["value"] == "inf"


def test_explain_as_json_holds_the_numbers(run):
    plain = json.loads(run("explain", 2, 1, 0.1, "--target", 0, "--json").stdout)
    assert plain["steps"][-1]["value"] == normexp.cross_entropy([[2, 1, 0.1]], [0])
    assert plain["classes"]["p"] == normexp.softmax([2, 1, 0.1]).tolist()


def test_bad_input_is_one_line_and_status_2(run, model, tmp_path):
    (tmp_path / "one.csv").write_text("a,species\n1,iris\n2,iris\n")
    (tmp_path / "cut.csv.gz").write_bytes(b"\x1f\x8b\x08\x00")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "other.csv").write_text("width,species\n1,iris\n2,rose\n")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / model).read_bytes()[:100])

    assert refuses(run("compare", "none.csv"), "no file none.csv", "'digits'")
    assert refuses(run("compare", "flowers.csv"), "--target", "'species'")
    assert refuses(run("compare", "flowers.csv", "--target", "kind"), "'kind'", "'species'")
    assert refuses(run("compare", "one.csv", "--target", "species"), "two classes")
    assert refuses(run("compare", "cut.csv.gz", "--target", "species"), "cut.csv.gz")
    assert refuses(run("compare", "empty.csv", "--target", "species"), "empty.csv")
    assert refuses(run("compare", "iris", "--test-size", 0.001), "1 to test on", "3 classes")
    assert refuses(run("compare", "iris", "--alpha", 0, "--loss", "svm"), "alpha")
    assert refuses(run("compare", "iris", "--seed", 2**32), "--seed")
    assert refuses(run("train", "iris", "--loss", "hinge"), "--loss", "svm-crammer-singer")
    assert refuses(run("predict", "none.safetensors", "iris"), "no model file")
    assert refuses(run("predict", "cut.safetensors", "iris"), "cut.safetensors")
    assert refuses(run("predict", "flowers.csv", "iris"), "no safetensors file")
    assert refuses(run("predict", model, "other.csv"), "'height'", "'width'")
    assert refuses(run("evaluate", model, "other.csv"), "'height'")
    assert refuses(run("explain", "one", 2), "'one' is not a valid float")
    assert refuses(run("explain", 1, 2, "--target", 2), "target")
    assert refuses(run("explain", "nan", 2), "logits")
    assert refuses(run("explain"), "LOGITS")
    assert refuses(run("guess"), "guess")
    assert refuses(run("--wrong"), "--wrong")


def test_an_output_that_cannot_be_written_is_refused_before_the_training(run, monkeypatch):
    def train(*_, **__):
        raise AssertionError("trained before the output was looked at")

    monkeypatch.setattr("normexp.report.comparison.compare", train)
    monkeypatch.setattr("normexp.linear.LinearClassifier.fit", train)
    assert refuses(run("compare", "iris", "-o", "none/report.html"), "no folder none")
    assert refuses(run("compare", "iris", "-o", "report.json"), "ends in .html")
    assert refuses(run("train", "iris", "-o", "none/model"), "no folder none")
    assert refuses(run("train", "iris", "-o", "."), "directory")
    assert refuses(run("train", "iris", "-o", ""), "the name of a file, got ''")


def test_an_error_in_normexp_itself_is_not_hidden(run, monkeypatch):
    def broken(*_, **__):
        raise KeyError("oops")

    monkeypatch.setattr("normexp.report.comparison.compare", broken)
    assert isinstance(run("compare", "iris").exception, KeyError)


def test_the_traceback_of_an_error_is_there_for_the_asking(run):
    assert refuses(run("explain", "nan", 2), "logits")
    assert refuses(run("explain", "nan", 2, env={"NORMEXP_DEBUG": ""}), "logits")
    result = run("explain", "nan", 2, env={"NORMEXP_DEBUG": "1"})
    assert isinstance(result.exception, ValueError)
    assert "NORMEXP_DEBUG=1" in run("--help").stdout


def test_a_comparison_that_is_cut_short_says_so(run):
    assert "training of softmax ended before" in run(*COMPARE, "--max-iter", 1).stderr


def test_ctrl_c_is_one_line_and_status_130(run, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("normexp.report.comparison.compare", interrupted)
    result = run("compare", "iris")
    assert result.exit_code == 130
    assert result.stderr.strip() == "normexp: interrupted"
    assert files(tmp_path) == {"flowers.csv"}


def test_help_and_version_are_answers(run):
    assert run("--version").stdout == f"normexp {normexp.__version__}\n"
    assert "Commands:" in run().stdout
    for name in ("compare", "train", "predict", "evaluate", "explain"):
        shown = run(name, "--help")
        assert shown.exit_code == 0
        assert re.search(rf"Examples?:\n    normexp {name} ", shown.stdout)


def test_colour_is_for_terminals_that_want_it(run):
    piped = run(*COMPARE, "--loss", "brier")
    assert "\x1b" not in piped.stdout + piped.stderr
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "NO_COLOR": None}
    assert "\x1b[1m" in run(*COMPARE, "--loss", "brier", env=terminal).stdout
    colourless = run(*COMPARE, "--loss", "brier", env={**terminal, "NO_COLOR": "1"})
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", colourless.stdout + colourless.stderr)


@pytest.mark.usefixtures("ctrl_c")
def test_interrupting_a_training_leaves_no_files(tmp_path):
    pty = pytest.importorskip("pty")
    reader, writer = pty.openpty()
    arguments = ["compare", "digits", "--loss", "softmax", "--alpha", "1e-9"]
    with subprocess.Popen(
        [sys.executable, "-m", "normexp", *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=writer,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    ) as process:
        os.close(writer)
        shown = b""
        while b"iteration" not in shown:
            shown += os.read(reader, 4096)
        process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            shown += read_terminal(reader)
        shown += read_terminal(reader)
        assert process.stdout.read() == b""
    os.close(reader)
    assert process.returncode == 130
    assert b"normexp: interrupted" in shown
    assert b"Traceback" not in shown
    assert files(tmp_path) == set()


def read_terminal(reader):
    """What the other end of a terminal wrote; reading after it closed is an error on Linux."""
    try:
        return os.read(reader, 4096)
    except OSError:
        return b""


def test_a_missing_extra_is_named_with_how_to_install_it():
    code = "import sys; sys.modules['click'] = None; from normexp.cli import main; main()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr == ('normexp: the command line needs click: pip install "normexp[cli]"\n')


def test_an_extra_of_one_command_is_named_by_it(run, model):
    code = (
        "import sys; sys.modules['onnx'] = None; sys.argv[1:] = ['export', 'flowers.safetensors', "
        "'flowers.onnx']; from normexp.cli import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr == "normexp: onnx is not installed: pip install 'normexp[onnx]'\n"
