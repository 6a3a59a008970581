import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors import safe_open
from safetensors.numpy import save_file

import normexp as nex
from normexp.data import Dataset, Encoder, Schema, load
from normexp.linear import LinearClassifier, MulticlassSVM, SoftmaxRegression
from normexp.losses import LOSSES
from normexp.model import Model
from normexp.report.metrics import evaluate

ROWS = pl.DataFrame(
    {
        "size": [1.0, 2.5, None, 4.0, 0.1, 3.0],
        "colour": ["red", "blue", "red", None, "grün", "blue"],
    }
)
LABELS = np.array(["no", "yes", "no", "yes", "no", "it's"])


def trained(classifier, labels=LABELS, **known):
    dataset = Dataset("shop.csv", ROWS, labels, ("size", "colour"))
    encoder = Encoder.fit(dataset)
    classifier.fit(encoder.transform(dataset), labels)
    return Model(encoder, classifier, **known), dataset


@pytest.mark.parametrize("name", LOSSES)
def test_a_model_predicts_the_same_from_its_file(name, tmp_path):
    model, rows = trained(LinearClassifier(LOSSES[name], callbacks=[lambda state: True]))
    model.save(tmp_path / "model.safetensors")
    again = Model.load(tmp_path / "model.safetensors")
    assert again.classifier.loss == LOSSES[name]
    assert again.classifier.alpha == model.classifier.alpha
    assert again.predict(rows).tolist() == model.predict(rows).tolist()
    assert (
        again.has_probabilities
        == model.has_probabilities
        == (name in ("softmax", "brier", "focal"))
    )
    if model.has_probabilities:
        assert again.predict_proba(rows).tobytes() == model.predict_proba(rows).tobytes()
    else:
        with pytest.raises(AttributeError, match="predict_proba"):
            again.predict_proba(rows)


@pytest.mark.parametrize(
    "classifier",
    [
        LinearClassifier("softmax"),
        SoftmaxRegression(),
        MulticlassSVM(margin=0.3, squared=True),
        LinearClassifier(nex.CrossEntropy(temperature=0.1 + 0.2, softcap=7.0)),
    ],
)
def test_the_loss_comes_back_with_its_options(classifier, tmp_path):
    model, rows = trained(classifier)
    model.save(tmp_path / "model")
    again = Model.load(tmp_path / "model")
    assert again.classifier.decision_function(model.encoder.transform(rows)).tobytes() == (
        classifier.decision_function(model.encoder.transform(rows)).tobytes()
    )
    expected = {
        SoftmaxRegression: nex.CrossEntropy(),
        MulticlassSVM: nex.MulticlassHinge(margin=0.3, squared=True),
    }
    if type(classifier) in expected:
        assert again.classifier.loss == expected[type(classifier)]
    else:
        assert again.predict_proba(rows).tobytes() == model.predict_proba(rows).tobytes()


@given(
    arrays(np.float32, (3, 5), elements=st.floats(-(2.0**100), 2.0**100, width=32)),
    st.lists(st.text(), min_size=3, max_size=3, unique=True),
    st.sampled_from([np.array([7, -1, 2**60]), np.array(["", "ü", "a b"]), np.array([0, 1, 2])]),
)
def test_weights_and_names_come_back_to_the_last_bit(tmp_path_factory, coef, names, labels):
    model, _ = trained(LinearClassifier(callbacks=[lambda state: True]), np.tile(labels, 2))
    model.classifier.coef_ = coef
    names = tuple(names) if labels.tolist() == [0, 1, 2] else None
    model = Model(model.encoder, model.classifier, "label", names)
    path = tmp_path_factory.mktemp("models") / "model"
    model.save(path)
    again = Model.load(path)
    assert again.classifier.coef_.tobytes() == coef.tobytes()
    assert again.classifier.intercept_.tobytes() == model.classifier.intercept_.tobytes()
    assert again.classifier.classes_.tolist() == sorted(labels.tolist())
    assert (again.target, again.class_names, again.image_shape) == ("label", names, None)
    assert again.encoder.feature_names == model.encoder.feature_names


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.safetensors"
    trained(LinearClassifier())[0].save(path)
    return path


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    expected = r"^model.safetensors is (empty|no safetensors file, or damaged)"
    with pytest.raises(ValueError, match=expected):
        Model.load(saved)


def test_a_file_of_another_format_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("weights: see the other file")
    with pytest.raises(ValueError, match=r"^notes.txt is no safetensors file"):
        Model.load(path)


def test_weights_of_another_program_are_refused(tmp_path):
    save_file({"weight": np.zeros((2, 2))}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"other.safetensors is a safetensors file, but no model"):
        Model.load(tmp_path / "other.safetensors")


def test_a_missing_file_and_a_folder_are_no_models(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no model file"):
        Model.load(tmp_path / "none")
    with pytest.raises(ValueError, match="is a folder, where a file was expected"):
        Model.load(tmp_path)


def test_a_model_is_not_written_into_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        trained(LinearClassifier())[0].save(tmp_path / "missing" / "model")


def test_a_frame_is_read_by_the_schema(tmp_path):
    pandas = pytest.importorskip("pandas")
    (tmp_path / "t.csv").write_text("size,code,y\n1,01,a\n2,02,a\n8,X,b\n9,X,b\n")
    rows = load(tmp_path / "t.csv", target="y")
    encoder = Encoder.fit(rows)
    classifier = LinearClassifier().fit(encoder.transform(rows), rows.target)
    model = Model(encoder, classifier, "y", schema=rows.schema)
    model.save(tmp_path / "model")
    model = Model.load(tmp_path / "model")
    assert model.schema == rows.schema
    frame = {"size": ["8", " 1 ", "?"], "code": ["X", "01", "02"]}
    for rows_in in (pl.DataFrame(frame), pandas.DataFrame(frame)):
        assert model.predict(rows_in).tolist() == ["b", "a", "a"]
        assert model.predict_proba(rows_in).shape == (3, 2)


def test_rows_read_by_another_schema_are_not_mistaken(tmp_path):
    (tmp_path / "t.csv").write_text("x,code,y\n1,01,a\n2,02,a\n8,X,b\n9,X,b\n")
    (tmp_path / "new.csv").write_text("x,code,y\n1,01,a\n9,02,b\n")
    rows = load(tmp_path / "t.csv", target="y")
    encoder = Encoder.fit(rows)
    classifier = LinearClassifier().fit(encoder.transform(rows), rows.target)
    model = Model(encoder, classifier, "y", schema=rows.schema)
    stranger = load(tmp_path / "new.csv", target="y")
    for use in (model.predict, model.predict_proba, lambda data: evaluate(model, data)):
        with pytest.raises(
            ValueError, match=r"'code' was read as number, in training as text: .* with schema="
        ):
            use(stranger)
    assert evaluate(model, load(tmp_path / "new.csv", target="y", schema=model.schema)).rows == 2


def test_a_model_of_images_takes_a_table_of_their_pixels():
    images = np.array([[0, 200], [10, 255], [210, 0], [255, 9]], dtype=np.uint8)
    dataset = Dataset("i", images, np.array([0, 0, 1, 1]), ("p0", "p1"), (1, 2), schema=Schema())
    encoder = Encoder.fit(dataset)
    classifier = LinearClassifier().fit(encoder.transform(dataset), dataset.target)
    model = Model(encoder, classifier, image_shape=(1, 2), schema=dataset.schema)
    assert model.predict(pl.DataFrame({"p1": [250, 3], "p0": [5.0, 240]})).tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"expected numbers, as in training: .* 'p0' .* 'red'"):
        model.predict(pl.DataFrame({"p1": [250, 3], "p0": ["red", "5"]}))


def test_the_temperature_comes_back_and_only_where_there_is_one(tmp_path):
    model, rows = trained(SoftmaxRegression())
    model.save(tmp_path / "plain")
    labels = np.where(np.arange(len(LABELS)) == 2, "it's", LABELS)  # one is wrong
    model.classifier.calibrate(model.encode(rows), labels)
    model.save(tmp_path / "calibrated")
    again = Model.load(tmp_path / "calibrated")
    assert again.classifier.temperature_ == model.classifier.temperature_ != 1.0
    np.testing.assert_array_equal(again.predict_proba(rows), model.predict_proba(rows))
    with safe_open(tmp_path / "plain", framework="numpy") as file:
        assert "temperature" not in file.metadata()
    assert Model.load(tmp_path / "plain").classifier.temperature_ == 1.0
    model.classifier.loss_ = nex.SquaredError()
    with pytest.raises(ValueError, match="temperature: expected 1 where there are no prob"):
        model.save(tmp_path / "none")


def test_the_share_of_an_l1_norm_comes_back(tmp_path):
    model, _ = trained(SoftmaxRegression(alpha=0.01, l1_ratio=0.5))
    model.save(tmp_path / "model")
    assert Model.load(tmp_path / "model").classifier.l1_ratio == 0.5
    model.classifier.loss_ = nex.MulticlassHinge()
    with pytest.raises(ValueError, match="l1_ratio: expected 0 for a loss that is not smooth"):
        model.save(tmp_path / "none")
