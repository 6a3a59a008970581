"""Files are written whole or not at all; what is no file is written through, or refused."""

import errno
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from normexp._files import write_files
from normexp.cli.commands import normexp as command
from normexp.report import page as report

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def refused(path, error, words, content=b"new"):
    """Whether nothing is written, and the error says so and names the file."""
    before = listing(path.parent)
    with pytest.raises(error, match=words) as caught:
        write_files({path: content})
    assert str(path) in str(caught.value)
    assert listing(path.parent) == before
    return True


def listing(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else None


@pytest.mark.parametrize("content", [b"\x00\xff", "é\r\n"])
def test_a_file_holds_what_it_is_given_and_stands_alone(tmp_path, content):
    path = tmp_path / "out"
    write_files({path: content})
    assert path.read_bytes() == (content if isinstance(content, bytes) else b"\xc3\xa9\r\n")
    assert listing(tmp_path) == ["out"]


def test_a_file_may_come_in_pieces_that_cannot_all_be_made(tmp_path):
    path = tmp_path / "out"
    write_files({path: (letter * 3 for letter in "aé")})
    assert path.read_text() == "aaaééé"

    def broken():
        yield b"new"
        raise OSError(errno.EIO, "cannot read", "source")

    with pytest.raises(OSError, match="source"):  # it is none of the path's
        write_files({path: broken()})
    assert path.read_text() == "aaaééé"
    assert listing(tmp_path) == ["out"]


def test_a_name_may_be_as_long_as_the_disk_allows(tmp_path):
    path = tmp_path / ("n" * 255)
    write_files({path: b"whole"})
    assert path.read_bytes() == b"whole"
    assert refused(tmp_path / ("n" * 256), OSError, "too long")


@posix
def test_a_new_file_has_the_permissions_of_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        write_files({tmp_path / "out": b""})
    finally:
        os.umask(old)
    assert mode_of(tmp_path / "out") == 0o640


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_a_file_keeps_the_permissions_of_the_one_it_replaces(tmp_path, mode):
    path = tmp_path / "out"
    path.write_text("old")
    path.chmod(mode)
    write_files({path: b"new"})
    assert path.read_bytes() == b"new"
    assert mode_of(path) == mode
    write_files({path: b"newer"}, mode=0o600)
    assert mode_of(path) == 0o600


@posix
def test_nobody_may_look_into_a_secret_while_it_is_written(tmp_path, monkeypatch):
    path = tmp_path / "out"
    path.write_text("old")
    path.chmod(0o600)
    seen, opened = [], os.open
    monkeypatch.setattr(os, "open", lambda name, flags, mode: opened(name, flags, mode))
    real = Path.chmod

    def watched(name, mode):
        seen.append(mode_of(name))
        real(name, mode)

    monkeypatch.setattr(Path, "chmod", watched)
    write_files({path: b"new"})
    assert seen == [0o600]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root gives files away")
def test_root_does_not_take_a_file_from_its_owner(tmp_path):
    path = tmp_path / "out"
    path.write_text("old")
    os.chown(path, 12345, 54321)
    write_files({path: b"new"})
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


@posix
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "far").mkdir()
    target = tmp_path / "far" / "target"
    target.write_text("old")
    target.chmod(0o600)
    middle, link = tmp_path / "far" / "middle", tmp_path / "link"
    middle.symlink_to("target")
    link.symlink_to("far/middle")
    write_files({link: b"new"})
    assert target.read_bytes() == b"new"
    assert mode_of(target) == 0o600
    assert middle.is_symlink()
    assert link.is_symlink()
    assert listing(tmp_path / "far") == ["middle", "target"]


@posix
def test_a_link_to_nothing_yet_makes_the_file_that_it_means(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("new")
    write_files({link: b"new"})
    assert link.is_symlink()
    assert (tmp_path / "new").read_bytes() == b"new"
    link.unlink()
    link.symlink_to("none/new")
    assert refused(link, FileNotFoundError, "there is no folder")


@posix
def test_a_link_that_goes_round_is_refused(tmp_path):
    for name, to in (("one", "two"), ("two", "one"), ("self", "self")):
        (tmp_path / name).symlink_to(to)
    assert refused(tmp_path / "one", OSError, os.strerror(errno.ELOOP))
    assert refused(tmp_path / "self", OSError, os.strerror(errno.ELOOP))
    assert refused(tmp_path / "self" / "out", FileNotFoundError, "there is no folder")


def test_folders_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    assert refused(tmp_path / "folder", IsADirectoryError, "it is a folder")
    assert refused(tmp_path / "none" / "out", FileNotFoundError, r"there is no folder .*none")
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file" / "out", FileNotFoundError, r"there is no folder .*file")


@pytest.fixture
def ordinary(tmp_path):
    """A folder, and no more rights than an ordinary user has."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o700)
        os.chown(folder, 65534, 65534)
        os.setresuid(65534, 65534, 0)
        try:
            yield folder
        finally:
            os.setresuid(0, 0, 0)


@posix
def test_what_is_protected_is_not_replaced(ordinary):
    path = ordinary / "kept"
    path.write_text("old")
    path.chmod(0o444)
    assert refused(path, PermissionError, "must not be written")
    assert path.read_text() == "old"
    path.chmod(0o644)
    ordinary.chmod(0o500)
    assert refused(path, PermissionError, "no file may be made in its folder")
    assert refused(ordinary / "new", PermissionError, "no file may be made in its folder")
    ordinary.chmod(0o700)


@posix
def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the names of sockets must be short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket")
        assert refused(tmp_path / "socket", OSError, "neither disks nor sockets")
        assert stat.S_ISSOCK((tmp_path / "socket").stat().st_mode)


@pytest.mark.skipif(not hasattr(os, "mknod") or os.geteuid() != 0, reason="root makes devices")
def test_a_disk_is_refused_and_a_device_takes_the_bytes(tmp_path):
    try:
        os.mknod(tmp_path / "disk", 0o600 | stat.S_IFBLK, os.makedev(7, 250))
        os.mknod(tmp_path / "null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        (tmp_path / "null").write_bytes(b"")
    except PermissionError:
        pytest.skip("devices are not allowed here")
    assert refused(tmp_path / "disk", OSError, "neither disks nor sockets")
    write_files({tmp_path / "null": b"gone"})
    assert stat.S_ISCHR((tmp_path / "null").stat().st_mode)


@posix
def test_the_null_device_stays_what_it_is():
    write_files({Path(os.devnull): b"gone"})
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@posix
def test_a_pipe_takes_the_bytes_and_one_that_nobody_reads_is_refused(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refused(pipe, OSError, "nobody reads this pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    content = bytes(range(256)) * 1000  # more than a pipe holds
    while reader.is_alive():
        try:
            write_files({pipe: content})
        except OSError:  # the thread has not opened it yet
            continue
        reader.join()
    assert read == [content]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def in_shell(code, shell, folder):
    """Run code with `write_files` under a shell's redirections; {run} stands for it."""
    program = (
        "import sys; from pathlib import Path; from normexp._files import write_files\n" + code
    )
    run = shlex.join([sys.executable, "-c", program])
    done = subprocess.run(
        ["sh", "-c", shell.format(run=run)], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@posix
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_standard_output_is_written_where_it_stands(tmp_path, name):
    """A name for what is open already: a file behind it must neither be replaced nor cut off."""
    if name.startswith("/proc") and not Path("/proc/self/fd").exists():
        pytest.skip("no /proc here")
    (tmp_path / "link").symlink_to("/dev/stdout")
    (tmp_path / "log").write_text("before\n")
    inode = (tmp_path / "log").stat().st_ino
    code = f"print('first'); write_files({{Path('{name}'): 'second\\n'}}); print('third')"
    in_shell(code, "{run} >> log", tmp_path)
    assert (tmp_path / "log").read_text() == "before\nfirst\nsecond\nthird\n"
    assert (tmp_path / "log").stat().st_ino == inode
    assert in_shell(code, "{run} | cat", tmp_path) == "first\nsecond\nthird\n"


@posix
def test_a_descriptor_that_the_shell_opened_is_written_to(tmp_path):
    assert in_shell("write_files({Path('/dev/fd/5'): 'five'})", "{run} 5>&1", tmp_path) == "five"
    write = f"write_files({{Path('/dev/fd/{77}'): 'none'}})"
    done = subprocess.run(
        [sys.executable, "-c", f"from pathlib import Path\nfrom normexp._files import *\n{write}"],
        capture_output=True,
        text=True,
    )
    assert "OSError" in done.stderr
    assert "/dev/fd/77" in done.stderr


@pytest.fixture
def pair(tmp_path):
    """Two files, the first of them there already."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("old")
    first.chmod(0o600)
    return first, second


def is_as_before(pair):
    first, _ = pair
    return (first.read_text(), mode_of(first), listing(first.parent)) == ("old", 0o600, ["first"])


@posix
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space"), KeyboardInterrupt()])
@pytest.mark.parametrize("failing", [1, 2])
def test_of_several_files_all_take_their_places_or_none(pair, monkeypatch, error, failing):
    calls, replace = [], os.replace

    def fails(source, target):
        calls.append(target)
        if len(calls) == failing:
            raise error
        replace(source, target)

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(type(error)) as caught:
        write_files(dict.fromkeys(pair, b"new"))
    assert is_as_before(pair)
    if isinstance(error, OSError):
        assert caught.value.filename == str(pair[failing - 1])


@posix
def test_a_disk_without_second_names_keeps_the_old_file_too(pair, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EPERM, "no hard links here")

    replace = os.replace

    def fails(source, target):
        if target == pair[1]:
            raise OSError(errno.EIO, "broken")
        replace(source, target)

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="broken"):
        write_files(dict.fromkeys(pair, b"new"))
    assert is_as_before(pair)


@posix
def test_a_full_disk_leaves_everything_as_it_was(pair):
    """A limit on the size of files stands for it, which the second file goes beyond."""
    code = (
        "import resource, sys; from pathlib import Path; from normexp._files import write_files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "write_files({Path(sys.argv[1]): b'new', Path(sys.argv[2]): bytes(200_000)})"
    )
    done = subprocess.run([sys.executable, "-c", code, *pair], capture_output=True, text=True)
    assert str(pair[1]) in done.stderr.splitlines()[-1]
    assert is_as_before(pair)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_no_file_is_written_where_a_device_is_full(pair, tmp_path):
    link = tmp_path / "second"
    link.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space") as caught:
        write_files(dict.fromkeys(pair, b"new"))
    assert caught.value.filename == str(link)
    assert pair[0].read_text() == "old"
    assert listing(tmp_path) == ["first", "second"]


@posix
def test_two_names_of_one_file_are_refused(pair, tmp_path):
    first, second = pair
    second.symlink_to("first")
    with pytest.raises(ValueError, match="are the same file"):
        write_files(dict.fromkeys(pair, b"new"))
    with pytest.raises(ValueError, match="are the same file"):
        write_files({tmp_path / "new": b"", tmp_path / ".." / tmp_path.name / "new": b""})
    assert first.read_text() == "old"


@posix
def test_a_report_on_a_full_disk_is_neither_written_nor_half_written(tmp_path, monkeypatch):
    import resource

    limits, whole = resource.getrlimit(resource.RLIMIT_FSIZE), report.page

    def page(*arguments):
        """The disk is full once the training is done."""
        html = whole(*arguments)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        assert len(html) > 10_000
        return html

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(report, "page", page)
    (tmp_path / "out.json").write_text("{}")
    try:
        done = CliRunner().invoke(
            command, ["compare", "iris", "--loss", "softmax", "-o", "out.html"]
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [f"normexp: out.html: {os.strerror(errno.EFBIG)}"]
    assert (tmp_path / "out.json").read_text() == "{}"
    assert listing(tmp_path) == ["out.json"]


@posix
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("compare digits", "report.json: it is a folder"),
        ("train iris -o loop", f"loop: {os.strerror(errno.ELOOP)}"),
        ("train rows.csv --target y -o rows.csv", "cannot write rows.csv: it is what is read"),
        ("train rows.csv --target y -o also.csv", "it is what is read, rows.csv"),
        ("predict speed.json rows.csv -o rows.csv", "it is what is read, rows.csv"),
        ("predict speed.json rows.csv -o ./speed.json", "it is what is read, speed.json"),
    ],
)
def test_commands_refuse_before_they_work(tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report.json").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "rows.csv").write_text("x,y\n1,a\n2,b\n3,a\n4,b\n")
    (tmp_path / "also.csv").symlink_to("rows.csv")
    (tmp_path / "speed.json").write_text("{}")
    done = CliRunner().invoke(command, arguments.split())
    assert done.exit_code == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("normexp: ")
    assert words in line
    assert (tmp_path / "rows.csv").read_text().startswith("x,y")


@posix
def test_predictions_go_through_a_pipe_to_another_program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(command, ["train", "iris", "-o", "model"]).exit_code == 0
    words = [sys.executable, "-m", "normexp", "predict", "model", "iris", "-o", "/dev/stdout"]
    done = subprocess.run(
        ["sh", "-c", f"{shlex.join(words)} | sort -r | head -1"], capture_output=True, text=True
    )
    assert done.stdout.startswith("label,name,")
    assert done.stderr == "Wrote /dev/stdout.\n"


@posix
def test_an_interrupted_write_leaves_nothing(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from normexp._files import write_files\n"
        "def pieces():\n"
        "    yield bytes(10)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    yield bytes(90)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "write_files({Path(sys.argv[1]): pieces()})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "out"], capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGINT
    assert listing(tmp_path) == []
