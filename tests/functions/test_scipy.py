"""SciPy's own tests of softmax, log_softmax and logsumexp hold here, but for complex numbers."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest

# SciPy's default is all axes. Complex numbers are refused, in words that name the argument.
OURS_FOR_THEIRS = """
import numpy as np
import pytest
import normexp as nex

def refused(name, x, *arguments, **options):
    if not any(np.iscomplexobj(values) for values in (x, options.get("b"))):
        return getattr(nex, name)(x, *arguments, **options)
    with pytest.raises(TypeError, match="[xb] must hold .* got .* complex"):
        getattr(nex, name)(x, *arguments, **options)
    pytest.skip("complex numbers are refused")

def softmax(x, axis=None):
    return refused("softmax", x, axis)

def log_softmax(x, axis=None):
    return refused("log_softmax", x, axis)

def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False):
    return refused("logsumexp", a, axis, b=b, keepdims=keepdims, return_sign=return_sign)

def pytest_collection_modifyitems(items):
    for item in items:
        vars(item.module).update(softmax=softmax, log_softmax=log_softmax, logsumexp=logsumexp)
"""
MODULE = "scipy.special.tests.test_logsumexp"


@pytest.mark.skipif(
    importlib.util.find_spec("scipy.special.tests") is None, reason="SciPy came without its tests"
)
def test_scipys_own_tests(tmp_path):
    (tmp_path / "ours_for_theirs.py").write_text(OURS_FOR_THEIRS)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    environment.pop("SCIPY_ARRAY_API", None)  # NumPy's arrays alone
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "ours_for_theirs", "--pyargs", MODULE],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    assert int(re.search(r"(\d+) passed", ran.stdout)[1]) >= 50
