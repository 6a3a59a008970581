"""Statistics of rows of a linear map are those of all its logits, in values and gradients."""

import numpy as np
import pytest

import normexp as nex

torch = pytest.importorskip("torch")
F = torch.nn.functional

SAMPLES, INPUTS, CLASSES = 7, 4, 5
IDS = torch.tensor([0, 3, -100, 4, 1, 1, 2])
WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 0.0, 1.0, 3.0, 0.25], dtype=torch.float64)
MASK = torch.rand(SAMPLES, CLASSES, generator=torch.Generator().manual_seed(0)) < 0.7
MASK[torch.arange(SAMPLES), IDS.clamp(min=0)] = True
LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(softcap=3.0, temperature=2.0, label_smoothing=0.1, z_loss=0.01),
]
EVERY = pytest.mark.parametrize("loss", LOSSES, ids=repr)


@pytest.fixture(autouse=True)
def tiles_of_three_rows(monkeypatch):
    monkeypatch.setattr("normexp.linear_loss.TILE_BYTES", 1)
    monkeypatch.setattr("normexp.linear_loss.TILE_ROWS", 3)


@pytest.fixture
def of_map():
    return tuple(
        torch.randn(*shape, dtype=torch.float64, requires_grad=True)
        for shape in ((SAMPLES, INPUTS), (CLASSES, INPUTS), (CLASSES,))
    )


def by_hand(loss, z, where=None):
    """Of all logits, by PyTorch."""
    told = IDS, WEIGHTS, where
    losses = nex.CrossEntropy(**{**vars(loss), "reduction": "none"})(z, *told)
    read = z if loss.softcap is None else loss.softcap * torch.tanh(z / loss.softcap)
    read = read / loss.temperature
    if where is not None:
        read, z = (one.masked_fill(~where, -torch.inf) for one in (read, z))
    log_p, counts = F.log_softmax(read, -1), IDS >= 0
    at = IDS.clamp(min=0)[:, None]
    entropy = torch.special.entr(log_p.exp()).sum(-1)
    rank = (z > z.gather(1, at)).sum(1) + 1
    return (
        losses,
        log_p.gather(1, at)[:, 0] * counts,
        read.logsumexp(-1) * counts,
        entropy * counts,
        torch.where(counts, z.argmax(1), -1),
        torch.where(counts, rank, 0),
    )


@EVERY
@pytest.mark.parametrize("where", [None, MASK], ids=["all", "masked"])
def test_statistics_and_their_gradients(loss, where, of_map):
    x, w, b = of_map
    got = loss.linear_statistics(x, w, IDS, b, WEIGHTS, where)
    expected = by_hand(loss, F.linear(x, w, b), where)
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other)
    for at in range(4):
        if at == 3 and where is not None:
            continue  # PyTorch's entropy of a class without probability has the gradient NaN
        upstream = torch.randn(SAMPLES, dtype=torch.float64)
        for one, other in zip(
            torch.autograd.grad(got[at], of_map, upstream, retain_graph=True),
            torch.autograd.grad(expected[at], of_map, upstream, retain_graph=True),
            strict=True,
        ):
            torch.testing.assert_close(one, other)
    assert not got.argmax.requires_grad
    arrays = [one.detach().numpy() for one in (x, w)], b.detach().numpy(), WEIGHTS.numpy()
    mask = None if where is None else where.numpy()
    of_arrays = loss.linear_statistics(*arrays[0], IDS.numpy(), *arrays[1:], mask)
    for one, other in zip(got, of_arrays, strict=True):
        assert np.array_equal(one.detach().numpy(), other)


@EVERY
def test_derivatives(loss, of_map):
    def function(x, w, b):
        return loss.linear_statistics(x, w, IDS, b, None, MASK)[:4]

    assert torch.autograd.gradcheck(function, of_map, check_batched_grad=True)
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    upstream = [torch.randn(SAMPLES, dtype=torch.float64) for _ in range(4)]
    for one, other in zip(
        torch.autograd.grad(compiled(*of_map), of_map, upstream),
        torch.autograd.grad(function(*of_map), of_map, upstream),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_only_what_is_asked_for(of_map):
    x, w, b = of_map
    loss = nex.CrossEntropy()
    whole = torch.autograd.grad(loss.linear_statistics(x, w, IDS, b).entropy.sum(), of_map)
    part = loss.linear_statistics(x, w.detach(), IDS, b.detach()).entropy.sum()
    torch.testing.assert_close(torch.autograd.grad(part, x)[0], whole[0])
    (grad,) = torch.autograd.grad(
        loss.linear_statistics(x, w, IDS).entropy.sum(), x, create_graph=True
    )
    with pytest.raises(NotImplementedError, match="no second"):
        grad.sum().backward()


def test_rows_that_are_left_out_may_hold_anything(of_map):
    x, w, b = of_map
    hidden = x.detach().clone()
    hidden[2] = torch.nan
    found = nex.CrossEntropy().linear_statistics(hidden.requires_grad_(), w, IDS, b)
    assert [one[2].item() for one in found] == [0, 0, 0, 0, -1, 0]
    (grad,) = torch.autograd.grad(found.entropy.sum(), w)
    assert torch.isfinite(grad).all()
    hidden = x.detach().clone()
    hidden[3] = torch.nan
    found = nex.CrossEntropy().linear_statistics(hidden, w, IDS, b)
    assert found.rank[3] == 0
    assert torch.isnan(found.entropy).nonzero().tolist() == [[3]]


def test_types_and_shapes():
    x, w = torch.randn(2, 3, INPUTS).bfloat16(), torch.randn(CLASSES, INPUTS).bfloat16()
    found = nex.CrossEntropy().linear_statistics(x, w, torch.zeros(2, 3, dtype=torch.int64))
    assert {one.shape for one in found} == {(2, 3)}
    assert [one.dtype for one in found] == [torch.float32] * 4 + [torch.int64] * 2
    one = nex.CrossEntropy().linear_statistics([1.0, 2.0], np.eye(3, 2), 0)
    assert one.rank == 2
    assert one.argmax == 1


def test_a_sure_row_keeps_its_digits():
    found = nex.CrossEntropy().linear_statistics([[1.0]], [[50.0], [0.0]], [0])
    np.testing.assert_allclose(found.log_probability, -np.exp(-50.0), rtol=1e-15)
    np.testing.assert_allclose(found.entropy, 51 * np.exp(-50.0), rtol=1e-14)


def test_bad_input():
    x, w = np.ones((2, 3)), np.ones((4, 3))
    with pytest.raises(TypeError, match="integer class ids: ranks are of one class"):
        nex.CrossEntropy().linear_statistics(x, w, np.full((2, 4), 0.25))
    with pytest.raises(ValueError, match="from_logits is False"):
        nex.CrossEntropy(from_logits=False).linear_statistics(x, w, [0, 1])
    with pytest.raises(ValueError, match="class ids from 0 to 3"):
        nex.CrossEntropy().linear_statistics(x, w, [0, 4])
