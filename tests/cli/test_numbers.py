"""Numbers that are none, or more than any machine has, are refused with the option's name."""

import click
import numpy as np
import pytest
from click.testing import CliRunner

from normexp.cli.commands import normexp as command
from normexp.cli.options import shape, size

HUGE = str(10**30)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        *(
            (f"{name} iris {option} {number}", option)
            for name, option in (
                ("compare", "--test-size"),
                ("compare", "--alpha"),
                ("train", "--alpha"),
            )
            for number in ("nan", "inf", "-inf", "1e400", "-1", "one")
        ),
        *((f"compare iris --seed {number}", "--seed") for number in ("nan", "inf", "-1", HUGE)),
        *((f"train iris --max-iter {number}", "--max-iter") for number in ("nan", "inf", "0")),
        *((f"train iris --max-size {number}", "--max-size") for number in ("nan", "inf", "-1")),
        *((f"explain 1 2 --target {number}", "--target") for number in ("nan", "inf", HUGE)),
        *(
            (f"explain 1 2 --target 0 --loss focal --gamma {number}", "--gamma")
            for number in ("nan", "inf", "-1", "one")
        ),
        *((f"diagnose l.npy --axis {number}", "--axis") for number in ("nan", "inf", HUGE)),
        *(
            (f"diagnose l.npy --ignore-index {number}", "--ignore-index")
            for number in ("nan", "inf", HUGE, f"-{HUGE}")
        ),
        *((f"bench --threads {number}", "--threads") for number in ("nan", "inf", "0", HUGE)),
        *(
            (f"bench --shape {shape}", "--shape")
            for shape in (
                "nan",
                "infx2",
                "0x3",
                f"{HUGE}x3",
                "99999999x99999999",
                "x".join("1" * 9),
            )
        ),
    ],
)
def test_it_is_refused(words, option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("l.npy", np.zeros((2, 3)))
    result = CliRunner().invoke(command, words.split())
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"normexp: Invalid value for '{option}'")


def test_a_size_is_exact_however_long():
    assert size("9" * 400) == int("9" * 400)
    assert size("0.1GB") == 100_000_000


def test_a_shape_is_read():
    assert [shape(text) for text in ("10", "64x1000", "2×3×4")] == [(10,), (64, 1000), (2, 3, 4)]


@pytest.mark.parametrize("text", ["", "0x4", "4x", "-1x4", "a"])
def test_what_is_no_shape_is_refused(text):
    with pytest.raises(click.BadParameter, match="such as 4096x1000"):
        shape(text)
