"""A loss is a value: frozen, compared, hashed and printed by its options."""

import copy
import dataclasses

import numpy as np
import pytest

import normexp as nex

DEFAULTS = [nex.CrossEntropy, nex.BinaryCrossEntropy, nex.MulticlassHinge, nex.SquaredError]
CHANGED = [
    nex.CrossEntropy(label_smoothing=0.1),
    nex.CrossEntropy(class_weight=(1.0, 2.0), ignore_index=None, axis=1),
    nex.CrossEntropy(temperature=2.0, softcap=30.0, z_loss=1e-4, reduction="sum"),
    nex.CrossEntropy(from_logits=False, normalizer="valid", empty="nan"),
    nex.BinaryCrossEntropy(pos_weight=3.0, label_smoothing=0.2),
    nex.MulticlassHinge(variant="crammer-singer", margin=0.5, squared=True),
    nex.SquaredError(on="probabilities", normalizer=32.0),
]
EVERY_LOSS = [*(make() for make in DEFAULTS), *CHANGED]


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=repr)
def test_repr_makes_the_same_loss_again(loss):
    assert eval(repr(loss), vars(nex)) == loss


def test_repr_shows_what_differs_from_the_default_and_nothing_else():
    assert repr(nex.CrossEntropy()) == "CrossEntropy()"
    assert repr(nex.CrossEntropy(temperature=1, class_weight=None)) == "CrossEntropy()"
    loss = nex.CrossEntropy(class_weight=np.array([1, 2]), reduction="sum")
    assert repr(loss) == "CrossEntropy(reduction='sum', class_weight=(1.0, 2.0))"
    assert repr(nex.MulticlassHinge(squared=True)) == "MulticlassHinge(squared=True)"


def test_losses_are_equal_when_their_options_are():
    assert len(set(EVERY_LOSS)) == len(EVERY_LOSS)
    for weights in ([1, 2], (1.0, 2.0), np.array([1, 2], "float32")):
        loss = nex.CrossEntropy(class_weight=weights, ignore_index=None, axis=1)
        assert loss == CHANGED[1]
        assert hash(loss) == hash(CHANGED[1])
    assert nex.CrossEntropy() != nex.SquaredError()
    assert nex.CrossEntropy(temperature=1) == nex.CrossEntropy()


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=repr)
def test_losses_are_frozen(loss):
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.reduction = "none"


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=repr)
def test_losses_are_copied_and_changed_by_replacing_options(loss):
    assert copy.deepcopy(loss) == loss
    assert dataclasses.replace(loss, reduction="none").reduction == "none"


def test_class_weights_are_not_shared_with_the_caller():
    weights = np.array([1.0, 2.0])
    loss = nex.CrossEntropy(class_weight=weights)
    weights[0] = 99
    assert loss.class_weight == (1.0, 2.0)


@pytest.mark.parametrize("make", DEFAULTS)
def test_options_are_passed_by_name(make):
    with pytest.raises(TypeError, match="positional"):
        make("sum")
    with pytest.raises(TypeError, match="redaction"):
        make(redaction="sum")


SHARED = [
    ({"reduction": "average"}, ValueError, "reduction must be one of 'mean', .*, got 'average'"),
    ({"reduction": None}, ValueError, "reduction must be one of .*, got None"),
    ({"empty": "skip"}, ValueError, "empty must be one of 'zero', 'nan', 'raise', got 'skip'"),
    ({"normalizer": "rows"}, ValueError, "normalizer, unless a number, must .* got 'rows'"),
    ({"normalizer": 0}, ValueError, "normalizer must be a finite number above 0, got 0.0"),
    ({"normalizer": np.inf}, ValueError, "normalizer must be a finite number above 0, got inf"),
    ({"normalizer": None}, TypeError, "normalizer must be a number, got NoneType None"),
    ({"normalizer": True}, TypeError, "normalizer must be a number, got bool True"),
]
OF_ROWS = [
    ({"class_weight": 2.0}, ValueError, "class_weight must hold a number for each class, got"),
    ({"class_weight": [[1.0]]}, ValueError, r"class_weight must .* with shape \(1, 1\)"),
    ({"class_weight": [1.0, -2.0]}, ValueError, r"class_weight must .*, got -2\.0 at position 1"),
    ({"class_weight": [np.nan]}, ValueError, "class_weight must .*, got nan at position 0"),
    ({"class_weight": [np.inf]}, ValueError, "class_weight must .*, got inf at position 0"),
    (
        {"class_weight": ["a"]},
        TypeError,
        "class_weight must hold real numbers, got an array of <U1",
    ),
    ({"class_weight": [[1.0], 2.0]}, ValueError, "class_weight must be an array, got sequences"),
    ({"ignore_index": 1.0}, TypeError, r"ignore_index must be an integer, got float 1\.0"),
    ({"ignore_index": "none"}, TypeError, "ignore_index must be an integer, got str 'none'"),
    ({"axis": 0.5}, TypeError, r"axis must be an integer, got float 0\.5"),
    ({"axis": (0, 1)}, TypeError, r"axis must be an integer, got tuple \(0, 1\)"),
    ({"axis": None}, TypeError, "axis must be an integer, got NoneType None"),
]
SMOOTHING = [
    ({"label_smoothing": -0.1}, ValueError, r"label_smoothing must be between 0 and 1, got -0\.1"),
    ({"label_smoothing": 1.5}, ValueError, r"label_smoothing must be between 0 and 1, got 1\.5"),
    ({"label_smoothing": np.nan}, ValueError, "label_smoothing must be .* got nan"),
    ({"label_smoothing": "a lot"}, TypeError, "label_smoothing must be a number, got str 'a lot'"),
    ({"from_logits": 1}, TypeError, "from_logits must be True or False, got int 1"),
]
OF_CROSS_ENTROPY = [
    ({"temperature": 0.0}, ValueError, r"temperature must be between 1e-100 and 1e\+100, got 0\.0"),
    ({"softcap": -1.0}, ValueError, r"softcap must be a finite number above 0, got -1\.0"),
    ({"softcap": np.inf}, ValueError, "softcap must be a finite number above 0, got inf"),
    ({"z_loss": -1.0}, ValueError, r"z_loss must be a finite number of at least 0, got -1\.0"),
    ({"z_loss": np.inf}, ValueError, "z_loss must be a finite number of at least 0, got inf"),
    ({"z_loss": np.nan}, ValueError, "z_loss must be a finite number of at least 0, got nan"),
    ({"from_logits": False, "temperature": 2.0}, ValueError, "temperature.*from_logits is False"),
    ({"from_logits": False, "softcap": 2.0}, ValueError, "softcap.*from_logits is False"),
    ({"from_logits": False, "z_loss": 2.0}, ValueError, "z_loss.*from_logits is False"),
]
OF_HINGE = [
    ({"variant": "one-vs-rest"}, ValueError, "variant must be one of 'weston-watkins', .*, got"),
    ({"margin": -1.0}, ValueError, r"margin must be a finite number of at least 0, got -1\.0"),
    ({"margin": np.inf}, ValueError, "margin must be a finite number of at least 0, got inf"),
    ({"margin": "wide"}, TypeError, "margin must be a number, got str 'wide'"),
    ({"squared": 1}, TypeError, "squared must be True or False, got int 1"),
]
OF_OTHERS = [
    (nex.BinaryCrossEntropy, {"pos_weight": 0.0}, ValueError, "pos_weight must be .* above 0"),
    (nex.BinaryCrossEntropy, {"pos_weight": [1.0]}, TypeError, "pos_weight must be a number, got"),
    (nex.SquaredError, {"on": "scores"}, ValueError, "on must be one of 'logits', .* 'scores'"),
]
BAD_OPTIONS = [
    *((make, *case) for make in DEFAULTS for case in SHARED),
    *((make, *case) for make in DEFAULTS if make is not nex.BinaryCrossEntropy for case in OF_ROWS),
    *((make, *case) for make in (nex.CrossEntropy, nex.BinaryCrossEntropy) for case in SMOOTHING),
    *((nex.CrossEntropy, *case) for case in OF_CROSS_ENTROPY),
    *((nex.MulticlassHinge, *case) for case in OF_HINGE),
    *OF_OTHERS,
]


@pytest.mark.parametrize(("make", "options", "error", "message"), BAD_OPTIONS)
def test_a_bad_option_is_refused_by_name(make, options, error, message):
    with pytest.raises(error, match=message):
        make(**options)


def test_cross_entropy_is_the_loss_in_one_call():
    z, y, weight, where = [[2.0, 1.0, 0.1]], [0], [2.0], [[True, True, False]]
    options = {"label_smoothing": 0.1, "reduction": "sum"}
    got = nex.cross_entropy(z, y, sample_weight=weight, where=where, **options)
    assert got == nex.CrossEntropy(**options)(z, y, weight, where)
    with pytest.raises(TypeError, match="smoothing"):
        nex.cross_entropy(z, y, smoothing=0.1)


def test_binary_cross_entropy_of_more_elements_than_one_thread_takes():
    z = np.random.default_rng(0).normal(size=600_000)
    target = (z > 0).astype(float)
    value, grad = nex.BinaryCrossEntropy(reduction="sum").value_and_grad(z, target)
    np.testing.assert_allclose(grad, nex.sigmoid(z) - target, rtol=1e-12, atol=1e-15)
    assert value == pytest.approx(np.logaddexp(0, np.where(z > 0, -z, z)).sum(), rel=1e-12)
