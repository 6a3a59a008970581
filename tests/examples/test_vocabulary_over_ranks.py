"""The example trains on two ranks as it does on one."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

SCRIPT = Path(__file__).parents[2] / "examples" / "vocabulary_over_ranks.py"
# PyTorch is loaded once for both, and `main`, which has it loaded by each, only starts them.
RANKS = f"""
import os, sys
sys.path.insert(0, {str(SCRIPT.parent)!r})
import vocabulary_over_ranks as example
def start(rank):
    if child := os.fork():
        return child
    example.run(rank, 2, sys.argv[1], 4)
    sys.stdout.flush()
    os._exit(0)
for child in [start(0), start(1)]:
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("vocabulary_over_ranks", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_two_ranks_train_as_one(example, tmp_path):
    store = (tmp_path / "store").as_uri()
    printed = subprocess.run(
        [sys.executable, "-c", RANKS, store], capture_output=True, text=True, check=True
    ).stdout
    losses = [float(one) for one in re.findall(r"loss (\S+)", printed)]
    torch.distributed.init_process_group(
        "gloo", store=torch.distributed.HashStore(), rank=0, world_size=1
    )
    try:
        alone, head = example.train(4, {"label_smoothing": 0.05, "z_loss": 1e-4})
    finally:
        torch.distributed.destroy_process_group()
    assert losses == pytest.approx(alone, abs=2e-5)
    assert alone[-1] < alone[0] - 0.5
    words = len(example.read()[1])
    half = (words + 1) // 2
    assert f"rank 0 has words 0 to {half - 1}" in printed
    assert f"rank 1 has words {half} to {words - 1}" in printed
    assert len(head.weight) == words
