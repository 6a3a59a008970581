"""What may not be what it seems is said, in every format, and nothing else is."""

import ast

import numpy as np
import polars as pl
import pytest

from normexp.data import Encoder, load
from normexp.data.encoding import FAR
from normexp.data.notes import said

ROWS = 40
SQUARES = [i * i % 37 for i in range(ROWS)]


def table(tmp_path, columns, labels=None, separator=","):
    """Notes on a file of text with some columns."""
    path = tmp_path / "t.csv"
    columns = {**columns, "y": labels or ["a", "b"] * (ROWS // 2)}
    rows = zip(*columns.values(), strict=True)
    lines = [separator.join(map(str, row)) for row in (columns, *rows)]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return load(path, target="y")


NONE_DOUBTED = {
    "amounts": {"price": [round(i * 1.37, 2) for i in range(ROWS)]},
    "whole amounts": {"salary": [1000 + 17 * i * i for i in range(ROWS)]},
    "a repeated id": {"shop id": [i // 2 * 31 for i in range(ROWS)]},
    "a wide range that ends at 99": {"share": [*range(61, 98), 99, 99, 99]},
    "zeros before a point": {"x": [f"0.{i:03}" for i in SQUARES]},
    "zeros alone": {"x": [0, 1] * (ROWS // 2)},
    "one -999": {"x": [-999, *SQUARES[1:]]},
    "large but exact": {"x": [2**60 * (i % 5) for i in range(ROWS)]},
    "thirteenth months": {"x": [20201301 + i % 3 for i in range(ROWS)]},
    "texts that repeat": {"kind": ["u", "v", "w", "z"] * (ROWS // 4)},
}


@pytest.mark.parametrize("columns", NONE_DOUBTED.values(), ids=NONE_DOUBTED)
def test_of_ordinary_columns_nothing_is_said(tmp_path, columns):
    assert table(tmp_path, columns).notes == ()


@pytest.mark.parametrize("name", ["id", "Customer ID", "customerId", "row", "order_no", "客户编号"])
def test_numbers_that_name_the_rows(tmp_path, name):
    ids = [7919 * i % 100_003 for i in range(ROWS)]
    data = table(tmp_path, {name: ids, "x": SQUARES})
    assert data.notes == (
        f"the numbers of {name!r} all differ; if they name the rows, leave them out with "
        f"drop=[{name!r}]",
    )
    assert data.features[name].to_list() == ids


@pytest.mark.parametrize("value", [-999, -99, 9999, -9])
def test_a_number_far_from_all_others_may_stand_for_none(tmp_path, value):
    numbers = [value if i % 9 == 0 else i % 7 for i in range(ROWS)]
    data = table(tmp_path, {"x": numbers})
    assert data.notes == (
        f"{value} in 'x' (5 cells) lies far from all other numbers there: if it stands for a "
        f"missing value, give missing=['{value}']",
    )
    assert data.features["x"].to_list() == numbers
    data.features.with_columns(y=pl.Series(data.target)).write_parquet(tmp_path / "t.parquet")
    assert load(tmp_path / "t.parquet", target="y").notes == data.notes
    array = np.array([numbers, SQUARES], np.float32).T
    np.savez(tmp_path / "t.npz", X=array, y=data.target)
    assert load(tmp_path / "t.npz").notes == (data.notes[0].replace("'x'", "'x0'"),)


def test_the_advice_on_a_missing_number_keeps_all_else_that_is_missing(tmp_path):
    numbers = [-999 if i % 9 == 0 else i % 7 for i in range(ROWS)]
    columns = {
        "x": numbers,
        "w": [f"{n}.0" for n in numbers],
        "z": [9999 if i % 8 == 0 else "NA" if i % 8 == 1 else i % 5 for i in range(ROWS)],
        "colour": ["red", "?", "blue", "red"] * (ROWS // 4),
    }
    labels = ["null" if i == 3 else i % 2 for i in range(ROWS)]
    first = table(tmp_path, columns, labels)
    far = [note for note in first.notes if note.kind == "sentinel"]
    assert far == [
        "-999 in 'x', 'w' (10 cells) lies far from all other numbers there: if it stands for a "
        "missing value, give missing=['-999', 'NA', 'null', '?']",
        "9999 in 'z' (5 cells) lies far from all other numbers there: if it stands for a missing "
        "value, give missing=['9999', 'NA', 'null', '?']",
    ]
    path = tmp_path / "t.csv"
    second = load(path, target="y", missing=ast.literal_eval(far[0].facts["missing"]))
    (again,) = (note for note in second.notes if note.kind == "sentinel")
    last = load(path, target="y", missing=ast.literal_eval(again.facts["missing"]))
    assert "sentinel" not in {getattr(note, "kind", "") for note in last.notes}
    assert [first.features[name].null_count() for name in columns] == [0, 0, 5, 10]
    assert [last.features[name].null_count() for name in columns] == [5, 5, 10, 10]
    assert {*last.features["colour"].drop_nulls()} == {"red", "blue"}
    assert last.target.tolist() == first.target.tolist()
    few = table(tmp_path, {"x": numbers}, ["NA", "b"] * (ROWS // 2))
    assert few.notes[0].endswith("give missing=['-999']")
    assert {*load(path, target="y", missing=["-999"]).target} == {"NA", "b"}


def test_days_that_are_read_as_amounts(tmp_path):
    days = [20200101 + 100 * (i % 12) + i % 28 for i in range(ROWS)]
    (note,) = table(tmp_path, {"day": days}).notes
    assert note == "the numbers of 'day' may be dates such as 20261125, but are read as amounts"


IDS = [2**53 + i // 2 for i in range(ROWS)]


def test_whole_numbers_that_float64_has_not(tmp_path):
    data = table(tmp_path, {"x": IDS})
    note = "whole numbers of 'x' rounded to the 53 bits of float64"
    assert note in data.notes
    frame = pl.DataFrame({"x": IDS, "y": data.target})
    assert note in load(frame, target="y").notes
    unsigned = frame.with_columns(x=pl.Series([2**64 - 1 - i for i in IDS], dtype=pl.UInt64))
    assert note in load(unsigned, target="y").notes
    np.savez(tmp_path / "t.npz", X=np.array([IDS, SQUARES]).T, y=data.target)
    for missing in (None, [str(SQUARES[3])]):
        notes = load(tmp_path / "t.npz", missing=missing).notes
        assert note.replace("'x'", "'x0'") in notes
    assert note in table(tmp_path, {"x": [f"{i}.0" for i in IDS]}).notes
    assert note in table(tmp_path, {"x": [f"{i:,}" for i in IDS]}, separator=";").notes
    exact = {"x": [f"{2**53 + 2 * i:,}.0" for i in SQUARES]}
    assert note not in table(tmp_path, exact, separator=";").notes


@pytest.mark.parametrize("code", ["01234", " 01234", "01234 "])
def test_codes_that_are_read_as_numbers(tmp_path, code):
    data = table(tmp_path, {"x": SQUARES, "zip": ["80331", code, "10115", "99098"] * 10})
    assert data.notes == (
        "numbers such as 01234 of 'zip' read without the zeros before them: codes are no amounts",
    )
    assert data.features["zip"][1] == 1234


def test_points_that_may_part_thousands(tmp_path):
    amounts = {"x": ["1.234", "12.345", "7", "2.500"] * 10}
    note = "numbers with a point read as decimals, though it may part thousands: 'x'"
    data = table(tmp_path, amounts, separator=";")
    assert data.notes == (note,)
    assert data.features["x"].to_list()[:4] == [1.234, 12.345, 7, 2.5]
    assert table(tmp_path, amounts).notes == ()
    for told in ("1.5", "0.123", "1234.567"):  # one number tells
        assert table(tmp_path, {"x": [told, *amounts["x"][1:]]}, separator=";").notes == ()


def test_texts_that_all_differ_in_few_rows(tmp_path):
    data = table(tmp_path, {"name": [f"A{i}" for i in range(ROWS)], "x": SQUARES})
    assert data.notes == (
        "the texts of 'name' all differ, so that none tells of other rows; drop=['name'] leaves "
        "them out",
    )


@pytest.mark.parametrize(("kinds", "is_told"), [(30, True), (9, False)])
def test_numbers_that_are_texts_by_their_type(kinds, is_told):
    texts = [str(i % kinds) for i in range(ROWS)]
    notes = load(pl.DataFrame({"x": texts, "y": ["a", "b"] * (ROWS // 2)}), target="y").notes
    told = ("the texts of 'x' are all numbers: taken for categories, as their type says",)
    assert notes == (told if is_told else ())


@pytest.mark.parametrize("first", ["5 kg", "12:30", "<5", "1_000", "٣"])
def test_texts_in_which_numbers_stand(tmp_path, first):
    texts = [first, *(f"{i} kg" for i in range(10, 25))]
    data = table(tmp_path, {"x": [texts[i % 16] for i in range(ROWS)]})
    assert data.notes == (
        f"the texts of 'x' are taken for categories, though numbers stand in them, as in {first!r}",
    )
    two = {name: [texts[i % 16] for i in range(ROWS)] for name in "xz"}
    assert table(tmp_path, two).notes == (data.notes[0].replace("'x'", "'x', 'z'"),)
    few = {"x": [texts[i % 4] for i in range(ROWS)]}
    codes = {"x": [f"A{i % 16}" for i in range(ROWS)]}
    assert table(tmp_path, few).notes == table(tmp_path, codes).notes == ()


def test_texts_that_differ_in_capitals_alone(tmp_path):
    colours = ["red", "Red", "RED", "blue"] * (ROWS // 4)
    data = table(tmp_path, {"x": colours, "z": ["u", "v"] * (ROWS // 2)})
    assert data.notes == (
        "texts of 'x' that differ in capitals alone are categories of their own: 'RED', 'Red', "
        "'red'",
    )
    both = {"x": colours, "z": ["no", "No", *["yes", "Yes"] * (ROWS // 2 - 1)], "w": colours}
    (note,) = table(tmp_path, both).notes
    assert note == (
        "texts of 'x', 'z', 'w' that differ in capitals alone are categories of their own: 'RED', "
        "'Red', 'red'; 'No', 'no'; 'Yes', 'yes'"
    )
    assert said(note, "zh").endswith("“RED”、“Red”、“red”；“No”、“no”；“Yes”、“yes”")
    assert data.features["x"].to_list() == colours
    truth = ["true", "TRUE", "perhaps", "no"] * (ROWS // 4)
    assert table(tmp_path, {"x": truth}).notes == ()


@pytest.mark.parametrize(
    ("labels", "alike"),
    [
        (["Yes", "yes", "no", "maybe"], "'Yes', 'yes'"),
        (["01", "1", "02", "1"], "'01', '1'"),
        (["yes", "01", "Yes", "1"], "'yes', 'Yes'; '01', '1'"),
        (["True", "1", "a", "b"], None),
        (["0", "1", "true", "false"], None),
        (["u", "v", "w", "01"], None),
    ],
)
def test_labels_that_are_written_alike(tmp_path, labels, alike):
    data = table(tmp_path, {"x": SQUARES}, labels * (ROWS // 4))
    note = f"labels that differ in their writing alone are classes of their own: {alike}"
    assert data.notes == ((note,) if alike else ())
    assert set(data.target) == set(labels)


def test_labels_that_may_be_amounts(tmp_path):
    data = table(tmp_path, {"x": SQUARES}, [100 * (i % 30) for i in range(ROWS)])
    assert data.notes == ("the 40 rows have 30 classes: are these labels, or names or amounts?",)
    assert table(tmp_path, {"x": SQUARES}, [i % 20 for i in range(ROWS)]).notes == ()


def test_numbers_in_another_unit_than_those_of_the_training(tmp_path):
    data = table(tmp_path, {"metres": SQUARES, "colour": ["red", "blue"] * (ROWS // 2)})
    encoder = Encoder.fit(data)
    at_most = float(encoder.mean[0] + FAR * encoder.scale[0])
    rows = pl.DataFrame(
        {"metres": [7.0, at_most - 1, 7000.0, -9000.0, None], "colour": ["red"] * 4 + ["green"]}
    )
    assert encoder.unseen(rows) == (
        "numbers of 'metres' more than 100 standard deviations from the mean in training (2 "
        "cells), such as 7000",
        "column 'colour': 1 row of a category that was not seen in training: 'green'",
    )
    assert encoder.unseen(rows[:2]) == ()


def test_far_numbers_are_said_once_for_all_columns():
    rows = {name: [float(i * k % 7) for i in range(ROWS)] for k, name in enumerate("abc", 1)}
    encoder = Encoder.fit(pl.DataFrame(rows))
    more = pl.DataFrame(rows).with_columns(a=pl.col("a") * 1000, c=-1e9)
    far = sum(value * 1000 > encoder.mean[0] + FAR * encoder.scale[0] for value in rows["a"])
    assert encoder.unseen(more) == (
        "numbers of 'a', 'c' more than 100 standard deviations from the mean in training "
        f"({far + ROWS} cells), such as 1000",
    )


def test_a_value_of_the_training_is_not_far_where_it_is_rare_or_all():
    flag = np.zeros(40_000)
    flag[7] = 1
    same = np.full(40_000, 5.0)
    other = np.arange(40_000.0)
    rows = pl.DataFrame({"flag": flag, "is": flag == 1, "same": same, "other": other})
    encoder = Encoder.fit(rows)
    assert (flag[7] - encoder.mean[0]) / encoder.scale[0] > FAR
    assert encoder.unseen(rows) == ()
    assert encoder.unseen(rows[:3].with_columns(same=pl.lit(1e6))) == ()
    (note,) = encoder.unseen(rows[:3].with_columns(other=pl.lit(-1e9)))
    assert note.startswith("numbers of 'other' more than 100 standard deviations")
