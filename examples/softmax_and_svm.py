"""The course exercise: softmax loss and SVM loss on CIFAR-10, three times over.

    python examples/softmax_and_svm.py                           # on a small file that it writes
    python examples/softmax_and_svm.py cifar-10-binary.tar.gz    # on the real thing

It takes the folder, one batch or the .tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html (the
binary version). Both losses are written as a loop, as vectorised NumPy and with normexp; they are
checked by finite differences, compared in speed and exactness, and used to train. Read it from top
to bottom.
"""

import argparse
import itertools
import tempfile
import textwrap
import time
from pathlib import Path

import matplotlib
import mpmath
import numpy as np
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

import normexp as nex
from normexp.data import load, options_of

# ---------------------------------------------------------------------------------------------
# 1. The data: n images as rows of 3072 pixels, and a class id from 0 to 9 for each.
# ---------------------------------------------------------------------------------------------


def write_small_file(folder):
    """Real images in CIFAR-10's format, for want of CIFAR-10: scikit-learn's handwritten digits.

    They are 8 × 8 pixels of grey; each pixel becomes a square of 4 × 4, the same in red, green and
    blue. A record is the label, then the three planes: 1 + 3 · 32 · 32 bytes.
    """
    digits = load_digits()
    grey = np.kron(digits.images * (255 / 16), np.ones((4, 4))).astype(np.uint8)
    planes = grey.reshape(-1, 1, 32 * 32).repeat(3, axis=1).reshape(len(grey), -1)
    records = np.column_stack([digits.target.astype(np.uint8), planes])
    (folder / "data_batch_1.bin").write_bytes(records[:1400].tobytes())
    (folder / "test_batch.bin").write_bytes(records[1400:].tobytes())
    names = "zero one two three four five six seven eight nine"
    (folder / "batches.meta.txt").write_text("\n".join(names.split()))


def read(source):
    """Training, validation and test images with their labels; and the names of the classes."""
    if "split" in options_of(source):
        train, test = load(source, split="train"), load(source, split="test")
    else:  # one batch alone
        both = load(source)
        cut = len(both) * 4 // 5
        train, test = both.take(range(cut)), both.take(range(cut, len(both)))
    cut = len(train) * 5 // 6
    train, validation = train.take(range(cut)), train.take(range(cut, len(train)))
    mean = train.features.mean(axis=0).astype(np.float32)
    parts = [(features_of(part, mean), part.target) for part in (train, validation, test)]
    return *parts, train.class_names or tuple(map(str, range(10)))


def features_of(images, mean):
    """Pixels around 0 and of the size of 1; and a last feature of 1, whose weight is the bias."""
    pixels = (images.features - mean) / 64
    return np.column_stack([pixels, np.ones(len(pixels), np.float32)])


# ---------------------------------------------------------------------------------------------
# 2. The losses. Each takes the scores of n images, (n, 10), and their labels, and returns the mean
#    loss and its derivative with respect to the scores.
#
#    softmax:  loss = −log p_y,  p_k = exp(z_k) / Σ_j exp(z_j)       ∂loss/∂z_k = p_k − [k = y]
#    SVM:      loss = Σ_{j≠y} max(0, 1 + z_j − z_y)                  ∂loss/∂z_j = [violated], ...
# ---------------------------------------------------------------------------------------------


def softmax_loop(scores, labels):
    """One image after the other, one class after the other."""
    loss = scores.dtype.type(0)
    grad = np.zeros_like(scores)
    for i, (z, y) in enumerate(zip(scores, labels, strict=True)):
        e = np.exp(z - z.max())  # without the maximum, exp(89) is inf in float32
        total = e.sum()
        loss += np.log(total) - (z[y] - z.max())
        for k in range(len(z)):
            grad[i, k] = e[k] / total - (k == y)
    return loss / len(scores), grad / len(scores)


def softmax_vectorised(scores, labels):
    """The five lines that everybody writes."""
    rows = np.arange(len(scores))
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    return loss, p / len(scores)


def softmax_normexp(scores, labels):
    """The same by the library. It never subtracts what could cancel: see `compare` below."""
    return nex.CrossEntropy().value_and_grad(scores, labels)


def svm_loop(scores, labels):
    loss = scores.dtype.type(0)
    grad = np.zeros_like(scores)
    for i, (z, y) in enumerate(zip(scores, labels, strict=True)):
        for j in range(len(z)):
            violation = 1 + z[j] - z[y]
            if j != y and violation > 0:
                loss += violation
                grad[i, j] += 1  # the rival is pushed down,
                grad[i, y] -= 1  # the target up
    return loss / len(scores), grad / len(scores)


def svm_vectorised(scores, labels):
    rows = np.arange(len(scores))
    violations = np.maximum(0, 1 + scores - scores[rows, labels][:, np.newaxis])
    violations[rows, labels] = 0
    grad = (violations > 0).astype(scores.dtype)
    grad[rows, labels] = -grad.sum(axis=1)
    return violations.sum() / len(scores), grad / len(scores)


def svm_normexp(scores, labels):
    return nex.MulticlassHinge().value_and_grad(scores, labels)


LOSSES = {
    "softmax": [softmax_loop, softmax_vectorised, softmax_normexp],
    "svm": [svm_loop, svm_vectorised, svm_normexp],
}

# ---------------------------------------------------------------------------------------------
# 3. The linear classifier: scores = X Wᵀ, with a row of W for each class, and a penalty on W.
# ---------------------------------------------------------------------------------------------


def objective(loss_of, W, X, labels, regularisation):
    """Mean loss + regularisation · ‖W‖², and its gradient with respect to W: one product."""
    loss, by_scores = loss_of(X @ W.T, labels)
    gradient = by_scores.T @ X + 2 * regularisation * W
    return loss + regularisation * (W * W).sum(), gradient


def check_gradient(loss_of, W, X, labels, regularisation, rng, h=1e-6):
    """The worst relative error of a gradient, against (f(W + h) − f(W − h)) / 2h, in float64."""
    W, X = W.astype(np.float64), X.astype(np.float64)
    gradient = objective(loss_of, W, X, labels, regularisation)[1]
    worst = 0.0
    for _ in range(20):
        at = rng.integers(len(W)), rng.integers(len(W[0]))
        step = np.zeros_like(W)
        step[at] = h
        above, _ = objective(loss_of, W + step, X, labels, regularisation)
        below, _ = objective(loss_of, W - step, X, labels, regularisation)
        numerical = (above - below) / (2 * h)
        worst = max(worst, abs(gradient[at] - numerical) / max(1e-3, abs(numerical)))
    return worst


# ---------------------------------------------------------------------------------------------
# 4. How exact? The truth is the textbook formula in 60 digits, where nothing that matters is lost.
# ---------------------------------------------------------------------------------------------


def true_softmax(scores, labels):
    losses, grad = [], []
    for z, y in zip(scores.tolist(), labels, strict=True):
        e = [mpmath.exp(z_k) for z_k in z]
        total = mpmath.fsum(e)
        losses.append(-mpmath.log(e[y] / total))
        grad.append([(e_k / total - (k == y)) / len(scores) for k, e_k in enumerate(e)])
    return mpmath.fsum(losses) / len(scores), grad


def true_svm(scores, labels):
    losses, grad = [], []
    for z, y in zip(scores.tolist(), labels, strict=True):
        violations = [max(0, 1 + mpmath.mpf(z_j) - z[y]) * (j != y) for j, z_j in enumerate(z)]
        losses.append(mpmath.fsum(violations))
        slopes = [mpmath.mpf(v > 0) for v in violations]
        slopes[y] = -mpmath.fsum(slopes)
        grad.append([slope / len(scores) for slope in slopes])
    return mpmath.fsum(losses) / len(scores), grad


TRUTHS = {"softmax": true_softmax, "svm": true_svm}


def ulps(got, true):
    """How many float32 numbers a result is away from the truth: at best ½, the last rounding."""
    pairs = zip(np.ravel(got).tolist(), np.ravel(np.array(true, object)), strict=True)
    return max(float(abs(g - t) / float(np.spacing(np.float32(abs(t))))) for g, t in pairs)


def milliseconds(work):
    times = []
    for _ in range(10):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def compare(scores, labels):
    """A line for each way: time of loss and gradient, errors, and the loss of a confident row."""
    few = slice(0, 100)
    sure = np.zeros((1, 10), np.float32)
    sure[0, 3] = 20  # right by 20
    for name, ways in LOSSES.items():
        with mpmath.workdps(60):
            true_loss, true_grad = TRUTHS[name](scores[few], labels[few])
            true_sure = TRUTHS[name](sure, [3])[0]
            for loss_of in ways:
                loss, grad = loss_of(scores[few], labels[few])
                errors = ulps(loss, true_loss), ulps(grad, true_grad)
                ms = milliseconds(lambda loss_of=loss_of: loss_of(scores, labels))
                yield loss_of.__name__, ms, *errors, abs(float(loss_of(sure, [3])[0]))
            yield f"{name}, true", None, None, None, float(true_sure)


# ---------------------------------------------------------------------------------------------
# 5. Training by stochastic gradient descent, and the search for its two hyperparameters.
# ---------------------------------------------------------------------------------------------


def train(loss, X, labels, learning_rate, regularisation, steps=100, batch=200, seed=0):
    """Weights after some steps, and the objective at each.

    `linear_value_and_grad` is `objective` in one call: it needs no room for the scores, which are
    ten here, and may be a hundred thousand in a language model.
    """
    rng = np.random.default_rng(seed)
    W = rng.normal(scale=1e-4, size=(10, X.shape[1])).astype(np.float32)
    history = []
    for _ in range(steps):
        some = rng.integers(len(X), size=batch)
        step = loss.linear_value_and_grad(X[some], W, labels[some], features_grad=False)
        history.append(float(step.value) + regularisation * float((W * W).sum()))
        W -= learning_rate * (step.weight + 2 * regularisation * W)
    return W, history


def accuracy(W, X, labels):
    return float((np.argmax(X @ W.T, axis=1) == labels).mean())


LEARNING_RATES = (1e-4, 1e-3, 1e-2)
REGULARISATIONS = (1e-3, 1e-1, 1.0)


def search(loss, training, validation):
    """Train with every pair; the one that is best on images that were not trained on."""
    tried = []
    for learning_rate, regularisation in itertools.product(LEARNING_RATES, REGULARISATIONS):
        W, history = train(loss, *training, learning_rate, regularisation)
        found = accuracy(W, *validation)
        print(
            f"  rate {learning_rate:<7g} regularisation {regularisation:<7g} objective "
            f"{history[0]:7.3f} → {history[-1]:7.3f}   right: {accuracy(W, *training):6.1%} of "
            f"training, {found:6.1%} of validation"
        )
        tried.append((found, learning_rate, regularisation))
    return max(tried)[1:]


# ---------------------------------------------------------------------------------------------
# 6. What was learnt, as pictures: the weights of a class, without the bias, are an image too.
# ---------------------------------------------------------------------------------------------


def draw(weights, class_names, path):
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    size = 15, 1.8 * len(weights)
    figure, axes = plt.subplots(len(weights), 10, figsize=size, layout="constrained")
    for row, (name, W) in zip(axes, weights.items(), strict=True):
        strongest = abs(W[:, :-1]).max(axis=1)
        for axis, w, most, title in zip(row, W, strongest, class_names, strict=True):
            axis.imshow(0.5 + 0.5 * (w[:-1] / most).reshape(32, 32, 3))
            axis.set(title=title, xticks=[], yticks=[])
        row[0].set_ylabel(name)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(source, picture):
    training, validation, test, class_names = read(source)
    X, labels = training
    print(f"{len(X)} images to train on, {len(validation[0])} to choose by, {len(test[0])} to test")
    rng = np.random.default_rng(0)
    W = rng.normal(scale=1e-4, size=(10, X.shape[1])).astype(np.float32)

    print("\nAt the start every class is as likely as another: the loss should be log 10 = 2.303,")
    print("and the SVM's 9 margins of 1:")
    for name, ways in LOSSES.items():
        print(f"  {name:8} {objective(ways[-1], W, X, labels, 0.0)[0]:.3f}")

    print("\nGradients against finite differences, the worst relative error of 20 weights:")
    for loss_of in itertools.chain(*LOSSES.values()):
        worst = check_gradient(loss_of, W, X[:50], labels[:50], 0.1, rng)
        print(f"  {loss_of.__name__:20} {worst:.1e}")

    scores = X[:1000] @ W.T
    print(f"\nLoss of {len(scores)} images and its gradient, in float32, on one thread:")
    print("time, distance from the truth in ULP (½ is the best), loss of a row right by 20:")
    print("                             ms   ULP of loss   of gradient   confident row")
    for name, ms, of_loss, of_grad, sure in compare(scores, labels[:1000]):
        numbers = f"{ms:9.2f} {of_loss:13.2f} {of_grad:13.2f}" if ms is not None else " " * 37
        print(f"  {name:20} {numbers} {sure:15.4g}")

    losses = {"softmax": nex.CrossEntropy(), "svm": nex.MulticlassHinge()}
    weights = {}
    for name, loss in losses.items():
        print(f"\nTraining with {loss}:")
        learning_rate, regularisation = search(loss, training, validation)
        W, _ = train(loss, *training, learning_rate, regularisation, steps=400)
        weights[name] = W
        trained = nex.diagnose(X @ W.T, labels, loss)
        print(
            f"  best: rate {learning_rate:g}, regularisation {regularisation:g}; "
            f"trained for longer, right on {accuracy(W, *test):.1%} of the test images"
        )
        print(textwrap.indent(f"What nex.diagnose says of its scores:\n{trained}", "  "))
    draw(weights, class_names, picture)
    print(f"\nThe weights of each class as a picture: {picture}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", nargs="?", help="CIFAR-10: the folder, a batch or the .tar.gz")
    parser.add_argument("-o", "--output", default="weights.png", help="the picture of the weights")
    given = parser.parse_args()
    # One thread for all: a fair comparison, and products this small gain nothing by more.
    nex.set_num_threads(1)
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        if given.source is None:
            print("No file was named: handwritten digits of scikit-learn in CIFAR-10's format.")
            write_small_file(Path(folder))
        main(given.source or folder, given.output)
