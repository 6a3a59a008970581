import pandas
import polars as pl
import pytest

from normexp.data import load


def read(tmp_path, **columns):
    pl.DataFrame({**columns, "y": ["a", "b", "a"]}).write_parquet(tmp_path / "t.parquet")
    return load(tmp_path / "t.parquet", target="y")


LISTS = [[1.0, 2.0], [3.0, None], None]


@pytest.mark.parametrize("dtype", [pl.List(pl.Float32), pl.Array(pl.Float64, 2)])
def test_embeddings_are_a_column_for_each_place(tmp_path, dtype):
    data = read(tmp_path, size=[7, 8, 9], e=pl.Series(LISTS, dtype=dtype))
    assert data.feature_names == ("size", "e_0", "e_1")
    assert data.features["e_0"].to_list() == [1, 3, None]
    assert data.features["e_1"].to_list() == [2, None, None]
    assert "the lists of 'e' spread over 2 columns" in data.notes


@pytest.mark.parametrize("dtype", [pl.List(pl.List(pl.Int8)), pl.Array(pl.Int8, (2, 2))])
def test_lists_of_lists_have_two_numbers_to_a_name(tmp_path, dtype):
    values = [[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]]
    data = read(tmp_path, e=pl.Series(values, dtype=dtype))
    assert data.feature_names == ("e_0_0", "e_0_1", "e_1_0", "e_1_1")
    assert data.features["e_1_0"].to_list() == [3, 7, 11]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"e": [[1], [1, 2], [1]]}, r"t\.parquet: column 'e' holds lists of 1 to 2 numbers: exp"),
        ({"e": [[[1]], [[1, 2]], [[1]]]}, r"column 'e_0' holds lists of 1 to 2 numbers"),
        ({"e": [[1], [2], [3]], "e_0": [1, 2, 3]}, "have the names of other columns: 'e_0'"),
    ],
)
def test_lists_that_are_no_columns_are_refused(tmp_path, columns, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, **columns)


def test_as_many_columns_as_are_allowed(tmp_path):
    pl.DataFrame({"e": [[0] * 20_000] * 2, "y": ["a", "b"]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="more than 1 MB"):
        load(tmp_path / "t.parquet", target="y", max_size=10**6)


def test_so_are_those_of_a_frame():
    columns = {"e": [[1, 2], [3, 4]], "y": ["a", "b"]}
    for frame in (pl.DataFrame(columns), pandas.DataFrame(columns)):
        data = load(frame, target="y")
        assert data.feature_names == ("e_0", "e_1")
        assert data.features["e_1"].to_list() == [2, 4]
