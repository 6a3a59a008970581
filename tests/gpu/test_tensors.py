"""Tensors of a GPU by every public road: what they give on the CPU, where PyTorch's own operations
stand for the kernels, and nobody waits.
"""

import sys

import pytest

import normexp as nex
from tests.tensors.test_device import MORE as MORE_LOSSES
from tests.tensors.test_drop_ins import FUNCTIONS as DROP_INS
from tests.tensors.test_functions import FUNCTIONS
from tests.tensors.test_functions import MASK as MASK_OF_FUNCTIONS
from tests.tensors.test_linear_loss import IDS, LOSSES, MASK, SHARES, WEIGHTS
from tests.tensors.test_linear_on_device import MORE, results
from tests.tensors.test_losses import CASES

from .conftest import ON_GPU

torch = pytest.importorskip("torch")
ours = pytest.importorskip("normexp.torch")

if not ON_GPU:
    pytest.skip("there is no device", allow_module_level=True)


@pytest.fixture(autouse=True)
def by_operations(monkeypatch):
    """Tensors of the CPU go the way of a device's, and compile no kernels."""
    torch.manual_seed(0)
    monkeypatch.setattr("normexp.torch.views.on_host", lambda x: False)


def there(one):
    """The same on the GPU."""
    if isinstance(one, nex.SparseTarget):
        return nex.SparseTarget(there(one.ids), there(one.probabilities), one.rest)
    if not isinstance(one, torch.Tensor):
        return one
    return one.detach().cuda().requires_grad_(one.requires_grad)


def assert_same(got, expected, **tolerance):
    tolerance = tolerance or {"rtol": 1e-10, "atol": 1e-13}
    for one, other in zip(got, expected, strict=True):
        assert one.is_cuda
        torch.testing.assert_close(one.cpu(), other, **tolerance)


def derivatives(function, x):
    """Value, gradient and a second derivative."""
    value = function(x)
    upstream = torch.linspace(-1, 2, value.numel(), dtype=value.dtype, device=value.device)
    upstream = upstream.reshape(value.shape)
    (grad,) = torch.autograd.grad(value, x, upstream, create_graph=True)
    return value, grad, *torch.autograd.grad((grad * grad.detach().cos()).sum(), x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, monkeypatch):
    x = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    function = FUNCTIONS[name]
    expected = derivatives(function, x)
    if "masked" in name:
        monkeypatch.setattr("tests.tensors.test_functions.MASK", there(MASK_OF_FUNCTIONS))
    assert_same(derivatives(function, there(x)), expected)


@pytest.mark.parametrize("case", CASES + MORE_LOSSES, ids=lambda case: repr(case[0]))
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_losses(case, dtype):
    loss, *told = case
    x = torch.randn(4, 5).to(dtype)
    x = (x.softmax(-1) if loss.reads == "probabilities" else x).requires_grad_()
    expected = derivatives(lambda x: loss(x, *told), x)
    got = derivatives(lambda x: loss(x, *map(there, told)), there(x))
    eps = torch.finfo(dtype).eps
    assert_same(got[:1], expected[:1], rtol=4 * min(eps, 1e-7), atol=0)
    assert_same(got[1:], expected[1:], rtol=8 * eps, atol=2 * eps)


@pytest.mark.parametrize("loss", LOSSES + MORE, ids=repr)
@pytest.mark.parametrize("recompute", [False, True])
def test_linear_losses(loss, recompute):
    of_map = [
        torch.randn(*shape, dtype=torch.float64, requires_grad=True)
        for shape in ((len(IDS), 4), (5, 4), (5,))
    ]
    ids = IDS.clamp(min=0) if loss.ignore_index == 1 else IDS
    for told in ((ids, None, None), (ids, WEIGHTS, MASK)):
        expected = results(loss, of_map, *told, recompute=recompute)
        got = results(loss, [*map(there, of_map)], *map(there, told), recompute=recompute)
        assert_same(got, expected)


@pytest.mark.parametrize("kinds", [("float32",) * 3, ("float32", "bfloat16", "float32"),
                                   ("bfloat16", "float32", "bfloat16"), ("float16",) * 3,
                                   ("bfloat16",) * 3, ("bfloat16", "bfloat16", "float32")],
                         ids="-".join)  # fmt: skip
@pytest.mark.parametrize("accuracy", ["exact", "fast"])
@pytest.mark.parametrize("target", ["ids", "shares", "sparse"])
def test_types_of_a_linear_loss(kinds, accuracy, target):
    """PyTorch's products of float32 are of float32, not of TF32."""
    of_map = [
        torch.randn(*shape).to(getattr(torch, kind)).requires_grad_()
        for shape, kind in zip(((7, 64), (5, 64), (5,)), kinds, strict=True)
    ]
    told = {"ids": IDS, "shares": SHARES, "sparse": nex.SparseTarget(*SHARES.topk(2)[::-1])}[target]
    loss = nex.CrossEntropy(label_smoothing=0.1)

    def found(of_map, told):
        x, w, b = of_map
        value = loss.linear(x, w, told, b)
        return value, *torch.autograd.grad(value, of_map)

    expected = found(of_map, told)
    with nex.accuracy(accuracy):
        got = found([*map(there, of_map)], there(told))
    is_short = "bfloat16" in kinds[0] and "bfloat16" in kinds[1]
    of_loss = 2e-2 if is_short and accuracy == "fast" else 2e-6
    assert_same(got[:1], expected[:1], rtol=of_loss, atol=0)
    for one, other in zip(got[1:], expected[1:], strict=True):
        eps = torch.finfo(torch.bfloat16 if is_short else one.dtype).eps
        assert one.dtype is other.dtype
        assert_same([one], [other], rtol=16 * eps, atol=8 * eps)


def test_statistics_of_rows():
    of_map = [
        torch.randn(*shape, dtype=torch.float64, requires_grad=True)
        for shape in ((len(IDS), 4), (5, 4), (5,))
    ]
    loss = nex.CrossEntropy(softcap=3.0, temperature=2.0, label_smoothing=0.1, z_loss=0.01)

    def found(of_map, *told):
        x, w, b = of_map
        got = loss.linear_statistics(x, w, told[0], b, *told[1:])
        total = sum((k + 1.5) * one.cos().sum() for k, one in enumerate(got[:4]))
        return *got, *torch.autograd.grad(total, of_map)

    told = IDS, WEIGHTS, MASK
    assert_same(found([*map(there, of_map)], *map(there, told)), found(of_map, *told))


@pytest.mark.parametrize("name", DROP_INS)
def test_drop_ins(name, monkeypatch):
    x = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    expected = derivatives(lambda x: DROP_INS[name](ours, x), x)
    for told in ("IDS", "EVERY_ID", "SHARES", "WEIGHT"):
        where = f"tests.tensors.test_drop_ins.{told}"
        monkeypatch.setattr(where, there(getattr(sys.modules["tests.tensors.test_drop_ins"], told)))
    assert_same(derivatives(lambda x: DROP_INS[name](ours, x), there(x)), expected)


def test_installed():
    z = torch.tensor([[40.0, 0.0]], device="cuda")
    with ours.installed():
        loss = torch.nn.CrossEntropyLoss()(z, torch.tensor([0], device="cuda"))
    assert loss.item() == pytest.approx(4.248354255291589e-18, rel=1e-6)


def step(x, w, y):
    return nex.CrossEntropy(label_smoothing=0.1).linear(x, w, y)


@pytest.fixture
def head():
    kind = {"dtype": torch.bfloat16, "device": "cuda", "requires_grad": True}
    x, w = torch.randn(64, 32, **kind), torch.randn(500, 32, **kind)
    return x, w, torch.randint(0, 500, (64,), device="cuda")


@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")
@pytest.mark.parametrize("function", ["linear", "loss of logits"])
def test_compiled_by_inductor(head, function):
    def of_logits(x, w, y):
        return nex.CrossEntropy(label_smoothing=0.1)(x @ w.T, y)

    called = {"linear": step, "loss of logits": of_logits}[function]
    compiled = torch.compile(called, fullgraph=True)
    got, expected = compiled(*head), called(*head)
    torch.testing.assert_close(got, expected)
    for one, other in zip(
        torch.autograd.grad(got, head[:2]), torch.autograd.grad(expected, head[:2]), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=2e-2, atol=1e-5)


def test_a_step_can_be_recorded_and_played_again(head):
    """A CUDA graph takes what asks the host for nothing."""
    x, w, y = head

    def value_and_gradients():
        leaves = [one.detach().requires_grad_() for one in (x, w)]
        value = step(*leaves, y)
        return value, *torch.autograd.grad(value, leaves)

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        value_and_gradients()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        got = value_and_gradients()
    with torch.no_grad():
        x.copy_(torch.randn_like(x))
    graph.replay()
    for one, other in zip(got, value_and_gradients(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("accuracy", ["exact", "fast"])
def test_memory_of_a_head(accuracy):
    """A step takes a group of gradients by logits and the sum of the weight's, not all logits."""
    rows, inputs, classes = 8192, 256, 200_000
    kind = {"dtype": torch.bfloat16, "device": "cuda", "requires_grad": True}
    x, w = torch.randn(rows, inputs, **kind), torch.randn(classes, inputs, **kind)
    with torch.no_grad():
        x *= 0.1
    y = torch.randint(0, classes, (rows,), device="cuda")
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    with nex.accuracy(accuracy):
        grads = torch.autograd.grad(nex.CrossEntropy().linear(x, w, y), (x, w))
    more = torch.cuda.max_memory_allocated() - before
    of_sums = (4 + 2) * w.numel()
    assert more < (1024 + 640 + 64 << 20) + of_sums
    z = x.detach().double()[:64] @ w.detach().double().T
    p = torch.softmax(z, 1)
    p[torch.arange(64), y[:64]] -= 1
    expected = p @ w.detach().double() / rows
    error = (grads[0][:64].double() - expected).norm() / expected.norm()
    assert error < (4e-3 if accuracy == "exact" else 8e-3)
    assert all(torch.isfinite(one).all() for one in grads)
