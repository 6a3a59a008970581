"""Compiled kernels outlive the process; a cache that cannot be used costs time, nothing else."""

import errno
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from normexp.kernels.cpu import cache
from normexp.kernels.cpu.compiled import Kernel

pytestmark = pytest.mark.usefixtures("compiled_by_numba")

needs_owners = pytest.mark.skipif(
    sys.platform == "win32", reason="files have access lists, not an owner and a mode"
)


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
    dispatcher = Kernel(add_one).dispatcher
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
    assert f"normexp{cache.__version__}" in versioned.name
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


def subtract_one(x):
    return x - 1.0


def test_a_file_under_the_name_of_another_is_not_used(cache_folder):
    hits()
    other = Kernel(subtract_one).dispatcher
    assert other(1.0) == 0.0
    one, two = kernels(cache_folder)
    contents = one.read_bytes(), two.read_bytes()
    one.write_bytes(contents[1])
    two.write_bytes(contents[0])
    assert hits() == 0
    assert hits() == 1  # it took the place of the wrong one
    hits(1)  # another form of the same kernel
    files = [path for path in kernels(cache_folder) if "add_one" in path.name]
    files[0].write_bytes(files[1].read_bytes())
    assert hits() + hits(1) == 1


def test_a_file_of_another_version_is_not_used(cache_folder, monkeypatch):
    hits()
    (file,) = kernels(cache_folder)
    monkeypatch.setattr(cache, "SOURCES", "0" * 16)
    cache.folder.cache_clear()
    (cache.folder() / file.name).write_bytes(file.read_bytes())
    (cache.folder() / file.name).chmod(0o600)
    assert hits() == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_what_is_no_file_is_neither_read_nor_replaced(cache_folder, tmp_path):
    """A FIFO waits for a writer, a device may never end."""
    hits()
    (file,) = kernels(cache_folder)
    kept = tmp_path / "kept.kernel"
    file.rename(kept)

    def fifo():
        os.mkfifo(file)

    def device():
        try:
            os.mknod(file, 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero
        except PermissionError:
            os.mkfifo(file)  # only root makes devices

    makers = [
        fifo,
        device,
        file.mkdir,
        lambda: file.symlink_to("/dev/zero"),
        lambda: file.symlink_to(file),
        lambda: file.symlink_to(tmp_path / "nothing"),
        lambda: file.symlink_to(kept),
    ]
    for make in makers:
        make()
        before = file.lstat()
        assert hits() == 0
        assert os.path.samestat(file.lstat(), before)
        (file.rmdir if file.is_dir() and not file.is_symlink() else file.unlink)()
    assert not (tmp_path / "nothing").exists()
    kept.rename(file)
    assert hits() == 1


@pytest.mark.parametrize("name", ["BOUNDSCHECK", "OPT"])
def test_what_numba_was_told_to_do_otherwise_is_kept_apart(cache_folder, monkeypatch, name):
    hits()
    monkeypatch.setattr(cache.numba.config, name, 1)
    assert hits() == 0
    monkeypatch.undo()
    cache.folder.cache_clear()


def test_a_folder_named_from_the_working_folder_stays_where_it_was(
    cache_folder, tmp_path, monkeypatch
):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NORMEXP_CACHE_DIR", "cache")
    cache.folder()
    monkeypatch.chdir(tmp_path / "elsewhere")
    hits()
    assert len(kernels(cache_folder)) == 1
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_moving_code_from_file_to_file_changes_the_digest_of_the_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cpu" / "cache.py"))
    (tmp_path / "cpu").mkdir()
    found = set()
    for parts in ({"a": "xy", "b": "z"}, {"a": "x", "b": "yz"}, {"a": "xy", "c": "z"}):
        for old in tmp_path.glob("*.py"):
            old.unlink()
        for name, text in parts.items():
            (tmp_path / f"{name}.py").write_text(text)
        found.add(cache._digest_of_sources())
    assert len(found) == 3


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="it is set for all of these tests")
def test_kernels_that_may_not_be_compiled_say_so(monkeypatch):
    monkeypatch.setattr(cache.numba.config, "DISABLE_JIT", 1)
    with pytest.raises(RuntimeError, match="NUMBA_DISABLE_JIT is set"):
        Kernel(add_one)


def test_a_kernel_that_is_read_loads_no_more_of_numba_than_it_needs(cache_folder):
    """`Dispatcher`s are there at once; the code of every function that Numba knows is not."""
    code = """
import sys
import normexp as nex
nex.softmax([1.0, 2.0])
assert "numba.np.arrayobj" not in sys.modules, "loaded"
nex.sigmoid(1.0)
"""
    for expected in (1, 0):
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert ended.returncode == expected, ended.stderr


@needs_owners
def test_a_folder_open_to_others_is_not_used(cache_folder):
    hits()
    (versioned,) = cache_folder.iterdir()
    versioned.chmod(0o777)
    cache.folder.cache_clear()
    assert hits() == 0
    assert cache.folder() is None


def of_somebody_else(status):
    """A way to ask for the status of a file that reports another owner than the true one."""

    def changed(*arguments, **options):
        mode, inode, device, links, owner, *rest = status(*arguments, **options)
        return os.stat_result((mode, inode, device, links, owner + 1, *rest))

    return changed


@needs_owners
def test_a_folder_of_somebody_else_is_not_used(cache_folder, monkeypatch):
    hits()
    cache.folder.cache_clear()
    monkeypatch.setattr(Path, "stat", of_somebody_else(Path.stat))
    assert hits() == 0
    assert cache.folder() is None


@needs_owners
def test_a_file_of_somebody_else_is_never_unpickled(cache_folder, monkeypatch):
    hits()
    monkeypatch.setattr(os, "fstat", of_somebody_else(os.fstat))
    monkeypatch.setattr(cache.pickle, "loads", lambda _: pytest.fail("unpickled"))
    assert hits() == 0


@needs_owners
def test_a_file_open_to_others_is_never_unpickled(cache_folder, monkeypatch):
    hits()
    (file,) = kernels(cache_folder)
    file.chmod(0o666)
    monkeypatch.setattr(cache.pickle, "loads", lambda _: pytest.fail("unpickled"))
    assert hits() == 0


@needs_owners
@pytest.mark.parametrize(
    ("owner", "mode", "trusted"),
    [
        (1000, 0o40700, True),
        (0, 0o40755, True),  # root's: made for an image of a container
        (1001, 0o40755, False),
        (1000, 0o40770, False),
        (1000, 0o40707, False),
    ],
)
def test_who_may_have_written_the_kernels(monkeypatch, owner, mode, trusted):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cache._is_trusted(SimpleNamespace(st_uid=owner, st_mode=mode)) == trusted


@needs_owners
def test_a_generous_umask_opens_nothing_to_others(cache_folder):
    before = os.umask(0)
    try:
        assert hits() == 0
    finally:
        os.umask(before)
    assert hits() == 1


def test_without_a_place_for_the_folder_kernels_still_run(cache_folder):
    cache_folder.write_text("a file where the folder should be")
    assert hits() == 0
    assert cache.folder() is None


def fails_with(number):
    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number))

    return fail


def test_in_a_read_only_home_kernels_still_run(cache_folder, monkeypatch):
    monkeypatch.setattr(Path, "mkdir", fails_with(errno.EROFS))
    assert hits() == 0
    assert hits() == 0
    assert cache.folder() is None


def test_kernels_are_read_from_a_folder_that_is_read_only(cache_folder, monkeypatch):
    hits()
    cache.folder.cache_clear()
    for name in ("utime", "replace", "mkdir"):
        monkeypatch.setattr(os, name, fails_with(errno.EROFS))
    assert hits() == 1
    assert hits(1) == 0
    assert len(kernels(cache_folder)) == 1


def test_without_a_home_kernels_still_run(monkeypatch):
    for name in ("NORMEXP_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    cache.folder.cache_clear()
    assert hits() == 0
    assert cache.folder() is None
    cache.folder.cache_clear()


@pytest.mark.skipif(sys.platform == "win32", reason="a process has no limit for its files")
def test_a_full_disk_costs_only_the_cache(cache_folder):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # a write of more fails in the middle
    try:
        assert hits() == 0
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (versioned,) = cache_folder.iterdir()
    assert list(versioned.iterdir()) == []
    assert hits() == 0
    assert hits() == 1


def test_processes_that_compile_at_once_share_what_they_compiled(cache_folder, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
import sys
from normexp.kernels.cpu.compiled import Kernel

def add_one(x):
    return x + 1.0

add_one = Kernel(add_one).dispatcher
print("ready", flush=True)
sys.stdin.readline()
assert [add_one(1.0), add_one(1)] == [2.0, 2.0]
print(sum(add_one.stats.cache_hits.values()))
""")

    def start():
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, script], **pipes)

    def finish(processes):
        """Let them go on all at once; how many kernels each took from the disk."""
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        found = [int(process.communicate()[0]) for process in processes]
        assert [process.returncode for process in processes] == [0] * len(processes)
        return found

    finish([start() for _ in range(4)])
    (versioned,) = cache_folder.iterdir()
    names = [path.name for path in versioned.iterdir()]
    assert [name.rpartition("-")[0] for name in names] == ["__main__.add_one"] * 2
    assert all(name.endswith(".kernel") for name in names)
    assert finish([start()]) == [2]


DAY = 24 * 60 * 60


def left_behind(parent, number, *, days):
    """The folder of another version, last used some days ago."""
    path = parent / f"normexp0.0.{number}-numba0.1-python3.11-{number:016x}"
    path.mkdir(parents=True)
    (path / "softmax.kernel").write_bytes(b"code")
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def test_a_new_version_deletes_what_was_not_used_for_long(cache_folder):
    recent = left_behind(cache_folder, 1, days=cache.KEPT_DAYS - 1)
    old = left_behind(cache_folder, 2, days=cache.KEPT_DAYS + 1)
    current = cache.folder()
    assert recent.exists()
    assert not old.exists()
    old = left_behind(cache_folder, 2, days=cache.KEPT_DAYS + 1)
    cache.folder.cache_clear()
    assert cache.folder() == current
    assert old.exists()  # only a new folder is worth a look around


def test_of_many_versions_those_used_last_are_kept(cache_folder):
    versions = [left_behind(cache_folder, n, days=n) for n in range(cache.KEPT_FOLDERS + 3)]
    cache.folder()
    kept = [path for path in versions if path.exists()]
    assert kept == versions[: cache.KEPT_FOLDERS]


def test_use_keeps_a_version(cache_folder):
    path = cache.folder()
    os.utime(path, (0, 0))
    cache.folder.cache_clear()
    cache.folder()
    assert time.time() - path.stat().st_mtime < DAY


def test_nothing_else_is_deleted(cache_folder, tmp_path, monkeypatch):
    elsewhere = left_behind(tmp_path / "elsewhere", 1, days=100)
    cache_folder.mkdir()
    link = cache_folder / elsewhere.name
    link.symlink_to(elsewhere)
    os.utime(link, (0, 0), follow_symlinks=False)
    models = cache_folder / "normexp-models"
    models.mkdir()
    os.utime(models, (0, 0))
    file = cache_folder / "normexp0.0.2-numba0.1-python3.11-0123456789abcdef"
    file.write_text("a file of such a name")
    os.utime(file, (0, 0))
    assert cache.folder() is not None
    assert link.is_symlink()
    assert (elsewhere / "softmax.kernel").exists()
    assert models.exists()
    assert file.exists()


@needs_owners
def test_folders_of_somebody_else_are_not_deleted(cache_folder, monkeypatch):
    old = left_behind(cache_folder, 1, days=cache.KEPT_DAYS + 1)
    current = cache.folder()
    assert not old.exists()
    old = left_behind(cache_folder, 1, days=cache.KEPT_DAYS + 1)
    monkeypatch.setattr(Path, "lstat", of_somebody_else(Path.lstat))
    cache._prune(current)
    assert old.exists()


def test_a_version_whose_folder_is_deleted_goes_on(cache_folder):
    hits()
    (versioned,) = cache_folder.iterdir()
    kernels(cache_folder)[0].unlink()
    versioned.rmdir()
    assert hits() == 0
