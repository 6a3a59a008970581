"""What the columns of a text file are taken for, and what is said of it."""

import datetime
import json

import numpy as np
import polars as pl
import pytest

from normexp.data import Encoder, Schema, load


@pytest.fixture
def loaded(tmp_path):
    """Load the lines of a CSV file, whose label is the column y unless said otherwise."""

    def loaded(*lines, target="y", name="t.csv", **options):
        (tmp_path / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
        return load(tmp_path / name, target=target, **options)

    return loaded


@pytest.fixture
def column(loaded):
    """Load a column x of some cells beside labels: its values, and all that was said."""

    def column(*cells, separator=";", **options):
        rows = (f"{cell}{separator}{'ab'[i % 2]}" for i, cell in enumerate(cells))
        data = loaded(f"x{separator}y", *rows, **options)
        return data.features["x"].to_list() if "x" in data.feature_names else None, data.notes

    return column


def test_decimal_commas_are_read(column):
    values, notes = column("1,5", "2,25", "-3", "1e3", "1,234")
    assert values == [1.5, 2.25, -3.0, 1000.0, 1.234]
    assert notes == ("numbers with a decimal comma: 'x'",)


def test_thousands_apart_are_read(column):
    values, notes = column("1.234,5", "12.000.000", "7")
    assert values == [1234.5, 12e6, 7.0]
    assert "numbers with '.' between thousands: 'x'" in notes
    assert column("1,234.5", "12,000,000", ".5")[0] == [1234.5, 12e6, 0.5]
    assert column("1 234", "12 000,5")[0] == [1234.0, 12000.5]
    assert column("1\u202f234", "12\u00a0000")[0] == [1234.0, 12000.0]
    assert column("1'234.5", "12'000")[0] == [1234.5, 12000.0]


def test_one_comma_before_three_digits_is_read_as_the_rest_of_the_file(loaded, column):
    assert column('"1,234"', '"2,500"', separator=",")[0] == [1234.0, 2500.0]
    assert column("1,234", "2,500")[0] == [1.234, 2.5]  # where semicolons part the cells
    data = loaded("a;b;y", "1,5;1.234;p", "2,5;12.500;q")
    assert data.features["b"].to_list() == [1234.0, 12500.0]
    data = loaded("a;b;y", "1.5;1,234;p", "2.5;12,500;q")
    assert data.features["b"].to_list() == [1234.0, 12500.0]
    data = loaded("a;b;y", "1,5;1.25;p", "2,5;12.5;q", "2,75;3.75;q")
    assert data.features["b"].to_list() == [1.25, 12.5, 3.75]


@pytest.mark.parametrize(
    ("cells", "expected", "unit"),
    [
        (("5%", "7.5 %", "-1%"), [5, 7.5, -1], "%"),
        (("$5", "-$1,200.50", "$-7"), [5, -1200.5, -7], "$"),
        (("5,50 €", "1.200,00 €", "€3"), [5.5, 1200, 3], "€"),
    ],
)
def test_signs_of_percent_and_of_currencies_are_read(column, cells, expected, unit):
    values, notes = column(*cells)
    assert values == expected
    assert any(note.startswith(f"numbers with {unit!r}") for note in notes)


def test_numbers_without_the_sign_beside_them_are_told(column):
    values, notes = column("5%", "7", "1%")
    assert values == [5, 7, 1]
    assert notes == ("numbers with '%', 1 without read alike: 'x'",)


def test_another_currency_is_no_number_of_this_column(column):
    values, notes = column("$5", "$6", "$7", "$8", "€9")
    assert values == [5, 6, 7, 8, None]
    assert "column 'x' holds numbers except '€9' (1 row) taken as missing" in notes


def test_the_typographic_minus_is_one(column):
    assert column("−5", "3", "−2.5") == ([-5.0, 3.0, -2.5], ())


ODD = ["#N/A", "None", "n/a", "<NA>", "-", "#VALUE!", "\\N", "NA", "?", "null", "nan", "N/A"]


@pytest.mark.parametrize("odd", ODD)
def test_one_odd_entry_leaves_a_column_one_of_numbers(column, odd):
    values, notes = column("3", odd, "5", "8")
    assert values == [3, None, 5, 8]
    assert notes == (f"column 'x' holds numbers except {odd!r} (1 row) taken as missing",)


def test_an_empty_cell_is_missing_without_a_word(column):
    assert column("3", "", "5", "  ") == ([3, None, 5, None], ())


def test_columns_with_the_same_exceptions_are_told_together(loaded):
    data = loaded("a,b,c,y", "1,NA,4,p", "NA,2,5,q", "3,4,NULL,p", "5,NA,6,q")
    assert data.notes == (
        "columns 'a', 'b' hold numbers except 'NA' (3 cells) taken as missing",
        "column 'c' holds numbers except 'NULL' (1 row) taken as missing",
    )


def test_a_few_words_among_many_numbers_are_missing(column):
    values, notes = column(*(str(i * i % 37) for i in range(40)), "twelve", "about 7", "twelve")
    assert values[-3:] == [None, None, None]
    assert "holds numbers except 'twelve', 'about 7' (3 rows) taken as missing" in notes[0]


def test_many_words_among_many_different_numbers_are_no_categories(column):
    cells = [f"{i * 1.37:.2f}" if i % 3 else "not measured" for i in range(90)]
    values, notes = column(*cells)
    assert values[:3] == [None, 1.37, 2.74]
    assert "holds numbers except 'not measured' (30 rows) taken as missing" in notes[0]


def test_codes_stay_texts_and_that_is_told(column):
    values, notes = column("01", "02", "X", "01", "02", "01", "02", "01", "02", "01")
    assert values[:3] == ["01", "02", "X"]
    assert notes == (
        "column 'x' taken for texts, though 9 of 10 cells hold numbers: others hold 'X'",
    )


def test_missing_sets_the_markers(column):
    values, notes = column("NA", "red", "none", missing=["none"])
    assert values == ["NA", "red", None]
    assert notes == ("column 'x': 'none' (1 row) taken as missing",)
    assert column("1", "-9", "2", missing=["-9"])[0] == [1, None, 2]
    assert column("NA", "red", "")[0] == [None, "red", None]


@pytest.mark.parametrize("name", ["Unnamed: 0", "__index_level_0__", ""])
def test_row_numbers_of_pandas_are_left_out_unless_kept(loaded, name):
    lines = (f"{name},x,y", "0,5,a", "1,6,b")
    data = loaded(*lines)
    assert data.feature_names == ("x",)
    assert "left out: row numbers, as pandas writes them" in data.notes[0]
    kept = loaded(*lines, keep=[name])
    assert kept.feature_names == (name, "x")
    assert kept.notes == ()


def test_row_numbers_in_parquet_are_left_out(tmp_path):
    frame = pl.DataFrame({"x": [5, 6], "y": ["a", "b"], "__index_level_0__": [0, 1]})
    frame.write_parquet(tmp_path / "t.parquet")
    assert load(tmp_path / "t.parquet", target="y").feature_names == ("x",)


@pytest.mark.parametrize(
    "numbers", [range(20), range(1, 21), range(100, 300, 10), [*range(10, 20), *range(10)]]
)
def test_numbers_that_merely_count_are_told(column, numbers):
    values, notes = column(*map(str, numbers))
    assert values == list(numbers)
    assert notes == (
        "the numbers of 'x' merely count; if they number the rows, leave them out with drop=['x']",
    )


@pytest.mark.parametrize(
    "numbers",
    [[*range(19), 25], [0.5 * i for i in range(20)], [7] * 20, range(5), [*range(19), 18]],
)
def test_numbers_that_measure_are_not(column, numbers):
    assert column(*map(str, numbers))[1] == ()


NAMES = [f"n{i}" for i in range(60)]


def test_names_are_left_out_with_a_note_and_kept_when_asked(loaded):
    names = [*NAMES[:57], "n1", "n2", "n3"]
    lines = ("name,x,y", *(f"{name},{i * i % 7},{'ab'[i % 2]}" for i, name in enumerate(names)))
    data = loaded(*lines)
    assert data.feature_names == ("x",)
    assert data.notes == (
        "left out, as texts that nearly all differ are names and no properties: "
        "'name (57 texts in 60 cells)'; keep=[...] brings a column in",
    )
    kept = loaded(*lines, keep=["name"])
    assert kept.feature_names == ("name", "x")
    assert len(Encoder.fit(kept).categories["name"]) == 57
    again = loaded(*lines[:3], name="new.csv", schema=kept.schema)
    assert again.features["name"].to_list() == ["n0", "n1"]


def test_a_table_of_names_alone_is_refused_with_what_was_left_out(column):
    with pytest.raises(ValueError, match=r"no column is left to learn from; .*'x \(60 texts in 60"):
        column(*NAMES)


DAYS = [datetime.datetime(2026, 11, day) for day in (23, 24, 25)]


@pytest.mark.parametrize(
    "form",
    [
        *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%d %b %Y"),
        *("%b %d, %Y", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M:%S"),
        *("%Y-%m-%d 00:00:00.000", "%Y-%m-%d %H:%M:%S+00:00"),
    ],
)
def test_dates_are_read(column, form):
    values, notes = column(*(f"{day:{form}}" for day in DAYS), "")
    assert values == [*DAYS, None]
    orders = {"%m/%d/%Y": "month before day", "%d/%m/%Y": "day before month"}
    orders["%d-%m-%Y"] = "day before month"
    assert notes == ((f"column 'x' read as dates, {orders[form]}",) if form in orders else ())


def test_a_date_that_is_none_is_missing_and_told(column):
    values, notes = column("2026-11-23", "2026-11-24", "soon", "2026-02-30", *["2026-11-25"] * 20)
    assert values[:5] == [*DAYS[:2], None, None, DAYS[2]]
    assert notes == (
        "column 'x' holds dates except 'soon', '2026-02-30' (2 rows) taken as missing",
    )


def test_dates_are_the_same_features_in_every_format(tmp_path):
    days = ["2024-02-29", "2025-12-31", "2026-11-25", "2026-01-01"]
    texts = pl.DataFrame({"day": days, "y": ["a", "b", "a", "b"]})
    texts.write_csv(tmp_path / "t.csv")
    texts.write_parquet(tmp_path / "texts.parquet")
    dates = texts.with_columns(pl.col("day").str.to_date())
    dates.write_parquet(tmp_path / "dates.parquet")
    midnight = pl.col("day").cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    moments = dates.with_columns(midnight.dt.convert_time_zone("Asia/Tokyo"))
    moments.write_parquet(tmp_path / "moments.parquet")
    names = ("t.csv", "texts.parquet", "dates.parquet", "moments.parquet")
    loaded = [load(tmp_path / name, target="y") for name in names]
    encoder = Encoder.fit(loaded[0])
    assert encoder.feature_names == (
        *("day (year)", "day (month)", "day (day of the week)", "day (days since 2024-02-29)"),
    )
    raw = encoder.transform(loaded[0]) * encoder.scale + encoder.mean
    expected = [[2024, 2, 4, 0], [2025, 12, 3, 671], [2026, 11, 3, 1000], [2026, 1, 4, 672]]
    np.testing.assert_allclose(raw, expected, rtol=1e-12, atol=1e-9)
    for each in loaded[1:]:
        assert Encoder.fit(each).transform(each).tobytes() == encoder.transform(each).tobytes()
        read = load(tmp_path / each.name, target="y", schema=loaded[0].schema)
        assert encoder.transform(read).tobytes() == encoder.transform(loaded[0]).tobytes()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_space_around_names_labels_and_texts_is_stripped(tmp_path, ending):
    columns = {" age": [" 39", "40 "], "job ": ["clerk", " clerk "], " y": ["yes", "yes "]}
    frame = pl.DataFrame({**columns, "z": [1, 2]})
    frame = pl.concat([frame, frame.with_columns(pl.lit("no").alias(" y"))])
    getattr(frame, f"write_{ending}")(tmp_path / f"t.{ending}")
    data = load(tmp_path / f"t.{ending}", target="y")
    assert data.feature_names == ("age", "job", "z")
    assert data.target.tolist() == ["yes", "yes", "no", "no"]
    assert data.features["job"].to_list() == ["clerk"] * 4
    assert data.features["age"][0] == (39.0 if ending == "csv" else "39")
    assert load(tmp_path / f"t.{ending}", target=" y ").target.tolist() == data.target.tolist()


def test_names_that_differ_by_space_alone_are_refused(loaded):
    with pytest.raises(ValueError, match="names 'x' more than once"):
        loaded("x, x,y", "1,2,a")


@pytest.mark.parametrize("argument", ["drop", "keep", "missing", "carry"])
def test_a_text_where_a_list_is_meant_is_refused(loaded, argument):
    with pytest.raises(TypeError, match=f"{argument}: expected a list of texts, got the text 'si"):
        loaded("size,y", "1,a", "2,b", **{argument: "size"})


@pytest.mark.parametrize("argument", ["drop", "keep", "carry"])
def test_a_misspelt_column_is_asked_after(loaded, argument):
    with pytest.raises(
        ValueError, match=rf"{argument}: no column 'sise' \(did you mean 'size'\?\)"
    ):
        loaded("size,y", "1,a", "2,b", **{argument: ["sise"]})


def test_a_schema_says_already_what_the_options_would(loaded):
    schema = loaded("x,z,y", "1,2,a", "2,3,b").schema
    with pytest.raises(ValueError, match="schema: it says already what drop, keep and missing"):
        loaded("x,z,y", "1,2,a", schema=schema, drop=["z"])


def test_a_schema_comes_back_from_plain_values(loaded):
    schema = loaded("a;b;c;d;y", "1,5;$2;red;24.12.2026;1", "2,5;$3;TRUE;25.12.2026;K").schema
    again = Schema.from_state(json.loads(json.dumps(schema.state())))
    assert again == schema
    assert [column.kind for column in again.columns] == ["number", "number", "text", "date"]


@pytest.mark.parametrize("argument", ["drop", "keep", "missing", "carry"])
def test_a_list_of_what_is_no_text_is_refused(loaded, argument):
    with pytest.raises(TypeError, match=rf"{argument}: expected a list of texts, got \[3\]"):
        loaded("size,y", "1,a", "2,b", **{argument: [3]})


def test_a_long_cell_does_not_fill_the_screen(column):
    _, notes = column(*"123456789", "w" * 500)
    assert len(notes[0]) < 150


def test_a_number_may_stand_for_a_missing_value(column):
    values, notes = column("1", "-9", "2", missing=["-9"])
    assert values == [1, None, 2]
    assert notes == ("column 'x' holds numbers except '-9' (1 row) taken as missing",)


@pytest.mark.parametrize(
    ("date", "short", "read"),
    [
        ("01/28/2020", "01/28/20", (2020, 1, 28)),
        ("2020-01-06", "20-01-06", (2020, 1, 6)),
        ("6 Jan 2020", "6 Jan 20", (2020, 1, 6)),
        ("06.01.2020 10:00-0100", "06.01.20 10:00-0100", (2020, 1, 6, 11)),
    ],
)
def test_a_year_of_two_digits_is_no_year_of_the_first_century(loaded, column, date, short, read):
    moment = datetime.datetime(*read)
    values, notes = column(*[date] * 9, short)
    assert values == [moment] * 9 + [None]
    assert f"column 'x' holds dates except {short!r} (1 row) taken as missing" in notes
    schema = loaded("x;y", *[f"{date};{'ab'[i % 2]}" for i in range(9)]).schema
    data = loaded("x;y", f"{date};a", f"{short};b", schema=schema)
    assert data.features["x"].to_list() == [moment, None]
    assert f"column 'x' holds dates except {short!r} (1 row) taken as missing" in data.notes


def test_a_group_of_thousands_does_not_begin_with_a_zero(loaded):
    data = loaded("a;b;c;y", "1,5;0.123;1.234;p", "2,5;0.456;0.5;q", "3,5;0.789;2.5;p")
    assert data.features["b"].to_list() == [0.123, 0.456, 0.789]
    assert data.features["c"].to_list() == [1.234, 0.5, 2.5]
    schema = loaded("a;b;y", "1,5;1.234;p", "2,5;12.500;q", "3,5;1.000;p").schema
    data = loaded("a;b;y", "1,5;0.123;p", "2,5;12.500;q", "3,5;1.012.500;q", schema=schema)
    assert data.features["b"].to_list() == [None, 12500.0, 1012500.0]
    assert "column 'b' holds numbers except '0.123' (1 row) taken as missing" in data.notes


def test_lists_of_numbers_say_nothing_of_decimals(loaded):
    lists = ["1,2", "1,2,3", "4,5", "4,5,6"]
    rows = [f'{i + 1}.250,"{lists[i % 4]}",{"pq"[i % 2]}' for i in range(12)]
    data = loaded("x,tags,y", *rows)
    assert data.features["x"].to_list() == [i + 1.25 for i in range(12)]
    assert data.features["tags"].to_list() == lists * 3


@pytest.mark.parametrize("digits", ["１２", "１２.５", "٣", "५%"])
def test_digits_of_other_scripts_are_no_numbers_and_stop_nothing(loaded, column, digits):
    values, notes = column("1,5", "2,5", "3,5", "4,5", digits)
    assert values == [1.5, 2.5, 3.5, 4.5, None]
    assert f"column 'x' holds numbers except {digits!r} (1 row) taken as missing" in notes
    assert column(digits, digits, "b")[0] == [digits, digits, "b"]
    schema = loaded("x;y", "1,5;a", "2,5;b").schema
    data = loaded("x;y", f"{digits};a", "2,5;b", schema=schema)
    assert data.features["x"].to_list() == [None, 2.5]


def test_a_part_of_a_number_is_not_read_for_it(column):
    assert column("1.5", "2.5", "3.5", "4.5", "５.5", separator=",")[0][4] is None


def test_dates_of_no_one_format_are_told(column):
    values, notes = column("2020-01-02", "2020-01-03", "3 Jan 2020", "04.01.2020", "2020-01-03")
    assert values == ["2020-01-02", "2020-01-03", "3 Jan 2020", "04.01.2020", "2020-01-03"]
    assert notes == (
        "column 'x' taken for texts, though 5 of 5 cells look like dates: 3 are written alike, "
        "others hold '3 Jan 2020', '04.01.2020'",
    )
    assert column("2020-01-02", "red", "green", "red", "blue")[1] == ()


@pytest.mark.parametrize("form", ["%m/%d/%y", "%y-%m-%d", "%d.%m.%y %H:%M", "%d %b %y"])
def test_dates_whose_year_has_two_digits_are_told(column, form):
    dates = [datetime.date(2020, 1, day).strftime(form) for day in (12, 13, 28)]
    values, notes = column(*dates)
    assert values == dates
    assert notes == (
        "column 'x' taken for texts, though 3 of 3 cells look like dates: a year of two digits, "
        f"as in {dates[0]!r}, is not read",
    )


def test_codes_that_begin_with_a_year_are_no_dates(column):
    assert column("2020-9901", "2020-9902", "2020-9901")[1] == ()
