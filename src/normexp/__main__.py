"""``python -m normexp`` is ``normexp``."""

from .cli import main

main()
