"""Ctrl-C ends every command with one line and status 130, whatever it comes in the middle of."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C"),
    pytest.mark.usefixtures("ctrl_c", "compiled_by_numba"),
]

PRESSED = """
import os, runpy, signal, sys

place, *arguments = sys.argv[1:]
here = []

def press():
    os.kill(os.getpid(), signal.SIGINT)

class Destroyed:
    def __del__(self):
        press()

class Finder:
    "Presses Ctrl-C when a module is looked for."
    def find_spec(self, name, *rest):
        if not here and (name == place or name + " destroyed" == place):
            here.append(place)
            Destroyed() if name != place else press()

sys.meta_path.insert(0, Finder())
sys.argv[1:] = arguments
runpy.run_module("normexp", run_name="__main__", alter_sys=True)
"""


def run(place, *arguments):
    return subprocess.run(
        [sys.executable, "-c", PRESSED, place, *arguments], capture_output=True, text=True
    )


def is_interrupted(ended):
    assert ended.stderr.strip() == "normexp: interrupted"  # after the ^C that a terminal shows
    return ended.returncode == 130


@pytest.mark.parametrize(
    "place",
    [
        "normexp.cli.commands",
        "normexp._text",
        "click",
        "numpy",
        "numpy.linalg",
        "normexp.data",
        "scipy.sparse",
        "sklearn.base",
        "numba",
        "numba.core.compiler",
        "normexp.kernels.cpu.cross_entropy",
    ],
)
def test_ctrl_c_while_modules_are_loaded(place):
    ended = run(place, "compare", "iris", "--loss", "softmax")
    assert is_interrupted(ended)
    assert ended.stdout == ""


def test_ctrl_c_in_a_destructor_is_not_lost():
    ended = run("sklearn.base destroyed", "compare", "digits", "--alpha", "1e-9")
    assert is_interrupted(ended)


def test_ctrl_c_that_a_library_makes_an_import_error_of():
    code = """
import sys
from normexp import cli
class Finder:
    def find_spec(self, name, *rest):
        if name == "normexp.explanation":
            try:
                import os, signal
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt:
                raise ImportError("not loaded") from None
sys.meta_path.insert(0, Finder())
sys.argv = ["normexp", "explain", "1", "2", "--target", "1"]
cli.main()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert is_interrupted(ended)


def test_ctrl_c_as_the_process_ends():
    code = """
import atexit, os, signal, sys
from normexp import cli
atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
sys.argv = ["normexp", "--version"]
cli.main()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert is_interrupted(ended)


def test_ctrl_c_while_standard_error_is_closed():
    code = f"import os; os.close(2)\n{PRESSED}"
    ended = subprocess.run([sys.executable, "-c", code, "click", "--version"], capture_output=True)
    assert (ended.stdout, ended.stderr, ended.returncode) == (b"", b"", 130)


def test_a_second_ctrl_c_while_the_first_is_told():
    code = """
import os, signal, sys
from normexp import _text, cli
def slow(message):
    os.kill(os.getpid(), signal.SIGINT)
    return message
_text.one_line = slow
class Finder:
    def find_spec(self, name, *rest):
        if name == "normexp.explanation":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv = ["normexp", "explain", "1", "2", "--target", "1"]
cli.main()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert is_interrupted(ended)


def test_where_ctrl_c_is_ignored_it_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended = run("normexp.explanation", "explain", "1", "2", "--target", "1")
    assert ended.returncode == 0, ended.stderr
    assert os.linesep in ended.stdout
