"""What becomes of labels, whatever the format that they come in."""

import numpy as np
import polars as pl
import pytest

from normexp.data import load


def labelled(tmp_path, labels, **options):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"x": range(len(labels)), "y": labels}, strict=False).write_parquet(path)
    return load(path, target="y", **options)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["b", "a", " a "], ["b", "a", "a"]),
        ([3, -1, 2**62], [3, -1, 2**62]),
        ([True, False, True], ["true", "false", "true"]),
        (pl.Series(["b", "a"], dtype=pl.Categorical), ["b", "a"]),
        (pl.Series([255, 0], dtype=pl.UInt8), [255, 0]),
    ],
    ids=["text", "integers", "booleans", "categories", "bytes"],
)
def test_labels_stay_as_they_came(tmp_path, labels, expected):
    data = labelled(tmp_path, labels)
    assert data.target.tolist() == expected
    assert data.target.dtype.kind in "iU"
    assert data.notes == ()


def test_whole_floating_labels_become_integers(tmp_path):
    data = labelled(tmp_path, [1.0, 2.0, 1.0])
    assert data.target.dtype == np.int64
    assert data.target.tolist() == [1, 2, 1]
    assert data.notes == ("labels such as 1.0 read as integers",)


@pytest.mark.parametrize("labels", [[1.0, 1.5], [1.0, np.inf], [1.0, 1e300]])
def test_labels_that_are_measurements_are_refused(tmp_path, labels):
    with pytest.raises(
        ValueError, match=r"text or integers, got .*: this looks like the target of"
    ):
        labelled(tmp_path, labels)


@pytest.mark.parametrize(
    "labels", [["a", None, "b", "a"], [1.0, np.nan, 2.0, 1.0], [1, None, 2, 1]]
)
def test_rows_without_a_label_are_left_out(tmp_path, labels):
    data = labelled(tmp_path, labels)
    assert data.features["x"].to_list() == [0, 2, 3]
    assert len(data.target) == 3
    assert data.notes[-1] == "1 row without a label left out"
    assert data.left_out == {"without a label": 1}


@pytest.mark.parametrize("labels", [[None, None], [np.nan, np.nan]])
def test_labels_must_not_all_be_missing(tmp_path, labels):
    with pytest.raises(ValueError, match=r"target: no row of t\.parquet has a label"):
        labelled(tmp_path, labels)


def test_one_class_is_too_few_to_train_and_enough_to_evaluate(tmp_path):
    with pytest.raises(ValueError, match=r"two classes or more, but every label of .* is a"):
        labelled(tmp_path, ["a", "a"])
    assert labelled(tmp_path, ["a", "a"], require_target=False).target.tolist() == ["a", "a"]


def test_a_class_with_one_row_is_loaded(tmp_path):
    assert labelled(tmp_path, ["a", "a", "b"]).target.tolist() == ["a", "a", "b"]


def test_labels_of_another_type_are_refused(tmp_path):
    labels = pl.Series(["2020-01-01", "2020-01-02"]).str.to_date()
    with pytest.raises(ValueError, match="expected labels that are text or integers, got Date"):
        labelled(tmp_path, labels)


def of_csv(tmp_path, *labels, **options):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["x,y", *(f"{i % 3},{y}" for i, y in enumerate(labels)), ""]))
    return load(path, target="y", **options)


def test_a_class_may_be_called_by_a_marker_of_missing_values(tmp_path):
    data = of_csv(tmp_path, "NA", "null", "NaN", "None", "?", "NA", "")
    assert data.target.tolist() == ["NA", "null", "NaN", "None", "?", "NA"]
    assert data.left_out == {"without a label": 1}
    assert (
        "the label 'NA' (2 rows) taken for a class; missing=['NA'] leaves such rows out"
        in data.notes
    )


def test_missing_says_which_labels_are_none(tmp_path):
    data = of_csv(tmp_path, "a", "?", "b", "NA", "?", missing=["?"])
    assert data.target.tolist() == ["a", "b", "NA"]
    assert data.notes == (
        "'?' in the label column taken as missing (2 rows)",
        "2 rows without a label left out",
    )


def test_a_marker_among_integers_is_missing(tmp_path):
    data = of_csv(tmp_path, "1", "2", "NA", "1", "NA", "+2", "1.0")
    assert data.target.tolist() == [1, 2, 1, 2, 1]
    assert "'NA' in the label column taken as missing (2 rows)" in data.notes
    assert "labels such as 1.0 read as integers" in data.notes
    assert of_csv(tmp_path, "1", "2", "NA", missing=["x"]).target.tolist() == ["1", "2", "NA"]


def test_labels_that_begin_with_a_zero_are_texts(tmp_path):
    assert of_csv(tmp_path, "01", "02", "10").target.tolist() == ["01", "02", "10"]


@pytest.mark.parametrize("labels", [("1.5", "2", "3"), ("inf", "1", "2"), ("1e300", "1", "2")])
def test_measurements_in_a_text_file_are_refused(tmp_path, labels):
    with pytest.raises(ValueError, match="this looks like the target of a regression"):
        of_csv(tmp_path, *labels)


def test_unsigned_integers_are_labels_however_large(tmp_path):
    np.savez(tmp_path / "small.npz", X=np.eye(3), y=np.array([7, 0, 255], dtype=np.uint64))
    small = load(tmp_path / "small.npz").target
    assert small.dtype == np.int64
    assert small.tolist() == [7, 0, 255]
    large = np.array([2**64 - 1, 0, 2**63], dtype=np.uint64)
    np.savez(tmp_path / "large.npz", X=np.eye(3), y=large)
    assert load(tmp_path / "large.npz").target.tolist() == [str(label) for label in large]


def test_texts_of_digits_in_a_typed_file_stay_texts(tmp_path):
    assert labelled(tmp_path, ["1", "2"]).target.tolist() == ["1", "2"]


def test_labels_are_not_read_where_they_are_not_asked_for(tmp_path):
    for labels in (("", ""), ("1.5", "2"), ("a", "")):
        data = of_csv(tmp_path, *labels, require_target=False)
        assert data.target is None
        assert len(data) == 2
    schema = of_csv(tmp_path, "a", "b").schema
    read = of_csv(tmp_path, "b", "a", require_target=False, schema=schema)
    assert read.target.tolist() == ["b", "a"]
    assert of_csv(tmp_path, "b", "c", require_target=False, schema=schema).target is None


@pytest.mark.parametrize(
    "labels", [("1_0", "1_1"), ("1e3", "2"), ("1E3", "1e4"), ("１２", "7"), ("7", "9" * 5000)]
)
def test_codes_that_programs_take_for_numbers_are_texts(tmp_path, labels):
    assert of_csv(tmp_path, *labels).target.tolist() == list(labels)


def test_nan_is_a_class_where_other_markers_are_meant(tmp_path):
    assert of_csv(tmp_path, "nan", "7", missing=["x"]).target.tolist() == ["nan", "7"]


def test_measurements_among_powers_of_ten_are_refused(tmp_path):
    with pytest.raises(ValueError, match="this looks like the target of a regression"):
        of_csv(tmp_path, "1e-5", "1e3", "2")


def test_large_floating_labels_are_integers(tmp_path):
    assert labelled(tmp_path, [1e17, 2.0]).target.tolist() == [10**17, 2]


@pytest.mark.parametrize(
    ("classes", "other"),
    [
        (("1", "2", "K"), "TRUE"),
        (("1", "2"), "TRUE"),
        (("0", "1", "2"), "false"),
        (("0", "K"), "false"),
        (("true", "false", "K"), "1"),
        (("1.10", "1.2", "K"), "1.1"),
        (("1e2", "1e3"), "100"),
        (("01", "02"), "1"),
    ],
)
def test_what_python_finds_equal_is_another_class(tmp_path, classes, other):
    schema = of_csv(tmp_path, *classes).schema
    with pytest.raises(ValueError, match=rf"1 row with the label '{other}', which the model was"):
        of_csv(tmp_path, classes[0], other, schema=schema)


@pytest.mark.parametrize(
    ("classes", "written", "read"),
    [
        (("0", "1"), ("TRUE", "false"), [1, 0]),
        (("true", "false"), ("TRUE", "False"), ["true", "false"]),
        (("true", "false"), ("1", "0"), ["true", "false"]),
        (("true", "false", "K"), ("TRUE", "K"), ["true", "K"]),
        (("1", "2"), ("1.0", "+2"), [1, 2]),
        (("1.10", "K"), ("1.10", "K"), ["1.10", "K"]),
    ],
)
def test_a_class_in_another_spelling_is_read(tmp_path, classes, written, read):
    schema = of_csv(tmp_path, *classes).schema
    assert of_csv(tmp_path, *written, schema=schema).target.tolist() == read


def test_a_number_of_a_typed_column_is_the_class_that_is_this_number(tmp_path):
    schema = of_csv(tmp_path, "01", "1.50", "K").schema
    assert labelled(tmp_path, [1.0, 1.5], schema=schema).target.tolist() == ["01", "1.50"]


def test_a_truth_value_in_two_spellings_is_one_class(tmp_path):
    data = of_csv(tmp_path, "TRUE", "True", "FALSE", "b", "B")
    assert data.target.tolist() == ["TRUE", "TRUE", "FALSE", "b", "B"]
    assert data.notes == (
        "the label 'True' read as 'TRUE'",
        "labels that differ in their writing alone are classes of their own: 'b', 'B'",
    )
