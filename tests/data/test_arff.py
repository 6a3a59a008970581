from datetime import datetime

import pytest

from normexp.data import Encoder, load
from normexp.data.arff import read_arff

FRUIT = r"""% A comment

@RELATION 'fruit and more'
@attribute weight   REAL
@attribute 'skin colour' {red, 'light green', "it's \"blue\""}
@Attribute note string
@attribute picked date "yyyy-MM-dd"
@attribute kind{apple,pear}

@DATA
% another
1.5,red,'ripe, said %s',2020-01-02,apple
?,'light green','',"2020-01-03",pear
1e3 , "it's \"blue\"" , '?' , ? , apple % a last one
"""


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_numbers_nominal_values_texts_and_dates(tmp_path):
    data = load(write(tmp_path / "fruit.arff", FRUIT), target="kind", drop=["picked"])
    assert data.feature_names == ("weight", "skin colour", "note")
    assert data.features.to_dict(as_series=False) == {
        "weight": [1.5, None, 1000.0],
        "skin colour": ["red", "light green", 'it\'s "blue"'],
        "note": ["ripe, said %s", None, None],
    }
    assert data.target.tolist() == ["apple", "pear", "apple"]


@pytest.mark.parametrize(
    ("declared", "cell", "read"),
    [
        ("'dd/MM/yyyy'", "01/02/2020", "2020-02-01"),
        ("'MM/dd/yyyy'", "01/02/2020", "2020-01-02"),
        ('"dd.MM.yy" % short', "01.02.20", "2020-02-01"),
        ("dd-MM-yyyy % day first", "1-2-2020", "2020-02-01"),
        ('"d MMM yyyy"', "'1 Feb 2020'", "2020-02-01"),
        ('"EEE, d MMMM yyyy"', "'Sat, 1 February 2020'", "2020-02-01"),
        ("yyyyMMdd", "20200201", "2020-02-01"),
        ("\"yyyy-dd-MM'T'HH:mm:ss\"", "2020-01-02T03:04:05", "2020-02-01 03:04:05"),
        ('"dd/MM/yyyy hh:mm a"', "'01/02/2020 03:04 PM'", "2020-02-01 15:04:00"),
        ('"dd/MM/yyyy HH:mm:ss.SSSZ"', "'01/02/2020 03:04:05.250+0100'", "2020-02-01 02:04:05.250"),
        ("'dd/MM/yyyy hh:mm'", "'01/02/2020 15:04'", "2020-02-01 15:04:00"),
        ("", "2020-02-01T03:04:05", "2020-02-01T03:04:05"),
        ("yyyy", "2020", "2020"),
    ],
)
def test_dates_are_written_as_the_header_declares(tmp_path, declared, cell, read):
    text = (
        f"@relation r\n@attribute d date {declared}\n@attribute y {{a,b}}\n@data\n{cell},a\n?,b\n"
    )
    raw = read_arff(write(tmp_path / "t.arff", text), target="y")
    assert raw.features["d"].to_list() == [read, None]


def test_declared_dates_become_numbers(tmp_path):
    text = "@relation r\n@attribute d date 'dd/MM/yyyy'\n@attribute y {a,b}\n@data\n"
    text += "01/02/2020,a\n03/02/2020,b\n"
    data = load(write(tmp_path / "t.arff", text), target="y")
    encoder = Encoder.fit(data)
    assert encoder.feature_names == (
        *("d (year)", "d (month)", "d (day of the week)", "d (days since 2020-02-01)"),
    )
    assert data.features["d"].to_list() == [datetime(2020, 2, 1), datetime(2020, 2, 3)]


@pytest.mark.parametrize(
    ("declared", "cell", "message"),
    [
        ("dd/MM/yyyy", "02/13/2020", "line 5: expected a date such as 'dd/MM/yyyy' for 'd', got"),
        ("dd/MM/yyyy", "01/02/20", "line 5: expected a date such as 'dd/MM/yyyy' for 'd', got"),
        ("dd/MM/yyyy", "soon", "line 5: expected a date such as 'dd/MM/yyyy' for 'd', got 'soon'"),
        ("dd/MM/yyyy-HH", "01/02/2020-01", "line 2: the format of dates 'dd/MM/yyyy-HH' has hours"),
        ("ww/yyyy", "01/2020", "line 2: 'ww' in the format of dates 'ww/yyyy' cannot be read"),
    ],
)
def test_dates_against_the_header_are_refused(tmp_path, declared, cell, message):
    text = f"@relation r\n@attribute d date {declared}\n@attribute y {{a,b}}\n@data\n{cell},a\n"
    with pytest.raises(ValueError, match=rf"t\.arff: {message}"):
        load(write(tmp_path / "t.arff", text), target="y")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_plain_file_in_any_line_ends(tmp_path, end):
    text = "@relation r\n@attribute x numeric\n@attribute y {a,b}\n@data\n1,a\n\n2,b\n"
    data = load(write(tmp_path / "t.arff", text.replace("\n", end)), target="y")
    assert data.features["x"].to_list() == [1, 2]
    assert data.target.tolist() == ["a", "b"]


def test_rows_may_name_what_is_not_zero(tmp_path):
    text = (
        "@relation r\n@attribute x numeric\n@attribute c {p,q}\n@attribute z numeric\n"
        "@attribute y {a,b}\n@data\n{0 3, 1 q, 3 b}\n{}\n{2 -1.5, 3 'b'}, {2}\n{1 ?}\n"
    )
    data = load(write(tmp_path / "t.arff", text), target="y")
    assert data.features.to_dict(as_series=False) == {
        "x": [3, 0, 0, 0],
        "c": ["q", "p", "p", None],
        "z": [0, 0, -1.5, 0],
    }
    assert data.target.tolist() == ["b", "a", "b", "a"]
    assert "the weight of 1 row left out" in data.notes


def test_weights_and_white_space_between_cells(tmp_path):
    header = "@relation r\n@attribute x numeric\n@attribute z numeric\n@attribute y {a,b}\n@data\n"
    data = load(write(tmp_path / "t.arff", header + "1 2\ta\n3,4,b,{0.5}\n"), target="y")
    assert data.features["z"].to_list() == [2, 4]
    assert data.notes == ("the weight of 1 row left out",)


def test_more_rows_than_a_block_keep_their_order(tmp_path):
    rows = "".join(f"{i},{'ab'[i % 2]}\n" for i in range(25_000))
    text = f"@relation r\n@attribute x numeric\n@attribute y {{a,b}}\n@data\n{rows}"
    data = load(write(tmp_path / "t.arff", text), target="y")
    assert data.features["x"].to_list() == list(range(25_000))


HEADER = "@relation r\n@attribute x numeric\n@attribute y {a,b}\n@data\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,a\n", "line 1: expected @relation, @attribute or @data, got 'x,y'"),
        ("@relation r\n@attribute x numeric\n", "t.arff is cut off, or no ARFF file: .* @data"),
        ("@attribute x relational\n@data\n", "line 1: expected the type of 'x', .* 'relational'"),
        ("@attribute x\n@data\n", "line 1: expected the type of 'x', .* got ''"),
        ("@attribute x {a,b\n@data\n", r"line 1: expected the type of 'x', .* got '\{a,b'"),
        ("@attribute\n@data\n", "line 1: expected the name of an attribute"),
        ("@attribute x real\n@attribute x real\n@data\n1,2\n", "names 'x' more than once"),
        (HEADER + "1,a\n2\n", "line 6: expected 2 values, one to an attribute, got 1"),
        (HEADER + "1,a,3\n", "line 5: expected 2 values, one to an attribute, got 3"),
        (HEADER + "1,a\nfive,b\n", "line 6: expected a number for 'x', got 'five'"),
        (HEADER + "1,c\n", "line 5: expected one of 'a', 'b' for 'y', got 'c'"),
        (HEADER + "1,'a\n", 'line 5: cannot be read from "\'a" on'),
        (HEADER + "{7 1}\n", "line 5: there is no attribute 7"),
        (HEADER + "{0 1\n", "line 5: the brace that opens the row is not closed"),
        (HEADER + "{x 1}\n", "line 5: cannot be read from 'x 1' on"),
        (HEADER, "t.arff has no rows"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        load(write(tmp_path / "t.arff", text), target="y")


def test_another_encoding_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"t\.arff is not UTF-8 text"):
        load(write(tmp_path / "t.arff", HEADER.replace("a", "é"), "latin-1"), target="y")


def test_rows_of_nothing_do_not_fill_the_memory(tmp_path):
    attributes = "".join(f"@attribute x{i} numeric\n" for i in range(1000))
    text = f"@relation r\n{attributes}@data\n" + "{}\n" * 1000
    with pytest.raises(ValueError, match=r"more than 1 MB: .* max_size="):
        load(write(tmp_path / "t.arff", text), target="x0", max_size=10**6)


@pytest.mark.parametrize(
    "line",
    [
        "@attribute x {" + "a," * 100_000 + "b",
        "@attribute x {'" + "\\'" * 100_000 + "b",
        "@attribute " + " " * 100_000,
        "@attribute '" + "\\" * 99_999,
        "@attribute x {" + "' '," * 50_000 + '"',
    ],
)
def test_no_line_keeps_a_pattern_busy(tmp_path, line):
    with pytest.raises(ValueError, match=r"t\.arff: line 1: "):
        load(write(tmp_path / "t.arff", f"{line}\n@data\n"), target="x")
