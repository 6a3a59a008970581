"""The site, built as `make docs` does it, or what that has built where NORMEXP_SITE says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STRICT = ("--fail-on-warning", "--keep-going", "--quiet")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built site; a warning of Sphinx fails the tests."""
    if built := os.environ.get("NORMEXP_SITE"):
        return ROOT / built
    folder = tmp_path_factory.mktemp("site")
    for arguments in (
        ("-d", folder / "doctrees", "docs", folder / "html"),
        ("-d", folder / "zh", "-c", "docs", "-t", "zh", "docs/zh", folder / "html/zh"),
    ):
        command = [sys.executable, "-m", "sphinx", *STRICT, *map(str, arguments)]
        built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (built.returncode, built.stderr) == (0, "")
    return folder / "html"
