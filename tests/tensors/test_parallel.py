"""The vocabulary over two to four processes gives what one process gives, and no process hangs."""

import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import normexp as nex

torch = pytest.importorskip("torch")

from . import ranks  # noqa: E402  needs torch

COUNTS = 2, 3, 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the ranks have left what they found."""
    folder = tmp_path_factory.mktemp("ranks")
    script = subprocess.run([sys.executable, ranks.__file__, folder], stderr=subprocess.PIPE)
    assert script.stderr == b"", script.stderr.decode()
    assert script.returncode == 0
    return folder


@pytest.fixture(params=COUNTS, scope="module")
def count(request):
    return request.param


@pytest.fixture(scope="module")
def found(folder, count):
    """What each rank found."""
    return [torch.load(folder / f"{count}.{rank}.pt") for rank in range(count)]


@cache
def expected_of(case, of_head):
    return whole(ranks.Problem(*case), of_head)


def whole(problem, of_head, **told):
    """The loss and its gradients in one process; those of a linear map in float64."""
    if not of_head:
        (logits,) = given = ranks.leaves(problem.logits)
    else:
        features = problem.features.double()
        given = ranks.leaves(features, problem.weight.double(), problem.bias.double())
        logits = given[0] @ given[1].T + given[2]
    value = problem.loss(logits, problem.target(), **told)
    grads = torch.autograd.grad(problem.reached(value), given)
    return tuple(one.detach() for one in (value, *grads))


def joined(results, of_head, rows=None):
    """The loss, the same on every rank, and the gradients of all parts put together."""
    values, *grads = zip(*results, strict=True)
    for value in values:
        assert torch.equal(value, values[0])
    if not of_head:
        return values[0], torch.cat(grads[0], 1)
    of_features, *others = grads
    if rows is None:
        for one in of_features:
            assert torch.equal(one, of_features[0])
        of_features = of_features[:1]
    return values[0], *map(torch.cat, (of_features, *others))


def assert_same(got, expected, rtol, of_largest):
    """To a relative error, or one relative to the largest number where terms cancel."""
    for one, true in zip(got, expected, strict=True):
        assert one.shape == true.shape
        atol = of_largest * float(true.abs().max()) if true.numel() else 0.0
        torch.testing.assert_close(one.double(), true.double(), rtol=rtol, atol=atol)


def cases_of(loss):
    return [case for case in ranks.CASES if case[0] == loss]


@pytest.mark.parametrize("loss", ranks.LOSSES)
def test_the_parts_of_logits_are_the_whole(found, loss):
    for case in cases_of(loss):
        got = joined([one["results"]["logits", *case] for one in found], of_head=False)
        expected = expected_of(case, of_head=False)
        assert got[0].dtype == expected[0].dtype
        assert_same(got, expected, rtol=2.5e-7, of_largest=1e-9)


@pytest.mark.parametrize("loss", ranks.LOSSES)
def test_the_parts_of_a_head_are_the_whole(found, loss):
    for case in cases_of(loss):
        got = joined([one["results"]["head", *case] for one in found], of_head=True)
        assert_same(got, expected_of(case, of_head=True), rtol=1e-6, of_largest=1e-6)


@pytest.mark.parametrize("kind", ranks.TARGETS)
def test_classes_may_be_masked_and_rows_weighted(found, kind):
    case = "all of masses", kind, "uneven"
    problem = ranks.Problem(*case)
    told = {"where": problem.where, "sample_weight": problem.sample_weight}
    for of_head, name in enumerate(("masked logits", "masked head")):
        got = joined([one["results"][name, *case] for one in found], of_head)
        assert_same(got, whole(problem, of_head, **told), rtol=1e-6, of_largest=1e-6)


@pytest.mark.parametrize("kind", ranks.TARGETS)
@pytest.mark.parametrize("recompute", [False, True])
def test_rows_of_features_may_lie_on_ranks_too(found, kind, recompute):
    case = "all of masses", kind, "uneven"
    got = joined([one["results"]["rows", *case, recompute] for one in found], True, rows=True)
    assert_same(got, expected_of(case, of_head=True), rtol=1e-6, of_largest=1e-6)


def test_rows_on_ranks_have_losses_of_their_own(found):
    case = "by rows", "ids", "even"
    got = joined([one["results"]["rows", *case] for one in found], True, rows=True)
    assert_same(got, expected_of(case, of_head=True), rtol=1e-6, of_largest=1e-6)


@pytest.mark.parametrize("kind", ranks.TARGETS)
def test_float64_keeps_its_digits(found, kind):
    case = "all of masses", kind, "uneven"
    problem = ranks.Problem(*case, dtype=torch.float64)
    for of_head, name in enumerate(("wide logits", "wide head")):
        got = joined([one["results"][name, *case] for one in found], of_head)
        assert got[0].dtype == torch.float64
        assert_same(got, whole(problem, of_head), rtol=2e-14, of_largest=2e-15)


@pytest.mark.parametrize("kind", ranks.TARGETS)
def test_halves_are_computed_with_in_float32(found, kind):
    case = "all of masses", kind, "uneven"
    value, *grads = joined([one["results"]["half head", *case] for one in found], of_head=True)
    expected, *of_whole = whole(ranks.Problem(*case, dtype=torch.bfloat16), of_head=True)
    assert value.dtype == torch.float32
    assert_same([value], [expected], rtol=1e-6, of_largest=0.0)
    assert {grad.dtype for grad in grads} == {torch.bfloat16}
    assert_same(grads, of_whole, rtol=2.0**-8, of_largest=1e-6)


@pytest.mark.parametrize("kind", ranks.TARGETS)
def test_tensors_of_a_device_give_the_same(found, kind):
    """There is none here: tensors of the CPU stand for them."""
    case = "all of masses", kind, "uneven"
    for of_head, name in enumerate(("device logits", "device head")):
        got = joined([one["results"][name, *case] for one in found], of_head)
        assert_same(got, expected_of(case, of_head), rtol=1e-6, of_largest=1e-6)


@pytest.mark.parametrize("where", ["logits", "device logits"])
def test_a_confident_row_has_a_loss_and_a_gradient(found, where):
    """Whose logits lie on several ranks: no digit is lost to the sum with the largest."""
    case = "plain", "ids", "even"
    _, grad = joined([one["results"][where, *case] for one in found], of_head=False)
    _, expected = expected_of(case, of_head=False)
    assert 0 < -expected[2, 5] < 1e-14
    torch.testing.assert_close(grad[2], expected[2], rtol=2.5e-7, atol=0.0)


REFUSED = {
    "weight": ("RuntimeError: the arguments were refused on rank", "ValueError: features and wei"),
    "target": "ValueError: target must be the same on every rank, but on rank",
    "kind": "ValueError: target must be the same",
    "loss": "ValueError: loss must be the same",
    "sample_weight": "ValueError: sample_weight must be the same",
    "rows": "ValueError: target must be the same",
    "type": "ValueError: the type of the loss must be the same",
    "function": "ValueError: the function called must be the same",
    "class id": "ValueError: target must hold class ids from 0 to 22 (ignore_index is -100), got ",
    "few ids": "ValueError: target.ids must hold class ids from 0 to 22 where there is",
    "few shape": "ValueError: target.ids must have the shape (11, 'k')",
    "not a probability": ("RuntimeError: ", "ValueError: target must hold probabilities"),
    "mask": ("RuntimeError: ", "TypeError: where must hold booleans"),
    "weights": "ValueError: class_weight must hold a number for each of 23 classes, got 2",
    "no class": "ValueError: no rank of the group has any class",
    "other loss": "TypeError: loss must be a CrossEntropy of logits, got Focal()",
    "probabilities": "TypeError: loss must be a CrossEntropy of logits",
    "second derivative": "NotImplementedError: ",
    "second derivative of a head": "NotImplementedError: ",
    "list": "TypeError: logits must be a tensor, got list",
    "device": "TypeError: logits must be a plain tensor, got Tensor on meta",
    "target of some rows": "ValueError: target must be of the rows of all ranks, which are ",
    "features": "ValueError: what is differentiated must be the same",
    "dropout": "ValueError: the sum of features must be the same",
    "rounding": "no error",
    "nothing to average": "ValueError: target leaves nothing to average",
}


def test_what_does_not_fit_is_an_error_on_every_rank(found):
    assert found[0]["errors"].keys() == REFUSED.keys()
    for name, words in REFUSED.items():
        *others, last = [one["errors"][name] for one in found]
        for_others, for_last = (words, words) if isinstance(words, str) else words
        assert last.startswith(for_last), name
        assert all(error.startswith(for_others) for error in others), name


def test_a_rank_that_is_late_or_gone_is_an_error_of_the_others(folder, count):
    for rank in range(count - 1):
        error, seconds, late, wait = torch.load(folder / f"{count}.{rank}.end.pt")
        assert late.startswith("RuntimeError")
        assert wait < 20  # that group's timeout is 1
        assert error.startswith(("RuntimeError", "DistBackendError"))
        assert seconds < 40  # the group's timeout is 20
    assert not (folder / f"{count}.{count - 1}.end.pt").exists()


def test_a_dtensor_knows_its_ranks(found):
    problem = ranks.Problem("all of masses", "ids", "even")
    of_head = whole(problem, of_head=True)
    for one in (its["others"] for its in found):
        for how in "replicated", "sharded":
            assert_same(one["DTensor", how], of_head, rtol=1e-6, of_largest=1e-6)
        expected = whole(problem, of_head=False)
        assert_same(one["DTensor", "logits"], expected, rtol=2.5e-7, of_largest=1e-9)
        assert one["DTensor", "error"].startswith("ValueError: weight must be sharded along axis 0")
        assert one["DTensor", "group"].startswith("ValueError: group must be the one that logits")


def test_the_classes_may_stand_on_any_axis(found):
    problem = ranks.Problem("by rows", "ids", "even")
    loss = replace(problem.loss, axis=1)
    pixels = problem.logits.T.reshape(1, ranks.K, ranks.N)
    for one in found:
        got = one["others"]["axis"]
        expected = loss(pixels, problem.ids.reshape(1, ranks.N))
        torch.testing.assert_close(got, expected, rtol=2.5e-7, atol=0.0)


def test_logits_may_lie_in_any_order(found):
    problem = ranks.Problem("all", "ids", "even")
    pixels = problem.logits.T.reshape(1, ranks.K, ranks.N).requires_grad_()
    value = replace(problem.loss, axis=1)(pixels, problem.ids.reshape(1, ranks.N))
    (expected,) = torch.autograd.grad(value, pixels)
    grad = torch.cat([one["others"]["axis, turned"] for one in found], 1)
    assert_same([grad], [expected.detach()], rtol=2.5e-7, of_largest=1e-9)


def test_a_normalizer_counts_every_row_once(found, count):
    ids = ranks.Problem("plain", "ids", "even").ids
    batches = [one for rank in range(1, count) for one in (ids[:rank], ids[rank : rank + 2])]
    counted = torch.cat(batches)[torch.cat(batches) >= 0]
    weights = torch.tensor(ranks.WEIGHTS)[counted].sum()
    for one in (its["others"] for its in found):
        rows, weight = one["normalizer"]
        assert rows == len(counted)
        torch.testing.assert_close(weight.float(), weights)
        assert one["normalizer of nothing"] == 1.0
        assert one["normalizer raises"].startswith("ValueError: targets leave nothing to average")
        refused = one["normalizer of a sum"]
        assert refused.startswith(("RuntimeError: the arguments were refused", "ValueError: loss"))


def test_a_module_holds_its_part_of_a_head(found):
    problem = ranks.Problem(nex.CrossEntropy(label_smoothing=0.1), "ids", "even")
    weight, bias, grad = map(
        torch.cat, zip(*[one["others"]["module"] for one in found], strict=True)
    )
    assert weight.shape == (ranks.K, ranks.D)
    assert len(weight.unique()) == weight.numel()  # drawn anew on each rank
    assert weight.abs().max() <= ranks.D**-0.5
    weight.requires_grad_()
    value = problem.loss(problem.features @ weight.T + bias, problem.ids)
    (expected,) = torch.autograd.grad(value, weight)
    torch.testing.assert_close(grad, expected, rtol=1e-6, atol=1e-7)
    for one in found:
        alone = one["others"]["module without grad"]
        torch.testing.assert_close(alone, value.detach(), rtol=1e-6, atol=0.0)
        assert not alone.requires_grad


def test_a_gradient_may_be_asked_for_twice(found):
    for before, first, second in (one["others"]["asked twice"] for one in found):
        assert torch.equal(first, before)
        torch.testing.assert_close(second, 3 * before)


@pytest.fixture
def group_of_one():
    dist = torch.distributed
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_gradients_and_what_is_kept_are_memory_of_their_own(group_of_one):
    from normexp.torch import parallel

    logits = torch.randn(3, 4, requires_grad=True)
    value = parallel.cross_entropy(logits, torch.tensor([0, 3, 1]))
    (first,) = torch.autograd.grad(value, logits, retain_graph=True)
    before = first.clone()
    first.mul_(2)
    assert torch.equal(torch.autograd.grad(value, logits)[0], before)
    features, weight = torch.randn(3, 2), torch.randn(4, 2, requires_grad=True)
    found = []
    for change in (False, True):
        ids, of_rows = np.array([0, 3, 1]), torch.tensor([1.0, 2.0, 3.0])
        told = {"sample_weight": of_rows, "recompute": True}
        value = parallel.linear_cross_entropy(features, weight, ids, **told)
        if change:
            ids[:], of_rows[:] = 0, 0.0
        found += torch.autograd.grad(value, weight)
    assert torch.equal(*found)


def test_groups_and_rows_may_be_small(found):
    problem = ranks.Problem("plain", "ids", "even")
    for rank, one in enumerate(its["others"] for its in found):
        torch.testing.assert_close(one["group of one"], problem.loss(problem.logits, problem.ids))
        value, grad = one["no rows at all"]
        assert value == 0
        assert grad.shape == (0, ranks.D)
        is_member = rank == 0
        assert ("group must have this process among its members" in one["no member"]) != is_member


def test_without_a_group_there_are_no_ranks():
    from normexp.torch import parallel

    with pytest.raises(RuntimeError, match="no process group yet"):
        parallel.cross_entropy(torch.zeros(1, 2), torch.tensor([0]))
