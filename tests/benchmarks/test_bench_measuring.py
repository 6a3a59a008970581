import gc
from contextlib import contextmanager

import numpy as np
import pytest

from benchmarks import contenders as room
from benchmarks import speed, starting
from benchmarks.measuring import LEAST_ROUNDS, Effort, measure
from benchmarks.problem import Contender, random_problem
from benchmarks.shapes import (
    CASES,
    COPY,
    FAST,
    NORMEXP,
    QUICK,
    SCIPY,
    TORCH,
    WORKS,
    Case,
    Goal,
    one_thread,
    select,
    without_goals,
)
from benchmarks.truth import ulps, worst_ulps

EFFORT = Effort(rounds=4, timing=1e-6, share=1.0, starts=1)
SHAPES = [((6, 5), -1), ((2, 5, 3, 2), 1), ((5,), -1)]


def case_of(work, shape=(6, 5), dtype="float32", axis=-1, **options):
    return Case("as asked", work, shape, dtype, axis, **options)


def test_every_contender_has_every_round_and_its_own_setting():
    log = []

    def contender(name):
        @contextmanager
        def setting():
            log.append(("enter", name))
            yield
            log.append(("leave", name))

        return Contender(name, lambda: log.append(("call", name)), setting=setting)

    times = measure([contender("a"), contender("b")], EFFORT)
    assert {name: len(rounds) for name, rounds in times.items()} == {"a": 4, "b": 4}
    inside = None
    for event, name in log:
        if event == "call":
            assert inside == name
        inside = name if event == "enter" else None if event == "leave" else inside


def test_a_contender_whose_share_is_spent_stays_out_of_later_rounds():
    never = EFFORT._replace(share=-1.0)
    times = measure([Contender("slow", lambda: None)], never)
    assert len(times["slow"]) == LEAST_ROUNDS


def test_the_garbage_collector_is_as_it_was_after_a_failure():
    def fails():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        measure([Contender("fails", fails)], EFFORT)
    assert gc.isenabled()


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_everyone_does_the_same_work(work, shape, axis, dtype):
    case = case_of(work, shape, dtype, axis)
    problem = random_problem(case)
    judged = {
        contender.name: speed.worst_of(contender, work, problem)
        for contender in room.contenders(case, problem)
    }
    assert judged.pop(COPY) is None
    assert {NORMEXP, SCIPY, "NumPy"} <= set(judged)
    if np.finfo(np.longdouble).nmant >= 63 or dtype != "float64":
        assert all(error <= 20 for error in judged.values()), judged


def test_scikit_learn_takes_part_where_it_has_the_work():
    def takes_part(work, shape, axis=-1):
        case = case_of(work, shape, axis=axis)
        names = [contender.name for contender in room.contenders(case, random_problem(case))]
        return "scikit-learn" in names

    assert takes_part("loss", (6, 5))
    assert takes_part("gradient", (6, 5))
    assert not takes_part("softmax", (6, 5))
    assert not takes_part("loss", (2, 5, 3), axis=1)


def test_only_a_type_with_a_fast_form_is_measured_in_it():
    names = {
        dtype: {c.name for c in room.contenders(case, random_problem(case))}
        for dtype in ("float32", "float64")
        for case in [case_of("softmax", dtype=dtype)]
    }
    assert FAST in names["float32"]
    assert FAST not in names["float64"]


def test_a_wrong_result_is_seen():
    case = case_of("softmax", (100, 7))
    problem = random_problem(case)
    exact = np.exp(problem.logits.astype(np.float64))
    exact /= exact.sum(axis=1, keepdims=True)
    got = exact.astype(np.float32)
    assert worst_ulps("softmax", problem, got) <= 0.5
    got[99, 6] = np.nextafter(got[99, 6], 2, dtype=np.float32)
    assert 0.5 <= worst_ulps("softmax", problem, got) <= 1.5


def test_an_ulp_is_that_of_the_type():
    one = np.array([1.0])
    assert ulps(one + 2.0**-7, one, np.dtype("float16")) == 8
    assert ulps(one + 2.0**-23, one, np.dtype("float32")) == 1
    tiny = np.array([2.0**-149])  # below the normal numbers the spacing stays
    assert ulps(2 * tiny, tiny, np.dtype("float32")) == 1


def test_a_missing_peer_is_named(monkeypatch):
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    assert room.absent() == ("torch", "jax")
    assert speed.available([])[1] == ["torch is not installed", "jax is not installed"]
    problem = random_problem(case_of("softmax"))
    names = {contender.name for contender in room.contenders(case_of("softmax"), problem)}
    assert names == {NORMEXP, FAST, SCIPY, "NumPy", COPY}


def test_without_ml_dtypes_bfloat16_is_left_out_and_named(monkeypatch):
    monkeypatch.setattr(speed, "find_spec", lambda name: None)
    cases, left_out = speed.available([case_of("softmax", dtype="bfloat16"), case_of("softmax")])
    assert [case.dtype for case in cases] == ["float32"]
    assert any("ml_dtypes" in remark for remark in left_out)


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(speed, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="torch, which is not installed"):
        speed.device_name("cuda")


def test_two_threads_are_measured_beside_one():
    goals = (Goal(NORMEXP, one_thread(NORMEXP), 1.0),)
    case = case_of("softmax", threads=2, goals=goals)
    names = {contender.name for contender in room.contenders(case, random_problem(case))}
    assert {NORMEXP, FAST, one_thread(NORMEXP), one_thread(FAST)} <= names


def test_a_first_call_is_timed_in_a_process_of_its_own():
    imported, called = starting.seconds("import os", "assert os.environ['A'] == '1'", {"A": "1"})
    assert imported > 0
    assert called > 0


def test_first_calls_are_medians_with_an_empty_and_a_filled_cache(monkeypatch):
    folders = []
    times = iter([(0.1, 2.0), (0.1, 0.2), (0.3, 1.0), (0.3, 0.4), (0.2, 1.4), (0.2, 0.1)])

    def seconds(imports, call, environment):
        folders.append(environment["NORMEXP_CACHE_DIR"])
        return next(times)

    monkeypatch.setattr(starting, "seconds", seconds)
    monkeypatch.setattr(starting, "OURS", {"softmax": "nex.softmax(x)"})
    monkeypatch.setattr(starting, "PEERS", {})
    empty, warm = starting.starts(EFFORT._replace(starts=3))
    assert (empty.import_seconds, empty.call_seconds, empty.is_met) == (0.2, 1.4, True)
    assert (warm.import_seconds, warm.call_seconds, warm.is_met) == (0.2, 0.2, True)
    assert folders[0::2] == folders[1::2]
    assert len(set(folders)) == 3


def test_every_goal_is_one_that_contenders_can_meet():
    for case in CASES:
        ours = {NORMEXP} if case.dtype != "float32" else {NORMEXP, FAST}
        peers = {TORCH, SCIPY, COPY, *map(one_thread, ours)}
        assert case.work in WORKS
        assert {goal.ours for goal in case.goals} <= ours
        assert {goal.peer for goal in case.goals} <= peers


def test_the_quick_cases_are_small_ones_of_all():
    assert set(QUICK) < set(CASES)
    assert max(case.elements for case in QUICK) <= 4096 * 1000


def test_cases_are_selected_by_work_and_shape():
    chosen = select(["softmax"], [(4096, 1000)], quick=False)
    assert {(case.work, case.shape) for case in chosen} == {("softmax", (4096, 1000))}
    assert chosen[0].goals
    assert select(["softmax"], [(3, 4)], quick=True) == [case_of("softmax", (3, 4))]
    assert select(WORKS, [], quick=True) == list(QUICK)


def test_no_goal_was_set_for_more_threads():
    cases = without_goals(CASES, 4)
    assert {(case.threads, case.goals) for case in cases} == {(4, ())}
