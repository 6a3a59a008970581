"""The linear loss of a device: chunks of rows, with every option, and nobody waits.

There is none here, so tensors of the CPU stand for them.
"""

import itertools

import pytest

import normexp as nex

from .test_linear_loss import (
    CLASSES,
    IDS,
    INPUTS,
    LOSSES,
    MASK,
    OF_CLASSES,
    SAMPLES,
    SHARES,
    WEIGHTS,
    assert_same,
    gradients,
)

torch = pytest.importorskip("torch")
ours = pytest.importorskip("normexp.torch")
F = torch.nn.functional

MORE = [
    nex.CrossEntropy(normalizer="valid", ignore_index=1),
    nex.CrossEntropy(normalizer="batch", empty="nan"),
    nex.SquaredError(reduction="sum"),
]


@pytest.fixture
def of_map():
    """Features, weight and bias."""
    return tuple(
        torch.randn(*shape, dtype=torch.float64, requires_grad=True)
        for shape in ((SAMPLES, INPUTS), (CLASSES, INPUTS), (CLASSES,))
    )


@pytest.fixture
def device(monkeypatch):
    """From when it is called: tensors of the CPU are those of a device, in chunks of three rows,
    each taken two rows at a time.
    """
    from normexp.torch import linear_on_device, views

    def begin():
        monkeypatch.setattr(views, "on_host", lambda x: False)
        for name in ("CHUNK_BYTES", "GROUP_BYTES", "ALL_BYTES", "PART_BYTES"):
            monkeypatch.setattr(linear_on_device, name, 1)
        monkeypatch.setattr(linear_on_device, "ROWS", 3)
        monkeypatch.setattr(linear_on_device, "STEP_BYTES", 2 * 8 * CLASSES)

    return begin


def results(loss, of_map, *told, recompute=False):
    """Value, gradients, and a second derivative."""
    x, w, b = of_map
    value = loss.linear(x, w, told[0], b, *told[1:], recompute=recompute)
    upstream = torch.linspace(-1.0, 2.0, value.numel(), dtype=value.dtype, device=value.device)
    upstream = upstream.reshape(value.shape)
    first = gradients(value, of_map, upstream, create_graph=True)
    along = sum((grad * grad.detach().cos()).sum() for grad in first)
    return value, *first, *gradients(along, of_map)


@pytest.mark.parametrize("loss", LOSSES + MORE, ids=repr)
def test_values_and_derivatives_are_those_of_the_cpu(loss, of_map, device):
    ids = IDS.clamp(min=0) if loss.ignore_index == 1 else IDS
    every = list(itertools.product((ids,), (None, WEIGHTS), (None, MASK), (False, True)))
    expected = [results(loss, of_map, *told[:3], recompute=told[3]) for told in every]
    device()
    for told, of_cpu in zip(every, expected, strict=True):
        got = results(loss, of_map, *told[:3], recompute=told[3])
        assert_same(got, of_cpu, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    "loss",
    [
        nex.CrossEntropy(label_smoothing=0.1, class_weight=OF_CLASSES, softcap=4.0, z_loss=0.1),
        nex.CrossEntropy(reduction="none", temperature=2.0),
        nex.SquaredError(),
        nex.BinaryCrossEntropy(pos_weight=2.0),
        nex.BinaryCrossEntropy(reduction="none", normalizer="full"),
    ],
    ids=repr,
)
def test_a_target_of_probabilities(loss, of_map, device):
    shares = SHARES * MASK  # with any other the loss is inf
    targets = shares, shares.float(), shares.bfloat16()
    expected = [results(loss, of_map, target, None, MASK) for target in targets]
    device()
    for target, of_cpu in zip(targets, expected, strict=True):
        got = results(loss, of_map, target, None, MASK)
        assert_same(got, of_cpu, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("rest", ["ignore", "uniform", "renormalize"])
def test_a_target_of_the_best_of_a_teacher(rest, of_map, device):
    teacher = nex.SparseTarget(SHARES.topk(2).indices, SHARES.topk(2).values, rest)
    loss = nex.CrossEntropy(label_smoothing=0.1, class_weight=OF_CLASSES)
    logits = F.linear(*of_map)
    masks = None, MASK

    def both(where):
        of_rows = loss(logits, teacher, WEIGHTS, where)
        return *results(loss, of_map, teacher, WEIGHTS, where), of_rows

    expected = [both(where) for where in masks]
    device()
    for where, of_cpu in zip(masks, expected, strict=True):
        assert_same(both(where), of_cpu, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("kinds", [("float32",) * 3, ("float32", "bfloat16", "float32"),
                                   ("bfloat16", "float32", "bfloat16"), ("float16",) * 3,
                                   ("bfloat16",) * 3, ("bfloat16", "bfloat16", "float32")],
                         ids="-".join)  # fmt: skip
@pytest.mark.parametrize("accuracy", ["exact", "fast"])
def test_types(kinds, accuracy, of_map, device):
    """A loss of float32; gradients in the types of what they are of, as close as these allow."""
    given = [
        one.detach().to(getattr(torch, kind)).requires_grad_()
        for one, kind in zip(of_map, kinds, strict=True)
    ]
    loss = nex.CrossEntropy(label_smoothing=0.1)
    value = loss.linear(*given[:2], IDS, given[2])
    expected = value, *gradients(value, given)
    device()
    with nex.accuracy(accuracy):
        value = loss.linear(*given[:2], IDS, given[2])
        got = value, *gradients(value, given)
    is_short = "bfloat16" in kinds[0] and "bfloat16" in kinds[1]
    of_loss = 2e-2 if is_short and accuracy == "fast" else 1e-6
    torch.testing.assert_close(got[0], expected[0], rtol=of_loss, atol=0)
    for one, other in zip(got[1:], expected[1:], strict=True):
        eps = torch.finfo(torch.bfloat16 if is_short else one.dtype).eps
        torch.testing.assert_close(one, other, rtol=8 * eps, atol=eps)


def test_confident_rows_of_bfloat16_keep_their_digits(device):
    """Logits that bfloat16 cannot hold: the loss is of float32 logits, as on the CPU."""
    x = torch.tensor([[1.0, 0.03125]], dtype=torch.bfloat16)
    w = torch.tensor([[20.0, 1.0], [0.0, 0.0]], dtype=torch.bfloat16)
    expected = nex.CrossEntropy().linear(x, w, torch.tensor([0]))
    device()
    torch.testing.assert_close(
        nex.CrossEntropy().linear(x, w, torch.tensor([0])), expected, rtol=1e-6, atol=0
    )


def test_a_factor_goes_into_gradients_in_place_or_not_at_all(of_map, device):
    device()
    for factor in (1.0, -2.5):
        value = nex.CrossEntropy().linear(*of_map[:2], IDS, of_map[2])
        above = torch.full_like(value, factor)
        once = gradients(value, of_map, retain_graph=True)
        kept = gradients(value, of_map, above, retain_graph=True)
        assert_same(kept, [factor * one for one in once])
        assert_same(gradients(value, of_map, above), kept)
    half = torch.randn(50, 3).bfloat16()
    from normexp.kernels import tensors

    third = torch.tensor(1 / 3)
    expected = (half.float() / 3).bfloat16()
    assert torch.equal(tensors.scale(half.clone(), third), expected)
    assert torch.equal(tensors.scale(half[0, 0].clone(), third), expected[0, 0])


def test_autocast_rounds_nothing(of_map, device):
    x, w, b = (one.detach().float().requires_grad_() for one in of_map)
    device()
    expected = nex.CrossEntropy().linear(x, w, IDS, b)
    with torch.autocast("cpu", torch.bfloat16):
        got = nex.CrossEntropy().linear(x, w, IDS, b)
    assert_same([got, *gradients(got, (x, w))], [expected, *gradients(expected, (x, w))],
                rtol=0, atol=0)  # fmt: skip


def test_what_is_left_out_may_hold_anything(of_map, device):
    x, w, b = of_map
    hidden = x.detach().clone()
    hidden[2] = torch.nan
    hidden.requires_grad_()
    device()
    for loss, target in ((nex.CrossEntropy(), IDS), (nex.BinaryCrossEntropy(), SHARES)):
        told = (None, None)
        if target is SHARES:
            told = (torch.ones(SAMPLES, CLASSES).index_fill(0, torch.tensor([2]), 0), None)
        got = results(loss, (hidden, w, b), target, *told)
        assert all(torch.isfinite(one).all() for one in got[1:])
        assert not got[1][2].any()


def test_bad_input(of_map, device):
    x, w, b = of_map
    device()
    loss = nex.CrossEntropy()
    with pytest.raises(RuntimeError, match="class ids of the logits"):  # an assertion there
        loss.linear(x, w, torch.tensor([0, 5, 1, 1, 1, 1, 1]), b)
    with pytest.raises(ValueError, match=r"bias must have the shape \(5,\), got \(4,\)"):
        loss.linear(x, w, IDS, b[:4])
    with pytest.raises(TypeError, match="float16 and bfloat16 together"):
        loss.linear(x.half(), w.bfloat16(), IDS)
    few = nex.SparseTarget(torch.tensor([[0, 9]] * SAMPLES), torch.ones(SAMPLES, 2))
    with pytest.raises(RuntimeError, match=r"target.ids must hold class ids"):
        loss.linear(x, w, few)
    with pytest.raises(RuntimeError, match="finite and not negative"):
        loss.linear(x, w, nex.SparseTarget(few.ids.clamp(max=4), -few.probabilities))
    with pytest.raises(TypeError, match=r"target\.ids must hold integer"):
        loss.linear(x, w, nex.SparseTarget(few.ids.double(), few.probabilities))
    with pytest.raises(ValueError, match=r"target.ids must have the shape \(7, 'k'\)"):
        loss.linear(x, w, nex.SparseTarget(few.ids[:3], few.probabilities[:3]))


def test_nothing_to_compute_with(of_map, device):
    _, w, b = of_map
    device()
    x = torch.empty(0, INPUTS, dtype=torch.float64, requires_grad=True)
    value = nex.CrossEntropy(empty="nan").linear(x, w, torch.empty(0, dtype=torch.int64), b)
    assert value.isnan()
    grads = gradients(value, (x, w, b))
    assert [grad.shape for grad in grads] == [(0, INPUTS), (CLASSES, INPUTS), (CLASSES,)]
    assert not any(grad.any() for grad in grads)


@pytest.mark.parametrize("reduction", ["sum", "none"])
@pytest.mark.parametrize(
    "size", [(4, 5, 0), (4, 0, 3), (0, 5, 3)], ids=["outputs", "inputs", "rows"]
)
def test_there_may_be_none(size, reduction, device):
    """Of the outputs, of the inputs or of the samples, on the CPU too."""
    rows, inputs, outputs = size
    x, w, b = of_map = tuple(
        torch.randn(*shape, dtype=torch.float64, requires_grad=True)
        for shape in ((rows, inputs), (outputs, inputs), (outputs,))
    )
    ids = torch.zeros(rows, dtype=torch.int64)
    cases = [(nex.BinaryCrossEntropy(reduction=reduction), torch.ones(rows, outputs))]
    if outputs:
        of_none = nex.SparseTarget(ids.new_empty(rows, 0), torch.empty(rows, 0), "uniform")
        cases += [(nex.CrossEntropy(reduction=reduction), target) for target in (ids, of_none)]
    expected = [loss(F.linear(x, w, b), target) for loss, target in cases]
    slopes = [gradients(one.sum(), of_map, create_graph=True) for one in expected]
    curves = [gradients(sum(g.exp().sum() for g in one), of_map) for one in slopes]
    for begin in (lambda: None, device):
        begin()
        for at, (loss, target) in enumerate(cases):
            value = loss.linear(*of_map[:2], target, b)
            assert_same([value], [expected[at]])
            got = gradients(value.sum(), of_map, create_graph=True)
            assert_same(got, slopes[at])
            assert_same(gradients(sum(g.exp().sum() for g in got), of_map), curves[at])
    z = torch.zeros(rows, outputs, dtype=torch.float64)
    told = {"pos_weight": torch.ones(outputs), "reduction": reduction}
    got = ours.binary_cross_entropy_with_logits(z, z, **told)
    assert_same([got], [F.binary_cross_entropy_with_logits(z, z, **told)])


def test_features_of_any_shape(of_map, device):
    _, w, b = of_map
    x = torch.randn(2, INPUTS, 3, dtype=torch.float64).mT.requires_grad_()
    target = IDS[:6].reshape(2, 3)
    for loss in (nex.CrossEntropy(), nex.CrossEntropy(reduction="none")):
        with pytest.MonkeyPatch.context() as patch:
            expected = results(loss, (x, w, b), target)
            patch.setattr("normexp.torch.views.on_host", lambda x: False)
            assert_same(results(loss, (x, w, b), target), expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    "loss",
    [
        nex.CrossEntropy(),
        nex.CrossEntropy(softcap=3.0, temperature=2.0, label_smoothing=0.1, z_loss=0.01),
    ],
    ids=repr,
)
@pytest.mark.parametrize("where", [None, MASK], ids=["all", "masked"])
def test_statistics_of_rows(loss, where, of_map, device):
    x, w, b = of_map

    def found(x, w, b):
        got = loss.linear_statistics(x, w, IDS, b, WEIGHTS, where)
        total = sum((k + 1.5) * one.cos().sum() for k, one in enumerate(got[:4]))
        alone = got.entropy.sum()
        return *got, *gradients(total, of_map, retain_graph=True), *gradients(alone, of_map)

    expected = found(*of_map)
    device()
    assert_same(found(*of_map), expected, rtol=1e-10, atol=1e-13)
    with pytest.raises(TypeError, match="must hold integer class ids"):
        loss.linear_statistics(x, w, SHARES, b)
    with pytest.raises(ValueError, match="from_logits is False"):
        nex.CrossEntropy(from_logits=False).linear_statistics(x, w, IDS, b)


def test_compiled(of_map, device):
    device()

    def function(x, w, b):
        return nex.CrossEntropy(label_smoothing=0.1).linear(x, w, IDS, b, WEIGHTS)

    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    got, expected = compiled(*of_map), function(*of_map)
    assert torch.equal(got, expected)
    assert_same(gradients(got, of_map), gradients(expected, of_map))
