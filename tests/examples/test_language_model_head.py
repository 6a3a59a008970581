"""The example of a head: its memory, its mean and its pupil."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

EXAMPLES = Path(__file__).parents[2] / "examples"
TOKENS, WORDS = 512, 40_000
MEMORY = f"""
import sys
sys.path.insert(0, {str(EXAMPLES)!r})
import language_model_head as example
print(*(example.memory_of_a_step(head, {TOKENS}, {WORDS}) for head in sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def example():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        import language_model_head

        yield language_model_head


def test_the_logits_are_never_whole(example):
    ours, theirs = "normexp, CrossEntropy().linear", "torch, cross_entropy(linear)"
    assert {ours, theirs} <= example.HEADS.keys()
    command = [sys.executable, "-c", MEMORY, ours, theirs]  # the larger peak comes last
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    tiles, whole = map(int, done.stdout.split())
    logits = 4 * TOKENS * WORDS
    assert tiles < logits
    assert whole > logits


def test_the_mean_of_parts_is_that_of_the_whole(example, capsys):
    ids, known = example.read()
    example.show_accumulation(ids, len(known))
    of_means, exact = map(float, re.findall(r"\d\.\de[+-]\d\d", capsys.readouterr().out))
    assert of_means > 0.1
    assert exact < 1e-6


def test_a_pupil_learns_from_a_teacher(example, capsys):
    ids, known = example.read()
    example.show_distillation(ids[:12_000], len(known), steps=8)
    printed = capsys.readouterr().out
    alone, taught = (float(one) for one in re.findall(r"(?:word|each) +(\d\.\d+)", printed))
    assert taught < alone + 0.1
    assert "its 20 best of" in printed
