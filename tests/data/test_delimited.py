"""Delimited text comes back cell by cell, or is refused by the number of the line."""

import csv
import io
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from normexp.data import load
from normexp.data.delimited import read_delimited
from normexp.data.dialect import SEPARATORS


@pytest.fixture
def read(tmp_path):
    """Read a text, or bytes, as the file t.csv."""

    def read(text, **options):
        path = tmp_path / "t.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_delimited(path, **options)

    return read


def cells(raw):
    return [raw.features.columns, *map(list, raw.features.rows())]


# --- any table that Python's csv module writes ---

TEXT = st.text(
    st.sampled_from("\"\n\r\\,;\t| '#é=x1") | st.characters(exclude_categories=["Cs"]), max_size=8
).filter(lambda text: "\0" not in text)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), min_size=1, max_size=6)
)


@given(
    rows=TABLES,
    separator=st.sampled_from(SEPARATORS),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    has_last_end=st.booleans(),
)
def test_what_csv_writes_comes_back(tmp_path_factory, rows, separator, quoting, end, has_last_end):
    # Where it does not quote all, the module quotes its own line end, and leaves another bare.
    other = set("\r\n") - set(end)
    assume(quoting != csv.QUOTE_MINIMAL or not other & set("".join(map("".join, rows))))
    header = list(string.ascii_lowercase[: len(rows[0])])
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end)
    writer.writerows([header, *rows])
    written = text.getvalue()
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes((written if has_last_end else written.removesuffix(end)).encode())
    raw = read_delimited(path, separator=separator)
    assert cells(raw) == [header, *rows]
    lines = [
        text.count("\n") + text.count("\r") - text.count("\r\n") for text in map("".join, rows)
    ]
    assert raw.lines.tolist() == [2 + i + sum(lines[:i]) for i in range(len(rows))]


@given(
    text=st.text(st.sampled_from('""\n\n,,xy \t\\;'), min_size=1, max_size=60),
    separator=st.sampled_from([None, ",", " "]),
)
def test_whatever_is_read_nothing_of_it_vanishes(tmp_path_factory, text, separator):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(text.encode())
    try:
        raw = read_delimited(path, header=False, separator=separator)
    except ValueError:
        return
    read = "".join(cell for row in raw.features.rows() for cell in row)
    assert [read.count(letter) for letter in "xy"] == [text.count(letter) for letter in "xy"]
    # Whatever lines are no row of their own are blank, or within a cell.
    rows = [number for number, line in enumerate(text.split("\n"), 1) if set(line) & set("xy")]
    within = sum(cell.count("\n") for row in raw.features.rows() for cell in row)
    assert len(set(rows) - set(raw.lines.tolist())) <= within


@given(
    rows=st.lists(
        st.lists(st.text("x1.'#\xa0\u2028", min_size=1), min_size=3, max_size=3), min_size=1
    ),
    blanks=st.lists(st.text(" \t", min_size=1, max_size=3), min_size=3, max_size=3),
    end=st.sampled_from(["\n", " \r\n", "\t\n", "\r"]),
    quoted=st.booleans(),
)
def test_runs_of_blanks_separate_as_one(tmp_path_factory, rows, blanks, end, quoted):
    header = ["a", "b", "c"]
    written = [[f'"{cell}"' if quoted else cell for cell in row] for row in [header, *rows]]
    start, *between = blanks
    text = "".join(f"{start}{x}{between[0]}{y}{between[1]}{z}{end}" for x, y, z in written)
    path = tmp_path_factory.mktemp("csv") / "t.txt"
    path.write_bytes(text.encode())
    raw = read_delimited(path, separator=" ")
    assert cells(raw) == [header, *rows]
    assert raw.lines.tolist() == list(range(2, 2 + len(rows)))


# --- quotes: no row vanishes ---


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('"5" pipe",1\nb,2\n', [['5" pipe', "1"], ["b", "2"]]),
        ('"5"",1\n"6"",2\n', [['5"', "1"], ['6"', "2"]]),
        ('5" pipe,1\n6" pipe,2\n', [['5" pipe', "1"], ['6" pipe', "2"]]),
        ('"with \\" quote",1\n"b",2\n', [['with " quote', "1"], ["b", "2"]]),
        ('"ends in \\"",1\n"C:\\\\",2\n', [['ends in "', "1"], ["C:\\", "2"]]),
        ('"C:\\",1\n"b",2\n', [["C:\\", "1"], ["b", "2"]]),
        ('"a,\n\nb",1\n"c ""d""",2\n', [["a,\n\nb", "1"], ['c "d"', "2"]]),
        ('"a\r\nb",1\r\nc,2\r\n', [["a\r\nb", "1"], ["c", "2"]]),
        ('a, "b, c"\n"d" ,e\n', [["a", "b, c"], ["d", "e"]]),
        ('a, "b" c\nd,e\n', [["a", ' "b" c'], ["d", "e"]]),
    ],
)
def test_quotes_are_read(read, text, rows):
    raw = read("x,y\n" + text)
    assert cells(raw) == [["x", "y"], *rows]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('x,y\n1,a\n2,"b\n3,c\n', 3),
        ('x,y\n1,"a\n2,b\n3,"c"\n4,d\n', 2),
        ('x,y\n"1,a\n"2,b\n', 2),
        ('x,y\n"a\nb",1\n"c,2\n', 4),
        ('"x,y\n1,a\n', 1),
    ],
)
def test_a_quote_left_open_is_refused_by_its_line(read, text, line):
    with pytest.raises(ValueError, match=rf"t\.csv: line {line}: the quote that opens cell"):
        read(text)


@pytest.mark.parametrize("careful", ["", 'z,5"\n'])
def test_a_quote_that_seems_to_swallow_rows_is_noted(read, careful):
    raw = read('x,y\n1,"open\n2,b\n3,5"\n4,d\n' + careful)
    assert raw.features.rows()[:2] == [("1", "open\n2,b\n3,5"), ("4", "d")]
    assert raw.lines.tolist()[:2] == [2, 5]
    assert raw.notes[0].startswith("3 lines that could each be a row read as 1 row")
    assert raw.notes[0].endswith("it is in line 2")


def test_line_ends_within_quotes_that_hide_no_row_are_not_noted(read):
    assert read('x,y\n1,"two\nlines"\n2,b\n').notes == ()


def test_rows_read_with_loose_quotes_are_counted(read):
    (note,) = read('x,y\na,1\n"5" pipe",1\n"6" pipe",1\n').notes
    assert note.startswith("2 rows with a quote inside of quotes that is not doubled, the first in")
    assert "line 3" in note


# --- lines ---


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_way(read, end):
    raw = read(f"x,y{end}1,a{end}2,b{end}")
    assert cells(raw) == [["x", "y"], ["1", "a"], ["2", "b"]]
    assert raw.lines.tolist() == [2, 3]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1,a", "2,b,c"], r"line 3 has 3 cells, the header names 2 columns: does a cell hold ','"),
        (["1,a", "2", "3,c"], "line 3 has 1 cell, the header names 2 columns"),
        (['1,"a', 'b"', "2", "3,c"], "line 4 has 1 cell, the header names 2 columns"),
    ],
)
def test_a_row_of_another_width_is_refused_by_its_line(read, end, rows, message):
    with pytest.raises(ValueError, match=rf"t\.csv: {message}"):
        read(end.join(["x,y", *rows, ""]))


def test_rows_too_long_and_too_short_do_not_make_up_for_each_other(read):
    with pytest.raises(ValueError, match="line 2 has 3 cells"):
        read("x,y\n1,2,3\n4\n")
    with pytest.raises(ValueError, match="line 2 has 1 cell"):
        read("x,y\n1\n2,3,4\n")


def test_blank_lines_are_counted_and_rows_of_blank_cells_are_rows(read):
    raw = read("\nx,y\n1,a\n\n,\n  \n2,b\n\n")
    assert cells(raw) == [["x", "y"], ["1", "a"], ["", ""], ["2", "b"]]
    assert raw.lines.tolist() == [3, 5, 7]
    assert raw.notes == ("3 blank lines left out",)


def test_in_a_table_of_one_column_a_blank_line_is_a_row(read):
    raw = read("x\n1\n\n3\n")
    assert cells(raw) == [["x"], ["1"], [""], ["3"]]


def test_empty_cells_are_empty_texts_and_nothing_is_null(read):
    frame = read('x,y\n,""\nNA,null\n').features
    assert frame.rows() == [("", ""), ("NA", "null")]


# --- separators ---


@pytest.mark.parametrize(
    ("text", "columns", "row"),
    [
        (
            "Altura (cm, medida);Peso (kg, neto);k\n1,5;2,5;a\n1,7;2,8;b\n",
            ["Altura (cm, medida)", "Peso (kg, neto)", "k"],
            ["1,5", "2,5", "a"],
        ),
        ("x;y\n1,5;2,5\n", ["x", "y"], ["1,5", "2,5"]),
        ("x;z,y\na;b,2\nc;d,4\n", ["x;z", "y"], ["a;b", "2"]),
        ("x|y\n1|a, b\n", ["x", "y"], ["1", "a, b"]),
        ("x y\t y z\n1\ta b\n", ["x y", "y z"], ["1", "a b"]),
        ("  x   y\n1.5\t  2  \n", ["x", "y"], ["1.5", "2"]),
        ('x y\n1 "a b"\n', ["x", "y"], ["1", "a b"]),
        (
            'mpg weight  car\n18.0  3504.\t"chevrolet malibu"\n15.0  3693.\t"buick skylark"\n',
            ["mpg", "weight", "car"],
            ["18.0", "3504.", "chevrolet malibu"],
        ),
        (
            '18.0  3504.\t"chevrolet malibu"\n15.0  3693.\t"buick skylark"\n',
            ["18.0", "3504.", "chevrolet malibu"],
            ["15.0", "3693.", "buick skylark"],
        ),
        ("x, y z, w\n1, a b, 3\n", ["x", "y z", "w"], ["1", " a b", " 3"]),
        ("name\tage\nAda Lovelace\t36\nAlan Turing\t41\n", ["name", "age"], ["Ada Lovelace", "36"]),
        (
            "id\tweight\tage\tkind\n1\t5 kg\t30\ta\n2\t6 kg\t40\tb\n",
            ["id", "weight", "age", "kind"],
            ["1", "5 kg", "30", "a"],
        ),
        ("pop\tx\n1 234\t1\n5 678\t2\n", ["pop", "x"], ["1 234", "1"]),
        ("pop\tx\n1 234\t1\n1 678\t2\n", ["pop", "x"], ["1 234", "1"]),
        ("pop\tx\n1 234\t1\n", ["pop", "x"], ["1 234", "1"]),
        (
            "pop total\tx\tkind\n1 234\t1\ta\n5 678\t2\tb\n",
            ["pop total", "x", "kind"],
            ["1 234", "1", "a"],
        ),
        ("pop total|z|y k\n1 2|a|3 4\n", ["pop total", "z", "y k"], ["1 2", "a", "3 4"]),
        ("size of it;y\n1 kg 2;a\n3 kg 4;b\n", ["size of it", "y"], ["1 kg 2", "a"]),
        ("size x long,y\na 5 6,7\nb 7 8,9\n", ["size x long", "y"], ["a 5 6", "7"]),
        ("a 1,5 2\nb 1,7 3\n", ["a", "1,5", "2"], ["b", "1,7", "3"]),
        ("mpg hp\tcar\n18  3\ta\n15  4\tb\n", ["mpg", "hp", "car"], ["18", "3", "a"]),
        ("sep=;\nx,z;y\n1,2;3\n", ["x,z", "y"], ["1,2", "3"]),
        ('"sep=|"\r\nx,z|y\r\n1,2|3\r\n', ["x,z", "y"], ["1,2", "3"]),
        ("Altura\n1,5\n2,5\n", ["Altura"], ["1,5"]),
        ("full name\nAda Lovelace\nAlan Turing\n", ["full name"], ["Ada Lovelace"]),
        ("text\nwell, yes\nno\nno, no, no\n", ["text"], ["well, yes"]),
    ],
)
def test_the_rows_tell_the_separator(read, text, columns, row):
    assert cells(read(text))[:2] == [columns, row]


@pytest.mark.parametrize("separator", ["~", "§", ":", "^", "]", "-", "a"])
def test_another_separator_can_be_named(read, separator):
    text = 'x~y\n1~"a~b"\n'.replace("~", separator)
    assert cells(read(text, separator=separator)) == [["x", "y"], ["1", f"a{separator}b"]]


@pytest.mark.parametrize("separator", ["", ",,", '"', "\n", 59])
def test_what_can_be_no_separator_is_refused(read, separator):
    with pytest.raises(ValueError, match="separator: expected one character"):
        read("x,y\n1,2\n", separator=separator)


# --- comments ---


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("# made in May\n# by hand, twice\nx,y\n1,a\n# so far\n2,b\n", ["x", "y"], [4, 6]),
        ("% a\n\n% b\nx y\n1 2\n3 4\n", ["x", "y"], [5, 6]),
        ("# x y\n1 2\n3 4\n", ["x", "y"], [2, 3]),
        ("##VCF\n#CHROM\tPOS\n1\t2\n3\t4\n", ["CHROM", "POS"], [3, 4]),
        ("#,Name\n1,a\n2,b\n", ["#", "Name"], [2, 3]),
        ("#id,Name\n#1,a\n#2,b\n", ["#id", "Name"], [2, 3]),
        ("colour,y\n#ff0000,1\n#00ff00,2\n", ["colour", "y"], [2, 3]),
    ],
)
def test_comments_are_told_from_headers_and_rows(read, text, columns, lines):
    raw = read(text)
    assert raw.features.columns == columns
    assert raw.lines.tolist() == lines


def test_comments_are_counted(read):
    raw = read("# made in May\nx,y\n1,a\n# so far\n2,b\n")
    assert raw.notes == ("1 comment line left out", "1 comment line among the rows left out")


def test_where_no_line_above_is_a_comment_none_below_is(read):
    with pytest.raises(ValueError, match="line 3 has 1 cell"):
        read("x,y\n1,a\n# so far\n")


# --- the header ---


def test_white_space_around_names_goes(read):
    assert read(' x , "y z " ,w\n1,2,3\n').features.columns == ["x", "y z", "w"]


@pytest.mark.parametrize("header", ["x,x", "x, x", '"x",x '])
def test_a_name_that_stands_there_twice_is_refused(read, header):
    with pytest.raises(ValueError, match="line 1 names 'x' more than once"):
        read(f"{header}\n1,2\n")


def test_a_first_column_without_a_name_has_none(read):
    assert read(",x\n0,5\n").features.columns == ["", "x"]


def test_the_names_of_rows_as_r_writes_them_have_no_name(read):
    assert cells(read('"x" "y"\n"a" 1 2\n"b" 3 4\n')) == [
        ["", "x", "y"],
        ["a", "1", "2"],
        ["b", "3", "4"],
    ]


def test_rows_with_a_cell_too_many_that_is_no_name_are_refused(read):
    with pytest.raises(ValueError, match="line 2 has 3 cells, the header names 2 columns"):
        read("x,y\n1,2,a\n1,3,b\n")


@pytest.mark.parametrize("header", ["x,y", "x,y,"])
def test_a_separator_that_ends_every_row_makes_no_column(read, header):
    raw = read(f"{header}\n1,2,\n3,4,\n")
    assert cells(raw) == [["x", "y"], ["1", "2"], ["3", "4"]]
    assert raw.notes == ("1 column with neither name nor value left out",)


def test_another_column_without_a_name_is_called_by_its_place(read):
    raw = read("x,,z\n1,2,3\n")
    assert raw.features.columns == ["x", "column 2", "z"]
    assert raw.notes == ("columns without a name called 'column 2'",)


def test_without_a_header_columns_are_counted(read):
    raw = read("5.1,a\n4.9,b\n", header=False)
    assert cells(raw) == [["x0", "x1"], ["5.1", "a"], ["4.9", "b"]]
    assert raw.lines.tolist() == [1, 2]
    assert raw.notes == ()


@pytest.mark.parametrize(
    "text",
    ["5.1,3.5,a\n4.9,3.0,a\n", "39, Private\n50, Private\n", "5;1;3\n2;2;2\n", "4,1\n4,2\n"],
)
def test_a_header_that_looks_like_a_row_is_noted(read, text):
    (note,) = read(text).notes
    assert note.startswith("line 1 taken as the names of the columns; if '")
    assert note.endswith(" are not names but a row of the table, give header=False")


def test_the_hint_stands_with_names_that_repeat_too(read):
    with pytest.raises(ValueError, match=r"'1' more than once.*give header=False"):
        read("1,1,2\n2,2,3\n")


@pytest.mark.parametrize(
    "header", ["0,1,2", "2019,2020,2021", "x,2020,y", "350.5,351,351.5,352,352.5,353", "a,b,c"]
)
def test_other_headers_are_not(read, header):
    width = header.count(",") + 1
    assert read("\n".join([header, *[",".join(["7"] * width)] * 2, ""])).notes == ()


def test_the_hint_stands_where_the_target_is_not_found(tmp_path):
    path = tmp_path / "t.data"
    path.write_text("5.1,a\n4.9,b\n1.5,a\n")
    with pytest.raises(ValueError, match=r"no column '-1'.* are not names but .* header=False"):
        load(path, target=-1)


# --- encodings ---


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(read, encoding):
    assert cells(read("x,y\n1,é\n".encode(encoding))) == [["x", "y"], ["1", "é"]]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-be"])
def test_an_encoding_can_be_named(read, encoding):
    data = "x,y\n1,é\n".encode(encoding)
    assert cells(read(data, encoding=encoding)) == [["x", "y"], ["1", "é"]]


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (b"x,y\n1,\xe9\n", {}, "not text in UTF-8: byte 0xE9 in line 2, .* encoding=, such as"),
        (b"x,y\r1,2\r1,\x81\r", {"encoding": "cp1252"}, "not text in CP1252: byte 0x81 in line 3"),
        (b"x,y\n1,a\0\n", {}, "holds a NUL in line 2"),
        ("x,y\n1,é\n".encode("utf-16-le"), {}, "holds a NUL in line 1.*encoding="),
        (b"x,y\n1,2\n", {"encoding": "klingon"}, "encoding: expected a name .* got 'klingon'"),
        (b"x,y\n1,2\n", {"encoding": 8}, "encoding: expected a name .* got 8"),
        (b"x,y\n1,2\n", {"encoding": "hex"}, "encoding: expected a name .* got 'hex'"),
        (b"\n \n", {}, "holds nothing but white space"),
        (b"sep=;\n", {}, "no line follows the one that names the separator"),
    ],
)
def test_what_is_no_text_is_refused(read, data, options, message):
    with pytest.raises(ValueError, match=message):
        read(data, **options)


# --- through load ---


@pytest.mark.parametrize("target", [-1, 2, "2", "x2"])
def test_without_a_header_the_target_is_an_index(tmp_path, target):
    path = tmp_path / "t.data"
    path.write_text("5.1,3.5,a\n4.9,3.0,b\n")
    data = load(path, header=False, target=target)
    assert data.feature_names == ("x0", "x1")
    assert data.target.tolist() == ["a", "b"]


def test_an_index_out_of_the_table_is_refused(tmp_path):
    path = tmp_path / "t.data"
    path.write_text("5.1,a\n4.9,b\n")
    with pytest.raises(ValueError, match="target: expected the index of a column, got 2 for"):
        load(path, header=False, target=2)


@pytest.mark.parametrize("option", [{"header": False}, {"separator": ","}, {"encoding": "cp1252"}])
def test_other_formats_take_no_option_of_text(option):
    (name,) = option
    with pytest.raises(ValueError, match=f"{name}: iris is no delimited text"):
        load("iris", **option)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".data"])
def test_the_names_of_delimited_text(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    path.write_text("x y\n1 a\n2 b\n")
    assert load(path, target="y").features["x"].to_list() == [1, 2]
