"""The objective: its gradient, and its bound on what is left to gain."""

import numpy as np
import pytest

import normexp as nex
from normexp.linear.lbfgs import minimize_smooth
from normexp.linear.objective import Objective
from normexp.linear.solution import Monitor

LOSSES = [
    nex.CrossEntropy(reduction="sum", label_smoothing=0.1, temperature=0.7),
    nex.MulticlassHinge(reduction="sum", squared=True),
    nex.MulticlassHinge(reduction="sum"),
    nex.MulticlassHinge(reduction="sum", variant="crammer-singer", squared=True),
    nex.SquaredError(reduction="sum"),
    nex.SquaredError(reduction="sum", on="probabilities"),
]


def problem(loss, fit_intercept=True, alpha=0.3):
    rng = np.random.default_rng(7)
    weight = rng.random(20)
    return Objective(
        loss,
        rng.normal(size=(20, 4)),
        rng.integers(0, 3, 20),
        weight / weight.sum(),
        3,
        alpha,
        fit_intercept,
    )


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_gradient_is_that_of_finite_differences(loss, fit_intercept):
    objective = problem(loss, fit_intercept)
    params = np.random.default_rng(1).normal(size=15 if fit_intercept else 12)
    _, grad = objective(params)
    steps = 1e-6 * np.eye(len(params))
    differences = [(objective(params + e)[0] - objective(params - e)[0]) / 2e-6 for e in steps]
    np.testing.assert_allclose(grad, differences, rtol=1e-6, atol=1e-8)


def test_objective_is_the_weighted_mean_loss_and_the_penalty():
    objective = problem(nex.CrossEntropy(reduction="sum"))
    params = np.random.default_rng(2).normal(size=15)
    weight, bias = objective.split(params)
    logits = objective.features @ weight.T + bias
    losses = nex.CrossEntropy(reduction="none")(logits, objective.target)
    expected = np.average(losses, weights=objective.sample_weight) + 0.15 * (weight**2).sum()
    assert objective(params)[0] == pytest.approx(expected, rel=1e-14)


def test_join_undoes_split():
    objective = problem(nex.CrossEntropy(reduction="sum"))
    params = np.arange(15.0)
    np.testing.assert_array_equal(objective.join(*objective.split(params)), params)


@pytest.mark.parametrize("loss", [LOSSES[0], LOSSES[1], LOSSES[4]], ids=repr)
@pytest.mark.parametrize("scale", [0.0, 0.1, 1.0])
def test_excess_bounds_the_distance_to_the_minimum_without_an_intercept(loss, scale):
    objective = problem(loss, fit_intercept=False)
    minimum = minimize_smooth(objective, np.zeros(12), Monitor(1e-13, 1000)).objective
    params = scale * np.random.default_rng(3).normal(size=12)
    value, grad = objective(params)
    assert 0 < value - minimum <= objective.excess(params, grad)
