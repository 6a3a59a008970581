"""Tensors of a device: bound there, computed by its back end, waited for by nobody.

There is none here, so tensors of the CPU stand for them.
"""

import numpy as np
import pytest

import normexp as nex
from normexp.losses import RowLoss

from .conftest import compiles, derivatives
from .test_functions import FUNCTIONS
from .test_losses import CASES, IDS, MASK, WEIGHTS

torch = pytest.importorskip("torch")

MORE = [
    (nex.CrossEntropy(from_logits=False), IDS, WEIGHTS, None),
    (nex.CrossEntropy(normalizer="valid", class_weight=(1, 2, 0, 4, 5)), IDS, WEIGHTS, MASK),
    (nex.CrossEntropy(normalizer="batch"), IDS, None, None),
    (nex.CrossEntropy(normalizer=7.0), IDS, None, None),
    (nex.CrossEntropy(ignore_index=0, label_smoothing=0.3), IDS.clamp(0), None, MASK),
]  # fmt: skip


@pytest.fixture
def device(monkeypatch):
    """Tensors of the CPU are taken for those of a device."""
    from normexp.torch import views

    monkeypatch.setattr(views, "on_host", lambda x: False)


@pytest.fixture
def x():
    return torch.randn(4, 5, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions(function, request):
    x = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    expected = function(x)
    (gradient,) = torch.autograd.grad(expected.sum(), x)
    request.getfixturevalue("device")
    got = function(x)
    torch.testing.assert_close(got, expected, rtol=1e-14, atol=1e-16)
    torch.testing.assert_close(torch.autograd.grad(got.sum(), x)[0], gradient)


def test_types(x, device):
    for dtype in (torch.float32, torch.bfloat16):
        z = x.detach().to(dtype)
        for function in (nex.softmax, nex.log_softmax, nex.logsumexp, nex.sigmoid):
            assert function(z).dtype is dtype
        value, grad = nex.CrossEntropy().value_and_grad(z, IDS)
        assert value.dtype is torch.float32
        assert grad.dtype is dtype
    assert nex.softmax(IDS).dtype is torch.float64


@pytest.mark.parametrize("case", CASES + MORE, ids=lambda case: repr(case[0]))
def test_losses(case, x, request):
    loss, *told = case
    with torch.no_grad():
        if loss.reads == "probabilities":
            x.copy_(x.softmax(-1))
    arrays = [None if one is None else one.numpy() for one in told]
    bound = loss.bind_to(tuple(x.shape), *arrays)
    expected = bound.value_and_grad(x.detach().numpy())
    v = torch.randn_like(x)
    product = bound.hessian_product(x.detach().numpy(), v.numpy())
    request.getfixturevalue("device")
    value, grad = loss.value_and_grad(x, *told)
    assert np.allclose(value.detach(), expected.value, rtol=1e-13, atol=0)
    assert np.allclose(grad.detach(), expected.grad, rtol=1e-13, atol=1e-17)
    assert np.allclose(loss(x.detach(), *told), expected.value, rtol=1e-13, atol=0)
    got = torch.autograd.grad(grad, x, v)[0]
    assert np.allclose(got, product, rtol=1e-12, atol=1e-17)


def test_derivatives_and_compilation(x, device):
    loss, *told = CASES[0]
    derivatives(lambda x: loss(x, *told), x)
    compiles(lambda x: loss(x, *told), x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_confident_rows_keep_their_loss_and_gradient(device, dtype):
    z = torch.tensor([[10.0, 0.0, -3.0]], dtype=dtype)
    value, grad = nex.CrossEntropy().value_and_grad(z, torch.tensor([0]))
    expected = nex.CrossEntropy().value_and_grad(z.double().numpy(), [0])
    torch.testing.assert_close(value, torch.tensor(expected.value).float(), rtol=1e-7, atol=0)
    torch.testing.assert_close(grad, torch.from_numpy(expected.grad).to(dtype), rtol=0, atol=0)


def test_nothing_to_average(x, device):
    holes = torch.full((4,), -100)
    assert nex.CrossEntropy()(x, holes) == 0
    assert nex.CrossEntropy(empty="nan")(x, holes).isnan()
    assert not nex.CrossEntropy().value_and_grad(x, holes).grad.any()
    with pytest.raises(RuntimeError, match="nothing to average"):
        nex.CrossEntropy(empty="raise")(x, holes)


def test_bad_input(x, device):
    with pytest.raises(RuntimeError, match="class ids of the logits"):  # an assertion there
        nex.CrossEntropy()(x, torch.tensor([0, 5, 1, 1]))
    with pytest.raises(ValueError, match=r"class ids of shape \(4,\) or probabilities of shape"):
        nex.CrossEntropy()(x, torch.tensor([0, 5]))
    with pytest.raises(TypeError, match=r"got torch.float64 of shape \(4,\)"):
        nex.CrossEntropy()(x, torch.rand(4).double())
    with pytest.raises(ValueError, match=r"sample_weight must have the shape \(4,\)"):
        nex.CrossEntropy()(x, IDS, torch.ones(3))

    class Own(RowLoss):
        pass

    with pytest.raises(TypeError, match="Own computes with NumPy: move its logits to the CPU"):
        Own()(x, IDS)
