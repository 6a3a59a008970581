"""What a model looks for, as numbers, as a page and as pictures."""

import io
import json
import re

import numpy as np
import polars as pl
import pytest
from matplotlib.image import imread

from normexp.data import Dataset, Encoder, load
from normexp.linear import LinearClassifier, SoftmaxRegression
from normexp.model import Model
from normexp.report.inspection import inspect
from normexp.report.inspection_page import inspection_page
from normexp.report.inspection_picture import MOST_CLASSES, picture

KINDS = ["apple", "lemon", "pear & plum"]


def fruit(kinds):
    """Each kind has a colour of its own; the price says nothing, and the size less."""
    rng = np.random.default_rng(0)
    kind = np.array(kinds * 40)
    colour = np.array(["red", "$yellow$", "<green>"][: len(kinds)] * 40)
    size = rng.normal(size=len(kind)) + (kind == "lemon")
    table = pl.DataFrame({"size": 100 * size, "price": [3] * len(kind), "colour": colour})
    data = Dataset("fruit", table, kind, tuple(table.columns))
    encoder = Encoder.fit(data)
    return Model(encoder, SoftmaxRegression().fit(encoder.transform(data), kind))


@pytest.fixture(scope="module")
def model():
    return fruit(KINDS)


def test_each_class_has_its_strongest_features_by_the_names_of_the_encoder(model):
    found = inspect(model)
    assert found.class_names == tuple(KINDS)
    assert (found.loss, found.alpha, found.features, found.classes) == ("softmax", 0.001, 5, 3)
    first = [of_class.features[0] for of_class in found.class_weights]
    assert first == ["colour=red", "colour=$yellow$", "colour=<green>"]
    for k, of_class in enumerate(found.class_weights):
        coef = dict(zip(model.encoder.feature_names, model.classifier.coef_[k], strict=True))
        (weights,) = of_class.weights
        assert dict(zip(of_class.features, weights, strict=True)) == {
            name: weight for name, weight in coef.items() if name != "price"
        }
        assert np.all(np.diff(np.abs(weights)) <= 0)
        assert "price" not in of_class.features
    np.testing.assert_array_equal(found.intercept, model.classifier.intercept_)


def test_so_many_features_as_are_asked_for_of_the_classes_that_are(model):
    found = inspect(model, top=2, classes=["pear & plum", "apple"])
    assert found.class_names == ("apple", "pear & plum")
    assert [len(of_class.features) for of_class in found.class_weights] == [2, 2]
    np.testing.assert_array_equal(found.intercept, model.classifier.intercept_[[0, 2]])
    with pytest.raises(ValueError, match=r"no class 'lemmon' \(did you mean 'lemon'\?\)"):
        inspect(model, classes=["lemmon"])
    with pytest.raises(ValueError, match="top must be at least 1, got 0"):
        inspect(model, top=0)


def test_it_is_plain_values_for_json(model):
    plain = json.loads(json.dumps(inspect(model, top=1).to_dict()))
    assert plain["class_weights"][0]["features"] == ["colour=red"]
    assert plain["templates"] is None


def test_a_page_shows_names_as_they_are_and_only_a_pair_as_one(model):
    html = inspection_page(inspect(model), "fruit <b>")
    assert "<h1>fruit &lt;b&gt;</h1>" in html
    assert "colour=&lt;green&gt;" in html
    assert html.count("<h3>") == 3
    two = inspection_page(inspect(model, classes=KINDS[:2]), "two of three")
    assert two.count("<h3>") == 2
    assert "lemon rather than apple" in inspection_page(inspect(fruit(KINDS[:2])), "two")


@pytest.fixture(scope="module")
def digits():
    data = load("digits").take(range(200))
    encoder = Encoder.fit(data)
    stop = LinearClassifier(callbacks=[lambda state: state.iteration > 2])
    classifier = stop.fit(encoder.transform(data), data.target)
    return Model(encoder, classifier, image_shape=data.image_shape)


def test_images_have_a_template_for_each_class(digits):
    found = inspect(digits)
    assert found.templates.shape == (10, 8, 8)
    np.testing.assert_allclose(
        found.templates[3].ravel() * digits.encoder.scale, digits.classifier.coef_[3]
    )
    assert inspection_page(found, "digits").count("data:image/png") == 10
    assert b"<svg" in picture(found, "svg")


def test_a_drawing_holds_every_name_and_is_the_same_each_time(model):
    svg = picture(inspect(model), "svg").decode()
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    for name in (
        "colour=red",
        "colour=$yellow$",
        "colour=&lt;green&gt;",
        "pear &amp; plum",
        "size",
    ):
        assert name in texts
    assert svg == picture(inspect(model), "svg").decode()


def test_a_picture_has_bars_for_and_against(model):
    shades = imread(io.BytesIO(picture(inspect(model), "png")))
    for colour in ("0072b2", "b34700"):
        there = np.abs(shades[..., :3] - np.array(list(bytes.fromhex(colour))) / 255) < 0.01
        assert there.all(axis=-1).sum() > 500


def test_one_picture_has_room_for_so_many_classes(model):
    rng = np.random.default_rng(0)
    many = SoftmaxRegression(callbacks=[lambda state: True])
    many.fit(rng.normal(size=(202, 2)), np.arange(202) % (MOST_CLASSES + 1))
    encoder = Encoder.fit(rng.normal(size=(9, 2)))
    found = inspect(Model(encoder, many))
    with pytest.raises(ValueError, match=f"room for {MOST_CLASSES} classes, got 101"):
        picture(found, "svg")


def test_a_model_without_any_weight_has_no_strong_features(model):
    blank = SoftmaxRegression(alpha=1e9).fit([[1.0], [1.0]], [0, 1])
    found = inspect(Model(Encoder.fit(np.ones((2, 1))), blank))
    assert [of_class.features for of_class in found.class_weights] == [(), ()]
    assert "No feature has any weight" in inspection_page(found, "blank")
    assert picture(found, "png").startswith(b"\x89PNG")


def test_the_page_can_be_read_by_all_and_fits(chromium, violations, tmp_path, model, digits):
    long = fruit(["a kind whose name is long " + "很长的名字" * 9, *KINDS[1:]])
    found = {"table": model, "images": digits, "pair": fruit(KINDS[:2]), "long": long}
    wrong = []
    with chromium.new_context() as context:
        opened = context.new_page()
        opened.on("console", lambda said: wrong.append(said.text))
        for name, inspected in found.items():
            path = tmp_path / f"{name}.html"
            path.write_text(inspection_page(inspect(inspected), name), encoding="utf-8")
            opened.goto(path.as_uri())
            for scheme in ("light", "dark"):
                if (name, scheme) not in {("pair", "light"), ("long", "dark")}:  # a second each
                    opened.emulate_media(color_scheme=scheme)
                    assert violations(opened) == []
            for width in (320, 1280):
                opened.set_viewport_size({"width": width, "height": 900})
                assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert wrong == []
