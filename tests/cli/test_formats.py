"""What the command line reads of files that are no text."""

import json

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


def table(result):
    return pl.read_csv(result.stdout.encode()).to_numpy()


def test_the_arrays_of_an_npz_file_are_named_by_options(run):
    np.savez("trees.npz", emb=X, kind=KINDS, X=X[:, :1], y=np.arange(30))
    run("train", "trees.npz", "--features", "emb", "--labels", "kind")
    np.savez("new.npz", emb=X[::10])
    predicted = run("predict", "model.safetensors", "new.npz", "--features", "emb")
    assert labels(predicted) == ["ash", "elm", "oak"]


@pytest.mark.parametrize("place", [0, -1])
def test_a_column_left_out_of_an_array_is_left_out_of_others(run, place):
    kinds = np.repeat([0, 1, 2], 10)
    noise = RNG.permutation(X[:, 0]) * 100
    features = np.column_stack([noise, X])
    whole = np.insert(features, 0 if place == 0 else 5, kinds, axis=1)
    np.save("whole.npy", whole)
    np.save("without.npy", X)
    np.save("features.npy", features)
    run("train", "whole.npy", "--target", place, "--drop", "x0", "-o", "less")
    np.save("less.npy", np.column_stack([X, kinds]))
    run("train", "less.npy", "--target", -1, "-o", "plain")
    expected = table(run("predict", "plain", "without.npy"))
    for data in ("features.npy", "whole.npy"):
        np.testing.assert_allclose(table(run("predict", "less", data)), expected, rtol=1e-9)
    found, wanted = (
        json.loads(run("evaluate", *words, "--json").stdout)
        for words in (("less", "whole.npy"), ("plain", "less.npy"))
    )
    assert (found["rows"], found["accuracy"]) == (30, wanted["accuracy"])
    np.savez("whole.npz", X=features, y=kinds)
    run("train", "whole.npz", "--drop", "x0", "-o", "named")
    np.savez("features.npz", X=features)
    np.testing.assert_allclose(table(run("predict", "named", "features.npz")), expected, rtol=1e-9)


def test_a_model_of_a_table_predicts_an_array(run):
    names = ["a", "b", "c", "d"]
    trees = pl.DataFrame(X, schema=names).with_columns(kind=pl.Series(KINDS))
    trees = trees.with_columns(pl.col("a").cast(pl.String) + "%")
    trees.write_csv("trees.csv")
    run("train", "trees.csv", "--target", "kind")
    np.save("trees.npy", X)
    expected = run("predict", "model.safetensors", "trees.csv").stdout
    assert run("predict", "model.safetensors", "trees.npy").stdout == expected
    holed = X.copy()
    holed[:, 2] = np.nan
    np.save("holed.npy", holed)
    result = run("predict", "model.safetensors", "holed.npy")
    assert result.stderr == "column 'x2' blank in every row\n"


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
