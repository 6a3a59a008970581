"""Who does a work: normexp in both accuracies, its peers, and the copying of memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec

import numpy as np

import normexp as nex

from . import peers
from .problem import Calls, Contender, Peer, Problem, reader
from .shapes import COPY, FAST, FASTER, NORMEXP, Case, one_thread


def normexp(work: str, p: Problem) -> Contender | None:
    """normexp, exact. There are no kernels for another device than the CPU."""
    loss = nex.CrossEntropy(axis=p.axis)
    calls: Calls = {
        "softmax": lambda: nex.softmax(p.logits, p.axis, out=p.out),
        "log_softmax": lambda: nex.log_softmax(p.logits, p.axis, out=p.out),
        "logsumexp": lambda: nex.logsumexp(p.logits, p.axis, out=p.row_out),
        "loss": lambda: loss(p.logits, p.target),
        "gradient": lambda: loss.value_and_grad(p.logits, p.target),
    }
    chosen = partial(chosen_as, "exact", p.threads)
    return Contender(NORMEXP, calls[work], reader(work), chosen) if p.device == "cpu" else None


def normexp_fast(work: str, p: Problem) -> Contender | None:
    """normexp, fast, for the types where that is another thing than exact."""
    exact = normexp(work, p)
    if exact is None or p.logits.dtype.name not in FASTER:
        return None
    return exact._replace(name=FAST, setting=partial(chosen_as, "fast", p.threads))


@contextmanager
def chosen_as(accuracy: str, threads: int) -> Iterator[None]:
    before = nex.get_num_threads()
    nex.set_num_threads(threads)
    with nex.accuracy(accuracy):
        yield
    nex.set_num_threads(before)


def on_one_thread(ours: Peer, work: str, p: Problem) -> Contender | None:
    contender = ours(work, p._replace(threads=1))
    return contender and contender._replace(name=one_thread(contender.name))


def copy(work: str, p: Problem) -> Contender | None:
    """Reading the logits and writing as much: the floor under whatever has such a result."""
    if p.device == "cpu":
        return Contender(COPY, lambda: np.copyto(p.out, p.logits), read=None)
    logits, out = (peers.tensor(array, p.device) for array in (p.logits, p.out))
    waits = peers.finish(p.device)
    return Contender(COPY, lambda: out.copy_(logits), read=None, finish=waits)


OURS: tuple[Peer, ...] = (normexp, normexp_fast)
OPTIONAL: dict[str, Peer] = {"torch": peers.torch, "jax": peers.jax}  # by the names of pip


def absent() -> tuple[str, ...]:
    """The peers that are not installed."""
    return tuple(name for name in OPTIONAL if find_spec(name) is None)


def present() -> tuple[Peer, ...]:
    """The optional peers that are installed."""
    missing = absent()
    return tuple(peer for name, peer in OPTIONAL.items() if name not in missing)


def contenders(case: Case, p: Problem) -> list[Contender]:
    """Everyone who does this work on this problem."""
    everyone = (*OURS, *present(), peers.scipy, peers.scikit_learn, peers.five_lines, copy)
    if case.scales:
        everyone = (*OURS, *(partial(on_one_thread, ours) for ours in OURS), *present(), copy)
    found = (peer(case.work, p) for peer in everyone)
    return [contender for contender in found if contender is not None]
