"""The comparison of linear classifiers with scikit-learn: both get there, and it says how."""

import json
import math

import pytest
from click.testing import CliRunner

from benchmarks import alpha_path, linear
from benchmarks.commands import benchmarks
from benchmarks.linear_data import PROBLEMS


@pytest.fixture(scope="module")
def found():
    """The first problem, in one round."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear, "ROUNDS", 1)
        (found,) = linear.comparisons(PROBLEMS[:1])
    return found


def test_both_come_to_the_same_objective(found):
    assert found.problem == "iris 150×4×3"
    target = found.lowest * (1 + linear.ABOVE)
    assert all(run.objective <= target and run.evaluations > 1 for run in found.ours)
    runs = found.peers[found.best_peer]
    assert all(run.objective <= target and run.evaluations > 1 for run in runs)
    assert found.lowest <= min(run.objective for run in runs) * (1 + 1e-9)
    assert found.lowest <= found.ours_by_default.objective <= found.peer_by_default.objective
    assert found.ratio > 0


def test_who_is_not_there_in_time_has_no_ratio(found):
    X, y = PROBLEMS[0].load()
    run = linear.run_peer(X, y, 1e-3, "lbfgs", target=0.0, patience=0.0)
    assert math.isinf(run.seconds)
    late = found._replace(peers={"lbfgs": [run]})
    assert late.ratio is None
    assert late.to_dict()["peers"] == {"lbfgs": []}
    assert "—" in linear.line(late)


def test_the_command_prints_and_writes(found, tmp_path, monkeypatch):
    monkeypatch.setattr(linear, "comparisons", lambda problems: [found for _ in problems])
    path = tmp_path / "linear.json"
    command = ["linear", "--problem", "iris", "--output", str(path)]
    shown = CliRunner().invoke(benchmarks, command, catch_exceptions=False).output
    assert "iris 150×4×3" in shown
    written = json.loads(path.read_text())
    assert written["machine"]["versions"]["scikit-learn"]
    (row,) = written["rows"]
    assert row["problem"] == "iris 150×4×3"
    assert row["ratio"] > 0


def test_a_path_stands_beside_one_fit(monkeypatch):
    monkeypatch.setattr(alpha_path, "ALPHAS", 3)
    result = CliRunner().invoke(benchmarks, ["path", "--problem", "iris", "--rounds", "1"])
    assert result.exit_code == 0, result.output
    rows = [line for line in result.output.splitlines() if line.startswith("iris")]
    assert len(rows) == 2  # without an L1 norm, and with
    found, *_ = alpha_path.comparisons(PROBLEMS[:1], 1)
    assert found.path_iterations >= found.fit_iterations > 0
    assert found.ratio == found.path / found.fit > 0
