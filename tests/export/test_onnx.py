"""An exported model predicts in onnxruntime what it predicts here, to 1e-6."""

import json
from datetime import datetime

import numpy as np
import onnxruntime
import polars as pl
import pytest
from click.testing import CliRunner

import normexp as nex
from normexp.cli.commands import normexp as command
from normexp.data import Dataset, Encoder, load
from normexp.export import to_onnx
from normexp.linear import LinearClassifier, SoftmaxRegression
from normexp.losses import LOSSES, RowLoss
from normexp.model import Model


def run(model, feeds, **options):
    """The outputs of the exported model, by their names; nothing in it is of no use."""
    exported = to_onnx(model, **options)
    used = {name for node in exported.graph.node for name in node.input}
    assert used >= {constant.name for constant in exported.graph.initializer}
    content = exported.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def feeds_of(frame, missing=()):
    """The columns of a frame as the inputs of a graph."""

    def feed(column):
        if column.dtype == pl.String:
            return column.fill_null("").to_numpy().astype(object)
        if column.dtype.is_temporal():
            return column.to_numpy().astype("datetime64[us]").astype(np.int64)
        return column.cast(pl.Float64).to_numpy()

    return {column.name: feed(column).reshape(-1, 1) for column in frame}


def agrees(outputs, model, rows, rtol=1e-6):
    features = model.encode(rows)
    classifier = model.classifier
    logits = np.asarray(features @ classifier.coef_.T.astype(float) + classifier.intercept_)
    np.testing.assert_allclose(outputs["logits"], logits, rtol, atol=rtol)
    np.testing.assert_array_equal(outputs["label"], model.predict(rows))
    assert ("probabilities" in outputs) == model.has_probabilities
    if model.has_probabilities:
        expected = model.predict_proba(rows)
        np.testing.assert_allclose(outputs["probabilities"], expected, rtol, atol=rtol)
    return True


CSV = """size,colour,old,born,label,kind
1.5,red,true,2020-02-29,x,apple
-999,green,false,2019-12-31,label,pear
2.5,,true,,x,apple
,green,true,2021-03-01,y,pear
4.5,NA,,2020-01-01,y,plum
5.5,red,false,1969-07-21,True,plum
"""


@pytest.fixture
def table(tmp_path):
    """A model of a table with every kind of column, also with names of outputs."""
    path = tmp_path / "fruit.csv"
    path.write_text(CSV)
    data = load(path, target="kind", missing=["NA", "-999"])
    encoder = Encoder.fit(data)
    classifier = SoftmaxRegression(alpha=0.01).fit(encoder.transform(data), data.target)
    return Model(encoder, classifier, "kind", schema=data.schema)


def test_a_table_of_numbers_texts_booleans_and_dates(table):
    rows = pl.DataFrame(
        {
            "size": [1.0, None, -999.0, 7.0, float("nan")],
            "colour": ["red", "blue", "", "NA", None],
            "old": [True, False, None, True, True],
            "born": [
                datetime(2024, 2, 29, 12),
                None,
                datetime(1900, 3, 1),
                datetime(1600, 2, 29),
                datetime(2000, 12, 31, 23, 59),
            ],
            "label": ["x", "y", "TRUE", "True", "tRue"],
        }
    )
    outputs = run(
        table, {**{("label_" if k == "label" else k): v for k, v in feeds_of(rows).items()}}
    )
    assert agrees(outputs, table, rows)
    assert len(set(map(tuple, outputs["logits"].round(6).tolist()))) == 5


def test_days_of_four_centuries_are_those_of_polars():
    days = pl.date_range(datetime(1599, 12, 25), datetime(2002, 1, 5), "5d", eager=True)
    frame = pl.DataFrame({"day": days.cast(pl.Datetime("us"))})
    target = np.arange(len(frame)) % 2
    encoder = Encoder.fit(frame)
    for part in range(4):  # each of them alone, as a logit
        classifier = SoftmaxRegression(callbacks=[lambda state: True]).fit(
            encoder.transform(frame), target
        )
        classifier.coef_[:] = 0
        classifier.coef_[1, part] = 1
        model = Model(encoder, classifier)
        logits = run(model, feeds_of(frame))["logits"][:, 1] - classifier.intercept_[1]
        np.testing.assert_allclose(
            logits, encoder.transform(frame)[:, part], rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_its_outputs(name):
    iris = load("iris")
    encoder = Encoder.fit(iris)
    classifier = LinearClassifier(LOSSES[name]).fit(encoder.transform(iris), iris.target)
    model = Model(encoder, classifier, class_names=iris.class_names)  # without a schema: an array
    outputs = run(
        model,
        {
            "features": iris.features.to_numpy()
            if hasattr(iris.features, "to_numpy")
            else iris.features
        },
    )
    assert agrees(outputs, model, iris)
    assert outputs["name"].tolist() == [iris.class_names[k] for k in outputs["label"]]


def test_cap_and_temperature_of_a_loss_are_in_its_probabilities():
    iris = load("iris")
    encoder = Encoder.fit(iris)
    loss = nex.CrossEntropy(temperature=2.5, softcap=3.0, label_smoothing=0.1)
    model = Model(encoder, LinearClassifier(loss).fit(encoder.transform(iris), iris.target))
    assert agrees(run(model, {"features": np.asarray(iris.features)}), model, iris)
    model.classifier.calibrate(encoder.transform(iris), iris.target)
    assert model.classifier.temperature_ != 1.0
    assert agrees(run(model, {"features": np.asarray(iris.features)}), model, iris)


def test_images_go_in_as_rows_of_pixels():
    digits = load("digits").take(range(300))
    encoder = Encoder.fit(digits)
    classifier = SoftmaxRegression().fit(encoder.transform(digits), digits.target)
    model = Model(encoder, classifier, image_shape=digits.image_shape, schema=digits.schema)
    outputs = run(model, {"features": digits.features.astype(float)})
    assert agrees(outputs, model, digits, rtol=2e-6)


def test_float32_for_runtimes_without_float64(table):
    iris = load("iris")
    encoder = Encoder.fit(iris)
    model = Model(encoder, SoftmaxRegression().fit(encoder.transform(iris), iris.target))
    outputs = run(model, {"features": np.asarray(iris.features, np.float32)}, float32=True)
    assert {outputs[name].dtype for name in ("logits", "probabilities")} == {np.dtype(np.float32)}
    assert agrees(outputs, model, iris, rtol=1e-5)


def test_texts_alone_and_many_of_them():
    texts = np.array([f"text {i % 400:03}" for i in range(1200)])
    frame = pl.DataFrame({"": texts, "same": ["one"] * 1200})
    target = np.array(["a", "b", "ç"])[np.arange(1200) % 400 % 3]
    encoder = Encoder.fit(Dataset("texts", frame, target, ("", "same")))
    model = Model(encoder, SoftmaxRegression().fit(encoder.transform(frame), target))
    rows = pl.DataFrame({"": ["text 000", "text 007", "other"], "same": ["one", "two", None]})
    outputs = run(model, {"column": np.array([["text 000"], ["text 007"], ["other"]], object)})
    assert agrees(outputs, model, rows)


def test_sparse_numbers_are_scaled_and_not_centred():
    from scipy.sparse import random_array

    X = random_array((200, 30), density=0.2, rng=np.random.default_rng(0), format="csr")
    target = (X.sum(axis=1) > 3).astype(int)
    data = Dataset("sparse", X, target, tuple(f"x{i}" for i in range(30)))
    encoder = Encoder.fit(data)
    model = Model(encoder, SoftmaxRegression().fit(encoder.transform(data), target))
    dense = X.toarray()
    dense[0, 3] = np.nan
    outputs = run(model, {"features": dense})
    assert agrees({k: v[1:] for k, v in outputs.items()}, model, data.take(list(range(1, 200))))
    assert np.isfinite(outputs["logits"]).all()


class Odd(RowLoss):
    @property
    def reads(self):
        return "softmax"

    def probabilities(self, logits, where=None):
        return np.asarray(logits)


def test_probabilities_that_onnx_cannot_have_are_refused(table):
    table.classifier.loss_ = Odd()
    with pytest.raises(ValueError, match="Odd has probabilities of its own"):
        to_onnx(table)


def test_more_weights_than_a_file_may_hold_are_refused(table, monkeypatch):
    monkeypatch.setattr("normexp.export.onnx.MOST", table.classifier.coef_.size * 8 - 1)
    with pytest.raises(ValueError, match=r"the weights take \d+ bytes, an ONNX file may hold"):
        to_onnx(table)
    assert to_onnx(table, float32=True).graph.output


def test_the_command_writes_what_runs_and_says_how_it_is_called(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table.save("m.safetensors")

    def invoke(*arguments):
        return CliRunner().invoke(command, ["export", *arguments])

    result = invoke("m.safetensors", "m.onnx")
    assert (result.exit_code, result.stderr) == (0, "Wrote m.onnx.\n")
    inputs, outputs = result.stdout.split("outputs:\n")
    assert inputs.splitlines() == [
        "inputs:",
        "  size: double (rows, 1)",
        "  old: double (rows, 1)",
        "  born: int64 (rows, 1)",
        "  colour: string (rows, 1)",
        "  label_: string (rows, 1)",
    ]
    assert outputs.splitlines()[0] == "  label: string (rows)"
    plain = json.loads(invoke("m.safetensors", "n.onnx", "--json").stdout)
    assert plain["outputs"][1] == {"name": "logits", "type": "double", "shape": ["rows", 3]}
    assert (tmp_path / "n.onnx").read_bytes() == (tmp_path / "m.onnx").read_bytes()
    onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    for wrong, words in {
        ("none.safetensors", "o.onnx"): "no model file none.safetensors",
        ("fruit.csv", "o.onnx"): "fruit.csv is no safetensors file",
        ("m.onnx", "o.onnx"): "m.onnx is no safetensors file",
        ("m.safetensors", "o.pb"): "ends in .onnx",
    }.items():
        result = invoke(*wrong)
        assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
        assert words in result.stderr
    assert not (tmp_path / "o.onnx").exists()
