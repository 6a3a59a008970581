import gzip

import numpy as np
import polars as pl
import pytest

from normexp.data import load

FRUIT = "size,colour,kind\n1.5,red,apple\n2,green,pear\n,red,apple\n"


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_a_csv_parts_into_features_and_labels(tmp_path):
    data = load(write(tmp_path / "fruit.csv", FRUIT), target="kind")
    assert data.name == "fruit.csv"
    assert data.feature_names == ("size", "colour")
    assert data.features.to_dict(as_series=False) == {
        "size": [1.5, 2.0, None],
        "colour": ["red", "green", "red"],
    }
    assert data.target.tolist() == ["apple", "pear", "apple"]
    assert data.notes == ()


def test_a_gzipped_csv_is_the_same(tmp_path):
    path = tmp_path / "fruit.csv.gz"
    path.write_bytes(gzip.compress(FRUIT.encode()))
    plain = load(write(tmp_path / "fruit.csv", FRUIT), target="kind")
    assert load(path, target="kind").features.equals(plain.features)


def test_parquet_is_the_same(tmp_path):
    plain = load(write(tmp_path / "fruit.csv", FRUIT), target="kind")
    frame = plain.features.with_columns(kind=pl.Series(plain.target))
    frame.write_parquet(tmp_path / "fruit.parquet")
    data = load(tmp_path / "fruit.parquet", target="kind")
    assert data.features.equals(plain.features)
    np.testing.assert_array_equal(data.target, plain.target)


@pytest.mark.parametrize("separator", [";", "\t", ","])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_the_separator_is_that_of_the_first_line(tmp_path, separator, start):
    text = start + FRUIT.replace(",", separator)
    assert load(write(tmp_path / "t.csv", text), target="kind").features.width == 2


def test_a_column_that_turns_to_decimals_late_is_read(tmp_path):
    text = "x,y\n" + "1,a\n" * 2000 + "1.5,b\n"
    assert load(write(tmp_path / "t.csv", text), target="y").features["x"][-1] == 1.5


def test_the_spellings_of_a_missing_value_are_null(tmp_path):
    text = "x,colour,y\n1,NA,a\n?, ?,b\nNaN,null,a\nnan,N/A,b\nNULL,red,a\n"
    features = load(write(tmp_path / "t.csv", text), target="y").features
    assert features["x"].to_list() == [1, None, None, None, None]
    assert features["colour"].to_list() == [None, None, None, None, "red"]


def test_nan_in_parquet_is_null(tmp_path):
    frame = pl.DataFrame({"x": [1.0, float("nan"), 2.0], "y": ["a", "b", "a"]})
    frame.write_parquet(tmp_path / "t.parquet")
    assert load(tmp_path / "t.parquet", target="y").features["x"].to_list() == [1.0, None, 2.0]


def test_text_of_digits_in_parquet_stays_text(tmp_path):
    frame = pl.DataFrame({"postcode": ["01", "02"], "y": ["a", "b"]})
    frame.write_parquet(tmp_path / "t.parquet")
    features = load(tmp_path / "t.parquet", target="y").features
    assert features["postcode"].to_list() == ["01", "02"]


def test_blank_lines_and_the_row_numbers_of_pandas_are_left_out(tmp_path):
    data = load(write(tmp_path / "t.csv", ",x,y\n0,5,a\n\n1,6,b\n\n"), target="y")
    assert data.feature_names == ("x",)
    assert data.features["x"].to_list() == [5, 6]
    assert data.notes[0] == "2 blank lines left out"
    assert data.notes[1].startswith("the column without a name left out")


def test_data_to_predict_needs_no_target(tmp_path):
    path = write(tmp_path / "t.csv", "x\n1\n2\n")
    assert load(path, require_target=False).target is None
    assert load(path, target="y", require_target=False).target is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "name the column .* with target=; the columns are 'size', 'colour'"),
        (
            {"target": "knd"},
            r"no column 'knd' \(did you mean 'kind'\?\); the columns are 'size', 'colour', 'kind'",
        ),
    ],
)
def test_without_its_target_the_columns_are_listed(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        load(write(tmp_path / "fruit.csv", FRUIT), **options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,x,y\n1,2,a\n", "names 'x' more than once"),
        ("x,y\n1,a\n2,b,c\n", "line 3 has 3 cells, the header names 2 columns"),
        ("x,z,y\n1,1,a\n2,b\n", "line 3 has 2 cells, the header names 3 columns"),
        ("x,y\n1,a\n2\n", "line 3 has 1 cell, the header names 2 columns"),
        ("x,y\n", "t.csv has no rows"),
        ("y\na\nb\n", "t.csv has no features"),
        ('x,y\n1,"a\n2,b\n', "t.csv: line 2: the quote that opens cell 2 is not closed"),
        ("x,y\n1,a\ninf,b\n", "'x' holds an infinite number in row 2"),
    ],
)
def test_a_bad_csv_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        load(write(tmp_path / "t.csv", text), target="y")


def test_a_last_line_that_does_not_end_is_noted(tmp_path):
    path = write(tmp_path / "t.csv", "x,y\n1,a\n2,b\n3,a")
    assert load(path, target="y").notes == (
        "the last line of t.csv does not end: the file may be cut off",
    )


@pytest.mark.parametrize("target", ["y", "x"])
def test_a_label_that_seems_cut_off_is_not_learnt(tmp_path, target):
    path = write(tmp_path / "t.csv", "x,y\n1,rose\n2,tulip\n1,rose\n5,tul")
    with pytest.raises(ValueError, match=r"last line of t\.csv does not end, and its label"):
        load(path, target=target)
    assert load(path, target=target, require_target=False).target[-1] in ("tul", 5)


def test_a_cut_gzip_is_refused(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(FRUIT.encode() * 100)[:-20])
    with pytest.raises(ValueError, match=r"t\.csv\.gz is cut off or damaged"):
        load(path, target="kind")


@pytest.mark.parametrize("keep", [8, 100, -4])
def test_a_cut_parquet_file_is_refused(tmp_path, keep):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"x": range(100), "y": range(100)}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"t\.parquet is damaged"):
        load(path, target="y")


def test_another_format_under_the_name_of_parquet_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"wrong magic number, expected b'PAR1', but .* b'x,y"):
        load(write(tmp_path / "t.parquet", "x,y\n1,2\n"), target="y")


@pytest.mark.parametrize("dtype", [pl.Int16, pl.Float32, pl.Float64, pl.Decimal(10, 1), pl.String])
@pytest.mark.parametrize("marker", ["-999", "-999.0", "-9.99e2"])
def test_a_number_that_stands_for_a_missing_value_does_so_in_any_type(tmp_path, dtype, marker):
    cells = pl.Series("x", ["1", "-999", "3"]).cast(dtype)
    frame = pl.DataFrame({"x": cells, "y": ["a", "b", "a"]})
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    for name in ("t.csv", *["t.parquet"] * (dtype != pl.String)):
        data = load(tmp_path / name, target="y", missing=[marker])
        assert data.features["x"].to_list() == [1.0, None, 3.0]
        assert "column 'x' holds numbers except '-999" in data.notes[0]
        again = load(tmp_path / name, target="y", schema=data.schema)
        assert again.features["x"].to_list() == [1.0, None, 3.0]


def test_a_missing_value_that_float32_rounds_is_found(tmp_path):
    frame = pl.DataFrame({"x": pl.Series([1, -99.9, 3], dtype=pl.Float32), "y": ["a", "b", "a"]})
    data = load(frame, target="y", missing=["-99.9"])
    assert data.features["x"].to_list() == [1.0, None, 3.0]
