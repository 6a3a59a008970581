import gzip
import struct

import numpy as np
import pytest

from normexp.data import load

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 5), dtype=np.uint8)
LABELS = np.array([7, 2, 1, 0, 4, 1], dtype=np.uint8)


def idx(array):
    """Write what MNIST's page describes: 0, 0, type, dimensions, big-endian sizes, bytes."""
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def write(path, content):
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-images.idx3-ubyte"])
@pytest.mark.parametrize("images_end", ["", ".gz"])
@pytest.mark.parametrize("labels_end", ["", ".gz"])
def test_images_find_their_labels_beside_them(tmp_path, name, images_end, labels_end):
    path = write(tmp_path / f"{name}{images_end}", idx(IMAGES))
    labels = name.replace("images", "labels").replace("idx3", "idx1")
    write(tmp_path / f"{labels}{labels_end}", idx(LABELS))
    data = load(path)
    assert data.image_shape == (4, 5)
    np.testing.assert_array_equal(data.features.reshape(IMAGES.shape), IMAGES)
    np.testing.assert_array_equal(data.target, LABELS)


def test_a_folder_has_two_splits(tmp_path):
    write(tmp_path / "train-images-idx3-ubyte.gz", idx(IMAGES))
    write(tmp_path / "train-labels-idx1-ubyte.gz", idx(LABELS))
    write(tmp_path / "t10k-images-idx3-ubyte.gz", idx(IMAGES[:2]))
    write(tmp_path / "t10k-labels-idx1-ubyte.gz", idx(LABELS[:2]))
    train, test = load(tmp_path), load(tmp_path, split="test")
    assert (len(train), len(test)) == (6, 2)
    assert train.notes == ("train-images-idx3-ubyte.gz read",)
    (tmp_path / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(ValueError, match=r"one file of test images, .* 'train-images-idx3-ubyte'"):
        load(tmp_path, split="test")


def test_images_without_labels_can_be_predicted_only(tmp_path):
    path = write(tmp_path / "train-images-idx3-ubyte", idx(IMAGES))
    assert load(path, require_target=False).target is None
    with pytest.raises(ValueError, match=r"a file of labels .* called train-labels-idx1-ubyte or"):
        load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(IMAGES)[:-1], r"cut off or damaged: for images of shape \(6, 4, 5\) expected 136 byt"),
        (idx(IMAGES) + b"\0", "expected 136 bytes, got 137"),
        (idx(IMAGES)[:7], "is cut off or damaged"),
        (idx(LABELS), r"not an idx file of images: wrong magic number, .* b'.x00.x00.x08.x01'"),
        (b"\x89PNG and so on", "wrong magic number, .* begins b'.x89PNG'"),
        (b"\0\0\x0d\3" + idx(IMAGES)[4:], "wrong magic number"),
    ],
    ids=["cut", "longer", "cut header", "labels", "picture", "floats"],
)
def test_a_bad_file_of_images_is_refused(tmp_path, content, message):
    path = write(tmp_path / "train-images-idx3-ubyte", content)
    with pytest.raises(ValueError, match=message):
        load(path, require_target=False)


def test_as_many_labels_as_images_are_expected(tmp_path):
    path = write(tmp_path / "train-images-idx3-ubyte", idx(IMAGES))
    write(tmp_path / "train-labels-idx1-ubyte", idx(LABELS[:5]))
    with pytest.raises(ValueError, match="has 6 rows but 5 labels"):
        load(path)


def test_the_file_of_labels_alone_is_refused(tmp_path):
    path = write(tmp_path / "train-labels-idx1-ubyte", idx(LABELS))
    with pytest.raises(ValueError, match="not an idx file of images"):
        load(path)


def test_a_file_beside_its_gz_is_one_set(tmp_path):
    for name, array in (("train-images-idx3-ubyte", IMAGES), ("train-labels-idx1-ubyte", LABELS)):
        write(tmp_path / name, idx(array))
        write(tmp_path / f"{name}.gz", idx(array))
    data = load(tmp_path)
    assert data.notes == ("train-images-idx3-ubyte read",)
    np.testing.assert_array_equal(data.target, LABELS)


@pytest.mark.parametrize("labels_are_unpacked", [True, False])
def test_some_programs_unpack_into_a_folder_of_the_same_name(tmp_path, labels_are_unpacked):
    names = {"train-images-idx3-ubyte": IMAGES, "train-labels-idx1-ubyte": LABELS}
    for name, array in names.items():
        if name in "train-images-idx3-ubyte" or labels_are_unpacked:
            (tmp_path / name).mkdir()
            write(tmp_path / name / name, idx(array))
        write(tmp_path / f"{name.replace('-idx', '.idx')}", idx(array))
        if not labels_are_unpacked:
            write(tmp_path / f"{name}.gz", idx(array))
    data = load(tmp_path)
    assert len(data) == 6
    np.testing.assert_array_equal(data.target, LABELS)
    name = "train-images-idx3-ubyte"
    np.testing.assert_array_equal(load(tmp_path / name / name).target, LABELS)


def test_the_files_may_stand_in_a_folder_of_their_own(tmp_path):
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    write(folder / "train-images-idx3-ubyte", idx(IMAGES))
    write(folder / "train-labels-idx1-ubyte", idx(LABELS))
    assert len(load(tmp_path / "MNIST")) == 6
    (tmp_path / "MNIST" / "processed").mkdir()
    with pytest.raises(ValueError, match="folder of no known format"):
        load(tmp_path / "MNIST")


@pytest.mark.parametrize("end", [".bz2", ".xz"])
def test_other_packings_are_read(tmp_path, end):
    import bz2
    import lzma

    pack = {".bz2": bz2.compress, ".xz": lzma.compress}[end]
    (tmp_path / f"train-images-idx3-ubyte{end}").write_bytes(pack(idx(IMAGES)))
    (tmp_path / f"train-labels-idx1-ubyte{end}").write_bytes(pack(idx(LABELS)))
    np.testing.assert_array_equal(load(tmp_path).target, LABELS)
