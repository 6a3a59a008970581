"""What is wrong with a batch of logits, in words: for whoever debugs a loss of 0, inf or NaN."""

from . import losses as losses  # each registers its ordinary code
from .diagnosis import Diagnosis
from .examination import diagnose
from .findings import Finding

__all__ = ["Diagnosis", "Finding", "diagnose"]
