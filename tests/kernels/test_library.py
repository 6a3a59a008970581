"""The compiled kernels of a wheel: what is there, what they refuse, what is said without them."""

import copy
import os
import pickle
import subprocess
import sys
from importlib.util import find_spec
from threading import Event, Thread, current_thread

import ml_dtypes
import numpy as np
import pytest

import normexp as nex
from ahead_of_time.forms import forms
from normexp.functions import rowwise
from normexp.kernels import SparseRows, cpu
from normexp.kernels.cpu import library
from normexp.kernels.cpu.entries import Entry
from normexp.kernels.cpu.of_ascent import Chosen

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="there is no Numba")
compiled = pytest.mark.skipif(not library.forms(), reason="no kernels were compiled ahead here")


@compiled
def test_every_form_is_in_the_library():
    assert set(library.forms()) == set(forms())


def kernels_used(**environment):
    """What a new process computes, and whether that takes Numba."""
    code = "import sys, normexp; print(normexp.softmax([0.0, 0.0])[0], 'numba' in sys.modules)"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


@compiled
def test_a_call_loads_no_compiler():
    assert kernels_used(NORMEXP_KERNELS="library").stdout == "0.5 False\n"


@needs_numba
def test_kernels_of_numba_can_be_asked_for():
    assert kernels_used(NORMEXP_KERNELS="jit").stdout == "0.5 True\n"


def test_a_mistake_in_what_is_asked_for_is_named():
    message = "ValueError: NORMEXP_KERNELS must be one of 'library', 'jit', got 'numba'"
    assert message in kernels_used(NORMEXP_KERNELS="numba").stderr


@compiled
def test_a_form_takes_nothing_but_its_types():
    name, form = next(
        its for its in library.forms().items() if its[0].startswith("functions.softmax ")
    )
    arguments = (*forms()[name].arguments, 0, 0)
    form(*arguments)
    for wrong in (arguments[:-1], (*arguments, 0), (None, *arguments[1:])):
        with pytest.raises(TypeError, match="a compiled kernel"):
            form(*wrong)
    array = arguments[0]
    for other in (array.astype("i8"), array[0], array.view(array.dtype.newbyteorder())):
        with pytest.raises(TypeError, match="does not take ndarray here"):
            form(other, *arguments[1:])


HALVES = {"u2": np.float16, "i2": ml_dtypes.bfloat16}


def classes_in(argument):
    """Of the first array that has any; 1 where only elements are told apart."""
    if isinstance(argument, tuple):
        return next((count for field in argument if (count := classes_in(field)) > 1), 1)
    return argument.shape[1] if isinstance(argument, np.ndarray) and argument.ndim > 1 else 1


def filled(argument, classes, rng):
    """Numbers in the place of zeros, of the type that an argument has; named tuples by field. What
    says where others stand is right.
    """
    if isinstance(argument, SparseRows):
        values, columns, first = argument
        return SparseRows(
            rng.normal(size=3).astype(values.dtype),
            np.array([1, 0, 1], columns.dtype),
            np.array([0, 1, 3], first.dtype),
        )
    if isinstance(argument, Chosen):
        rivals = rng.integers(0, classes, argument.rivals.shape)
        multipliers = rng.random(argument.multipliers.shape)
        return Chosen(np.arange(argument.first.size), rivals, multipliers)
    if isinstance(argument, tuple):
        return type(argument)(*(filled(field, classes, rng) for field in argument))
    if not isinstance(argument, np.ndarray):
        return argument
    if argument.dtype == np.int64:  # class ids
        return rng.integers(0, classes, argument.shape)
    if argument.dtype == np.bool_:
        return argument if argument.ndim == 1 else rng.random(argument.shape) < 0.8
    numbers = (rng.normal(size=argument.shape) * 9).astype(np.float32)
    return numbers.astype(HALVES.get(argument.dtype.str[1:], argument.dtype)).view(argument.dtype)


def bits_of(array):
    """The bytes, where every NaN is the same: its sign depends on what a compiler folds."""
    numbers = array.view(HALVES.get(array.dtype.str[1:], array.dtype)).copy(order="K")
    if numbers.dtype.kind not in "bi":
        numbers[np.isnan(numbers)] = np.nan
    return numbers.tobytes()


def results_of(form, arguments):
    """The bytes of every array that a form has been given, after it has run."""
    found = []

    def copied(argument):
        if isinstance(argument, tuple):
            return type(argument)(*map(copied, argument))
        if isinstance(argument, np.ndarray):
            found.append(argument.copy(order="K"))
            return found[-1]
        return argument

    rows = 2
    form(*map(copied, arguments), 0, rows)
    return [bits_of(array) for array in found]


@compiled
@pytest.mark.nightly
@pytest.mark.parametrize("name", forms())
def test_a_form_has_the_bits_that_numba_gives_it(name):
    """Of the scratch, too, where what is computed on the way stands."""
    entry, arguments = forms()[name]
    rng = np.random.default_rng(0)
    for _ in range(3):
        given = tuple(filled(argument, classes_in(arguments), rng) for argument in arguments)
        expected = results_of(entry.compiled(arguments, name), given)
        assert results_of(library.forms()[name], given) == expected


SHAPES = [(10,), (1,), (64, 10), (3, 32), (2, 3, 4), (3, 2, 4), (1000, 3), (5, 100), (2000, 3)]
LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(reduction="sum", z_loss=1e-3),
    nex.CrossEntropy(label_smoothing=0.1, temperature=2.0),
    nex.CrossEntropy(normalizer="batch"),
    nex.CrossEntropy(ignore_index=0),
    nex.CrossEntropy(softcap=3.0),
    nex.CrossEntropy(temperature=1e-30),
    nex.CrossEntropy(reduction="none"),
]


def same(got, expected):
    got, expected = np.asarray(got), np.asarray(expected)
    assert (got.dtype, got.shape, got.tobytes()) == (
        expected.dtype,
        expected.shape,
        expected.tobytes(),
    )


@pytest.mark.parametrize("accuracy", ["exact", "fast"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_small_calls_give_the_bits_of_large_ones(dtype, accuracy):
    """Shape after shape, so that what was noted of one is not taken for another."""
    rng = np.random.default_rng(0)
    for _ in range(4):  # a call is noted when its shape comes for the second time
        for shape in SHAPES:
            x = (rng.normal(size=shape) * 9).astype(dtype)
            y = rng.integers(0, shape[-1], shape[:-1])
            with nex.accuracy(accuracy):
                for f in (nex.softmax, nex.log_softmax, nex.logsumexp):
                    same(f(x), f(x, (x.ndim - 1,)))
                    same(f(np.asfortranarray(x)), f(x))
                    same(f(x.astype(x.dtype.newbyteorder())), f(x))
                for f in (nex.sigmoid, nex.log_sigmoid):
                    same(f(x), f(x[..., np.newaxis][..., 0]))
                    same(f(x), f(x.T).T)
                for loss in LOSSES:
                    bound = loss.bind(y, classes=shape[-1])
                    same(loss(x, y), bound(x))
                    pairs = zip(loss.value_and_grad(x, y), bound.value_and_grad(x), strict=True)
                    for got, expected in pairs:
                        same(got, expected)


@compiled
def test_a_small_call_is_not_taken_for_that_of_another_thread():
    """Both shapes are noted at one place, and the second comes while the first is noted."""
    narrow, wide = np.zeros((4, 8), np.float32), np.ones((7, 13), np.float32)
    is_noting, may_go_on = Event(), Event()

    def long_way(x, axis, *told):
        if current_thread() is other:
            found = rowwise("softmax", x, axis, *told)
            is_noting.set()
            assert may_go_on.wait(60)
            return found
        if is_noting.is_set():
            may_go_on.set()
            other.join()
        return rowwise("softmax", x, axis, *told)

    softmax = library.small("Rows", long_way)
    options = -1, 1.0, None, None
    other = Thread(target=softmax, args=(narrow, *options))
    softmax(narrow, *options)
    other.start()
    assert is_noting.wait(60)
    for _ in range(3):
        for x in (wide, wide, narrow, narrow):
            same(softmax(x, *options), nex.softmax(x, (1,)))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_small_calls_with_options_give_the_bits_of_large_ones(dtype):
    """An axis, a mask, a temperature, a result's place, one after another in the same shapes."""
    rng = np.random.default_rng(1)
    dtype = np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    for _ in range(3):
        for shape in SHAPES:
            x = (rng.normal(size=shape) * 9).astype(dtype)
            mask = rng.random(shape) < 0.8
            for axis in range(-x.ndim, x.ndim):
                for where in (None, mask, mask.copy(order="F"), mask[..., :1]):
                    told = {"where": where}
                    true = nex.logsumexp(x, (axis,), **told)
                    same(nex.logsumexp(x, axis, **told), true)
                    out = np.empty(true.shape, dtype)
                    assert nex.logsumexp(x, axis, **told, out=out) is out
                    same(out, true)
                    for f in (nex.softmax, nex.log_softmax):
                        for temperature in (1.0, 2.5, 1e-30):
                            told = {"where": where, "temperature": temperature}
                            true = f(x, (axis,), **told)
                            same(f(x, axis, **told), true)
                            out = np.empty_like(x)
                            assert f(x, axis, **told, out=out) is out
                            same(out, true)
                            own = x.copy()
                            assert f(own, axis, **told, out=own) is own
                            same(own, true)
            for f in (nex.sigmoid, nex.log_sigmoid):
                out = x.copy()
                assert f(out, out=out) is out
                same(out, f(x))


@pytest.mark.parametrize("f", [nex.softmax, nex.log_softmax, nex.sigmoid])
def test_small_calls_into_memory_that_overlaps(f):
    """As in a place of its own, call after call."""
    for _ in range(4):
        memory = np.linspace(-3, 3, 40, dtype=np.float32)
        x, out = memory[:20].reshape(4, 5), memory[7:27].reshape(4, 5)
        true = f(x.copy())
        assert f(x, out=out) is out
        same(out, true)


def test_small_sums_into_the_memory_that_they_are_made_from():
    """Also where they begin: a sum that is written early must not be read for another."""
    for _ in range(4):
        for first in (0, 3, 17):
            memory = np.linspace(-3, 3, 40, dtype=np.float32)
            x, out = memory[:20].reshape(4, 5), memory[first : first + 4]
            true = nex.logsumexp(x.copy())
            assert nex.logsumexp(x, out=out) is out
            same(out, true)
        mask = np.ones((4, 8), bool)
        x = np.linspace(-3, 3, 32).reshape(4, 8)
        out = mask.reshape(-1).view(np.float64)
        true = nex.logsumexp(x)
        assert nex.logsumexp(x, where=mask, out=out) is out
        same(out, true)


def test_small_calls_refuse_places_and_options_as_large_ones_do():
    x = np.zeros((2, 3), np.float32)
    read_only = np.zeros_like(x)
    read_only.flags.writeable = False
    for _ in range(3):
        nex.softmax(x, out=np.empty_like(x))
        nex.softmax(x, where=np.ones((2, 3), bool))
        for told, match in (
            ({"out": np.empty((3, 2), np.float32)}, "out must be float32 with shape"),
            ({"out": np.empty((2, 3))}, "out must be float32 with shape"),
            ({"out": read_only}, "read-only"),
            ({"axis": 2}, "axis"),
            ({"temperature": 0.0}, "temperature"),
            ({"temperature": float("nan")}, "temperature"),
            ({"where": np.ones((2, 4), bool)}, "where"),
        ):
            with pytest.raises(ValueError, match=match):
                nex.softmax(x, **told)
        nex.logsumexp(x, out=np.empty(2, np.float32))
        for out in (np.empty(3, np.float32), np.empty((2, 1), np.float32), np.empty(2)):
            with pytest.raises(ValueError, match="out must be float32 with shape"):
                nex.logsumexp(x, out=out)
        with pytest.raises(TypeError, match="where"):
            nex.softmax(x, where=np.ones((2, 3)))
        with pytest.raises(TypeError, match="out"):
            nex.softmax(x, out=[[0.0] * 3] * 2)


def test_small_calls_refuse_what_large_ones_do():
    x, y, loss = np.zeros((2, 3), np.float32), np.array([0, 2]), nex.CrossEntropy()
    for _ in range(3):
        loss(x, y)
        with pytest.raises(ValueError, match="class ids from 0 to 2"):
            loss(x, np.array([0, 3]))
        with pytest.raises(ValueError, match="class ids from 0 to 2"):
            loss.value_and_grad(x, np.array([-1, 0]))
        assert loss(x, np.array([0, -100])) == loss(x[:1], y[:1])
        with pytest.raises(ValueError, match="integer class ids of shape"):
            loss(x, np.array([0]))
        assert nex.softmax(x, axis=0).tolist() == [[0.5] * 3] * 2
        with pytest.raises(ValueError, match="no classes"):
            nex.softmax(x[:, :0])


def test_a_loss_that_has_been_called_is_copied_and_pickled():
    loss = nex.CrossEntropy(label_smoothing=0.1)
    value = loss([[1.0, 2.0]], [0])
    again = pickle.loads(pickle.dumps(loss))
    assert again == copy.copy(loss) == loss
    assert again([[1.0, 2.0]], [0]) == value
    assert "_quick" not in repr(loss)


class Library:
    """A library without any form, on a processor that can do this much."""

    def __init__(self, *processors):
        self.processors = lambda: list(processors)
        self.forms_for = lambda name: {}


@pytest.fixture(params=[None, Library(), Library("v3")], ids=["none", "old processor", "no form"])
def poor(request, monkeypatch):
    """Without Numba, and without a form for anything."""
    monkeypatch.setattr(library, "library", lambda: request.param)
    monkeypatch.setattr(library, "forms", library.forms.__wrapped__)
    monkeypatch.setattr("normexp.kernels.cpu.entries.find_spec", lambda name: None)
    return request.param


def test_without_a_form_and_numba_an_error_says_what_to_install(poor):
    entry = Entry("functions", "softmax")
    with pytest.raises(ImportError, match=r"pip install 'normexp\[jit\]'") as raised:
        entry.made((np.zeros((1, 3, 1)), None))
    if poor is not None and not poor.processors():
        assert "AVX2 and FMA" in str(raised.value)


@needs_numba
def test_a_file_of_the_name_of_a_function_does_not_take_its_place():
    import normexp.kernels.cpu.cross_entropy  # noqa: F401

    assert callable(cpu.cross_entropy)
