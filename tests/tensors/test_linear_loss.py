"""The linear loss of tensors is the plain loss of `F.linear`, with its derivatives, in tiles."""

import itertools

import numpy as np
import pytest

import normexp as nex
from normexp.losses import RowLoss

torch = pytest.importorskip("torch")
F = torch.nn.functional

SAMPLES, INPUTS, CLASSES = 7, 4, 5
IDS = torch.tensor([0, 3, -100, 4, 1, 1, 2])
SHARES = torch.tensor(np.random.default_rng(0).dirichlet(np.ones(CLASSES), SAMPLES))
WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 0.0, 1.0, 3.0, 0.25], dtype=torch.float64)
MASK = torch.rand(SAMPLES, CLASSES, generator=torch.Generator().manual_seed(0)) < 0.7
MASK[torch.arange(SAMPLES), IDS.clamp(min=0)] = True
OF_CLASSES = (0.5, 1.0, 2.0, 1.5, 0.25)
LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(
        label_smoothing=0.1, z_loss=0.01, softcap=3.0, temperature=2.0, class_weight=OF_CLASSES
    ),
    nex.CrossEntropy(reduction="sum", normalizer=3.0),
    nex.CrossEntropy(normalizer=7.5),
    nex.CrossEntropy(reduction="none", label_smoothing=0.1),
    nex.MulticlassHinge(),
    nex.MulticlassHinge(squared=True, reduction="none"),
    nex.MulticlassHinge(variant="crammer-singer", squared=True),
    nex.SquaredError(on="probabilities"),
    nex.Focal(gamma=2.0),
]
EVERY = pytest.mark.parametrize("loss", LOSSES, ids=repr)


@pytest.fixture(autouse=True)
def tiles_of_three_rows(monkeypatch):
    monkeypatch.setattr("normexp.linear_loss.TILE_BYTES", 1)
    monkeypatch.setattr("normexp.linear_loss.TILE_ROWS", 3)


@pytest.fixture
def of_map():
    """Features, weight and bias."""
    return tuple(
        torch.randn(*shape, dtype=torch.float64, requires_grad=True)
        for shape in ((SAMPLES, INPUTS), (CLASSES, INPUTS), (CLASSES,))
    )


def without_graph(tensors):
    return tuple(one.detach() for one in tensors)


def gradients(value, of, upstream=None, **options):
    upstream = torch.ones_like(value) if upstream is None else upstream
    return torch.autograd.grad(value, of, upstream, **options)


def assert_same(got, expected, **tolerance):
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, **tolerance)


@EVERY
@pytest.mark.parametrize("recompute", [False, True])
def test_value_and_gradients_are_those_of_all_logits(loss, recompute, of_map):
    x, w, b = of_map
    for told in itertools.product((IDS,), (None, WEIGHTS), (None, MASK)):
        got = loss.linear(x, w, told[0], b, *told[1:], recompute=recompute)
        expected = loss(F.linear(x, w, b), *told)
        torch.testing.assert_close(got, expected)
        upstream = torch.randn_like(expected)
        assert_same(gradients(got, of_map, upstream), gradients(expected, of_map, upstream))
        torch.testing.assert_close(loss.linear(*without_graph((x, w)), told[0], b, *told[1:]), got)


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize(
    "loss",
    [
        nex.CrossEntropy(label_smoothing=0.1, class_weight=OF_CLASSES, softcap=4.0, z_loss=0.1),
        nex.SquaredError(),
        nex.BinaryCrossEntropy(pos_weight=2.0),
    ],
    ids=repr,
)
def test_a_target_of_probabilities(loss, reduction, of_map):
    loss = type(loss)(**{**vars(loss), "reduction": reduction})
    x, w, b = of_map
    got, expected = loss.linear(x, w, SHARES, b), loss(F.linear(x, w, b), SHARES)
    torch.testing.assert_close(got, expected)
    upstream = torch.randn_like(expected)
    assert_same(gradients(got, of_map, upstream), gradients(expected, of_map, upstream))


@pytest.mark.parametrize("loss", [LOSSES[1], LOSSES[4], LOSSES[6]], ids=repr)
def test_derivatives(loss, of_map):
    def function(x, w, b):
        return loss.linear(x, w, IDS, b, WEIGHTS, MASK)

    check = torch.autograd.gradcheck
    assert check(function, of_map, check_forward_ad=True, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(
        function, of_map, check_fwd_over_rev=True, check_rev_over_rev=True
    )


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_transforms(reduction, of_map):
    loss, given = nex.CrossEntropy(softcap=3.0, reduction=reduction), without_graph(of_map)
    places = 0, 1, 2

    def of_tiles(*of_map):
        return loss.linear(*of_map[:2], IDS, of_map[2])

    def of_logits(*of_map):
        return loss(F.linear(*of_map), IDS).sum()

    by_rows = torch.func.jacrev(of_tiles, places)(*given)
    assert_same(by_rows, torch.func.jacfwd(of_tiles, places)(*given))

    def of_features(function):
        return lambda x: function(x, *given[1:]).sum()

    expected = torch.func.hessian(of_features(of_logits))(given[0])
    for outer, inner in itertools.product((torch.func.jacrev, torch.func.jacfwd), repeat=2):
        if outer is not inner or inner is torch.func.jacrev:  # or else an error, as of logits
            got = outer(inner(of_features(of_tiles)))(given[0])
            torch.testing.assert_close(got, expected)
    batch = torch.stack([given[0], 2 * given[0]])
    mapped = torch.func.vmap(of_tiles, (0, None, None))(batch, *given[1:])
    assert_same(mapped, [of_tiles(one, *given[1:]) for one in batch])


@pytest.mark.parametrize("loss", [LOSSES[1], LOSSES[4], LOSSES[6]], ids=repr)
def test_compiled(loss, of_map):
    def function(x, w, b):
        return loss.linear(x, w, IDS, b, WEIGHTS, MASK)

    def total(*of_map):
        return function(*of_map).sum()

    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    got, expected = compiled(*of_map), function(*of_map)
    assert torch.equal(got, expected)
    upstream = torch.randn_like(expected)
    assert_same(gradients(got, of_map, upstream), gradients(expected, of_map, upstream))
    grad = torch.compile(torch.func.grad(total, (0, 1, 2)), fullgraph=True, backend="aot_eager")
    assert_same(grad(*without_graph(of_map)), gradients(total(*of_map), of_map))


def test_only_what_is_asked_for_is_differentiated(of_map):
    x, w, b = of_map
    loss = nex.CrossEntropy()
    every = gradients(loss.linear(x, w, IDS, b), of_map)
    for recompute in (False, True):
        value = loss.linear(x, w.detach(), IDS, b.detach(), recompute=recompute)
        assert_same(gradients(value, (x,)), every[:1])
        value = loss.linear(x.detach(), w, IDS, b, recompute=recompute)
        assert_same(gradients(value, (w, b)), every[1:])
        value = loss.linear(x.detach(), w.detach(), IDS, b, recompute=recompute)
        assert_same(gradients(value, (b,)), every[2:])
    assert not loss.linear(*without_graph((x, w)), IDS).requires_grad
    with torch.no_grad():
        assert not loss.linear(x, w, IDS, b).requires_grad


def test_a_backward_pass_that_is_made_twice(of_map):
    x, w, b = of_map
    for recompute in (False, True):
        value = nex.CrossEntropy().linear(x, w, IDS, b, recompute=recompute)
        once = gradients(value, of_map, retain_graph=True)
        thrice = gradients(value, of_map, 3 * torch.ones_like(value), retain_graph=True)
        assert_same(thrice, [3 * one for one in once])
        before = [one.clone() for one in once]
        twice = gradients(value, of_map, torch.full_like(value, -2.0))
        assert_same(twice, [-2 * one for one in before])
        assert_same(once, before)


@pytest.mark.parametrize("recompute", [False, True])
def test_gradients_are_memory_of_their_own(recompute, of_map):
    """Who writes into one changes no other, and nothing that the loss keeps."""
    value, *outputs = nex.CrossEntropy().linear_value_and_grad(*of_map[:2], IDS, of_map[2])
    before = [one.detach().clone() for one in outputs]
    value.backward()
    for one in of_map:
        one.grad.mul_(0)
    assert_same(outputs, before, rtol=0, atol=0)
    value = nex.CrossEntropy().linear(*of_map[:2], IDS, of_map[2], recompute=recompute)
    for _ in range(3):
        value.backward(retain_graph=True)
    assert_same([one.grad for one in of_map], [3 * one for one in before])
    for create_graph in (False, True):
        told = {"retain_graph": True, "create_graph": create_graph}
        for one in gradients(value, of_map, **told):
            one.data.mul_(2)
    assert_same(gradients(value, of_map), before, rtol=0, atol=0)


def test_a_penalty_on_a_gradient_without_the_graph_of_the_loss(of_map):
    x, w, b = of_map
    found = []
    for kept in (False, True):
        value = 2 * nex.CrossEntropy().linear(x, w, IDS, b)
        (grad,) = torch.autograd.grad(value, w, create_graph=True, retain_graph=kept)
        expected = 2 * nex.CrossEntropy().linear_value_and_grad(x, w, IDS, b).weight
        assert_same([grad], [expected], rtol=0, atol=0)
        assert grad.requires_grad
        if kept:
            found = gradients(grad.square().sum(), of_map)
        else:
            with pytest.raises(RuntimeError, match="a second time"):
                grad.square().sum().backward()
    plain = nex.CrossEntropy()(F.linear(x, w, b), IDS)
    (grad,) = torch.autograd.grad(2 * plain, w, create_graph=True)
    assert_same(found, gradients(grad.square().sum(), of_map))


ARRAYS = [
    (IDS, WEIGHTS, MASK),
    (SHARES, None, None),
    (nex.SparseTarget(torch.tensor([[0, 2]] * SAMPLES), SHARES[:, :2]), None, None),
]


@pytest.mark.parametrize("told", ARRAYS, ids=["ids", "probabilities", "sparse"])
@pytest.mark.parametrize("loss", [LOSSES[0], LOSSES[4]], ids=repr)
@pytest.mark.parametrize("recompute", [False, True])
def test_arrays_may_change_before_the_backward_pass(told, loss, recompute, of_map):
    def differentiated(change, *told):
        target, *others = told
        value = loss.linear(*of_map[:2], target, of_map[2], *others, recompute=recompute)
        if isinstance(target, nex.SparseTarget):
            told = target.ids, target.probabilities, *others
        for one in told if change else ():
            if one is not None:
                one[:] = 0
        first = gradients(value.sum(), of_map, create_graph=True)
        return *first, *gradients(sum(one.square().sum() for one in first), of_map)

    def as_array(one):
        if isinstance(one, nex.SparseTarget):
            return nex.SparseTarget(as_array(one.ids), as_array(one.probabilities))
        return None if one is None else one.numpy().copy()

    expected = differentiated(False, *told)
    assert_same(differentiated(True, *map(as_array, told)), expected, rtol=0, atol=0)


def test_the_vector_jacobian_product_is_linear_in_its_vector(of_map):
    x, w, b = without_graph(of_map)
    loss = nex.CrossEntropy(reduction="none")
    _, product = torch.func.vjp(lambda *of: loss.linear(*of[:2], IDS, of[2]), x, w, b)
    at, along = torch.randn(2, SAMPLES, dtype=torch.float64)
    here, change = torch.func.jvp(product, (at,), (along,))
    assert_same(here, product(at), rtol=0, atol=0)
    assert_same(change, product(along), rtol=0, atol=0)


@pytest.mark.parametrize("rest", ["ignore", "uniform", "renormalize"])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_target_of_the_best_of_a_teacher(rest, reduction, of_map):
    x, w, b = of_map
    teacher = nex.SparseTarget(SHARES.topk(2).indices, SHARES.topk(2).values, rest)
    dense = torch.zeros_like(SHARES).scatter_(1, teacher.ids, teacher.probabilities)
    if rest == "renormalize":
        dense /= dense.sum(1, keepdim=True)
    if rest == "uniform":
        dense += (dense == 0) * ((1 - dense.sum(1, keepdim=True)) / (CLASSES - 2))
    loss = nex.CrossEntropy(label_smoothing=0.1, class_weight=OF_CLASSES, reduction=reduction)
    expected = loss(F.linear(x, w, b), dense, WEIGHTS)
    upstream = torch.randn_like(expected)
    bound = loss.bind(teacher, classes=CLASSES, sample_weight=WEIGHTS)

    @torch.compile(fullgraph=True, backend="aot_eager")
    def compiled(x, w, b):
        return loss(F.linear(x, w, b), teacher, WEIGHTS)

    for got in (
        loss.linear(x, w, teacher, b, WEIGHTS),
        bound.linear(x, w, b),
        loss(F.linear(x, w, b), teacher, WEIGHTS),
        bound(F.linear(x, w, b)),
        compiled(x, w, b),
    ):
        torch.testing.assert_close(got, expected)
        assert_same(
            gradients(got, of_map, upstream, retain_graph=True),
            gradients(expected, of_map, upstream, retain_graph=True),
        )
    check = torch.autograd.gradgradcheck
    assert check(lambda *of_map: loss.linear(*of_map[:2], teacher, of_map[2]), of_map)
    with pytest.raises(TypeError, match="probabilities has requires_grad"):
        loss.linear(x, w, nex.SparseTarget(teacher.ids, SHARES.topk(2).values.requires_grad_()))


def test_value_and_gradients_at_once(of_map):
    x, w, b = of_map
    loss = nex.CrossEntropy(label_smoothing=0.1)
    expected = loss.linear_value_and_grad(*(one.detach().numpy() for one in (x, w)), IDS.numpy(),
                                          b.detach().numpy())  # fmt: skip
    got = loss.linear_value_and_grad(x, w, IDS, b)
    assert_same(without_graph(got), map(torch.as_tensor, expected))
    (second,) = torch.autograd.grad(got.weight.square().sum(), w)
    (by_hand,) = torch.autograd.grad(
        gradients(loss(F.linear(x, w, b), IDS), w, create_graph=True)[0].square().sum(), w
    )
    torch.testing.assert_close(second, by_hand)
    part = loss.linear_value_and_grad(x, w, IDS, features_grad=False)
    assert part.features is part.bias is None
    gradients(part.value, x)
    bound = loss.bind(IDS, classes=CLASSES)
    assert torch.equal(bound.linear(x, w, b), got.value)
    assert_same(bound.linear_value_and_grad(x, w, b), got, rtol=0, atol=0)
    with pytest.raises(ValueError, match=r"shape \(2, 5\), but the target is bound .* \(7, 5\)"):
        bound.linear(x[:2], w, b)
    with pytest.raises(ValueError, match="needs reduction 'mean' or 'sum', got 'none'"):
        nex.CrossEntropy(reduction="none").linear_value_and_grad(x, w, IDS)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_types(dtype, of_map):
    """The loss is of float32 and of the numbers as they are; each gradient is rounded once."""
    x, w, b = (one.detach().to(dtype).requires_grad_() for one in of_map)
    wide = [one.detach().double().requires_grad_() for one in (x, w, b)]
    value = nex.CrossEntropy().linear(x, w, IDS, b)
    assert value.dtype is torch.float32
    expected = nex.CrossEntropy()(F.linear(*wide), IDS)
    torch.testing.assert_close(value.double(), expected, rtol=1e-6, atol=0)
    for got, grad in zip(gradients(value, (x, w, b)), gradients(expected, wide), strict=True):
        assert got.dtype is dtype
        torch.testing.assert_close(got.double(), grad, rtol=torch.finfo(dtype).eps, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_second_derivatives_of_half_types(dtype, of_map, monkeypatch):
    monkeypatch.setattr("normexp._wide_weight.LEAST_BYTES", 4 * 2 * INPUTS)  # two classes at a time
    half = [one.detach().to(dtype).requires_grad_() for one in of_map]
    wide = [one.detach().double().requires_grad_() for one in half]

    def second(x, w, b):
        grads = gradients(nex.CrossEntropy().linear(x, w, IDS, b), (x, w), create_graph=True)
        return gradients(sum(grad.double().sum() for grad in grads), (x, w))

    for got, grad in zip(second(*half), second(*wide), strict=True):
        assert got.dtype is dtype
        torch.testing.assert_close(got.double(), grad, rtol=torch.finfo(dtype).eps, atol=1e-3)


def test_features_of_any_shape_and_layout(of_map):
    _, w, b = of_map
    loss = nex.CrossEntropy()
    x = torch.randn(2, INPUTS, 3, dtype=torch.float64).mT.requires_grad_()
    target = IDS[:6].reshape(2, 3)
    got = loss.linear(x, w.detach().T.contiguous().T, target, b)
    expected = loss(F.linear(x, w, b).reshape(6, -1), IDS[:6])
    torch.testing.assert_close(got, expected)
    assert_same(gradients(got, (x, b)), gradients(expected, (x, b)))
    one = loss.linear(x[0, 0], w, target[0, 0], b)
    torch.testing.assert_close(one, loss(F.linear(x[0, 0], w, b), target[0, 0]))


def test_micro_batches_with_an_exact_mean():
    """The sum of the weights of all batches divides each: the gradients add up to those of one."""
    torch.manual_seed(1)
    head = torch.nn.Linear(INPUTS, CLASSES, dtype=torch.float64)
    x = torch.randn(SAMPLES, INPUTS, dtype=torch.float64)
    nex.CrossEntropy().linear(x, head.weight, IDS, head.bias).backward()
    whole = [head.weight.grad.clone(), head.bias.grad.clone()]
    head.zero_grad()
    loss = nex.CrossEntropy(normalizer=float((IDS != -100).sum()))
    for part in (slice(0, 3), slice(3, 4), slice(4, 7)):
        loss.linear(x[part], head.weight, IDS[part], head.bias).backward()
    assert_same((head.weight.grad, head.bias.grad), whole)


def test_tied_weights():
    """The weight is the table that the features come from."""
    table = torch.randn(CLASSES, INPUTS, dtype=torch.float64, requires_grad=True)
    words = torch.tensor([0, 1, 4, 2, 2, 3, 1])
    got = nex.CrossEntropy().linear(table[words], table, IDS)
    expected = nex.CrossEntropy()(F.linear(table[words], table), IDS)
    assert_same(gradients(got, table), gradients(expected, table))


def test_a_loss_of_ones_own(of_map):
    class Perceptron(RowLoss):
        def of_rows(self, logits, target):
            rows, best = np.arange(len(logits)), logits.argmax(axis=1)
            grad = np.zeros_like(logits)
            grad[rows, best] += 1
            grad[rows, target] -= 1
            return logits[rows, best] - logits[rows, target], grad

    x, w, b = of_map
    got, expected = Perceptron().linear(x, w, IDS, b), Perceptron()(F.linear(x, w, b), IDS)
    assert_same(gradients(got, of_map), gradients(expected, of_map))
    value = Perceptron().linear(x, w, IDS, b)
    (grad,) = torch.autograd.grad(value, x, create_graph=True)
    with pytest.raises(TypeError, match="no Hessian product"):
        grad.sum().backward()


def test_no_third_derivative(of_map):
    x, w, _ = of_map
    (first,) = gradients(nex.CrossEntropy().linear(x, w, IDS), x, create_graph=True)
    (second,) = gradients(first.square().sum(), x, create_graph=True)
    with pytest.raises(NotImplementedError, match="no third"):
        gradients(second.sum(), x)


def test_an_ignored_sample_leaves_no_trace_whatever_it_holds(of_map):
    x, w, b = of_map
    hidden = x.detach().clone()
    hidden[2] = torch.nan
    hidden.requires_grad_()
    loss = nex.CrossEntropy(reduction="none")
    got, expected = loss.linear(hidden, w, IDS, b), loss.linear(x, w, IDS, b)
    assert torch.equal(got, expected)
    assert_same(gradients(got, (hidden, w, b)), gradients(expected, of_map))
    (first,) = gradients(nex.CrossEntropy().linear(hidden, w, IDS, b), w, create_graph=True)
    assert torch.isfinite(torch.stack(gradients(first.sum(), w))).all()


def test_tensors_without_numbers():
    x, w = torch.empty(SAMPLES, INPUTS, device="meta"), torch.empty(9, INPUTS, device="meta")
    y = torch.empty(SAMPLES, dtype=torch.int64, device="meta")
    assert nex.CrossEntropy().linear(x, w, y).shape == ()
    assert nex.CrossEntropy(reduction="none").linear(x, w, y).shape == (SAMPLES,)
    w.requires_grad_()
    nex.CrossEntropy().linear(x, w, y).backward()
    assert w.grad.shape == w.shape


def test_bad_input(of_map):
    x, w, b = of_map
    loss = nex.CrossEntropy()
    with pytest.raises(TypeError, match="weight must be a tensor"):
        loss.linear(x, w.detach().numpy(), IDS)
    with pytest.raises(TypeError, match="features must be a tensor"):
        loss.linear(x.detach().numpy(), w, IDS)
    with pytest.raises(TypeError, match="bias must be a tensor"):
        loss.linear(x, w, IDS, [0.0] * CLASSES)
    with pytest.raises(ValueError, match=r"\(classes, inputs\), got \(7, 4\) and \(4, 5\)"):
        loss.linear(x, w.T, IDS)
    with pytest.raises(ValueError, match=r"bias must have the shape \(5,\), got \(4,\)"):
        loss.linear(x, w, IDS, b[:4])
    with pytest.raises(ValueError, match=r"class ids from 0 to 4 .* got 5 at position 1"):
        loss.linear(x, w, torch.tensor([0, 5, 1, 1, 1, 1, 1]), b)
    with pytest.raises(TypeError, match="target has requires_grad"):
        loss.linear(x, w, SHARES.clone().requires_grad_(), b)
    with pytest.raises(TypeError, match="recompute must be True or False"):
        loss.linear(x, w, IDS, b, recompute=1)
    with pytest.raises(ValueError, match="the loss must have axis=-1"):
        nex.CrossEntropy(axis=0).linear(x, w, IDS, b)
    with pytest.raises(TypeError, match="float16 and bfloat16 together"):
        loss.linear(x.half(), w.bfloat16(), IDS)


def test_operators_keep_to_what_pytorch_asks_of_them(of_map):
    from normexp.torch.losses import name_of

    ops, given = torch.ops.normexp, without_graph(of_map)
    told = IDS, None, WEIGHTS, MASK, torch.linspace(-0.5, 2.0, CLASSES)
    for reduction in ("mean", "none"):
        name = name_of(nex.CrossEntropy(label_smoothing=0.1, reduction=reduction))
        upstream = torch.randn(SAMPLES) if reduction == "none" else None
        check = torch.library.opcheck
        check(ops.linear_loss.default, (*of_map, *told, "", name))
        wanted = "features weight"
        check(ops.linear_loss_with_gradient.default, (*of_map, *told, upstream, wanted, "", name))
        vectors = [torch.randn_like(one, requires_grad=True) for one in given]
        check(
            ops.linear_loss_hessian_product.default, (*given, *told, upstream, *vectors, "", name)
        )
