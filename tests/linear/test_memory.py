"""A fit takes the memory of the features it is given, and little more."""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array

from normexp.linear import LinearClassifier, MulticlassSVM, SoftmaxRegression

ROWS, FEATURES, CLASSES = 40_000, 600, 3
SHARE = 0.2  # of the features


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = rng.integers(CLASSES, size=ROWS)
    X = rng.standard_normal(size=(ROWS, FEATURES), dtype=np.float32)
    X[:, :CLASSES] += 2 * np.eye(CLASSES, dtype=np.float32)[y] + 1
    return X, y


def stopped(state):
    return state.iteration == 4


CLASSIFIERS = {
    "softmax": SoftmaxRegression,
    "squared error": lambda **its: LinearClassifier("squared-error", **its),
    "hinge": MulticlassSVM,
    "squared hinge": lambda **its: MulticlassSVM(squared=True, **its),
    "hinge without intercept": lambda **its: MulticlassSVM(fit_intercept=False, **its),
}


def peak_of(fit, X, y):
    fit(X[:200], y[:200])  # what is loaded and compiled at a first call is no part of it
    tracemalloc.start()
    try:
        fit(X, y)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_no_second_array_as_large_as_the_features(data, name):
    X, y = data
    model = CLASSIFIERS[name](callbacks=[stopped])
    assert peak_of(model.fit, X, y) < SHARE * X.nbytes


def test_columns_may_be_what_lies_side_by_side(data):
    X, y = data
    model = SoftmaxRegression(callbacks=[stopped])
    assert peak_of(model.fit, np.asfortranarray(X), y) < SHARE * X.nbytes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["softmax", "hinge"])
def test_a_mapped_file_is_never_read_as_a_whole(data, name, dtype, tmp_path):
    X, y = data
    mapped = np.memmap(tmp_path / "features", dtype, "w+", shape=X.shape)
    mapped[:] = X
    model = CLASSIFIERS[name](callbacks=[stopped])
    assert peak_of(model.fit, mapped, y) < SHARE * ROWS * FEATURES * 4
    in_memory = CLASSIFIERS[name](callbacks=[stopped]).fit(np.array(mapped), y)
    np.testing.assert_array_equal(model.coef_, in_memory.coef_)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_narrow_features_have_the_optimum_of_wide_ones(name):
    rng = np.random.default_rng(1)
    y = rng.integers(4, size=400)
    X = (rng.normal(size=(400, 12)) + 2 * np.eye(12)[y] + 10).astype(np.float32)
    narrow, wide = (CLASSIFIERS[name](tol=1e-8, alpha=1e-2).fit(x, y) for x in (X, X.astype(float)))
    assert narrow.objective_ == pytest.approx(wide.objective_, rel=2e-8)
    assert narrow.gap_ <= 1e-8
    assert narrow.coef_.dtype == np.float32


def test_sparse_features_stay_sparse_and_alone():
    rng = np.random.default_rng(0)
    y = rng.integers(CLASSES, size=ROWS)
    words = rng.integers(3000, size=(ROWS, 200)).astype(np.int32)
    words[:, 0] = y
    ends = np.arange(0, words.size + 1, 200, dtype=np.int32)
    X = csr_array((np.ones(words.size, np.float32), words.ravel(), ends), shape=(ROWS, 3000))
    size = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    assert peak_of(SoftmaxRegression(callbacks=[stopped]).fit, X, y) < SHARE * size
