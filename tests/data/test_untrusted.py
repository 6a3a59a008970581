"""Files that are none, that never end or that unpack without bound: one line, and no hang."""

import bz2
import gzip
import io
import lzma
import os
import re
import socket
import tarfile
import zipfile

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from normexp.cli.commands import normexp as command
from normexp.data import load

MB = 10**6
ZEROS = bytes(3 * MB)


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return file.getvalue()


def npy(shape, dtype="<f8", content=b""):
    """An .npy file that claims a shape, whatever is in it."""
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


def tar(name, size, content=b"", **headers):
    """A tar archive of one member that claims a size."""
    member = tarfile.TarInfo(name)
    member.size, member.pax_headers = size, headers
    file = io.BytesIO(member.tobuf(tarfile.PAX_FORMAT) + content)
    return file.getvalue() + bytes(1024)


SPARSE = {"GNU.sparse.size": f"{10**13}", "GNU.sparse.numblocks": "1", "GNU.sparse.map": "0,0"}
UNBOUNDED = "more than 1 MB: if you trust it, allow more with max_size="
FILES = {
    "t.csv.gz": (gzip.compress(ZEROS), UNBOUNDED),
    "t.csv.bz2": (bz2.compress(ZEROS), UNBOUNDED),
    "t.csv.xz": (lzma.compress(ZEROS), UNBOUNDED),
    "t.zip": (zipped(t__csv=ZEROS), UNBOUNDED),
    "t.csv": (ZEROS, UNBOUNDED),
    "d.npy": (npy((10**12, 3)), "an array of shape .* needs 24000000000000 bytes, 0 are there"),
    "e.npy": (npy((10**12, 0)), "e.npy has no features"),
    "f.npy": (npy((0, 10**12)), "f.npy has no rows"),
    "g.npy": (npy((10**12,), "<U0"), "expected values of some size, got dtype <U0"),
    "h.npy": (npy((-1, 3), content=bytes(24)), "h.npy is cut off or damaged"),
    "i.npy": (npy((1, 20_000), "u1", bytes(20_000)), UNBOUNDED),
    "j.npy": (npy((1, 150, 150), "u1", bytes(22_500)), UNBOUNDED),
    "x.npz": (zipped(X__npy=npy((10**6, 3), content=ZEROS)), UNBOUNDED),
    "y.npz": (zipped(X__npy=npy((10**12, 3))), "needs 24000000000000 bytes"),
    "z.npz": (zipped(X__npy=b"no array"), "'X.npy' is no array, but something else"),
    "w.npz": (zipped(X=b"no array"), "'X' is no array, but something else"),
    "v.npz": (zipped(README__txt=b"X"), "expected one array called X"),
    "a.tar": (tar("data_batch_1.bin", 10**13), "more than 1 MB"),
    "b.tar": (tar("data_batch_1.bin", 0, **SPARSE), "more than 1 MB"),
    "c.tar.gz": (gzip.compress(tar("data_batch_1.bin", 0, ZEROS)), UNBOUNDED),
    "e.zip": (zipped(), "e.zip: expected one file in the archive, got none"),
    "two.zip": (zipped(a__csv=b"x", b__csv=b"y"), "one file in the archive, got 'a.csv', 'b.csv'"),
    "no.zip": (b"PK but no archive", "no.zip is cut off or damaged: File is not a zip file"),
    "plain.zip": (b"x,y\n1,2\n", "plain.zip is not a zip archive: wrong magic number"),
    "web.csv": (b"\n<!DOCTYPE html><p>Log in", "web.csv is not what its name says, but a web page"),
    "book.csv": (zipped(x=b""), "is not what its name says, but a zip archive"),
    "lfs.csv": (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
}


@pytest.fixture
def say(tmp_path, monkeypatch):
    """What `load` and the command line say of a file: the same, and it ends there."""
    monkeypatch.chdir(tmp_path)

    def said(name, max_size="1MB"):
        with pytest.raises((ValueError, OSError)) as found:
            load(name, max_size=MB, require_target=False)
        result = CliRunner().invoke(command, ["train", name, "--max-size", max_size])
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
        assert result.stderr.startswith("normexp: ")
        return str(found.value), result.stderr

    return said


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_claims_or_holds_too_much_is_one_line(tmp_path, say, name):
    content, expected = FILES[name]
    (tmp_path / name).write_bytes(content)
    message, shown = say(name)
    assert re.search(expected, message), message
    assert "max_size=" not in shown
    assert ("--max-size" in shown) == ("max_size=" in message)


def test_a_table_of_one_value_over_and_over_is_refused(tmp_path, say):
    pl.DataFrame({"x": pl.repeat(1, 10**6, eager=True)}).write_parquet(tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").stat().st_size < 10_000
    message, shown = say("t.parquet")
    assert re.search(UNBOUNDED, message)
    assert "--max-size" in shown


def special(path, kind):
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path.name)  # its full name may be too long
    else:
        path.symlink_to(path.name)


@pytest.mark.skipif(os.name == "nt", reason="has none of these")
@pytest.mark.parametrize("name", ["t.csv", "t.npy", "t.npz", "t.parquet", "t.tar.gz", "t.zip"])
@pytest.mark.parametrize("kind", ["pipe", "device", "socket", "loop"])
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path, say, name, kind):
    special(tmp_path / name, kind)
    expected = "Too many levels of symbolic links" if kind == "loop" else f"is a {kind}, where"
    message, shown = say(name)
    assert expected in message
    assert expected in shown


@pytest.mark.skipif(os.name == "nt", reason="has none of these")
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop"])
def test_so_are_the_files_beside_it_and_those_of_other_commands(tmp_path, say, kind):
    expected = "Too many levels" if kind == "loop" else f"is a {kind}, where a file was expected"
    for name in ("model", "logits.npy"):
        special(tmp_path / name, kind)
    for words in (["predict", "model", "iris"], ["diagnose", "logits.npy"]):
        result = CliRunner().invoke(command, words)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert len(result.stderr.splitlines()) == 1
    (tmp_path / "images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + bytes(12))
    special(tmp_path / "labels-idx1-ubyte", kind)
    with pytest.raises(ValueError, match=r"images-idx3-ubyte has no rows|labels beside"):
        load("images-idx3-ubyte")


def test_diagnose_has_the_limit_too(tmp_path):
    np.save(tmp_path / "logits.npy", np.zeros((1000, 200)))
    words = ["diagnose", str(tmp_path / "logits.npy")]
    result = CliRunner().invoke(command, [*words, "--max-size", "1MB"])
    assert result.exit_code == 2
    assert "logits.npy holds, or unpacks to, more than 1 MB" in result.stderr
    assert "--max-size" in result.stderr
    assert CliRunner().invoke(command, [*words, "--max-size", "2MB"]).exit_code != 2


@pytest.mark.parametrize("size", [0, -1, 0.5, "1MB"])
def test_a_limit_that_is_none_is_refused(size):
    with pytest.raises(ValueError, match="max_size: expected a number of bytes, got"):
        load("iris", max_size=size)


def test_the_limit_is_a_size_in_words():
    result = CliRunner().invoke(command, ["train", "iris", "--max-size", "much"])
    assert result.exit_code == 2
    assert "--max-size" in result.stderr
    assert "expected a size such as 500MB or 2GiB, got 'much'" in result.stderr


def test_the_limit_ends_with_the_call(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"x,y\n1,a\n2,b\n")
    with pytest.raises(ValueError, match=r"more than 5 bytes"):
        load(tmp_path / "t.csv", target="y", max_size=5)
    assert len(load(tmp_path / "t.csv", target="y")) == 2


@pytest.mark.parametrize("packed", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_are_read_whatever_packs_them(tmp_path, packed):
    path = tmp_path / "t.csv.packed"
    path.write_bytes(packed(b"x,y\n1,a\n2,b\n"))
    ending = {gzip.compress: ".gz", bz2.compress: ".bz2", lzma.compress: ".xz"}[packed]
    path = path.rename(path.with_suffix(ending))
    assert load(path, target="y").target.tolist() == ["a", "b"]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match=f"t.csv{ending} is cut off or damaged"):
        load(path, target="y")


def test_a_zip_archive_of_one_file_is_that_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.mkdir("data")
        archive.writestr("data/t.csv", "x,y\n1,a\n2,b\n")
        archive.writestr("__MACOSX/data/._t.csv", "what macOS adds")
        archive.writestr("data/.DS_Store", "what macOS adds")
    data = load(tmp_path / "data.zip", target="y")
    assert data.target.tolist() == ["a", "b"]
    assert data.name == "data.zip"
