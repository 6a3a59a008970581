"""Calls on few numbers: the bits of arrays, and none where somebody has to see what is done."""

import warnings
from contextlib import nullcontext

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402
from torch.autograd import forward_ad  # noqa: E402
from torch.fx.experimental.proxy_tensor import make_fx  # noqa: E402
from torch.overrides import TorchFunctionMode  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

import normexp as nex  # noqa: E402
from normexp.kernels.cpu import library  # noqa: E402
from normexp.torch import few  # noqa: E402
from normexp.torch.views import array_of  # noqa: E402

is_short = bool(library.forms()) and hasattr(torch.Tensor, "__dlpack_c_exchange_api__")
compiled = pytest.mark.skipif(not is_short, reason="no library takes tensors here")

SHAPES = [(10,), (1,), (64, 10), (3, 32), (2, 3, 4), (5, 100), (2, 5, 3, 2)]
TYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(reduction="sum", z_loss=1e-3),
    nex.CrossEntropy(label_smoothing=0.1, temperature=2.0),
    nex.CrossEntropy(ignore_index=0),
]


def same(got, expected):
    """A tensor, with the bits of a tensor or of an array."""
    assert type(got) is torch.Tensor
    assert not got.requires_grad
    array, true = array_of(got), np.asarray(expected)
    assert (array.dtype, array.shape) == (true.dtype, true.shape)
    assert array.tobytes() == true.tobytes()


@pytest.mark.parametrize(
    ("dtype", "accuracy"),
    [*((dtype, "exact") for dtype in TYPES), (torch.float32, "fast")],
    ids=str,
)
def test_few_numbers_give_the_bits_of_arrays(dtype, accuracy):
    for _ in range(4):  # a call is noted when its shape comes for the second time
        for shape in SHAPES:
            x = (9 * torch.randn(shape)).to(dtype)
            y = torch.randint(shape[-1], shape[:-1])
            values, ids = array_of(x), y.numpy()
            with nex.accuracy(accuracy):
                for axis in range(-x.ndim, x.ndim):
                    for f in (nex.softmax, nex.log_softmax, nex.logsumexp):
                        same(f(x, axis), f(values, (axis,)))
                    same(
                        nex.softmax(x, axis, temperature=2.5),
                        nex.softmax(values, (axis,), temperature=2.5),
                    )
                for f in (nex.sigmoid, nex.log_sigmoid):
                    same(f(x), f(values.T).T)
                for loss in LOSSES:
                    bound = loss.bind(ids, classes=shape[-1])
                    same(loss(x, y), bound(values))
                    pairs = zip(
                        loss.value_and_grad(x, y), bound.value_and_grad(values), strict=True
                    )
                    for got, expected in pairs:
                        same(got, expected)


@compiled
@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_few_numbers_go_the_short_way(dtype):
    x, y, loss = torch.randn(4, 5).to(dtype), torch.tensor([0, 4, 1, 2]), nex.CrossEntropy()
    for _ in range(3):
        nex.softmax(x), nex.logsumexp(x), nex.sigmoid(x), loss(x, y), loss.value_and_grad(x, y)
    assert few.SOFTMAX(x, -1, 1.0) is not None
    assert few.LOGSUMEXP(x, -1) is not None
    assert few.SIGMOID(x, -1, 1.0) is not None
    assert few.value(loss, x, y) is not None
    assert few.value_and_grad(loss, x, y) is not None


class Seen(TorchFunctionMode):
    """Which functions a mode is told of."""

    def __init__(self):
        super().__init__()
        self.functions = []

    def __torch_function__(self, function, types, arguments=(), options=None):
        self.functions.append(str(function))
        return function(*arguments, **(options or {}))


class SeenOps(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.functions = []

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.functions.append(str(function))
        return function(*arguments, **(options or {}))


def warm(x):
    """The shape of x has come often enough that calls on it are short, where any are."""
    for _ in range(3):
        nex.softmax(x.detach())
    return nex.softmax(x.detach(), (x.ndim - 1,))


@pytest.mark.parametrize("mode", [Seen, SeenOps])
@pytest.mark.parametrize("grad", [False, True])
def test_a_mode_is_told(mode, grad):
    x = torch.randn(5, requires_grad=grad)
    expected = warm(x)
    with mode() as its:
        got = nex.softmax(x)
    assert torch.equal(got, expected)
    assert "normexp.softmax.default" in its.functions


@pytest.mark.parametrize(
    "options", [{}, {"tracing_mode": "fake"}, {"pre_dispatch": True}], ids=["real", "fake", "early"]
)
def test_a_traced_call_is_no_constant(options):
    x, y, loss = torch.randn(5), torch.tensor(3), nex.CrossEntropy()
    warm(x), [loss(x, y) for _ in range(3)]
    graph = make_fx(lambda x, y: (nex.softmax(x), loss(x, y)), **options)(x, y)
    other = torch.randn(5)
    p, value = graph(other, y)
    assert torch.equal(p, nex.softmax(other))
    assert torch.equal(value, loss(other, y))


@pytest.mark.parametrize("grad", [False, True])
def test_a_call_in_a_script_is_no_constant(grad):
    x = torch.randn(5, requires_grad=grad)
    warm(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, and takes shapes for constants
        traced = torch.jit.trace(nex.softmax, x)
    other = torch.randn(5)
    assert torch.equal(traced(other), nex.softmax(other))


def test_a_compiled_call_is_an_operator():
    x = torch.randn(5)
    expected = warm(x)
    compiled = torch.compile(nex.softmax, fullgraph=True, backend="eager")
    assert torch.equal(compiled(x), expected)


def test_transforms_and_forward_mode_are_told():
    x = torch.randn(3, 5)
    expected = warm(x)
    warm(x[0])
    assert torch.equal(torch.vmap(nex.softmax)(x), expected)
    slopes = torch.func.jacrev(nex.softmax)(x[0])
    torch.testing.assert_close(slopes, torch.func.jacfwd(nex.softmax)(x[0]))
    assert slopes.any()
    with forward_ad.dual_level():
        p = nex.softmax(forward_ad.make_dual(x[0], torch.eye(5)[1]))
        torch.testing.assert_close(forward_ad.unpack_dual(p).tangent, slopes[:, 1])


def test_a_fake_tensor_stays_one():
    x = torch.randn(5)
    warm(x)
    with FakeTensorMode() as mode:
        assert type(nex.softmax(mode.from_tensor(x))) is type(mode.from_tensor(x))
        assert type(nex.softmax(torch.ones(5))) is type(mode.from_tensor(x))


def test_what_is_no_plain_numbers_goes_the_long_way():
    x = torch.randn(5)
    warm(x)
    negated = torch._neg_view(x)
    assert torch.equal(nex.softmax(negated), nex.softmax(-x))
    imaginary = torch.complex(x, x).conj().imag
    assert torch.equal(nex.log_sigmoid(imaginary[:1]), nex.log_sigmoid(-x[:1]))
    assert nex.softmax(x.to("meta")).is_meta
    assert torch.equal(nex.softmax(torch.stack([x, x], 1)[:, 0]), nex.softmax(x))
    with pytest.raises(TypeError, match="dense"):
        nex.softmax(x.to_sparse())
    with pytest.raises(ValueError, match="axis"):
        nex.softmax(x, 1)
    with pytest.raises(ValueError, match="temperature"):
        nex.softmax(x, temperature=0.0)
    odd = torch.frombuffer(bytearray(21), dtype=torch.uint8)[1:].view(torch.uint8)
    assert nex.softmax(odd.double()).sum() == 1
    parameter = torch.nn.Parameter(x)
    with torch.no_grad():
        assert torch.equal(nex.softmax(parameter), nex.softmax(x))
    with torch.inference_mode():
        assert nex.softmax(x.clone()).is_inference()


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (nex.softmax, torch._softmax_backward_data),
        (nex.log_softmax, torch._log_softmax_backward_data),
    ],
    ids=["softmax", "log_softmax"],
)
def test_derivatives_of_few_numbers_are_of_our_numbers(f, derivative, dtype):
    """As those of many; also where what autograd saves goes elsewhere."""
    kept = torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t)
    x = (9 * torch.randn(3, 40)).to(dtype).requires_grad_()
    upstream = torch.randn(3, 40).to(dtype)
    one_by_one = f(x.detach(), (1,)).requires_grad_()
    expected = derivative(upstream, one_by_one, 1, dtype)
    for context in (nullcontext(), nullcontext(), nullcontext(), kept, torch.autocast("cpu")):
        with context:
            result = f(x)
        assert torch.equal(result, one_by_one)
        assert result.dtype == dtype
        (grad,) = torch.autograd.grad(result, x, upstream, create_graph=True)
        assert torch.equal(grad, expected)
        (second,) = torch.autograd.grad(grad.float().square().sum(), x)
        assert second.any()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_the_gradient_of_a_loss_is_formed_with_it(dtype, reduction):
    """Of few numbers and of more, with factors other than 1, and the second derivative too."""
    loss = nex.CrossEntropy(reduction=reduction)
    for shape in [(4, 5)] * 3 + [(40, 500)]:
        x, y = (
            (9 * torch.randn(shape)).to(dtype).requires_grad_(),
            torch.randint(shape[1], shape[:1]),
        )
        expected = loss.value_and_grad(x.detach(), y)
        value = loss(x, y)
        assert torch.equal(value, expected.value)
        factor = torch.rand(value.shape, dtype=value.dtype) + 1
        (grad,) = torch.autograd.grad(value, x, factor, retain_graph=True)
        scaled = factor.reshape(-1, 1) * expected.grad.to(value.dtype)
        assert torch.equal(grad, scaled.to(dtype))
        (grad,) = torch.autograd.grad(value.sum(), x, create_graph=True)
        vector = torch.randn(shape).to(dtype)
        (product,) = torch.autograd.grad(grad, x, vector)
        each = nex.CrossEntropy(reduction="mean" if reduction == "mean" else "sum")
        true = each.bind(y, classes=shape[1]).hessian_product(x.detach(), vector)
        assert torch.equal(product, true)
        value.sum().backward()
        with pytest.raises(RuntimeError, match="backward through the graph a second time"):
            value.sum().backward()
