"""What `load` accepts as a source, and what it says to anything else."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from scipy.io import savemat

from normexp.data import builtin_names, load


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        ("digits", (1797, 64), 10),
        ("iris", (150, 4), 3),
        ("wine", (178, 13), 3),
        ("breast_cancer", (569, 30), 2),
    ],
)
def test_the_built_in_sets(name, shape, classes):
    data = load(name)
    assert data.name == name
    assert data.features.shape == shape
    assert len(data) == shape[0]
    assert len(data.feature_names) == shape[1]
    assert data.target.dtype == np.int64
    np.testing.assert_array_equal(np.unique(data.target), np.arange(classes))
    assert data.class_names is None or len(data.class_names) == classes
    assert name in builtin_names()


def test_digits_are_images_with_named_pixels():
    digits = load("digits")
    assert digits.image_shape == (8, 8)
    assert digits.feature_names[:9:8] == ("pixel_0_0", "pixel_1_0")


def test_take_keeps_what_belongs_together():
    iris = load("iris")
    some = iris.take(np.array([149, 0]))
    np.testing.assert_array_equal(some.features, iris.features[[149, 0]])
    np.testing.assert_array_equal(some.target, [2, 0])
    assert some.class_names == iris.class_names


def test_drop_leaves_columns_out():
    iris = load("iris", drop=["sepal width (cm)"])
    assert iris.features.shape == (150, 3)
    assert "sepal width (cm)" not in iris.feature_names
    assert "left out as asked: 'sepal width (cm)'" in iris.notes


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("iris", {"drop": ["petals"]}, "drop: no column 'petals' among the features, which are"),
        ("digits", {"drop": ["pixel_0_0"]}, "drop: the rows are images"),
        (
            "iris",
            {"target": "species"},
            r"^target: iris has its .*; leave out target=$",
        ),
        ("iris", {"split": "test"}, r"^split: iris does not tell .*; leave out split=$"),
    ],
)
def test_options_that_do_not_suit_are_refused(source, options, message):
    with pytest.raises(ValueError, match=message):
        load(source, **options)


def test_an_unknown_name_lists_the_built_in_sets():
    with pytest.raises(FileNotFoundError, match=r"no file iriss, and .* 'digits', 'iris'"):
        load("iriss")


def test_a_file_may_have_the_name_of_a_built_in_set(tmp_path, monkeypatch):
    (tmp_path / "iris").write_bytes(b"1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="iris is of no known format"):
        load("./iris")
    assert len(load("iris")) == 150


def test_an_unknown_ending_lists_the_known_ones(tmp_path):
    (tmp_path / "table.doc").write_bytes(b"PK")
    with pytest.raises(
        ValueError, match=r"no known format: .*\.csv, \.tsv, \.txt, \.data, \.parquet"
    ):
        load(tmp_path / "table.doc")


def test_what_is_of_no_use_is_called_what_it_is(tmp_path):
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(9))
    with pytest.raises(ValueError, match=r"old\.xls is an old Excel file \(\.xls\), of no known"):
        load(tmp_path / "old.xls")


def test_a_file_without_an_ending_is_known_by_how_it_begins(tmp_path):
    frame = pl.DataFrame({"x": [1, 2], "y": ["a", "b"]})
    frame.write_parquet(tmp_path / "part-0000")
    (tmp_path / "weka").write_text(
        "% a comment\n\n@RELATION r\n@attribute x real\n@attribute y {a,b}\n@data\n1,a\n2,b\n"
    )
    for name in ("part-0000", "weka"):
        data = load(tmp_path / name, target="y")
        assert data.features["x"].to_list() == [1, 2]
    savemat(tmp_path / "mat", {"X": np.eye(3), "y": [1, 2, 1]})
    assert load(tmp_path / "mat").target.tolist() == [1, 2, 1]
    with (tmp_path / "array").open("wb") as file:
        np.save(file, np.eye(3))
    assert load(tmp_path / "array", target=0).target.tolist() == [1, 0, 0]


def test_a_folder_of_no_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"folder of no known format: expected in it CIFAR's"):
        load(tmp_path)


@pytest.mark.parametrize(
    "name", ["t.csv", "t.tsv", "t.parquet", "t.npy", "t.npz", "t.tar", "images-idx3-ubyte"]
)
@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08\x00"], ids=["empty", "cut gzip"])
def test_an_empty_or_cut_file_is_named(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{name} is (empty|cut off or damaged)"):
        load(path, require_target=False)


def test_the_package_alone_loads_no_table_library():
    code = "import sys, normexp; assert not {'polars', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
