"""The command line: arguments in, calls out."""

import sys
from typing import NoReturn


def main() -> None:
    """Run ``normexp`` with the arguments of the process; see ``normexp --help``."""
    try:
        from .commands import normexp

        normexp(prog_name="normexp")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("normexp"):
            raise
        end(f'the command line needs {error.name}: pip install "normexp[cli]"', 2)
    except KeyboardInterrupt:  # while the commands are being loaded
        end("interrupted", 130)


def end(message: str, status: int) -> NoReturn:
    """Leave with one line on standard error."""
    print(f"normexp: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(status)
