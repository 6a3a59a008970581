"""PyTorch's own samples for its functions, from the installed wheel, put to ours."""

import random
import warnings

import pytest
import torch

import normexp.torch as room

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_methods_invocations import op_db

NAMES = [
    "softmax",
    "log_softmax",
    "logsumexp",
    "sigmoid",
    "nn.functional.softmin",
    "nn.functional.logsigmoid",
    "nn.functional.cross_entropy",
    "nn.functional.nll_loss",
    "nn.functional.binary_cross_entropy_with_logits",
    "nn.functional.multi_margin_loss",
    "nn.functional.linear_cross_entropy",
]
OPS = [op for op in op_db if op.name in NAMES and op.variant_test_name != "chunked_none"]
DTYPES = torch.float64, torch.float32, torch.bfloat16, torch.float16
EVERY = pytest.mark.parametrize("op", OPS, ids=lambda op: op.name + op.variant_test_name)
IN_EVERY_TYPE = pytest.mark.parametrize(
    ("op", "dtype"),
    [(op, dtype) for op in OPS for dtype in DTYPES if op.supports_dtype(dtype, "cpu")],
    ids=lambda it: str(it) if isinstance(it, torch.dtype) else it.name + it.variant_test_name,
)


@pytest.fixture(autouse=True)
def same_samples():
    torch.manual_seed(0)
    random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch, about its own samples
        yield


def ours(op):
    return getattr(room, op.name.rpartition(".")[2])


def in_float64(one):
    if isinstance(one, torch.Tensor) and one.is_floating_point():
        return one.detach().double().requires_grad_(one.requires_grad)
    return one


def asked_for(sample):
    given = (sample.input, *sample.args, *sample.kwargs.values())
    return [one for one in given if isinstance(one, torch.Tensor) and one.requires_grad]


def run(function, sample):
    """The result, and its gradients by whatever asks for one."""
    result = function(sample.input, *sample.args, **sample.kwargs)
    if not result.requires_grad:
        return result, []
    upstream = torch.linspace(0.5, 1.5, result.numel()).reshape(result.shape).to(result.dtype)
    return result.detach(), list(torch.autograd.grad(result, asked_for(sample), upstream))


def close(got, expected, is_of_products):
    """As PyTorch's in float64, to the roundings of the type: these are PyTorch's in float64."""
    assert got.shape == expected.shape
    unit = torch.finfo(got.dtype).eps
    rtol = unit * (64 if got.dtype is torch.float64 else 4)
    atol = rtol * scale(expected) if is_of_products else rtol
    got, expected = got.double(), expected.double()
    torch.testing.assert_close(got, expected, rtol=rtol, atol=atol, equal_nan=True)


def scale(x):
    """What matrix products round to a share of."""
    return max(1.0, x.abs().max().item()) if x.numel() else 1.0


@IN_EVERY_TYPE
def test_samples(op, dtype):
    is_linear = "linear" in op.name
    samples = list(op.sample_inputs("cpu", dtype, requires_grad=True))
    samples = samples[:: 1 + len(samples) // 50]
    assert samples
    for sample in samples:
        got, got_grads = run(ours(op), sample)
        if is_linear:
            sample.kwargs.pop("options", None)  # how PyTorch cuts its work, by type
        expected, expected_grads = run(op.op, sample.transform(in_float64))
        if "dtype" not in sample.kwargs and got.dtype is not torch.float64:
            with torch.no_grad():
                assert got.dtype == op(sample.input, *sample.args, **sample.kwargs).dtype
        close(got, expected, is_linear)
        for one, other in zip(got_grads, expected_grads, strict=True):
            close(one, other, is_linear)


WITH_ERRORS = [op for op in OPS if op.error_inputs_func]
IN_FUNCTIONAL = [op for op in OPS if op.name.startswith("nn.")]
WITH_REFERENCES = [op for op in OPS if op.reference_inputs_func]


@pytest.mark.parametrize("op", WITH_REFERENCES, ids=lambda op: op.name)
def test_reference_inputs(op):
    for dtype in (torch.float64, torch.float32):
        samples = list(op.reference_inputs("cpu", dtype))[::7]
        assert samples
        for sample in samples:
            got, _ = run(ours(op), sample)
            expected, _ = run(op.op, sample.transform(in_float64))
            close(got, expected, False)


@pytest.mark.parametrize("op", WITH_ERRORS, ids=lambda op: op.name + op.variant_test_name)
def test_error_inputs(op):
    """By name an error of PyTorch's kind; installed the very error."""
    errors = list(op.error_inputs("cpu"))
    assert errors
    for error in errors:
        sample = error.sample_input
        with pytest.raises(error.error_type):
            ours(op)(sample.input, *sample.args, **sample.kwargs)
        with room.installed(), pytest.raises(error.error_type, match=error.error_regex):
            getattr(torch.nn.functional, op.name.rpartition(".")[2])(
                sample.input, *sample.args, **sample.kwargs
            )


@pytest.mark.parametrize(
    "op", [op for op in OPS if op.name.startswith("nn.")], ids=lambda op: op.name
)
def test_installed(op):
    """PyTorch's samples, to the functions by the names that PyTorch has for them."""
    samples = list(op.sample_inputs("cpu", torch.float32))[::5]
    with room.installed():
        for sample in samples:
            function = getattr(torch.nn.functional, op.name.rpartition(".")[2])
            assert function.drop_in is ours(op)
            got, _ = run(function, sample)
            expected, _ = run(ours(op), sample)
            assert torch.equal(got, expected)
