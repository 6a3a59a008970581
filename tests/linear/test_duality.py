"""Multipliers bound the minimum from below, whatever they are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import normexp as nex
from normexp.linear.duality import balanced, dual_value, leads, linear_gradient, own
from normexp.linear.multipliers import SmoothedHinge, minimize_hinge
from normexp.linear.objective import Objective
from normexp.linear.projections import cost, project
from normexp.linear.solution import Monitor

HINGES = [
    nex.MulticlassHinge(reduction="sum", variant=variant, squared=squared, margin=0.8)
    for variant in ("weston-watkins", "crammer-singer")
    for squared in (False, True)
]
every_hinge = pytest.mark.parametrize("hinge", HINGES, ids=repr)


def problem(hinge=HINGES[0], fit_intercept=True, alpha=0.01, rows=30, features=3):
    rng = np.random.default_rng(5)
    weight = rng.random(rows)
    return Objective(
        hinge,
        rng.normal(size=(rows, features)),
        np.arange(rows) % 4,
        weight / weight.sum(),
        4,
        alpha,
        fit_intercept,
    )


def feasible(objective, seed):
    points = np.random.default_rng(seed).normal(size=(len(objective.target), 4))
    points[own(objective.target)] = -np.inf
    return project(objective.loss, points, 1.0).multipliers


@pytest.mark.parametrize("fit_intercept", [True, False])
@every_hinge
def test_dual_value_of_any_multipliers_is_below_the_objective_of_any_weights(hinge, fit_intercept):
    objective = problem(hinge, fit_intercept)
    rng = np.random.default_rng(0)
    params = rng.normal(size=(50, 16 if fit_intercept else 12))
    lowest = min(objective(row)[0] for row in params)
    best = minimize_hinge(objective, 0 * params[0], Monitor(1e-10, 500)).objective
    bounds = [dual_value(objective, feasible(objective, seed)) for seed in range(50)]
    assert max(bounds) <= best * (1 + 1e-9) <= lowest


@every_hinge
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [1e-6, 1e-3, 1.0, 100.0])
def test_gap_of_each_iteration_bounds_the_distance_to_the_minimum(hinge, fit_intercept, alpha):
    objective = problem(hinge, fit_intercept, alpha)
    start = np.zeros(16 if fit_intercept else 12)
    states = []
    solution = minimize_hinge(objective, start, Monitor(1e-10, 1000, [states.append]))
    assert solution.gap <= 1e-10
    for state in states:
        assert state.objective - solution.objective <= state.gap * state.objective + 1e-15


@every_hinge
def test_balanced_multipliers_have_no_gradient_in_the_intercept_and_stay_feasible(hinge):
    objective = problem(hinge)
    multipliers = feasible(objective, 1)
    changed = balanced(objective, multipliers)
    assert np.abs(linear_gradient(objective, multipliers)[1]).max() > 1e-3
    np.testing.assert_allclose(linear_gradient(objective, changed)[1], 0, atol=1e-16)
    assert (changed >= 0).all()
    assert (changed <= multipliers * (1 + 1e-12) + 1e-300).all()
    assert changed.sum() > 0


def test_multipliers_that_cannot_be_balanced_are_dropped():
    objective = problem()
    multipliers = np.zeros((30, 4))
    multipliers[objective.target == 0, 1] = 1  # class 0 gives, and nobody gives back
    multipliers[objective.target == 1, 2] = 1
    np.testing.assert_array_equal(balanced(objective, multipliers), 0)


@every_hinge
@given(
    violations=arrays(np.float64, (4, 3), elements=st.floats(-3, 3)),
    centre=arrays(np.float64, (4, 3), elements=st.floats(0, 0.3)),
    other=arrays(np.float64, (4, 3), elements=st.floats(-3, 3)),
    sigma=st.floats(0.1, 10),
)
def test_projected_multipliers_attain_the_smoothed_hinge(hinge, violations, centre, other, sigma):
    def smoothed(multipliers):
        pull = (multipliers * violations).sum(axis=1) - cost(hinge, multipliers)
        return pull - ((multipliers - centre) ** 2).sum(axis=1) / (2 * sigma)

    best = project(hinge, centre + sigma * violations, sigma).multipliers
    rival = project(hinge, other, sigma).multipliers
    assert (best >= 0).all()
    assert (smoothed(best) >= smoothed(rival) - 1e-9).all()
    assert (smoothed(best) >= smoothed(0.9 * best + 0.1 * rival) - 1e-9).all()


@every_hinge
def test_hinge_is_the_maximum_over_its_multipliers(hinge):
    objective = problem(hinge)
    params = np.random.default_rng(6).normal(size=16)
    logits = objective.logits(params)
    violations = hinge.margin + leads(logits, objective.target)
    u = 1e9 * violations
    u[own(objective.target)] = -np.inf
    multipliers = project(hinge, u, 1e9).multipliers
    maximum = (multipliers * violations).sum(axis=1) - cost(hinge, multipliers)
    losses = replace(hinge, reduction="none")(logits, objective.target)
    np.testing.assert_allclose(maximum, losses, rtol=1e-6)


@every_hinge
def test_derivative_of_a_projection_is_that_of_finite_differences(hinge):
    rng = np.random.default_rng(4)
    u, change = rng.normal(size=(2, 40, 4))
    there, back = (project(hinge, u + step * change, 2.0).multipliers for step in (1e-7, -1e-7))
    derivative = project(hinge, u, 2.0).derivative(change)
    np.testing.assert_allclose(derivative, (there - back) / 2e-7, atol=1e-6)


@every_hinge
def test_linear_gradient_is_the_adjoint_of_leads(hinge):
    objective = problem(hinge)
    multipliers = feasible(objective, 2)
    params = np.random.default_rng(3).normal(size=16)
    directly = np.vdot(
        objective.sample_weight[:, None] * multipliers,
        leads(objective.logits(params), objective.target),
    )
    adjoint = objective.join(*linear_gradient(objective, multipliers)) @ params
    assert directly == pytest.approx(adjoint, rel=1e-12)


@every_hinge
def test_newton_step_reaches_the_minimum_of_the_smoothed_objective(hinge):
    objective = problem(hinge)
    smoothed = SmoothedHinge(objective, np.zeros((30, 4)), 1.0)
    point = smoothed.at(np.zeros(16))
    for _ in range(30):
        point = smoothed.at(point.params + smoothed.newton_step(point))
    assert np.linalg.norm(point.grad) < 1e-12
