"""A loss that is written outside the package, with nothing but NumPy, does what every loss does."""

from dataclasses import dataclass, replace

import ml_dtypes
import numpy as np
import pytest

import normexp as nex
from normexp.data import Encoder, load
from normexp.linear import LinearClassifier
from normexp.losses import RowLoss
from normexp.model import Model
from normexp.report.comparison import compare


@dataclass(frozen=True, kw_only=True, repr=False)
class PairwiseLogistic(RowLoss):
    """Σ_{j ≠ y} log(1 + exp((z_j − z_y) / scale))."""

    scale: float = 1.0
    is_convex = True
    is_smooth = True

    def of_rows(self, logits, target):
        rows = np.arange(len(logits))
        lead = (logits - logits[rows, target][:, None]) / self.scale
        terms, slopes = np.logaddexp(0, lead), np.exp(-np.logaddexp(0, -lead)) / self.scale
        terms[rows, target] = slopes[rows, target] = 0
        slopes[rows, target] = -slopes.sum(axis=1)
        return terms.sum(axis=1), slopes


class SoftPerceptron(RowLoss):
    """max z − Σ_k t_k · z_k, without options; of class ids and of probabilities."""

    takes_probabilities = True
    is_convex = True

    def of_rows(self, logits, target):
        t = target if target.ndim == 2 else np.eye(logits.shape[1])[target]
        best = np.eye(logits.shape[1])[logits.argmax(axis=1)]
        return (best * logits).sum(axis=1) - (t * logits).sum(axis=1), best - t


def binary(z):
    """The loss of two classes whose logits differ by z is that of binary cross-entropy."""
    return nex.BinaryCrossEntropy(reduction="none")(z, np.zeros_like(z))


def test_value_and_gradient():
    z = np.random.default_rng(0).normal(size=(7, 2))
    got = PairwiseLogistic(reduction="none").value_and_grad(z, np.zeros(7, int))
    np.testing.assert_allclose(got.value, binary(z[:, 1] - z[:, 0]), rtol=1e-14)
    np.testing.assert_allclose(got.grad.sum(axis=1), 0, atol=1e-15)
    np.testing.assert_allclose(got.grad[:, 1], nex.sigmoid(z[:, 1] - z[:, 0]), rtol=1e-14)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_gradient_is_that_of_finite_differences(reduction):
    rng = np.random.default_rng(1)
    z, y, weight = rng.normal(size=(5, 3)), rng.integers(0, 3, 5), rng.random(5)
    loss = PairwiseLogistic(scale=0.5, class_weight=(1.0, 2.0, 0.5), reduction=reduction)
    grad = loss.value_and_grad(z, y, weight).grad
    for place in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[place] = 1e-6
        change = loss(z + step, y, weight) - loss(z - step, y, weight)
        assert grad[place] == pytest.approx(change / 2e-6, rel=1e-7, abs=1e-9)


def test_weights_ignored_rows_and_masks_are_seen_to():
    z = np.array([[1.0, 2.0, -np.inf], [np.nan, 0, 0], [np.nan, 1, 1], [np.inf, 0, 0], [1, 2, 3]])
    y = np.array([0, -100, 1, 1, 2])
    where = np.full(z.shape, True)
    where[4] = [True, False, True]
    got = PairwiseLogistic(reduction="none").value_and_grad(z, y, [2, 1, 1, 1, 3], where)
    expected = [2 * np.log1p(np.e), 0, np.nan, np.nan, 3 * np.log1p(np.exp(-2))]
    np.testing.assert_allclose(got.value, expected, rtol=1e-14)
    assert got.grad[0, 2] == 0
    assert (got.grad[1] == 0).all()
    assert np.isnan(got.grad[2:4]).all()
    assert got.grad[4, 1] == 0
    nothing = PairwiseLogistic(empty="nan")(z, np.full(5, -100))
    assert np.isnan(nothing)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
def test_types_and_axes(dtype):
    z = np.random.default_rng(2).normal(size=(2, 3, 4)).astype(dtype)
    y = np.random.default_rng(3).integers(0, 3, (2, 4))
    value, grad = PairwiseLogistic(axis=1).value_and_grad(z, y)
    assert value.dtype == (np.float64 if dtype == np.float64 else np.float32)
    assert (grad.dtype, grad.shape) == (dtype, z.shape)
    last = PairwiseLogistic().value_and_grad(np.moveaxis(z, 1, -1), y)
    assert value == last.value
    np.testing.assert_array_equal(np.moveaxis(grad, 1, -1), last.grad)


def test_probabilities_as_the_target_only_where_the_class_says_so():
    z = np.random.default_rng(4).normal(size=(5, 3))
    soft = nex.softmax(z[::-1])
    loss = SoftPerceptron(reduction="none")
    np.testing.assert_allclose(loss(z, soft), z.max(axis=1) - (soft * z).sum(axis=1), rtol=1e-14)
    weighted = replace(loss, class_weight=(1.0, 2.0, 3.0))
    mean = soft @ [1.0, 2.0, 3.0]
    np.testing.assert_allclose(weighted(z, soft), mean * loss(z, soft), rtol=1e-13)
    with pytest.raises(TypeError, match="integer class ids of shape"):
        PairwiseLogistic()(z, soft)


def test_bound_and_linear():
    rng = np.random.default_rng(5)
    x, w, b, y = rng.normal(size=(9, 4)), rng.normal(size=(3, 4)), rng.normal(size=3), [0, 1, 2] * 3
    loss = PairwiseLogistic()
    whole = loss.value_and_grad(x @ w.T + b, y)
    got = loss.linear_value_and_grad(x, w, y, b)
    np.testing.assert_allclose(got.value, whole.value, rtol=1e-14)
    np.testing.assert_allclose(got.weight, whole.grad.T @ x, rtol=1e-13, atol=1e-15)
    assert loss.linear(x, w, y, b) == got.value
    assert loss.bind(y, classes=3)(x @ w.T + b) == whole.value


def test_it_is_a_value():
    assert PairwiseLogistic(scale=2.0) == PairwiseLogistic(scale=2.0) != PairwiseLogistic()
    assert repr(PairwiseLogistic(scale=2.0)) == "PairwiseLogistic(scale=2.0)"
    assert repr(SoftPerceptron(reduction="sum")) == "SoftPerceptron(reduction='sum')"


def test_without_of_rows_or_with_wrong_shapes_it_says_so():
    class Nothing(RowLoss):
        pass

    class Misshapen(RowLoss):
        def of_rows(self, logits, target):
            return logits.sum(), logits

    with pytest.raises(NotImplementedError, match="Nothing has no method of_rows"):
        Nothing()([[1.0, 2.0]], [0])
    with pytest.raises(ValueError, match=r"Misshapen.of_rows must give losses of shape \(1,\)"):
        Misshapen()([[1.0, 2.0]], [0])


def test_training():
    iris = load("iris")
    x = Encoder.fit(iris).transform(iris)
    classifier = LinearClassifier(PairwiseLogistic(), alpha=0.01).fit(x, iris.target)
    assert classifier.score(x, iris.target) > 0.95
    assert classifier.gap_ <= classifier.tol
    assert not hasattr(classifier, "predict_proba")


class Hinge(RowLoss):
    """Σ_{j ≠ y} max(0, 1 + z_j − z_y)."""

    is_convex = True

    def of_rows(self, logits, target):
        rows = np.arange(len(logits))
        violations = np.maximum(0, 1 + logits - logits[rows, target][:, None])
        violations[rows, target] = 0
        slopes = (violations > 0) * 1.0
        slopes[rows, target] = -slopes.sum(axis=1)
        return violations.sum(axis=1), slopes


def test_training_of_a_loss_with_kinks_says_where_it_stopped():
    iris = load("iris")
    x = Encoder.fit(iris).transform(iris)
    with pytest.warns(UserWarning, match=r"may have kinks, where L-BFGS finds no lower point"):
        classifier = LinearClassifier(Hinge(), alpha=0.01).fit(x, iris.target)
    assert classifier.gap_ > classifier.tol
    best = LinearClassifier("svm", alpha=0.01).fit(x, iris.target).objective_
    assert best <= classifier.objective_ <= best / (1 - min(classifier.gap_, 0.99))
    with pytest.warns(UserWarning, match="may be left to gain"):  # of an objective that is 0
        LinearClassifier(SoftPerceptron(), alpha=0.01).fit(x, iris.target)


def test_comparison():
    losses = {"pairwise": PairwiseLogistic(scale=2.0), "softmax": nex.CrossEntropy()}
    comparison = compare(load("iris"), losses)
    (own, softmax) = comparison.results
    assert own.loss == "PairwiseLogistic(scale=2.0)"
    assert own.metrics.accuracy > 0.9
    assert own.metrics.log_loss is None
    assert softmax.metrics.log_loss is not None


@pytest.fixture(scope="module")
def model():
    iris = load("iris")
    encoder = Encoder.fit(iris)
    loss = PairwiseLogistic(scale=2.0)
    classifier = LinearClassifier(loss).fit(encoder.transform(iris), iris.target)
    return Model(encoder, classifier, class_names=iris.class_names, schema=iris.schema)


def test_a_model_comes_back_where_the_class_is_handed_over(model, tmp_path):
    model.save(tmp_path / "own.safetensors")
    back = Model.load(tmp_path / "own.safetensors", losses=[SoftPerceptron, PairwiseLogistic])
    assert back.classifier.loss_ == PairwiseLogistic(scale=2.0)
    np.testing.assert_array_equal(back.predict(load("iris")), model.predict(load("iris")))


def test_without_the_class_a_model_says_what_it_needs(model, tmp_path):
    model.save(tmp_path / "own.safetensors")
    for others in ([], [SoftPerceptron]):
        with pytest.raises(ValueError, match=r"PairwiseLogistic is none of normexp's: hand over"):
            Model.load(tmp_path / "own.safetensors", losses=others)
    with pytest.raises(TypeError, match="losses must hold classes of losses"):
        Model.load(tmp_path / "own.safetensors", losses=[PairwiseLogistic()])


def test_a_class_by_the_name_of_another_is_refused(model, tmp_path):
    CrossEntropy = type("CrossEntropy", (PairwiseLogistic,), {})
    model.save(tmp_path / "own.safetensors")
    with pytest.raises(ValueError, match="CrossEntropy is the name of another loss already"):
        Model.load(tmp_path / "own.safetensors", losses=[CrossEntropy])
    classifier = model.classifier
    loss, classifier.loss_ = classifier.loss_, CrossEntropy()
    with pytest.raises(ValueError, match="CrossEntropy is the name of another loss already"):
        model.save(tmp_path / "other.safetensors")
    classifier.loss_ = loss
    assert not (tmp_path / "other.safetensors").exists()


def test_options_that_a_file_cannot_hold_are_refused(model, tmp_path):
    @dataclass(frozen=True, kw_only=True, repr=False)
    class Odd(PairwiseLogistic):
        what: object = None

    classifier = model.classifier
    loss = classifier.loss_
    for what in ({1, 2}, {"a": 1}, (1, ("nested",))):
        classifier.loss_ = Odd(what=what)
        with pytest.raises(ValueError, match="loss"):
            model.save(tmp_path / "odd.safetensors")
    classifier.loss_ = Odd(what=(1.0, 2.0))
    model.save(tmp_path / "odd.safetensors")
    classifier.loss_ = loss
    assert Model.load(tmp_path / "odd.safetensors", losses=[Odd]).classifier.loss_.what == (1, 2)


@pytest.mark.parametrize("call", [nex.explain, nex.diagnose])
def test_who_works_losses_out_says_that_it_does_not_know_this_one(call):
    with pytest.raises(TypeError, match=r"got PairwiseLogistic\(\)"):
        call([1.0, 2.0], 0, PairwiseLogistic())
