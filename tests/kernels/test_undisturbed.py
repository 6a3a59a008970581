"""Neither a signal nor a fork finds Numba half loaded, or a kernel half made."""

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest

from normexp.kernels import undisturbed as module
from normexp.kernels.undisturbed import undisturbed

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals and forks of POSIX"),
    pytest.mark.usefixtures("ctrl_c", "compiled_by_numba"),
]

PATIENCE = 60  # seconds, after which a test fails that would wait for ever


def press(number=signal.SIGINT):
    os.kill(os.getpid(), number)


@pytest.fixture
def handled():
    """The signals that a program's own handlers have seen."""
    seen = []
    numbers = signal.SIGUSR1, signal.SIGUSR2
    before = [
        signal.signal(number, lambda number, frame: seen.append(number)) for number in numbers
    ]
    yield seen
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def test_ctrl_c_waits_for_the_end_and_counts_once():
    done = []

    def work():
        with undisturbed():
            for _ in range(3):
                press()
            done.append("whole")
        done.append("after")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_a_signal_nothing_happens():
    with undisturbed():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_comes_after_an_error_too():
    with pytest.raises(KeyboardInterrupt) as caught, undisturbed():  # noqa: PT012
        press()
        raise KeyError("lost")
    assert isinstance(caught.value.__context__, KeyError)


def test_a_handler_of_the_program_is_called_once_after_the_block(handled):
    with undisturbed():
        press(signal.SIGUSR1)
        press(signal.SIGUSR1)
        assert handled == []
    assert handled == [signal.SIGUSR1]
    press(signal.SIGUSR1)
    assert handled == [signal.SIGUSR1] * 2


def test_no_signal_is_lost_though_a_handler_raises(handled):
    with pytest.raises(KeyboardInterrupt), undisturbed():  # noqa: PT012
        press(signal.SIGUSR1)
        press()
        press(signal.SIGUSR2)
    assert sorted(handled) == [signal.SIGUSR1, signal.SIGUSR2]


def test_blocks_in_blocks_wait_for_the_outermost(handled):
    with undisturbed():
        with undisturbed():
            press(signal.SIGUSR1)
        assert handled == []
    assert handled == [signal.SIGUSR1]


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_what_no_handler_is_there_for_is_left_as_it_is(handler):
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with undisturbed():
            assert signal.getsignal(signal.SIGUSR1) is handler
        assert signal.getsignal(signal.SIGUSR1) is handler
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_handler_set_in_the_block_stays(handled):
    with undisturbed():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN


def test_another_thread_leaves_the_handlers_alone():
    found = []

    def work():
        with undisturbed():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(PATIENCE)
    assert found == [signal.default_int_handler]


def test_ctrl_c_while_another_thread_is_at_work_is_not_held_up():
    inside, release = threading.Event(), threading.Event()

    def work():
        with undisturbed():
            inside.set()
            release.wait(PATIENCE)

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(PATIENCE)
    threading.Timer(0.2, press).start()
    with pytest.raises(KeyboardInterrupt), undisturbed():
        pytest.fail("the other thread is still inside")
    release.set()
    thread.join(PATIENCE)
    with undisturbed():  # nothing is left closed
        pass


def test_the_handler_of_an_event_loop_is_called_once():
    seen = []

    async def work():
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, seen.append, "Ctrl-C")
        with undisturbed():
            press()
        await asyncio.sleep(0.1)

    asyncio.run(work())
    assert seen == ["Ctrl-C"]


def test_ctrl_c_ends_an_event_loop():
    async def work():
        with undisturbed():
            press()
        await asyncio.sleep(PATIENCE)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(work())


PRELUDE = """
import contextlib, functools, os, signal, sys, threading, time
import numpy as np
import normexp as nex

def values():
    "Of kernels that do not take long to compile."
    x = np.array([1.0, 2.0, 4.0])
    return nex.sigmoid(x).tolist(), nex.log_sigmoid(x).tolist()

class Finder:
    "Does something when a module is first looked for."
    def __init__(self, place, do):
        self.place, self.do = place, do
    def find_spec(self, name, *rest):
        if name == self.place:
            self.place = None
            self.do()

def around(owner, name, do):
    "Do something whenever a function has begun."
    inner = getattr(owner, name)
    @functools.wraps(inner)
    def outer(*arguments, **options):
        do()
        return inner(*arguments, **options)
    setattr(owner, name, outer)

def meddle(place, do):
    "Do something in the middle of an import, of a load, or of a compilation."
    if place == "load":
        import normexp.kernels.cpu.cache as cache
        around(cache, "_read", do)
    elif place == "compile":
        import numba.core.lowering as lowering
        around(lowering.Lower, "lower", do)
    else:
        sys.meta_path.insert(0, Finder(place, do))
"""
PLACES = ["numba", "numba.core.compiler", "normexp.kernels.cpu.exp", "load", "compile"]


@pytest.fixture
def python(tmp_path):
    """What a script prints; it must end well and have nothing to complain about."""

    def run(script, place=""):
        path = tmp_path / "script.py"
        path.write_text(PRELUDE + script)
        # Kernels are compiled where that is to be disturbed, and otherwise read.
        kept = {"NORMEXP_CACHE_DIR": str(tmp_path)} if place == "compile" else {}
        ended = subprocess.run(
            [sys.executable, "-W", "ignore::DeprecationWarning", path, place],
            env={**os.environ, **kept},
            capture_output=True,
            text=True,
            timeout=5 * PATIENCE,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout

    return run


@pytest.mark.parametrize("place", PLACES)
def test_after_ctrl_c_every_call_is_right(python, place):
    script = """
here = [1]
def press():
    if here:
        here.pop()
        os.kill(os.getpid(), signal.SIGINT)
meddle(sys.argv[1], press)
try:
    values()
except KeyboardInterrupt:
    print("interrupted")
print(values())
"""
    expected = python("print(values())")
    assert python(script, place) == f"interrupted\n{expected}"


FORK = """
def forked(work):
    "Whether a child has done its work; one that hangs is ended by its alarm."
    child = os.fork()
    if not child:
        signal.alarm(60)
        status = 1
        with contextlib.suppress(BaseException):
            work()
            status = 0
        os._exit(status)
    return os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.parametrize("place", PLACES)
def test_a_child_of_a_process_whose_other_thread_makes_a_kernel(python, place):
    script = """
inside, stay = threading.Event(), [1]
def wait():
    if stay:
        stay.pop()
        inside.set()
        time.sleep(0.5)
meddle(sys.argv[1], wait)
results = []
thread = threading.Thread(target=lambda: results.append(values()))
thread.start()
inside.wait(60)
print(forked(lambda: print(values(), flush=True)))
thread.join()
print(*results)
"""
    expected = python("print(values())")
    assert python(FORK + script, place) == f"{expected}True\n{expected}"


def test_a_fork_waits_no_longer_than_it_has_patience(python):
    """A thread that holds the locks for ever, and one whose own functions Numba compiles."""
    script = """
expected = values()
from normexp.kernels import undisturbed as module
from numba.core.compiler_lock import global_compiler_lock
module.FORK_PATIENCE = 0.1
inside, leave = threading.Barrier(3), threading.Event()
def hold(lock):
    with lock:
        inside.wait(60)
        leave.wait(60)
for lock in (module.undisturbed(), global_compiler_lock):
    threading.Thread(target=hold, args=(lock,), daemon=True).start()
inside.wait(60)
def work():
    assert values() == expected
    assert nex.softmax([0.0]) == 1  # a kernel that is new here
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
print(forked(work))
leave.set()
"""
    assert python(FORK + script) == "True\n"


def test_a_child_of_a_fork_that_did_not_wait_has_its_handlers(python):
    script = """
from normexp.kernels import undisturbed as module
module.FORK_PATIENCE = 0.1
results = []
def work():
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with module.undisturbed():
        pass
with module.undisturbed():
    thread = threading.Thread(target=lambda: results.append(forked(work)))
    thread.start()
    thread.join()
print(*results)
"""
    assert python(FORK + script) == "True\n"


def test_ctrl_c_while_a_fork_waits_comes_right_after_it(monkeypatch):
    inside = threading.Event()

    def work():
        with undisturbed():
            inside.set()
            threading.Timer(0.1, press).start()
            threading.Event().wait(0.5)

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(PATIENCE)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        module._before_fork()
        module._after_fork_in_parent()
        threading.Event().wait(PATIENCE)
    thread.join(PATIENCE)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
