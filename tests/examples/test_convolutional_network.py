"""The convolutional network learns with every loss, and draws what it has learnt."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

SCRIPT = Path(__file__).parents[2] / "examples" / "convolutional_network.py"


def test_it_learns_with_every_loss(tmp_path):
    command = [sys.executable, "-W", "error", str(SCRIPT), "-o", "filters.png", "--epochs", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (tmp_path / "filters.png").read_bytes().startswith(b"\x89PNG")
    losses = re.findall(
        r"loss ([\d.]+) after the first epoch, ([\d.]+) after the last", done.stdout
    )
    assert len(losses) == 4
    assert all(float(last) < float(first) for first, last in losses)
    shares = re.findall(r"right on ([\d.]+)% of the test images", done.stdout)
    assert all(float(share) > 50 for share in shares)
