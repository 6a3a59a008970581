"""What a result is made of: its working, in words and formulas, with the numbers filled in."""

from . import losses as losses  # each registers its working
from .derivation import Derivation
from .deriving import explain

__all__ = ["Derivation", "explain"]
