import os
import stat

import pytest

from normexp._files import atomic_write


def test_the_file_is_whole_after_the_block_and_absent_within(tmp_path):
    path = tmp_path / "out.bin"
    with atomic_write(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, interruption):
    path = tmp_path / "out.txt"
    path.write_text("old")

    def write_half():
        with atomic_write(path, "w") as file:
            file.write("half")
            raise interruption

    with pytest.raises(interruption):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_utf8_with_line_ends_as_given(tmp_path):
    path = tmp_path / "out.txt"
    with atomic_write(path, "w") as file:
        file.write("é\n")
    assert path.read_bytes() == b"\xc3\xa9\n"


def test_permissions_follow_the_umask(tmp_path):
    path = tmp_path / "out.bin"
    old = os.umask(0o027)
    try:
        with atomic_write(path) as file:
            file.write(b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "nowhere" / "out.bin"
    with (
        pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere"),
        atomic_write(path),
    ):
        pass
