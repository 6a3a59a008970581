"""A training that was killed goes on to the same answer."""

import signal
import subprocess
import sys
from random import Random

import numpy as np
import pytest

from normexp.linear import Checkpoint, MulticlassSVM, SoftmaxRegression

TRAINING = """
import sys
import numpy as np
from normexp.linear import Checkpoint, SoftmaxRegression
rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 150)) * np.logspace(-1.5, 1.5, 150)
y = (X @ rng.normal(size=(150, 8)) + 5 * rng.gumbel(size=(2000, 8))).argmax(axis=1)
def told(state):
    print(state.iteration, state.objective, flush=True)
model = SoftmaxRegression(alpha=1e-4, callbacks=[Checkpoint(sys.argv[1], every=0), told])
print("end", repr(float(model.fit(X, y).objective_)), flush=True)
"""


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=300)
    return rng.normal(size=(300, 10)) + np.eye(10)[y], y


def started(path):
    command = [sys.executable, "-c", TRAINING, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ended(process):
    lines = process.communicate(timeout=120)[0].split("\n")
    assert process.returncode == 0
    return lines[:-2], float(lines[-2].split()[1])


def test_killed_at_any_moment_it_comes_to_the_same_answer(tmp_path):
    whole, expected = ended(started(tmp_path / "whole"))
    random, path = Random(0), tmp_path / "killed"
    for _ in range(2):
        process = started(path)
        for _ in range(random.randint(2, len(whole) // 4)):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert path.exists()
    rest, found = ended(started(path))
    assert found == pytest.approx(expected, rel=1e-6)
    assert float(rest[0].split()[1]) < float(whole[0].split()[1])  # where it goes on from
    assert not path.exists()


@pytest.mark.parametrize("kind", [SoftmaxRegression, MulticlassSVM])
def test_it_is_kept_while_training_and_removed_in_the_end(kind, data, tmp_path):
    path = tmp_path / "checkpoint"
    seen = []
    callbacks = [Checkpoint(path, every=0), lambda state: seen.append(path.exists())]
    model = kind(callbacks=callbacks).fit(*data)
    assert all(seen)
    assert seen
    assert not path.exists()
    again = kind(callbacks=[Checkpoint(path)]).fit(*data)
    assert again.objective_ == pytest.approx(model.objective_, rel=1e-6)


def test_it_goes_on_from_the_weights_that_are_there(data, tmp_path):
    def interrupt(state):
        if state.iteration == 4:
            raise KeyboardInterrupt

    checkpoint = Checkpoint(tmp_path / "checkpoint", every=0)
    model = SoftmaxRegression(tol=1e-9, callbacks=[checkpoint, interrupt])
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data)
    rest = SoftmaxRegression(tol=1e-9, callbacks=[checkpoint]).fit(*data)
    assert rest.n_iter_ < SoftmaxRegression(tol=1e-9).fit(*data).n_iter_


def put(path, **arrays):
    with path.open("wb") as file:
        np.savez(file, **arrays)


def test_a_file_that_is_no_checkpoint_is_refused_and_stays(data, tmp_path):
    path = tmp_path / "checkpoint"
    model = SoftmaxRegression(callbacks=[Checkpoint(path)])
    path.write_bytes(b"my thesis")
    with pytest.raises(ValueError, match="no checkpoint, or damaged"):
        model.fit(*data)
    assert path.read_bytes() == b"my thesis"
    put(path, coef=np.zeros((3, 2)), intercept=np.zeros(3))
    with pytest.raises(ValueError, match="of another training: expected weights of shape"):
        model.fit(*data)
    put(path, coef=np.full((3, 10), np.nan), intercept=np.zeros(3))
    with pytest.raises(ValueError, match="not finite"):
        model.fit(*data)
    with pytest.raises(ValueError, match="every must be between"):
        Checkpoint(path, every=-1)
