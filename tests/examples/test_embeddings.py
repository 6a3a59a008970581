"""The probe on embeddings reads its corpus and learns from votes; the model has no part in it."""

import importlib.util
import io
import re
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "embeddings.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("embeddings", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_corpus_is_read_where_the_package_has_it(example, tmp_path):
    texts = {
        example.SENTENCES: "1\t-1.5\tÉmile is bad.\n2\t0.5\tNot so.",
        example.RATINGS: "1\t-1.5\t0.1\t[-4, -1, 0, -1]\n2\t0.5\t0.1\t[0, 1, 4]",
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as files:
        for name, text in texts.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            files.addfile(info, io.BytesIO(text.encode()))
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as whole:
        whole.writestr(f"vaderSentiment-0.5/{example.ARCHIVE}", archive.getvalue())
    sentences, votes = example.read(tmp_path / "package.zip")
    assert sentences == ["Émile is bad.", "Not so."]
    assert votes.tolist() == [[3, 1, 0], [0, 1, 2]]


def test_all_votes_tell_more_than_the_most_of_them(example, capsys):
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(3, 20))
    features = rng.normal(size=(1500, 20))
    chances = np.exp(features @ weight.T / 3)
    chances /= chances.sum(axis=1, keepdims=True)
    example.learn(features, rng.multinomial(15, chances).astype(float))
    text = capsys.readouterr().out
    (most,), (calibrated, _), (votes,) = (
        [float(number) for number in re.findall(rf"^{name}.*% +(\d\.\d+)", text, re.MULTILINE)]
        for name in ("softmax, most votes", "  at temperature", "softmax, all votes")
    )
    assert votes < calibrated < most
    assert re.search(r"probabilities differ by \de-0[4-9] at most", text)
