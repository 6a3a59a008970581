"""Drop-ins for PyTorch's functions and modules: their meaning, exact, by every road."""

import inspect
import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional as theirs

import normexp.torch as ours

from .conftest import compiles, derivatives, transforms

IDS = torch.tensor([0, 3, -100, 4])
EVERY_ID = torch.tensor([0, 3, 1, 4])
SHARES = torch.softmax(torch.linspace(-1, 1, 20, dtype=torch.float64).sin().reshape(4, 5), 1)
WEIGHT = torch.tensor([0.5, 1.0, 0.0, -2.0, 3.0], dtype=torch.float64)
FUNCTIONS = {
    "softmax": lambda f, x: f.softmax(x, 1),
    "softmin": lambda f, x: f.softmin(x, 0),
    "log_softmax": lambda f, x: f.log_softmax(x, dim=-1),
    "logsigmoid": lambda f, x: f.logsigmoid(x),
    "cross_entropy": lambda f, x: f.cross_entropy(x, IDS, label_smoothing=0.1),
    "cross_entropy, weighted": lambda f, x: f.cross_entropy(x, IDS, WEIGHT),
    "cross_entropy, weighted and smoothed": lambda f, x: f.cross_entropy(
        x, IDS, WEIGHT, label_smoothing=0.1, reduction="none"
    ),
    "cross_entropy, weighted mean, smoothed": lambda f, x: f.cross_entropy(
        x, EVERY_ID, -WEIGHT, label_smoothing=0.1
    ),
    "cross_entropy of probabilities": lambda f, x: f.cross_entropy(x, SHARES, label_smoothing=0.1),
    "cross_entropy of probabilities, weighted": lambda f, x: f.cross_entropy(
        x, SHARES, WEIGHT, reduction="sum"
    ),
    "nll_loss": lambda f, x: f.nll_loss(x, IDS, WEIGHT.abs()),
    "binary_cross_entropy": lambda f, x: f.binary_cross_entropy_with_logits(x, SHARES),
    "binary_cross_entropy, weighted": lambda f, x: f.binary_cross_entropy_with_logits(
        x, SHARES, WEIGHT, pos_weight=WEIGHT.abs()
    ),
    "binary_cross_entropy, with weights": lambda f, x: f.binary_cross_entropy_with_logits(
        x, SHARES, WEIGHT, reduction="sum"
    ),
    "binary_cross_entropy, pos_weight": lambda f, x: f.binary_cross_entropy_with_logits(
        x, SHARES, pos_weight=WEIGHT.abs()
    ),
    "binary_cross_entropy, pos_weight of any sign": lambda f, x: f.binary_cross_entropy_with_logits(
        x, SHARES, pos_weight=WEIGHT, reduction="none"
    ),
    "multi_margin_loss": lambda f, x: f.multi_margin_loss(x, EVERY_ID, p=2, weight=WEIGHT),
    "multi_margin_loss, trailing": lambda f, x: f.multi_margin_loss(x, EVERY_ID, margin=-0.1),
    "linear_cross_entropy": lambda f, x: f.linear_cross_entropy(
        x, x + 1, IDS.remainder(4), linear_bias=x[0, :4]
    ),
    "linear_cross_entropy, weighted and smoothed": lambda f, x: f.linear_cross_entropy(
        x, x + 1, EVERY_ID.clamp(max=3), weight=WEIGHT[1:], label_smoothing=0.2
    ),
    "linear_cross_entropy of probabilities, weighted": lambda f, x: f.linear_cross_entropy(
        x, x + 1, SHARES[:, 1:] + 0.1, weight=WEIGHT[1:], label_smoothing=0.2
    ),
}
EVERY = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


@pytest.fixture
def x():
    return torch.randn(4, 5, dtype=torch.float64, requires_grad=True)


@EVERY
def test_the_meaning_is_pytorchs(function, x):
    got, expected = function(ours, x), function(theirs, x)
    torch.testing.assert_close(got, expected)
    (got_grad,) = torch.autograd.grad(got.sum(), x)
    (expected_grad,) = torch.autograd.grad(expected.sum(), x)
    torch.testing.assert_close(got_grad, expected_grad)


@EVERY
def test_derivatives(function, x):
    derivatives(lambda x: function(ours, x), x)


@EVERY
def test_transforms(function, x):
    transforms(lambda x: function(ours, x), x)


@EVERY
def test_compiled(function, x):
    compiles(lambda x: function(ours, x), x)


@pytest.mark.parametrize(
    "name",
    [
        *["softmax", "log_softmax", "softmin", "cross_entropy", "nll_loss", "multi_margin_loss"],
        *["binary_cross_entropy_with_logits", "linear_cross_entropy"],
    ],
)
def test_signatures(name):
    got, expected = (inspect.signature(getattr(room, name)) for room in (ours, theirs))
    assert list(got.parameters) == list(expected.parameters)
    for one, other in zip(got.parameters.values(), expected.parameters.values(), strict=True):
        assert (one.default, one.kind) == (other.default, other.kind)


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy_with_logits"])
@pytest.mark.parametrize("mode", ["backward", "forward", "func", "inference"])
def test_the_target_may_ask_for_a_gradient(name, mode, x):
    """By every road: none may be missing without a word."""
    x, target = x.detach(), SHARES.clone()
    target[0] = torch.tensor([1.0, 0, 0, 0, 0])
    gradients = []
    for room in (ours, theirs):
        function = getattr(room, name)
        of_target = lambda t, function=function: function(x, t)  # noqa: E731
        if mode == "backward":
            asks = target.clone().requires_grad_()
            gradients.append(torch.autograd.grad(of_target(asks), asks)[0])
        elif mode == "forward":
            gradients.append(torch.func.jvp(of_target, (target,), (x,))[1])
        elif mode == "func":
            gradients.append(torch.func.grad(of_target)(target))
        else:
            with torch.no_grad():
                gradients.append(of_target(target.clone().requires_grad_()))
    torch.testing.assert_close(*gradients)


def test_exact_where_pytorch_is_not():
    z = torch.tensor([[40.0, 0.0]], requires_grad=True)
    y = torch.tensor([0])
    assert theirs.cross_entropy(z, y).item() == 0
    value = ours.cross_entropy(z, y, torch.tensor([2.0, 1.0]))
    value.backward()
    assert value.item() == pytest.approx(4.248354255291589e-18, rel=1e-6)
    assert z.grad[0, 0].item() == pytest.approx(-4.248354255291589e-18, rel=1e-6)
    impossible = torch.tensor([[-torch.inf, 1.0]], requires_grad=True)
    shares, yes = torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, 1.0]])
    assert theirs.cross_entropy(impossible, shares).isnan()
    assert ours.cross_entropy(impossible, shares).item() == 0
    assert ours.cross_entropy(impossible, shares, torch.ones(2)).item() == 0
    assert theirs.binary_cross_entropy_with_logits(impossible, yes).isnan()
    for pos_weight in (None, torch.ones(2)):
        value = ours.binary_cross_entropy_with_logits(impossible, yes, pos_weight=pos_weight)
        assert value.item() == pytest.approx(0.3132616875 / 2)
        (grad,) = torch.autograd.grad(value, impossible)
        assert grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_yes_and_no_keep_their_digits_whatever_a_yes_counts(dtype):
    """Where the target is almost yes, and the logit says so, the loss is made of no."""
    yes = torch.tensor([1 - 2.0**-20, 1.0, 0.0, 0.25], dtype=dtype)
    z = torch.tensor([50.0, 30.0, -30.0, 1.0], dtype=dtype)
    pos_weight = torch.tensor([1e3, 0.5, 2.0, 0.0], dtype=dtype)
    got = ours.binary_cross_entropy_with_logits(z, yes, pos_weight=pos_weight, reduction="none")
    w, p, x = pos_weight.double(), yes.double(), z.double()
    small = torch.log1p(torch.exp(-x.abs()))
    expected = w * p * ((-x).clamp(min=0) + small) + (1 - p) * (x.clamp(min=0) + small)
    torch.testing.assert_close(got.double(), expected, rtol=4 * torch.finfo(dtype).eps, atol=0)


def test_weights_on_a_device(x, monkeypatch):
    """Tensors of the CPU stand for those of a device, which have another way to the same."""
    names = [name for name in FUNCTIONS if "weight" in name]
    expected = [FUNCTIONS[name](ours, x) for name in names]
    gradients = [torch.autograd.grad(one.sum(), x)[0] for one in expected]
    monkeypatch.setattr("normexp.torch.views.on_host", lambda x: False)
    for name, value, gradient in zip(names, expected, gradients, strict=True):
        got = FUNCTIONS[name](ours, x)
        torch.testing.assert_close(got, value, rtol=1e-10, atol=1e-13)
        (grad,) = torch.autograd.grad(got.sum(), x)
        torch.testing.assert_close(grad, gradient, rtol=1e-10, atol=1e-13)


def test_what_weighs_nothing_is_left_out():
    """A sample of the weight 0 and one that is ignored, whatever they hold."""
    z = torch.tensor([[torch.nan, 1.0], [0.0, 1.0], [torch.inf, torch.nan]], requires_grad=True)
    y = torch.tensor([0, 1, -100])
    weight = torch.tensor([0.0, 1.0])
    for smoothing in (0.0, 0.1):
        value = ours.cross_entropy(z[1:], y[1:], weight, label_smoothing=smoothing)
        (grad,) = torch.autograd.grad(value, z)
        assert value.isfinite()
        assert grad.isfinite().all()
    value = ours.cross_entropy(z, y, weight)
    (grad,) = torch.autograd.grad(value, z)
    assert value.item() == pytest.approx(0.3132616875)
    assert grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64])
def test_ids_of_every_type(dtype):
    z = torch.randn(3, 4, 2, 2)
    ids = torch.randint(4, (3, 2, 2))
    weight = torch.rand(4)
    for given in (None, weight):
        for name in ("cross_entropy", "nll_loss"):
            got = getattr(ours, name)(z, ids.to(dtype), given)
            torch.testing.assert_close(got, getattr(theirs, name)(z, ids, given))
    flat = z[:, :, 0, 0]
    for given in (None, weight):
        got = ours.multi_margin_loss(flat, ids[:, 0, 0].to(dtype), weight=given)
        torch.testing.assert_close(got, theirs.multi_margin_loss(flat, ids[:, 0, 0], weight=given))


def test_nothing_to_average():
    z, y = torch.zeros(0, 3, requires_grad=True), torch.zeros(0, dtype=torch.int64)
    ignored = torch.full((2,), -100)
    for value in (
        ours.cross_entropy(z, y),
        ours.cross_entropy(z, y, torch.ones(3)),
        ours.cross_entropy(z, z.detach()),
        ours.cross_entropy(torch.zeros(2, 3), ignored),
        ours.cross_entropy(torch.zeros(2, 3), ignored, torch.ones(3)),
        ours.nll_loss(z, y),
        ours.binary_cross_entropy_with_logits(z, z.detach()),
        ours.binary_cross_entropy_with_logits(z, z.detach(), pos_weight=torch.ones(3)),
        ours.multi_margin_loss(z, y),
        ours.multi_margin_loss(z, y, weight=torch.ones(3)),
    ):
        assert value.isnan()
    assert ours.cross_entropy(z, y, reduction="none").shape == (0,)
    assert ours.cross_entropy(z, y, reduction="sum") == 0
    assert ours.softmax(z[:, :0], 1).shape == (0, 0)
    assert torch.equal(ours.logsumexp(torch.zeros(2, 0), 1), torch.full((2,), -torch.inf))


def test_autocast():
    z, y = torch.randn(4, 5, dtype=torch.bfloat16), EVERY_ID
    shares = SHARES.float()
    calls = [
        lambda f: f.softmax(z, 1),
        lambda f: f.log_softmax(z, 1),
        lambda f: f.logsigmoid(z),
        lambda f: f.cross_entropy(z, y),
        lambda f: f.cross_entropy(z, shares.bfloat16()),
        lambda f: f.nll_loss(z, y),
        lambda f: f.binary_cross_entropy_with_logits(z, shares.bfloat16()),
        lambda f: f.multi_margin_loss(z, y),
    ]
    with torch.autocast("cpu", torch.bfloat16):
        for call in calls:
            assert call(ours).dtype == call(theirs).dtype
    assert ours.cross_entropy(z, y).dtype is torch.bfloat16


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("is_autocast", [False, True])
def test_a_linear_loss_has_the_type_and_errors_of_cross_entropy(dtype, is_autocast):
    x, w = torch.randn(4, 3, dtype=dtype), torch.randn(5, 3, dtype=dtype)
    targets = [EVERY_ID, SHARES, SHARES.float(), SHARES.bfloat16(), SHARES > 0.2, SHARES.long()]
    for target, weight in itertools.product(targets, [None, WEIGHT]):
        with torch.autocast("cpu", torch.bfloat16, enabled=is_autocast):
            if target.shape == SHARES.shape and not target.is_floating_point():
                with pytest.raises(ours.ArgumentError, match="must hold floating probabilities"):
                    ours.linear_cross_entropy(x, w, target, weight=weight)
                continue
            logits = nn.functional.linear(x, w)
            got = ours.linear_cross_entropy(x, w, target, weight=weight)
            expected = ours.cross_entropy(logits, target, weight)
            assert got.dtype is expected.dtype
            if weight is None:
                assert theirs.linear_cross_entropy(x, w, target).dtype is got.dtype
        exact = ours.cross_entropy(x.double() @ w.double().T, target, weight)
        torch.testing.assert_close(got, exact.to(got.dtype))
    shares = SHARES.clone()
    loss = ours.linear_cross_entropy(x.float(), w.float(), shares)
    logits = x.float().double() @ w.float().double().T
    torch.testing.assert_close(loss, ours.cross_entropy(logits, shares), rtol=1e-14, atol=0)


def test_the_implicit_axis_has_pytorchs_warning():
    z = torch.zeros(2, 3)
    for call in (ours.softmax, ours.log_softmax, ours.softmin):
        with pytest.warns(UserWarning, match="Implicit dimension choice") as seen:
            call(z)
        assert seen[0].filename == __file__


def test_old_names_of_reductions():
    z, y = torch.randn(4, 5), EVERY_ID
    with pytest.warns(UserWarning, match="size_average and reduce"):
        got = ours.cross_entropy(z, y, size_average=False)
    torch.testing.assert_close(got, ours.cross_entropy(z, y, reduction="sum"))
    with pytest.warns(UserWarning, match="size_average and reduce"):
        assert ours.multi_margin_loss(z, y, reduce=False).shape == (4,)


MODULES = [
    ("Softmax", {"dim": 1}, None),
    ("LogSoftmax", {"dim": 1}, None),
    ("CrossEntropyLoss", {"weight": WEIGHT.abs(), "label_smoothing": 0.1}, IDS),
    ("CrossEntropyLoss", {"reduction": "sum", "ignore_index": 3}, EVERY_ID),
    ("NLLLoss", {"weight": WEIGHT.abs(), "ignore_index": 3}, EVERY_ID),
    ("BCEWithLogitsLoss", {"weight": WEIGHT, "pos_weight": WEIGHT.abs()}, SHARES),
    ("MultiMarginLoss", {"p": 2, "margin": 0.5, "weight": WEIGHT.abs()}, EVERY_ID),
]


@pytest.mark.parametrize(("name", "options", "target"), MODULES)
def test_modules(name, options, target, x):
    module, as_before = getattr(ours, name)(**options), getattr(nn, name)(**options)
    assert isinstance(module, getattr(nn, name))
    assert repr(module) == repr(as_before)
    assert module.state_dict().keys() == as_before.state_dict().keys()
    given = (x,) if target is None else (x, target)
    torch.testing.assert_close(module(*given), as_before(*given))
    compiles(lambda x: module(x, *given[1:]), x)


@pytest.mark.parametrize("out_features", [(), (3, 2)])
def test_the_linear_module(out_features):
    options = {"out_features": out_features, "bias": True, "label_smoothing": 0.1}
    weight = torch.rand(5)
    module = ours.LinearCrossEntropyLoss(3, 5, weight=weight, **options)
    as_before = nn.LinearCrossEntropyLoss(3, 5, weight=weight, **options)
    assert isinstance(module, nn.LinearCrossEntropyLoss)
    as_before.load_state_dict(module.state_dict())
    x, y = torch.randn(6, 3), torch.randint(5, (6, *out_features))
    losses = module(x, y), as_before(x, y)
    torch.testing.assert_close(*losses)
    gradients = (
        torch.autograd.grad(loss, list(one.parameters()))
        for loss, one in zip(losses, (module, as_before), strict=True)
    )
    torch.testing.assert_close(*gradients)
    assert repr(module).startswith("LinearCrossEntropyLoss(")
    assert "in_features=3, num_classes=5" in repr(module)
    with pytest.raises(ours.ArgumentError, match=r"weight must have the shape \(5,\)"):
        ours.LinearCrossEntropyLoss(3, 5, weight=torch.ones(4))
    with pytest.raises(ours.ArgumentError, match="label_smoothing must be between 0 and 1"):
        ours.LinearCrossEntropyLoss(3, 5, label_smoothing=2)


REFUSED = [
    ("cross_entropy", (IDS[:3],), {}, r"class ids of shape \(4,\)"),
    ("cross_entropy", (EVERY_ID + 1,), {}, "class ids from 0 to 4"),
    ("cross_entropy", (EVERY_ID + 1, WEIGHT), {}, "class ids from 0 to 4"),
    ("cross_entropy", (IDS, WEIGHT[:4]), {}, "weight must hold a number for each of 5 classes"),
    ("cross_entropy", (IDS, WEIGHT.clone().requires_grad_()), {}, "weight has requires_grad"),
    ("cross_entropy", (IDS,), {"label_smoothing": 2}, "label_smoothing must be between 0"),
    ("cross_entropy", (SHARES, WEIGHT), {"label_smoothing": 2}, "label_smoothing must be betwee"),
    ("cross_entropy", (IDS,), {"reduction": "all"}, "all is not a valid value for reduction"),
    ("cross_entropy", (SHARES,), {"ignore_index": 1}, "ignore_index is for class ids"),
    ("cross_entropy", (-SHARES,), {}, "target must hold probabilities"),
    ("cross_entropy", (SHARES.long(),), {}, "must hold floating probabilities"),
    ("cross_entropy", ([0, 1, 2, 3],), {}, "target must be a tensor, got list"),
    ("cross_entropy", (IDS, [1.0] * 5), {}, "weight must be a tensor, got list"),
    ("nll_loss", (IDS, WEIGHT[:4]), {}, "weight must hold a number for each of 5 classes"),
    ("nll_loss", (IDS.double(),), {}, "target must hold integer class ids"),
    ("binary_cross_entropy_with_logits", (SHARES[:3],), {}, "target must have the shape of input"),
    ("binary_cross_entropy_with_logits", (SHARES + 1,), {}, "numbers between 0 and 1"),
    ("binary_cross_entropy_with_logits", (SHARES, WEIGHT[:4]), {}, "weight must broadcast"),
    ("multi_margin_loss", (EVERY_ID,), {"p": 3}, "p must be 1 or 2, got 3"),
    ("multi_margin_loss", (IDS,), {}, "class ids from 0 to 4"),
    ("multi_margin_loss", (EVERY_ID[:3],), {}, r"target must have the shape \(4,\)"),
    ("softmax", (5,), {}, "axis 5 is out of range"),
    ("linear_cross_entropy", (torch.ones(3, 4), IDS), {}, "linear_weight must have the shape"),
]


@pytest.mark.parametrize(("name", "args", "options", "words"), REFUSED)
def test_what_is_refused(name, args, options, words, x):
    for kind in (ValueError, TypeError, IndexError, RuntimeError):
        if "valid value" in words and kind is not ValueError:
            continue
        with pytest.raises(kind, match=words):
            getattr(ours, name)(x, *args, **options)


def test_other_kinds_of_tensors_are_refused():
    with pytest.raises(ours.ArgumentError, match="complex64"):
        ours.softmax(torch.zeros(2, 3, dtype=torch.complex64), 1)
    with pytest.raises(ours.ArgumentError, match="dense tensor"):
        ours.softmax(torch.zeros(2, 3).to_sparse(), 1)
    with pytest.raises(ours.ArgumentError, match="input must be a tensor, got list"):
        ours.softmax([1.0, 2.0], 0)
    with pytest.raises(ours.ArgumentError, match="axis of classes"):
        ours.cross_entropy(torch.tensor(1.0), torch.tensor(0))


def test_tensors_without_numbers():
    z = torch.empty(4, 5, device="meta", dtype=torch.bfloat16)
    y = torch.empty(4, dtype=torch.int32, device="meta")
    weight = torch.empty(5, device="meta")
    for value in (ours.cross_entropy(z, y), ours.cross_entropy(z, y, weight)):
        assert value.dtype is torch.bfloat16
        assert value.shape == ()
