"""What is chosen for every call holds where it was chosen, and a mistake in it is named."""

import asyncio
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import normexp as nex
from normexp import _settings
from normexp._settings import current_accuracy


@pytest.fixture(autouse=True)
def _unread(monkeypatch):
    """Settings as in a new process, with nothing in its environment."""
    for name in ("NORMEXP_ACCURACY", "NORMEXP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("_default_accuracy", "_num_threads"):
        monkeypatch.setattr(_settings, name, None)


def test_results_are_exact_unless_something_else_is_chosen():
    assert current_accuracy() == "exact"
    with nex.accuracy("fast"):
        assert current_accuracy() == "fast"
        with nex.accuracy("exact"):
            assert current_accuracy() == "exact"
        assert current_accuracy() == "fast"
    assert current_accuracy() == "exact"


def test_an_error_in_the_block_ends_the_choice():
    with pytest.raises(KeyError), nex.accuracy("fast"):
        raise KeyError
    assert current_accuracy() == "exact"


def test_another_thread_does_not_share_the_choice():
    seen = []
    with nex.accuracy("fast"):
        thread = threading.Thread(target=lambda: seen.append(current_accuracy()))
        thread.start()
        thread.join()
    assert seen == ["exact"]


def test_another_task_does_not_share_the_choice():
    async def chooses(chosen, looked):
        with nex.accuracy("fast"):
            chosen.set()
            await looked.wait()
            return current_accuracy()

    async def looks(chosen, looked):
        await chosen.wait()
        looked.set()
        return current_accuracy()

    async def both():
        events = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(chooses(*events), looks(*events))

    assert asyncio.run(both()) == ["fast", "exact"]


@pytest.mark.parametrize("name", ["quick", "", "Fast", None, 1])
def test_another_accuracy_is_refused_before_the_block_begins(name):
    with pytest.raises(ValueError, match=r"accuracy must be one of 'exact', 'fast', got "):
        nex.accuracy(name)


def test_the_environment_names_the_accuracy_outside_of_blocks(monkeypatch):
    monkeypatch.setenv("NORMEXP_ACCURACY", "fast")
    assert current_accuracy() == "fast"
    with nex.accuracy("exact"):
        assert current_accuracy() == "exact"
    assert current_accuracy() == "fast"


def test_a_wrong_accuracy_in_the_environment_is_told_by_every_call_that_needs_it(monkeypatch):
    monkeypatch.setenv("NORMEXP_ACCURACY", "quick")
    for _ in range(2):
        with pytest.raises(ValueError, match=r"NORMEXP_ACCURACY must be one of .* got 'quick'"):
            current_accuracy()
    with nex.accuracy("fast"):
        assert current_accuracy() == "fast"


def test_wrong_settings_in_the_environment_do_not_break_the_import():
    environment = {**os.environ, "NORMEXP_ACCURACY": "quick", "NORMEXP_NUM_THREADS": "many"}
    subprocess.run([sys.executable, "-c", "import normexp"], env=environment, check=True)


@pytest.mark.parametrize("n", [1, 3, np.int64(7)])
def test_the_number_of_threads_can_be_set(n):
    nex.set_num_threads(n)
    assert nex.get_num_threads() == n


@pytest.mark.parametrize("n", [0, -1])
def test_there_is_at_least_one_thread(n):
    with pytest.raises(ValueError, match=f"n must be an integer of at least 1, got {n}"):
        nex.set_num_threads(n)


@pytest.mark.parametrize("n", [1.5, "2", None])
def test_the_number_of_threads_is_an_integer(n):
    with pytest.raises(TypeError, match="n must be an integer, got "):
        nex.set_num_threads(n)


def test_the_environment_names_the_number_of_threads(monkeypatch):
    monkeypatch.setenv("NORMEXP_NUM_THREADS", " 5 ")
    assert nex.get_num_threads() == 5
    nex.set_num_threads(2)
    assert nex.get_num_threads() == 2


@pytest.mark.parametrize("text", ["0", "-2", "many", "2.5"])
def test_a_wrong_number_of_threads_in_the_environment_is_named(monkeypatch, text):
    monkeypatch.setenv("NORMEXP_NUM_THREADS", text)
    message = f"NORMEXP_NUM_THREADS must be an integer of at least 1, got .*{text}"
    with pytest.raises(ValueError, match=message):
        nex.get_num_threads()


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")
def test_there_are_as_many_threads_as_cpus_that_the_process_may_use():
    code = """
        import os, normexp
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        print(normexp.get_num_threads())
    """
    code = "\n".join(line.strip() for line in code.splitlines())
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout == "1\n"


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({}, np.inf),
        ({"cpu.max": "max 100000\n"}, np.inf),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, np.inf),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
    ],
)
def test_a_container_limits_the_cpus(tmp_path, monkeypatch, files, cpus):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    found = _settings._container_cpus(tmp_path)
    assert found == cpus
    monkeypatch.setattr(_settings, "_container_cpus", lambda: found)
    assert 1 <= nex.get_num_threads() <= max(1, os.cpu_count() if cpus == np.inf else np.ceil(cpus))
