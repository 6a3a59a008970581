import numpy as np
import polars as pl
import pytest

from normexp.data import Dataset, load
from normexp.linear import LinearClassifier
from normexp.losses import LOSSES
from normexp.report.classes import MANY
from normexp.report.comparison import compare
from normexp.report.sections import looks, short
from normexp.report.split import split
from normexp.report.weights import SHOWN, SHOWN_OF_MANY, class_weights


def test_a_feature_counts_by_its_share_of_what_the_loss_has_at_most():
    small, large = np.array([[0.1, 0.02, 0.0], [0.0] * 3]), np.array([[10.0, 1.0, 3.0], [0.0] * 3])
    first, second = class_weights("xyz", [small, large], np.ones(3))
    assert first.features == ("x", "z", "y")
    assert first.weights.tolist() == [[0.1, 0.0, 0.02], [10.0, 3.0, 1.0]]
    assert second.features == ()


def test_a_feature_against_a_class_counts_as_much_as_one_for_it():
    (only,) = class_weights("xy", [np.array([[1.0, -2.0]])], np.ones(2))
    assert only.features == ("y", "x")


@pytest.mark.parametrize(("classes", "shown"), [(MANY - 1, SHOWN), (MANY, SHOWN_OF_MANY)])
def test_of_many_features_the_strongest_are_kept(classes, shown):
    coef = np.random.default_rng(0).normal(size=(classes, 20_000))
    found = class_weights([str(i) for i in range(20_000)], [coef], np.ones(20_000))
    assert len(found) == classes
    for k, of_class in enumerate(found):
        assert len(of_class.features) == shown
        assert np.abs(of_class.weights).min() >= np.sort(np.abs(coef[k]))[-shown]
        assert of_class.weights[0].tolist() == [coef[k, int(name)] for name in of_class.features]


@pytest.fixture(scope="module")
def fruit():
    """Red says apple, yellow says lemon, and size says nothing."""
    colour = np.array(["red", "yellow", "green"] * 40)
    kind = np.array(["apple", "lemon", "pear"] * 40)
    size = np.random.default_rng(0).normal(size=120)
    frame = pl.DataFrame({"size": size, "colour": colour})
    return Dataset("fruit", frame, kind, ("size", "colour"))


def test_each_class_looks_for_its_own_text(fruit):
    comparison = compare(fruit)
    colours = ("colour=red", "colour=yellow", "colour=green")
    for of_class, colour in zip(comparison.class_weights, colours, strict=True):
        assert of_class.features[0] == colour
        assert of_class.weights.shape == (3, len(of_class.features))
        assert (of_class.weights[:, 0] > 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_of_two_classes_one_speaks_for_both(fruit, name):
    rows = np.flatnonzero(fruit.target != "pear")
    comparison = compare(fruit.take(rows), {name: LOSSES[name]})
    apple, lemon = comparison.class_weights
    of_apple = dict(zip(apple.features, apple.weights[0], strict=True))
    of_lemon = dict(zip(lemon.features, lemon.weights[0], strict=True))
    assert set(of_apple) == {"size", "colour=red", "colour=yellow"}
    mirrored = {name: -weight for name, weight in of_lemon.items()}
    assert of_apple == pytest.approx(mirrored, rel=1e-6, abs=1e-9)
    (panel,) = looks(comparison)["panels"]
    assert panel["title"] == "lemon rather than apple"
    assert panel["ends"] == ["apple", "lemon"]
    assert (
        dict(panel["features"])["colour=yellow"][0] > 0 > dict(panel["features"])["colour=red"][0]
    )


def test_images_have_templates_instead(images, table):
    assert images.class_weights is None
    assert looks(images) is None
    assert all(result.templates is None for result in table.results)


def test_marks_stand_between_the_largest_weights_of_their_loss(table):
    drawn = looks(table)
    shares = np.array([shares for _, shares in drawn["panels"][0]["features"]])
    assert np.abs(shares).max(axis=0) == pytest.approx(1)
    ((_, rows),) = drawn["rows"]
    found = table.class_weights[1]
    for (_, _, texts), weights, scale in zip(rows, found.weights.T, found.scales, strict=True):
        of_deviation, of_unit = np.array(
            [[float(each.replace("−", "-")) for each in text] for text in texts]
        ).T
        assert of_deviation == pytest.approx(weights, rel=0.01)
        assert of_unit == pytest.approx(weights / scale, rel=0.01)


def test_the_weight_of_a_unit_is_what_a_unit_of_the_column_changes():
    comparison = compare(load("iris"), {"softmax": LOSSES["softmax"]}, test_size=0.2)
    part = split(load("iris"), 0.2, 0)
    classifier = LinearClassifier(LOSSES["softmax"]).fit(part.train_features, part.train_target)
    row = np.array([[5.8, 3.0, 3.8, 1.2]])
    for i, name in enumerate(part.encoder.feature_names):
        more = row + np.eye(4)[[i]]
        both = part.encoder.transform(np.vstack([row, more])) @ classifier.coef_.T
        for k, of_class in enumerate(comparison.class_weights):
            place = of_class.features.index(name)
            of_unit = of_class.weights[0, place] / of_class.scales[place]
            assert both[1, k] - both[0, k] == pytest.approx(of_unit, rel=1e-6)


def test_long_names_keep_both_ends():
    assert short("short") == "short"
    names = {short(f"a name that goes on and on, number {i}") for i in range(30)}
    assert len(names) == 30
    assert max(map(len, names)) <= 18
