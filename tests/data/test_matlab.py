import io
import struct
import zlib

import numpy as np
import pytest
from scipy import sparse
from scipy.io import savemat

from normexp.data import load

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4))
Y = np.array([1, 2, 1, 2, 10, 10])


def element(kind, content):
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(kind, shape, name, content):
    """A variable as MATLAB's description of its format has it."""
    flags = element(6, struct.pack("<II", kind, 0))
    shape = element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, flags + shape + element(1, name) + content)


def file(*elements):
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + b"".join(elements)


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("labels", [Y, Y[:, None], Y[None], Y.astype(np.uint8)])
def test_features_and_labels_go_by_their_names(tmp_path, is_packed, labels):
    savemat(tmp_path / "d.mat", {"X": X, "y": labels, "extra": "text"}, do_compression=is_packed)
    data = load(tmp_path / "d.mat")
    np.testing.assert_array_equal(data.features, X)
    assert data.target.tolist() == Y.tolist()


def test_names_may_be_given_and_cells_hold_texts(tmp_path):
    species = np.array([["setosa"], ["virginica"]] * 3, dtype=object)
    savemat(tmp_path / "fisheriris.mat", {"meas": X, "species": species})
    data = load(tmp_path / "fisheriris.mat", features="meas", target="species")
    np.testing.assert_array_equal(data.features, X)
    assert data.target.tolist() == ["setosa", "virginica"] * 3


def test_characters_are_stripped_of_what_fills_them_up(tmp_path):
    savemat(tmp_path / "d.mat", {"X": X, "y": np.array(["a", "bcd"] * 3)})
    assert load(tmp_path / "d.mat").target.tolist() == ["a", "bcd"] * 3


@pytest.mark.parametrize("samples", [6, 7, 32])
def test_the_images_of_svhn_have_their_samples_last(tmp_path, samples):
    images = RNG.integers(0, 256, (samples, 7, 7, 3), np.uint8)
    labels = np.arange(1, samples + 1) % 10 + 1
    savemat(tmp_path / "train_32x32.mat", {"X": images.transpose(1, 2, 3, 0), "y": labels[:, None]})
    data = load(tmp_path / "train_32x32.mat")
    assert data.image_shape == (7, 7, 3)
    np.testing.assert_array_equal(data.features.reshape(images.shape), images)
    assert data.target.tolist() == labels.tolist()
    assert data.notes == (f"the last axis taken as the rows: the shape is (7, 7, 3, {samples})",)
    savemat(tmp_path / "new.mat", {"X": images.transpose(1, 2, 3, 0)})
    np.testing.assert_array_equal(
        load(tmp_path / "new.mat", require_target=False).features, data.features
    )


def test_columns_are_samples_where_the_labels_are_as_many(tmp_path):
    savemat(tmp_path / "d.mat", {"X": X.T, "y": Y})
    data = load(tmp_path / "d.mat")
    np.testing.assert_array_equal(data.features, X)
    assert "the last axis taken as the rows: the shape is (4, 6)" in data.notes


@pytest.mark.parametrize("transposed", [False, True])
def test_a_sparse_matrix_stays_one(tmp_path, transposed):
    matrix = sparse.csc_array(np.hstack([np.where(X > 0, X, 0), np.zeros((6, 40))]))
    labels = sparse.csc_array(Y[:, None])
    savemat(tmp_path / "d.mat", {"X": matrix.T if transposed else matrix, "y": labels})
    data = load(tmp_path / "d.mat")
    assert sparse.issparse(data.features)
    np.testing.assert_array_equal(data.features.toarray(), matrix.toarray())
    assert data.target.tolist() == Y.tolist()
    savemat(tmp_path / "d.mat", {"X": matrix, "y": sparse.csc_array((10**7, 1))})
    with pytest.raises(ValueError, match=r"a sparse matrix of shape \(10000000, 1\), which takes,"):
        load(tmp_path / "d.mat", max_size=10**7)


def test_damaged_indices_of_a_sparse_matrix_are_not_followed(tmp_path):
    matrix = sparse.csc_array(np.eye(4))
    file = io.BytesIO()
    savemat(file, {"X": matrix, "y": Y[:4]})
    content = file.getvalue()
    indices = np.arange(4, dtype=np.int32).tobytes()
    assert content.count(indices) >= 1
    broken = content.replace(indices, np.array([0, 1, 2, 10**8], np.int32).tobytes())
    (tmp_path / "d.mat").write_bytes(broken)
    with pytest.raises(ValueError, match=r"d\.mat: X is cut off or damaged"):
        load(tmp_path / "d.mat")


NUMBER = element(9, struct.pack("<d", 1.0))


def nested(depth):
    """Cells in cells, the outermost called y."""
    innermost = matrix(6, (1, 1), b"", NUMBER)
    size, heads = len(innermost), []
    for level in range(depth):
        head = matrix(1, (1, 1), b"y" if level == depth - 1 else b"", b"")[8:]
        heads.append(struct.pack("<II", 14, len(head) + size) + head)
        size += 8 + len(head)
    return b"".join(reversed(heads)) + innermost


@pytest.mark.parametrize("depth", [2, 100_000], ids=["two", "so many that SciPy crashes"])
def test_cells_in_cells_are_refused_and_not_followed(tmp_path, depth):
    (tmp_path / "d.mat").write_bytes(file(matrix(6, (1, 1), b"X", NUMBER), nested(depth)))
    with pytest.raises(ValueError, match=r"expected texts in the cells, got something else"):
        load(tmp_path / "d.mat")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"MATLAB 7.3 MAT-file, HDF5".ljust(512) + b"\x89HDF\r\n\x1a\n", "version 7.3: save it as"),
        (b"no MATLAB file", "no .mat file of MATLAB's version 5 to 7"),
        (file(matrix(2, (1, 1), b"X", b"")), "d.mat: X: expected an array, got a struct"),
        (file(matrix(16, (1, 1), b"X", b"")), "d.mat: X: expected an array, got a function"),
        (file(matrix(6, (10**6, 10**6), b"X", NUMBER)), "d.mat: X is cut off or damaged"),
        (
            file(matrix(6, (1, 1), b"X", element(0x7F09, bytes(8)))),
            "d.mat: X is cut off or damaged",
        ),
        (file(matrix(6, (1, 1), b"X", NUMBER)[:-4]), "d.mat is cut off or damaged"),
        (file(struct.pack("<II", 15, 4) + b"junk"), "d.mat is cut off or damaged"),
        (file(struct.pack("<II", 14, 10**9)), "d.mat is cut off or damaged: a variable ends"),
        (file(b"123"), "d.mat is cut off or damaged"),
        (file(), "d.mat: expected one array called X, .*; it holds none"),
    ],
)
def test_a_bad_file_is_refused(tmp_path, content, message):
    (tmp_path / "d.mat").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "d.mat")


def test_a_variable_that_unpacks_without_bound_is_refused(tmp_path):
    packed = zlib.compress(matrix(9, (3000, 1000), b"X", element(2, bytes(3 * 10**6))))
    (tmp_path / "d.mat").write_bytes(file(struct.pack("<II", 15, len(packed)) + packed))
    with pytest.raises(ValueError, match=r"d\.mat holds, or unpacks to, more than 1 MB"):
        load(tmp_path / "d.mat", max_size=10**6)
