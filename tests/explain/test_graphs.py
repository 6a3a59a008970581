"""The graph: what flows back along the edges is the gradient, and the ends are the loss."""

import math
from collections import defaultdict

import numpy as np
import pytest

import normexp as nex

Z = [2.0, 1.0, -0.5]
LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(label_smoothing=0.2, temperature=2.0, softcap=5.0, z_loss=0.1),
    nex.CrossEntropy(class_weight=[1.0, 3.0, 2.0], z_loss=0.5, reduction="sum"),
    nex.CrossEntropy(class_weight=[1.0, 3.0, 2.0], label_smoothing=0.1),
    nex.Focal(),
    nex.Focal(gamma=0.5, temperature=2.0, class_weight=[1.0, 3.0, 2.0]),
    nex.MulticlassHinge(),
    nex.MulticlassHinge(variant="crammer-singer", squared=True),
    nex.MulticlassHinge(class_weight=[1.0, 3.0, 2.0], squared=True, normalizer=5.0),
    nex.SquaredError(),
    nex.SquaredError(on="probabilities", class_weight=[1.0, 3.0, 2.0], reduction="sum"),
]


def nodes(graph):
    return {node.name: node for node in graph.nodes}


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_gradients_flow_back_along_the_edges(loss):
    rng = np.random.default_rng(0)
    derivation = nex.explain(
        None, 1, loss, features=rng.normal(size=2), weight=rng.normal(size=(3, 2)), bias=[0, 1, 2]
    )
    found, leaving = nodes(derivation.graph), defaultdict(list)
    for edge in derivation.graph.edges:
        assert edge.grad == pytest.approx(edge.slope * found[edge.end].grad, abs=1e-14)
        leaving[edge.start].append(edge.grad)
    for name, node in found.items():
        if name not in ("loss", "1"):
            assert math.fsum(leaving[name]) == pytest.approx(node.grad, abs=1e-14), name
    assert found["loss"].grad == 1
    assert [found[f"z_{k}"].grad for k in range(3)] == pytest.approx(derivation.grad, rel=1e-14)
    steps = {step.name: step.value for step in derivation.backward}
    assert [found[f"x_{d}"].grad for d in range(2)] == pytest.approx(steps["features"], abs=1e-14)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_weights_carry_their_own_gradient(loss):
    weight = np.array([[0.5, -1.0], [0.25, 1.0], [0.0, 2.0]])
    derivation = nex.explain(None, 0, loss, features=[1.0, -2.0], weight=weight, bias=[0, 0, 1])
    steps = {step.name: step.value for step in derivation.backward}
    for edge in derivation.graph.edges:
        if edge.start.startswith("x"):
            d, k = int(edge.start[2:]), int(edge.end[2:])
            assert edge.slope == weight[k, d]
            assert edge.weight_grad == pytest.approx(steps["weight"][k, d], rel=1e-14)
        elif edge.start == "1":
            assert edge.weight_grad == pytest.approx(steps["bias"][int(edge.end[2:])], rel=1e-14)
        else:
            assert edge.weight_grad is None


def test_forward_values_are_those_of_the_library():
    found = nodes(nex.explain(Z, 0).graph)
    assert [found[f"p_{k}"].value for k in range(3)] == nex.softmax(Z).tolist()
    assert found["loss"].value == nex.cross_entropy(Z, 0)
    assert found["S"].value == pytest.approx(math.exp(nex.logsumexp(Z) - 2.0))


def test_without_a_target_nothing_flows_back():
    graph = nex.explain(Z).graph
    assert "loss" not in nodes(graph)
    assert all(part.grad is None for part in (*graph.nodes, *graph.edges))


def test_a_probability_that_underflows_leaves_the_gradient_of_the_logits_whole():
    derivation = nex.explain([0.0, -900.0], 1)
    found = nodes(derivation.graph)
    assert found["p_1"].grad == -math.inf
    assert found["e_1"].grad == -math.inf
    assert [found["z_0"].grad, found["z_1"].grad] == derivation.grad.tolist() == [1.0, -1.0]


def test_a_batch_is_the_graph_of_its_losses():
    derivation = nex.explain([Z, Z, Z], [0, -100, 2])
    found = nodes(derivation.graph)
    assert [found[f"loss_{i}"].grad for i in range(3)] == [0.5, 0.0, 0.5]
    total = sum(edge.slope * found[edge.start].value for edge in derivation.graph.edges)
    assert total == pytest.approx(derivation.value)


def test_elements_of_binary_cross_entropy_meet_in_the_mean():
    derivation = nex.explain([0.5, 40.0], [1, 1], nex.BinaryCrossEntropy())
    found = nodes(derivation.graph)
    assert [found["z_0"].grad, found["z_1"].grad] == pytest.approx(derivation.grad, rel=1e-14)
    assert [found["ℓ_0"].grad, found["loss"].value] == [0.5, derivation.value]
    loss = nex.BinaryCrossEntropy(normalizer=5.0)
    thirds = nex.explain([1.8859533164008995, -1.98], [0.3, 1], loss)
    assert [nodes(thirds.graph)[f"z_{k}"].grad for k in range(2)] == thirds.grad.tolist()
    apart = nex.explain([0.5, 40.0], [1, 1], nex.BinaryCrossEntropy(reduction="none"))
    assert "loss" not in nodes(apart.graph)


def test_a_sample_that_is_weighed_ends_in_its_mean():
    loss = nex.CrossEntropy(class_weight=[2.0, 1.0, 1.0], normalizer=4.0)
    derivation = nex.explain(Z, 0, loss)
    found = nodes(derivation.graph)
    assert found["loss"].value == derivation.value
    assert found["loss_0"].value == pytest.approx(4 * derivation.value)
    assert [found[f"z_{k}"].grad for k in range(3)] == pytest.approx(derivation.grad)
