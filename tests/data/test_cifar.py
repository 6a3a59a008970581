import gzip
import io
import pickle
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


class TestPython:
    """The Python version: dicts in pickles, which are read without letting them act."""

    @staticmethod
    def write(folder, *, protocol=2, dtype=np.uint8):
        for i in range(1, 6):
            images = batch([i, 0], seed=i)[0].transpose(0, 3, 1, 2).reshape(2, -1)
            content = {b"data": images.astype(dtype), b"labels": [i, 0], b"filenames": [b"a", b"b"]}
            (folder / f"data_batch_{i}").write_bytes(pickle.dumps(content, protocol))
        (folder / "test_batch").write_bytes((folder / "data_batch_5").read_bytes())
        meta = {"label_names": NAMES, "num_vis": 3072}
        (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol))
        return folder

    @pytest.mark.parametrize("protocol", [2, 3, 4])
    @pytest.mark.parametrize("packed", [False, True], ids=["folder", "archive"])
    def test_it_holds_what_the_binary_version_holds(self, folder, tmp_path, protocol, packed):
        source = tmp_path / "cifar-10-batches-py"
        source.mkdir()
        self.write(source, protocol=protocol)
        expected = load(folder)
        data = load(pack(source) if packed else source)
        np.testing.assert_array_equal(data.features, expected.features)
        assert data.target.tolist() == expected.target.tolist()
        assert data.class_names == tuple(NAMES)
        assert data.image_shape == (32, 32, 3)
        assert load(source, split="test").target.tolist() == [5, 0]
        assert load(source / "data_batch_3").target.tolist() == [3, 0]

    def test_a_pickle_of_python_2_is_read(self, tmp_path):
        """By the bytes that its cPickle wrote: short texts, and an array by its raw bytes."""
        pixels = bytes(range(256)) * 12
        array = (
            b"cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85q\x03"
            b"U\x01bq\x04\x87q\x05Rq\x06(K\x01K\x01M\x00\x0c\x86q\x07cnumpy\ndtype\nq\x08"
            b"U\x02u1q\tK\x00K\x01\x87q\nRq\x0b(K\x03U\x01|q\x0cNNNJ\xff\xff\xff\xffJ"
            b"\xff\xff\xff\xffK\x00tq\rb\x89T"
            + (3072).to_bytes(4, "little")
            + pixels
            + b"q\x0etq\x0fb"
        )
        content = b"\x80\x02}q\x10(U\x04dataq\x11" + array + b"U\x06labelsq\x12]q\x13K\x06au."
        (tmp_path / "test_batch").write_bytes(content)
        data = load(tmp_path / "test_batch", require_target=False)
        planes = np.frombuffer(pixels, np.uint8).reshape(3, 32, 32)
        np.testing.assert_array_equal(data.features.reshape(32, 32, 3), planes.transpose(1, 2, 0))
        assert data.target.tolist() == [6]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"cos\nsystem\n(S'exit 1'\ntR.", "it names os.system, which can be any program"),
            (b"\x80\x02cbuiltins\neval\nU\x011\x85R.", "it names builtins.eval, which can be"),
            (b"\x80\x02cnumpy\nload\nU\x01x\x85R.", "it names numpy.load, which can be"),
            (pickle.dumps({"data": np.array([{}])}), "an array of bytes, got one of another type"),
            (pickle.dumps({"data": np.ones(3)}), "an array of bytes, got one of another type"),
            (pickle.dumps([1]), "expected a dict, as in CIFAR's Python version"),
            (pickle.dumps({"labels": [1]}), "expected an array of bytes, as in CIFAR's Python"),
            (pickle.dumps({(1, 2): 1}), "expected a text, got a tuple"),
            (pickle.dumps({"labels": {1, 2}}), "is cut off or damaged"),
            (pickle.dumps({"labels": [1]})[:-4], "is cut off or damaged"),
            (b"\x80\x02r\xff\xff\xff\x7f.", "is cut off or damaged"),  # a memo of 2**31 places
            (b"", "is empty"),
        ],
    )
    def test_another_pickle_is_refused_and_does_nothing(self, tmp_path, content, message):
        (tmp_path / "test_batch").write_bytes(content)
        with pytest.raises(ValueError, match=message):
            load(tmp_path / "test_batch")

    def test_neither_time_nor_memory_can_be_had_for_a_few_bytes(self, tmp_path):
        twice = b"".join(
            b"r" + i.to_bytes(4, "little") + b"j" + i.to_bytes(4, "little") + b"\x86"
            for i in range(200)
        )
        hashed = b"\x80\x02})" + twice + b"K\x01s."  # the hash of the key takes 2**200 steps
        text = b"X" + (10**6).to_bytes(4, "little") + b"a" * 10**6 + b"q\x01"
        encode = b"c_codecs\nencode\nq\x02" + text + b"U\x06latin1q\x03"
        encoded = b"\x80\x02(" + encode + b"h\x02h\x01h\x03\x86R" * 10_000 + b"t."
        for content, message in (
            (hashed, "expected a text, got a tuple"),
            (encoded.replace(b"U\x06latin1q", b"X\x06\0\0\0latin1q"), "encodes more bytes than it"),
        ):
            (tmp_path / "test_batch").write_bytes(content)
            with pytest.raises(ValueError, match=message):
                load(tmp_path / "test_batch")

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            ([1, 10], "record 1 has the label 10, expected 0 to 9"),
            ([1, -1], "record 1 has the label -1, expected 0 to 9"),
            ([1], r"expected the shape \(1, 3072\), got \(2, 3072\)"),
            (["cat", "dog"], "it has no list of labels"),
            (None, "it has no list of labels"),
        ],
    )
    def test_labels_that_are_none_are_refused(self, tmp_path, labels, message):
        content = {"data": np.zeros((2, 3072), np.uint8), "labels": labels}
        (tmp_path / "test_batch").write_bytes(pickle.dumps(content))
        with pytest.raises(ValueError, match=message):
            load(tmp_path / "test_batch")


class TestHundred:
    """CIFAR-100 has two labels to an image."""

    FINE = tuple(f"fine {i}" for i in range(100))
    COARSE = tuple(f"coarse_{i}" for i in range(20))

    @pytest.fixture(params=["binary", "python"])
    def folder(self, request, tmp_path):
        path = tmp_path / f"cifar-100-{request.param}"
        path.mkdir()
        for name, labels in {"train": [(99, 19), (0, 3)], "test": [(50, 7)]}.items():
            images = batch(range(len(labels)), seed=len(labels))[0].transpose(0, 3, 1, 2)
            if request.param == "binary":
                records = [
                    bytes([coarse, fine]) + image.tobytes()
                    for (fine, coarse), image in zip(labels, images, strict=True)
                ]
                (path / f"{name}.bin").write_bytes(b"".join(records))
            else:
                fine, coarse = map(list, zip(*labels, strict=True))
                content = {
                    b"data": images.reshape(len(labels), -1),
                    b"fine_labels": fine,
                    b"coarse_labels": coarse,
                }
                (path / name).write_bytes(pickle.dumps(content, 2))
        if request.param == "binary":
            names = [name.replace(" ", "_") for name in self.FINE]
            (path / "fine_label_names.txt").write_text("\n".join(names) + "\n")
            (path / "coarse_label_names.txt").write_text("\n".join(self.COARSE) + "\n")
        else:
            meta = {"fine_label_names": list(self.FINE), "coarse_label_names": list(self.COARSE)}
            (path / "meta").write_bytes(pickle.dumps(meta, 2))
        return path

    @pytest.mark.parametrize("packed", [False, True], ids=["folder", "archive"])
    def test_it_has_fine_and_coarse_labels(self, folder, packed):
        source = pack(folder) if packed else folder
        fine = load(source)
        np.testing.assert_array_equal(
            fine.features.reshape(-1, 32, 32, 3), batch([0, 0], seed=2)[0]
        )
        assert fine.target.tolist() == [99, 0]
        assert fine.class_names[99].replace("_", " ") == "fine 99"
        assert "the fine labels taken" in fine.notes
        coarse = load(source, target="coarse")
        assert coarse.target.tolist() == [19, 3]
        assert coarse.class_names[19] == "coarse_19"
        test = load(source, split="test", target="coarse", require_target=False)
        assert test.target.tolist() == [7]

    def test_another_label_is_refused(self, folder):
        with pytest.raises(ValueError, match=r"target: for CIFAR-100.* expected 'fine', 'coarse'"):
            load(folder, target="colour")


def test_ten_classes_have_one_label(folder):
    with pytest.raises(ValueError, match=r"target: for CIFAR-10's binary .* one label only, got"):
        load(folder, target="fine")


def test_a_folder_called_train_is_no_batch(tmp_path):
    (tmp_path / "train").write_bytes(b"")
    with pytest.raises(ValueError, match="a folder of no known format"):
        load(tmp_path)
