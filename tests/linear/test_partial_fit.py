"""`partial_fit`: what batches come to in any order, beside `fit` and scikit-learn's SGD."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier

import normexp as nex
from normexp.linear import Batches, LinearClassifier, MulticlassSVM, SoftmaxRegression, seen

ALPHA = 1e-3
ROWS, FEW = 600, 200
HINGES = [
    nex.MulticlassHinge(),
    nex.MulticlassHinge(variant="crammer-singer"),
    nex.MulticlassHinge(squared=True),
    nex.MulticlassHinge(variant="crammer-singer", squared=True),
]
LOSSES = [nex.CrossEntropy(), nex.SquaredError(), *HINGES]
ORDERS = ["random", "sorted"]


@pytest.fixture(scope="module")
def rows():
    """Correlated features of 5 classes that overlap, one of them rare."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 8)) @ (rng.normal(size=(8, 8)) / np.arange(1, 9)[:, None])
    logits = X @ rng.normal(size=(8, 5)) + [0, 0, 0, 0, -2]
    return X + 0.5, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


def in_order(order, y, passes=1):
    if order == "sorted":
        return np.tile(np.argsort(y, kind="stable"), passes)
    rng = np.random.default_rng(1)
    return np.concatenate([rng.permutation(len(y)) for _ in range(passes)])


def fed(model, X, y, index, size=120, weight=None):
    for start in range(0, len(index), size):
        batch = index[start : start + size]
        given = None if weight is None else weight[batch]
        model.partial_fit(X[batch], y[batch], classes=np.unique(y), sample_weight=given)
    return model


def excess(model, X, y, best, weight=None):
    """How far above the minimum of the objective of all rows, in parts of it."""
    W, b = model.coef_, model.intercept_
    if len(W) == 1:
        W, b = np.vstack([-W / 2, W / 2]), np.concatenate([-b / 2, b / 2])
    loss = best.loss_(X @ W.T + b, np.searchsorted(best.classes_, y), sample_weight=weight)
    return (float(loss) + best.alpha / 2 * np.vdot(W, W)) / best.objective_ - 1


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_while_all_rows_are_kept_it_is_fit(rows, loss, order):
    X, y = rows
    best = LinearClassifier(loss, alpha=ALPHA).fit(X, y)
    found = fed(LinearClassifier(loss, alpha=ALPHA), X, y, in_order(order, y))
    assert excess(found, X, y, best) < (0.1 * 120 / len(y) if loss in HINGES else 2e-6)
    np.testing.assert_allclose(found.objective_, best.objective_, rtol=0.01)


@pytest.fixture
def few(monkeypatch):
    """As if only some rows were kept."""
    monkeypatch.setattr(seen, "ROWS", FEW)
    monkeypatch.setattr(seen, "FEWEST", FEW)


@pytest.mark.parametrize(("order", "most"), [("random", 0.01), ("sorted", 0.03)])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_of_more_rows_it_comes_close_in_one_pass(rows, few, loss, order, most):
    X, y = rows
    best = LinearClassifier(loss, alpha=ALPHA).fit(X, y)
    found = fed(LinearClassifier(loss, alpha=ALPHA), X, y, in_order(order, y))
    assert len(found._seen.target) <= FEW
    assert found._seen.rows == len(y)
    assert excess(found, X, y, best) < (3 if loss in HINGES else 1) * most


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("loss", [LOSSES[0], LOSSES[4]], ids=repr)
def test_in_many_passes_it_tends_to_the_optimum(rows, few, loss, order):
    X, y = rows
    best = LinearClassifier(loss, alpha=ALPHA).fit(X, y)
    model, left = LinearClassifier(loss, alpha=ALPHA), []
    for passes in (1, 2, 5):
        fed(model, X, y, in_order(order, y, passes), size=200)
        left.append(excess(model, X, y, best))
    assert left[1] < left[0]
    assert left[2] < 1e-3
    assert model.objective_ == pytest.approx(best.objective_, rel=0.01)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("loss", "of_sgd"), [(LOSSES[0], "log_loss"), (LOSSES[2], "hinge")])
def test_it_comes_lower_than_the_best_of_sgd(few, loss, of_sgd, order):
    X, y = load_digits(return_X_y=True)
    X, y = X[:400] / 16, y[:400]
    best = LinearClassifier(loss, alpha=ALPHA).fit(X, y)
    index = in_order(order, y)
    rates = [{"learning_rate": "constant", "eta0": rate} for rate in (1e-3, 1e-2, 1e-1)]
    rates += [{"learning_rate": "optimal"}, {"learning_rate": "invscaling", "eta0": 0.1}]
    others = [
        fed(SGDClassifier(loss=of_sgd, alpha=ALPHA, random_state=0, **rate), X, y, index)
        for rate in rates
    ]
    found = fed(LinearClassifier(loss, alpha=ALPHA), X, y, index)
    assert excess(found, X, y, best) < min(excess(other, X, y, best) for other in others)
    assert found.score(X, y) > max(other.score(X, y) for other in others)


def test_sparse_and_dense_rows_come_to_the_same(rows, few):
    X, y = rows
    X = np.where(np.abs(X) < 0.5, 0, X)
    index = in_order("random", y)
    best = SoftmaxRegression().fit(X, y)
    dense = fed(SoftmaxRegression(), X, y, index)
    sparse = fed(SoftmaxRegression(), csr_array(X), y, index)
    mixed = SoftmaxRegression()
    for start in range(0, len(y), 100):
        batch = index[start : start + 100]
        given = csr_array(X[batch]) if start % 200 else X[batch]
        mixed.partial_fit(given, y[batch], classes=range(5))
    for found in (dense, sparse, mixed):
        assert excess(found, X, y, best) < 0.01


def test_frames_float32_and_labels_of_text(rows):
    X, y = rows
    names = np.array(["e", "d", "c", "b", "a"])[y]
    frame = pd.DataFrame(X.astype(np.float32), columns=[f"x{i}" for i in range(X.shape[1])])
    model = SoftmaxRegression()
    for start in range(0, len(y), 300):
        rows = slice(start, start + 300)
        model.partial_fit(frame[rows], names[rows], classes=["a", "b", "c", "d", "e"])
    best = SoftmaxRegression().fit(frame, names)
    assert model.coef_.dtype == np.float32
    np.testing.assert_array_equal(model.feature_names_in_, frame.columns)
    np.testing.assert_array_equal(model.classes_, best.classes_)
    np.testing.assert_allclose(model.coef_, best.coef_, atol=2e-3)
    with pytest.raises(ValueError, match="feature names"):
        model.partial_fit(frame.rename(columns={"x0": "z"}), names)


def test_weights_of_samples_and_classes_are_those_of_fit(rows):
    X, y = rows
    weight = np.random.default_rng(0).integers(0, 4, len(y)).astype(float)
    options = {"class_weight": {0: 2.0, 4: 3.0}, "alpha": ALPHA}
    best = SoftmaxRegression(**options).fit(X, y, weight)
    index = in_order("random", y)
    found = fed(SoftmaxRegression(**options), X, y, index, weight=weight)
    assert found.objective_ == pytest.approx(best.objective_, rel=1e-5)
    np.testing.assert_allclose(found.coef_, best.coef_, atol=0.01)


def test_weights_of_samples_count_where_not_all_are_kept(rows, few):
    X, y = rows
    weight = np.random.default_rng(0).integers(0, 4, len(y)).astype(float)
    best = SoftmaxRegression().fit(X, y, weight)
    found = fed(SoftmaxRegression(), X, y, in_order("random", y), weight=weight)
    assert excess(found, X, y, best, weight) < 0.01
    assert found._seen.weight.sum() == pytest.approx(weight.sum())


@pytest.mark.parametrize("loss", [LOSSES[0], LOSSES[2]], ids=repr)
def test_classes_without_a_row_so_far(rows, loss):
    X, y = rows
    model = LinearClassifier(loss, alpha=ALPHA).partial_fit(X[y == 2], y[y == 2], range(5))
    assert (model.predict(X) == 2).all()
    if loss == LOSSES[0]:
        np.testing.assert_allclose(
            model.predict_proba(X).mean(axis=0)[[0, 1, 3, 4]], 1 / (y == 2).sum(), rtol=0.2
        )
    model.partial_fit(X[y == 1], y[y == 1])
    assert {*model.predict(X).tolist()} == {1, 2}


@pytest.mark.parametrize(("most", "close"), [(ROWS, 1e-5), (FEW, 0.01)])
def test_with_an_l1_norm(rows, monkeypatch, most, close):
    X, y = rows
    monkeypatch.setattr(seen, "ROWS", most)
    monkeypatch.setattr(seen, "FEWEST", most)
    options = {"alpha": 0.01, "l1_ratio": 0.8}
    best = SoftmaxRegression(**options).fit(X, y)
    found = fed(SoftmaxRegression(**options), X, y, in_order("sorted", y))
    assert (found.coef_ == 0).any()
    lasso, ridge = 0.008, 0.002
    loss = float(best.loss_(X @ found.coef_.T + found.intercept_, y))
    loss += lasso * np.abs(found.coef_).sum() + ridge / 2 * np.vdot(found.coef_, found.coef_)
    assert loss / best.objective_ - 1 < close


def test_without_an_intercept(rows):
    X, y = rows
    best = SoftmaxRegression(fit_intercept=False).fit(X, y)
    found = fed(SoftmaxRegression(fit_intercept=False), X, y, in_order("sorted", y))
    assert excess(found, X, y, best) < 2e-6
    assert not found.intercept_.any()


def test_a_pickle_goes_on_and_a_clone_begins_anew(rows, few):
    X, y = rows
    model = fed(SoftmaxRegression(), X[:360], y[:360], np.arange(360))
    copies = [pickle.loads(pickle.dumps(model)), deepcopy(model)]
    for other in (model, *copies):
        fed(other, X, y, np.arange(360, ROWS))
    for other in copies:
        np.testing.assert_array_equal(other.coef_, model.coef_)
    again = clone(model)
    with pytest.raises(ValueError, match="classes must be given in the first call"):
        again.partial_fit(X, y)
    fed(again, X, y, np.arange(ROWS))
    np.testing.assert_array_equal(again.coef_, model.coef_)


def test_fit_begins_anew(rows):
    X, y = rows
    model = fed(SoftmaxRegression(), X[::-1], y, np.arange(len(y)))
    model.fit(X, y)
    np.testing.assert_array_equal(model.coef_, SoftmaxRegression().fit(X, y).coef_)
    with pytest.warns(UserWarning, match="it goes on from samples, and neither `fit` nor a file"):
        model.partial_fit(X[y < 3], y[y < 3])
    anew = SoftmaxRegression().partial_fit(X[y < 3], y[y < 3], classes=range(5))
    np.testing.assert_array_equal(model.coef_, anew.coef_)


def test_what_cannot_be_learnt_from_is_refused_and_changes_nothing(rows):
    X, y = rows
    model = SoftmaxRegression().partial_fit(X[:100], y[:100], classes=range(5))
    before, kept = model.coef_, model._seen
    wrong = {
        "which is no class": (X, y + 1, {}),
        "classes must be those of the first call": (X, y, {"classes": range(6)}),
        "expecting 8 features": (X[:, :-1], y, {}),
        "soft labels are taken by `fit`": (X, np.eye(5)[y], {}),
        "X must be one batch": (Batches([(X, y)]), None, {}),
        "contains NaN": (np.full_like(X, np.nan), y, {}),
        "`sample_weight`": (X, y, {"sample_weight": -np.ones(ROWS)}),
        "non-zero": (X, y, {"sample_weight": np.zeros(ROWS)}),
    }
    for words, (features, labels, options) in wrong.items():
        with pytest.raises(ValueError, match=words):
            model.partial_fit(features, labels, **options)
    for parameters in ({"class_weight": "balanced"}, {"fit_intercept": False}):
        changed = deepcopy(model).set_params(**parameters)
        with pytest.raises(ValueError, match=next(iter(parameters))):
            changed.partial_fit(X, y)
    assert model._seen is kept
    assert model.coef_ is before
    with pytest.raises(ValueError, match="at least two classes"):
        MulticlassSVM().partial_fit(X, np.ones(ROWS, int), [1])
    with pytest.raises(ValueError, match="a sample of weight above 0"):
        MulticlassSVM(class_weight={1: 0.0}).partial_fit(X, np.ones(ROWS, int), [0, 1])


def test_rows_are_drawn_evenly_from_classes_and_keep_their_weight():
    target = np.repeat([0, 1, 2], [1000, 50, 300])
    weight = np.random.default_rng(0).random(len(target)) + 0.1
    kept, new = seen.drawn(target, weight, 250, seed=0)
    assert np.bincount(target[kept]).tolist() == [100, 50, 100]
    np.testing.assert_allclose(np.bincount(target[kept], new), np.bincount(target, weight))
    np.testing.assert_array_equal(new[target[kept] == 1], weight[target == 1])
