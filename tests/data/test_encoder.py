import json
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from normexp.data import Dataset, Encoder, load
from normexp.data.frames import as_frame


def table(**columns):
    frame = pl.DataFrame(columns)
    return Dataset("table", frame, None, tuple(frame.columns))


def array(values, image_shape=None):
    values = np.asarray(values)
    names = tuple(f"x{i}" for i in range(values.shape[1]))
    return Dataset("array", values, None, names, image_shape=image_shape)


def through_json(encoder):
    arrays, plain = encoder.state()
    copies = {name: np.frombuffer(array.tobytes()) for name, array in arrays.items()}
    return Encoder.from_state(copies, json.loads(json.dumps(plain)))


def test_numbers_are_standardised_by_the_training_rows():
    iris = load("iris")
    encoder = Encoder.fit(iris.take(np.arange(100)))
    encoded = encoder.transform(iris)
    assert_allclose(encoded[:100].mean(axis=0), 0, atol=1e-13)
    assert_allclose(encoded[:100].std(axis=0), 1, rtol=1e-13)
    expected = (iris.features - iris.features[:100].mean(axis=0)) / iris.features[:100].std(axis=0)
    assert_allclose(encoded, expected, rtol=1e-12, atol=1e-13)


def test_digits_far_from_zero_are_not_lost():
    values = 1e9 + np.array([[0.0], [1.0], [2.0]])
    encoder = Encoder.fit(array(values))
    assert_allclose(encoder.transform(values).ravel(), np.array([-1, 0, 1]) * np.sqrt(1.5))


def test_many_rows_are_as_exact_as_few():
    values = np.random.default_rng(0).normal(size=(5000, 3)) + 100
    encoder = Encoder.fit(array(values))
    assert_allclose(encoder.mean, values.mean(axis=0), rtol=1e-14)
    assert_allclose(encoder.scale, values.std(axis=0), rtol=1e-14)


@pytest.mark.parametrize("constant", [0.1, 1e16 + 2, -7.0])
def test_a_constant_column_is_exactly_zero(constant):
    values = np.column_stack([np.full(1001, constant), np.arange(1001.0)])
    encoder = Encoder.fit(array(values))
    assert_array_equal(encoder.transform(values)[:, 0], 0)
    assert "constant, so without influence: 'x0'" in encoder.notes


@pytest.mark.parametrize("make", [array, lambda x: table(x0=x[:, 0], x1=x[:, 1])])
def test_a_missing_number_is_the_mean_of_the_training_rows(make):
    data = make(np.array([[1.0, 0.0], [np.nan, 1.0], [3.0, 2.0]]))
    encoder = Encoder.fit(data)
    assert_allclose(encoder.transform(data)[:, 0], [-1, 0, 1])
    assert "missing numbers taken as the mean: 'x0'" in encoder.notes


def test_a_column_without_any_number_contributes_nothing():
    data = table(x=[1.0, 2.0], empty=pl.Series([None, None], dtype=pl.Float64))
    encoder = Encoder.fit(data)
    assert_array_equal(encoder.transform(data)[:, 1], 0)
    assert "constant, so without influence: 'empty'" in encoder.notes


def test_text_is_one_hot_in_sorted_order_and_the_unseen_is_zero():
    encoder = Encoder.fit(table(colour=["red", "blue", None, "red"], size=[1, 2, 3, 4]))
    assert encoder.feature_names == ("size", "colour=(missing)", "colour=blue", "colour=red")
    encoded = encoder.transform(table(size=[1, 1, 1, 1], colour=["blue", "green", "red", None]))
    assert_array_equal(encoded[:, 1:], [[0, 1, 0], [0, 0, 0], [0, 0, 1], [1, 0, 0]])
    assert "missing texts made a category: 'colour'" in encoder.notes


@pytest.mark.parametrize("texts", [["a", "a"], [None, None]])
def test_a_constant_text_contributes_nothing(texts):
    data = table(x=[1.0, 2.0], text=pl.Series(texts, dtype=pl.String))
    encoder = Encoder.fit(data)
    assert encoder.feature_names == ("x",)
    assert encoder.transform(data).shape == (2, 1)
    assert "constant, so without influence: 'text'" in encoder.notes


def test_booleans_are_zero_and_one():
    data = table(flag=[True, False, None, True, False])
    assert_array_equal(Encoder.fit(data).transform(data).ravel(), [1, -1, 0, 1, -1])


def test_the_order_of_the_columns_and_others_besides_do_not_matter():
    encoder = Encoder.fit(table(a=[1.0, 2.0], b=["x", "y"]))
    expected = encoder.transform(table(a=[5.0], b=["y"]))
    assert_array_equal(encoder.transform(table(c=["?"], b=["y"], a=[5.0])), expected)


def test_a_category_of_digits_is_known_again_where_all_are_digits(tmp_path):
    encoder = Encoder.fit(table(code=["1", "2", "x"]))
    assert_array_equal(encoder.transform(table(code=[2, 1])), [[0, 1, 0], [1, 0, 0]])


def test_images_share_one_scale():
    digits = load("digits")
    encoder = Encoder.fit(digits)
    assert len(set(encoder.scale)) == 1
    assert_allclose(encoder.scale[0], np.sqrt(digits.features.var(axis=0).mean()))
    assert_allclose(encoder.mean, digits.features.mean(axis=0), rtol=1e-14)
    assert encoder.notes[0].startswith("the mean image subtracted, every pixel divided by")


def test_images_of_bytes_are_encoded_in_float32():
    images = np.random.default_rng(0).integers(0, 256, (3000, 12), dtype=np.uint8)
    data = array(images, image_shape=(2, 2, 3))
    encoder = Encoder.fit(data)
    encoded = encoder.transform(data)
    assert encoded.dtype == np.float32
    assert encoder.mean.dtype == np.float64
    exact = (images - images.mean(axis=0)) / np.sqrt(images.var(axis=0).mean())
    assert_allclose(encoded, exact, rtol=1e-6, atol=1e-7)


def test_images_all_of_one_colour_are_zero():
    data = array(np.full((3, 4), 9, dtype=np.uint8), image_shape=(2, 2))
    assert_array_equal(Encoder.fit(data).transform(data), np.zeros((3, 4)))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([f"id{i}" for i in range(60)], r"no column is left .* 'c \(60 texts in 60 cells\)'"),
        ([f"id{i % 1500}" for i in range(3000)], r"'c \(1500 texts in 3000 cells\)'"),
        (
            pl.Series(["12:30"]).str.to_time("%H:%M"),
            r"'c' holds values of type Time.* drop=\['c'\]",
        ),
        ([[1, 2], [3, 4]], r"'c' holds values of type List\(Int64\)"),
        ([1e200, -1e200], "'c': the variance of its numbers overflows"),
        ([1.7e308, 1.7e308, -1.7e308], "'c': the variance of its numbers overflows"),
    ],
)
def test_a_column_that_says_nothing_of_use_is_refused(column, message):
    with pytest.raises(ValueError, match=message):
        Encoder.fit(table(c=column))


def test_a_thousand_categories_are_encoded():
    data = table(c=[f"k{i % 1000}" for i in range(2000)])
    encoded = Encoder.fit(data).transform(data)
    assert encoded.shape == (2000, 1000)
    assert_array_equal(encoded.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (table(a=[1.0]), "no column 'b'; the model was trained with it"),
        (table(a=["tall"], b=["x"]), "expected numbers, as in training: .* 'a' .*tall"),
        (
            np.zeros((2, 2)),
            r"expected a table with the columns 'b', got an array of shape \(2, 2\)",
        ),
    ],
)
def test_rows_unlike_the_training_rows_are_refused(data, message):
    encoder = Encoder.fit(table(a=[1.0, 2.0], b=["x", "y"]))
    with pytest.raises(ValueError, match=message):
        encoder.transform(data)


@pytest.mark.parametrize("shape", [(2, 3), (4,), (1, 2, 2)])
def test_an_array_of_another_width_is_refused(shape):
    encoder = Encoder.fit(array(np.eye(4)))
    with pytest.raises(ValueError, match=r"expected an array of shape \(n, 4\), .* got \("):
        encoder.transform(np.zeros(shape))


def test_the_source_is_left_as_it_was():
    values = np.array([[1.0, np.nan], [3.0, 4.0]])
    before = values.copy()
    Encoder.fit(array(values)).transform(values)
    assert_array_equal(values, before)


numbers = st.floats(-1e100, 1e100) | st.none()
texts = st.none() | st.text(max_size=3)


@settings(deadline=None)
@given(rows=st.lists(st.tuples(numbers, st.booleans(), texts), min_size=1, max_size=20))
def test_what_was_learnt_comes_back_from_json_to_the_last_bit(rows):
    schema = {"number": pl.Float64, "flag": pl.Boolean, "text": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    encoder = Encoder.fit(Dataset("rows", frame, None, tuple(schema)))
    copy = through_json(encoder)
    encoded = encoder.transform(frame)
    assert copy.transform(frame).tobytes() == encoded.tobytes()
    assert copy.feature_names == encoder.feature_names
    assert copy.notes == encoder.notes
    assert encoded.shape == (len(rows), len(encoder.feature_names))
    assert np.isfinite(encoded).all()


@settings(deadline=None)
@given(values=hnp.arrays(np.float64, (7, 2), elements=st.floats(-6e4, 6e4, width=16)))
def test_standardised_columns_have_mean_0_and_deviation_1_or_are_constant(values):
    encoded = Encoder.fit(array(values)).transform(values)
    assert_allclose(encoded.mean(axis=0), 0, atol=1e-9)
    constant = (values == values[0]).all(axis=0)
    assert_allclose(encoded.std(axis=0), np.where(constant, 0, 1), atol=1e-9)


def texts(rows, *counts):
    rng = np.random.default_rng(0)
    columns = {f"c{i}": [f"k{k}" for k in rng.integers(0, n, rows)] for i, n in enumerate(counts)}
    return table(x=rng.normal(size=rows), **columns)


def test_many_categories_are_encoded_sparsely():
    data = texts(4000, 300, 500)
    encoder = Encoder.fit(data)
    encoded = encoder.transform(data)
    assert encoder.is_sparse
    assert isinstance(encoded, csr_array)
    assert encoded.shape == (4000, len(encoder.feature_names)) == (4000, 801)
    assert encoded.nnz == 3 * 4000
    dense = encoded.toarray()
    values = data.features["x"].to_numpy()
    assert_allclose(dense[:, 0], (values - values.mean()) / values.std(), rtol=1e-12)
    for column, text in (("c0", "k7"), ("c1", "k499")):
        at = encoder.feature_names.index(f"{column}={text}")
        assert_array_equal(dense[:, at], data.features[column].to_numpy() == text)


def test_few_categories_are_encoded_as_an_array():
    data = texts(4000, 3, 20)
    assert isinstance(Encoder.fit(data).transform(data), np.ndarray)


def test_the_kind_of_encoding_does_not_depend_on_the_rows():
    encoder = Encoder.fit(texts(4000, 300, 500))
    one = encoder.transform(table(x=[0.0], c0=["k1"], c1=["never seen"]))
    assert isinstance(one, csr_array)
    assert one.nnz == 2
    assert encoder.unseen(table(x=[0.0], c0=["k1"], c1=["never seen"])) == (
        "column 'c1': 1 row of a category that was not seen in training: 'never seen'",
    )


def test_thousands_of_columns_are_encoded():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(20, 3000))
    frame = {f"n{i}": numbers[:, i] for i in range(3000)}
    frame |= {f"t{i}": rng.choice(["AA", "AG", "GG"], 20) for i in range(3000)}
    data = table(**frame)
    encoder = Encoder.fit(data)
    encoded = encoder.transform(data)
    expected = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    assert_allclose(encoded[:, :3000], expected, rtol=1e-10, atol=1e-13)
    assert_array_equal(encoded[:, 3000:].sum(axis=1), 3000)


def test_frames_of_pandas_are_taken():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "size": [1.0, None, 3.0, 2.0],
            "count": pandas.array([1, None, 3, 2], dtype="Int64"),
            "colour": ["red", None, "blue", "red"],
            "kind": pandas.Categorical(["u", "v", "u", None]),
            "day": pandas.to_datetime(["2026-11-25", None, "2026-11-27", "2026-11-26"]),
            "flag": [True, False, True, True],
        },
        index=[7, 8, 9, 10],
    )
    encoder = Encoder.fit(frame)
    assert encoder.feature_names[:3] == ("size", "count", "flag")
    assert encoder.feature_names[6:] == (
        *("day (days since 2026-11-25)", "colour=(missing)", "colour=blue", "colour=red"),
        *("kind=(missing)", "kind=u", "kind=v"),
    )
    encoded = encoder.transform(frame)
    assert_allclose(encoded[:, 0], [-np.sqrt(1.5), 0, np.sqrt(1.5), 0])
    assert_array_equal(encoded[:, 0], encoded[:, 1])
    assert_array_equal(encoded[:, 7:10], [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert_array_equal(encoder.transform(frame.iloc[[2]]), encoded[2:3])
    loaded = load(frame.assign(y=["a", "b", "a", "b"]), target="y")
    assert Encoder.fit(loaded).transform(loaded).tobytes() == encoded.tobytes()
    with pytest.raises(ValueError, match="two columns of the frame have the same name: 'size'"):
        Encoder.fit(pandas.concat([frame, frame], axis=1))


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ([1, 1.5, None, 2], [1, 1.5, None, 2]),
        ([np.int64(1), np.float32(1.5), Decimal("2.25")], [1, 1.5, 2.25]),
        ([1.5, float("nan"), 2], [1.5, None, 2]),
        ([1, 1.5, True], ["1", "1.5", "True"]),
        ([1, "a", 1.5], ["1", "a", "1.5"]),
    ],
)
def test_objects_of_pandas_that_are_numbers_of_several_types_are_numbers(values, read):
    pandas = pytest.importorskip("pandas")
    frame = as_frame(pandas.DataFrame({"x": pandas.Series(values, dtype=object)}))
    assert frame["x"].to_list() == read


@pytest.mark.parametrize("data", [np.arange(3), np.array([["a", 1]], dtype=object), [[[1]]]])
def test_what_is_no_table_is_refused(data):
    with pytest.raises(ValueError, match=r"data: expected a table, or numbers of shape \(n, d\)"):
        Encoder.fit(data)


def test_dates_in_a_frame_are_those_of_its_type_or_written_from_year_to_day():
    days = ["2026-11-25", "2026-11-27", None]
    typed = table(day=pl.Series(days).str.to_date())
    encoder = Encoder.fit(typed)
    assert encoder.feature_names[-1] == "day (days since 2026-11-25)"
    assert Encoder.fit(table(day=days)).transform(table(day=days)).tobytes() == (
        encoder.transform(typed).tobytes()
    )
    others = table(day=["25.11.2026", "27.11.2026", None])
    assert Encoder.fit(others).transform(others).shape == (3, 3)
