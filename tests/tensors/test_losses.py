"""Losses of tensors: the values of arrays, first and second derivatives, under every transform."""

import numpy as np
import pytest

import normexp as nex
from normexp.losses import RowLoss

from .conftest import compiles, derivatives, transforms

torch = pytest.importorskip("torch")

IDS = torch.tensor([0, 3, -100, 4])
COLUMNS = torch.tensor([1, 2, 3, 0, 0])
SHARES = torch.tensor(np.random.default_rng(0).dirichlet(np.ones(5), 4))
WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 0.0], dtype=torch.float64)
MASK = torch.ones(4, 5, dtype=torch.bool)
MASK[0, 1] = MASK[1, 4] = False
CASES = [
    (nex.CrossEntropy(label_smoothing=0.1, z_loss=0.01, softcap=3.0, temperature=2.0),
     IDS, WEIGHTS, MASK),
    (nex.CrossEntropy(reduction="none"), IDS, None, None),
    (nex.CrossEntropy(class_weight=(1.0, 2.0, 3.0, 4.0, 5.0)), SHARES, None, None),
    (nex.CrossEntropy(axis=0, reduction="sum"), COLUMNS, None, None),
    (nex.MulticlassHinge(squared=True), IDS, None, None),
    (nex.MulticlassHinge(variant="crammer-singer"), IDS, None, None),
    (nex.SquaredError(), SHARES, WEIGHTS, None),
    (nex.SquaredError(on="probabilities"), IDS, WEIGHTS, MASK),
    (nex.Focal(gamma=2.0), IDS, None, None),
    (nex.BinaryCrossEntropy(pos_weight=2.0), SHARES, None, None),
    (nex.BinaryCrossEntropy(reduction="none"), SHARES, None, MASK),
]  # fmt: skip
EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case[0]))


@pytest.fixture
def x():
    return torch.randn(4, 5, dtype=torch.float64, requires_grad=True)


def called(case):
    loss, *told = case
    return lambda x: loss(x, *told)


@EVERY
def test_the_bits_of_arrays(case, x):
    loss, *told = case
    arrays = [None if one is None else one.numpy() for one in told]
    for dtype in (torch.float64, torch.float32, torch.float16):
        given = x.detach().to(dtype)
        expected = loss.value_and_grad(given.numpy(), *arrays)
        assert torch.equal(loss(given, *told), torch.as_tensor(expected.value))
        value, grad = loss.value_and_grad(given, *told)
        assert torch.equal(value, torch.as_tensor(expected.value))
        assert torch.equal(grad, torch.as_tensor(expected.grad))
        given.requires_grad_()
        loss(given, *told).sum().backward()
        assert torch.equal(given.grad, torch.as_tensor(expected.grad))


def test_bfloat16():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = torch.randn(4, 5).bfloat16()
    array = x.float().numpy().astype(ml_dtypes.bfloat16)
    expected = nex.CrossEntropy().value_and_grad(array, IDS.numpy())
    value, grad = nex.CrossEntropy().value_and_grad(x, IDS)
    assert value.dtype is torch.float32
    assert grad.dtype is torch.bfloat16
    assert value.item() == expected.value
    assert np.array_equal(grad.float().numpy(), np.float32(expected.grad))


@EVERY
def test_derivatives(case, x):
    if case[0] == nex.MulticlassHinge(variant="crammer-singer"):
        x = x.detach() * 10  # away from its kinks
        x.requires_grad_()
    derivatives(called(case), x)


@EVERY
def test_transforms(case, x):
    transforms(called(case), x)


@EVERY
def test_compiled(case, x):
    compiles(called(case), x)


def test_a_compiled_program_may_hold_arrays(x):
    told = IDS.numpy(), WEIGHTS.numpy(), MASK.numpy()
    loss = torch.compile(lambda x: nex.CrossEntropy()(x, *told), fullgraph=True, backend="eager")
    assert torch.equal(loss(x), nex.CrossEntropy()(x, *told))


def test_a_program_compiled_for_one_loss_knows_another(x):
    compiled = torch.compile(
        lambda loss, x, y: loss(x, y), fullgraph=True, backend="aot_eager", dynamic=None
    )
    for loss in (
        nex.CrossEntropy(),
        nex.CrossEntropy(temperature=2.0),
        nex.CrossEntropy(temperature=3.0),
        nex.CrossEntropy(class_weight=(1.0, 2.0, 3.0, 4.0, 5.0)),
        nex.CrossEntropy(class_weight=(1.0, 2.0, 3.0, 4.0, 6.0)),
        nex.MulticlassHinge(),
        nex.CrossEntropy(),
    ):
        assert torch.equal(compiled(loss, x, IDS), loss(x, IDS)), loss


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_an_upstream_gradient_meets_a_half_type_as_it_is(dtype, reduction):
    """The product is of float32, and rounded once more: a third is no number of a half type."""
    z = torch.randn(4, 50, dtype=dtype, requires_grad=True)
    y = torch.tensor([0, 3, 9, 4])
    loss = nex.CrossEntropy(reduction=reduction)
    third = torch.full((4,) if reduction == "none" else (), 1 / 3)
    (got,) = torch.autograd.grad(loss(z, y), z, third)
    grad = loss.value_and_grad(z.detach(), y).grad
    assert torch.equal(got, (grad.float() / 3).to(dtype))
    assert not torch.equal(got, grad * third.to(dtype).reshape(-1)[0])


def test_upstream_gradients(x):
    """A gradient that is not 1, and a backward pass that is made twice."""
    value = nex.CrossEntropy()(x, IDS)
    (once,) = torch.autograd.grad(value, x, retain_graph=True)
    (thrice,) = torch.autograd.grad(3 * value, x, retain_graph=True)
    torch.testing.assert_close(thrice, 3 * once)
    (again,) = torch.autograd.grad(value, x)
    assert torch.equal(again, once)
    rows = nex.CrossEntropy(reduction="none")(x, IDS)
    (weighted,) = torch.autograd.grad(rows @ WEIGHTS, x)
    expected = nex.CrossEntropy(reduction="sum").value_and_grad(x, IDS, WEIGHTS).grad
    torch.testing.assert_close(weighted, expected.detach())


def test_gradients_are_memory_of_their_own(x):
    """Who writes into one changes no other, and nothing that the loss keeps."""
    for given in (x, x.detach().float().requires_grad_()):
        value, grad = nex.CrossEntropy().value_and_grad(given, IDS)
        before = grad.detach().clone()
        value.backward()
        given.grad.mul_(0)
        assert torch.equal(grad, before)
        for create_graph in (False, True):
            value = nex.CrossEntropy()(given, IDS)
            told = {"retain_graph": True, "create_graph": create_graph}
            (first,) = torch.autograd.grad(value, given, **told)
            first.detach().mul_(2)
            (second,) = torch.autograd.grad(value, given, **told)
            second.data.mul_(2)
            (third,) = torch.autograd.grad(value, given)
            assert torch.equal(third, before)


@pytest.mark.parametrize("target", [IDS, SHARES], ids=["ids", "probabilities"])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_arrays_may_change_before_the_backward_pass(target, reduction, x):
    loss = nex.CrossEntropy(reduction=reduction)

    def differentiated(change, *told):
        value, grad = loss(x, *told), loss.value_and_grad(x, *told).grad
        for one in told if change else ():
            one[:] = 0
        (first,) = torch.autograd.grad(value.sum(), x, create_graph=True)
        both = [torch.autograd.grad(one.square().sum(), x)[0] for one in (first, grad)]
        return torch.stack([first, *both])

    told = target, WEIGHTS, MASK
    arrays = [one.numpy().copy() for one in told]
    assert torch.equal(differentiated(True, *arrays), differentiated(False, *told))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_logits_may_be_written_to_once_the_loss_is_there(dtype, reduction, x):
    """As after PyTorch's; but for a second derivative they are looked at again."""
    loss = nex.CrossEntropy(reduction=reduction)
    x = x.detach().to(dtype).requires_grad_()
    (expected,) = torch.autograd.grad(loss(x, IDS).sum(), x)
    for _ in range(2):
        logits = x * 1
        value = loss(logits, IDS).sum()
        logits.mul_(2)
        (grad,) = torch.autograd.grad(value, x, retain_graph=True)
        assert torch.equal(grad, expected)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            torch.autograd.grad(value, x, create_graph=True)


@pytest.mark.filterwarnings("ignore:Dynamo does not know how to trace")
def test_the_backward_pass_alone_may_be_compiled(x):
    from torch._dynamo.compiled_autograd import _enable

    (expected,) = torch.autograd.grad(nex.CrossEntropy()(x, IDS), x)
    value = nex.CrossEntropy()(x, IDS)
    with _enable(torch.compile(backend="eager")):
        value.backward()
    assert torch.equal(x.grad, expected)


def test_no_derivative_by_the_target(x):
    told = SHARES, torch.ones_like(SHARES)
    with pytest.raises(TypeError, match="no loss is differentiated by its target"):
        torch.func.jvp(lambda t: nex.CrossEntropy()(x.detach(), t), told[:1], told[1:])
    weight = torch.randn(5, 3, dtype=torch.float64)
    with pytest.raises(TypeError, match="no loss is differentiated by its target"):
        torch.func.jvp(
            lambda t: nex.CrossEntropy().linear(torch.ones(4, 3).double(), weight, t),
            told[:1],
            told[1:],
        )


def test_no_third_derivative(x):
    value = nex.CrossEntropy()(x, IDS)
    (first,) = torch.autograd.grad(value, x, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), x, create_graph=True)
    with pytest.raises(NotImplementedError, match="no third"):
        torch.autograd.grad(second.sum(), x)


def test_bound(x):
    loss = nex.CrossEntropy(label_smoothing=0.1)
    bound = loss.bind(IDS, classes=5, sample_weight=WEIGHTS)
    arrays = loss.bind(IDS.numpy(), classes=5, sample_weight=WEIGHTS.numpy())
    assert bound.shape == arrays.shape
    assert bound.divisor == arrays.divisor
    assert torch.equal(bound(x), loss(x, IDS, WEIGHTS))
    v = torch.randn_like(x)
    product = bound.hessian_product(x, v)
    assert torch.equal(
        product.detach(), torch.from_numpy(arrays.hessian_product(x.detach().numpy(), v.numpy()))
    )
    with pytest.raises(ValueError, match=r"logits must have the shape \(4, 5\)"):
        bound(x[:2])
    with pytest.raises(TypeError, match="logits must be a tensor"):
        bound(x.detach().numpy())


def test_a_loss_of_ones_own(x):
    class Perceptron(RowLoss):
        def of_rows(self, logits, target):
            rows, best = np.arange(len(logits)), logits.argmax(axis=1)
            grad = np.zeros_like(logits)
            grad[rows, best] += 1
            grad[rows, target] -= 1
            return logits[rows, best] - logits[rows, target], grad

    loss = Perceptron()
    loss(x, IDS).backward()
    assert torch.equal(x.grad, loss.value_and_grad(x.detach(), IDS).grad)
    compiles(called((loss, IDS)), x)
    with pytest.raises(TypeError, match="no Hessian product"):
        loss.bind(IDS, classes=5).hessian_product(x.detach(), x.detach())


def test_tensors_without_numbers():
    x = torch.empty(4, 5, device="meta")
    y = torch.empty(4, dtype=torch.int64, device="meta")
    assert nex.CrossEntropy()(x, y).shape == ()
    assert nex.CrossEntropy(reduction="none")(x, y).shape == (4,)


def test_targets_of_other_kinds(x):
    expected = nex.CrossEntropy()(x, IDS)
    read_only = IDS.numpy().copy()
    read_only.flags.writeable = False
    for target in (read_only, IDS.tolist(), IDS.int(), IDS.to(torch.int16)):
        assert torch.equal(nex.CrossEntropy()(x, target), expected)


def test_bad_input(x):
    loss = nex.CrossEntropy()
    with pytest.raises(ValueError, match=r"class ids from 0 to 4 .* got 5 at position 1"):
        loss(x, torch.tensor([0, 5, 1, 1]))
    with pytest.raises(TypeError, match="target has requires_grad"):
        loss(x, SHARES.clone().requires_grad_())
    with pytest.raises(TypeError, match="sample_weight has requires_grad"):
        loss(x, IDS, WEIGHTS.clone().requires_grad_())
    with pytest.raises(ValueError, match="class_weight must hold a number for each of 5 classes"):
        nex.CrossEntropy(class_weight=(1.0, 2.0))(x, IDS)


def test_operators_keep_to_what_pytorch_asks_of_them(x):
    from normexp.torch.losses import name_of

    name = name_of(nex.CrossEntropy(label_smoothing=0.1))
    for layout in (x, x.detach().T.contiguous().T.requires_grad_()):
        of_class = torch.linspace(-0.5, 2.0, 5)
        rest = IDS, WEIGHTS, MASK, of_class
        vector = torch.randn_like(x, requires_grad=True)
        for op, told in [
            ("loss", (layout, *rest)),
            ("loss_with_gradient", (layout, *rest)),
            ("loss_hessian_product", (layout.detach(), *rest, vector)),
        ]:
            torch.library.opcheck(getattr(torch.ops.normexp, op).default, (*told, name))
