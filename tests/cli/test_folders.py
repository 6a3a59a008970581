"""`normexp predict` and `evaluate` on a folder of files that is read some rows at a time."""

import json
import subprocess
import sys
from pathlib import Path
from shutil import rmtree

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from normexp.cli.commands import normexp as command

ROWS = 900
MEMORY = ("--memory", "20kB")  # some 100 rows


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A table in one file and in a folder of some, and a model of it."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    table = pl.DataFrame(
        {
            "id": range(ROWS),
            "size": rng.normal(size=ROWS),
            "colour": rng.choice(["red", "blue", "green"], ROWS).tolist(),
        }
    )
    score = table["size"].to_numpy() + rng.normal(size=ROWS) / 2
    kind = np.choose(np.digitize(score, [-0.5, 0.5]), ["small", "middle", "=large"])
    table = table.with_columns(kind=pl.Series(kind)).sort("kind")
    write(table)
    assert run("train", "whole.parquet", "--target", "kind", "--drop", "id").exit_code == 0
    return table


def write(table):
    table.write_parquet("whole.parquet")
    rmtree("big", ignore_errors=True)
    for start in range(0, ROWS, 250):
        path = f"big/part{start}.parquet"
        table[start : start + 250].write_parquet(path, mkdir=True)


def run(*arguments):
    return CliRunner().invoke(command, arguments)


def done(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("how", [(), ("--carry", "id", "--carry", "kind"), ("--json",)])
def test_predictions_are_those_of_one_file(folder, how):
    expected = done("predict", "model.safetensors", "whole.parquet", *how)
    assert done("predict", "model.safetensors", "big", *MEMORY, *how) == expected
    assert len(expected) > 20 * ROWS


def test_predictions_are_written_and_printed(folder, tmp_path):
    words = ("predict", "model.safetensors", "big", *MEMORY, "-o", "labels.csv")
    printed = json.loads(done(*words, "--json"))
    assert pl.read_csv("labels.csv")["label"].to_list() == [
        {"=large": "'=large"}.get(row["label"], row["label"]) for row in printed
    ]
    expected = done("predict", "model.safetensors", "whole.parquet")
    assert (tmp_path / "labels.csv").read_text() == expected


def test_the_measures_are_those_of_one_file(folder):
    whole = json.loads(done("evaluate", "model.safetensors", "whole.parquet", "--json"))
    big = json.loads(done("evaluate", "model.safetensors", "big", *MEMORY, "--json"))
    check_equal(big, whole)
    assert whole["rows"] == ROWS


def test_a_temperature_is_that_of_one_file(folder):
    words = ("calibrate", "model.safetensors")
    found, expected = (
        json.loads(done(*words, data, *memory, "-o", "calibrated.safetensors", "--json"))
        for data, memory in (("big", MEMORY), ("whole.parquet", ()))
    )
    check_equal(found, expected)
    assert found["rows"] == ROWS


@pytest.mark.parametrize("kind", ["tables", "arrays"])
def test_a_folder_is_compared_as_one_file_is(folder, kind):
    how = ("--loss", "softmax", "-o", "r.html", "--json", "--seed", "3")
    if kind == "tables":
        first = folder[:250].with_columns(pl.col("id").cast(pl.Int16)).select(folder.columns[::-1])
        first.write_parquet("big/part0.parquet")
        how += ("--target", "kind", "--drop", "id")
        whole = "whole.parquet"
    else:
        rmtree("big")
        Path("big").mkdir()
        X, y = folder.select("id", "size").to_numpy(), folder["kind"].to_numpy().astype(str)
        for i in range(0, ROWS, 300):
            np.save(f"big/X_{i}.npy", X[i : i + 300])
            np.save(f"big/y_{i}.npy", y[i : i + 300])
        np.savez("whole.npz", X=X, y=y)
        whole = "whole.npz"
    found, expected = (json.loads(done("compare", data, *how)) for data in ("big", whole))
    assert found["data"] == "big"
    for name in ("rows", "truth", "train_rows"):
        assert found[name] == expected[name]
    assert set(found["notes"]) == set(expected["notes"])
    metrics = [each["results"][0]["metrics"]["log_loss"] for each in (found, expected)]
    assert metrics[0] == pytest.approx(metrics[1], rel=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": pl.lit("tall")}, "'size' is of type String, in big/part0.parquet of Float64"),
        ({"kind": pl.lit(7)}, "'target' is of type Int32, in big/part0.parquet of String"),
    ],
)
def test_files_that_differ_in_what_a_column_is_are_no_one_table(folder, change, words):
    folder[:9].with_columns(**change).write_parquet("big/part9.parquet")
    result = run("compare", "big", "--target", "kind")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"big/part9.parquet: {words}" in result.stderr


def check_equal(found, expected):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name in expected:
            check_equal(found[name], expected[name])
    elif isinstance(expected, float | list):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    else:
        assert found == expected


@pytest.mark.parametrize("marker", [None, "?"])
def test_rows_without_a_label_are_left_out_and_counted(folder, marker):
    write(
        folder.with_columns(
            pl.when(pl.col("kind") != "middle").then("kind").otherwise(pl.lit(marker, pl.String))
        )
    )
    whole = json.loads(done("evaluate", "model.safetensors", "whole.parquet", "--json"))
    result = run("evaluate", "model.safetensors", "big", *MEMORY)
    middle = int((folder["kind"] == "middle").sum())
    assert f"Left out: {middle} of {ROWS} rows, without a label." in result.stdout
    assert f"{whole['accuracy']:.1%}" in result.stdout
    big = json.loads(done("evaluate", "model.safetensors", "big", *MEMORY, "--json"))
    check_equal(big, whole)
    assert len(done("predict", "model.safetensors", "big", *MEMORY).splitlines()) == ROWS + 1


def test_a_folder_without_any_label_is_refused(folder):
    write(folder.with_columns(kind=pl.lit(None, pl.String)))
    result = run("evaluate", "model.safetensors", "big")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "target: no row of big has a label" in result.stderr
    write(folder.drop("kind"))
    result = run("evaluate", "model.safetensors", "big")
    assert "comes without labels: there is no column 'kind'" in result.stderr
    assert len(done("predict", "model.safetensors", "big").splitlines()) == ROWS + 1


def test_arrays_are_predicted_with_and_without_labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, ROWS)
    X = rng.normal(size=(ROWS, 4)) + y[:, None]
    np.savez("whole.npz", X=X, y=y)
    (tmp_path / "big").mkdir()
    for i, rows in enumerate(np.array_split(np.arange(ROWS), 4)):
        np.save(f"big/X_{i}.npy", X[rows])
        np.save(f"big/y_{i}.npy", y[rows])
    done("train", "big", *MEMORY)
    expected = done("predict", "model.safetensors", "whole.npz")
    assert done("predict", "model.safetensors", "big", *MEMORY) == expected
    measures = [
        json.loads(done("evaluate", "model.safetensors", data, *MEMORY, "--json"))
        for data in ("big", "whole.npz")
    ]
    check_equal(*measures)
    (tmp_path / "big/y_2.npy").unlink()
    assert done("predict", "model.safetensors", "big", *MEMORY) == expected
    result = run("evaluate", "model.safetensors", "big")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no y_2.npy" in result.stderr


def test_what_cannot_be_read_leaves_what_was_written_before(folder, tmp_path):
    (tmp_path / "labels.csv").write_text("before")
    damaged = tmp_path / "big/part750.parquet"
    damaged.write_bytes(damaged.read_bytes().replace(b"middle", b"\0" * 6)[:2000] + bytes(100))
    words = ("predict", "model.safetensors", "big", *MEMORY, "-o", "labels.csv")
    result = run(*words)
    assert result.exit_code == 2
    assert "part750.parquet is damaged" in result.stderr
    size = folder["size"].scatter(ROWS - 1, np.inf)
    folder.with_columns(size)[750:].write_parquet(damaged)
    result = run(*words)
    assert result.exit_code == 2
    assert "part750.parquet: column 'size' holds an infinite number in row 150" in result.stderr
    assert (tmp_path / "labels.csv").read_text() == "before"
    assert not list(tmp_path.glob(".normexp*"))


def test_remarks_are_told_once_with_their_place(folder):
    strange = folder.with_columns(
        pl.when(pl.col("id") < 5).then(pl.lit("pink")).otherwise("colour").alias("colour")
    )
    write(strange.sort("id"))
    result = run("evaluate", "model.safetensors", "big", *MEMORY)
    note = "big/part0.parquet: column 'colour': 5 rows of a category that was not seen"
    assert note in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("predict model.safetensors big --encoding cp1252", "it says nothing of a folder of files"),
        ("predict model.safetensors big -o big/part0.parquet", "cannot write big/part0.parquet"),
        ("predict model.safetensors big --carry nam", "carry: no column 'nam'"),
        ("compare big --target kind --split test", "split: big does not tell training from test"),
        ("calibrate model.safetensors big --split test", "it says nothing of a folder of files"),
    ],
)
def test_what_a_folder_does_not_do_is_said(folder, tmp_path, words, said):
    before = (tmp_path / "big/part0.parquet").read_bytes()
    result = run(*words.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert (tmp_path / "big/part0.parquet").read_bytes() == before


def test_bytes_are_not_carried_part_by_part(folder):
    write(folder.with_columns(raw=pl.lit(b"\xff")))
    result = run("predict", "model.safetensors", "big", "--carry", "raw")
    assert result.exit_code == 2
    assert "carry: 'raw' holds bytes" in result.stderr


@pytest.mark.nightly
def test_the_memory_does_not_grow_with_the_rows(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    for i in range(20):
        X = rng.normal(size=(10_000, 100))
        for folder in ("many", "few")[: 2 if i == 0 else 1]:
            np.save(tmp_path / folder / f"X_{i:02}.npy", X)
            np.save(tmp_path / folder / f"y_{i:02}.npy", np.where(X[:, 0] > 0, 1, 0))
    code = (
        "import resource, sys; from normexp.cli.commands import normexp\n"
        "from click.testing import CliRunner\n"
        "result = CliRunner().invoke(normexp, sys.argv[1:]); assert not result.exit_code, result\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak(*words):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        return int(done.stdout)

    peak("train", "few", "--memory", "20MB")
    for words in (("evaluate",), ("predict", "-o", "labels.csv")):
        few, many = (
            peak(words[0], "model.safetensors", folder, "--memory", "20MB", *words[1:])
            for folder in ("few", "many")
        )
        assert many < few + 30_000, (words, few, many)  # kB, of 160 MB
