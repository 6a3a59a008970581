"""The GPU kernels mean what the reference says, and lose no digits."""

import sys

import numpy as np
import pytest

import normexp as nex
from normexp.kernels import Logits, Target, no_gradient, reference

from .conftest import ON_GPU

# The interpreter cuts bfloat16 off where a GPU rounds.
ULPS = {"float16": 0.51, "bfloat16": 0.51 if ON_GPU else 1.01, "float32": 0.51, "float64": 4.0}
BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
NIGHTLY = pytest.mark.nightly  # what differs from another case by little: the interpreter is slow
TYPES = pytest.mark.parametrize(
    "dtype",
    [
        pytest.param("float16", marks=NIGHTLY),
        "bfloat16",
        "float32",
        "float64",
        "float32 in parts",
        pytest.param("float64 in parts", marks=NIGHTLY),
        "bfloat16 in turn",
        pytest.param("float32 in turn", marks=NIGHTLY),
        pytest.param("float64 in turn", marks=NIGHTLY),
    ],
    indirect=True,
)
CLASSES = 40

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:triton.runtime.interpreter")


@pytest.fixture
def dtype(request, gpu, monkeypatch):
    """A type; with rows of which a program holds a third, "in parts" for three programs, or taken
    "in turn" by one.
    """
    name, *how = request.param.split(maxsplit=1)
    if how:
        launch = sys.modules[gpu.launch.__module__]
        held = 16 * BYTES[name]
        for limit in ("WIDEST", "WIDEST_SHORT", "PART"):
            monkeypatch.setattr(launch, limit, held)
        if how == ["in turn"]:
            monkeypatch.setattr(launch, "MANY", 1)
    return name


@pytest.fixture
def tensor(torch, device):
    def make(values, dtype="float64"):
        return torch.tensor(np.asarray(values), dtype=getattr(torch, dtype), device=device)

    return make


def numbers(x):
    return x.double().cpu().numpy()


def assert_close(got, expected, dtype):
    """Within the units of the type, of which the reference's own float64 takes a few."""
    eps = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
    tiny = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149, "float64": 0.0}
    rtol = ULPS[dtype] * eps[dtype] + 1e-14
    np.testing.assert_allclose(numbers(got), expected, rtol=rtol, atol=tiny[dtype])


def logits(rows, classes, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, classes)) * 3


def nasty(classes, dtype):
    """Rows with −inf in front, one −inf, +inf, NaN, NaN beside +inf, only −inf; of equal logits."""
    x = logits(8, classes)
    x[0, : classes // 2] = -np.inf
    x[1, 1] = -np.inf
    x[2, 2] = np.inf
    x[3, classes - 1] = np.nan
    x[4, 0], x[4, 3] = np.inf, np.nan
    x[5] = -np.inf
    x[6] = 3e4 if dtype == "float16" else 1e8
    return x


@TYPES
@pytest.mark.parametrize("classes", [1, CLASSES])
def test_functions_of_rows(gpu, tensor, dtype, classes):
    x = tensor(logits(3, classes), dtype)
    exact = Logits(numbers(x))
    assert_close(gpu.softmax(Logits(x)), reference.softmax(exact), dtype)
    log_p = gpu.log_softmax(Logits(x))
    if classes > 1:
        assert_close(log_p, reference.log_softmax(exact), dtype)
    else:
        assert not log_p.any()
    np.testing.assert_allclose(
        numbers(gpu.logsumexp(Logits(x))),
        reference.logsumexp(exact),
        rtol=1e-14 if dtype == "float64" else 1e-6 if dtype != "float32" else 1e-9,
    )


@TYPES
def test_what_is_not_finite(gpu, tensor, dtype):
    x = tensor(nasty(CLASSES, dtype), dtype)
    exact = Logits(numbers(x))
    assert_close(gpu.softmax(Logits(x)), reference.softmax(exact), dtype)
    exact.values[6] = 0.0  # subtraction leaves the reference few digits of 1e8
    np.testing.assert_allclose(
        numbers(gpu.log_softmax(Logits(x))),
        reference.log_softmax(exact),
        rtol=1e-2 if "16" in dtype else 1e-6,
    )
    exact = Logits(numbers(x))
    rtol = 1e-6 if "16" in dtype else 1e-9
    log_z = numbers(gpu.logsumexp(Logits(x)))
    np.testing.assert_allclose(log_z, reference.logsumexp(exact), rtol=rtol)


def test_classes_in_the_middle_and_gaps(gpu, tensor):
    x = tensor(logits(6, 40).reshape(2, 20, 6), "float32").permute(0, 2, 1)[:, ::2]
    y = np.array([0, 1, 2] * 13 + [0])[:40]
    target = Target(tensor(y, "int32"), tensor(np.ones(40)))
    exact = numbers(x)
    assert_close(gpu.softmax(Logits(x)), reference.softmax(Logits(exact)), "float32")
    loss, grad = gpu.cross_entropy(Logits(x), target)
    true_loss, true_grad = reference.cross_entropy(Logits(exact), Target(y, np.ones(40)))
    np.testing.assert_allclose(numbers(loss), true_loss, rtol=1e-9)
    assert_close(grad, true_grad, "float32")


@TYPES
@pytest.mark.parametrize("spread", [False, True], ids=["plain", "smoothed and weighted"])
def test_cross_entropy(gpu, tensor, dtype, spread):
    rng = np.random.default_rng(1)
    x = tensor(nasty(CLASSES, dtype), dtype)
    y = rng.integers(0, CLASSES, 8)
    y[1], y[7] = 1, -1
    told = {"weight": rng.random(8)}
    told["weight"][3] = 0.0
    if spread:
        told["smoothing"] = rng.random(8) * 0.1
        told["norm"] = rng.random(8) * 0.01
        told["smoothing"][[3, 6]] = told["norm"][[3, 6]] = 0.0
        told["class_weight"] = rng.random(CLASSES) * (np.arange(CLASSES) % 7 > 0)
    target = Target(tensor(y, "int64"), **{name: tensor(values) for name, values in told.items()})
    loss, grad = gpu.cross_entropy(Logits(x), target)
    exact = numbers(x)
    exact[6] = 0.0  # subtraction leaves the reference few digits of 1e8
    true_loss, true_grad = reference.cross_entropy(Logits(exact), Target(y, **told))
    rtol = 1e-5 if "16" in dtype else 1e-9
    np.testing.assert_allclose(numbers(loss), true_loss, rtol=rtol)
    eps = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 1e-13}
    np.testing.assert_allclose(numbers(grad), true_grad, rtol=1.02 * eps[dtype], atol=2e-7)
    same, _ = gpu.cross_entropy(Logits(x), target, grad=no_gradient(np.empty((0, 0))))
    np.testing.assert_array_equal(numbers(same), numbers(loss))
    same, in_place = gpu.cross_entropy(Logits(x), target, grad=x)
    assert in_place is x
    np.testing.assert_array_equal(numbers(same), numbers(loss))
    np.testing.assert_array_equal(numbers(in_place), numbers(grad))


NARROW = pytest.mark.parametrize(  # what has a wider arithmetic
    "dtype",
    [
        pytest.param("float16", marks=NIGHTLY),
        "bfloat16",
        "float32",
        pytest.param("bfloat16 in turn", marks=NIGHTLY),
        "float32 in parts",
        pytest.param("float32 in turn", marks=NIGHTLY),
    ],
    indirect=True,
)
SCALED = pytest.mark.parametrize(
    "told",
    [
        {"softcap": 30.0, "temperature": 1.7},
        pytest.param({"temperature": 0.7}, marks=NIGHTLY),
        pytest.param({"softcap": 3.0}, marks=NIGHTLY),
        pytest.param({"softcap": 1000.0}, marks=NIGHTLY),
    ],
    ids=str,
)


@NARROW
@SCALED
def test_functions_of_what_is_scaled(gpu, tensor, dtype, told):
    x = tensor(nasty(CLASSES, dtype), dtype)
    given, exact = Logits(x, **told), Logits(numbers(x), **told)
    assert_close(gpu.softmax(given), reference.softmax(exact), dtype)
    if "softcap" not in told:
        exact.values[6] = 0.0  # subtraction leaves the reference few digits of 1e8
    rtol = 1e-2 if "16" in dtype else 1e-6
    np.testing.assert_allclose(
        numbers(gpu.log_softmax(given)), reference.log_softmax(exact), rtol=rtol
    )
    exact = Logits(numbers(x), **told)
    rtol = 1e-6 if "16" in dtype else 1e-9
    np.testing.assert_allclose(numbers(gpu.logsumexp(given)), reference.logsumexp(exact), rtol=rtol)


@NARROW
@SCALED
@pytest.mark.parametrize(
    "spread", [pytest.param(False, marks=NIGHTLY), True], ids=["plain", "smoothed"]
)
def test_cross_entropy_of_what_is_scaled(gpu, tensor, dtype, told, spread):
    x = tensor(nasty(CLASSES, dtype), dtype)
    y = np.array([30, 1, 5, 0, 7, 2, 9, -1])
    of_rows = {"weight": np.linspace(0.1, 1.5, 8)}
    of_rows["weight"][3] = 0.0
    if spread:
        of_rows |= {"smoothing": np.full(8, 0.01), "norm": np.full(8, 0.01)}
        of_rows["smoothing"][[3, 6]] = of_rows["norm"][[3, 6]] = 0.0
    target = Target(tensor(y, "int64"), **{name: tensor(one) for name, one in of_rows.items()})
    loss, grad = gpu.cross_entropy(Logits(x, **told), target)
    exact = numbers(x)
    exact[6] = 0.0  # subtraction leaves the reference few digits of 1e8
    true_loss, true_grad = reference.cross_entropy(Logits(exact, **told), Target(y, **of_rows))
    if "softcap" in told:
        true_grad[6] = 0.0  # where all are as high, the slope is nothing
    np.testing.assert_allclose(numbers(loss), true_loss, rtol=1e-5 if "16" in dtype else 1e-9)
    eps = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23}
    atol = 2e-7 if "16" in dtype else 1e-12
    np.testing.assert_allclose(numbers(grad), true_grad, rtol=1.02 * eps[dtype], atol=atol)
    same, _ = gpu.cross_entropy(Logits(x, **told), target, grad=no_gradient(np.empty((0, 0))))
    np.testing.assert_array_equal(numbers(same), numbers(loss))
    same, in_place = gpu.cross_entropy(Logits(x, **told), target, grad=x)
    np.testing.assert_array_equal(numbers(same), numbers(loss))
    np.testing.assert_array_equal(numbers(in_place), numbers(grad))


@pytest.mark.parametrize("told", [{"softcap": 1e17}, {"softcap": 1e39}, {"temperature": 1e-35},
                                  {"temperature": 1e30}, {"softcap": 1e-20}], ids=str)  # fmt: skip
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_any_temperature_and_cap(gpu, tensor, dtype, told):
    """Also those that have no room in float32."""
    x = tensor([[1.0, 2.0, 5.0, -3.0]], dtype)
    target = Target(tensor([1], "int64"), tensor([1.0]))
    loss, grad = gpu.cross_entropy(Logits(x, **told), target)
    expected = reference.cross_entropy(
        Logits(numbers(x), **told), Target(np.array([1]), np.ones(1))
    )
    np.testing.assert_allclose(numbers(loss), expected[0], rtol=1e-5 if "16" in dtype else 1e-9)
    np.testing.assert_allclose(
        numbers(grad), expected[1], rtol=8e-3 if "16" in dtype else 2e-7, atol=1e-45
    )


def test_what_is_scaled_where_float64_is_slow(gpu, tensor, monkeypatch):
    """There the formulas in PyTorch's operations have to do."""
    monkeypatch.setattr(sys.modules[gpu.launch.__module__], "computes_wide", lambda device: False)
    given = Logits(tensor(logits(3, CLASSES), "float32"), softcap=3.0, temperature=0.7)
    assert not gpu.softmax.takes(given)
    exact = given._replace(values=numbers(given.values))
    assert_close(gpu.softmax(given), reference.softmax(exact), "float32")


@NARROW
def test_a_capped_leader_keeps_the_digits_of_the_others(gpu, tensor, dtype):
    """Whose own exponential is never among those that are added up."""
    x = np.full((1, CLASSES), -3.0)
    x[0, 4] = top = 2.0 if dtype == "float16" else 6.5
    given = Logits(tensor(x, dtype), softcap=30.0, temperature=0.3)
    loss, grad = gpu.cross_entropy(given, Target(tensor([4], "int64"), tensor([1.0])))
    z = 30 * np.tanh(x / 30) / 0.3
    rest = 39 * np.exp(z[0, 0] - z[0, 4])
    np.testing.assert_allclose(
        numbers(loss), [np.log1p(rest)], rtol=2e-5 if "16" in dtype else 1e-9
    )
    slope = 1 / np.cosh(top / 30) ** 2 / 0.3
    got = numbers(grad)[:, 4]
    np.testing.assert_allclose(
        got,
        [-rest / (1 + rest) * slope],
        rtol=(6e-2 if dtype == "float16" else 8e-3) if "16" in dtype else 1e-7,
    )


@TYPES
@pytest.mark.parametrize("margin", [pytest.param(12.0, marks=NIGHTLY), 80.0])
def test_confident_rows_keep_their_loss_and_gradient(gpu, tensor, dtype, margin):
    if dtype == "float16":
        margin = min(margin, 12.0)
    x = np.full((1, CLASSES), -np.inf)
    x[0, [4, 20, 39]] = margin, 0.0, 0.0
    y = Target(tensor([4], "int64"), tensor([1.0]))
    loss, grad = gpu.cross_entropy(Logits(tensor(x, dtype)), y)
    rest = 2 * np.exp(-margin)
    # The exponent is rounded once in float32, where half types compute.
    rtol = 2e-5 if "16" in dtype else 1e-10
    np.testing.assert_allclose(numbers(loss), [np.log1p(rest)], rtol=rtol)
    assert_close(grad[:, 4], [-rest / (1 + rest)], dtype)
    assert_close(gpu.log_softmax(Logits(tensor(x, dtype)))[:, 4], [-np.log1p(rest)], dtype)
    assert_close(gpu.softmax(Logits(tensor(x, dtype)))[:, 39], [rest / 2 / (1 + rest)], dtype)


def test_a_class_that_has_all_the_mass_pulls_by_what_the_others_have(gpu, tensor):
    x = tensor([[40.0, 0.0, 0.0]], "float32")
    target = Target(
        tensor([0], "int64"), tensor([0.0]), tensor([1.0]), class_weight=tensor([2.0, 0.0, 0.0])
    )
    loss, grad = gpu.cross_entropy(Logits(x), target)
    rest = 2 * np.exp(-40.0)
    np.testing.assert_allclose(numbers(loss), [2 * rest], rtol=1e-10)
    assert_close(grad, [[-2 * rest, rest, rest]], "float32")


@TYPES
def test_parts_make_the_whole(gpu, torch, tensor, dtype):
    x = tensor(nasty(12, dtype), dtype)
    whole = gpu.summarise(Logits(x))
    parts = [gpu.summarise(Logits(x[:, part])) for part in np.split(np.arange(12), [0, 3, 8])]
    left = gpu.merge(gpu.merge(gpu.merge(parts[0], parts[1]), parts[2]), parts[3])
    right = gpu.merge(parts[0], gpu.merge(parts[1], gpu.merge(parts[3], parts[2])))
    rtol = 1e-5 if "16" in dtype else 1e-10
    expected = reference.summarise(Logits(numbers(x)))
    for made in (whole, left, right):
        np.testing.assert_allclose(numbers(made.rest), expected.rest, rtol=rtol)
        known = ~np.isnan(expected.rest)
        np.testing.assert_array_equal(numbers(made.top)[known], expected.top[known])
    log_z = numbers(gpu.logsumexp(Logits(x)))
    np.testing.assert_allclose(numbers(gpu.logsumexp_of(left)), log_z, rtol=rtol)
    p = [gpu.probabilities(Logits(x[:, part]), left) for part in (slice(0, 7), slice(7, None))]
    assert_close(torch.cat(p, 1), reference.softmax(Logits(numbers(x))), dtype)
    log_p = gpu.log_probabilities(Logits(x[:, 5:]), left)
    full = gpu.log_softmax(Logits(x))[:, 5:]
    np.testing.assert_allclose(numbers(log_p), numbers(full), rtol=1e-2 if "16" in dtype else 1e-6)


@TYPES
def test_backward_of_softmax(gpu, tensor, dtype):
    p = gpu.softmax(Logits(tensor(logits(3, CLASSES), dtype)))
    v = tensor(logits(3, CLASSES, seed=1), dtype)
    q, w = numbers(p), numbers(v)
    dot = (q * w).sum(1, keepdims=True)
    got = numbers(gpu.softmax_backward(p, v))
    eps = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-50}
    within = eps[dtype] * q * (np.abs(w) + np.abs(dot)) + 2.0**-24 * (dtype == "float16")
    assert (np.abs(got - q * (w - dot)) <= within).all()


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_fast_float32(gpu, tensor, offset):
    x = tensor(logits(3, CLASSES) * 5 + offset, "float32")
    y = np.array([0, 20, 39])
    target = Target(tensor(y, "int64"), tensor(np.ones(3)))
    true_p = reference.softmax(Logits(numbers(x)))
    true_loss, true_grad = reference.cross_entropy(Logits(numbers(x)), Target(y, np.ones(3)))
    with nex.accuracy("fast"):
        p = gpu.softmax(Logits(x))
        loss, grad = gpu.cross_entropy(Logits(x), target)
    np.testing.assert_allclose(numbers(p), true_p, rtol=4 * 2.0**-23, atol=2.0**-149)
    np.testing.assert_allclose(numbers(loss), true_loss, rtol=2.0**-23)
    np.testing.assert_allclose(numbers(grad), true_grad, rtol=4 * 2.0**-23, atol=1e-13)


def test_a_row_is_the_same_alone(gpu, tensor):
    x = tensor(logits(9, 30), "float32")
    p = gpu.softmax(Logits(x))
    for row in range(0, 9, 4):
        alone = gpu.softmax(Logits(x[row : row + 1]))
        np.testing.assert_array_equal(numbers(alone)[0], numbers(p)[row])


def test_more_elements_than_32_bits_count(gpu, torch, device, tmp_path):
    apart = 2**31 + 64
    if device == "cuda":
        memory = torch.empty(apart + 8, dtype=torch.float16, device=device)
    else:  # a file with a hole
        memory = torch.from_file(str(tmp_path / "x"), True, apart + 8, dtype=torch.float16)
    x = memory.as_strided((2, 8), (apart, 1))
    x.copy_(torch.arange(16).reshape(2, 8) / 8)
    grad = x[:, :8]
    target = Target(torch.tensor([0, 7], device=device), torch.ones(2, device=device))
    expected = reference.cross_entropy(Logits(numbers(x)), Target(np.array([0, 7]), np.ones(2)))
    loss, _ = gpu.cross_entropy(Logits(x), target, grad=grad)
    np.testing.assert_allclose(numbers(loss), expected[0], rtol=1e-6)
    assert_close(grad, expected[1], "float16")


def test_no_rows(gpu, tensor):
    x = tensor(np.empty((0, 5)), "float32")
    assert gpu.softmax(Logits(x)).shape == (0, 5)
    assert gpu.logsumexp(Logits(x)).shape == (0,)
    loss, grad = gpu.cross_entropy(Logits(x), Target(tensor([], "int64"), tensor([])))
    assert loss.shape == (0,)
    assert grad.shape == (0, 5)


def test_a_label_beyond_the_classes_is_seen(gpu, tensor):
    x = tensor(logits(3, 5), "float32")
    loss, grad = gpu.cross_entropy(
        Logits(x), Target(tensor([5, 4, -100], "int64"), tensor([1, 1, 1]))
    )
    assert np.isnan(numbers(loss)).tolist() == [True, False, False]
    assert np.isnan(numbers(grad)).all(axis=1).tolist() == [True, False, False]
    assert numbers(loss)[2] == 0
    assert not numbers(grad)[2].any()


def test_what_no_kernel_takes_is_computed_all_the_same(gpu, tensor):
    values = logits(3, 5)
    x, exists = tensor(values, "float32"), values > 0
    exists[:, 0] = True
    target = Target(np.array([0, 0, 0]), np.ones(3))
    on_device = Target(tensor([0, 0, 0], "int64"), tensor([1, 1, 1]))
    given, single = Logits(x, tensor(exists, "bool")), Logits(np.float32(values), exists)
    assert_close(gpu.softmax(given), reference.softmax(single), "float32")
    loss, grad = gpu.cross_entropy(given, on_device)
    expected = reference.cross_entropy(single, target)
    np.testing.assert_allclose(numbers(loss), expected[0], rtol=1e-12)
    np.testing.assert_allclose(numbers(grad), expected[1], rtol=1e-6)
    wide = Logits(tensor(values), temperature=2.0, softcap=3.0)  # no type is wider
    loss, grad = gpu.cross_entropy(wide, on_device)
    expected = reference.cross_entropy(wide._replace(values=values), target)
    np.testing.assert_allclose(numbers(loss), expected[0], rtol=1e-14)
    np.testing.assert_allclose(numbers(grad), expected[1], rtol=1e-12)
    masses = on_device._replace(classes=gpu.softmax(Logits(x)))
    loss, _ = gpu.cross_entropy(Logits(x), masses)
    expected = reference.cross_entropy(
        Logits(np.float32(values)), target._replace(classes=numbers(masses.classes))
    )
    np.testing.assert_allclose(numbers(loss), expected[0], rtol=1e-12)


def test_what_is_wrong_is_refused(gpu, tensor):
    x = tensor(logits(3, 5), "float32")
    with pytest.raises(TypeError, match=r"must be float16, .*got torch.int64"):
        gpu.softmax(Logits(tensor([[1, 2]], "int64")))
    with pytest.raises(ValueError, match="at least one class"):
        gpu.softmax(Logits(x[:, :0]))
    with pytest.raises(ValueError, match=r"shape of p, \(3, 5\), got \(3, 4\)"):
        gpu.softmax_backward(x, x[:, :4])
