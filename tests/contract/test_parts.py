"""Summaries of parts merge into that of the whole, and what follows for the parts is the whole."""

import inspect
from functools import reduce

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from normexp.kernels import NO_MASK, BackEnd, Logits, Summary, Target, reference

INF, NAN = np.inf, np.nan
ROWS = 18
by_examples = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def apart(back_end, dtype):
    """How far the parts may be from the whole: each is within 0.51 ULP of the truth in float32, and
    within 4 ULP in float64. The reference is textbook arithmetic.
    """
    if back_end is reference:
        return {"rtol": max(1e-10, np.finfo(dtype).eps), "atol": 1e-11}
    ulps = {"float32": 1, "float64": 8}[dtype]
    return {"rtol": ulps * np.finfo(dtype).eps, "atol": np.finfo(dtype).smallest_subnormal}


def wide_apart(back_end, dtype):
    """The same for what comes in float64, computed to 2^-34 for float32 logits."""
    if back_end is reference:
        return {"rtol": 1e-10, "atol": 1e-11}
    if dtype == "float32":  # a rest below 2^-150 of the total is nothing in it
        return {"rtol": 2.0**-32, "atol": 2.0**-150}
    return {"rtol": 2.0**-49, "atol": 4 * np.finfo(np.float64).smallest_subnormal}


dtypes = st.sampled_from(["float32", "float64"])
temperatures = st.sampled_from([1.0, 0.3, 7.0])
tops = st.floats(-800, 800) | st.sampled_from([-INF, INF, 0.0])


@st.composite
def summaries(draw, temperature):
    """Of a few rows: of any classes, of infinite ones, of one that is NaN, of none."""
    found = []
    for _ in range(4):
        top = draw(tops)
        rest = draw(st.floats(0, 100) | st.just(NAN))
        if np.isinf(top):
            rest = draw(st.sampled_from([0.0, 2.0, NAN, -1.0 if top < 0 else 1.0]))
        found.append((top, rest))
    return Summary(*np.array(found).T, temperature)


@st.composite
def splits(draw):
    """A number of classes, and the places where they are cut; parts may be empty."""
    classes = draw(st.integers(1, 70))
    places = sorted(draw(st.lists(st.integers(0, classes), max_size=4)))
    return [slice(*part) for part in zip([0, *places], [*places, classes], strict=True)]


def classes_of(parts):
    return parts[-1].stop


def rows_of(parts, dtype, seed, in_the_middle):
    """Ordinary rows and special ones, and a mask."""
    classes = classes_of(parts)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, classes)) * rng.choice([1, 30], (ROWS, 1))
    where = rng.random((ROWS, classes)) < 0.7
    x[1, rng.integers(classes)] = -INF
    x[2, rng.integers(classes)] = INF
    x[3, rng.integers(classes)] = NAN
    x[4] = -INF
    x[5] = 7.0
    x[6, rng.integers(classes)] += 60.0
    x[7, rng.integers(classes)] = -INF
    x[8] = NAN
    x[9] = INF
    x[10] -= 5000.0
    where[11] = False
    if in_the_middle:
        x, where = (np.moveaxis(a.reshape(3, ROWS // 3, classes), -1, 1) for a in (x, where))
    return x.astype(dtype), where


def cut(logits, part):
    where = logits.where[:, part] if logits.where.size else NO_MASK
    return logits._replace(values=logits.values[:, part], where=where)


def target_of(kind, logits, seed):
    """Class ids or masses, weighted in every way; a row is ignored by each of its weights."""
    rng = np.random.default_rng(seed + 1)
    classes = logits.values.shape[1]
    ids = rng.integers(0, classes, ROWS)
    ids[12] = -1
    weight = rng.random(ROWS) + 0.1
    weight[13] = 0.0
    if kind == "class ids":
        return Target(ids, weight)
    some = np.where(weight == 0, 0.0, 0.1)
    of_class = rng.random(classes)
    of_class[rng.integers(classes)] = 0.0
    target = Target(ids, weight, some * rng.random(ROWS), some * rng.random(ROWS), of_class)
    if kind == "smoothed class ids":
        return target
    mass = rng.dirichlet(np.ones(classes), ROWS)
    mass[14] = np.eye(classes)[0]
    if logits.values.ndim == 3:
        mass = np.moveaxis(mass.reshape(3, ROWS // 3, classes), -1, 1)
    return target._replace(classes=np.ascontiguousarray(mass))


def part_of(target, part):
    return target if target.classes.ndim == 1 else target._replace(classes=target.classes[:, part])


def assert_same_summary(got, expected, rtol=0.0, atol=0.0):
    np.testing.assert_array_equal(got.top, expected.top)
    np.testing.assert_allclose(got.rest, expected.rest, rtol=rtol, atol=atol)


def test_a_back_end_has_the_functions_of_the_contract(back_end):
    for name, function in inspect.getmembers(BackEnd, inspect.isfunction):
        if not name.startswith("_"):
            _, *expected = inspect.signature(function).parameters.values()
            its = inspect.signature(getattr(back_end, name)).parameters.values()
            assert list(map(told, its)) == list(map(told, expected))


def told(parameter):
    """What a caller knows of it: types of arrays are the back end's own."""
    return parameter.name, parameter.kind, parameter.default


@by_examples
@given(temperature=temperatures, data=st.data())
def test_merging_is_associative_and_in_any_order(back_end, temperature, data):
    a, b, c = (data.draw(summaries(temperature)) for _ in range(3))
    merge = back_end.merge
    assert_same_summary(
        merge(merge(a, b), c), merge(a, merge(b, c)), **wide_apart(back_end, "float64")
    )
    assert_same_summary(merge(a, b), merge(b, a))
    none = Summary(np.full(4, -INF), np.full(4, -1.0), temperature)
    assert_same_summary(merge(a, none), a)
    assert merge(a, b).temperature == temperature


@by_examples
@given(
    parts=splits(),
    dtype=dtypes,
    temperature=temperatures,
    masked=st.booleans(),
    in_the_middle=st.booleans(),
    seed=st.integers(0, 99),
)
def test_the_parts_are_the_whole(back_end, parts, dtype, temperature, masked, in_the_middle, seed):
    values, where = rows_of(parts, dtype, seed, in_the_middle)
    logits = Logits(values, where if masked else NO_MASK, temperature)
    pieces = [cut(logits, part) for part in parts]
    whole = back_end.summarise(logits)
    merged = reduce(back_end.merge, map(back_end.summarise, pieces))
    close = wide_apart(back_end, dtype)
    assert_same_summary(merged, whole, **close)
    assert_same_summary(whole, reference.summarise(logits), 1e-9, 2.0**-150)
    log_sum = back_end.logsumexp_of(merged)
    expected = back_end.logsumexp(logits._replace(values=values.astype(np.float64)))
    special = ~np.isfinite(expected)
    np.testing.assert_array_equal(log_sum[special], expected[special])
    error = np.where(special, 0.0, log_sum) - np.where(special, 0.0, expected)
    assert (np.abs(error) <= close["rtol"] * (1 + np.abs(merged.top / temperature))).all()
    for of_part, of_row in [
        (back_end.probabilities, back_end.softmax),
        (back_end.log_probabilities, back_end.log_softmax),
    ]:
        got = np.concatenate([of_part(piece, merged) for piece in pieces], axis=1)
        expected = of_row(logits)
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, **apart(back_end, dtype))


@pytest.mark.parametrize("kind", ["class ids", "smoothed class ids", "masses"])
@by_examples
@given(
    parts=splits(),
    dtype=dtypes,
    temperature=temperatures,
    masked=st.booleans(),
    in_the_middle=st.booleans(),
    seed=st.integers(0, 99),
)
def test_the_cross_entropy_of_the_parts_is_that_of_the_whole(
    back_end, kind, parts, dtype, temperature, masked, in_the_middle, seed
):
    values, where = rows_of(parts, dtype, seed, in_the_middle)
    logits = Logits(values, where if masked else NO_MASK, temperature)
    target = target_of(kind, logits, seed)
    pieces = [(cut(logits, part), part_of(target, part), part.start) for part in parts]
    summary = reduce(back_end.merge, [back_end.summarise(piece) for piece, _, _ in pieces])
    mass = reduce(back_end.merge_masses, [back_end.target_mass(*piece) for piece in pieces])
    terms, grads = zip(
        *(
            back_end.cross_entropy_of_part(piece, its, summary, mass, first)
            for piece, its, first in pieces
        ),
        strict=True,
    )
    loss, grad = back_end.cross_entropy(logits, target)
    np.testing.assert_allclose(sum(terms), loss, **wide_apart(back_end, dtype))
    got = np.concatenate(grads, axis=1)
    assert got.dtype == grad.dtype
    # It crosses zero where a probability comes near its mass, or where the penalty pulls against.
    of_norm = np.abs(2 * target.norm * loss) if target.norm.size else 0.0
    scale = np.nan_to_num(mass.top + mass.rest + of_norm).max()
    close = apart(back_end, dtype)
    close["atol"] += wide_apart(back_end, dtype)["rtol"] * scale / temperature
    np.testing.assert_allclose(got, grad, **close)
    no_gradient = np.empty((0,) * values.ndim, dtype)
    (piece, its, first), *_ = pieces
    alone, _ = back_end.cross_entropy_of_part(piece, its, summary, mass, first, grad=no_gradient)
    np.testing.assert_array_equal(alone, terms[0])


@pytest.mark.parametrize("classes", [3, 40])
def test_numbers_of_rows_may_lie_apart_or_be_one_for_all(back_end, classes):
    """As columns of a table do, and the weight of a mean."""
    logits = Logits(np.random.default_rng(4).normal(size=(ROWS, classes)))
    ids, one = np.arange(ROWS) % classes, np.ndarray(ROWS, float, np.array(0.5), 0, (0,))
    apart = Target(ids, one, smoothing=one)
    dense = Target(ids, np.full(ROWS, 0.5), smoothing=np.full(ROWS, 0.5))
    summary, mass = back_end.summarise(logits), back_end.target_mass(logits, dense)
    columns = Summary(*np.array(summary[:2]).T.copy().T, 1.0)
    assert columns.top.strides != summary.top.strides
    both = back_end.merge(columns, columns)[:2], back_end.merge(summary, summary)[:2]
    np.testing.assert_array_equal(*both)
    for of_part in (back_end.probabilities, back_end.log_probabilities):
        np.testing.assert_array_equal(of_part(logits, columns), of_part(logits, summary))
    for got, expected in zip(back_end.target_mass(logits, apart), mass, strict=True):
        np.testing.assert_array_equal(got, expected)
    got = back_end.cross_entropy_of_part(logits, apart, columns, mass)
    expected = back_end.cross_entropy_of_part(logits, dense, summary, mass)
    for result, true in zip(got, expected, strict=True):
        np.testing.assert_array_equal(result, true)
