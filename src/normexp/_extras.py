"""What is not installed with normexp itself, but with one of its extras."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Around imports: one that is missing is an error that names the extra it comes with."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "normexp" or f"normexp[{name}]" in str(error):
            raise
        message = f"{package} is not installed: pip install 'normexp[{name}]'"
        raise ModuleNotFoundError(message, name=package) from None
