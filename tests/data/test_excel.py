import datetime
import io
import re
import sys
import zipfile

import pytest
from openpyxl import Workbook

from normexp.data import load


def write(path, *rows, title="Data"):
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(path)
    return book


def rewritten(path, part, pattern, replacement):
    """Change a part of a workbook, as another program would have written it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    changed = re.sub(pattern, replacement, parts[part].decode(), count=1)
    assert changed != parts[part].decode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**parts, part: changed.encode()}.items():
            archive.writestr(name, content)


SHEET = "xl/worksheets/sheet1.xml"


def test_the_first_sheet_is_a_table(tmp_path):
    path = tmp_path / "t.xlsx"
    book = write(path, ["x", "colour", "kind"], [1, "red", "a"], [2.5, None, "b"], [-3, "7", "a"])
    book.create_sheet("Notes").append(["not this"])
    book.save(path)
    data = load(path, target="kind")
    assert data.feature_names == ("x", "colour")
    assert data.features["x"].to_list() == [1, 2.5, -3]
    assert data.target.tolist() == ["a", "b", "a"]
    assert "the sheet 'Data' read, not 'Notes'" in data.notes


def test_it_is_read_as_excel_would_save_it_as_csv(tmp_path):
    day, moment = datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4)
    cells = [[True, day, "01"], [False, moment, "x"], [None, datetime.time(3, 4), "02"]]
    write(
        tmp_path / "t.xlsx",
        ["flag", "when", "code", "y"],
        *([*row, "ab"[i % 2]] for i, row in enumerate(cells)),
    )
    (tmp_path / "t.csv").write_text(
        "flag,when,code,y\nTRUE,2020-01-02,01,a\nFALSE,2020-01-02 03:04:00,x,b\n,03:04:00,02,a\n"
    )
    book, text = (load(tmp_path / name, target="y") for name in ("t.xlsx", "t.csv"))
    assert book.features.equals(text.features)
    assert book.feature_names == text.feature_names


def test_a_library_that_is_not_there_is_named(tmp_path, monkeypatch):
    write(tmp_path / "t.xlsx", ["x", "y"], [1, "a"])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ValueError, match=r"are read by openpyxl: pip install openpyxl"):
        load(tmp_path / "t.xlsx", target="y")


def test_a_formula_is_the_value_it_had(tmp_path):
    path = tmp_path / "t.xlsx"
    write(path, ["x", "y"], ["=1+1", "a"], [3, "b"])
    rewritten(path, SHEET, r"<f>1\+1</f><v ?/>|<f>1\+1</f><v></v>", "<f>1+1</f><v>2</v>")
    assert load(path, target="y").features["x"].to_list() == [2, 3]


@pytest.mark.parametrize("saved", ["<v></v>", "<v/>", "<v  />", ""])
def test_a_formula_without_its_value_is_blank_and_counted(tmp_path, saved):
    path = tmp_path / "t.xlsx"
    write(path, ["x", "y"], [1, "a"], [3, "b"], ["=1+1", "a"], ["=1+2", "b"], ["=A2", "b"])
    rewritten(path, SHEET, r"<f>1\+1</f>(<v ?/>|<v></v>)", f"<f>1+1</f>{saved}")
    rewritten(path, SHEET, r'<c r="A6"[^>]*>.*?</c>', '<c r="A6" t="str"><f>""</f><v></v></c>')
    data = load(path, target="y")
    assert data.features["x"].to_list() == [1, 3, None, None, None]
    assert data.notes[0] == (
        "2 cells with a formula whose value the file does not hold read as blank: a spreadsheet "
        "that opens and saves it puts the values in"
    )


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("0%", [5, 7, 112.5, -100, None, 10]),
        ("0.00%;[Red]-0.00%", [5, 7, 112.5, -100, None, 10]),
        ('0.0"%"', [0.05, 0.07, 1.125, -1, None, 0.1]),
        ("0.0\\%", [0.05, 0.07, 1.125, -1, None, 0.1]),
        ("General", [0.05, 0.07, 1.125, -1, None, 0.1]),
    ],
)
def test_a_percentage_is_the_number_that_it_shows(tmp_path, form, values):
    path = tmp_path / "t.xlsx"
    shares = [0.05, 0.07, 1.125, -1, None, 0.1]
    book = write(path, ["x", "y"], *([x, "ab"[i % 2]] for i, x in enumerate(shares)))
    for row in range(2, 8):
        book.active.cell(row, 1).number_format = form
    book.save(path)
    assert load(path, target="y").features["x"].to_list() == values


def test_columns_without_a_name_are_those_of_a_csv_file(tmp_path):
    rows = [
        [None, "x", None, " ", "y", None, "z"],
        [11, 1, None, 5, "a", None, 3],
        [12, 2, None, 6, "b", None, 4],
    ]
    write(tmp_path / "t.xlsx", *rows)
    lines = (",".join("" if cell is None else str(cell) for cell in row) for row in rows)
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    book, text = (load(tmp_path / name, target="y") for name in ("t.xlsx", "t.csv"))
    assert book.feature_names == text.feature_names == ("x", "column 4", "z")
    assert book.features.rows() == text.features.rows() == [(1, 5, 3), (2, 6, 4)]
    assert book.notes == text.notes
    assert "2 columns with neither name nor value left out" in book.notes
    assert "columns without a name called 'column 4'" in book.notes


def test_blank_rows_and_columns_and_merged_cells(tmp_path):
    path = tmp_path / "t.xlsx"
    book = write(path, [], [], ["x", "z", "y", None], [1, 1, "a"], [], [2, 2, "b"], [None, 3, "b"])
    book.active.merge_cells("A6:A7")
    book.active.append([None, " "])
    book.save(path)
    data = load(path, target="y")
    assert data.features["x"].to_list() == [1, 2, None]
    assert data.notes[:2] == (
        "of merged cells the first alone has the value, the others are blank",
        "1 blank row left out",
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "t.xlsx: the first sheet is blank"),
        ([["x", "y"]], "t.xlsx has no rows"),
        ([["x", "y"], [1, "a", "more"]], "row 2 has 3 cells, the header in row 1 names 2 columns"),
        ([["x", "x"], [1, 2]], "t.xlsx: row 1 names 'x' more than once"),
    ],
)
def test_a_sheet_that_is_no_table_is_refused(tmp_path, rows, message):
    write(tmp_path / "t.xlsx", *rows)
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "t.xlsx", target="y")


def test_a_cut_or_other_file_is_refused(tmp_path):
    path = tmp_path / "t.xlsx"
    write(path, ["x", "y"], [1, "a"])
    whole = path.read_bytes()
    path.write_bytes(whole[:-50])
    with pytest.raises(ValueError, match=r"t\.xlsx is cut off or damaged"):
        load(path, target="y")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("notes.txt", "no workbook")
    path.write_bytes(file.getvalue())
    with pytest.raises(ValueError, match=r"t\.xlsx is cut off or damaged"):
        load(path, target="y")
    path.write_bytes(b"x,y\n1,a\n")
    with pytest.raises(ValueError, match=r"t\.xlsx is not a workbook \(\.xlsx\): wrong magic"):
        load(path, target="y")


def test_a_sheet_without_bound_is_refused(tmp_path):
    path = tmp_path / "t.xlsx"
    write(path, ["x", "y"], [1, "a"], [2, "b"])
    rewritten(path, SHEET, '<row r="3"', '<row r="1099511627776"')
    with pytest.raises(ValueError, match=r"t\.xlsx is damaged: it numbers a row above 1048576"):
        load(path, target="y")
    write(path, ["x", "y"], [1, "a"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more", bytes(2 * 10**6))
    with pytest.raises(ValueError, match=r"t\.xlsx holds, or unpacks to, more than 1 MB"):
        load(path, target="y", max_size=10**6)
    write(path, ["x", "y"], *([1, "a"] for _ in range(20_000)))
    with pytest.raises(ValueError, match=r"t\.xlsx holds, or unpacks to, more than 1.5 MB"):
        load(path, target="y", max_size=1_500_000)
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 100}">' for a, b in zip("abcdefg", "bcdefgh", strict=True)
    )
    write(path, ["x", "y"], [1, "a"])
    rewritten(path, SHEET, "<worksheet", f"{bomb}]><worksheet")
    rewritten(path, SHEET, "<v>1</v>", "<v>&h;</v>")
    with pytest.raises(ValueError, match=r"t\.xlsx is cut off or damaged"):
        load(path, target="y")
