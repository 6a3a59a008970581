"""What each rank of a group does in the tests of `normexp.torch.parallel`; run as a script."""

import datetime
import os
import sys
import time
import traceback
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import torch
import torch.distributed as dist

import normexp as nex
from normexp import CrossEntropy
from normexp.torch import parallel, views

K, N, D = 23, 11, 5
WEIGHTS = tuple(torch.linspace(0.0, 2.0, K).tolist())
ALL = CrossEntropy(
    label_smoothing=0.1,
    temperature=0.7,
    softcap=4.0,
    z_loss=0.01,
    class_weight=WEIGHTS,
    reduction="sum",
)
LOSSES = {
    "plain": CrossEntropy(),
    "smoothed": CrossEntropy(label_smoothing=0.2),
    "weighted": CrossEntropy(class_weight=WEIGHTS, label_smoothing=0.1),
    "ignoring a class": CrossEntropy(ignore_index=3),
    "z-loss": CrossEntropy(z_loss=0.1, normalizer="valid"),
    "capped": CrossEntropy(softcap=2.0, temperature=3.0),
    "all": ALL,
    "by rows": replace(ALL, reduction="none"),
    "all of masses": replace(ALL, normalizer="batch", reduction="mean"),
    "over 7": CrossEntropy(normalizer=7.0),
}
TARGETS = "ids", "masses", "few", "spread"
SPLITS = {  # where the classes are cut, for 2, 3 and 4 ranks
    "even": {2: [12], 3: [8, 16], 4: [6, 12, 18]},
    "uneven": {2: [3], 3: [1, 20], 4: [1, 2, 21]},
    "first has none": {2: [0], 3: [0, 9], 4: [0, 0, 9]},
    "last has none": {2: [23], 3: [14, 23], 4: [5, 9, 23]},
}
CASES = [
    *((name, "ids", split) for name in LOSSES for split in ("even", "uneven")),
    *(("all of masses", kind, split) for kind in ("masses", "few", "spread") for split in SPLITS),
    *(("by rows", kind, "uneven") for kind in ("masses", "few")),
    *(("all", "ids", split) for split in ("first has none", "last has none")),
]


class Problem:
    """Logits and the linear map that makes them, with a target: whole, and the part of a rank."""

    def __init__(self, loss, kind, split, dtype=torch.float32):
        generator = torch.Generator().manual_seed(1)

        def normal(*shape):
            return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

        self.loss, self.kind, self.split = LOSSES.get(loss, loss), kind, split
        self.features, self.weight, self.bias = normal(N, D), normal(K, D), normal(K)
        self.logits = 3 * normal(N, K)
        self.logits[2, 5] = 40.0
        self.ids = torch.randint(0, K, (N,), generator=generator)
        self.ids[2], self.ids[4] = 5, self.loss.ignore_index
        self.masses = normal(N, K).softmax(1)
        self.few_ids = torch.stack([torch.randperm(K, generator=generator)[:4] for _ in range(N)])
        self.few_ids[3, 1] = self.few_ids[3, 0]
        self.few = normal(N, 4).softmax(1) * 0.9
        self.sample_weight = torch.rand(N, generator=generator)
        self.sample_weight[7] = 0.0
        self.where = torch.rand(N, K, generator=generator) < 0.8
        self.where[torch.arange(N), self.ids.clamp(min=0)] = True
        self.where[5] = False
        self.where[6] = True
        self.above = torch.linspace(-1, 2, N, dtype=torch.float64)

    def part(self, rank, count):
        cuts = [0, *SPLITS[self.split][count], K]
        return slice(*list(pairwise(cuts))[rank])

    def target(self, part=None):
        """That of a rank's classes; without them, as one process would have it."""
        if self.kind == "ids":
            return self.ids
        if self.kind == "masses":
            return self.masses if part is None else self.masses[:, part]
        rest = "uniform" if self.kind == "spread" else "ignore"
        return nex.SparseTarget(self.few_ids, self.few, rest)

    def reached(self, value):
        """One number of what the loss gives."""
        return (value * self.above).sum() if value.ndim else value


def leaves(*tensors):
    return [one.clone().requires_grad_() for one in tensors]


def of_logits(problem, rank, count, **told):
    part = problem.part(rank, count)
    (logits,) = leaves(problem.logits[:, part])
    if "where" in told:
        told["where"] = told["where"][:, part]
    value = parallel.cross_entropy(logits, problem.target(part), loss=problem.loss, **told)
    return value.detach(), *torch.autograd.grad(problem.reached(value), [logits])


def of_head(problem, rank, count, rows=None, features=None, **told):
    part = problem.part(rank, count)
    features = problem.features.clone() if features is None else features
    if problem.kind == "ids":
        features[4] = torch.nan  # the row is left out, whatever it holds
    given = leaves(features if rows is None else features[rows], problem.weight[part])
    bias = leaves(problem.bias[part])
    if "where" in told:
        told["where"] = told["where"][:, part]
    value = parallel.linear_cross_entropy(
        *given, problem.target(part), *bias, loss=problem.loss, sequence_parallel=rows is not None,
        **told,
    )  # fmt: skip
    return value.detach(), *torch.autograd.grad(problem.reached(value), [*given, *bias])


def rows_of(rank, count):
    """Rows of features on a rank; the one before the last has none."""
    cuts = {2: [N], 3: [4, 4], 4: [2, 7, 7]}[count]
    return slice(*list(pairwise([0, *cuts, N]))[rank])


def error_of(call):
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


def results(rank, count):
    """What this rank finds, by names."""
    found = {}
    for case in CASES:
        problem = Problem(*case)
        found["logits", *case] = of_logits(problem, rank, count)
        found["head", *case] = of_head(problem, rank, count)
    for kind in TARGETS:
        case = "all of masses", kind, "uneven"
        problem = Problem(*case)
        told = {"where": problem.where, "sample_weight": problem.sample_weight}
        found["masked logits", *case] = of_logits(problem, rank, count, **told)
        found["masked head", *case] = of_head(problem, rank, count, **told)
        for recompute in False, True:
            found["rows", *case, recompute] = of_head(
                problem, rank, count, rows=rows_of(rank, count), recompute=recompute
            )
        wide = Problem(*case, dtype=torch.float64)
        found["wide logits", *case] = of_logits(wide, rank, count)
        found["wide head", *case] = of_head(wide, rank, count)
        half = Problem(*case, dtype=torch.bfloat16)
        found["half head", *case] = of_head(half, rank, count)
    on_host, views.on_host = views.on_host, lambda x: False
    for kind in TARGETS:
        case = "all of masses", kind, "uneven"
        found["device logits", *case] = of_logits(Problem(*case), rank, count)
        found["device head", *case] = of_head(Problem(*case), rank, count)
    found["device logits", "plain", "ids", "even"] = of_logits(
        Problem("plain", "ids", "even"), rank, count
    )
    views.on_host = on_host
    found["rows", "by rows", "ids", "even"] = of_head(
        Problem("by rows", "ids", "even"), rank, count, rows=rows_of(rank, count)
    )
    return found


def errors(rank, count):
    """What this rank is told where ranks do not fit together, by names."""
    problem = Problem("smoothed", "ids", "uneven")
    part, last = problem.part(rank, count), rank == count - 1
    logits, ids = problem.logits[:, part], problem.ids

    def loss_of(target=ids, logits=logits, loss=None, **told):
        return parallel.cross_entropy(logits, target, loss=loss or problem.loss, **told)

    def twice(function, x):
        x = x.clone().requires_grad_()
        (grad,) = torch.autograd.grad(function(x), x, create_graph=True)
        torch.autograd.grad(grad.sum(), x)

    def head(weight=problem.weight[part], **told):
        return parallel.linear_cross_entropy(problem.features, weight, ids, **told)

    calls = {
        "weight": lambda: head(problem.weight[part, :-1] if last else problem.weight[part]),
        "target": lambda: loss_of(ids.flip(0) if last else ids),
        "kind": lambda: loss_of(logits.softmax(1) if last else ids),
        "loss": lambda: loss_of(loss=CrossEntropy(z_loss=0.1 if last else 0.2)),
        "sample_weight": lambda: loss_of(sample_weight=torch.full([N], 1.0 + last)),
        "rows": lambda: loss_of(ids[:-1] if last else ids, logits[:-1] if last else logits),
        "type": lambda: loss_of(logits=logits.double() if last else logits),
        "function": lambda: head() if last else loss_of(loss=CrossEntropy()),
        "class id": lambda: loss_of(ids + K),
        "few ids": lambda: loss_of(nex.SparseTarget(problem.few_ids - 1, problem.few)),
        "few shape": lambda: loss_of(nex.SparseTarget(problem.few_ids[:-1], problem.few[:-1])),
        "not a probability": lambda: loss_of(-logits.exp() if last else logits.exp()),
        "mask": lambda: loss_of(where=logits if last else logits > 9),
        "weights": lambda: loss_of(loss=CrossEntropy(class_weight=(1.0, 2.0))),
        "no class": lambda: loss_of(logits=logits[:, :0]),
        "other loss": lambda: loss_of(loss=nex.Focal()),
        "probabilities": lambda: loss_of(loss=CrossEntropy(from_logits=False)),
        "second derivative": lambda: twice(lambda x: loss_of(logits=x), logits),
        "second derivative of a head": lambda: twice(head, problem.weight[part]),
        "list": lambda: loss_of(logits=logits.tolist()),
        "device": lambda: loss_of(logits=logits.to("meta")),
        "target of some rows": lambda: head(sequence_parallel=True),
        "features": lambda: parallel.linear_cross_entropy(
            problem.features.clone().requires_grad_(last), problem.weight[part], ids
        ),
        "dropout": lambda: parallel.linear_cross_entropy(
            problem.features.roll(int(last), 1), problem.weight[part], ids
        ),
        "rounding": lambda: parallel.linear_cross_entropy(
            problem.features * (1 + 1e-5 * last), problem.weight[part], ids
        ),
        "nothing to average": lambda: loss_of(ids * 0 - 100, loss=CrossEntropy(empty="raise")),
    }
    return {name: error_of(call) for name, call in calls.items()}


def others(rank, count):
    """All else: DTensors, the module, axes, normalizers, more than one group."""
    found = {}
    problem = Problem("all of masses", "ids", "even")
    part, ids = problem.part(rank, count), problem.ids
    mesh = dist.init_device_mesh("cpu", (count,))
    place = torch.distributed.tensor
    weight = place.distribute_tensor(problem.weight, mesh, [place.Shard(0)]).requires_grad_()
    bias = place.distribute_tensor(problem.bias, mesh, [place.Shard(0)]).requires_grad_()
    for name, how in {"replicated": place.Replicate(), "sharded": place.Shard(0)}.items():
        features = place.distribute_tensor(problem.features, mesh, [how]).requires_grad_()
        value = parallel.linear_cross_entropy(features, weight, ids, bias, loss=problem.loss)
        grads = torch.autograd.grad(value, [features, weight, bias])
        found["DTensor", name] = value.detach(), *(grad.full_tensor() for grad in grads)
    logits = place.distribute_tensor(problem.logits, mesh, [place.Shard(1)]).requires_grad_()
    value = parallel.cross_entropy(logits, ids, loss=problem.loss)
    (grad,) = torch.autograd.grad(value, logits)
    found["DTensor", "logits"] = value.detach(), grad.full_tensor()
    turned = place.distribute_tensor(problem.weight, mesh, [place.Shard(1)])
    found["DTensor", "error"] = error_of(
        lambda: parallel.linear_cross_entropy(problem.features, turned, ids)
    )

    pixels = problem.logits.T.reshape(1, K, N)[:, part]
    middle = replace(ALL, axis=1, reduction="none")
    turned = pixels.transpose(0, 2).contiguous().transpose(0, 2).requires_grad_()
    value = parallel.cross_entropy(turned, ids.reshape(1, N), loss=replace(middle, reduction="sum"))
    (grad,) = torch.autograd.grad(value, turned)
    found["axis, turned"] = grad.detach()
    found["axis"] = parallel.cross_entropy(pixels, ids.reshape(1, N), loss=middle)

    batches = [ids[:rank], ids[rank : rank + 2]] if rank else []
    found["normalizer"] = tuple(
        torch.tensor(parallel.normalizer(batches, loss=loss))
        for loss in (CrossEntropy(), CrossEntropy(class_weight=WEIGHTS))
    )
    found["normalizer of nothing"] = parallel.normalizer(ids[:0])
    found["normalizer raises"] = error_of(
        lambda: parallel.normalizer([], loss=CrossEntropy(empty="raise"))
    )
    found["normalizer of a sum"] = error_of(
        lambda: parallel.normalizer(ids, loss=CrossEntropy(reduction="sum" if rank else "mean"))
    )

    torch.manual_seed(0)
    head = parallel.LinearCrossEntropy(D, K, loss=CrossEntropy(label_smoothing=0.1))
    head(problem.features, ids).backward()
    found["module"] = tuple(one.detach() for one in (head.weight, head.bias, head.weight.grad))
    with torch.no_grad():
        found["module without grad"] = head(problem.features, ids)

    weight = problem.weight[part].clone().requires_grad_()
    value = parallel.linear_cross_entropy(problem.features, weight, ids)
    (first,) = torch.autograd.grad(value, weight, retain_graph=True)
    before = first.clone()
    (second,) = torch.autograd.grad(3 * value, weight)
    found["asked twice"] = before, first, second

    alone = dist.new_subgroups(1)[0]
    found["group of one"] = parallel.cross_entropy(problem.logits, ids, group=alone)
    missing = dist.new_group([0])
    found["DTensor", "group"] = error_of(lambda: parallel.cross_entropy(logits, ids, group=alone))
    found["no member"] = error_of(
        lambda: parallel.cross_entropy(problem.logits, ids, group=missing)
    )
    no_rows = torch.zeros(0, D, requires_grad=True)
    value = parallel.linear_cross_entropy(
        no_rows, problem.weight[part], ids[:0], sequence_parallel=True
    )
    found["no rows at all"] = value.detach(), *torch.autograd.grad(value, no_rows)
    return found


def die(rank, count):
    """The last rank does not come, and then ends amid the tiles of a head.

    The others say what they were told, and when.
    """
    problem = Problem("plain", "ids", "uneven")
    part = problem.part(rank, count)
    slow = dist.new_group(timeout=datetime.timedelta(seconds=1))
    start, late = time.monotonic(), "late"
    if rank < count - 1:
        late = error_of(
            lambda: parallel.cross_entropy(problem.logits[:, part], problem.ids, group=slow)
        )
        late = late, time.monotonic() - start
    dist.barrier()
    if rank == count - 1:
        put = parallel.head.Part.put
        parallel.head.Part.put = lambda *given: os._exit(7) if given[-1].start else put(*given)
    start = time.monotonic()
    error = error_of(
        lambda: parallel.linear_cross_entropy(problem.features, problem.weight[part], problem.ids)
    )
    return error, time.monotonic() - start, *late


def few_rows(row_bytes, most, samples):
    return [slice(start, min(start + 4, samples)) for start in range(0, samples, 4)]


def run(rank, count, folder):
    """One rank, to its end; what it finds goes to files."""
    torch.set_num_threads(1)
    nex.set_num_threads(1)
    parallel.head.tiles = few_rows
    dist.init_process_group(
        "gloo",
        init_method=(folder / f"store{count}").as_uri(),
        rank=rank,
        world_size=count,
        timeout=datetime.timedelta(seconds=20),
    )
    found = {"results": results(rank, count), "errors": errors(rank, count)}
    found["others"] = others(rank, count)
    torch.save(found, folder / f"{count}.{rank}.pt")
    torch.save(die(rank, count), folder / f"{count}.{rank}.end.pt")


def fork(rank, count, folder):
    """PyTorch is loaded once for all ranks, which takes longer than all that they do."""
    if child := os.fork():
        return child
    try:
        run(rank, count, folder)
    except BaseException:
        traceback.print_exc()
    os._exit(0)  # without a last word to ranks that are gone


if __name__ == "__main__":
    for count in 2, 3, 4:
        for child in [fork(rank, count, Path(sys.argv[1])) for rank in range(count)]:
            os.waitpid(child, 0)
