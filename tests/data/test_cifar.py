import gzip
import io
import tarfile

import numpy as np
import pytest

from normexp.data import load

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
META = ("\n".join(NAMES) + "\n\n").encode()


def batch(labels, seed=0):
    """Return the images (n, 32, 32, 3) and the bytes of a batch: label, red, green, blue plane."""
    images = np.random.default_rng(seed).integers(0, 256, (len(labels), 32, 32, 3), np.uint8)
    records = [
        bytes([label]) + b"".join(image[:, :, colour].tobytes() for colour in range(3))
        for label, image in zip(labels, images, strict=True)
    ]
    return images, b"".join(records)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "cifar-10-batches-bin"
    path.mkdir()
    for i in range(1, 6):
        (path / f"data_batch_{i}.bin").write_bytes(batch([i, 0], seed=i)[1])
    (path / "test_batch.bin").write_bytes(batch([7, 8, 9], seed=6)[1])
    (path / "batches.meta.txt").write_bytes(META)
    return path


def pack(folder):
    path = folder.parent / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, arcname=folder.name)
    return path


def test_one_batch_holds_images_in_colour(tmp_path):
    images, content = batch([3, 9])
    (tmp_path / "data_batch_1.bin").write_bytes(content)
    data = load(tmp_path / "data_batch_1.bin")
    assert data.image_shape == (32, 32, 3)
    assert data.features.dtype == np.uint8
    np.testing.assert_array_equal(data.features.reshape(-1, *data.image_shape), images)
    assert data.target.tolist() == [3, 9]
    assert data.class_names is None
    assert data.feature_names[-1] == "pixel_31_31_2"


def test_a_batch_takes_the_names_of_the_classes_from_beside_it(folder):
    assert load(folder / "test_batch.bin").class_names == tuple(NAMES)


def test_a_gzipped_batch_is_the_same(tmp_path):
    images, content = batch([3, 9])
    (tmp_path / "data_batch_1.bin.gz").write_bytes(gzip.compress(content))
    data = load(tmp_path / "data_batch_1.bin.gz")
    np.testing.assert_array_equal(data.features.reshape(-1, 32, 32, 3), images)


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "archive"])
def test_the_whole_set_has_two_splits(folder, packed):
    source = pack(folder) if packed else folder
    train, test = load(source), load(source, split="test")
    assert train.target.tolist() == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0]
    np.testing.assert_array_equal(
        train.features[2:4].reshape(-1, 32, 32, 3), batch([2, 0], seed=2)[0]
    )
    assert train.class_names == tuple(NAMES)
    assert "'data_batch_1.bin', 'data_batch_2.bin'" in train.notes[0]
    assert test.target.tolist() == [7, 8, 9]
    assert test.notes == ("'test_batch.bin' read",)


def test_a_folder_of_gzipped_batches_is_known(folder):
    for file in folder.glob("*.bin"):
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    assert len(load(folder)) == 10


def test_a_split_that_is_not_there_is_named(folder):
    (folder / "test_batch.bin").unlink()
    with pytest.raises(ValueError, match=r"expected 'test_batch\.bin', found none"):
        load(folder, split="test")


def test_a_split_of_another_name_is_refused(folder):
    with pytest.raises(ValueError, match="split: expected 'train' or 'test', got 'validation'"):
        load(folder, split="validation")


@pytest.mark.parametrize("cut", [1, 3072])
def test_a_cut_batch_is_refused(tmp_path, cut):
    (tmp_path / "b.bin").write_bytes(batch([3, 9])[1][:-cut])
    with pytest.raises(ValueError, match=rf"b\.bin is cut off, .*: {6146 - cut} bytes .* 3073"):
        load(tmp_path / "b.bin")


def test_a_label_above_nine_is_refused(tmp_path):
    (tmp_path / "b.bin").write_bytes(batch([3, 17])[1])
    with pytest.raises(ValueError, match="record 1 has the label 17, expected 0 to 9"):
        load(tmp_path / "b.bin")


def test_a_list_of_too_few_classes_is_refused(folder):
    (folder / "batches.meta.txt").write_text("cat\ndog\n")
    with pytest.raises(ValueError, match="names of 10 classes, got 'cat', 'dog'"):
        load(folder)


def test_a_cut_archive_is_refused(folder):
    path = pack(folder)
    content = path.read_bytes()
    for cut in (8, 2000):
        path.write_bytes(content[:-cut])
        with pytest.raises(ValueError, match=r"cifar-10-binary\.tar\.gz is cut off"):
            load(path)


def test_an_archive_of_something_else_is_refused(tmp_path):
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("readme.txt"), io.BytesIO())
    with pytest.raises(ValueError, match=r"other\.tar\.gz: expected .*'data_batch_1\.bin'"):
        load(tmp_path / "other.tar.gz")
    (tmp_path / "no.tar.gz").write_bytes(gzip.compress(b"not a tar archive" * 100))
    with pytest.raises(ValueError, match=r"no\.tar\.gz is cut off or damaged"):
        load(tmp_path / "no.tar.gz")
