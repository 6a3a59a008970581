"""What is wrong with a batch of logits, in words: for whoever debugs a loss of 0, inf or NaN."""

from .diagnosis import Diagnosis, Finding
from .examination import diagnose

__all__ = ["Diagnosis", "Finding", "diagnose"]
