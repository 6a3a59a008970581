"""What training learnt of the columns is what `predict` and `evaluate` read by."""

import json
import shlex
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import polars as pl
import pytest
from click.testing import CliRunner

from normexp.cli.commands import normexp as command
from normexp.data import load
from normexp.model import Model


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, fails=False):
        result = CliRunner().invoke(command, [str(part) for part in arguments])
        assert (result.exit_code != 0) == fails, result.stderr
        return result

    return invoke


@pytest.fixture
def write(tmp_path):
    def write(name, *lines):
        (tmp_path / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
        return name

    return write


@pytest.fixture
def predicted(run, write):
    """Train on some lines, and predict others: the output, as a table, and what was said."""

    def predicted(train, test, *options, target="kind", drop=()):
        write("train.csv", *train)
        dropped = [word for name in drop for word in ("--drop", name)]
        run("train", "train.csv", "--target", target, "-o", "model", *dropped)
        result = run("predict", "model", write("test.csv", *test), *options)
        return pl.read_csv(result.stdout.encode(), infer_schema=False), result.stderr

    return predicted


TRAIN = ("x,kind", "1,a", "2,a", "8,b", "9,b")


def test_every_row_is_predicted_in_its_place(predicted):
    table, _ = predicted(TRAIN, ("x,kind", "1,a", "8,", "9,b"))
    assert table["label"].to_list() == ["a", "b", "b"]


def test_a_row_without_any_feature_is_predicted_too(predicted):
    table, _ = predicted(("x,z,kind", "1,1,a", "2,2,a", "8,8,b"), ("x,z", "1,1", ",", "9,9"))
    assert table["label"].to_list()[::2] == ["a", "b"]
    assert table.height == 3


@pytest.mark.parametrize(
    "labels", [("", "", ""), ("?", "?", "?"), (".5", "1.5", "x"), ("a", "c", "b")]
)
def test_predict_asks_nothing_of_labels(predicted, labels):
    rows = (f"{x},{label}" for x, label in zip((1, 8, 9), labels, strict=True))
    table, _ = predicted(TRAIN, ("x,kind", *rows))
    assert table["label"].to_list() == ["a", "b", "b"]


def test_columns_are_carried_through_as_they_stand(predicted):
    test = ("id,x,kind,label", "007,1,a,p", " b ,8,,q")
    table, _ = predicted(TRAIN, test, "--carry", "id", "--carry", "kind", "--carry", "label")
    assert table.columns == ["id", "kind", "label (given)", "label", "p(a)", "p(b)"]
    assert table.rows()[0][:4] == ("007", "a", "p", "a")
    assert table.rows()[1][:4] == (" b ", "", "q", "b")


def test_columns_to_carry_keep_names_that_differ(predicted):
    names = ("label", "label (given)", "label (given) (given)")
    words = [word for name in names for word in ("--carry", name)]
    table, _ = predicted(TRAIN, (f"x,{','.join(names)}", "1,p,q,r"), *words)
    assert table.columns[:3] == [f"label{' (given)' * 3}", *names[1:]]
    assert table.row(0)[:4] == ("p", "q", "r", "a")


def test_columns_of_any_type_are_carried(predicted, run, tmp_path):
    predicted(TRAIN, TRAIN)
    given = {
        "day": (date(2020, 1, 2), "2020-01-02"),
        "at": (datetime(2020, 1, 2, 3, 4, 5), "2020-01-02 03:04:05.000000"),
        "time": (time(3, 4, 5), "03:04:05"),
        "took": (timedelta(hours=3), "PT3H"),
        "price": (Decimal("1.50"), "1.50"),
        "tags": (["ä", "b"], '["ä", "b"]'),
        "place": ({"lat": 1.5, "day": date(2020, 1, 2)}, '{"lat": 1.5, "day": "2020-01-02"}'),
        "text": (b"abc", "abc"),
        "bytes": (b"\xff\x00", "ff00"),
    }
    rows = pl.DataFrame({name: [value, None] for name, (value, _) in given.items()})
    formula = pl.Series("sort", ["=1+1", None], pl.Categorical)
    rows = rows.with_columns(formula, n=pl.Series([7, 8]), x=pl.Series([1, 9]))
    rows.write_parquet(tmp_path / "t.parquet")
    words = [word for name in [*given, "sort", "n"] for word in ("--carry", name)]
    expected = {name: text for name, (_, text) in given.items()}
    first, second = json.loads(run("predict", "model", "t.parquet", *words, "--json").stdout)
    assert {name: first[name] for name in given} == expected
    assert (first["sort"], first["n"], first["label"]) == ("=1+1", 7, "a")
    assert {second[name] for name in [*given, "sort"]} == {None}
    result = run("predict", "model", "t.parquet", *words)
    first = pl.read_csv(result.stdout.encode(), infer_schema=False).row(0, named=True)
    assert {name: first[name] for name in given} == expected
    assert first["sort"] == "'=1+1"


def test_a_column_to_carry_that_is_not_there_is_named(predicted, run):
    predicted(TRAIN, TRAIN)
    refused = run("predict", "model", "test.csv", "--carry", "knid", fails=True)
    assert "carry: no column 'knid' (did you mean 'kind'?)" in refused.stderr


def test_evaluate_says_how_many_rows_it_left_out(run, write):
    run("train", write("train.csv", *TRAIN), "--target", "kind", "-o", "model")
    test = write("test.csv", "x,kind", "1,a", "8,", "?,b", "9,?", "9,b")
    found = json.loads(run("evaluate", "model", test, "--json").stdout)
    assert found["rows"] == 3
    assert found["left_out"] == {"without a label": 2}
    shown = run("evaluate", "model", test)
    assert "Left out: 2 of 5 rows, without a label." in shown.stdout
    assert "'?' in the label column taken as missing (1 row)" in shown.stderr
    assert json.loads(run("evaluate", "model", "train.csv", "--json").stdout)["left_out"] == {}


MEMBERS = ("True", "False", "unknown")


@pytest.mark.parametrize(
    "codes",
    [MEMBERS, ("01", "02", "X"), ("1.10", "1.9", "2.0-beta"), ("true", "FALSE", "maybe")],
)
def test_a_row_is_predicted_alike_whatever_file_it_stands_in(predicted, run, write, codes):
    train = [f"{code},{x},{code}" for code in codes for x in (3, 4, 5)]
    rows = [f"{code},4" for code in codes]
    table, _ = predicted(("member,x,kind", *train), ("member,x", *rows))
    assert table["label"].str.to_lowercase().to_list() == [code.lower() for code in codes]
    for row, expected in zip(rows, table.rows(), strict=True):
        for alone in (row, f'"{row.partition(",")[0]}",4', f" {row}"):
            result = run("predict", "model", write("alone.csv", "member,x", alone))
            assert result.stdout.splitlines()[1] == ",".join(expected)
            assert result.stderr == ""


def test_truth_values_of_a_typed_file_are_the_texts_of_training(predicted, run, tmp_path):
    train = [f"{member},{x},{member}" for member in MEMBERS for x in (3, 4, 5)]
    table, _ = predicted(("member,x,kind", *train), ("member,x", "True,4", "False,4"))
    pl.DataFrame({"member": [True, False], "x": [4, 4]}).write_parquet(tmp_path / "t.parquet")
    result = run("predict", "model", "t.parquet")
    assert pl.read_csv(result.stdout.encode(), infer_schema=False).equals(table)


@pytest.mark.parametrize(
    ("labels", "other"),
    [
        (("1", "2", "K"), "K"),
        (("True", "False", "Unknown"), "Unknown"),
        (("01", "02", "X"), "X"),
    ],
)
def test_labels_are_known_again_where_one_of_them_is_not_there(run, write, labels, other):
    rows = [f"{x},{label}" for x, label in enumerate(labels) for _ in range(4)]
    run("train", write("train.csv", "x,y", *rows), "--target", "y", "-o", "model")
    some = [row for row in rows if not row.endswith(other)]
    found = json.loads(run("evaluate", "model", write("t.csv", "x,y", *some), "--json").stdout)
    assert found["rows"] == 8
    assert found["accuracy"] == 1.0


def test_labels_as_another_program_writes_them_are_known_again(run, write, tmp_path):
    rows = [f"{x},{label}" for x, label in enumerate(("1", "2", "K")) for _ in range(4)]
    run("train", write("train.csv", "x,y", *rows), "--target", "y", "-o", "model")
    for labels in ([1.0, 2.0], [1, 2], ["1", "2"]):
        pl.DataFrame({"x": [0, 1], "y": labels}).write_parquet(tmp_path / "t.parquet")
        found = json.loads(run("evaluate", "model", "t.parquet", "--json").stdout)
        assert (found["rows"], found["accuracy"]) == (2, 1.0)


def test_a_label_that_training_did_not_have_is_refused(run, write):
    run("train", write("train.csv", *TRAIN), "--target", "kind", "-o", "model")
    refused = run("evaluate", "model", write("t.csv", "x,kind", "1,a", "2,c"), fails=True)
    assert "1 row with the label 'c', which the model was not trained on" in refused.stderr


def test_categories_never_seen_are_counted_and_named(predicted):
    train = ("colour,kind", "red,a", "red,a", "blue,b", "blue,b")
    _, said = predicted(train, ("colour", "red", "green", "green", "pink"))
    assert said.splitlines() == [
        "column 'colour': 3 rows of a category that was not seen in training: 'green', 'pink'"
    ]


def test_a_cell_that_is_no_number_is_missing_and_named(predicted):
    table, said = predicted(TRAIN, ("x", "1", "eight", "9", "True", "-"))
    assert table.height == 5
    assert "column 'x' holds numbers except " in said
    assert "'eight'" in said
    assert "(3 rows) taken as missing" in said


def test_thousands_that_could_be_decimals_are_missing_and_named(run, write):
    rows = [f"{n}.001,5;{n},25;{'ab'[n > 4]}" for n in range(1, 9)]
    run("train", write("train.csv", "pop;x;kind", *rows), "--target", "kind", "-o", "model")
    schema = Model.load("model").schema
    read = {
        ("10.500", "3,25"): ([10500.0, 3.25], ()),
        ("10.500", "11.250"): ([10500.0, 11250.0], ()),
        ("10.500", "3.25", "7"): ([None, None, 7.0], ("10.500", "3.25")),
        ("1,234.5", "10.500", "1.234.567"): ([None, 10500.0, 1234567.0], ("1,234.5",)),
        ("10.500", "3.25", "1.001,5", "1.002,5"): ([10500.0, None, 1001.5, 1002.5], ("3.25",)),
    }
    for cells, (numbers, odd) in read.items():
        path = write("test.csv", "pop;x", *(f"{cell};1" for cell in cells))
        data = load(path, schema=schema, require_target=False)
        assert data.features["pop"].to_list() == numbers
        assert all(any(repr(text) in note for note in data.notes) for text in odd)
        assert len(data.notes) == bool(odd)


def test_columns_that_are_blank_are_named(predicted, run, tmp_path):
    train = ("x,y,z,kind", "1,1,p,a", "2,2,p,a", "8,8,q,b", "9,9,q,b")
    _, said = predicted(train, ("x,y,z", "1,, ", "2, ,"))
    assert "columns 'y', 'z' blank in every row" in said.splitlines()
    _, said = predicted(train, ("x,y,z", "1,,p", "2,,q", "3,4,q"))
    assert "blank" not in said
    _, said = predicted(train, ("x,y,z", "1,NA,p", "2,,q"))
    assert "blank" not in said
    assert "column 'y' holds numbers except 'NA' (1 row) taken as missing" in said
    frame = pl.DataFrame({"x": [1.0, 2.0], "y": [float("nan"), None], "z": ["p", "q"]})
    frame.write_parquet(tmp_path / "t.parquet")
    assert run("predict", "model", "t.parquet").stderr == "column 'y' blank in every row\n"


def test_numbers_without_their_unit_are_counted(predicted, run, tmp_path):
    train = ("rate,kind", "5%,a", "6%,a", "8%,b", "9%,b")
    _, said = predicted(train, ("rate", "5%", "0.05", "0.06", "?", ""))
    assert "numbers with '%', 2 without read alike: 'rate'" in said.splitlines()
    _, said = predicted(train, ("rate", "5%", "8 %"))
    assert said == ""
    pl.DataFrame({"rate": [0.05, 0.06, 0.08]}).write_parquet(tmp_path / "t.parquet")
    said = run("predict", "model", "t.parquet").stderr
    assert said == "numbers with '%', 3 without read alike: 'rate'\n"


def test_a_column_that_is_not_there_is_named(predicted, run, write):
    predicted(("height,kind", "1,a", "2,a", "8,b"), ("height", "1"))
    refused = run("predict", "model", write("t.csv", "heigth", "1"), fails=True)
    assert "no column 'height' (did you mean 'heigth'?)" in refused.stderr


@pytest.mark.parametrize("name", ["row [#]", "it's", 'say "id"', "a, b"])
def test_a_column_that_counts_is_named_so_that_it_can_be_left_out(run, tmp_path, name):
    table = pl.DataFrame(
        {name: range(20), "x": [i * i % 7 for i in range(20)], "y": ["a", "b"] * 10}
    )
    table.write_csv(tmp_path / "t.csv")
    said = run("train", "t.csv", "--target", "y").stderr
    words = shlex.split(said[said.index("--drop") :].partition("\n")[0])
    assert words == ["--drop", name]
    assert "merely count" not in run("train", "t.csv", "--target", "y", *words).stderr


def test_messages_of_the_library_name_options_there(run, write):
    write("t.csv", *TRAIN)
    assert "with --target; the columns" in run("train", "t.csv", fails=True).stderr
    names = [f"n{i},{i * i % 7},{'ab'[i % 2]}" for i in range(60)]
    said = run("train", write("names.csv", "name,x,y", *names), "--target", "y").stderr
    assert "--keep COLUMN brings a column in" in said
    assert "name" in run("train", "names.csv", "--target", "y", "--keep", "name").stderr


def test_missing_says_what_is_missing_in_every_command(run, write):
    write("t.csv", *TRAIN, "5,NA", "6,NA")
    assert "the label 'NA' (2 rows) taken for a class; --missing NA leaves" in (
        run("train", "t.csv", "--target", "kind").stderr
    )
    options = ("--target", "kind", "--missing", "NA")
    train = ("train", "t.csv", *options)
    compare = ("compare", "t.csv", *options, "--test-size", 0.5)
    for words in (train, compare):
        said = run(*words).stderr
        assert "'NA' in the label column taken as missing (2 rows)" in said
        assert "2 rows without a label left out" in said
    said = run("evaluate", "model.safetensors", "t.csv").stderr
    assert "'NA' in the label column taken as missing (2 rows)" in said
