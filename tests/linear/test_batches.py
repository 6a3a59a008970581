"""Rows that are read batch by batch have the optimum of the same rows in memory."""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array

from normexp import CrossEntropy
from normexp.linear import Batches, LinearClassifier, MulticlassSVM, SoftmaxRegression, streaming
from normexp.losses import LOSSES

SMOOTH = [name for name, loss in LOSSES.items() if loss.is_smooth]
SIZES = [50, 1, 149, 0, 200]


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=sum(SIZES))
    X = rng.normal(size=(len(y), 12)) + 2 * np.eye(12)[y] + 3
    return X, np.array(["d", "a", "c", "bb"])[y], rng.integers(0, 3, len(y)).astype(float)


def parts(*arrays):
    ends = np.cumsum(SIZES)
    return [tuple(a[e - size : e] for a in arrays) for e, size in zip(ends, SIZES, strict=True)]


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize("name", SMOOTH)
def test_the_optimum_is_that_of_the_rows_in_memory(name, kind, data, monkeypatch):
    monkeypatch.setattr(streaming, "ROWS", 60)  # of 400 rows the shape is known in part
    X, y, weight = data
    settings = {"alpha": 0.01, "tol": 1e-9, "class_weight": "balanced"}
    batches = Batches([(kind(x), *others) for x, *others in parts(X, y, weight)])
    read = LinearClassifier(name, **settings).fit(batches)
    held = LinearClassifier(name, **settings).fit(X, y, sample_weight=weight)
    assert read.objective_ == pytest.approx(held.objective_, rel=2e-9)
    np.testing.assert_array_equal(read.classes_, held.classes_)
    np.testing.assert_allclose(read.coef_, held.coef_, atol=1e-3)
    assert read.n_features_in_ == 12


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_with_and_without_intercept_and_in_float32(fit_intercept, data):
    X, y, _ = data
    X = X.astype(np.float32)
    settings = {"alpha": 1e-3, "fit_intercept": fit_intercept}
    read = SoftmaxRegression(**settings).fit(Batches(lambda: iter(parts(X, y))))
    held = SoftmaxRegression(**settings).fit(X, y)
    assert read.coef_.dtype == np.float32
    assert read.objective_ == pytest.approx(held.objective_, rel=1e-6)


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize("name", ["softmax", "squared-error"])
def test_soft_labels_are_those_of_the_rows_in_memory(name, kind, data, monkeypatch):
    monkeypatch.setattr(streaming, "ROWS", 60)
    X, _, weight = data
    masses = np.random.default_rng(0).gamma(0.3, size=(len(X), 3))
    masses[5] = 0
    settings = {"alpha": 0.01, "tol": 1e-9, "class_weight": {"a": 1.0, "b": 2.0, "c": 0.5}}
    batches = Batches([(kind(x), *others) for x, *others in parts(X, masses, weight)])
    read = LinearClassifier(name, **settings).fit(batches, classes=["a", "b", "c"])
    held = LinearClassifier(name, **settings).fit(X, masses, weight, classes=["a", "b", "c"])
    assert read.objective_ == pytest.approx(held.objective_, rel=2e-9)
    np.testing.assert_array_equal(read.classes_, ["a", "b", "c"])
    np.testing.assert_allclose(read.coef_, held.coef_, atol=1e-3)


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize("name", ["softmax", "squared-error"])
def test_an_l1_norm_has_the_optimum_of_the_rows_in_memory(name, kind, l1_ratio, data, monkeypatch):
    monkeypatch.setattr(streaming, "ROWS", 100)
    X, y, weight = data
    settings = {"alpha": 0.02, "l1_ratio": l1_ratio, "tol": 1e-7}
    batches = Batches([(kind(x), *others) for x, *others in parts(X, y, weight)])
    read = LinearClassifier(name, **settings).fit(batches)
    held = LinearClassifier(name, **settings).fit(X, y, weight)
    assert read.objective_ == pytest.approx(held.objective_, rel=2e-7)
    assert read.gap_ <= 1e-7
    assert (read.coef_ == 0).sum() == pytest.approx((held.coef_ == 0).sum(), abs=2)
    assert (read.coef_ == 0).any()
    assert read.n_iter_ < 60


def test_memory_is_that_of_a_batch():
    rng = np.random.default_rng(0)
    count, size, features = 40, 1000, 200

    def read():
        for seed in range(count):
            its = np.random.default_rng(seed)
            y = its.integers(3, size=size)
            yield (
                its.standard_normal((size, features), dtype=np.float32)
                + np.eye(features, dtype=np.float32)[y],
                y,
            )

    model = SoftmaxRegression(callbacks=[lambda state: state.iteration == 2])
    model.fit(rng.normal(size=(90, features)), np.arange(90) % 3)
    tracemalloc.start()
    try:
        model.fit(Batches(read))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * count * size * features * 4


def test_a_warm_start_and_callbacks(data):
    X, y, _ = data
    seen = []
    model = SoftmaxRegression(alpha=0.01, warm_start=True, callbacks=[seen.append])
    model.fit(Batches(parts(X, y)))
    assert len(seen) == model.n_iter_ > 1
    assert model.fit(Batches(parts(X, y))).n_iter_ <= 1


def test_what_cannot_be_read_again_is_refused(data):
    X, y, _ = data
    with pytest.raises(TypeError, match="can be read once"):
        Batches(iter(parts(X, y)))
    with pytest.raises(TypeError, match="function or an iterable"):
        Batches(3)
    with pytest.raises(TypeError, match=r"batch 0 must be \(X, y\)"):
        SoftmaxRegression().fit(Batches([X]))
    passes = iter([parts(X, y), parts(X, y)[:-1]])
    with pytest.raises(ValueError, match="same rows in each pass: in the first it gave 400"):
        SoftmaxRegression().fit(Batches(lambda: next(passes)))
    passes = iter([parts(X, y), parts(X, np.where(y == "a", "b", y))])
    with pytest.raises(ValueError, match="no sample of class 'b' in its first pass"):
        SoftmaxRegression().fit(Batches(lambda: next(passes)))
    with pytest.raises(ValueError, match="no batch with a row"):
        SoftmaxRegression().fit(Batches([]))
    with pytest.raises(ValueError, match="features"):
        SoftmaxRegression().fit(Batches([(X, y), (X[:, :3], y)]))


def test_what_batches_do_not_do_is_refused(data):
    X, y, _ = data
    with pytest.raises(ValueError, match="smooth losses"):
        MulticlassSVM().fit(Batches(parts(X, y)))
    with pytest.raises(ValueError, match="beside Batches"):
        SoftmaxRegression().fit(Batches(parts(X, y)), y)
    soft = np.full((len(X), 3), 1 / 3)
    with pytest.raises(TypeError, match="takes no soft labels"):
        LinearClassifier("svm-squared", solver="lbfgs").fit(Batches([(X, soft)]))
    with pytest.raises(ValueError, match="of one kind, got 3 columns of soft ones and hard ones"):
        SoftmaxRegression().fit(Batches([(X, soft), (X, y)]))
    with pytest.raises(ValueError, match=r"of one kind, got 3 .* and 2 columns of soft ones"):
        SoftmaxRegression().fit(Batches([(X, soft), (X, soft[:, :2])]))
    passes = iter([[(X, soft)], [(X, y)]])
    with pytest.raises(ValueError, match="the same labels in each pass"):
        SoftmaxRegression().fit(Batches(lambda: next(passes)))
    with pytest.raises(ValueError, match="those of X are hard"):
        SoftmaxRegression().fit(Batches(parts(X, y)), classes=["a", "b", "c", "d"])
    with pytest.raises(ValueError, match="must name the 3 columns"):
        SoftmaxRegression().fit(Batches([(X, soft)]), classes=["a", "b"])
    with pytest.raises(ValueError, match="at least two classes"):
        LinearClassifier(CrossEntropy()).fit(Batches([(X, np.zeros(len(X)))]))
    with pytest.raises(ValueError, match="NaN"):
        SoftmaxRegression().fit(Batches([(np.full_like(X, np.nan), y)]))
