"""The command line: arguments in, calls out."""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # nothing that takes time comes before `main`
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

INTERRUPTED = "interrupted"

_was_interrupted = False


def main() -> None:
    """Run ``normexp`` with the arguments of the process; see ``normexp --help``."""
    _on_ctrl_c(_leave)
    try:
        from .commands import normexp

        sys.unraisablehook = _unraisable
        _on_ctrl_c(_interrupt)
        normexp(prog_name="normexp")
    except KeyboardInterrupt:
        _on_ctrl_c(_leave)  # once more
        end(INTERRUPTED, 130)
    except Exception as error:
        name = error.name if isinstance(error, ModuleNotFoundError) else None
        if not _was_interrupted and (name is None or name.startswith("normexp")):
            raise
        said = str(error)  # by a room, of its extra
        is_told = "normexp[" in said
        end(said if is_told else f'the command line needs {name}: pip install "normexp[cli]"', 2)
    finally:
        _on_ctrl_c(_leave)


def end(message: str, status: int) -> NoReturn:
    """Leave with one line on standard error."""
    from .._text import one_line

    if _was_interrupted:  # of which some library may have made another error
        message, status = INTERRUPTED, 130
    if sys.stderr is not None:  # as it is where the shell has closed it
        print(f"normexp: {one_line(message)}", file=sys.stderr)
    sys.exit(status)


def _on_ctrl_c(handle: Callable[[int, FrameType | None], None]) -> None:
    """Let a function handle Ctrl-C, unless the process was told to ignore it (``nohup``)."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handle)


def _leave(number: int, frame: FrameType | None) -> None:
    """Before a command has begun, or after it ended, there is nothing to tidy up.

    An exception could come at any point of an import or of the interpreter's own end, some of
    which print it and go on.
    """
    try:
        os.write(2, f"normexp: {INTERRUPTED}\n".encode())
    finally:  # also where the shell has closed it
        os._exit(130)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """A command removes what it has half written."""
    global _was_interrupted
    _was_interrupted = True
    raise KeyboardInterrupt


def _unraisable(found: sys.UnraisableHookArgs) -> None:
    """What is raised in a destructor is printed and lost. Ctrl-C comes again right after it."""
    if found.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(found)
        return
    import _thread
    import threading

    threading.Timer(0.01, _thread.interrupt_main).start()
