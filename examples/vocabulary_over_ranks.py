"""A small language model learns Python, with its vocabulary spread over processes.

It guesses the next word of the source code of Python's own library from the eight words before.
The words are many, and the weight of the last layer is most of the model: each rank has the rows of
some words, computes their logits tile by tile, and never sees a whole row of them. All else is
small and the same on every rank. With one rank or many the losses are the same but for rounding.

    python examples/vocabulary_over_ranks.py --ranks 2
"""

import argparse
import re
import sysconfig
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing

import normexp as nex
from normexp.torch import parallel

MODULES = "argparse", "ast", "calendar", "csv", "heapq", "inspect", "random", "shutil", "textwrap"
BEFORE = 8  # words that the next one is guessed from
WIDTH = 64
BATCH, MICRO_BATCHES = 512, 4
START = "<start>"


def read():
    """The ids of all words, one behind the other, and the words."""
    library = Path(sysconfig.get_path("stdlib"))
    texts = [(library / f"{name}.py").read_text("utf-8") for name in MODULES]
    words = [START, *(word for text in texts for word in re.findall(r"\w+|[^\w\s]", text))]
    known = {word: number for number, word in enumerate(dict.fromkeys(words))}
    return torch.tensor([known[word] for word in words]), list(known)


class Body(torch.nn.Module):
    """From the words before to features: the part of the model that every rank has."""

    def __init__(self, words, width=WIDTH):
        super().__init__()
        self.embedding = torch.nn.Embedding(words, width)
        self.mix = torch.nn.Linear(BEFORE * width, width)

    def forward(self, before):
        return torch.tanh(self.mix(self.embedding(before).flatten(1)))


def full_weight(words):
    """The weight of the last layer before training, of which each rank takes its rows."""
    return torch.randn(words, WIDTH, generator=torch.Generator().manual_seed(1)) / WIDTH**0.5


def train(steps, loss):
    """The loss of each step. Everything here is as it would be in one process, but for the head."""
    torch.manual_seed(0)  # the same on every rank: so are the body and the batches
    ids, words = read()
    body = Body(len(words))
    head = parallel.LinearCrossEntropy(WIDTH, len(words), bias=False)
    with torch.no_grad():
        head.weight.copy_(full_weight(len(words))[head.own])
    optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=1e-2)
    history = []
    for _ in range(steps):
        places = torch.randint(BEFORE, len(ids), (BATCH,))
        target = ids[places].clone()
        target[torch.rand(BATCH) < 0.1] = -100  # left out, as padding is: batches differ in size
        micro = list(zip(places.chunk(MICRO_BATCHES), target.chunk(MICRO_BATCHES), strict=True))
        # Data are the same on every rank: what counts is known without asking the others.
        head.loss = nex.CrossEntropy(**loss, normalizer=int((target >= 0).sum()))
        optimizer.zero_grad()
        value = 0.0
        for some, its_target in micro:
            before = ids[some[:, None] + torch.arange(-BEFORE, 0)]
            part = head(body(before), its_target)  # its share of the mean over the whole batch
            part.backward()
            value += part.item()
        optimizer.step()
        history.append(value)
    return history, head


def run(rank, ranks, store, steps):
    """One rank."""
    torch.set_num_threads(1)
    nex.set_num_threads(1)
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=ranks)
    history, head = train(steps, {"label_smoothing": 0.05, "z_loss": 1e-4})
    rows = [None] * ranks
    dist.all_gather_object(rows, (head.own.start, head.own.stop))
    if rank == 0:
        for other, (first, end) in enumerate(rows):
            print(f"rank {other} has words {first} to {end - 1}")
        for step in sorted({*range(0, steps, max(steps // 10, 1)), steps - 1}):
            print(f"step {step:4}  loss {history[step]:.5f}")
    dist.destroy_process_group()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--ranks", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--steps", type=int, default=100, help="of training (default: 100)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = (Path(folder) / "store").as_uri()
        told = options.ranks, store, options.steps
        torch.multiprocessing.spawn(run, told, nprocs=options.ranks)


if __name__ == "__main__":
    main()
