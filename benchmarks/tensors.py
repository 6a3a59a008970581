"""Functions and losses of tensors beside PyTorch's own: ``python -m benchmarks tensors``."""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

import normexp as nex

from .machine import machine
from .measuring import FULL, QUICK, measure
from .problem import Contender

Call = Callable[[], Any]

SHAPES = ((1, 10), (64, 10), (64, 1000), (1024, 1000), (1024, 4096), (256, 32_000), (65_536, 10))
TYPES = ("float32", "bfloat16")


class Timing(NamedTuple):
    """The medians of one work, in microseconds."""

    shape: tuple[int, int]
    dtype: str
    work: str
    ours: float
    torchs: float

    @property
    def ratio(self) -> float:
        return self.ours / self.torchs


def timed(threads: int, quick: bool) -> Iterator[Timing]:
    import torch

    nex.set_num_threads(threads)
    torch.set_num_threads(threads)
    for shape in SHAPES:
        for dtype in TYPES:
            for work, (ours, torchs) in works(shape, getattr(torch, dtype)).items():
                ours(), torchs()  # loads, compiles
                pair = [Contender("normexp", ours), Contender("torch", torchs)]
                times = measure(pair, QUICK if quick else FULL)
                medians = (median(times[name]) / 1e3 for name in ("normexp", "torch"))
                yield Timing(shape, dtype, work, *medians)


def works(shape: tuple[int, int], dtype: Any) -> dict[str, tuple[Call, Call]]:
    """Forward alone, of what nobody differentiates; and forward and backward, from new logits."""
    import torch

    functional = torch.nn.functional
    torch.manual_seed(0)
    x = torch.randn(shape).to(dtype)
    y = torch.randint(shape[1], shape[:1])
    leaf = x.clone().requires_grad_()
    upstream = torch.randn(shape).to(dtype)
    loss = nex.CrossEntropy()

    def there_and_back(function: Callable[[Any], Any], *seed: Any) -> Call:
        def both() -> None:
            leaf.grad = None
            function(leaf).backward(*seed)

        return both

    def softmax(z: Any) -> Any:
        return torch.softmax(z, -1)

    def log_softmax(z: Any) -> Any:
        return torch.log_softmax(z, -1)

    return {
        "softmax": (lambda: nex.softmax(x), lambda: softmax(x)),
        "log_softmax": (lambda: nex.log_softmax(x), lambda: log_softmax(x)),
        "logsumexp": (lambda: nex.logsumexp(x), lambda: torch.logsumexp(x, -1)),
        "cross-entropy": (lambda: loss(x, y), lambda: functional.cross_entropy(x, y)),
        "softmax and back": (
            there_and_back(nex.softmax, upstream),
            there_and_back(softmax, upstream),
        ),
        "log_softmax and back": (
            there_and_back(nex.log_softmax, upstream),
            there_and_back(log_softmax, upstream),
        ),
        "cross-entropy and back": (
            there_and_back(lambda z: loss(z, y)),
            there_and_back(lambda z: functional.cross_entropy(z, y)),
        ),
    }


def main(threads: int, quick: bool) -> None:
    its = machine()
    print(f"{its['date']}, {its['processor']}, {threads} threads, load before {its['load']}")
    print(f"{'µs, medians':46}{'normexp':>11}{'torch':>11}")
    for row in timed(threads, quick):
        what = f"{row.work}, {row.shape[0]}×{row.shape[1]}, {row.dtype}"
        print(f"{what:46}{row.ours:11.1f}{row.torchs:11.1f}   {row.ratio:.2f} × torch", flush=True)
