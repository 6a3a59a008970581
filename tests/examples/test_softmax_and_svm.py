"""The course exercise runs on the file that it writes, and its three ways compute the same."""

import importlib.util
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "softmax_and_svm.py"


@pytest.fixture(scope="module")
def exercise():
    spec = importlib.util.spec_from_file_location("softmax_and_svm", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What the script prints and the picture that it draws, without any argument."""
    folder = tmp_path_factory.mktemp("exercise")
    command = [sys.executable, str(SCRIPT), "-o", "weights.png"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return result.stdout, (folder / "weights.png").read_bytes()


def table(text, way):
    """The numbers of a line of the table."""
    (line,) = re.findall(rf"^  {way} +(.*)$", text.partition("in ULP")[2], re.MULTILINE)
    return [float(number) for number in line.split()]


def test_it_draws_the_weights_and_learns_what_it_is_shown(printed):
    text, picture = printed
    assert picture.startswith(b"\x89PNG")
    shares = re.findall(r"right on ([\d.]+)% of the test images", text)
    assert len(shares) == 2
    assert all(float(share) > 80 for share in shares)


def test_only_normexp_s_gradient_is_the_nearest_number_and_its_confident_loss_not_0(printed):
    text, _ = printed
    for way in ("softmax_loop", "softmax_vectorised"):
        _, _, of_gradient, sure = table(text, way)
        assert of_gradient > 0.51
        assert sure == 0
    _, of_loss, of_gradient, sure = table(text, "softmax_normexp")
    assert max(of_loss, of_gradient) <= 0.51
    assert table(text, "softmax, true") == [sure]
    assert table(text, "svm, true") == [0]


def test_every_gradient_agrees_with_finite_differences(printed):
    text, _ = printed
    errors = re.findall(r"^  \w+_(?:loop|vectorised|normexp) +(\d\.\de-\d+)$", text, re.MULTILINE)
    assert len(errors) == 6
    assert all(float(error) < 1e-4 for error in errors)


@pytest.mark.parametrize("name", ["softmax", "svm"])
def test_the_three_ways_compute_the_same(exercise, name):
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(7, 10)) * 3, rng.integers(0, 10, 7)
    (loop, vectorised, library) = (way(scores, labels) for way in exercise.LOSSES[name])
    for value, grad in (loop, vectorised):
        np.testing.assert_allclose(value, library.value, rtol=1e-13)
        np.testing.assert_allclose(grad, library.grad, atol=1e-15)


def test_the_folder_the_archive_and_one_batch_hold_the_same_images(exercise, tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    exercise.write_small_file(folder)
    archive = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)
    *of_folder, names = exercise.read(folder)
    *of_archive, _ = exercise.read(archive)
    assert names[:3] == ("zero", "one", "two")
    for (X, labels), (same_X, same_labels) in zip(of_folder, of_archive, strict=True):
        assert X.dtype == np.float32
        np.testing.assert_array_equal(X, same_X)
        np.testing.assert_array_equal(labels, same_labels)
    batch = exercise.read(folder / "data_batch_1.bin")
    assert sum(len(X) for X, _ in batch[:3]) == 1400
