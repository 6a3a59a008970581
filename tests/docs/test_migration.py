"""The calls that stand beside each other in the migration tables give the same numbers."""

import re
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import normexp as nex
from normexp.linear import LinearClassifier, MulticlassSVM, SoftmaxRegression

PAGES = Path(__file__).parents[2] / "docs/migration"
FINE = {"tol": 1e-10, "max_iter": 1_000_000, "random_state": 0}
SLOWLY = {"average": True, "max_iter": 20_000, "tol": None, "random_state": 0}
CODE = re.compile(r"`([^`]+)`")


def pairs(page):
    """Their call and ours, of each row of a page whose first two cells are code."""
    for line in (PAGES / page).read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("|") and all(CODE.fullmatch(cell) for cell in cells[:2]):
            yield tuple(CODE.fullmatch(cell)[1] for cell in cells[:2])


def arrays():
    """What the names in the tables stand for."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(6, 4)) * 3
    y = np.array([0, 1, 2, 3, 0, 1])
    exists = np.full(z.shape, True)
    exists[:, 2] = exists[0, 3] = False
    return {
        "z": z,
        "y": y,
        "onehot": np.eye(4)[y],
        "holes": np.where(y == 1, -100, y),
        "t": rng.dirichlet(np.ones(4), size=6),
        "p": nex.softmax(z),
        "yes": rng.integers(2, size=z.shape).astype(float),
        "w": np.array([0.5, 1.0, 2.0, 3.0]),
        "s": rng.uniform(1, 2, size=6),
        "signs": rng.choice([-1.0, 1.0], size=z.shape),
        "exists": exists,
        "maps": rng.normal(size=(2, 4, 3, 3)),
        "pixels": rng.integers(4, size=(2, 3, 3)),
        "x": rng.normal(size=(6, 5)),
        "W": rng.normal(size=(4, 5)),
        "b": rng.normal(size=4),
        "seq": rng.normal(size=(2, 7, 5)),
        "tokens": rng.integers(4, size=(2, 7)),
    }


def tensors():
    """The same as tensors, of PyTorch's default types."""
    import torch

    return {
        name: torch.from_numpy(array.astype(np.float32) if array.dtype.kind == "f" else array)
        for name, array in arrays().items()
    }


def rows_of(page):
    return pytest.mark.parametrize(("theirs", "ours"), list(pairs(page)))


def check(theirs, their_names, ours, our_names, rtol=1e-6, atol=0.0):
    expected = np.asarray(eval(theirs, their_names))
    np.testing.assert_allclose(eval(ours, our_names), expected, rtol, atol)


@rows_of("scipy.md")
def test_scipy(theirs, ours):
    from scipy import special, stats

    names = arrays() | {"nex": nex, "np": np, "special": special, "stats": stats}
    check(theirs, names, ours, names)


@rows_of("pytorch.md")
def test_pytorch(theirs, ours):
    import torch

    given = arrays()
    tensors = {name: torch.from_numpy(array) for name, array in given.items()}
    names = tensors | {"torch": torch, "F": torch.nn.functional}
    check(theirs, names, ours, given | {"nex": nex})


@pytest.fixture(scope="module")
def liger():
    """Liger's calls, by Triton's interpreter."""
    pytest.importorskip("triton", reason="Triton has no wheel for this system")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import liger_kernel.transformers as given
        import triton.language as tl
        from liger_kernel.ops import cross_entropy
        from liger_kernel.transformers.functional import liger_softmax
        from triton.runtime import interpreter

        converted = interpreter._implicit_cvt
        patch.setattr(
            interpreter,
            "_implicit_cvt",
            lambda one: Number(one) if type(one) is float else converted(one),
        )
        # A call of the device's own library, which the interpreter has not.
        patch.setattr(cross_entropy, "tanh", lambda x: 2 * tl.sigmoid(2 * x) - 1)
        kinds = given.LigerCrossEntropyLoss, given.LigerFusedLinearCrossEntropyLoss
        yield {call.__name__: call for call in (*kinds, liger_softmax)}


class Number(float):
    """What a kernel is given for a number: a compiled one has it as a scalar of some type."""

    def to(self, _):
        return self


@rows_of("liger.md")
def test_liger(theirs, ours, liger):
    check(theirs, tensors() | liger | {"nex": nex}, ours, arrays() | {"nex": nex}, rtol=1e-5)


@rows_of("cut-cross-entropy.md")
def test_cut_cross_entropy(theirs, ours):
    import torch

    given = pytest.importorskip("cut_cross_entropy")
    calls = given.linear_cross_entropy, given.LinearCrossEntropy
    names = {call.__name__: partial(call, impl="torch_compile") for call in calls}
    with torch.compiler.set_stance("force_eager"):
        check(theirs, tensors() | names, ours, arrays() | {"nex": nex}, rtol=1e-5)


@pytest.mark.filterwarnings("default")
@rows_of("keras.md")
def test_keras(theirs, ours, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    import keras

    given = arrays()
    given |= {k: a.astype(np.float32) for k, a in given.items() if a.dtype.kind == "f"}
    names = given | {"losses": keras.losses, "ops": keras.ops, "nex": nex}
    check(theirs, names, ours, names, rtol=1e-5)


@rows_of("optax.md")
def test_optax(theirs, ours):
    jax = pytest.importorskip("jax")
    optax = pytest.importorskip("optax")
    given = arrays()
    with jax.enable_x64(True):
        tensors = {name: jax.numpy.asarray(array) for name, array in given.items()}
        names = tensors | {"jax": jax, "optax": optax}
        check(theirs, names, ours, given | {"nex": nex})


@rows_of("scikit-learn.md")
def test_scikit_learn(theirs, ours):
    from sklearn import metrics
    from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
    from sklearn.svm import LinearSVC
    from sklearn.utils import extmath

    theirs_alone = (LogisticRegression, RidgeClassifier, LinearSVC, SGDClassifier)
    names = flowers() | {"metrics": metrics, "extmath": extmath, "fine": FINE, "slowly": SLOWLY}
    names |= {kind.__name__: kind for kind in theirs_alone}
    names["z"] = names["X"] @ np.random.default_rng(0).normal(size=(4, 3))
    names["p"] = nex.softmax(names["z"])
    check(theirs, names, ours, names, rtol=1e-4, atol=1e-4)


@rows_of("liblinear.md")
def test_liblinear(theirs, ours):
    names = flowers()
    expected = liblinear(theirs, names)
    np.testing.assert_allclose(eval(ours, names), expected, rtol=1e-4, atol=1e-4)


def liblinear(command, names):
    """The decision values of a command of liblinear, by scikit-learn's copy of its code."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import LinearSVC

    word, *options, which = command.split()
    assert word == "train"
    given = dict(zip(options[::2], options[1::2], strict=True))
    weight = {int(name[2:]): float(value) for name, value in given.items() if name[:2] == "-w"}
    assert given.keys() <= {"-s", "-c", "-B", *(f"-w{label}" for label in weight)}
    how = FINE | {"C": float(given["-c"]), "fit_intercept": given.get("-B") == "1"}
    how["class_weight"] = weight or None
    kinds = {
        0: LogisticRegression(solver="liblinear", **how),
        7: LogisticRegression(solver="liblinear", dual=True, **how),
        1: LinearSVC(dual=True, **how),
        2: LinearSVC(dual=False, **how),
        3: LinearSVC(loss="hinge", **how),
        4: LinearSVC(multi_class="crammer_singer", **how),
    }
    kind = kinds[int(given["-s"])]
    if which == "three" and isinstance(kind, LogisticRegression):
        kind = OneVsRestClassifier(kind)
    target = {"two": names["two"], "three": names["y"]}[which]
    return kind.fit(names["X"], target).decision_function(names["X"])


def flowers():
    """What the names in the tables of classifiers stand for."""
    from sklearn.datasets import load_iris
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import scale

    X, y = load_iris(return_X_y=True)
    X = scale(X)
    ours = (LinearClassifier, MulticlassSVM, SoftmaxRegression, OneVsRestClassifier)
    return {
        **{"X": X, "y": y, "two": y // 2, "n": len(X), "X1": np.c_[X, np.ones(len(X))]},
        **{kind.__name__: kind for kind in ours},
        **{"nex": nex, "np": np},
    }


@rows_of("caffe.md")
def test_caffe_calls_of_ours_run(theirs, ours):
    assert np.isfinite(eval(ours, arrays() | {"nex": nex})).all()


def test_every_page_has_rows():
    pages = [page.name for page in PAGES.glob("*.md") if page.name != "index.md"]
    assert all(len(list(pairs(page))) >= 9 for page in pages)
    assert len(pages) == 9
