import numpy as np
import polars as pl
import pytest

from normexp.data import Dataset
from normexp.report.split import split


def dataset(labels):
    features = np.arange(len(labels), dtype=float)[:, np.newaxis]
    return Dataset("rows", features, np.array(labels), ("x",))


def test_each_class_keeps_its_proportion():
    parts = split(dataset(["a"] * 40 + ["b"] * 10), test_size=0.2, seed=0)
    assert np.bincount(parts.test_target).tolist() == [8, 2]
    assert np.bincount(parts.train_target).tolist() == [32, 8]


def test_a_seed_fixes_the_split():
    rows = dataset([0, 1] * 20)
    first, again, other = (split(rows, 0.25, seed).test_rows.tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_the_encoding_is_learnt_from_the_training_rows_alone():
    rows = dataset([0, 1] * 20)
    parts = split(rows, 0.25, 0)
    trained_on = np.setdiff1d(np.arange(40), parts.test_rows)
    assert parts.encoder.mean == pytest.approx(rows.features[trained_on].mean())
    assert parts.train_features.mean() == pytest.approx(0)


def test_a_class_of_one_row_is_trained_on_and_the_note_says_so():
    parts = split(dataset(["a"] * 9 + ["lone"] + ["b"] * 9), test_size=0.3, seed=0)
    assert 9 not in parts.test_rows
    assert (parts.train_target == 2).sum() == 1
    assert parts.notes == ("classes of one row, kept for training: lone",)


def test_classes_of_one_row_only_cannot_be_split():
    with pytest.raises(ValueError, match="no class has two rows"):
        split(dataset(["a", "b", "c"]), test_size=0.5, seed=0)


def test_a_class_that_is_left_without_training_rows_is_named():
    with pytest.raises(ValueError, match=r"test_size: 0\.8 leaves no row of the class rare"):
        split(dataset(["many"] * 40 + ["rare"] * 2), test_size=0.8, seed=0)


def test_a_test_set_smaller_than_the_number_of_classes_is_refused():
    with pytest.raises(
        ValueError,
        match="leaves 18 rows to train on and 2 to test on",
    ):
        split(dataset(list(range(10)) * 2), test_size=0.1, seed=0)


def test_rows_without_labels_are_refused():
    with pytest.raises(ValueError, match="target: rows has no labels"):
        split(Dataset("rows", np.zeros((3, 1)), None, ("x",)), 0.2, 0)


@pytest.mark.parametrize("share", [np.nan, np.inf, -0.1, 0, 1])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match=r"^test_size: expected a share between 0 and 1"):
        split(dataset([0, 1] * 20), test_size=share, seed=0)


def test_categories_of_the_test_rows_alone_are_counted_and_named():
    frame = pl.DataFrame({"colour": ["red", "blue"] * 20, "x": np.arange(40.0) % 7})
    rows = Dataset("rows", frame, np.arange(40) // 20, tuple(frame.columns))
    alone = int(split(rows, 0.25, 0).test_rows[0])
    frame[alone, "colour"] = "green"
    assert split(rows, 0.25, 0).notes == (
        "column 'colour': 1 row of a category that was not seen in training: 'green' "
        "(rows to test on)",
    )
