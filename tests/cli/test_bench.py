import json

import numpy as np
import pytest
from click.testing import CliRunner

import normexp as nex
from normexp.cli import bench as room
from normexp.cli.commands import normexp as command

NAMES = ["normexp", "normexp fast", "SciPy", "torch"]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(room, "TIMING", 1e-6)


def run(*arguments):
    result = CliRunner().invoke(command, ["bench", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_work_is_measured_with_its_error():
    before = nex.get_num_threads()
    found = json.loads(run("--shape", "3x4", "--shape", "2x3x5", "--threads", "2", "--json"))
    assert nex.get_num_threads() == before
    assert found["threads"] == 2
    assert {(tuple(row["shape"]), row["work"]) for row in found["rows"]} == {
        (shape, work) for shape in ((3, 4), (2, 3, 5)) for work in room.WORKS
    }
    for row in found["rows"]:
        limits = {"normexp": 0.55, "normexp fast": 4.0}
        assert {"normexp", "normexp fast"} <= row["found"].keys() <= set(NAMES)
        assert all(each["seconds"] > 0 for each in row["found"].values())
        assert all(row["found"][name]["ulp"] <= limit for name, limit in limits.items())
        assert all(each["ulp"] < 100 for each in row["found"].values())


def test_a_wrong_result_is_seen():
    true = np.array([0.1, 0.7, 0.2])
    got = true.astype(np.float32)
    assert room.worst_ulp(room.Contender(lambda: got), true) <= 0.5
    got[1] = np.nextafter(got[1], np.float32(2))
    assert 0.5 <= room.worst_ulp(room.Contender(lambda: got), true) <= 1.5


def test_the_table_has_a_line_for_each_work_and_shape():
    shown = run("--work", "softmax", "--shape", "4x3")
    assert "softmax" in shown
    assert "4×3" in shown
    assert "ULP" in shown
    assert "log_softmax" not in shown


def test_without_torch_it_is_left_out(monkeypatch):
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    shown = run("--work", "loss", "--shape", "4x3")
    assert "normexp fast" in shown
    assert "torch" not in shown
