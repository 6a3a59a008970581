"""One call shared among threads: ranges of rows, taken in turn by whoever is free.

The calling thread takes ranges like every other and could take them all, so that nothing ever waits
for a helper to come: neither for one that is busy with other calls, nor for one that a fork or the
end of the interpreter has taken away.

The helpers are not those of `concurrent.futures`, whose locks a Ctrl-C may leave closed for ever,
and which takes two to four times as long to hand over a task.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue

from ..._settings import get_num_threads

# The least that a thread is woken for, and the least that it takes at a time, in elements: some
# 50 to 150 µs of work. Waking a thread takes 20 to 100 µs, and as long again whenever it waits for
# the GIL between two ranges: one that comes back for the GIL sooner keeps it from the other.
GRAIN = 1 << 18
WORTH_SHARING = 2 * GRAIN

Run = Callable[[int, int], object]
Ranges = deque[tuple[Run, int, int]]
Task = tuple[Ranges, threading.Lock, list[BaseException]]


def over_rows(run: Run, rows: int, work: int, granule: int = 1) -> None:
    """Call ``run(start, stop)`` for ranges that together are all the rows, on several threads.

    It returns, or raises what a range has raised, when no thread is in `run` any more.

    Parameters
    ----------
    run : callable
        Called at the same time from several threads; it gains by that where it releases the GIL.
    rows : int
        How many rows there are.
    work : int
        How many elements they have in all. Few are not shared.
    granule : int
        Ranges start at multiples of this.
    """
    if work < WORTH_SHARING:
        run(0, rows)
        return
    limit = 1 if _this_thread.is_helper or sys.is_finalizing() else get_num_threads()
    granules = -(-rows // granule)
    threads = min(limit, granules, work // GRAIN)
    if threads < 2:
        run(0, rows)
        return
    least = max(1, GRAIN * granules // work)
    ranges = deque(
        (run, start * granule, min(stop * granule, rows))
        for start, stop in _split(granules, threads, least)
    )
    _share(ranges, threads - 1, limit - 1)


def each_alone(run: Callable[[int], object], count: int, work: int) -> None:
    """Call `run` with each number below `count`, on several threads; none of these calls is shared
    again.
    """

    def alone(start: int, stop: int) -> None:
        before, _this_thread.is_helper = _this_thread.is_helper, True
        try:
            for number in range(start, stop):
                run(number)
        finally:
            _this_thread.is_helper = before

    over_rows(alone, count, work)


def _split(total: int, threads: int, least: int) -> Iterator[tuple[int, int]]:
    """Ranges that cover range(total), the longest first, so that all threads end about together."""
    start = 0
    while start < total:
        stop = min(start + max(least, (total - start) // (2 * threads)), total)
        yield start, stop
        start = stop


def _share(ranges: Ranges, helpers: int, limit: int) -> None:
    """Take the ranges in turn with some of at most `limit` helpers, and wait for these."""
    failures: list[BaseException] = []
    # A helper holds its turn while it is at work. One that comes late finds no ranges left.
    turns = [threading.Lock() for _ in range(helpers)]
    try:
        for turn in turns[: _present(limit)]:
            _tasks.put((ranges, turn, failures))
        _take(ranges)
    except BaseException as error:
        failures.append(error)
    waiting = True
    while waiting:
        try:
            ranges.clear()
            for turn in turns:
                with turn:
                    pass
            waiting = False
        except BaseException as error:  # Ctrl-C: not yet, helpers still write to the arrays
            failures.append(error)
    if failures:
        raise failures.pop(0)


def _take(ranges: Ranges) -> None:
    """Work on one range after the other until none is left."""
    while True:
        try:
            run, start, stop = ranges.popleft()
        except IndexError:
            return
        run(start, stop)


class _ThisThread(threading.local):
    is_helper = False


_this_thread = _ThisThread()
_tasks: SimpleQueue[Task | None] = SimpleQueue()
_helpers = 0
_helpers_lock = threading.Lock()


def _present(wanted: int) -> int:
    """Start helpers or send some home, and say how many there are now."""
    global _helpers
    if _helpers != wanted:
        with _helpers_lock:
            while _helpers > wanted:
                _helpers -= 1
                _tasks.put(None)
            with suppress(RuntimeError):  # no more threads can be had
                while _helpers < wanted:
                    # A daemon, so that the interpreter does not wait for it to end.
                    threading.Thread(target=_serve, name="normexp", daemon=True).start()
                    _helpers += 1
    return _helpers


def _serve() -> None:
    """Be a helper: work for one call after the other."""
    _this_thread.is_helper = True  # what it works on is not shared again
    for ranges, turn, failures in iter(_tasks.get, None):
        with turn:
            try:
                _take(ranges)
            except BaseException as error:
                ranges.clear()
                failures.append(error)


def _forget_helpers() -> None:
    """A forked process has none of its parent's threads, but maybe a lock that one of them held."""
    global _tasks, _helpers, _helpers_lock
    _tasks, _helpers, _helpers_lock = SimpleQueue(), 0, threading.Lock()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_helpers)
