"""What goes by elements takes no memory but for its result, and for losses that are to be reduced.

NumPy reports what it allocates to tracemalloc: it is work that is counted, not time.
"""

import tracemalloc

import numpy as np
import pytest

import normexp as nex

COUNT = 1 << 21
FLOAT32, FLOAT64, BOOL = 4 * COUNT, 8 * COUNT, COUNT
SOME = 1 << 17  # Python's own objects


@pytest.fixture(scope="module")
def x():
    return np.linspace(-30, 30, COUNT, dtype=np.float32)


@pytest.fixture(scope="module")
def yes(x):
    return (x > 1).astype(np.float32)


def peak(call):
    """The most bytes that a call has at one time beyond what is there before."""
    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("function", [nex.sigmoid, nex.log_sigmoid])
def test_functions_of_elements(x, function):
    result = np.empty_like(x)
    assert peak(lambda: function(x)) <= FLOAT32 + SOME
    assert peak(lambda: function(x.reshape(2, -1))) <= FLOAT32 + SOME
    assert peak(lambda: function(x, out=result)) <= SOME
    assert peak(lambda: function(result, out=result)) <= SOME
    assert peak(lambda: function(x[::-1])) <= 2 * FLOAT32 + SOME
    assert peak(lambda: function(x, out=result[::-1])) <= FLOAT32 + SOME
    assert peak(lambda: function(result[:-1], out=result[1:])) <= FLOAT32 + SOME


def test_results_are_right_wherever_they_are_written(x):
    x = x[:1000]
    for function in (nex.sigmoid, nex.log_sigmoid):
        expected = function(x)
        for start, stop in ((0, 900), (1, 901), (50, 950)):
            memory = x.copy()
            function(memory[:900], out=memory[start:stop])
            np.testing.assert_array_equal(memory[start:stop], expected[:900])
        backwards = np.empty(1000, np.float32)
        function(x, out=backwards[::-1])
        np.testing.assert_array_equal(backwards, expected[::-1])
        square = np.empty((25, 40), np.float32, order="F")
        function(x.reshape(25, 40), out=square)
        np.testing.assert_array_equal(square, expected.reshape(25, 40))


def test_binary_cross_entropy(x, yes):
    """The losses are added up in float64, so that a mean keeps its digits."""
    mean, each = nex.BinaryCrossEntropy(), nex.BinaryCrossEntropy(reduction="none")
    assert peak(lambda: mean(x, yes)) <= FLOAT64 + SOME
    assert peak(lambda: mean.value_and_grad(x, yes)) <= FLOAT64 + FLOAT32 + SOME
    assert peak(lambda: each(x, yes)) <= FLOAT32 + SOME
    assert peak(lambda: each.value_and_grad(x, yes)) <= 2 * FLOAT32 + SOME
    for target in (yes.astype(bool), yes.astype(np.int64)):
        assert peak(lambda target=target: each(x, target)) <= 2 * FLOAT32 + SOME


def test_binary_cross_entropy_of_probabilities(x, yes):
    p = nex.sigmoid(x)
    each = nex.BinaryCrossEntropy(reduction="none", from_logits=False)
    assert peak(lambda: each.value_and_grad(p, yes)) <= 2 * FLOAT32 + 3 * BOOL + SOME
