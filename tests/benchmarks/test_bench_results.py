import json
import os

import pytest
from click.testing import CliRunner

from benchmarks.commands import benchmarks
from benchmarks.results import Benchmark, Row, Timing, read
from benchmarks.shapes import COPY, FAST, NORMEXP, TORCH, Case, Goal, beside, one_thread

CASE = Case("wide rows", "softmax", (10, 100), goals=beside(TORCH, 2.0, 4.0))


def test_a_ratio_is_the_median_of_what_each_round_says():
    row = Row(CASE, {NORMEXP: Timing([1.0, 2.0, 10.0], 0.5), TORCH: Timing([3.0, 4.0, 11.0], 5.0)})
    assert row.ratio(NORMEXP, TORCH) == 2.0  # of 3, 2 and 1.1; the ratio of the medians is 2 too
    row = Row(CASE, {NORMEXP: Timing([1.0, 2.0, 3.0], 0.5), TORCH: Timing([9.0, 4.0, 3.0], 5.0)})
    assert row.ratio(NORMEXP, TORCH) == 2.0  # of 9, 2 and 1, where the medians say 4 / 2
    row = Row(CASE, {NORMEXP: Timing([1.0, 4.0, 3.0], 0.5), TORCH: Timing([4.0, 4.0, 9.0], 5.0)})
    assert row.ratio(NORMEXP, TORCH) == 3.0  # of 4, 1 and 3, where the medians say 4 / 3


def test_a_slow_contender_is_compared_in_the_rounds_that_it_took_part_in():
    row = Row(CASE, {NORMEXP: Timing([1.0, 1.0, 9.0], 0.5), TORCH: Timing([3.0, 3.0], 5.0)})
    assert row.ratio(NORMEXP, TORCH) == 3.0


def test_goals_are_met_missed_or_not_measured():
    timings = {NORMEXP: Timing([1.0, 1.0], 0.5), TORCH: Timing([2.0, 2.0], 5.0)}
    exact, fast = Row(CASE, timings).verdicts(cache=None)
    assert exact.is_met is True
    assert (fast.ratio, fast.is_met) == (None, None)
    timings[FAST] = Timing([1.0, 1.0], 3.0)
    assert Row(CASE, timings).verdicts(cache=None)[1].is_met is False


def test_a_goal_for_arrays_beyond_the_cache_holds_for_no_other():
    case = CASE._replace(goals=(Goal(FAST, COPY, 0.87, beyond_cache=True),))
    row = Row(case, {})
    assert row.verdicts(cache=case.bytes) == []
    assert len(row.verdicts(cache=case.bytes - 1)) == 1
    assert row.verdicts(cache=None) == []


def test_a_goal_for_arrays_in_the_cache_holds_for_no_other():
    ours = one_thread(NORMEXP)
    row = Row(CASE._replace(goals=(Goal(NORMEXP, ours, 1.6, beyond_cache=False),)), {})
    assert len(row.verdicts(cache=CASE.bytes)) == 1
    assert row.verdicts(cache=CASE.bytes - 1) == []


def test_only_ours_has_a_limit_of_its_error():
    timings = {name: Timing([1.0, 1.0], 3.0) for name in (NORMEXP, FAST, one_thread(FAST), TORCH)}
    timings[COPY] = Timing([1.0, 1.0], None)
    allowed = [(NORMEXP, 3.0, 0.51), (FAST, 3.0, 4.0), (one_thread(FAST), 3.0, 4.0)]
    assert Row(CASE, timings).errors() == allowed
    assert Row(CASE._replace(dtype="float64"), timings).errors()[0] == (NORMEXP, 3.0, 4.0)


def test_median_and_quartiles_are_those_of_the_rounds():
    timing = Timing([5.0, 1.0, 2.0, 4.0, 3.0], None)
    assert timing.median == 3.0
    assert timing.quartiles == (2.0, 4.0)


def test_json_holds_all_that_was_measured(benchmark, tmp_path):
    path = tmp_path / "speed.json"
    path.write_text(json.dumps(benchmark.to_dict()))
    assert read(path) == benchmark
    row = benchmark.to_dict()["rows"][0]
    assert row["timings"][TORCH] == {
        "ns_per_element": pytest.approx(4.4),
        "quartiles": pytest.approx([4.2, 4.6]),
        "ulp": 0.5,
        "rounds": [4.0 * 64_000, 4.4 * 64_000, 4.8 * 64_000],
    }
    assert row["verdicts"][0] == {
        "ours": NORMEXP,
        "peer": TORCH,
        "ratio": pytest.approx(2.0),
        "goal": 1.4,
        "is_met": True,
    }


def test_an_infinite_error_comes_back_from_text():
    case, machine = CASE, {"caches": {}}
    found = Benchmark(machine, [Row(case, {TORCH: Timing([1.0, 1.0], float("inf"))})], [], [])
    plain = found.to_dict()
    plain["rows"][0]["timings"][TORCH]["ulp"] = "inf"  # as the command line writes it
    assert Benchmark.from_dict(plain) == found


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", '{"rows": [1]}', "no JSON", "[" * 100_000, '{"a":' * 100_000, "9" * 5000, "\xff"],
)
def test_another_file_is_refused(text, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(
        ValueError, match=r"other\.json: expected what `python -m benchmarks speed -o` writes: "
    ):
        read(path)


CHANGES = {
    "machine": [None, [], {}],
    "machine.caches": [None, {"L3": "much"}, {"L3": -1}, {"L3": True}],
    "machine.versions": [["1"], {"torch": 2}],
    "machine.threads": [0, "1", None, 1.5],
    "left_out": [None, "jax", [1]],
    "rows": [None, {}, [None]],
    "rows.0.case": [None, []],
    "rows.0.case.work": ["sleep", None, []],
    "rows.0.case.shape": [[], [0], ["10"], [2.5], 10, [10**30]],
    "rows.0.case.dtype": ["float8", "", None],
    "rows.0.case.axis": ["0", None],
    "rows.0.case.goals": [None, [{}], [{"ours": "a", "peer": "b", "ratio": 0}]],
    "rows.0.timings": [None, {}, {"torch": None}, {"copy": {"rounds": [1, 1], "ulp": None}}],
    "rows.0.timings.torch.rounds": [
        None,
        [],
        [1.0],
        [1.0, 0.0],
        [1.0, "1"],
        [1.0, 1e999],
        [1, True],
    ],
    "rows.0.timings.torch.ulp": ["much", -1, [], False],
    "rows.0.timings.torch.rounds.0": [10**400],
    "starts": [None, [{}]],
    "starts.0.goal": ["none"],
    "starts.0.call_seconds": [None, "nan", -1],
}


@pytest.mark.parametrize("place", CHANGES)
def test_every_field_is_checked(place, benchmark, tmp_path):
    *way, last = (int(part) if part.isdecimal() else part for part in place.split("."))
    for wrong in CHANGES[place]:
        plain = json.loads(json.dumps(benchmark.to_dict()))
        inner = plain
        for part in way:
            inner = inner[part]
        inner[last] = wrong
        path = tmp_path / "other.json"
        path.write_text(json.dumps(plain))
        with pytest.raises(
            ValueError, match=r"other\.json: expected what `python -m benchmarks speed -o` wri"
        ):
            read(path)


@pytest.mark.skipif(os.name == "nt", reason="has no pipes in folders")
def test_a_pipe_a_folder_and_nothing_are_one_line(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "nothing").touch()
    for name, expected in {
        "pipe": "is a pipe",
        "folder": "is a folder",
        "nothing": "empty",
    }.items():
        result = CliRunner().invoke(benchmarks, ["speed", "--read", str(tmp_path / name)])
        assert result.exit_code == 2
        assert expected in result.stderr
        assert len(result.stderr.splitlines()) == 1
