"""Work that must not be cut short: loading Numba, and reading or compiling a kernel.

Numba is left half made by an exception that comes in the middle of it, such as the one a handler of
signals raises (Ctrl-C, a timeout), and by a fork: the child has its locks, but not the thread that
would open them.
"""

import logging  # noqa: F401  before this module, see the end
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# How long a fork waits for another thread's kernel, in seconds. Compiling one takes a few. It would
# wait for ever for a thread that itself waits for what the forking one holds.
FORK_PATIENCE = 60.0

_lock = threading.RLock()
_forking = threading.local()


class _Signals:
    """The signals of a stretch of code: those that a handler in Python is there for."""

    def __init__(self) -> None:
        self.handlers: dict[int, Any] = {}
        self.came: dict[int, FrameType | None] = {}
        self.are_held = False

    def hold(self) -> None:
        """Let them wait. Handlers run in the main thread alone: the others are not disturbed."""
        if threading.current_thread() is not threading.main_thread():
            return
        found = {number: signal.getsignal(number) for number in signal.valid_signals()}
        # What is ignored, or ends the process at once, or was set by other than Python stays so.
        self.handlers = {number: handler for number, handler in found.items() if callable(handler)}
        self.are_held = True
        for number in self.handlers:
            signal.signal(number, self.receive)

    def receive(self, number: int, frame: FrameType | None) -> None:
        if self.are_held:
            self.came[number] = frame  # several count as one, as they do for a process that is busy
        else:  # an exception came between what `release` does
            self.handlers[number](number, frame)

    def release(self) -> None:
        """Put the handlers back."""
        self.are_held = False
        for number, handler in self.handlers.items():
            if signal.getsignal(number) == self.receive:
                signal.signal(number, handler)

    def deliver(self) -> None:
        """Hand over what came, to the last signal, though a handler raise an exception.

        The handler is called, not the signal raised again: an event loop, which the operating
        system has woken already, would see it twice.
        """
        if self.came:
            number, frame = self.came.popitem()
            try:
                self.handlers[number](number, frame)
            finally:
                self.deliver()


_holding: list[_Signals] = []


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let no signal and no fork into a block, and no two threads at a time.

    A signal that has a handler in Python is handed over when the block ends, once, however often
    it came: a second Ctrl-C waits like the first. A fork waits in the thread that forks.
    """
    signals = _Signals()
    try:
        with _lock:
            try:
                _holding.append(signals)
                signals.hold()
                yield
            finally:
                signals.release()
                _holding.remove(signals)
    finally:
        signals.deliver()


def _locks() -> Iterator[Any]:
    """The locks that a child needs open; Numba's are also held by the user's own functions."""
    yield _lock
    numba: Any = sys.modules.get("numba.core.compiler_lock")
    llvmlite: Any = sys.modules.get("llvmlite.binding.ffi")
    if hasattr(numba, "global_compiler_lock"):  # not while it is being imported
        yield numba.global_compiler_lock._lock
    if hasattr(llvmlite, "lib"):
        yield llvmlite.lib._lock._lock


def _before_fork() -> None:
    _forking.held, _forking.missed = [], []
    _forking.signals = _Signals()
    _forking.signals.hold()
    for lock in _locks():
        is_open = lock.acquire(timeout=FORK_PATIENCE)
        (_forking.held if is_open else _forking.missed).append(lock)


def _after_fork() -> None:
    for lock in reversed(_forking.held):
        lock.release()
    _forking.signals.release()


def _after_fork_in_parent() -> None:
    _after_fork()
    main = threading.main_thread().ident
    for number in _forking.signals.came:  # what a handler raised would be lost here
        # Sent, not simulated: that would not wake a main thread which waits for something else.
        threading.Timer(0.01, signal.pthread_kill, [main, number]).start()


def _after_fork_in_child() -> None:
    _after_fork()
    for lock in _forking.missed:
        lock._at_fork_reinit()
    if _lock in _forking.missed:  # nobody is left to do it
        for signals in _holding:
            signals.release()
        _holding.clear()


if sys.platform != "win32":
    # `logging` asks for the same when it is imported. Its lock must be taken after these, as Numba
    # logs what it does, and what is registered last runs first before a fork.
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
