"""A folder of files gives what one file of all its rows gives."""

import numpy as np
import polars as pl
import pytest

from normexp.data import Encoder, gathering, load
from normexp.data.cleaning import Wishes
from normexp.data.gathering import encoder_of
from normexp.data.parts import is_parts_folder, learn_schema, parts_of

ROWS, SIZE = 400, 90


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    days = np.datetime64("2024-03-01") + rng.integers(0, 400, ROWS)
    sizes = pl.Series(rng.normal(5, 2, ROWS)).set(pl.Series(rng.random(ROWS) < 0.1), None)
    return pl.DataFrame(
        {
            "size": sizes,
            "height": rng.integers(0, 9, ROWS),
            "flat": np.ones(ROWS),
            "colour": rng.choice(["red", "blue", None, "green"], ROWS).tolist(),
            "rare": ["common"] * (ROWS - 1) + ["rare"],
            "same": ["one"] * ROWS,
            "seen": days,
            "is new": rng.random(ROWS) < 0.3,
            "kind": np.sort(rng.choice(["a", "b", "c"], ROWS)).tolist(),
        }
    )


def folder_of(table, path):
    path.mkdir()
    for start in range(0, len(table), SIZE):
        table[start : start + SIZE].write_parquet(path / f"part{start:03}.parquet")
    return path


def learnt(path, target, at_once=70, **wishes):
    parts = parts_of(path, target)
    schema, _ = learn_schema(parts, Wishes(**wishes), at_once)
    encoder, schema, rows = encoder_of(lambda its: parts.datasets(its, at_once), schema)
    return encoder, list(parts.datasets(schema, at_once)), rows


def check_same(encoder, parts, whole):
    expected = Encoder.fit(whole)
    assert encoder.feature_names == expected.feature_names
    assert (encoder.categories, encoder.dates) == (expected.categories, expected.dates)
    assert encoder.notes == expected.notes
    np.testing.assert_allclose(encoder.mean, expected.mean, rtol=1e-13)
    np.testing.assert_allclose(encoder.scale, expected.scale, rtol=1e-13)
    np.testing.assert_array_equal(np.concatenate([part.target for part in parts]), whole.target)
    encoded = np.concatenate([encoder.transform(part) for part in parts])
    np.testing.assert_allclose(encoded, expected.transform(whole), rtol=1e-12, atol=1e-12)


def test_a_folder_of_parquet_files(table, tmp_path):
    table.write_parquet(tmp_path / "whole.parquet")
    folder = folder_of(table, tmp_path / "big")
    assert is_parts_folder(folder)
    encoder, parts, rows = learnt(folder, "kind")
    check_same(encoder, parts, load(tmp_path / "whole.parquet", target="kind"))
    assert rows == ROWS
    assert max(map(len, parts)) <= 70


def test_rows_without_a_label_are_left_out(table, tmp_path):
    table = table.with_columns(pl.when(pl.col("kind") != "b").then(pl.col("kind")))
    table.write_parquet(tmp_path / "whole.parquet")
    encoder, parts, rows = learnt(folder_of(table, tmp_path / "big"), "kind")
    check_same(encoder, parts, load(tmp_path / "whole.parquet", target="kind"))
    assert rows == table["kind"].count()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_a_folder_of_arrays(dtype, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 200, (ROWS, 6)).astype(dtype)
    y = rng.integers(0, 3, ROWS)
    np.savez(tmp_path / "whole.npz", X=X, y=y)
    folder = tmp_path / "big"
    folder.mkdir()
    for i, rows in enumerate(np.array_split(np.arange(ROWS), 5)):
        np.save(folder / f"X_{i}.npy", X[rows])
        np.save(folder / f"y_{i}.npy", y[rows])
    encoder, parts, _ = learnt(folder, None)
    check_same(encoder, parts, load(tmp_path / "whole.npz"))


def test_columns_of_too_many_texts_are_left_out(table, tmp_path, monkeypatch):
    monkeypatch.setattr(gathering, "MAX_CATEGORIES", 3)
    encoder, parts, _ = learnt(folder_of(table, tmp_path / "big"), "kind")
    assert encoder.notes[0] == "left out, as columns of more than 3 texts: 'colour'"
    assert "colour" not in encoder.categories
    assert encoder.transform(parts[0]).shape == (70, len(encoder.feature_names))


def test_what_is_amiss_is_said(table, tmp_path):
    folder = folder_of(table, tmp_path / "big")
    with pytest.raises(ValueError, match=r"no column 'knd' \(did you mean 'kind'\?\)"):
        learnt(folder, "knd")
    with pytest.raises(ValueError, match="comes without labels"):
        learnt(folder, None)
    table.drop("flat").write_parquet(folder / "part999.parquet")
    with pytest.raises(ValueError, match="differ in their columns: 'flat'"):
        learnt(folder, "kind")
    (folder / "part999.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(ValueError, match=r"part999.parquet is damaged"):
        learnt(folder, "kind")
    with pytest.raises(ValueError, match="two classes or more"):
        learnt(folder_of(table, tmp_path / "more"), "same")


def test_what_is_amiss_with_arrays_is_said(tmp_path):
    np.save(tmp_path / "X_0.npy", np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"there is no y_0.npy, the labels of X_0.npy"):
        parts_of(tmp_path, None)
    np.save(tmp_path / "y_0.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"X_0.npy has the shape \(4, 2\), its labels \(3,\)"):
        parts_of(tmp_path, None)
    np.save(tmp_path / "y_0.npy", np.array([1, "a", None, 2], object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"y_0.npy"):
        parts_of(tmp_path, None)
    np.save(tmp_path / "y_0.npy", np.arange(4))
    with pytest.raises(ValueError, match="in files of their own"):
        parts_of(tmp_path, "y")
    np.save(tmp_path / "X_1.npy", np.zeros((4, 3)))
    np.save(tmp_path / "y_1.npy", np.arange(4))
    with pytest.raises(ValueError, match="differ in their columns"):
        parts_of(tmp_path, None)


def test_cells_that_cannot_be_read_are_told(table, tmp_path):
    folder = folder_of(table, tmp_path / "big")
    odd = table.with_columns(pl.lit("tall").alias("height"))[:50]
    odd.write_parquet(folder / "part999.parquet")
    encoder, _, rows = learnt(folder, "kind")
    assert (
        encoder.notes[0]
        == "big/part999.parquet: column 'height' holds numbers except 'tall' (50 rows) taken as "
        "missing"
    )
    assert rows == ROWS + 50


def test_labels_of_two_types_are_refused(table, tmp_path):
    folder = folder_of(table, tmp_path / "big")
    table.with_columns(pl.lit(3).alias("kind")).write_parquet(folder / "part999.parquet")
    with pytest.raises(ValueError, match="labels of type String, another file of big of Int"):
        learnt(folder, "kind")


def test_many_notes_are_cut_short():
    notes = gathering.together({f"note {i}": ["part"] for i in range(100)})
    assert notes[-1] == "70 other notes of this kind"
    assert len(notes) == 31
