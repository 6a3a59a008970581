"""Rows in Dask have the optimum of the same rows in memory, and are never sent anywhere."""

import os
import pickle
import signal

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from dask.distributed import Client, LocalCluster
from scipy.sparse import csr_array

from normexp.linear import LinearClassifier, MulticlassSVM, SoftmaxRegression, first_matrix
from normexp.linear.blocks import Blocks
from normexp.losses import LOSSES

SMOOTH = [name for name, loss in LOSSES.items() if loss.is_smooth]
ROWS, SIZE = 400, 12
LENGTHS = (50, 1, 149, 0, 200)
TIGHT = {"alpha": 0.01, "tol": 1e-9}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=ROWS)
    X = rng.normal(size=(ROWS, SIZE)) + 2 * np.eye(SIZE)[y] + 3
    return X, np.array(["d", "a", "c", "bb"])[y], rng.integers(0, 3, ROWS).astype(float)


def arrays(*given):
    return [da.from_array(a, chunks=(LENGTHS, *a.shape[1:])) for a in given]


def frames(X, *columns):
    names = [f"x{j}" for j in range(X.shape[1])]
    return [dd.from_pandas(pd.DataFrame(X, columns=names), chunksize=90)] + [
        dd.from_pandas(pd.Series(column), chunksize=90) for column in columns
    ]


def agree(there, here):
    if here.dtype.kind == "f":  # float32, whose products BLAS adds up in an order of its own
        np.testing.assert_allclose(there, here, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_array_equal(there, here)


@pytest.mark.parametrize(
    ("name", "kind"), [*((name, arrays) for name in SMOOTH), ("softmax", frames)]
)
def test_the_optimum_is_that_of_the_rows_in_memory(name, kind, data, monkeypatch):
    monkeypatch.setattr(first_matrix, "ROWS", 60)  # of 400 rows the shape is known in part
    X, y, weight = data
    options = {**TIGHT, "class_weight": "balanced"}
    X_there, y_there, weight_there = kind(X, y, weight)
    there = LinearClassifier(name, **options).fit(X_there, y_there, sample_weight=weight_there)
    here = LinearClassifier(name, **options).fit(X, y, sample_weight=weight)
    assert there.objective_ == pytest.approx(here.objective_, rel=2e-9)
    assert there.gap_ <= 1e-9
    np.testing.assert_array_equal(there.classes_, here.classes_)
    np.testing.assert_allclose(there.coef_, here.coef_, atol=1e-3)
    assert there.n_features_in_ == SIZE
    assert hasattr(there, "feature_names_in_") == (kind is frames)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_without_a_cluster_and_in_float32(fit_intercept, data):
    X, y, _ = data
    X = X.astype(np.float32)
    options = {"alpha": 1e-3, "fit_intercept": fit_intercept}
    there = SoftmaxRegression(**options).fit(arrays(X)[0], y)  # labels in memory are cut like X
    here = SoftmaxRegression(**options).fit(X, y)
    assert there.coef_.dtype == np.float32
    assert there.objective_ == pytest.approx(here.objective_, rel=1e-6)


def test_sparse_blocks_stay_sparse():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 140)) * (rng.random((ROWS, 140)) < 0.2)  # 16 directions of 140
    y = rng.integers(3, size=ROWS)
    blocks = arrays(X)[0].map_blocks(csr_array, meta=csr_array((0, 0)))
    there = SoftmaxRegression(**TIGHT).fit(blocks, y)
    here = SoftmaxRegression(**TIGHT).fit(csr_array(X), y)
    assert there.objective_ == pytest.approx(here.objective_, rel=2e-9)
    np.testing.assert_array_equal(there.predict(blocks).compute(), here.predict(X))


def test_of_many_features_some_directions_are_known(data, monkeypatch):
    monkeypatch.setattr(first_matrix, "MOST_FEATURES", 5)
    monkeypatch.setattr(first_matrix, "DIRECTIONS", 4)
    X, y, _ = data
    there = SoftmaxRegression(**TIGHT).fit(*arrays(X, y))
    assert there.solver_ == "L-BFGS on 4 directions of 12 features"
    here = SoftmaxRegression(**TIGHT).fit(X, y)
    assert there.objective_ == pytest.approx(here.objective_, rel=2e-9)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize(
    "method", ["predict", "decision_function", "predict_proba", "predict_log_proba"]
)
def test_predictions_are_arrays_of_dask(method, classes, data):
    X, y, _ = data
    X, y = X[:, :5].astype(np.float32), y if classes == 4 else y < "bb"
    model = SoftmaxRegression(callbacks=[lambda state: False]).fit(X, y)
    here = getattr(model, method)(X)
    there = getattr(model, method)(arrays(X)[0])
    assert isinstance(there, da.Array)
    assert there.dtype == here.dtype
    assert there.shape == here.shape
    assert there.chunks[0] == LENGTHS
    agree(there.compute(), here)
    frame = frames(X)[0]
    named = SoftmaxRegression().fit(frame.compute(), y)
    of_frame = getattr(named, method)(frame)
    assert of_frame.ndim == here.ndim
    agree(of_frame.compute(), getattr(named, method)(frame.compute()))


def test_workers_send_sums(data, monkeypatch):
    """Sizes of what comes here, of which there is nothing as large as the rows."""
    X, y, _ = data
    sizes = []
    summed = Blocks.sum

    def seen(self, of_block, *given):
        found = summed(self, of_block, *given)
        sizes.append(len(pickle.dumps(found)))
        return found

    monkeypatch.setattr(Blocks, "sum", seen)
    SoftmaxRegression().fit(*arrays(X, y))
    assert len(sizes) > 4
    assert max(sizes) < 2000 < X.nbytes / 10


@pytest.mark.parametrize("processes", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_on_a_cluster(processes, data):
    X, y, _ = data
    options = {"processes": processes, "n_workers": 2, "threads_per_worker": 1}
    with LocalCluster(**options, dashboard_address=None) as cluster, Client(cluster):
        rows, labels = (a.rechunk({0: 200}) for a in arrays(X, y))
        there = SoftmaxRegression(alpha=0.1).fit(rows, labels)
        predicted = there.predict(rows).compute()
    here = SoftmaxRegression(alpha=0.1).fit(X, y)
    assert there.objective_ == pytest.approx(here.objective_, rel=1e-6)
    np.testing.assert_array_equal(predicted, here.predict(X))


def killed_by(flag, rows):
    """Rows whose reading kills the process that does it, once."""
    try:
        flag.unlink()
    except FileNotFoundError:
        return rows
    return os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.nightly
@pytest.mark.parametrize("is_held", [False, True])
def test_a_worker_is_killed(is_held, data, tmp_path):
    """Amid a task; and one that holds the only copy of rows that were persisted."""
    X, y, _ = data
    flag, killed = tmp_path / "flag", []

    def kill(state):
        if state.iteration == 3:
            if is_held:
                killed.append(min(client.run(os.getpid).values()))
                os.kill(killed[0], signal.SIGKILL)
            else:
                flag.touch()

    options = {"processes": True, "n_workers": 2, "threads_per_worker": 1}
    with LocalCluster(**options, dashboard_address=None) as cluster, Client(cluster) as client:
        before = set(client.run(os.getpid).values())
        rows, labels = arrays(X, y)
        if is_held:
            rows = rows.persist()
        else:
            rows = rows.map_blocks(lambda block: killed_by(flag, block), meta=np.empty((0, 0)))
        there = SoftmaxRegression(**TIGHT, callbacks=[kill]).fit(rows, labels)
        client.wait_for_workers(2)
        after = set(client.run(os.getpid).values())
    assert not flag.exists()
    assert len(before - after) == 1
    here = SoftmaxRegression(**TIGHT).fit(X, y)
    assert there.n_iter_ > 4
    assert there.objective_ == pytest.approx(here.objective_, rel=2e-9)


def test_a_warm_start_and_callbacks(data):
    X, y, _ = data
    seen = []
    model = SoftmaxRegression(alpha=0.01, warm_start=True, callbacks=[seen.append])
    model.fit(*arrays(X, y))
    assert len(seen) == model.n_iter_ > 1
    assert model.fit(*arrays(X, y)).n_iter_ <= 1


def test_what_workers_find_amiss_is_said_here(data):
    X, y, weight = data
    with pytest.raises(ValueError, match="NaN"):
        SoftmaxRegression().fit(*arrays(np.where(X > 6, np.nan, X), y))
    with pytest.raises(ValueError, match="at least two classes"):
        SoftmaxRegression().fit(*arrays(X, np.zeros(ROWS)))
    with pytest.raises(ValueError, match="sample_weight"):
        SoftmaxRegression().fit(*arrays(X, y, weight - 1))
    with pytest.raises(ValueError, match="no sample of weight above 0"):
        SoftmaxRegression().fit(*arrays(X, y, np.where(y == "a", 0.0, 1.0)))
    with pytest.raises(ValueError, match="no block with a row"):
        SoftmaxRegression().fit(*(a[:0] for a in arrays(X, y)))


def test_what_dask_does_not_do_is_refused(data):
    X, y, _ = data
    rows, labels = arrays(X, y)
    model = SoftmaxRegression().fit(X, y)
    with pytest.raises(ValueError, match="Blocks of Dask are for smooth losses"):
        MulticlassSVM().fit(rows, labels)
    with pytest.raises(ValueError, match="l1_ratio must be 0 for blocks of Dask"):
        SoftmaxRegression(l1_ratio=0.5).fit(rows, labels)
    with pytest.raises(ValueError, match=r"X must be in chunks of whole rows.*rechunk\({1: -1}\)"):
        SoftmaxRegression().fit(rows.rechunk({1: 5}), labels)
    with pytest.raises(ValueError, match="whole rows"):
        model.predict(rows.rechunk({1: 5}))
    with pytest.raises(ValueError, match=r"y must have the shape \(400,\), got \(399,\)"):
        SoftmaxRegression().fit(rows, y[:-1])
    with pytest.raises(ValueError, match=r"y must have the shape \(n,\)"):
        SoftmaxRegression().fit(rows, da.from_array(np.eye(4)[np.arange(ROWS) % 4]))
    with pytest.raises(ValueError, match="y must not be None"):
        SoftmaxRegression().fit(rows)
    with pytest.raises(ValueError, match="classes must not be given"):
        SoftmaxRegression().fit(rows, labels, classes=[1, 2])
    with pytest.raises(TypeError, match="X must be an array or a DataFrame of Dask's, got Delayed"):
        SoftmaxRegression().fit(dask.delayed(X), labels)
    with pytest.raises(ValueError, match="expecting 12 features"):
        model.predict(rows[:, :3])
    table, column = frames(X, y)
    with pytest.raises(ValueError, match="columns of numbers, but 'kind' is of"):
        SoftmaxRegression().fit(table.assign(kind=column), column)
    with pytest.raises(ValueError, match="y must have the partitions of X, 5 of them, got 1"):
        SoftmaxRegression().fit(table, column.repartition(npartitions=1))
    with pytest.raises(ValueError, match="y must be in the blocks of X"):
        SoftmaxRegression().fit(table, y)
