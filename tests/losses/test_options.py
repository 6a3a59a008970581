"""What each option of the losses means, by numbers worked out by hand or in a line of NumPy."""

import numpy as np
import pytest

import normexp as nex

INF, NAN = np.inf, np.nan
ULP = np.finfo("float64").eps
INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">i4"]

Z = np.array([[2.0, 1.0, 0.1], [0.0, 3.0, -1.0], [1.0, 1.0, 1.0], [-2.0, 0.5, 4.0]])
Y = np.array([0, 1, 2, 0])
SOFT = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0], [0.2, 0.3, 0.5], [0.25, 0.25, 0.5]])
CLASS_WEIGHT = np.array([0.5, 1.0, 2.0])
NOTHING = np.empty(0, int)
SAMPLE_WEIGHT = np.array([1.0, 2.0, 0.5, 3.0])

ROW_LOSSES = {
    "cross-entropy": nex.CrossEntropy,
    "smoothed cross-entropy": lambda **options: nex.CrossEntropy(label_smoothing=0.1, **options),
    "weston-watkins": nex.MulticlassHinge,
    "crammer-singer": lambda **options: nex.MulticlassHinge(
        variant="crammer-singer", squared=True, **options
    ),
    "squared error": nex.SquaredError,
    "brier": lambda **options: nex.SquaredError(on="probabilities", **options),
}
SOFT_LOSSES = {name: make for name, make in ROW_LOSSES.items() if make().takes_probabilities}
row_losses = pytest.mark.parametrize("make", ROW_LOSSES.values(), ids=ROW_LOSSES)
soft_losses = pytest.mark.parametrize("make", SOFT_LOSSES.values(), ids=SOFT_LOSSES)

ROW_1_MASKED = np.repeat([[True], [False], [True], [True]], 3, axis=1)
CLASS_1_MASKED = np.tile([True, False, True], (4, 1))


def surprise(z):
    """−log softmax, for ordinary logits."""
    return np.log(np.exp(z).sum(axis=-1, keepdims=True)) - z


def one_hot(y, classes=3):
    return np.eye(classes)[y]


def assert_close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15)


def assert_same(got, expected):
    np.testing.assert_array_equal(got, expected, strict=True)


# Cross-entropy


def test_cross_entropy_of_class_ids():
    loss = nex.CrossEntropy(reduction="none")
    assert_close(loss(Z, Y), surprise(Z)[np.arange(4), Y])
    assert_close(loss([[2.0, 1.0, 0.1]], [0]), [np.log1p(np.exp(-1) + np.exp(-1.9))])
    assert_close(loss.value_and_grad(Z, Y).grad, nex.softmax(Z) - one_hot(Y))


def test_cross_entropy_of_probabilities():
    loss = nex.CrossEntropy(reduction="none")
    assert_close(loss(Z, SOFT), (SOFT * surprise(Z)).sum(axis=1))
    assert_close(loss.value_and_grad(Z, SOFT).grad, nex.softmax(Z) - SOFT)


@pytest.mark.parametrize("dtype", ["bool", "int64", "float16", "float32", "float64", ">f8"])
def test_probabilities_of_any_real_type(dtype):
    loss = nex.CrossEntropy(reduction="none")
    got = loss.value_and_grad(Z, one_hot(Y).astype(dtype))
    expected = loss.value_and_grad(Z, Y)
    np.testing.assert_array_max_ulp(got.value, expected.value, 1)
    np.testing.assert_array_max_ulp(got.grad, expected.grad, 1)


def test_probabilities_that_do_not_sum_to_one_weigh_the_sample():
    loss = nex.CrossEntropy(reduction="none")
    doubled, single = loss.value_and_grad(Z, 2 * SOFT), loss.value_and_grad(Z, SOFT)
    assert_close(doubled.value, 2 * single.value)
    assert_close(doubled.grad, 2 * single.grad)
    nothing = loss.value_and_grad(Z, np.zeros((4, 3)))
    assert_same(nothing.value, np.zeros(4))
    np.testing.assert_array_equal(nothing.grad, np.zeros((4, 3)))


@pytest.mark.parametrize("target", [Y, SOFT], ids=["labels", "probabilities"])
@pytest.mark.parametrize("smoothing", [0.1, 1.0])
def test_label_smoothing_spreads_a_share_over_all_classes(target, smoothing):
    loss = nex.CrossEntropy(label_smoothing=smoothing, reduction="none")
    mass = one_hot(target) if target.ndim == 1 else target
    smoothed = (1 - smoothing) * mass + smoothing / 3
    assert_close(loss(Z, target), (smoothed * surprise(Z)).sum(axis=1))
    assert_close(loss.value_and_grad(Z, target).grad, nex.softmax(Z) - smoothed)


def test_label_smoothing_spreads_over_the_classes_of_the_mask_only():
    loss = nex.CrossEntropy(label_smoothing=0.2, reduction="none")
    value, grad = loss.value_and_grad(Z, [0, 2, 2, 0], where=CLASS_1_MASKED)
    alone = loss.value_and_grad(Z[:, [0, 2]].copy(), [0, 1, 1, 0])
    assert_close(value, alone.value)
    assert_close(grad[:, [0, 2]], alone.grad)
    assert (grad[:, 1] == 0).all()


def test_class_weights_weigh_each_class_of_a_smoothed_target():
    loss = nex.CrossEntropy(label_smoothing=0.1, class_weight=CLASS_WEIGHT, reduction="none")
    t = CLASS_WEIGHT * (0.9 * one_hot(Y) + 0.1 / 3)
    assert_close(loss(Z, Y), (t * surprise(Z)).sum(axis=1))
    total = t.sum(axis=1, keepdims=True)
    assert_close(loss.value_and_grad(Z, Y).grad, total * nex.softmax(Z) - t)


def test_class_weights_weigh_each_class_of_probabilities():
    loss = nex.CrossEntropy(class_weight=CLASS_WEIGHT, reduction="none")
    assert_close(loss(Z, SOFT), (CLASS_WEIGHT * SOFT * surprise(Z)).sum(axis=1))


@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_temperature_divides_the_logits(temperature):
    warm, plain = nex.CrossEntropy(temperature=temperature), nex.CrossEntropy()
    value, grad = warm.value_and_grad(Z, Y)
    assert_close(value, plain(Z / temperature, Y))
    assert_close(grad, plain.value_and_grad(Z / temperature, Y).grad / temperature)


def test_softcap_bounds_the_logits_before_the_temperature_divides_them():
    cap, temperature = 2.0, 0.7
    loss = nex.CrossEntropy(softcap=cap, temperature=temperature)
    bounded = cap * np.tanh(Z / cap) / temperature
    value, grad = loss.value_and_grad(Z, Y)
    assert_close(value, nex.cross_entropy(bounded, Y))
    slope = (1 - np.tanh(Z / cap) ** 2) / temperature
    assert_close(grad, slope * nex.CrossEntropy().value_and_grad(bounded, Y).grad)


def test_softcap_leaves_an_impossible_class_impossible():
    loss = nex.CrossEntropy(softcap=2.0)
    value, grad = loss.value_and_grad([[0.0, 1.0, -INF]], [0])
    assert_close(value, nex.CrossEntropy(softcap=2.0)([[0.0, 1.0]], [0]))
    assert grad[0, 2] == 0


def test_z_loss_adds_the_squared_logsumexp():
    loss = nex.CrossEntropy(z_loss=0.01, reduction="none")
    log_z = nex.logsumexp(Z)
    value, grad = loss.value_and_grad(Z, Y)
    assert_close(value, surprise(Z)[np.arange(4), Y] + 0.01 * log_z**2)
    p = nex.softmax(Z)
    assert_close(grad, p - one_hot(Y) + 0.02 * log_z[:, np.newaxis] * p)


def test_z_loss_has_the_weight_of_its_class_and_sample():
    options = {"class_weight": CLASS_WEIGHT, "reduction": "none"}
    extra = nex.CrossEntropy(z_loss=0.01, **options)(Z, Y, SAMPLE_WEIGHT) - nex.CrossEntropy(
        **options
    )(Z, Y, SAMPLE_WEIGHT)
    expected = 0.01 * CLASS_WEIGHT[Y] * SAMPLE_WEIGHT * nex.logsumexp(Z) ** 2
    np.testing.assert_allclose(extra, expected, rtol=1e-12)


def test_probabilities_instead_of_logits():
    loss = nex.CrossEntropy(from_logits=False, reduction="none")
    p = nex.softmax(Z)
    value, grad = loss.value_and_grad(p, Y)
    assert_close(value, -np.log(p[np.arange(4), Y]))
    assert_close(grad, -one_hot(Y) / p)
    assert_close(loss(p, SOFT), -(SOFT * np.log(p)).sum(axis=1))


def test_probabilities_are_not_normalised_again():
    loss = nex.CrossEntropy(from_logits=False)
    assert_close(loss([[0.5, 0.2]], [0]), -np.log(0.5))


def test_probabilities_with_smoothing_weights_and_mask():
    loss = nex.CrossEntropy(
        from_logits=False, label_smoothing=0.2, class_weight=CLASS_WEIGHT, reduction="none"
    )
    where = [True, True, False]
    got = loss([[0.6, 0.3, 0.1]], [1], sample_weight=[2.0], where=where)
    assert_close(got, [-2 * (0.5 * 0.1 * np.log(0.6) + 1.0 * 0.9 * np.log(0.3))])


def test_no_probability_at_the_target_is_an_infinite_loss_and_never_clipped():
    loss = nex.CrossEntropy(from_logits=False, reduction="none")
    value, grad = loss.value_and_grad([[0.0, 1.0], [1e-300, 1.0]], [0, 0])
    assert value[0] == INF
    assert_close(value[1], 300 * np.log(10))
    assert_close(grad, [[-INF, 0.0], [-1e300, 0.0]])
    assert loss([[0.0, 1.0]], [[0.0, 1.0]]) == 0  # 0 · log 0 counts 0


def test_an_impossible_target_is_an_infinite_loss_with_a_gradient():
    loss = nex.CrossEntropy(reduction="none")
    z = np.array([[-INF, 0.0, 0.0]])
    value, grad = loss.value_and_grad(z, [0])
    assert_same(value, np.array([INF]))
    assert_close(grad, [[-1.0, 0.5, 0.5]])
    value, grad = loss.value_and_grad([[9.0, 0.0, 0.0]], [0], where=[False, True, True])
    assert_same(value, np.array([INF]))
    assert_close(grad, [[-1.0, 0.5, 0.5]])


def test_an_impossible_class_without_target_mass_counts_nothing():
    loss = nex.CrossEntropy(reduction="none")
    for target in ([1], [[0.0, 1.0, 0.0]]):
        value, grad = loss.value_and_grad([[-INF, 0.0, 0.0]], target)
        assert_close(value, [np.log(2)])
        assert_close(grad, [[0.0, -0.5, 0.5]])


def test_label_smoothing_on_an_impossible_class_is_infinite_unless_it_is_masked():
    loss, z = nex.CrossEntropy(label_smoothing=0.1), np.array([[0.0, 1.0, -INF]])
    assert loss(z, [0]) == INF
    assert_close(loss(z, [0], where=z > -INF), loss([[0.0, 1.0]], [0]))


# The two hinges


@pytest.mark.parametrize(
    ("options", "value", "grad"),
    [
        # z = (1, 2, 0.5, −3), target 0: violations 2, 0.5 and none
        ({}, 2.5, [-2.0, 1.0, 1.0, 0.0]),
        ({"squared": True}, 4.25, [-5.0, 4.0, 1.0, 0.0]),
        ({"variant": "crammer-singer"}, 2.0, [-1.0, 1.0, 0.0, 0.0]),
        ({"variant": "crammer-singer", "squared": True}, 4.0, [-4.0, 4.0, 0.0, 0.0]),
        ({"margin": 0.5}, 1.5, [-1.0, 1.0, 0.0, 0.0]),
        ({"margin": 0.0}, 1.0, [-1.0, 1.0, 0.0, 0.0]),
        ({"margin": 4.0, "variant": "crammer-singer"}, 5.0, [-1.0, 1.0, 0.0, 0.0]),
    ],
)
def test_hinges_by_hand(options, value, grad):
    loss = nex.MulticlassHinge(**options)
    assert_same(loss.value_and_grad([[1.0, 2.0, 0.5, -3.0]], [0]).grad, np.array([grad]))
    assert loss([[1.0, 2.0, 0.5, -3.0]], [0]) == value


def test_a_hinge_at_its_kink_does_not_pull():
    for variant in ("weston-watkins", "crammer-singer"):
        value, grad = nex.MulticlassHinge(variant=variant).value_and_grad([[2.0, 1.0]], [0])
        assert value == 0
        assert (grad == 0).all()


def test_of_rivals_that_tie_crammer_and_singer_pull_at_the_first():
    loss = nex.MulticlassHinge(variant="crammer-singer")
    assert_same(loss.value_and_grad([[0.0, 1.0, 1.0]], [0]).grad, np.array([[-1.0, 1.0, 0.0]]))


@pytest.mark.parametrize("variant", ["weston-watkins", "crammer-singer"])
def test_a_rival_that_is_impossible_or_masked_does_not_violate(variant):
    loss = nex.MulticlassHinge(variant=variant)
    for z, where in (([[0.0, -INF, 0.5]], None), ([[0.0, 9.0, 0.5]], [True, False, True])):
        value, grad = loss.value_and_grad(z, [0], where=where)
        assert value == 1.5
        assert_same(grad, np.array([[-1.0, 0.0, 1.0]]))
    value, grad = loss.value_and_grad([[0.0, -INF]], [0])
    assert value == 0
    assert (grad == 0).all()
    assert loss([[3.0]], [0]) == 0


@pytest.mark.parametrize("variant", ["weston-watkins", "crammer-singer"])
def test_an_impossible_target_violates_every_margin(variant):
    loss = nex.MulticlassHinge(variant=variant)
    value, grad = loss.value_and_grad([[-INF, 1.0]], [0])
    assert value == INF
    assert_same(grad, np.array([[-1.0, 1.0]]))
    assert loss([[0.0, 1.0]], [0], where=[False, True]) == INF


@pytest.mark.parametrize("variant", ["weston-watkins", "crammer-singer"])
def test_a_class_of_weight_zero_has_no_hinge_even_where_it_is_impossible(variant):
    loss = nex.MulticlassHinge(variant=variant, squared=True, class_weight=[0, 1], reduction="none")
    value, grad = loss.value_and_grad([[-INF, 1.0]], [0])
    assert (value == 0).all()
    assert (grad == 0).all()


# Squared error


def test_squared_error_on_logits():
    loss = nex.SquaredError(reduction="none")
    for target, t in ((Y, one_hot(Y)), (SOFT, SOFT)):
        value, grad = loss.value_and_grad(Z, target)
        assert_close(value, ((Z - t) ** 2).sum(axis=1))
        assert_close(grad, 2 * (Z - t))


def test_squared_error_on_probabilities():
    loss = nex.SquaredError(on="probabilities", reduction="none")
    p = nex.softmax(Z)
    for target, t in ((Y, one_hot(Y)), (SOFT, SOFT)):
        value, grad = loss.value_and_grad(Z, target)
        assert_close(value, ((p - t) ** 2).sum(axis=1))
        inner = (p * (p - t)).sum(axis=1, keepdims=True)
        assert_close(grad, 2 * p * ((p - t) - inner))
    assert loss([[0.0, 0.0]], [0]) == 0.5


@pytest.mark.parametrize("on", ["logits", "probabilities"])
def test_a_squared_error_has_the_class_weight_of_its_target(on):
    loss = nex.SquaredError(on=on, reduction="none", class_weight=CLASS_WEIGHT)
    plain = nex.SquaredError(on=on, reduction="none")
    for target, t in ((Y, one_hot(Y)), (SOFT, SOFT)):
        weight = t @ CLASS_WEIGHT
        value, grad = loss.value_and_grad(Z, target)
        assert_close(value, weight * plain(Z, target))
        assert_close(grad, weight[:, np.newaxis] * plain.value_and_grad(Z, target).grad)


@pytest.mark.parametrize("on", ["logits", "probabilities"])
@pytest.mark.parametrize("target", [[[2.0, 0.0]], [[1.0, 1.0]], [[0.25, 0.25]], [[0.0, 0.0]]])
def test_equal_class_weights_are_one_factor_whatever_the_target_sums_to(on, target):
    z = [[0.0, 0.0]]
    value, grad = nex.SquaredError(on=on).value_and_grad(z, target)
    far = np.array(target) - (0.0 if on == "logits" else 0.5)
    assert value == (far**2).sum()
    for weight in (1.0, 2.0, 0.5):
        loss = nex.SquaredError(on=on, class_weight=[weight] * 2)
        weighted = loss.value_and_grad(z, target)
        factor = weight if np.any(target) else 1.0
        assert weighted.value == factor * value
        np.testing.assert_array_equal(weighted.grad, factor * grad)


@pytest.mark.parametrize("on", ["logits", "probabilities"])
def test_a_target_of_any_sum_takes_the_mean_of_its_class_weights(on):
    loss = nex.SquaredError(on=on, reduction="none", class_weight=[1.0, 5.0])
    plain = nex.SquaredError(on=on, reduction="none")
    z, target = np.array([[0.5, -1.0]]), np.array([[3.0, 1.0]])
    value, grad = loss.value_and_grad(z, target)
    assert_close(value, 2 * plain(z, target))
    assert_close(grad, 2 * plain.value_and_grad(z, target).grad)


@pytest.mark.parametrize(
    "make",
    [
        nex.CrossEntropy,
        lambda **options: nex.CrossEntropy(label_smoothing=0.1, z_loss=0.1, **options),
        lambda **options: nex.CrossEntropy(from_logits=False, **options),
        nex.SquaredError,
        lambda **options: nex.SquaredError(on="probabilities", **options),
    ],
)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_weights_of_one_change_nothing_whatever_the_target_sums_to(make, reduction):
    rng = np.random.default_rng(0)
    z = rng.random((6, 3))
    for target in (rng.integers(0, 3, 6), rng.random((6, 3)) * [[0], [1e-3], [1], [2], [5], [9]]):
        plain = make(reduction=reduction).value_and_grad(z, target)
        for options, arguments in (
            ({"class_weight": [1.0] * 3}, ()),
            ({}, (np.ones(6),)),
            ({"class_weight": [1.0] * 3}, (np.ones(6), np.ones((6, 3), bool))),
        ):
            got = make(reduction=reduction, **options).value_and_grad(z, target, *arguments)
            assert_same(got.value, plain.value)
            np.testing.assert_array_equal(got.grad, plain.grad)


@pytest.mark.parametrize("on", ["logits", "probabilities"])
def test_a_squared_error_does_not_see_masked_classes(on):
    loss = nex.SquaredError(on=on)
    value, grad = loss.value_and_grad([[1.0, NAN, 0.5]], [0], where=[True, False, True])
    alone = loss.value_and_grad([[1.0, 0.5]], [0])
    assert_close(value, alone.value)
    assert_close(grad, np.insert(alone.grad, 1, 0.0, axis=1))


def test_the_brier_score_of_a_confident_row_does_not_vanish():
    loss = nex.SquaredError(on="probabilities")
    for target in ([0], [[1.0, 0.0]]):
        value, grad = loss.value_and_grad([[40.0, 0.0]], target)
        np.testing.assert_allclose(value, 2 * np.exp(-80.0), rtol=1e-14)
        np.testing.assert_allclose(grad, np.exp(-80.0) * np.array([[-4, 4]]), rtol=1e-14)


def test_an_impossible_target_has_a_finite_brier_score():
    value, grad = nex.SquaredError(on="probabilities").value_and_grad([[-INF, 0.0]], [0])
    assert value == 2
    assert (grad == 0).all()


# What all losses of rows share


@soft_losses
def test_one_hot_probabilities_are_class_ids(make):
    loss = make(reduction="none")
    of_ids, of_mass = loss.value_and_grad(Z, Y), loss.value_and_grad(Z, one_hot(Y))
    np.testing.assert_array_max_ulp(of_mass.value, of_ids.value, 1)
    np.testing.assert_allclose(of_mass.grad, of_ids.grad, rtol=4 * ULP, atol=ULP)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_class_ids_of_any_integer_type(dtype):
    loss = nex.CrossEntropy(ignore_index=1)
    assert_same(loss(Z, Y.astype(dtype)), loss(Z, Y))


def test_class_ids_need_not_be_an_array():
    loss = nex.CrossEntropy()
    assert_same(loss(Z, Y.tolist()), loss(Z, Y))
    assert_same(loss(Z, tuple(Y)), loss(Z, Y))
    assert_same(loss(Z[0], 0), loss(Z[:1], Y[:1]))


@row_losses
def test_a_single_sample_has_a_loss_without_an_axis(make):
    for reduction in ("none", "sum", "mean"):
        loss = make(reduction=reduction)
        value, grad = loss.value_and_grad(Z[0], 0)
        batch = loss.value_and_grad(Z[:1], [0])
        assert_same(value, batch.value.reshape(())[()])
        assert_same(grad, batch.grad[0])


@row_losses
def test_integer_logits_count_as_float64(make):
    z = np.array([[200, 255, 0]], "uint8")
    value, grad = make().value_and_grad(z, [0])
    assert_same(value, make()(z.astype("float64"), [0]))
    assert grad.dtype == "float64"


@row_losses
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_losses_are_in_float32_or_wider_and_gradients_in_the_type_of_the_logits(make, reduction):
    for dtype, wider in (("float16", "float32"), ("float32", "float32"), ("float64", "float64")):
        loss = make(reduction=reduction)
        value, grad = loss.value_and_grad(Z.astype(dtype), Y)
        assert value.dtype == wider
        assert grad.dtype == dtype
        exact = loss.value_and_grad(Z.astype(dtype).astype("float64"), Y)
        # The half types are computed in float32, the others one step wider.
        ulps = 4 if dtype == "float16" else 1
        np.testing.assert_allclose(value, exact.value, rtol=ulps * np.finfo(wider).eps)
        info = np.finfo(dtype)
        np.testing.assert_allclose(grad, exact.grad, rtol=info.eps, atol=info.smallest_subnormal)


@row_losses
def test_the_classes_may_stand_on_any_axis(make):
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(2, 4, 5, 3)), rng.integers(0, 3, (2, 4, 5))
    y[0, 1] = -100
    weight = rng.random(y.shape)
    for reduction in ("none", "mean"):
        last = make(reduction=reduction).value_and_grad(z, y, weight)
        for axis in (0, 1, -2):
            moved = np.moveaxis(z, -1, axis).copy()
            value, grad = make(reduction=reduction, axis=axis).value_and_grad(moved, y, weight)
            assert_same(value, last.value)
            assert_same(np.moveaxis(grad, axis, -1), last.grad)


def test_the_mask_broadcasts_and_follows_the_axis():
    z, y = np.tile(Z, (2, 1, 1)), np.tile([0, 2, 2, 0], (2, 1))
    last = nex.CrossEntropy().value_and_grad(z, y, where=np.tile(CLASS_1_MASKED, (2, 1, 1)))
    for axis, where in ((-1, [True, False, True]), (1, [[True], [False], [True]])):
        moved = np.moveaxis(z, -1, axis).copy()
        value, grad = nex.CrossEntropy(axis=axis).value_and_grad(moved, y, where=where)
        assert_same(value, last.value)
        assert_same(np.moveaxis(grad, axis, -1), last.grad)


@soft_losses
def test_probabilities_stand_on_the_same_axis(make):
    z, t = np.tile(Z, (2, 1, 1)), np.tile(SOFT, (2, 1, 1))
    last = make().value_and_grad(z, t)
    moved = z.swapaxes(1, 2).copy(), t.swapaxes(1, 2).copy()
    value, grad = make(axis=1).value_and_grad(*moved)
    assert_same(value, last.value)
    assert_same(grad, last.grad.swapaxes(1, 2))


@row_losses
@pytest.mark.parametrize("weighted", [False, True])
def test_reductions_and_normalizers_of_class_ids(make, weighted):
    options = {"class_weight": CLASS_WEIGHT} if weighted else {}
    y = np.array([0, -100, 2, 1])
    each = make(reduction="none", **options)(Z, y, SAMPLE_WEIGHT)
    each_grad = make(reduction="none", **options).value_and_grad(Z, y, SAMPLE_WEIGHT).grad
    assert each[1] == 0
    of_class = CLASS_WEIGHT[[0, 0, 2, 1]] if weighted else np.ones(4)
    weight = SAMPLE_WEIGHT * of_class * [1, 0, 1, 1]
    divisors = {"weight": weight.sum(), "valid": 3, "batch": 4, "full": 4, 7.5: 7.5}
    assert_close(make(reduction="sum", **options)(Z, y, SAMPLE_WEIGHT), each.sum())
    for normalizer, divisor in divisors.items():
        loss = make(normalizer=normalizer, **options)
        value, grad = loss.value_and_grad(Z, y, SAMPLE_WEIGHT)
        assert_close(value, each.sum() / divisor)
        assert_close(grad, each_grad / divisor)


@pytest.mark.parametrize("normalizer", ["weight", "valid", "batch", "full", 7.5])
def test_normalizers_of_probabilities(normalizer):
    options = {"class_weight": CLASS_WEIGHT}
    each = nex.CrossEntropy(reduction="none", **options)(Z, SOFT, SAMPLE_WEIGHT)
    divisor = {"weight": SAMPLE_WEIGHT.sum(), 7.5: 7.5}.get(normalizer, 4)
    got = nex.CrossEntropy(normalizer=normalizer, **options)(Z, SOFT, SAMPLE_WEIGHT)
    assert_close(got, each.sum() / divisor)


def test_batch_is_the_first_axis_and_full_is_every_sample():
    z, y = np.zeros((2, 5, 3)), np.zeros((2, 5), int)
    y[0, 0] = -100
    total = 9 * np.log(3)
    for normalizer, divisor in (("weight", 9), ("valid", 9), ("batch", 2), ("full", 10)):
        assert_close(nex.CrossEntropy(normalizer=normalizer)(z, y), total / divisor)


def test_micro_batches_add_up_to_the_exact_mean():
    y = np.array([0, -100, -100, 0])
    parts = nex.CrossEntropy(normalizer=2.0)
    halves = parts.value_and_grad(Z[:2], y[:2]), parts.value_and_grad(Z[2:], y[2:])
    value, grad = nex.CrossEntropy().value_and_grad(Z, y)
    assert_close(halves[0].value + halves[1].value, value)
    assert_close(np.concatenate([halves[0].grad, halves[1].grad]), grad)


@row_losses
def test_a_sample_weight_counts_a_sample_that_often(make):
    weighted = make().value_and_grad(Z, Y, sample_weight=[1, 2, 0, 3])
    often = np.repeat(np.arange(4), [1, 2, 0, 3])
    assert_close(weighted.value, make()(Z[often], Y[often]))


def test_sample_weights_broadcast_over_the_samples():
    z, y = np.tile(Z, (2, 1, 1)), np.tile(Y, (2, 1))
    loss = nex.CrossEntropy()
    whole = np.tile(SAMPLE_WEIGHT, (2, 1))
    assert_same(loss(z, y, SAMPLE_WEIGHT), loss(z, y, whole))
    assert_close(loss(z, y, 3.0), loss(z, y))


@row_losses
@pytest.mark.parametrize("ignore_index", [-100, 1, 255])
def test_an_ignored_sample_is_as_good_as_absent(make, ignore_index):
    y = np.array([0, ignore_index, 2, 0])
    rest = np.array([0, 2, 3])
    for hidden in (0.0, NAN, INF, -INF):
        z = Z.copy()
        z[1] = hidden
        for reduction in ("mean", "sum"):
            loss = make(ignore_index=ignore_index, reduction=reduction)
            value, grad = loss.value_and_grad(z, y)
            without = make(reduction=reduction).value_and_grad(Z[rest], y[rest])
            assert_close(value, without.value)
            assert_close(grad[rest], without.grad)
            assert (grad[1] == 0).all()
        assert make(ignore_index=ignore_index, reduction="none")(z, y)[1] == 0


@row_losses
@pytest.mark.parametrize("hidden", [NAN, INF, -INF])
def test_a_sample_of_weight_zero_is_as_good_as_absent(make, hidden):
    z = Z.copy()
    z[1] = hidden
    value, grad = make().value_and_grad(z, Y, sample_weight=[1, 0, 1, 1])
    rest = np.array([0, 2, 3])
    assert_close(value, make()(Z[rest], Y[rest]))
    assert (grad[1] == 0).all()


def test_without_ignore_index_every_class_id_counts():
    loss = nex.CrossEntropy(ignore_index=None)
    assert_same(loss(Z, Y), nex.CrossEntropy()(Z, Y))
    with pytest.raises(ValueError, match="got -100 at position 1"):
        loss(Z, [0, -100, 0, 0])


@row_losses
@pytest.mark.parametrize("bad", [[0, NAN, 0], [0, INF, 0], [-INF] * 3], ids=str)
def test_a_row_without_a_softmax_spoils_no_other_row(make, bad):
    z = Z.copy()
    z[1] = bad
    loss = make(reduction="none")
    value, grad = loss.value_and_grad(z, Y)
    rest = np.array([0, 2, 3])
    untouched = loss.value_and_grad(Z[rest], Y[rest])
    assert np.isnan(value[1])
    assert np.isnan(grad[1]).all()
    assert_same(value[rest], untouched.value)
    assert_same(grad[rest], untouched.grad)
    value, grad = make().value_and_grad(z, Y)
    assert np.isnan(value)
    assert np.isnan(grad).any(axis=1).tolist() == [False, True, False, False]


@row_losses
@pytest.mark.parametrize("y", [[-100] * 4, NOTHING], ids=["all ignored", "no samples"])
def test_a_mean_of_nothing_is_what_empty_says(make, y):
    z = Z[: len(y)]
    value, grad = make(empty="zero").value_and_grad(z, y)
    assert value == 0
    assert_same(grad, np.zeros_like(z))
    value, grad = make(empty="nan").value_and_grad(z, y)
    assert np.isnan(value)
    assert_same(grad, np.zeros_like(z))
    with pytest.raises(ValueError, match="target leaves nothing to average"):
        make(empty="raise")(z, y)


@pytest.mark.parametrize("empty", ["zero", "nan", "raise"])
def test_without_a_mean_nothing_is_missing(empty):
    ignored = np.full(4, -100)
    assert nex.CrossEntropy(reduction="sum", empty=empty)(Z, ignored) == 0
    assert nex.CrossEntropy(normalizer=8.0, empty=empty)(Z, ignored) == 0
    assert_same(nex.CrossEntropy(reduction="none", empty=empty)(Z, ignored), np.zeros(4))
    assert_same(nex.CrossEntropy(reduction="none", empty=empty)(Z[:0], NOTHING), np.zeros(0))


@row_losses
def test_weights_of_zero_leave_nothing_to_average(make):
    assert make()(Z, Y, sample_weight=0.0) == 0
    assert np.isnan(make(empty="nan")(Z, Y, sample_weight=0.0))
    assert np.isnan(make(empty="nan", class_weight=[0, 0, 0])(Z, Y))
    with pytest.raises(ValueError, match="nothing to average"):
        make(empty="raise")(Z, Y, sample_weight=0.0)


@row_losses
def test_a_sample_without_any_class_is_left_out_of_the_mean(make):
    z = Z.copy()
    z[1] = NAN
    rest = np.array([0, 2, 3])
    value, grad = make(empty="raise").value_and_grad(z, Y, where=ROW_1_MASKED)
    assert_close(value, make()(Z[rest], Y[rest]))
    assert (grad[1] == 0).all()


def test_probabilities_of_a_sample_without_any_class_are_left_out_too():
    rest = np.array([0, 2, 3])
    value, grad = nex.CrossEntropy().value_and_grad(Z, SOFT, where=ROW_1_MASKED)
    assert_close(value, nex.CrossEntropy()(Z[rest], SOFT[rest]))
    assert (grad[1] == 0).all()


@row_losses
def test_alone_a_sample_without_any_class_is_what_empty_says(make):
    each, has_classes = make(reduction="none")(Z, Y), ROW_1_MASKED[:, 0]
    zero = make(reduction="none", empty="zero")(Z, Y, where=ROW_1_MASKED)
    nan = make(reduction="none", empty="nan")(Z, Y, where=ROW_1_MASKED)
    assert_same(zero, np.where(has_classes, each, 0.0))
    assert_same(nan, np.where(has_classes, each, NAN))
    with pytest.raises(ValueError, match="where leaves a sample without any class"):
        make(reduction="none", empty="raise")(Z, Y, where=ROW_1_MASKED)


def test_an_ignored_sample_is_zero_even_without_any_class():
    for empty in ("zero", "nan", "raise"):
        loss = nex.CrossEntropy(reduction="none", empty=empty)
        assert loss(Z, [0, -100, 1, 0], where=ROW_1_MASKED)[1] == 0
        assert loss(Z, Y, sample_weight=[1, 0, 1, 1], where=ROW_1_MASKED)[1] == 0


@row_losses
def test_the_mask_takes_classes_out_of_the_loss(make):
    value, grad = make().value_and_grad(Z, [0, 2, 2, 0], where=CLASS_1_MASKED)
    alone = make().value_and_grad(Z[:, [0, 2]].copy(), [0, 1, 1, 0])
    assert_close(value, alone.value)
    assert_close(grad[:, [0, 2]], alone.grad)
    assert (grad[:, 1] == 0).all()


def test_garbage_in_what_is_left_out_is_no_probability_that_is_refused():
    loss = nex.CrossEntropy(from_logits=False)
    p = np.array([[0.5, 0.25, -7.0], [9.0, -9.0, NAN]])
    value, grad = loss.value_and_grad(p, [0, -100], where=np.tile([True, True, False], (2, 1)))
    assert_close(value, np.log(2))
    assert_same(grad, np.array([[-2.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))


@row_losses
def test_arguments_are_left_as_they_were(make):
    given = Z, Y, SAMPLE_WEIGHT, ROW_1_MASKED
    copies = [array.copy() for array in given]
    make().value_and_grad(*given)
    for array, before in zip(given, copies, strict=True):
        assert_same(array, before)


@soft_losses
def test_probabilities_are_left_as_they_were(make):
    before = SOFT.copy()
    make().value_and_grad(Z, SOFT, SAMPLE_WEIGHT)
    assert_same(SOFT, before)


def test_a_hinge_takes_no_probabilities():
    with pytest.raises(TypeError, match=r"target must hold integer class ids of shape \(4,\), got"):
        nex.MulticlassHinge()(Z, SOFT)


# Binary cross-entropy

QUESTIONS = np.array([[0.0, 2.0, -3.0], [40.0, -1.0, 0.5]])
ANSWERS = np.array([[1.0, 0.0, 0.3], [1.0, 0.5, 0.0]])


def test_binary_cross_entropy_element_by_element():
    loss = nex.BinaryCrossEntropy(reduction="none")
    value, grad = loss.value_and_grad(QUESTIONS, ANSWERS)
    yes, no = np.logaddexp(0, -QUESTIONS), np.logaddexp(0, QUESTIONS)
    assert_close(value, ANSWERS * yes + (1 - ANSWERS) * no)
    assert_close(grad, nex.sigmoid(QUESTIONS) - ANSWERS)


def test_pos_weight_weighs_yes():
    value, grad = nex.BinaryCrossEntropy(pos_weight=3.0, reduction="none").value_and_grad(
        [0.0, 0.0, 0.0], [1.0, 0.0, 0.5]
    )
    assert_close(value, np.log(2) * np.array([3.0, 1.0, 2.0]))
    assert_close(grad, [-1.5, 0.5, -0.5])


def test_label_smoothing_of_two_classes_goes_half_to_each():
    smoothed = nex.BinaryCrossEntropy(label_smoothing=0.2)
    assert_close(
        smoothed(QUESTIONS, ANSWERS), nex.BinaryCrossEntropy()(QUESTIONS, 0.8 * ANSWERS + 0.1)
    )


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", "float32", ">f8"])
def test_answers_of_any_real_type(dtype):
    loss, answers = nex.BinaryCrossEntropy(), ANSWERS > 0.4
    assert_same(loss(QUESTIONS, answers.astype(dtype)), loss(QUESTIONS, answers.astype(float)))


def test_binary_cross_entropy_of_probabilities():
    loss = nex.BinaryCrossEntropy(from_logits=False, pos_weight=2.0, reduction="none")
    value, grad = loss.value_and_grad([0.25, 0.25, 0.25], [1.0, 0.0, 0.5])
    yes, no = -2 * np.log(0.25), -np.log(0.75)
    assert_close(value, [yes, no, (yes + no) / 2])
    assert_close(grad, [-8.0, 4 / 3, -4 + 2 / 3])
    value, grad = loss.value_and_grad([0.0, 1.0, 0.0, 1.0], [0, 1, 1, 0])
    assert_same(value, np.array([0.0, 0.0, INF, INF]))
    assert_same(grad, np.array([1.0, -2.0, -INF, INF]))


@pytest.mark.parametrize("answer", [0.0, 1.0, 0.5])
def test_infinite_logits_are_certain_answers(answer):
    loss = nex.BinaryCrossEntropy(reduction="none")
    value, grad = loss.value_and_grad([-INF, INF], [answer, answer])
    assert_same(value, np.where([answer == 0, answer == 1], 0.0, INF))
    assert_same(grad, np.array([0.0, 1.0]) - answer)


@pytest.mark.parametrize("from_logits", [True, False])
def test_nan_stays_in_its_element(from_logits):
    loss = nex.BinaryCrossEntropy(from_logits=from_logits, reduction="none")
    value, grad = loss.value_and_grad([0.5, NAN, NAN, NAN, 0.5], [1.0, 0.0, 0.5, 1.0, 1.0])
    assert np.isnan(value).tolist() == [False, True, True, True, False]
    assert np.isnan(grad).tolist() == [False, True, True, True, False]


@pytest.mark.parametrize("hidden", [NAN, INF, -INF, 7.0])
@pytest.mark.parametrize("from_logits", [True, False])
def test_elements_outside_the_mask_or_without_weight_are_left_out(hidden, from_logits):
    z, where = np.array([0.5, hidden, 0.25]), np.array([True, False, True])
    loss = nex.BinaryCrossEntropy(from_logits=from_logits)
    expected = loss(z[where], [1, 0])
    for left_out in ({"where": where}, {"sample_weight": where.astype(float)}):
        value, grad = loss.value_and_grad(z, [1, 1, 0], **left_out)
        assert_close(value, expected)
        assert grad[1] == 0


def test_normalizers_of_elements():
    where = np.array([[True, True, False], [True, True, True]])
    weight = np.array([1.0, 2.0, 4.0])
    each = nex.BinaryCrossEntropy(reduction="none")(QUESTIONS, ANSWERS, weight, where)
    divisors = {"weight": 10, "valid": 5, "batch": 2, "full": 6, 7.5: 7.5}
    for normalizer, divisor in divisors.items():
        loss = nex.BinaryCrossEntropy(normalizer=normalizer)
        assert_close(loss(QUESTIONS, ANSWERS, weight, where), each.sum() / divisor)
    assert_close(
        nex.BinaryCrossEntropy(reduction="sum")(QUESTIONS, ANSWERS, weight, where), each.sum()
    )


def test_no_elements_are_what_empty_says():
    for logits, where in ((QUESTIONS, False), (np.empty((0, 3)), None)):
        target = np.zeros_like(logits)
        assert nex.BinaryCrossEntropy()(logits, target, where=where) == 0
        assert np.isnan(nex.BinaryCrossEntropy(empty="nan")(logits, target, where=where))
        with pytest.raises(ValueError, match="nothing to average"):
            nex.BinaryCrossEntropy(empty="raise")(logits, target, where=where)


def test_binary_losses_are_in_float32_or_wider():
    for dtype, wider in (("float16", "float32"), ("float32", "float32"), ("float64", "float64")):
        for reduction in ("none", "mean"):
            loss = nex.BinaryCrossEntropy(reduction=reduction)
            value, grad = loss.value_and_grad(QUESTIONS.astype(dtype), ANSWERS)
            assert value.dtype == wider
            assert grad.dtype == dtype


def test_a_single_question():
    value, grad = nex.BinaryCrossEntropy().value_and_grad(0.0, 1)
    assert_same(value, np.float64(np.log(2)))
    assert_same(grad, np.array(-0.5))


def test_binary_arguments_are_left_as_they_were():
    z, t = QUESTIONS.copy(), ANSWERS.copy()
    nex.BinaryCrossEntropy(label_smoothing=0.1).value_and_grad(z, t, where=t > 0)
    assert_same(z, QUESTIONS)
    assert_same(t, ANSWERS)


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_gradient_of_two_classes_is_in_the_type_of_its_input(from_logits, dtype):
    loss = nex.BinaryCrossEntropy(from_logits=from_logits)
    z = np.array([0.25, 0.5, 0.75, 0.875], dtype)
    value, grad = loss.value_and_grad(z, [1, 0, 1, 0.5], sample_weight=[1, 2, 3, 1e-50])
    exact = loss.value_and_grad(z.astype("float64"), [1, 0, 1, 0.5], [1, 2, 3, 1e-50])
    assert grad.dtype == dtype
    info = np.finfo(dtype)
    np.testing.assert_allclose(value, exact.value, rtol=4 * np.finfo(value.dtype).eps)
    np.testing.assert_allclose(grad, exact.grad, rtol=info.eps, atol=info.smallest_subnormal)
