"""Sparse features: the encoding that dense ones have, less the means."""

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.sparse import csr_array, issparse

from normexp.cli.commands import normexp as command
from normexp.data import Dataset, Encoder, load
from normexp.linear import SoftmaxRegression

RNG = np.random.default_rng(0)
DENSE = np.where(RNG.random((200, 30)) < 0.1, RNG.normal(size=(200, 30)) * 5 + 3, 0)
DENSE[:, 7] = 0  # constant
DENSE[:, 8] = 0.1
TARGET = (DENSE[:, 0] + DENSE[:, 1] - DENSE[:, 2] > 0).astype(int)
NAMES = tuple(f"x{i}" for i in range(30))


def of(values, target=None):
    return Dataset("rows", values, target, NAMES)


def test_each_column_is_divided_by_its_deviation():
    encoder, dense = Encoder.fit(of(csr_array(DENSE))), Encoder.fit(of(DENSE))
    np.testing.assert_allclose(encoder.scale, dense.scale, rtol=1e-13)
    assert not encoder.mean.any()
    encoded = encoder.transform(of(csr_array(DENSE)))
    assert issparse(encoded)
    np.testing.assert_allclose(encoded.toarray(), DENSE / dense.scale, rtol=1e-13)
    assert encoder.notes[0].startswith("numbers divided by their deviation: 'x0', 'x1'")
    assert "constant, so without influence: 'x7', 'x8'" in encoder.notes
    np.testing.assert_allclose(encoder.transform(of(DENSE)), encoded.toarray(), rtol=1e-15)


def test_digits_far_from_zero_are_not_lost():
    values = csr_array(1e9 + np.array([[0.0], [1.0], [2.0]]))
    encoder = Encoder.fit(Dataset("rows", values, None, ("x",)))
    assert encoder.scale == pytest.approx(np.sqrt(2 / 3), rel=1e-14)


def test_what_is_missing_is_zero_and_counts_for_nothing():
    holed = DENSE.copy()
    holed[3, 0] = np.nan
    encoder = Encoder.fit(of(csr_array(holed)))
    without = np.delete(DENSE[:, 0], 3)
    assert encoder.scale[0] == pytest.approx(without.std(), rel=1e-13)
    assert encoder.transform(of(csr_array(holed)))[3, 0] == 0
    assert "missing numbers taken as 0: 'x0'" in encoder.notes


def test_a_model_of_dense_rows_takes_sparse_ones():
    encoder = Encoder.fit(of(DENSE))
    encoded = encoder.transform(of(csr_array(DENSE)))
    np.testing.assert_array_equal(encoded, encoder.transform(of(DENSE)))


def test_the_means_make_no_difference_to_what_is_learnt():
    """The intercept takes them up: nothing weighs on it."""
    sparse, dense = of(csr_array(DENSE), TARGET), of(DENSE, TARGET)
    probabilities = [
        SoftmaxRegression(alpha=1e-2, tol=1e-10)
        .fit(Encoder.fit(data).transform(data), TARGET)
        .predict_proba(Encoder.fit(data).transform(data))
        for data in (sparse, dense)
    ]
    np.testing.assert_allclose(*probabilities, rtol=1e-4)


def test_numbers_that_are_none_are_named():
    wrong = DENSE.copy()
    wrong[5, 2] = 1e200
    with pytest.raises(ValueError, match="column 'x2': the variance of its numbers overflows"):
        Encoder.fit(of(csr_array(wrong)))


def test_an_infinite_number_is_named(tmp_path):
    (tmp_path / "t.svm").write_text("1 1:1\n2 1:2 3:inf\n")
    with pytest.raises(ValueError, match="column 'x3' holds an infinite number in row 2"):
        load(tmp_path / "t.svm")


def test_wide_rows_go_through_every_command(tmp_path, monkeypatch):
    """Written out, they would be more than is allowed."""
    monkeypatch.chdir(tmp_path)
    rows, width = 100, 50_000
    lines = (
        f"{row % 2} {row % 2 + 7}:1 {' '.join(f'{at}:1' for at in sorted(places))}\n"
        for row, places in enumerate(RNG.integers(100, width, (rows, 5)).tolist())
    )
    (tmp_path / "t.svm").write_text("".join(lines))

    def run(*words):
        result = CliRunner().invoke(command, list(words))
        assert result.exit_code == 0, result.stderr
        return result

    run("train", "t.svm", "--max-size", "20MB")
    assert "accuracy" in run("evaluate", "model.safetensors", "t.svm").stdout
    assert len(run("predict", "model.safetensors", "t.svm").stdout.splitlines()) == rows + 1
    run("compare", "t.svm", "--loss", "softmax")


def test_a_number_of_sparse_rows_can_stand_for_a_missing_value(tmp_path):
    lines = [f"{i % 2} {i + 1}:{-999 if i == 3 else 2}" for i in range(40)]
    (tmp_path / "t.svm").write_text("\n".join([*lines, ""]))
    data = load(tmp_path / "t.svm", missing=["-999"])
    assert np.isnan(data.features.toarray()[3, 4])
    assert np.isnan(data.features.data).sum() == 1
    assert data.notes == ("1 number among '-999' taken as missing",)
    with pytest.raises(ValueError, match="missing: expected no 0 where rows are sparse"):
        load(tmp_path / "t.svm", missing=["0"])
