from functools import cache

import numpy as np
import pytest

from normexp.data import Dataset, load
from normexp.losses import LOSSES
from normexp.report.comparison import compare
from normexp.report.page import page


@pytest.fixture(scope="session")
def few_digits():
    digits = load("digits")
    return digits.take(np.flatnonzero(digits.target < 9)[:200])


@pytest.fixture(scope="session")
def images(few_digits):
    """Two losses on rows that are pictures, with mistakes."""
    losses = {name: LOSSES[name] for name in ("softmax", "svm")}
    return compare(few_digits, losses, test_size=0.4)


@pytest.fixture(scope="session")
def table():
    """One loss with probabilities and one without on a table with text and a missing number."""
    import polars as pl

    rng = np.random.default_rng(0)
    colours = rng.choice(["red", "<b>blue</b>"], size=80)
    size = np.where(colours == "red", 1.0, -1.0) + rng.normal(size=80)
    frame = pl.DataFrame({"size": [None, *size[1:].tolist()], "colour": colours.tolist()})
    label = np.where(size + rng.normal(size=80) > 0, "yes & more", "no")
    dataset = Dataset("shop.csv", frame, label, ("size", "colour"), notes=("a note < on it",))
    return compare(dataset, {name: LOSSES[name] for name in ("softmax", "squared-error")})


@pytest.fixture(scope="session")
def command():
    """What a page says to type, longer than any line of it."""
    return "normexp compare 'my data.csv' --output " + "/a/long/path" * 12 + "/report.html"


@pytest.fixture(scope="session")
def rendered(command):
    """rendered(comparison, language="en"): its page, drawn once."""

    @cache
    def drawn(comparison, language="en"):
        return page(comparison, command, language)

    return drawn
