"""Every number of a derivation is the library's own, and every formula says what it is worth."""

import dataclasses

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import normexp as nex
from normexp.explanation.filling import Known, filled
from normexp.explanation.formula import (
    Call,
    Derivative,
    Fraction,
    Group,
    IsPositive,
    Matrix,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    Transposed,
)
from normexp.explanation.steps import Sheet

CLASSES = 4
FUNCTIONS = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
    "cosh": mpmath.cosh,
    "max": max,
    "σ": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
}


def read(formula):
    """What a formula is worth in which every letter has become a number."""
    match formula:
        case Number(value):
            return mpmath.mpf(value)
        case Sum(terms):
            values = list(map(read, terms))
            return sum(values[1:], start=values[0])
        case Negative(inner):
            return -read(inner)
        case Product(factors):
            result = read(factors[0])
            for factor in map(read, factors[1:]):
                result = times(result, factor)
            return result
        case Fraction(top, bottom):
            above, below = read(top), read(bottom)
            return above / below if below else mpmath.sign(above) * mpmath.inf
        case Power(base, exponent):
            return read(base) ** read(exponent)
        case Transposed(inner):
            return read(inner).T
        case Call(function, arguments):
            return FUNCTIONS[function](*map(read, arguments))
        case Group(inner):
            return read(inner)
        case IsPositive(inner):
            return mpmath.mpf(read(inner) > 0)
        case Matrix(rows):
            return mpmath.matrix([[read(cell) for cell in row] for row in rows])
    raise AssertionError(formula)


def times(a, b):
    """What has no mass does not count, also where it is infinite."""
    if not isinstance(a, mpmath.matrix) and not isinstance(b, mpmath.matrix) and 0 in (a, b):
        return mpmath.mpf(0)
    return a * b


def leaves(part):
    """The numbers and names in a formula, and derivatives, which never become a number."""
    if isinstance(part, Number | Name | Derivative):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from leaves(one)
    elif dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            yield from leaves(getattr(part, field.name))


def has_letters(formula):
    return not all(isinstance(leaf, Number) for leaf in leaves(formula))


def numbers_in(formula):
    return [leaf.value for leaf in leaves(formula) if np.isfinite(leaf.value)]


def options(**choices):
    """Some of the options of a loss, each with one of its values."""
    return st.fixed_dictionaries({}, optional=choices)


weights = st.lists(st.floats(0.25, 4), min_size=CLASSES, max_size=CLASSES)
reductions = {
    "reduction": st.sampled_from(["mean", "sum", "none"]),
    "normalizer": st.sampled_from(["weight", "valid", "batch", "full", 7.0]),
}
cross_entropies = options(
    label_smoothing=st.sampled_from([0.1, 1.0]),
    temperature=st.sampled_from([0.5, 3.0]),
    softcap=st.just(20.0),
    z_loss=st.just(0.01),
    class_weight=weights,
    **reductions,
).map(lambda chosen: nex.CrossEntropy(**chosen))
log_losses = options(label_smoothing=st.just(0.1), class_weight=weights, **reductions).map(
    lambda chosen: nex.CrossEntropy(from_logits=False, **chosen)
)
focals = options(
    gamma=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    temperature=st.sampled_from([0.5, 3.0]),
    class_weight=weights,
    **reductions,
).map(lambda chosen: nex.Focal(**chosen))
hinges = options(
    variant=st.just("crammer-singer"),
    margin=st.sampled_from([0.0, 2.5]),
    squared=st.just(True),
    class_weight=weights,
    **reductions,
).map(lambda chosen: nex.MulticlassHinge(**chosen))
squared_errors = options(on=st.just("probabilities"), class_weight=weights, **reductions).map(
    lambda chosen: nex.SquaredError(**chosen)
)
binaries = options(
    label_smoothing=st.just(0.1),
    pos_weight=st.just(3.0),
    from_logits=st.just(False),
    **reductions,
).map(lambda chosen: nex.BinaryCrossEntropy(**chosen))
row_losses = st.one_of(cross_entropies, log_losses, focals, hinges, squared_errors)


@st.composite
def problems(draw, rows=None):
    """A loss, logits (or probabilities) and a target of class ids or masses; some classes gone."""
    loss = draw(st.one_of(row_losses, binaries))
    shape = (CLASSES,) if rows is None else (rows, CLASSES)
    size = int(np.prod(shape))
    is_open = getattr(loss, "from_logits", True)
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    most = 30 if dtype == np.float64 else 20  # divided by 0.5, whose p still has all of its digits
    numbers = st.floats(-most, most) if is_open else st.floats(1e-3, 1)
    logits = np.array(draw(st.lists(numbers, min_size=size, max_size=size))).reshape(shape)
    if isinstance(loss, nex.BinaryCrossEntropy):
        target = draw(st.lists(st.sampled_from([0.0, 1.0, 0.3]), min_size=size, max_size=size))
        return loss, logits.astype(dtype), np.array(target).reshape(shape)
    if is_open and draw(st.booleans()):
        logits[..., draw(st.integers(0, CLASSES - 1))] = -np.inf
    if loss.takes_probabilities and draw(st.booleans()):
        mass = np.array(draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))
        return loss, logits.astype(dtype), mass.reshape(shape) / 4
    target = [draw(st.integers(0, CLASSES - 1)) for _ in range(rows or 1)]
    return loss, logits.astype(dtype), np.array(target if rows else target[0])


def some_class_is_possible(loss, logits, where):
    is_binary = isinstance(loss, nex.BinaryCrossEntropy)
    return where is None or is_binary or np.isfinite(logits[where]).any()


def same(found, expected):
    return np.array_equal(np.asarray(found), np.asarray(expected), equal_nan=True)


masks = st.none() | st.lists(st.booleans(), min_size=CLASSES, max_size=CLASSES).filter(any)


@given(problems(), masks)
def test_loss_gradient_and_last_step_are_those_of_the_library_to_the_bit(problem, where):
    loss, logits, target = problem
    assume(some_class_is_possible(loss, logits, where))
    value, grad = loss.value_and_grad(logits, target, where=where)
    derivation = nex.explain(logits, target, loss, where=where)
    assert same(derivation.value, value)
    assert same(derivation.grad, grad)
    assert same(derivation.steps[-1].value, value)
    assert same(derivation.columns["grad"], grad)


@given(problems(rows=3))
def test_a_batch_is_the_library_s_and_so_is_each_of_its_samples(problem):
    loss, logits, target = problem
    value, grad = loss.value_and_grad(logits, target)
    derivation = nex.explain(logits, target, loss)
    assert same(derivation.value, value)
    assert same(derivation.grad, grad)
    if loss.reduction != "none":
        assert same(derivation.steps[-1].value, value)
    if derivation.samples:
        apart = dataclasses.replace(loss, reduction="none").value_and_grad(logits, target)
        assert same([sample.value for sample in derivation.samples], apart.value)
        assert same([sample.grad for sample in derivation.samples], apart.grad)


@pytest.fixture(scope="module")
def worked():
    """Every formula that is worked out, with what is known at the time and its value."""
    found = []
    original = Sheet.work

    def work(self, name, symbol, *chain, value, each=None, among=None, **facts):
        known = Known(dict(self.known.numbers), dict(self.known.at), dict(self.known.over))
        original(self, name, symbol, *chain, value=value, each=each, among=among, **facts)
        indices = known.over["k"] if among is None else among
        for i in [None] if each is None else indices:
            bound = known if each is None else known.bound(**{each: i})
            one = value if each is None else value[i]
            found.extend((name, filled(formula, bound), one) for formula in chain)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sheet, "work", work)
        yield found


@given(problem=problems(), where=masks)
def test_every_formula_is_worth_its_value(worked, problem, where):
    loss, logits, target = problem
    assume(some_class_is_possible(loss, logits, where))
    worked.clear()
    nex.explain(logits, target, loss, where=where)
    checked = 0
    # Single precision rounds what goes into the formulas.
    digits = 1e-12 if logits.dtype == np.float64 else 1e-5
    for name, formula, value in worked:
        if has_letters(formula):
            continue
        checked += 1
        scale = max([1.0, *map(abs, numbers_in(formula))])
        found = np.array(read(formula).tolist() if np.ndim(value) else read(formula), np.float64)
        expected = np.reshape(value, found.shape)
        assert found == pytest.approx(expected, rel=digits, abs=digits * scale), (name, formula)
    assert checked >= len({name for name, _, _ in worked})
