import gzip
import zipfile

import numpy as np
import pytest
from click.testing import CliRunner

from normexp.cli.commands import normexp as command
from normexp.data import load

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 2, 2])


def test_an_npy_file_holds_features_alone(tmp_path):
    np.save(tmp_path / "x.npy", X)
    data = load(tmp_path / "x.npy", require_target=False)
    np.testing.assert_array_equal(data.features, X)
    assert data.target is None
    assert data.feature_names == ("x0", "x1")
    with pytest.raises(ValueError, match=r"features alone; .* with target= \(-1 is the last"):
        load(tmp_path / "x.npy")


@pytest.mark.parametrize("target", ["2", "-1", -1])
def test_a_column_of_an_npy_file_can_be_the_labels(tmp_path, target):
    np.save(tmp_path / "x.npy", np.column_stack([X, Y]))
    data = load(tmp_path / "x.npy", target=target)
    np.testing.assert_array_equal(data.features, X)
    np.testing.assert_array_equal(data.target, Y)
    assert data.target.dtype == np.int64
    assert data.notes == ("labels such as 0.0 read as integers",)


@pytest.mark.parametrize("target", ["3", "-4", "kind", ""])
def test_a_column_that_is_none_is_refused(tmp_path, target):
    np.save(tmp_path / "x.npy", np.column_stack([X, Y]))
    with pytest.raises(
        ValueError, match=rf"target: .* expected the index .* '{target}' .* \(6, 3\)"
    ):
        load(tmp_path / "x.npy", target=target)


def test_columns_left_out_of_an_array_are_left_out_ever_after(tmp_path):
    rows = np.column_stack([X, X[:, 0] ** 2, Y])
    np.save(tmp_path / "x.npy", rows)
    learnt = load(tmp_path / "x.npy", target=-1, drop=["x0"])
    assert learnt.feature_names == ("x1", "x2")
    np.save(tmp_path / "new.npy", rows[:, :3])
    np.savez(tmp_path / "new.npz", X=rows[:, :3])
    for name, target in (("new.npy", None), ("new.npz", None), ("x.npy", -1)):
        path = tmp_path / name
        data = load(path, target=target, require_target=False, schema=learnt.schema)
        assert data.feature_names == ("x1", "x2")
        np.testing.assert_array_equal(data.features, rows[:, 1:3])
    np.save(tmp_path / "narrow.npy", rows[:, :2])
    with pytest.raises(ValueError, match=r"shape \(n, 3\), as in training, got \(6, 2\); 'x0' of"):
        load(tmp_path / "narrow.npy", require_target=False, schema=learnt.schema)


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_a_number_of_an_array_can_stand_for_a_missing_value(tmp_path, dtype):
    rows = X.astype(dtype)
    rows[2, 1] = -999
    np.savez(tmp_path / "d.npz", X=rows, y=Y)
    data = load(tmp_path / "d.npz", missing=["-999.0"])
    again = load(tmp_path / "d.npz", schema=data.schema)
    expected = X.copy()
    expected[2, 1] = np.nan
    for each in (data, again):
        np.testing.assert_array_equal(each.features, expected)
        assert each.notes == ("1 number among '-999.0' taken as missing",)
    np.testing.assert_array_equal(load(tmp_path / "d.npz").features, rows)


@pytest.mark.parametrize("names", ["X y", "features target", "data labels", "images label", "x Y"])
def test_an_npz_file_goes_by_its_names(tmp_path, names):
    features, labels = names.split()
    np.savez(tmp_path / "d.npz", **{features: X, labels: Y, "extra": [1, 2]})
    data = load(tmp_path / "d.npz")
    np.testing.assert_array_equal(data.features, X)
    np.testing.assert_array_equal(data.target, Y)


def test_a_gzipped_npy_file_is_read(tmp_path):
    np.save(tmp_path / "x.npy", X)
    path = tmp_path / "x.npy.gz"
    path.write_bytes(gzip.compress((tmp_path / "x.npy").read_bytes()))
    np.testing.assert_array_equal(load(path, require_target=False).features, X)


def test_the_labels_of_an_npz_file_can_be_named(tmp_path):
    np.savez(tmp_path / "d.npz", X=X, y=Y, kind=np.array(list("ababab")))
    assert load(tmp_path / "d.npz", target="kind").target.tolist() == list("ababab")


def test_an_npz_file_may_hold_both_splits(tmp_path):
    np.savez(tmp_path / "d.npz", x_train=X, y_train=Y, x_test=X[:2], y_test=Y[:2])
    assert len(load(tmp_path / "d.npz")) == 6
    test = load(tmp_path / "d.npz", split="test")
    assert len(test) == 2
    assert test.notes == ("arrays of the split 'test' read",)
    np.savez(tmp_path / "one.npz", X=X, y=Y)
    with pytest.raises(ValueError, match=r"split: one\.npz does not tell training from test"):
        load(tmp_path / "one.npz", split="test")


@pytest.mark.parametrize(
    ("shape", "image_shape"),
    [((6, 4, 5), (4, 5)), ((6, 4, 5, 1), (4, 5)), ((6, 4, 5, 3), (4, 5, 3))],
)
def test_images_become_rows(tmp_path, shape, image_shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.savez(tmp_path / "d.npz", images=images, labels=Y[:, None])
    data = load(tmp_path / "d.npz")
    assert data.image_shape == image_shape
    np.testing.assert_array_equal(data.features[3].reshape(image_shape), images[3].squeeze())
    assert len(data.feature_names) == data.features.shape[1]
    np.testing.assert_array_equal(data.target, Y)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X, "y": Y[:5]}, "has 6 rows but 5 labels"),
        ({"X": X, "y": X}, r"one label to a row, got the shape \(6, 2\)"),
        ({"X": X}, "expected one array of labels, called .*; the names in it are 'X'"),
        ({"a": X, "y": Y}, "one array called X, .*, or what features= says; .* are 'a', 'y'"),
        ({"X": X, "data": X, "y": Y}, "one array called X"),
        ({"X": X[:, 0], "y": Y}, r"of shape \(n, d\), or .* got \(6,\)"),
        ({"X": np.zeros((6, 2, 2, 2)), "y": Y}, r"got \(6, 2, 2, 2\)"),
        ({"X": X[:0], "y": Y[:0]}, "d.npz has no rows"),
        ({"X": X[:, :0], "y": Y}, "d.npz has no features"),
        ({"X": X.astype(str), "y": Y}, "features that are numbers, got dtype <U"),
        ({"X": X + 0j, "y": Y}, "features that are numbers, got dtype complex128"),
        ({"X": X.astype(object), "y": Y}, "holds Python objects, which only pickle reads"),
        ({"X": X, "y": Y.astype(object)}, "holds Python objects, which only pickle reads"),
        ({"X": np.where(X == 5, np.inf, X), "y": Y}, "'x1' holds an infinite number in row 3"),
    ],
)
def test_a_bad_npz_file_is_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "d.npz")


@pytest.mark.parametrize("name", ["d.npy", "d.npz"])
@pytest.mark.parametrize("keep", [10, 100, -10])
def test_a_cut_file_is_refused(tmp_path, name, keep):
    path = tmp_path / name
    if name == "d.npy":
        np.save(path, X)
    else:
        np.savez(path, X=X, y=Y)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=f"{name} is cut off or damaged"):
        load(path, require_target=False)


def test_a_damaged_member_is_refused(tmp_path):
    path = tmp_path / "d.npz"
    np.savez(path, X=X, y=Y)
    content = bytearray(path.read_bytes())
    content[content.index(X.tobytes()[8:16]) + 6] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"d\.npz is cut off or damaged: Bad CRC-32"):
        load(path)


@pytest.mark.parametrize("name", ["d.npy", "d.npz"])
def test_a_pickle_is_not_touched(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(ValueError, match=r"wrong magic number, expected b'.*', but it begins"):
        load(tmp_path / name)


def test_labels_of_another_byte_order_are_the_same_labels(tmp_path):
    np.savez(tmp_path / "d.npz", X=X.astype(">f8"), y=Y.astype(">i2"))
    data = load(tmp_path / "d.npz")
    np.testing.assert_array_equal(data.target, Y)
    np.testing.assert_array_equal(data.features, X)


def test_both_arrays_can_be_named(tmp_path):
    np.savez(tmp_path / "d.npz", emb=X, kind=np.array(list("ababab")), X=X + 1, y=Y)
    data = load(tmp_path / "d.npz", features="emb", target="kind")
    np.testing.assert_array_equal(data.features, X)
    assert data.target.tolist() == list("ababab")
    with pytest.raises(ValueError, match=r"features: d\.npz has no array 'e'; the names in it are"):
        load(tmp_path / "d.npz", features="e")
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(ValueError, match=r"^features: x\.npy is no file of several arrays; leave"):
        load(tmp_path / "x.npy", features="emb")


def test_features_that_are_named_have_the_labels_of_their_split(tmp_path):
    np.savez(tmp_path / "d.npz", emb_train=X, y_train=Y, emb_test=X[:2], y_test=Y[:2] + 7)
    data = load(tmp_path / "d.npz", features="emb_test")
    assert data.target.tolist() == [7, 8]
    assert data.notes == ("arrays of the split 'test' read",)


@pytest.mark.parametrize("colours", [1, 3])
def test_the_colour_may_come_first(tmp_path, colours):
    images = np.random.default_rng(0).integers(0, 256, (6, colours, 4, 5), dtype=np.uint8)
    np.savez(tmp_path / "d.npz", images=images, labels=Y)
    data = load(tmp_path / "d.npz")
    assert data.image_shape == ((4, 5, 3) if colours == 3 else (4, 5))
    rows = data.features.reshape(6, 4, 5, colours)
    np.testing.assert_array_equal(rows.transpose(0, 3, 1, 2), images)
    assert data.notes == (f"read as images (n, colour, h, w): the shape is {images.shape}",)


def test_where_the_colour_may_be_first_or_last_it_is_last(tmp_path):
    np.savez(tmp_path / "d.npz", images=np.zeros((6, 3, 5, 3)), labels=Y)
    data = load(tmp_path / "d.npz")
    assert data.image_shape == (3, 5, 3)
    assert data.notes == ()


def test_long_doubles_are_rounded_and_a_model_of_them_is_saved(tmp_path):
    long = X.astype(np.longdouble) / 3
    np.savez(tmp_path / "d.npz", X=long, y=Y.astype(np.longdouble))
    data = load(tmp_path / "d.npz")
    assert data.features.dtype == np.float64
    np.testing.assert_array_equal(data.features, long.astype(np.float64))
    assert data.target.tolist() == Y.tolist()
    is_long = np.dtype(np.longdouble).itemsize > 8
    assert is_long == any(note.endswith("rounded to float64") for note in data.notes)
    source, model = str(tmp_path / "d.npz"), str(tmp_path / "d.model")
    for words in (["train", source, "-o", model], ["predict", model, source]):
        result = CliRunner().invoke(command, words)
        assert result.exit_code == 0, result.stderr


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(float).max, reason="no longer type")
def test_a_long_double_beyond_float64_is_named(tmp_path):
    long = X.astype(np.longdouble)
    long[2, 1] = np.longdouble("1e4000")
    np.savez(tmp_path / "d.npz", X=long, y=Y)
    with pytest.raises(ValueError, match="'x1' holds an infinite number in row 3"):
        load(tmp_path / "d.npz")


def test_labels_of_bytes_are_text(tmp_path):
    np.savez(tmp_path / "d.npz", X=X, y=np.array([b"a", b"b"] * 3))
    assert load(tmp_path / "d.npz").target.tolist() == ["a", "b"] * 3


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (Y + 0j, "labels that are text or integers, got dtype complex128"),
        (Y.astype("M8[s]"), r"labels that are text or integers, got dtype datetime64\[s\]"),
        (np.array(3), r"one label to a row, got the shape \(\)"),
        (np.zeros(6, [("a", int)]), "labels that are text or integers, got dtype"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path, labels, message):
    np.savez(tmp_path / "d.npz", X=X, y=labels)
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "d.npz")


def test_what_else_stands_in_an_archive_is_left_alone(tmp_path):
    np.savez(tmp_path / "d.npz", X=X, y=Y)
    with zipfile.ZipFile(tmp_path / "d.npz", "a") as archive:
        archive.writestr("README.txt", "about X and y")
    assert load(tmp_path / "d.npz").target.tolist() == Y.tolist()
