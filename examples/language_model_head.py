"""The head of a language model: its memory, an exact mean over micro-batches, and a pupil.

The model guesses the next word of the source code of Python's own library, as in
`vocabulary_over_ranks.py`, but in one process. Needs `pip install "normexp[torch]"`, Unix, and no
download.

    python examples/language_model_head.py
"""

import argparse
import multiprocessing
import re
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from torch.nn import functional
from vocabulary_over_ranks import BEFORE, Body, read

import normexp as nex

TOKENS, WIDTH, WORDS = 1024, 256, 50_000  # of the head whose memory is measured
BATCH, MICRO_BATCHES = 512, 4
BEST = 20  # words that a teacher passes on
TEACHER_WIDTH, PUPIL_WIDTH = 64, 16
MIB = 2**20

# 1. Memory. A head's logits are by far the largest thing in training, and nobody needs them.

HEADS = {
    "torch, cross_entropy(linear)": lambda x, weight, y: functional.cross_entropy(
        functional.linear(x, weight), y
    ),
    "normexp, CrossEntropy().linear": nex.CrossEntropy().linear,
}
if hasattr(functional, "linear_cross_entropy"):
    HEADS["torch, linear_cross_entropy"] = functional.linear_cross_entropy


def peak():
    """The most memory that this process has had, in bytes."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # There `ru_maxrss` may be that of the process which started this one.
    return 1024 * int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1])


def memory_of_a_step(head, tokens=TOKENS, words=WORDS):
    """What a forward and a backward pass take, beyond the head's inputs and their gradients."""
    torch.set_num_threads(1)
    nex.set_num_threads(1)
    torch.manual_seed(0)
    y = torch.randint(words, (tokens,))
    small = torch.randn(4, WIDTH, requires_grad=True), torch.randn(8, WIDTH, requires_grad=True)
    HEADS[head](*small, y[:4] % 8).backward()  # whatever is loaded at the first call is loaded
    x, weight = torch.randn(tokens, WIDTH), torch.randn(words, WIDTH) / WIDTH**0.5
    before = peak()
    HEADS[head](x.requires_grad_(), weight.requires_grad_(), y).backward()
    return peak() - before - 4 * (x.numel() + weight.numel())


def show_memory():
    logits = 4 * TOKENS * WORDS
    print(f"{TOKENS} tokens, {WORDS} words: logits of {logits / MIB:.0f} MiB.")
    print("A step takes, beyond features, weight and their gradients:")
    # Each in a process of its own: a peak never falls.
    start = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=start, max_tasks_per_child=1) as process:
        for head in HEADS:
            extra = process.submit(memory_of_a_step, head).result()
            print(f"  {head:<32} {extra / MIB:6.0f} MiB, {extra / logits:.2f} of the logits")


# 2. An exact mean. Batches come in parts, with different numbers of words that count in each.


class Model(torch.nn.Module):
    """A body, and a head whose logits are never whole."""

    def __init__(self, words, width):
        super().__init__()
        self.body = Body(words, width)
        self.head = torch.nn.Linear(width, words, bias=False)

    def loss(self, loss, before, target):
        return loss.linear(self.body(before), self.head.weight, target)


def batch_of(ids, places):
    """The words before some places, and the words there; a tenth is left out, as padding is."""
    target = ids[places].clone()
    target[torch.rand(len(places)) < 0.1] = -100
    return ids[places[:, None] + torch.arange(-BEFORE, 0)], target


def accumulate(model, before, target, normalizer=None):
    """The gradient of a batch that comes in parts. Without the number of all words that count,
    it is a mean of means, as is often done.
    """
    model.zero_grad()
    loss = nex.CrossEntropy(normalizer=normalizer or "weight")
    parts = 1 if normalizer else MICRO_BATCHES
    for some, its_target in zip(
        before.chunk(MICRO_BATCHES), target.chunk(MICRO_BATCHES), strict=True
    ):
        (model.loss(loss, some, its_target) / parts).backward()
    return model.head.weight.grad.clone()


def show_accumulation(ids, words):
    torch.manual_seed(0)
    model = Model(words, TEACHER_WIDTH)
    before, target = batch_of(ids, torch.randint(BEFORE, len(ids), (BATCH,)))
    target[: BATCH // MICRO_BATCHES - 8] = -100  # the first part is nearly empty
    model.loss(nex.CrossEntropy(), before, target).backward()
    whole = model.head.weight.grad.clone()
    counted = int((target >= 0).sum())
    print(f"\nA batch in {MICRO_BATCHES} parts. Its gradient is off, beside that of the whole, by")
    for name, normalizer in {"a mean of means": None, "normalizer=count": counted}.items():
        error = (accumulate(model, before, target, normalizer) - whole).norm() / whole.norm()
        print(f"  {name:<32} {error:.1e}")


# 3. Distillation. What a teacher thinks of its best words tells a pupil more than the right word.


def train(model, ids, steps, target_of):
    """Adam; `target_of` says what the model shall learn from the words before and the right one."""
    torch.manual_seed(0)
    loss = nex.CrossEntropy()
    adam = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        places = torch.randint(BEFORE, len(ids), (BATCH,))
        before = ids[places[:, None] + torch.arange(-BEFORE, 0)]
        adam.zero_grad()
        model.loss(loss, before, target_of(before, ids[places])).backward()
        adam.step()


@torch.no_grad()
def best_of(teacher, before):
    """The teacher's best words and their probabilities: of what a file of them would hold."""
    return nex.softmax(teacher.head(teacher.body(before))).topk(BEST)


def half_teacher(teacher):
    """A target: half the right word, half what the teacher thinks; the teacher's other words share
    what its best leave.
    """

    def target_of(before, right):
        best = best_of(teacher, before)
        ids = torch.cat([right[:, None], best.indices], dim=1)
        masses = torch.cat([torch.ones(len(right), 1), best.values], dim=1) / 2
        return nex.SparseTarget(ids, masses, rest="uniform")

    return target_of


@torch.no_grad()
def loss_on(model, ids):
    places = torch.arange(BEFORE, len(ids))
    before = ids[places[:, None] + torch.arange(-BEFORE, 0)]
    return model.loss(nex.CrossEntropy(), before, ids[places]).item()


def show_distillation(ids, words, steps):
    cut = len(ids) * 9 // 10
    learnt, held_out = ids[:cut], ids[cut:]
    torch.manual_seed(0)
    teacher = Model(words, TEACHER_WIDTH)
    train(teacher, learnt, 2 * steps, lambda _, right: right)
    mass = best_of(teacher, held_out.unfold(0, BEFORE, 1)[:BATCH]).values.sum(1).mean()
    print(f"\nA teacher of width {TEACHER_WIDTH}: {loss_on(teacher, held_out):.3f} on other code;")
    print(f"its {BEST} best of {words} words hold {mass:.0%} of its probability.")
    print(f"A pupil of width {PUPIL_WIDTH} that learns from")
    targets = {"the right word": lambda _, right: right, "half each": half_teacher(teacher)}
    for name, target_of in targets.items():
        torch.manual_seed(1)
        pupil = Model(words, PUPIL_WIDTH)
        train(pupil, learnt, steps, target_of)
        print(f"  {name:<32} {loss_on(pupil, held_out):.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=200, help="of a pupil's training (200)")
    steps = parser.parse_args().steps
    show_memory()
    ids, known = read()
    show_accumulation(ids, len(known))
    show_distillation(ids, len(known), steps)


if __name__ == "__main__":
    main()
