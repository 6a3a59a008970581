"""Coordinate ascent on the multipliers of hinges, held to laws and to the method of multipliers."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

import normexp as nex
from normexp.linear import MulticlassSVM, ascent, multipliers
from normexp.linear.choice import kind_of
from normexp.linear.dual import Dual, nearest_feasible
from normexp.linear.duality import dual_value, linear_gradient, own
from normexp.linear.face import Face, newton_direction, system
from normexp.linear.objective import Objective
from normexp.linear.solution import Monitor

HINGES = [
    nex.MulticlassHinge(reduction="sum", variant=variant, squared=squared)
    for variant in ("weston-watkins", "crammer-singer")
    for squared in (False, True)
]
every_hinge = pytest.mark.parametrize("hinge", HINGES, ids=repr)
with_and_without_intercept = pytest.mark.parametrize("fit_intercept", [True, False])


def problem(hinge, fit_intercept=True, alpha=0.01, rows=60, features=5, classes=4, noise=1.0):
    rng = np.random.default_rng(3)
    target = np.arange(rows) % classes
    centres = rng.normal(size=(classes, features))
    return Objective(
        hinge,
        centres[target] + noise * rng.normal(size=(rows, features)),
        target,
        np.full(rows, 1 / rows),
        classes,
        alpha,
        fit_intercept,
    )


def some_weights(objective):
    weight = np.random.default_rng(1).exponential(size=len(objective.target))
    return replace(objective, sample_weight=weight / weight.sum())


def some_zero_weights(objective):
    weight = np.random.default_rng(2).random(len(objective.target))
    weight[::3] = 0
    features = objective.features.copy()
    features[::3] *= 1e6
    return replace(objective, features=features, sample_weight=weight / weight.sum())


def duplicate_rows(objective):
    again = np.arange(len(objective.target)) // 3
    return replace(objective, features=objective.features[again], target=objective.target[again])


def a_class_missing(objective):
    return replace(objective, classes=objective.classes + 1)


def one_feature(objective):
    return replace(objective, features=objective.features[:, :1])


def more_features_than_rows(objective):
    features = np.random.default_rng(4).normal(size=(len(objective.target), 80))
    return replace(objective, features=features)


def another_margin(objective):
    return replace(objective, loss=replace(objective.loss, margin=3.5))


def no_margin(objective):
    return replace(objective, loss=replace(objective.loss, margin=0.0))


def separable(objective):
    features = objective.features + 20 * np.eye(objective.features.shape[1])[objective.target]
    return replace(objective, features=features)


def features_of_zeros(objective):
    return replace(objective, features=np.zeros(objective.features.shape))


def far_from_zero(objective):
    return replace(objective, features=objective.features + 1e4)


def two_classes(objective):
    return replace(objective, target=objective.target % 2, classes=2)


def columns_first(objective):
    return replace(objective, features=np.asfortranarray(objective.features))


CASES = [
    lambda objective: objective,
    some_weights,
    some_zero_weights,
    duplicate_rows,
    a_class_missing,
    one_feature,
    more_features_than_rows,
    another_margin,
    no_margin,
    separable,
    features_of_zeros,
    two_classes,
    columns_first,
]


def size_of(objective):
    return objective.classes * (objective.features.shape[1] + objective.fit_intercept)


def solved(solver, objective, tol=1e-9, **options):
    return solver.minimize_hinge(
        objective, np.zeros(size_of(objective)), Monitor(tol, 2000, **options)
    )


@with_and_without_intercept
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@every_hinge
def test_optimum_is_that_of_the_method_of_multipliers(hinge, case, fit_intercept):
    objective = case(problem(hinge, fit_intercept))
    found, other = (solved(solver, objective) for solver in (ascent, multipliers))
    assert 0 <= found.gap <= 1e-9
    assert found.objective == pytest.approx(other.objective, rel=1e-7, abs=1e-300)
    params = objective.join(found.coef, found.intercept)
    assert found.objective == pytest.approx(objective(params)[0], rel=1e-12)


@with_and_without_intercept
@every_hinge
def test_optimum_far_from_zero_is_that_of_features_around_it(hinge, fit_intercept):
    objective = problem(hinge, True)
    near, far = (solved(ascent, each, 1e-7) for each in (objective, far_from_zero(objective)))
    assert far.gap <= 1e-7
    assert far.objective == pytest.approx(near.objective, rel=2e-7)


@with_and_without_intercept
@pytest.mark.parametrize("alpha", [1e-5, 1e-3, 1.0, 100.0])
@every_hinge
def test_gap_of_each_iteration_bounds_the_distance_to_the_minimum(hinge, alpha, fit_intercept):
    states = []
    objective = some_weights(problem(hinge, fit_intercept, alpha))
    solution = solved(ascent, objective, 1e-9, callbacks=[states.append])
    assert solution.gap <= 1e-9
    for state in states:
        assert state.gap >= 0
        assert state.objective - solution.objective <= state.gap * state.objective + 1e-15


def after_some_passes(objective, passes=7):
    """The dual after each pass over all multipliers."""
    dual = Dual.at(objective, np.zeros(size_of(objective)))
    rng = np.random.default_rng(0)
    for _ in range(passes):
        slopes = dual.slopes(dual.primal().logits)
        chosen = slopes.chosen(dual.kind, dual.samples, dual.multipliers, np.inf)
        order = rng.permutation(np.flatnonzero(np.diff(chosen.first)))
        dual.pass_over(chosen, order)
        dual.take(chosen)
        yield dual, slopes


@with_and_without_intercept
@every_hinge
def test_multipliers_are_feasible_and_weights_follow_them(hinge, fit_intercept):
    objective = some_weights(problem(hinge, fit_intercept))
    for dual, _ in after_some_passes(objective):
        kind, a = dual.kind, dual.multipliers
        assert (a >= 0).all()
        assert (a <= kind.most).all()
        assert (a.sum(axis=1) <= kind.most_in_all * (1 + 1e-12)).all()
        assert not a[own(objective.target)].any()
        weight_grad, bias_grad = linear_gradient(dual.objective, a, dual.samples.mean)
        np.testing.assert_allclose(dual.affine.weight, -weight_grad / objective.alpha, atol=1e-10)
        if fit_intercept:
            np.testing.assert_allclose(dual.bias_grad, bias_grad, atol=1e-12)


@every_hinge
def test_no_pass_lowers_the_dual_and_the_violation_vanishes_with_the_gap(hinge):
    objective = some_weights(problem(hinge, fit_intercept=False, alpha=0.1))
    values, violations = [], []
    for dual, slopes in after_some_passes(objective, 200):
        values.append(dual.value())
        violations.append(slopes.worst)
    assert np.diff(values).min() >= -1e-14
    assert violations[-1] < 1e-2 * violations[0]
    assert dual.primal().value - values[-1] < 1e-4


@every_hinge
def test_a_row_gets_its_best_multipliers_beside_all_others(hinge):
    objective = some_weights(problem(hinge, fit_intercept=False))
    *_, (dual, _) = after_some_passes(objective)
    chosen = dual.slopes(dual.primal().logits).chosen(
        dual.kind, dual.samples, dual.multipliers, np.inf
    )
    rng = np.random.default_rng(0)
    for row in range(20):
        dual.pass_over(chosen, np.array([row]))
        dual.take(chosen)
        best = dual.value()
        for size in (1e-3, 0.1, 1.0):
            other = dual.multipliers.copy()
            other[row] += size * rng.normal(size=other.shape[1])
            other[row, objective.target[row]] = 0
            other = nearest_feasible(hinge, other)
            other[row, objective.target[row]] = 0
            assert dual_value(dual.objective, other) <= best + 1e-15


@every_hinge
def test_a_row_that_was_just_gone_over_leaves_nothing_to_do(hinge):
    objective = some_weights(problem(hinge, False, rows=300, features=3, classes=12, noise=3.0))
    for dual, _ in after_some_passes(objective, 5):
        slopes = dual.slopes(dual.primal().logits)
        chosen = slopes.chosen(dual.kind, dual.samples, dual.multipliers, np.inf)
        for row in np.flatnonzero(np.diff(chosen.first)):
            first, again = (dual.pass_over(chosen, np.array([row])) for _ in range(2))
            assert again <= 1e-9 * max(1.0, first)


@every_hinge
def test_the_choice_holds_all_that_may_move(hinge):
    objective = problem(hinge)
    *_, (dual, _) = after_some_passes(objective)
    slopes = dual.slopes(dual.primal().logits)
    chosen = slopes.chosen(dual.kind, dual.samples, dual.multipliers, 1e-9)
    rows = np.repeat(np.arange(len(objective.target)), np.diff(chosen.first))
    assert (chosen.rivals != objective.target[rows]).all()
    is_chosen = np.zeros(dual.multipliers.shape, bool)
    is_chosen[rows, chosen.rivals] = True
    between = (dual.multipliers > 0) & (dual.multipliers < dual.kind.most)
    assert is_chosen[between & ~slopes.is_full[:, None]].all()
    np.testing.assert_array_equal(chosen.multipliers, dual.multipliers[rows, chosen.rivals])


def on_a_face(hinge, fit_intercept):
    # With more features than free multipliers, so that no two of them do the same.
    objective = some_weights(problem(hinge, fit_intercept, alpha=0.05, features=40))
    *_, (dual, _) = after_some_passes(objective, 30)
    slopes = dual.slopes(dual.primal().logits)
    return dual, slopes, Face.of(dual.kind, dual.samples, slopes, dual.multipliers)


@every_hinge
def test_the_system_of_a_face_is_the_curvature_of_the_dual(hinge):
    dual, _, face = on_a_face(hinge, False)
    alpha = dual.objective.alpha
    found = system(face, dual.kind, dual.samples, alpha)
    weight = alpha * dual.samples.pull[face.rows]
    rng = np.random.default_rng(0)
    moved = rng.normal(size=len(face))
    step = np.zeros(dual.multipliers.shape)
    step[face.rows, face.rivals] = moved / weight
    is_rival = face.partners != dual.samples.target[face.rows]
    np.subtract.at(step, (face.rows[is_rival], face.partners[is_rival]), (moved / weight)[is_rival])
    # The dual is quadratic, in any multipliers.
    middle = dual_value(dual.objective, dual.multipliers)
    there, back = (dual_value(dual.objective, dual.multipliers + sign * step) for sign in (1, -1))
    assert 2 * middle - there - back == pytest.approx(moved @ found @ moved, rel=1e-6)
    assert len(face) > 5


@with_and_without_intercept
@every_hinge
def test_a_whole_step_makes_the_slopes_of_free_multipliers_equal(hinge, fit_intercept):
    dual, slopes, face = on_a_face(hinge, fit_intercept)
    alpha = dual.objective.alpha
    direction = newton_direction(face, dual.kind, dual.samples, slopes, alpha, dual.bias_grad)
    multipliers_there = dual.multipliers + direction.multipliers
    weight_grad, bias_grad = linear_gradient(dual.objective, multipliers_there, dual.samples.mean)
    bias = dual.affine.bias + direction.bias
    logits = (dual.objective.features - dual.samples.mean) @ (-weight_grad / alpha).T + bias
    there = type(slopes).at(dual.kind, dual.samples, logits, multipliers_there)
    partner = np.where(
        face.partners == dual.samples.target[face.rows],
        0.0,
        there.slope[face.rows, face.partners],
    )
    np.testing.assert_allclose(there.slope[face.rows, face.rivals], partner, atol=1e-4)
    if fit_intercept:
        np.testing.assert_allclose(bias_grad, 0, atol=1e-12)


@every_hinge
def test_steps_on_the_face_end_the_ascent(hinge, monkeypatch):
    objective = problem(hinge, rows=200, features=10)
    with_steps = Monitor(1e-9, 2000)
    ascent.minimize_hinge(objective, np.zeros(44), with_steps)
    monkeypatch.setattr(ascent, "LARGEST", 0)
    monkeypatch.setattr(ascent, "PATIENCE", 1e9)
    without = Monitor(1e-9, 2000)
    solution = ascent.minimize_hinge(objective, np.zeros(44), without)
    assert solution.gap <= 1e-9
    assert with_steps.iterations < without.iterations


def test_a_slow_ascent_is_handed_over_with_what_it_has_reached(monkeypatch):
    monkeypatch.setattr(ascent, "LARGEST", 0)
    monkeypatch.setattr(ascent, "PATIENCE", 0)
    states = []
    objective = problem(HINGES[0], rows=300, noise=3.0)
    solution = solved(ascent, objective, callbacks=[states.append])
    assert solution.gap <= 1e-9
    assert solution.solver.startswith("method of multipliers: coordinate ascent on the dual had")
    assert len(states) > ascent.TRIAL
    objectives, gaps = ([getattr(state, name) for state in states] for name in ("objective", "gap"))
    assert np.diff(objectives).max() <= 0
    assert np.diff(gaps).max() <= 1e-12


@with_and_without_intercept
def test_a_start_is_the_first_that_counts(fit_intercept):
    objective = problem(HINGES[0], fit_intercept)
    best = solved(ascent, objective)
    states = []
    start = objective.join(best.coef, best.intercept)
    ascent.minimize_hinge(objective, start, Monitor(1e-9, 2000, [states.append]))
    assert states[0].objective == pytest.approx(best.objective, rel=1e-12)


def test_classifiers_say_which_solver_it_was(monkeypatch):
    objective = problem(HINGES[0])
    X, y = objective.features, objective.target
    assert MulticlassSVM(alpha=0.1).fit(X, y).solver_ == "coordinate ascent on the dual"
    few = MulticlassSVM(alpha=0.1).fit(csr_array(X), y)
    assert few.solver_ == "coordinate ascent on the dual"
    monkeypatch.setattr(ascent, "FEW", X.size - 1)
    sparse = MulticlassSVM().fit(csr_array(X), y)
    assert sparse.solver_ == "method of multipliers: the features are sparse"


def test_bounds_and_cost_are_those_of_the_hinges():
    kinds = [kind_of(hinge)[1:] for hinge in HINGES]
    inf = np.inf
    assert kinds == [(1, inf, 0, 0), (inf, inf, 0.5, 0), (inf, 1, 0, 0), (inf, inf, 0, 0.5)]
