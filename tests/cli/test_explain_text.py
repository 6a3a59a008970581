"""`normexp explain`: every form that a derivation can be had in."""

import json
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

import normexp as nex
from normexp.cli.commands import normexp
from normexp.losses import LOSSES


def explain(*arguments):
    return CliRunner().invoke(normexp, ["explain", *map(str, arguments)])


@pytest.mark.parametrize("name", LOSSES)
def test_every_named_loss_is_worked_out(name):
    derivation = nex.explain([2.0, 1.0, -0.1], 0, LOSSES[name])
    assert explain(2, 1, -0.1, "--target", 0, "--loss", name).stdout == derivation.text() + "\n"


def test_each_format_is_what_the_derivation_gives():
    derivation = nex.explain([2.0, 1.0], 0)
    found = {
        name: explain(2, 1, "--target", 0, "--format", name).stdout
        for name in ("text", "latex", "html", "json", "svg")
    }
    assert found["text"] == derivation.text() + "\n"
    assert found["latex"] == derivation.latex()
    assert found["html"].startswith("<!doctype html>")
    assert derivation.html() in found["html"]
    assert found["svg"] == derivation.svg() + "\n"
    assert json.loads(found["json"]) == derivation.to_dict()
    assert explain(2, 1, "--target", 0, "--json").stdout == found["json"]


def test_the_name_of_the_output_says_the_format(tmp_path):
    for suffix, start in (
        (".html", "<!doctype html>"),
        (".tex", r"\section*"),
        (".txt", "The work"),
    ):
        path = tmp_path / f"working{suffix}"
        result = explain(2, 1, "--target", 0, "-o", path)
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == f"Wrote {path}.\n"
        assert path.read_text(encoding="utf-8").startswith(start)
    path = tmp_path / "graph.svg"
    explain(2, 1, "-o", path)
    assert ET.parse(path).getroot().get("role") == "img"
    explain(2, 1, "--format", "json", "-o", path)
    assert json.loads(path.read_text(encoding="utf-8"))["value"] is None


def test_it_speaks_chinese():
    assert "从得分到损失" in explain(2, 1, "--target", 0, "--language", "zh").stdout
    assert '<html lang="zh">' in explain(2, 1, "--language", "zh", "--format", "html").stdout


@pytest.mark.parametrize("gamma", [0.0, 0.5, 3.0])
def test_the_focal_loss_takes_its_gamma(gamma):
    shown = explain(2, 1, "--target", 0, "--loss", "focal", "--gamma", gamma).stdout
    assert shown == nex.explain([2.0, 1.0], 0, nex.Focal(gamma=gamma)).text() + "\n"


def test_no_other_loss_takes_a_gamma():
    result = explain(2, 1, "--target", 0, "--loss", "svm", "--gamma", 2)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line == "normexp: Invalid value for '--gamma': the loss svm has no γ, focal has"


def test_a_loss_about_a_target_needs_one():
    result = explain(2, 1, "--loss", "svm")
    assert result.exit_code == 2
    assert result.stderr.startswith("normexp: target must be given")


def test_an_output_without_a_folder_is_refused(tmp_path):
    result = explain(2, 1, "-o", tmp_path / "none" / "working.html")
    assert result.exit_code == 2
    assert "no folder" in result.stderr
