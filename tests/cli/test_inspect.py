"""`normexp inspect`: what a model looks for, in the terminal and as a file."""

import json

import pytest
from click.testing import CliRunner

from normexp.cli.commands import normexp as command


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in a folder that holds a model of a small table with a Chinese name in it."""
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i % 5 + 3 * k},{'红黄'[k]},{'ab'[k]}\n" for i in range(20) for k in (0, 1))
    (tmp_path / "t.csv").write_text("size,颜色,kind\n" + rows, encoding="utf-8")

    def invoke(*arguments):
        return CliRunner().invoke(command, [str(part) for part in arguments])

    assert invoke("train", "t.csv", "--target", "kind", "-o", "m.safetensors").exit_code == 0
    return invoke


def refuses(result, *words):
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert all(word in result.stderr for word in words)
    return True


def test_a_row_for_each_strong_feature(run):
    result = run("inspect", "m.safetensors", "--top", 2)
    assert result.exit_code == 0
    first, *lines = [line.split() for line in result.stdout.splitlines() if line.split()]
    assert " ".join(first) == "Trained with softmax, alpha 0.001, on 3 features."
    rows = [line for line in lines if not set(line[0]) <= {"─"}]
    assert rows[0] == ["class", "feature", "weight"]
    assert [row[0] for row in rows[1:]] == [
        "a",
        "颜色=黄",
        "(intercept)",
        "b",
        *rows[5][:1],
        "(intercept)",
    ]
    assert rows[3][-1].lstrip("+−").replace(".", "").replace("e−", "").isdigit()
    assert (result.stderr, [*map(len, rows)]) == ("", [3, 3, 2, 2, 3, 2, 2])


def test_json_is_all_that_is_printed(run):
    result = run("inspect", "m.safetensors", "--json", "--class", "b", "-o", "w.svg")
    plain = json.loads(result.stdout)
    assert plain["class_names"] == ["b"]
    assert set(plain["class_weights"][0]["features"]) == {"size", "颜色=红", "颜色=黄"}
    assert result.stderr == "Wrote w.svg.\n"


@pytest.mark.parametrize(("name", "start"), [("w.svg", "<?xml"), ("w.html", "<!doctype html>")])
def test_a_picture_and_a_page_hold_the_names(run, tmp_path, name, start):
    assert run("inspect", "m.safetensors", "-o", name).stderr == f"Wrote {name}.\n"
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert text.startswith(start)
    assert "颜色=红" in text


def test_letters_without_a_font_are_told(run, tmp_path, monkeypatch):
    monkeypatch.setattr("normexp.report.inspection_picture.FONTS", ())
    result = run("inspect", "m.safetensors", "-o", "w.png")
    assert "no font here has all letters of the names" in result.stderr
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")


def test_bad_input_is_one_line_and_nothing_is_written(run, tmp_path):
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "m.safetensors").read_bytes()[:99])
    assert refuses(run("inspect", "none.safetensors"), "no model file none.safetensors")
    assert refuses(run("inspect", "cut.safetensors"), "cut.safetensors")
    assert refuses(run("inspect", "t.csv"), "t.csv is no safetensors file")
    assert refuses(run("inspect", "m.safetensors", "--class", "c"), "no class 'c'", "'a', 'b'")
    assert refuses(run("inspect", "m.safetensors", "--top", 0), "--top")
    assert refuses(run("inspect", "m.safetensors", "-o", "w.pdf"), ".svg, .png or .html")
    assert refuses(run("inspect", "m.safetensors", "-o", "no/w.svg"), "no")
    names = {"t.csv", "m.safetensors", "cut.safetensors"}
    assert {path.name for path in tmp_path.iterdir()} == names
