"""The loss of a linear map, tile by tile, is the loss of all its logits."""

import ml_dtypes
import numpy as np
import pytest
from scipy.sparse import csr_array

import normexp as nex

SAMPLES, INPUTS, CLASSES = 11, 4, 3
LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(label_smoothing=0.1, z_loss=0.01, class_weight=(0.5, 1.0, 2.0)),
    nex.CrossEntropy(temperature=2.0, softcap=3.0, reduction="sum", ignore_index=2),
    nex.MulticlassHinge(normalizer="valid"),
    nex.MulticlassHinge(variant="crammer-singer", squared=True),
    nex.SquaredError(normalizer=5.0),
    nex.SquaredError(on="probabilities", class_weight=(0.5, 1.0, 2.0)),
]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


@pytest.fixture(autouse=True)
def tiles_of_four_rows(monkeypatch):
    monkeypatch.setattr("normexp.linear_loss.TILE_BYTES", 1)
    monkeypatch.setattr("normexp.linear_loss.TILE_ROWS", 4)


def problem(samples=(SAMPLES,), seed=0):
    """Features, weight, bias, class ids of which one is ignored, sample weights."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, CLASSES, samples)
    y.reshape(-1)[5:6] = -100
    return (
        rng.normal(size=(*samples, INPUTS)),
        rng.normal(size=(CLASSES, INPUTS)),
        rng.normal(size=CLASSES),
        y,
        rng.random(samples),
    )


def logits_of(x, w, b=None):
    return x @ w.T if b is None else x @ w.T + b


def assert_close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


def assert_chain_rule(got, of_logits, x, w):
    """The gradients are those of the logits, carried through the linear map."""
    grad = of_logits.grad.reshape(-1, w.shape[0])
    assert_close(got.value, of_logits.value)
    assert_close(got.features, of_logits.grad @ w)
    assert_close(got.weight, grad.T @ x.reshape(-1, w.shape[1]))
    if got.bias is not None:
        assert_close(got.bias, grad.sum(axis=0))


@every_loss
def test_value_and_gradients_are_those_of_the_full_logits(loss):
    x, w, b, y, weight = problem()
    y = np.where(y == -100, loss.ignore_index, y)
    of_logits = loss.value_and_grad(logits_of(x, w, b), y, weight)
    got = loss.linear_value_and_grad(x, w, y, b, weight)
    assert_chain_rule(got, of_logits, x, w)
    assert loss.linear(x, w, y, b, weight) == got.value


@every_loss
def test_the_size_of_the_tiles_does_not_change_the_loss(loss, monkeypatch):
    x, w, b, y, _ = problem()
    y = np.where(y == -100, loss.ignore_index, y)
    tiled = loss.linear_value_and_grad(x, w, y, b)
    monkeypatch.setattr("normexp.linear_loss.TILE_ROWS", 1000)
    for part, whole in zip(tiled, loss.linear_value_and_grad(x, w, y, b), strict=True):
        assert_close(part, whole)


@every_loss
def test_without_a_bias(loss):
    x, w, _, y, _ = problem()
    y = np.where(y == -100, loss.ignore_index, y)
    got = loss.linear_value_and_grad(x, w, y)
    assert got.bias is None
    assert_chain_rule(got, loss.value_and_grad(logits_of(x, w), y), x, w)
    assert loss.linear(x, w, y) == got.value


def test_features_of_any_dimension():
    for samples in ((), (3, 5), (2, 1, 3)):
        x, w, b, y, weight = problem(samples)
        got = nex.CrossEntropy().linear_value_and_grad(x, w, y, b, weight)
        assert got.features.shape == x.shape
        assert_chain_rule(
            got, nex.CrossEntropy().value_and_grad(logits_of(x, w, b), y, weight), x, w
        )
        each = nex.CrossEntropy(reduction="none")
        assert_close(each.linear(x, w, y, b), each(logits_of(x, w, b), y))


def test_each_sample_has_its_own_loss():
    x, w, b, y, _ = problem()
    for loss in (nex.CrossEntropy(reduction="none"), nex.SquaredError(reduction="none")):
        assert_close(loss.linear(x, w, y, b), loss(logits_of(x, w, b), y))


@pytest.mark.parametrize(
    "loss",
    [
        nex.CrossEntropy(label_smoothing=0.1),
        nex.SquaredError(),
        nex.SquaredError(on="probabilities"),
    ],
    ids=repr,
)
def test_probabilities_as_the_target(loss):
    x, w, b, _, weight = problem()
    t = np.random.default_rng(1).dirichlet(np.ones(CLASSES), SAMPLES)
    got = loss.linear_value_and_grad(x, w, t, b, weight)
    assert_chain_rule(got, loss.value_and_grad(logits_of(x, w, b), t, weight), x, w)


@pytest.mark.parametrize(
    "loss", [nex.CrossEntropy(), nex.CrossEntropy(label_smoothing=0.1)], ids=repr
)
def test_each_tile_has_its_part_of_the_mask(loss):
    x, w, b, y, weight = problem()
    where = np.random.default_rng(2).random((SAMPLES, CLASSES)) < 0.6
    where[np.arange(SAMPLES), np.maximum(y, 0)] = True
    where[7] = False
    got = loss.linear_value_and_grad(x, w, y, b, weight, where)
    assert_chain_rule(got, loss.value_and_grad(logits_of(x, w, b), y, weight, where), x, w)
    assert (got.features[7] == 0).all()
    one_mask = [True, False, True]
    y = np.where(y == 1, 2, y)
    assert_close(
        loss.linear(x, w, y, b, where=one_mask),
        loss(logits_of(x, w, b), y, where=np.tile(one_mask, (SAMPLES, 1))),
    )


def test_binary_cross_entropy_asks_every_class():
    x, w, b, _, _ = problem((2, 5))
    rng = np.random.default_rng(3)
    shape = (2, 5, CLASSES)
    t, weight, where = rng.random(shape), rng.random(shape), rng.random(shape) < 0.7
    for loss in (
        nex.BinaryCrossEntropy(),
        nex.BinaryCrossEntropy(normalizer="full", pos_weight=2.0),
    ):
        got = loss.linear_value_and_grad(x, w, t, b, weight, where)
        assert_chain_rule(got, loss.value_and_grad(logits_of(x, w, b), t, weight, where), x, w)
    each = nex.BinaryCrossEntropy(reduction="none")
    assert_close(each.linear(x, w, t, b), each(logits_of(x, w, b), t))


@pytest.mark.parametrize(
    ("types", "of_loss"),
    [
        (("float32", "float32", "float32"), "float32"),
        (("float32", "float64", "float32"), "float64"),
        (("float64", "float32", "float32"), "float64"),
        (("float16", "float32", "float16"), "float32"),
        (("float16", "float16", "float16"), "float32"),
    ],
)
def test_each_gradient_has_the_type_of_its_own_array(types, of_loss):
    x, w, b, y, _ = problem()
    x, w, b = (array.astype(dtype) for array, dtype in zip((x, w, b), types, strict=True))
    got = nex.CrossEntropy().linear_value_and_grad(x, w, y, b)
    assert (got.features.dtype, got.weight.dtype, got.bias.dtype) == types
    assert got.value.dtype == of_loss
    wide = logits_of(*(array.astype("float64") for array in (x, w, b)))
    expected = nex.CrossEntropy().value_and_grad(wide, y)
    np.testing.assert_allclose(got.value, expected.value, rtol=1e-6)
    tolerance = 2 * np.finfo(min(types)).eps
    np.testing.assert_allclose(got.features, expected.grad @ w, atol=tolerance)
    np.testing.assert_allclose(got.weight, expected.grad.T @ x, atol=tolerance)


def test_integer_features_count_as_float64():
    x, w = np.arange(8).reshape(2, 4), np.eye(3, 4)
    got = nex.CrossEntropy().linear_value_and_grad(x, w, [0, 1])
    assert got.features.dtype == "float64"
    assert_close(got.value, nex.CrossEntropy()(x[:, :3].astype(float), [0, 1]))


@every_loss
def test_no_samples(loss):
    x, w, b, y, _ = problem((0,))
    got = loss.linear_value_and_grad(x, w, y, b)
    assert got.value == 0
    assert got.features.shape == (0, INPUTS)
    assert (got.weight == 0).all()
    assert (got.bias == 0).all()


def test_no_samples_are_what_empty_says():
    x, w, _, y, _ = problem((0,))
    assert np.isnan(nex.CrossEntropy(empty="nan").linear(x, w, y))
    with pytest.raises(ValueError, match="nothing to average"):
        nex.CrossEntropy(empty="raise").linear(x, w, y)


@every_loss
@pytest.mark.parametrize("hidden", [np.nan, np.inf])
def test_an_ignored_sample_leaves_no_trace_whatever_it_holds(loss, hidden):
    x, w, b, y, _ = problem()
    y = np.where(y == -100, loss.ignore_index, y)
    clean = loss.linear_value_and_grad(x, w, y, b)
    x[5] = [hidden, 1.0, 0.0, 0.0]
    got = loss.linear_value_and_grad(x, w, y, b)
    for part, expected in zip(got, clean, strict=True):
        assert_close(part, expected)
    assert (got.features[5] == 0).all()


def test_nan_stays_in_its_sample():
    x, w, b, y, _ = problem()
    x[3, 0] = np.nan
    got = nex.CrossEntropy().linear_value_and_grad(x, w, y, b)
    assert np.isnan(got.value)
    assert np.isnan(got.features).any(axis=1).nonzero()[0].tolist() == [3]
    each = nex.CrossEntropy(reduction="none").linear(x, w, y, b)
    assert np.isnan(each).nonzero()[0].tolist() == [3]


def test_arguments_are_left_as_they_were():
    given = problem()
    copies = [array.copy() for array in given]
    x, w, b, y, weight = given
    nex.CrossEntropy().linear_value_and_grad(x, w, y, b, weight)
    for array, before in zip(given, copies, strict=True):
        np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weight": np.ones((CLASSES, 5))}, r"\(classes, inputs\), got \(11, 4\) and \(3, 5\)"),
        ({"weight": np.ones(INPUTS)}, r"\(classes, inputs\), got \(11, 4\) and \(4,\)"),
        ({"features": 1.0}, r"features and weight must have .*, got \(\) and \(3, 4\)"),
        ({"bias": np.ones(4)}, r"bias must have the shape \(3,\), got \(4,\)"),
        ({"bias": np.ones((3, 1))}, r"bias must have the shape \(3,\), got \(3, 1\)"),
        ({"target": np.zeros(10, int)}, r"target must hold .* \(11,\) or .* \(10,\)"),
        ({"weight": np.ones((0, INPUTS)), "bias": None}, r"logits have no classes.*\(11, 0\)"),
        ({"sample_weight": np.ones(10)}, r"sample_weight must have the shape \(11,\).*\(10,\)"),
        ({"where": np.full(4, True)}, r"where must have the shape \(11, 3\).*\(4,\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(changed, message):
    x, w, b, y, _ = problem()
    arguments = {"features": x, "weight": w, "target": y, "bias": b} | changed
    for call in (nex.CrossEntropy().linear, nex.CrossEntropy().linear_value_and_grad):
        with pytest.raises(ValueError, match=message):
            call(**arguments)


@pytest.mark.parametrize("name", ["features", "weight", "bias"])
def test_types_that_are_no_numbers_are_refused_by_name(name):
    x, w, b, y, _ = problem()
    arguments = {"features": x, "weight": w, "target": y, "bias": b}
    arguments[name] = arguments[name].astype(complex)
    with pytest.raises(TypeError, match=f"{name} must hold float16, .* an array of complex128"):
        nex.CrossEntropy().linear(**arguments)


@pytest.mark.parametrize(
    ("half", "message"),
    [
        ("weight", "features of float16, weight of bfloat16, bias of float16"),
        ("features", "features of bfloat16, weight of float16, bias of float16"),
        ("bias", "features of float16, weight of float16, bias of bfloat16"),
    ],
)
def test_the_two_half_types_are_not_mixed(half, message):
    x, w, b, y, _ = problem()
    arguments = {"features": x, "weight": w, "bias": b}
    arguments = {name: value.astype("float16") for name, value in arguments.items()}
    arguments[half] = arguments[half].astype(ml_dtypes.bfloat16)
    for call in (nex.CrossEntropy().linear, nex.CrossEntropy().linear_value_and_grad):
        with pytest.raises(TypeError, match=f"float16 and bfloat16 together.*: got {message}"):
            call(target=y, **arguments)


def test_there_is_no_weight_gradient_of_many_losses():
    x, w, _, y, _ = problem()
    with pytest.raises(ValueError, match="needs reduction 'mean' or 'sum', got 'none'"):
        nex.CrossEntropy(reduction="none").linear_value_and_grad(x, w, y)


def test_a_linear_map_puts_its_classes_last():
    x, w, b, y, _ = problem()
    with pytest.raises(ValueError, match="the loss must have axis=-1"):
        nex.CrossEntropy(axis=0).linear(x, w, y)
    assert nex.CrossEntropy(axis=1).linear(x, w, y, b) == nex.CrossEntropy().linear(x, w, y, b)


def test_the_gradient_of_the_features_is_left_out_where_it_is_not_wanted():
    loss = nex.CrossEntropy()
    features, weight = np.eye(3, 4), np.ones((5, 4))
    whole = loss.linear_value_and_grad(features, weight, [0, 1, 2])
    part = loss.linear_value_and_grad(features, weight, [0, 1, 2], features_grad=False)
    assert part.features is None
    assert part.value == whole.value
    assert np.array_equal(part.weight, whole.weight)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_sample_whose_class_weighs_nothing_may_hold_nan_unless_smoothing_counts_it(smoothing):
    loss = nex.CrossEntropy(class_weight=[0, 1, 1], label_smoothing=smoothing)
    features = np.array([[np.nan, 0.0], [1.0, 2.0]])
    step = loss.linear_value_and_grad(features, np.ones((3, 2)), [0, 1])
    assert np.isfinite(step.weight).all() == (smoothing == 0)


def test_an_ignored_sample_may_hold_inf_without_a_warning():
    features = np.array([[np.inf, -np.inf], [1.0, 2.0]])
    step = nex.CrossEntropy().linear_value_and_grad(features, np.ones((3, 2)), [-100, 1])
    assert np.isfinite(step.weight).all()
    assert np.array_equal(step.features[0], [0, 0])


@pytest.mark.parametrize("tile", [4, 1000])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("classes", [CLASSES, 41])
def test_half_types_are_made_wide_a_part_at_a_time(classes, dtype, tile, monkeypatch):
    """Products and sums are of float32, and each gradient is rounded once."""
    monkeypatch.setattr("normexp._wide_weight.LEAST_BYTES", 4 * 3 * 5)  # three classes at a time
    monkeypatch.setattr("normexp.linear_loss.TILE_ROWS", tile)
    rng = np.random.default_rng(0)
    of_map = [rng.normal(size=shape) for shape in ((11, 5), (classes, 5), (classes,))]
    x, w, b = (one.astype(dtype) for one in of_map)
    y = rng.integers(0, classes, 11)
    y[3] = -100
    x[3] = np.nan
    loss = nex.CrossEntropy(label_smoothing=0.1)
    wide = [one.astype(np.float64) for one in (x, w, b)]
    got = loss.linear_value_and_grad(x, w, y, b)
    expected = loss.linear_value_and_grad(*wide[:2], y, wide[2])
    assert got.value.dtype == np.float32
    np.testing.assert_allclose(got.value, expected.value, rtol=1e-6)
    half_a_unit = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    for one, true in zip(got[1:], expected[1:], strict=True):
        assert one.dtype == dtype
        assert one.flags.c_contiguous
        np.testing.assert_allclose(one.astype(float), true, rtol=half_a_unit + 1e-5, atol=1e-7)


def test_types_of_features_weight_and_bias_may_differ():
    x, w, _, y, _ = problem()
    w = np.tile(w, (9, 1))  # more classes than few
    for types in (("float64", "float32"), ("float32", "float64"), ("bfloat16", "float32")):
        given = [one.astype(dtype) for one, dtype in zip((x, w), types, strict=True)]
        got = nex.CrossEntropy().linear_value_and_grad(*given, y)
        assert [one.dtype for one in got[1:3]] == list(types)
        wide = [one.astype(np.float64) for one in given]
        expected = nex.CrossEntropy().linear_value_and_grad(*wide, y)
        np.testing.assert_allclose(got.value, expected.value, rtol=1e-6)
        np.testing.assert_allclose(got.weight, expected.weight, rtol=1e-5, atol=1e-7)


def test_there_may_be_no_inputs():
    x, w, b = np.empty((2, 0)), np.empty((3, 0)), np.log([1.0, 2.0, 5.0])
    for features in (x, csr_array(x)):
        value, *grads = nex.CrossEntropy().linear_value_and_grad(features, w, [0, 2], b)
        assert value == pytest.approx((np.log(8.0) + np.log(8.0 / 5.0)) / 2, rel=1e-15)
        assert [grad.shape for grad in grads] == [(2, 0), (3, 0), (3,)]
        np.testing.assert_allclose(grads[2], [-0.375, 0.25, 0.125], rtol=1e-15)
