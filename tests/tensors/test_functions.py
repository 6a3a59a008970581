"""softmax and its kin of tensors: the values of arrays, differentiable by every road."""

import subprocess
import sys

import mpmath
import numpy as np
import pytest

import normexp as nex
from benchmarks.oracle import oracle_row, ulps

from .conftest import compiles, derivatives, transforms

torch = pytest.importorskip("torch")

MASK = torch.tensor([[1, 1, 0, 1, 1], [1, 0, 1, 0, 1], [0, 1, 1, 1, 0]], dtype=torch.bool)
FACTORS = [1.0, -0.5, 2.0, 0.0, 0.3]
FUNCTIONS = {
    "softmax": nex.softmax,
    "softmax, tempered": lambda x: nex.softmax(x, 0, temperature=2.0),
    "softmax, masked": lambda x: nex.softmax(x, where=MASK),
    "softmax of two axes": lambda x: nex.softmax(x, (1, 0)),
    "log_softmax": nex.log_softmax,
    "log_softmax, tempered": lambda x: nex.log_softmax(x, 0, temperature=0.5),
    "log_softmax, masked": lambda x: nex.log_softmax(x, where=MASK).masked_fill(~MASK, 0),
    "logsumexp": nex.logsumexp,
    "logsumexp, masked": lambda x: nex.logsumexp(x, 1, where=MASK, keepdims=True),
    "logsumexp of two axes": lambda x: nex.logsumexp(x, (0, 1), keepdims=True),
    "logsumexp with factors": lambda x: nex.logsumexp(x, b=FACTORS, return_sign=True)[0],
    "sigmoid": nex.sigmoid,
    "log_sigmoid": nex.log_sigmoid,
}
EVERY = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


@pytest.fixture
def x():
    return torch.randn(3, 5, dtype=torch.float64, requires_grad=True)


@EVERY
def test_derivatives(function, x):
    derivatives(function, x)


@EVERY
def test_transforms(function, x):
    transforms(function, x)


@EVERY
def test_compiled(function, x):
    compiles(function, x)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "sigmoid", "log_sigmoid"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("layout", ["rows", "columns", "gaps"])
def test_the_bits_of_arrays(name, dtype, layout):
    x = 4 * torch.randn(6, 40)
    if layout == "columns":
        x = x.T.contiguous().T
    elif layout == "gaps":
        x = x[:, ::2]
    x = x.to(dtype) if layout != "gaps" else x.to(dtype).repeat_interleave(2, 1)[:, ::2]
    function = getattr(nex, name)
    array = x.contiguous().double().numpy()
    if dtype is torch.bfloat16:
        ml_dtypes = pytest.importorskip("ml_dtypes")
        array = array.astype(ml_dtypes.bfloat16)
    else:
        array = array.astype(str(dtype).removeprefix("torch."))
    before = x.clone()
    got = function(x)
    assert got.dtype == dtype
    assert torch.equal(got.double(), torch.from_numpy(np.float64(function(array))))
    assert torch.equal(x, before)


def test_integers_are_float64():
    assert torch.equal(nex.softmax(torch.arange(3)), torch.from_numpy(nex.softmax(np.arange(3))))


def test_a_confident_row_keeps_its_gradient():
    """∂ log p_0 / ∂z_1 = −p_1, and σ′(30) = σ(30)·σ(−30), which 1 − σ(30) has no digits for."""
    x = torch.tensor([30.0, 0.0], requires_grad=True)
    nex.sigmoid(x)[0].backward()
    assert ulps(x.grad[:1].numpy(), [9.357622968839299e-14 * (1 - 9.357622968839299e-14)]) <= 2


@pytest.mark.parametrize("classes", [2, 40, 3000])
def test_softmax_backward_against_the_oracle(classes):
    """p_k · (v_k − Σ p_j v_j) for one v: a few units in the last place where nothing cancels."""
    x = torch.linspace(-3, 3, classes, requires_grad=True)
    v = torch.zeros(classes)
    v[0] = 1.0
    nex.softmax(x).backward(v)
    row = oracle_row(x.detach().numpy())
    with mpmath.workprec(200):
        p = [e / (1 + row.rest) for e in row.e]
        true = [p[0] * ((k == 0) - p[k]) for k in range(classes)]
    assert ulps(x.grad.numpy(), true).max() <= 4


def test_arrays_may_change_before_the_backward_pass(x):
    def gradient(change, mask, factors):
        values = nex.softmax(x, where=mask), nex.logsumexp(x, b=factors, where=mask)
        if change:
            mask[:], factors[:] = True, 1.0
        return torch.autograd.grad(sum(one.square().sum() for one in values), x)[0]

    arrays = MASK.numpy().copy(), np.array(FACTORS)
    expected = gradient(False, *arrays)
    assert torch.equal(gradient(True, *arrays), expected)
    read_only = MASK.numpy().copy()
    read_only.flags.writeable = False
    assert torch.equal(nex.softmax(x, where=read_only), nex.softmax(x, where=MASK))


def test_what_autograd_does_not_follow():
    x = torch.randn(3, 4, requires_grad=True)
    assert nex.softmax(x).requires_grad
    with torch.no_grad():
        assert not nex.softmax(x).requires_grad
    out = torch.empty(3, 4)
    assert nex.softmax(x.detach(), out=out) is out
    assert torch.equal(out, nex.softmax(x.detach()))
    with pytest.raises(ValueError, match="out cannot be differentiated"):
        nex.softmax(x, out=out)


def test_tensors_without_numbers():
    x = torch.empty(2, 3, device="meta")
    assert nex.softmax(x).shape == (2, 3)
    assert nex.logsumexp(x).shape == (2,)
    from torch._subclasses import FakeTensorMode

    with FakeTensorMode():
        fake = nex.log_softmax(torch.empty(2, 3, dtype=torch.bfloat16))
        assert fake.shape == (2, 3)
        assert fake.dtype is torch.bfloat16


def test_bad_input():
    x = torch.randn(2, 3)
    with pytest.raises(ValueError, match="axis 5 is out of range for an array of 2 dimensions"):
        nex.softmax(x, 5)
    with pytest.raises(TypeError, match=r"x must hold float16, bfloat16, .* got .*complex64"):
        nex.softmax(x.to(torch.complex64))
    with pytest.raises(TypeError, match=r"x must be a dense tensor, .* torch.sparse_coo"):
        nex.softmax(x.to_sparse())
    with pytest.raises(ValueError, match=r"x has no classes on axis -1: its shape is \(2, 0\)"):
        nex.softmax(x[:, :0])
    with pytest.raises(TypeError, match=r"where must hold booleans, got torch.int64"):
        nex.softmax(x, where=torch.ones(2, 3, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"where must have the shape \(2, 3\) or broadcast to it"):
        nex.softmax(x, where=torch.ones(4, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"out must be torch.float32 with shape \(2, 3\)"):
        nex.softmax(x, out=torch.empty(3, 2))
    with pytest.raises(ValueError, match="temperature must be between"):
        nex.softmax(x, temperature=0.0)


def test_operators_keep_to_what_pytorch_asks_of_them(x):
    """Schema, fake results, autograd and compilation, as PyTorch's own check sees them."""
    ops = torch.ops.normexp
    for layout in (x, x.detach().T.requires_grad_()):
        for op, told in [
            (ops.softmax, ([0], 1.0, None)),
            (ops.log_softmax, ([1], 2.0, MASK if layout is x else MASK.T)),
            (ops.logsumexp, ([1], None, False)),
            (ops.sigmoid, ()),
            (ops.log_sigmoid, ()),
        ]:
            torch.library.opcheck(op.default, (layout, *told))


def test_nobody_loads_pytorch_for_arrays():
    code = "import sys, normexp; normexp.softmax([1.0]); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.nightly  # a process of its own, with a compiler
def test_the_first_call_of_all_may_be_compiled():
    code = (
        "import torch, normexp\n"
        "softmax = torch.compile(normexp.softmax, fullgraph=True, backend='eager')\n"
        "print(softmax(torch.tensor([0.0, 0.0])).tolist())\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout == "[0.5, 0.5]\n", ran.stderr
