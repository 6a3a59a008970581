"""What the command line reads of files that are no text."""

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from PIL import Image

from normexp.cli.commands import normexp as command

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4)) + np.repeat([0, 5, 10], 10)[:, None]
KINDS = np.repeat(["ash", "elm", "oak"], 10)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*words):
        result = CliRunner().invoke(command, [str(word) for word in words])
        assert result.exit_code == 0, result.stderr
        return result

    return invoke


def labels(result):
    return pl.read_csv(result.stdout.encode())["label"].to_list()


def test_the_arrays_of_an_npz_file_are_named_by_options(run):
    np.savez("trees.npz", emb=X, kind=KINDS, X=X[:, :1], y=np.arange(30))
    run("train", "trees.npz", "--features", "emb", "--labels", "kind")
    np.savez("new.npz", emb=X[::10])
    predicted = run("predict", "model.safetensors", "new.npz", "--features", "emb")
    assert labels(predicted) == ["ash", "elm", "oak"]


def test_pictures_are_learnt_from_folders_and_predicted_alone(run, tmp_path):
    for number, (kind, shade) in enumerate(zip(KINDS, np.repeat([30, 120, 220], 10), strict=True)):
        (tmp_path / "trees" / kind).mkdir(parents=True, exist_ok=True)
        pixels = (shade + RNG.integers(-20, 20, (6, 5))).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "trees" / kind / f"{number}.png")
    run("compare", "trees", "--loss", "softmax")
    run("train", "trees")
    alone = run("predict", "model.safetensors", "trees/elm/15.png")
    assert labels(alone) == ["elm"]


def test_a_workbook_is_predicted_row_by_row(run):
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["a", "b", "kind"])
    for (a, b, *_), kind in zip(X.tolist(), KINDS.tolist(), strict=True):
        book.active.append([a, b, kind])
    book.save("trees.xlsx")
    run("train", "trees.xlsx", "--target", "kind")
    book.active["C3"] = None
    book.save("new.xlsx")
    assert labels(run("predict", "model.safetensors", "new.xlsx")) == KINDS.tolist()
