"""The GPU kernels on a GPU, or else in Triton's interpreter, which tests/conftest.py chooses.

PyTorch and Triton are loaded by the tests that need them, not by everyone who collects these.
"""

from pathlib import Path

import pytest

ON_GPU = Path("/dev/nvidiactl").exists()


@pytest.fixture(scope="session")
def device():
    return "cuda" if ON_GPU else "cpu"


@pytest.fixture(scope="session")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(scope="session")
def gpu(torch):
    pytest.importorskip("triton", reason="Triton has no wheel for this system")
    from normexp.kernels import gpu

    return gpu
