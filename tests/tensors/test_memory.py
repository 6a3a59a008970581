"""A head holds its inputs, its gradients, a tenth of these and a tile of logits, and no more."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("torch")

INPUTS, CLASSES = 256, 32000
TILE = 64 << 20  # of 524 rows of logits
CASES = [("bfloat16", 512), ("bfloat16", 1024), ("float32", 1024)]
CLEAR = "/proc/self/clear_refs"
SCRIPT = """
import json, os, sys
import torch
import normexp as nex

def resident():
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def peak():
    with open("/proc/self/status") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

def step(dtype, samples, inputs, classes):
    x = torch.randn(samples, inputs).to(dtype).requires_grad_()
    w = torch.randn(classes, inputs).to(dtype).requires_grad_()
    y = torch.randint(0, classes, (samples,))
    with open("/proc/self/clear_refs", "w") as of_process:
        of_process.write("5")  # the peak is what is resident now
    before = resident()
    assert peak() < before + (1 << 20)
    (nex.CrossEntropy().linear(x, w, y) / 4).backward()
    assert w.grad.dtype is dtype and x.grad.shape == x.shape
    return peak() - before

inputs, classes, cases = json.loads(sys.argv[1])
step(torch.float32, 512, inputs, classes)  # what a first call loads, and what BLAS keeps
for dtype, samples in cases:
    print(step(getattr(torch, dtype), samples, inputs, classes))
"""


@pytest.mark.skipif(not os.access(CLEAR, os.W_OK), reason="the peak cannot be told from others")
def test_a_head_holds_little_beside_its_inputs_and_gradients():
    told = json.dumps([INPUTS, CLASSES, CASES])
    at_once = {"MALLOC_MMAP_THRESHOLD_": str(1 << 20)}  # what is freed goes back to the system
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, told],
        capture_output=True,
        text=True,
        env=os.environ | at_once,
    )
    assert ran.returncode == 0, ran.stderr
    for (dtype, samples), line in zip(CASES, ran.stdout.splitlines(), strict=True):
        size = 4 if dtype == "float32" else 2
        of_map = (samples + CLASSES) * INPUTS * size
        held = of_map  # the gradients; that of the weight is float32 where tiles are added up
        if size == 2 and samples > 512:
            held += CLASSES * INPUTS * size
        allowed = held + 0.1 * 2 * of_map + TILE
        assert int(line) <= allowed, f"{dtype}, {samples}: {int(line) / allowed:.2f} of the limit"
