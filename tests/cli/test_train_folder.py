"""`normexp train` on a folder of files that is read some rows at a time."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from normexp.cli.commands import normexp as command
from normexp.model import Model

ROWS = 900


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    table = pl.DataFrame(
        {
            "size": rng.normal(size=ROWS),
            "colour": rng.choice(["red", "blue", "green"], ROWS).tolist(),
        }
    )
    is_large = table["size"].to_numpy() + rng.normal(size=ROWS) / 2 > 0
    table = table.with_columns(kind=pl.Series(np.where(is_large, "large", "small"))).sort("kind")
    table.write_parquet("whole.parquet")
    (tmp_path / "big").mkdir()
    for start in range(0, ROWS, 250):
        table[start : start + 250].write_parquet(f"big/part{start}.parquet")
    return table


def train(*arguments):
    return CliRunner().invoke(command, ["train", *arguments])


def test_the_model_is_that_of_one_file(folder):
    found = {}
    for data in ("whole.parquet", "big"):
        result = train(data, "--target", "kind", "--memory", "20kB", "-o", f"{data}.st", "--json")
        assert result.exit_code == 0, result.output
        found[data] = json.loads(result.stdout)
    whole, big = found.values()
    assert big["rows"] == whole["rows"] == ROWS
    assert big["classes"] == whole["classes"]
    assert big["objective"] == pytest.approx(whole["objective"], rel=1e-6)
    rows = folder.drop("kind")
    predicted = [Model.load(f"{data}.st").predict(rows) for data in found]
    np.testing.assert_array_equal(*predicted)


def test_a_checkpoint_is_gone_in_the_end(folder, tmp_path):
    result = train("big", "--target", "kind", "--checkpoint", "so-far")
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "so-far").exists()
    (tmp_path / "so-far").write_text("something else")
    result = train("big", "--target", "kind", "--checkpoint", "so-far", "-o", "other.st")
    assert result.exit_code == 2
    assert "so-far is no checkpoint, or damaged" in result.stderr
    assert not (tmp_path / "other.st").exists()


def test_what_a_folder_does_not_do_is_said(folder):
    result = train("big", "--target", "kind", "--loss", "svm")
    assert result.exit_code == 2
    assert "Batches are for smooth losses" in result.stderr
    result = train("big", "--target", "kind", "--encoding", "cp1252")
    assert result.exit_code == 2
    assert "encoding: it says nothing of a folder of files" in result.stderr


def test_what_the_first_rows_alone_tell_is_said_to_be_of_them(folder):
    for path in Path("big").iterdir():
        path.unlink()
    table = folder.with_columns(id=pl.int_range(ROWS))
    table[:500].write_parquet("big/a.parquet")
    table[500:].write_parquet("big/b.parquet")
    how = ("--target", "kind", "--drop", "colour", "-o", "m.st")
    said = " ".join(train("big", *how).stderr.split())
    assert "in the first 500 rows: the numbers of 'id' merely count" in said
    assert "rows: left out as asked" not in said
    Path("big/b.parquet").unlink()
    table.write_parquet("big/a.parquet")
    said = " ".join(train("big", *how).stderr.split())
    assert "the numbers of 'id' merely count" in said
    assert "in the first" not in said
