import gzip

import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn.datasets import dump_svmlight_file

from normexp.data import load

TEXT = "# a comment\n+1 1:0.5 3:2 # another\n-1 2:1\n+1\n"
ROWS = [[0, 0.5, 0, 2], [0, 0, 1, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("name", ["t.svm", "t.svmlight", "t.libsvm", "t.svm.gz"])
def test_what_is_not_there_is_zero(tmp_path, name):
    content = TEXT.encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    data = load(tmp_path / name)
    assert data.feature_names == ("x0", "x1", "x2", "x3")
    np.testing.assert_array_equal(data.features, ROWS)
    assert data.target.tolist() == [1, -1, 1]


@pytest.mark.parametrize("zero_based", [True, False])
def test_a_feature_is_called_what_the_file_calls_it(tmp_path, zero_based):
    X = np.array([[0.0, 1.5], [0.0, 2.0], [0.0, 0.0]])
    with (tmp_path / "t.svm").open("wb") as file:
        dump_svmlight_file(X, [0, 1, 0], file, zero_based=zero_based)
    data = load(tmp_path / "t.svm")
    values = data.features[:, data.feature_names.index(f"x{2 - zero_based}")]
    assert values.tolist() == [1.5, 2, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 x:1\n", "t.svm is cut off or damaged"),
        ("1 2:1 1:1\n", "t.svm is cut off or damaged: Feature indices .* should be sorted"),
        ("a 1:1\n", "t.svm is cut off or damaged: could not convert string to float"),
        ("# nothing\n", "t.svm has no rows"),
        ("1 1000000000:1\n2 1:1\n", "t.svm holds, or unpacks to, more than 1 GB"),
        ("1 99999999999999999999999:1\n", "t.svm is cut off or damaged"),
        ("<!doctype html>", "t.svm is not what its name says, but a web page"),
    ],
)
def test_a_bad_file_is_refused(tmp_path, text, message):
    (tmp_path / "t.svm").write_text(text)
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "t.svm", max_size=10**9)


def test_rows_of_zeros_stay_sparse_and_others_do_not(tmp_path):
    (tmp_path / "t.svm").write_text("1 1:1 99:2\n-1 2:1\n")
    assert issparse(load(tmp_path / "t.svm").features)
    (tmp_path / "t.svm").write_text("1 1:1 9:2\n-1 2:1\n")
    assert not issparse(load(tmp_path / "t.svm").features)


def test_a_file_is_read_as_the_training_file_was(tmp_path):
    """How wide a file is depends on what is not 0 in it."""
    (tmp_path / "train.svm").write_text("1 1:1 4:2\n-1 2:1\n")
    (tmp_path / "new.svm").write_text("1 2:5\n1 1:3 9:7\n")
    train = load(tmp_path / "train.svm")
    new = load(tmp_path / "new.svm", schema=train.schema, require_target=False)
    assert new.feature_names == train.feature_names == ("x0", "x1", "x2", "x3", "x4")
    np.testing.assert_array_equal(new.features, [[0, 0, 5, 0, 0], [0, 3, 0, 0, 0]])
    assert "5 features not seen in training left out" in new.notes
    less = load(tmp_path / "train.svm", drop=["x0", "x2"])
    again = load(tmp_path / "new.svm", schema=less.schema, require_target=False)
    np.testing.assert_array_equal(again.features, [[0, 0, 0], [3, 0, 0]])
