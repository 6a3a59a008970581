"""The GPU kernels compile for a GPU, whether one is there or not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = (
    "softmax",
    "log_softmax",
    "logsumexp",
    "softmax_backward",
    "cross_entropy",
    "cross_entropy_to_bfloat16",
    "cross_entropy_scaled",
    "softmax_scaled",
    "scale",
)
WHOLE, IN_TURN, IN_PARTS = 200, 24000, 70000  # classes


@pytest.fixture
def compile_all(gpu, tmp_path):
    """Compile what calls launch, each written as function:type:classes."""

    def compile_all(cases):
        environment = dict(os.environ, TRITON_CACHE_DIR=str(tmp_path))
        environment.pop("TRITON_INTERPRET", None)
        command = [sys.executable, Path(__file__).with_name("compiling.py"), *cases]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.split()

    return compile_all


def test_some_compile(compile_all):
    kernels = compile_all(
        [
            f"softmax:float32:{WHOLE}",
            f"logsumexp:float32:{WHOLE}",
            f"softmax_backward:float32:{IN_TURN}",
            f"cross_entropy:bfloat16:{IN_TURN}",
            f"cross_entropy_to_bfloat16:float32:{WHOLE}",
            f"cross_entropy_scaled:float32:{WHOLE}",
            f"scale:bfloat16:{WHOLE}",
        ]
    )
    assert set(kernels) == {
        "of_rows",
        "merge_rows",
        "softmax_backward_in_turn",
        "cross_entropy_in_turn",
        "cross_entropy_of_rows",
        "losses_of_rows",
        "scale_all",
    }


@pytest.mark.nightly
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("classes", [WHOLE, IN_TURN, IN_PARTS])
def test_all_compile(compile_all, dtype, classes):
    assert compile_all([f"{function}:{dtype}:{classes}" for function in FUNCTIONS])
