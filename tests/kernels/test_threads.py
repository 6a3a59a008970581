"""Work is shared among threads whatever else goes on in the process, and none outlives its call."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from queue import SimpleQueue

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import normexp as nex
from normexp.kernels.cpu import threads
from normexp.kernels.cpu.threads import GRAIN, WORTH_SHARING, over_rows

MUCH = 1 << 40
PATIENCE = 30  # seconds, after which a test fails that would wait for ever


@pytest.fixture(autouse=True)
def _three_threads():
    before = nex.get_num_threads()
    nex.set_num_threads(3)
    yield
    nex.set_num_threads(before)


def helpers():
    return {thread for thread in threading.enumerate() if thread.name.startswith("normexp")}


def is_helper():
    return threading.current_thread() in helpers()


@given(
    rows=st.integers(0, 5000),
    work=st.integers(0, 100 * GRAIN) | st.just(MUCH),
    granule=st.integers(1, 70),
    count=st.integers(1, 8),
)
def test_every_row_is_worked_on_once_in_ranges_of_whole_granules(rows, work, granule, count):
    seen = np.zeros(rows, int)
    starts = []

    def run(start, stop):
        seen[start:stop] += 1
        starts.append(start)

    nex.set_num_threads(count)
    over_rows(run, rows, work, granule)
    assert (seen == 1).all()
    assert all(start % granule == 0 for start in starts)


def test_little_work_is_one_direct_call():
    calls = []
    before = helpers()
    over_rows(lambda *rows: calls.append((*rows, threading.get_ident())), 1000, WORTH_SHARING - 1)
    assert calls == [(0, 1000, threading.get_ident())]
    assert helpers() == before


def test_one_thread_is_the_calling_one():
    nex.set_num_threads(1)
    calls = []
    over_rows(lambda *rows: calls.append((*rows, threading.get_ident())), 1000, MUCH)
    assert calls == [(0, 1000, threading.get_ident())]


def test_one_row_cannot_be_shared():
    calls = []
    over_rows(lambda *rows: calls.append((*rows, threading.get_ident())), 1, MUCH)
    assert calls == [(0, 1, threading.get_ident())]


def meet(count):
    """A function of ranges whose first `count` calls return only when they run at the same time."""
    left = list(range(count))
    barrier = threading.Barrier(count)

    def run(start, stop):
        with suppress(IndexError):
            left.pop()
            barrier.wait(PATIENCE)

    return run


@pytest.mark.parametrize("count", [2, 3, 5])
def test_as_many_threads_work_at_a_time_as_were_asked_for(count):
    nex.set_num_threads(count)
    at_work = set()
    together = meet(count)

    def run(start, stop):
        at_work.add(threading.get_ident())
        together(start, stop)

    over_rows(run, 1000, MUCH)
    assert len(at_work) == count


def test_a_thread_gets_no_less_than_it_is_worth_waking_for():
    nex.set_num_threads(8)
    at_work = set()
    ranges = []

    def run(start, stop):
        at_work.add(threading.get_ident())
        ranges.append(stop - start)
        time.sleep(0.001)

    over_rows(run, 1024, 2 * GRAIN)
    assert len(at_work) <= 2
    assert ranges == [512, 512]


def test_threads_that_are_no_longer_wanted_end():
    nex.set_num_threads(5)
    over_rows(meet(5), 1000, MUCH)
    assert len(helpers()) == 4
    nex.set_num_threads(2)
    over_rows(meet(2), 1000, MUCH)
    deadline = time.monotonic() + PATIENCE
    while len(helpers()) > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(helpers()) == 1


def test_many_callers_share_the_helpers():
    callers, at_work = set(), set()
    barrier = threading.Barrier(8)
    sums = []

    def call():
        callers.add(threading.get_ident())
        barrier.wait(PATIENCE)
        for _ in range(20):
            squares = np.zeros(1000)

            def run(start, stop, squares=squares):
                at_work.add(threading.get_ident())
                squares[start:stop] = np.arange(start, stop) ** 2

            over_rows(run, 1000, MUCH)
            sums.append(squares.sum())

    started = [threading.Thread(target=call) for _ in range(8)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(PATIENCE)
    assert sums == [np.square(np.arange(1000.0)).sum()] * 160
    assert len(at_work - callers) <= 2


def test_the_number_of_threads_may_change_while_others_work():
    failures = []
    done = threading.Event()

    def call():
        while not done.is_set():
            seen = np.zeros(100, int)

            def run(start, stop, seen=seen):
                seen[start:stop] += 1

            over_rows(run, 100, MUCH)
            if (seen != 1).any():
                failures.append(seen)

    started = [threading.Thread(target=call) for _ in range(3)]
    for thread in started:
        thread.start()
    for step in range(100):
        nex.set_num_threads(2 + step % 4)
        time.sleep(0.001)
    done.set()
    for thread in started:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert not failures


def test_a_call_within_a_call_uses_no_more_threads():
    at_work, direct = set(), []
    together = meet(3)

    def outer(start, stop):
        together(start, stop)
        over_rows(inner, 100, MUCH)

    def inner(start, stop):
        at_work.add(threading.get_ident())
        if is_helper():
            direct.append((start, stop))

    over_rows(outer, 100, MUCH)
    assert len(at_work) <= 3
    assert (0, 100) in direct


@pytest.mark.parametrize("fails", ["caller", "helper"])
def test_an_error_is_raised_when_the_other_thread_is_done_and_no_range_is_begun_after_it(fails):
    nex.set_num_threads(2)
    together = threading.Barrier(2)
    begun, finished = [], []

    def run(start, stop):
        begun.append(start)
        together.wait(PATIENCE)
        if is_helper() == (fails == "helper"):
            raise KeyError(start)
        time.sleep(0.1)
        finished.append(start)

    with pytest.raises(KeyError):
        over_rows(run, 1000, MUCH)
    assert len(begun) == 2
    assert len(finished) == 1
    over_rows(meet(2), 1000, MUCH)  # the helper is still there


@pytest.mark.skipif(sys.platform == "win32", reason="a signal cannot be sent to a thread")
@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_waits_for_the_helpers_however_often_it_comes():
    nex.set_num_threads(2)
    together = meet(2)
    caller = threading.get_ident()
    finished = threading.Event()

    def run(start, stop):
        together(start, stop)
        if is_helper():
            for _ in range(3):
                time.sleep(0.05)
                signal.pthread_kill(caller, signal.SIGINT)
            time.sleep(0.05)
            finished.set()

    with pytest.raises(KeyboardInterrupt):
        over_rows(run, 1000, MUCH)
    assert finished.is_set()


def test_what_a_call_worked_on_is_let_go_of_though_no_helper_had_time_for_it():
    nex.set_num_threads(2)
    busy, release = threading.Event(), threading.Event()

    def occupy(start, stop):
        if is_helper():
            busy.set()
        (release if is_helper() else busy).wait(PATIENCE)

    other = threading.Thread(target=over_rows, args=(occupy, 2, MUCH))
    other.start()
    assert busy.wait(PATIENCE)

    def run(start, stop, array=np.zeros(100)):  # noqa: B008
        array[start:stop] = 1

    array = weakref.ref(run.__defaults__[0])
    over_rows(run, 100, MUCH)
    del run
    gc.collect()
    assert array() is None
    release.set()
    other.join(PATIENCE)


def test_where_no_thread_can_be_started_the_caller_works_alone(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "_tasks", SimpleQueue())
    monkeypatch.setattr(threads, "_helpers", 0)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    callers = set()
    over_rows(lambda *rows: callers.add(threading.get_ident()), 1000, MUCH)
    assert callers == {threading.get_ident()}


PRELUDE = """
import threading, numpy as np, normexp as nex
from normexp.kernels.cpu.threads import over_rows

nex.set_num_threads(2)

def together():
    "Share work between two threads, neither of which can do it alone."
    both, left = threading.Barrier(2), [1, 2]
    def run(start, stop):
        if left:
            left.pop()
            both.wait(30)
    over_rows(run, 1000, 1 << 40)

def alone():
    "Work that one thread can do, if it must."
    seen = np.zeros(1000, int)
    def run(start, stop):
        seen[start:stop] += 1
    over_rows(run, 1000, 1 << 40)
    assert (seen == 1).all()
"""


def python(folder, script, *arguments):
    """What a script prints; it must end well and have nothing to complain about."""
    path = folder / "script.py"
    path.write_text(PRELUDE + script)
    # From Python 3.12 on, a fork warns of other threads: to live with them is what is tested here.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", path, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@needs_fork
def test_a_forked_process_has_threads_of_its_own(tmp_path):
    script = """
import os
from normexp.kernels.cpu import threads
together()
held, release = threading.Event(), threading.Event()
def hold():
    with threads._helpers_lock:
        held.set()
        release.wait(30)
threading.Thread(target=hold, daemon=True).start()
held.wait(30)
child = os.fork()
release.set()
together()
if child:
    assert os.waitpid(child, 0)[1] == 0
print("done")
"""
    assert python(tmp_path, script) == "done\n" * 2


@pytest.mark.parametrize("method", [pytest.param("fork", marks=needs_fork), "spawn"])
def test_worker_processes_have_threads_of_their_own(tmp_path, method):
    script = """
import multiprocessing, sys

def work(seed):
    together()
    logits = np.random.default_rng(seed).normal(size=(700, 1000)).astype(np.float32)
    return nex.softmax(logits).tobytes()

if __name__ == "__main__":
    here = [work(seed) for seed in range(4)]
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        assert pool.map(work, range(4)) == here
    print("done")
"""
    assert python(tmp_path, script, method) == "done\n"


def test_calls_work_to_the_end_of_the_interpreter(tmp_path):
    script = """
import atexit, time

def at_exit():
    alone()
    print("at exit")

def in_a_thread():
    main = threading.main_thread()
    while main.is_alive():
        time.sleep(0.01)
    alone()
    print("in a thread")

def for_ever():
    while True:
        alone()

together()
atexit.register(at_exit)
threading.Thread(target=in_a_thread).start()
threading.Thread(target=for_ever, daemon=True).start()
"""
    assert python(tmp_path, script) == "in a thread\nat exit\n"


def test_while_the_interpreter_takes_itself_apart_no_thread_is_started(tmp_path):
    script = """
class Last:
    def __del__(self, over_rows=over_rows, calls=[]):
        over_rows(lambda *rows: calls.append(rows), 1000, 1 << 40)
        print(calls)

last = Last()
"""
    assert python(tmp_path, script) == "[(0, 1000)]\n"
