"""The ordinary computation of each loss, and what is checked of it alone."""

from . import binary, cross_entropy, focal, hinge, squared_error

__all__ = ["binary", "cross_entropy", "focal", "hinge", "squared_error"]
