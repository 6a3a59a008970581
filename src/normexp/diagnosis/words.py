"""Every kind of finding: how grave it is, and what is said of it, from `words.<language>.toml`."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._sentences import sentences
from .._text import filled

ROOM = "normexp.diagnosis"

# An error: no arithmetic gives the row a finite loss that means something. A warning: ordinary
# arithmetic loses it, or the numbers are hardly what was meant. A note: good to know.
ERRORS = (
    "nan",
    "plus-inf",
    "all-minus-inf",
    "one-class",
    "not-probabilities",
    "label-too-large",
    "label-negative",
    "labels-from-one",
    "target-no-mass",
    "yes-out-of-range",
    "target-masked",
    "target-at-minus-inf",
    "target-at-zero",
    "smoothing-at-minus-inf",
    "infinite",
    "nothing-counts",
)
WARNINGS = (
    "exp-overflows",
    "exp-underflows",
    "sigmoid-rounds",
    "sum-overflows",
    "ordinary-not-finite",
    "zero-loss",
    "zero-gradient",
    "saturated",
    "rounded-to-one",
    "sum-of-target",
    "sum-of-probabilities",
    "probabilities-as-logits",
    "offset",
    "equal-rows",
    "worse-than-chance",
)
NOTES = (
    "sure-and-wrong",
    "below-the-type",
    "log-probabilities",
    "chance",
    "margins-won",
    "masked-whole",
    "ignored",
)
KINDS = {"error": ERRORS, "warning": WARNINGS, "note": NOTES}
SEVERITIES = tuple(KINDS)
SEVERITY_OF = {kind: severity for severity, kinds in KINDS.items() for kind in kinds}


class Words(NamedTuple):
    """What it is, what happens, and what to do about it."""

    title: str
    happens: str
    do: str


def words(kind: str, language: str, /, **facts: Any) -> Words:
    """What is said of a kind of finding."""
    said = sentences(ROOM, language)["kind"][kind]
    return Words(**{part: filled(sentence, **facts) for part, sentence in said.items()})


def number(name: str, language: str) -> str:
    """What a number of a finding is called."""
    called: str = sentences(ROOM, language)["number"][name]
    return called


def phrase(name: str, language: str, /, **facts: Any) -> str:
    """What stands around the findings."""
    return filled(sentences(ROOM, language)["phrase"][name], **facts)


def counted(name: str, count: int, language: str) -> str:
    """So many of what has a form for one and a form for many."""
    forms: list[str] = sentences(ROOM, language)["phrase"][name]
    return forms[count != 1].format(n=count)
