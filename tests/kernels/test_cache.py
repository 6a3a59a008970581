"""Compiled kernels outlive the process; a cache that cannot be used costs time, nothing else."""

import os

import pytest

from normexp.kernels.cpu import cache
from normexp.kernels.cpu.vector import kernel


def add_one(x):
    return x + 1.0


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    """An empty folder in the place of the user's."""
    monkeypatch.setenv("NORMEXP_CACHE_DIR", str(tmp_path / "cache"))
    cache.folder.cache_clear()
    yield tmp_path / "cache"
    cache.folder.cache_clear()


def hits(x=1.0):
    """Call a fresh dispatcher, as a new process would; how many kernels came from the disk."""
    dispatcher = kernel(add_one)
    assert dispatcher(x) == x + 1.0
    return sum(dispatcher.stats.cache_hits.values())


def kernels(folder):
    return sorted(folder.rglob("*.kernel"))


def test_a_kernel_is_compiled_once(cache_folder):
    assert hits() == 0
    assert hits() == 1
    assert len(kernels(cache_folder)) == 1
    assert hits(1) == 0
    assert len(kernels(cache_folder)) == 2


def test_the_folder_belongs_to_the_user_alone(cache_folder):
    hits()
    (versioned,) = cache_folder.iterdir()
    assert versioned.stat().st_mode & 0o777 == 0o700
    assert f"normexp{cache.version('normexp')}" in versioned.name
    assert f"numba{cache.numba.__version__}" in versioned.name


@pytest.mark.parametrize("keep", [0, 10, 40, -1])
def test_a_file_cut_off_is_compiled_again(cache_folder, keep):
    hits()
    (file,) = kernels(cache_folder)
    whole = file.read_bytes()
    file.write_bytes(whole[:keep])
    assert hits() == 0
    assert hits() == 1


def test_a_changed_file_is_never_unpickled(cache_folder, monkeypatch):
    hits()
    (file,) = kernels(cache_folder)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    monkeypatch.setattr(cache.pickle, "loads", lambda _: pytest.fail("unpickled"))
    assert hits() == 0


def test_a_folder_open_to_others_is_not_used(cache_folder):
    hits()
    (versioned,) = cache_folder.iterdir()
    versioned.chmod(0o777)
    cache.folder.cache_clear()
    assert hits() == 0
    assert cache.folder() is None


def test_a_folder_of_somebody_else_is_not_used(cache_folder, monkeypatch):
    hits()
    cache.folder.cache_clear()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert hits() == 0
    assert cache.folder() is None


def test_without_a_place_for_the_folder_kernels_still_run(cache_folder):
    cache_folder.write_text("a file where the folder should be")
    assert hits() == 0
    assert cache.folder() is None


def test_a_read_only_folder_is_not_used(cache_folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert hits() == 0
    assert cache.folder() is None


def test_without_a_home_kernels_still_run(monkeypatch):
    for name in ("NORMEXP_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(cache.Path, "home", no_home)
    cache.folder.cache_clear()
    assert hits() == 0
    assert cache.folder() is None
    cache.folder.cache_clear()


def test_a_full_disk_costs_only_the_cache(cache_folder, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "atomic_write", full)
    assert hits() == 0
    assert kernels(cache_folder) == []
