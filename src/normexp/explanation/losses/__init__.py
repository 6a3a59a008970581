"""The working of each loss: forward to its value, and its gradient, class by class."""

from . import binary, cross_entropy, focal, hinge, squared_error

__all__ = ["binary", "cross_entropy", "focal", "hinge", "squared_error"]
