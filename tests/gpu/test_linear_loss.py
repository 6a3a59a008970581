"""The linear loss on a GPU, or as it is there: by Triton's kernels between PyTorch's products.

In the interpreter tensors of the CPU stand for those of a device.
"""

import numpy as np
import pytest

import normexp as nex

from .conftest import ON_GPU

SAMPLES, INPUTS, CLASSES = 9, 6, 40

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:triton.runtime.interpreter")


@pytest.fixture
def chunks(torch, gpu, monkeypatch):
    """Chunks of four rows; without a GPU the kernels, and the way there, of one."""
    from normexp.torch import binding, linear_on_device, of_linear, views

    for name in ("CHUNK_BYTES", "GROUP_BYTES", "ALL_BYTES", "PART_BYTES"):
        monkeypatch.setattr(linear_on_device, name, 1)
    monkeypatch.setattr(linear_on_device, "ROWS", 4)
    if not ON_GPU:
        monkeypatch.setattr(views, "on_host", lambda x: False)
        for room in (binding, of_linear):
            monkeypatch.setattr(room, "kernels_for", lambda rows: gpu)


@pytest.fixture
def given(torch, device):
    rng = np.random.default_rng(0)
    shapes = (SAMPLES, INPUTS), (CLASSES, INPUTS), (CLASSES,)
    of_map = [rng.normal(size=shape) for shape in shapes]
    ids = rng.integers(0, CLASSES, SAMPLES)
    ids[4] = -100
    return of_map, ids


def step(torch, loss, of_map, ids, dtype, device, factor=1.0):
    tensors = [torch.tensor(one, dtype=dtype, device=device, requires_grad=True) for one in of_map]
    value = loss.linear(*tensors[:2], torch.tensor(ids, device=device), tensors[2])
    (factor * value).backward()
    return value.detach(), *(one.grad for one in tensors)


@pytest.mark.parametrize(
    "loss",
    [
        nex.CrossEntropy(label_smoothing=0.1, z_loss=0.01),
        nex.CrossEntropy(class_weight=tuple(np.linspace(0.5, 2.0, CLASSES))),
        nex.CrossEntropy(softcap=3.0, temperature=0.7),
        nex.MulticlassHinge(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["float64", "float32", "bfloat16"])
def test_against_float64(torch, device, chunks, given, loss, kind):
    of_map, ids = given
    dtype = getattr(torch, kind)
    held = [torch.tensor(one, dtype=dtype).double().numpy() for one in of_map]
    expected = loss.linear_value_and_grad(held[0], held[1], ids, held[2])
    got = step(torch, loss, held, ids, dtype, device)
    eps = torch.finfo(dtype).eps
    for one, true in zip(got, expected, strict=True):
        is_value = not one.ndim
        rtol = max(1e-6, 1e-12) if is_value and kind != "float64" else 16 * eps
        np.testing.assert_allclose(one.double().cpu().numpy(), true, rtol=rtol, atol=4 * eps)


def test_a_factor_from_above(torch, device, chunks, given):
    of_map, ids = given
    once = step(torch, nex.CrossEntropy(), of_map, ids, torch.float32, device)
    scaled = step(torch, nex.CrossEntropy(), of_map, ids, torch.float32, device, factor=0.3)
    for one, other in zip(scaled[1:], once[1:], strict=True):
        torch.testing.assert_close(one, 0.3 * other, rtol=1e-6, atol=0)


@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
@pytest.mark.parametrize("factor", [1.0, -1 / 3])
def test_scale(torch, device, gpu, kind, factor):
    """Rounded once (the interpreter cuts off); what stands between the numbers is left alone."""
    whole = torch.randn(70, 300, device=device).to(getattr(torch, kind))
    expected = (whole.float() * torch.tensor(factor, device=device)).to(whole.dtype)
    given = torch.tensor(factor, device=device)
    eps = 0.0 if ON_GPU or kind == "float32" else torch.finfo(torch.bfloat16).eps
    got = gpu.scale(whole.clone(), given)
    torch.testing.assert_close(got, expected, rtol=eps, atol=0.0)
    apart = whole.clone()[:, ::2]
    assert torch.equal(gpu.scale(apart, given), expected[:, ::2])


@pytest.mark.skipif(not ON_GPU, reason="there is no device to wait for")
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
def test_nobody_waits_for_the_device(torch, device, given):
    of_map, ids = given
    loss = nex.CrossEntropy(label_smoothing=0.1)
    tensors = [
        torch.tensor(one, dtype=torch.bfloat16, device=device, requires_grad=True) for one in of_map
    ]
    target = torch.tensor(ids, device=device)
    teacher = nex.SparseTarget(target.clamp(min=0)[:, None], torch.ones_like(target)[:, None] / 2)
    for every in (target, teacher):
        for mode in ("default", "error"):  # what is compiled at a first call may wait
            torch.cuda.set_sync_debug_mode(mode)
            try:
                (0.3 * loss.linear(*tensors[:2], every, tensors[2])).backward()
            finally:
                torch.cuda.set_sync_debug_mode("default")
