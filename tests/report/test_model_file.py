"""Model files that were crafted, or damaged: each is refused in one line that names the field."""

import json
import struct

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors import safe_open
from safetensors.numpy import save_file

from normexp.cli.commands import normexp as command
from normexp.data import Encoder, load
from normexp.linear import LinearClassifier
from normexp.model import Model

ROWS = "size,day,colour,id,kind\n" + "".join(
    f"{i % 7},2026-01-{1 + i % 28:02},{('red', 'blue', 'grün')[i % 3]},{i}x,{'ab'[i % 2]}\n"
    for i in range(80)
)
DEEP = 100_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table that has a column of each kind, images, and a model of each."""
    where = tmp_path_factory.mktemp("models")
    (where / "rows.csv").write_text(ROWS, encoding="utf-8")
    for source, target in (("rows.csv", "kind"), ("digits", None), ("iris", None)):
        rows = load(where / source if target else source, target=target)
        encoder = Encoder.fit(rows)
        classifier = LinearClassifier(max_iter=2, callbacks=[lambda state: True])
        classifier.fit(encoder.transform(rows), rows.target)
        model = Model(encoder, classifier, target, rows.class_names, rows.image_shape, rows.schema)
        model.save(where / f"{rows.name}.model")
    return where


def parts(path):
    with safe_open(path, framework="numpy") as file:
        fields = {
            name: json.loads(text) for name, text in file.metadata().items() if name != "format"
        }
        return fields, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def crafted(folder, name, change):
    """The model `name` once more, its fields and arrays changed; a text stands for itself."""
    fields, arrays = parts(folder / f"{name}.model")
    change(fields, arrays)
    texts = {
        key: value.text if isinstance(value, Text) else json.dumps(value)
        for key, value in fields.items()
    }
    path = folder / "crafted.model"
    save_file(arrays, path, {"format": "normexp-model-2", **texts})
    return path


class Text:
    """JSON as it is to stand in the file."""

    def __init__(self, text):
        self.text = text


def put(*places, value):
    """A change that sets fields["a"]["b"]… to a value."""

    def change(fields, _):
        where = fields
        for place in places[:-1]:
            where = where[place]
        where[places[-1]] = value

    return change


def drop(*places):
    def change(fields, _):
        where = fields
        for place in places[:-1]:
            where = where[place]
        del where[places[-1]]

    return change


def array(name, value):
    """A change that puts what a function makes of an array in its place."""

    def change(_, arrays):
        arrays[name] = np.ascontiguousarray(value(arrays[name]))

    return change


def nan_at(place):
    def spoil(values):
        values = values.copy()
        values.flat[place] = np.nan
        return values

    return spoil


def no_array(name):
    def change(_, arrays):
        del arrays[name]

    return change


def extra_array(_, arrays):
    arrays["more"] = np.zeros(3)


CRAFTED = [
    # The fields by themselves.
    ("rows.csv", drop("alpha"), "alpha: the field is missing"),
    ("rows.csv", put("more", value=1), "'more': no field of a model"),
    ("iris", put("l1_ratio", value=1.5), "l1_ratio: expected a number from 0 to 1, got 1.5"),
    ("iris", put("temperature", value=0.0), "temperature: expected a finite number above 0"),
    ("iris", put("temperature", value="2"), "temperature: expected float, got str"),
    ("rows.csv", put("alpha", value="1"), "alpha: expected float, got str"),
    ("rows.csv", put("alpha", value=True), "alpha: expected float, got bool"),
    ("rows.csv", put("alpha", value=Text("NaN")), "alpha: JSON is malformed"),
    ("rows.csv", put("alpha", value=Text("1e999")), "alpha: number out of range"),
    ("rows.csv", put("alpha", value=Text("")), "alpha: input data was truncated"),
    ("rows.csv", put("alpha", value=Text("1,2")), "alpha: JSON is malformed"),
    ("rows.csv", put("alpha", value=-1.0), "alpha: expected a number of 0 or more, got -1.0"),
    ("rows.csv", put("target", value=["kind"]), "target: expected"),
    ("rows.csv", put("normexp", value=None), "normexp: expected str, got null"),
    # Depth: of lists where a list, a text, an object, a number is meant.
    *(
        ("rows.csv", put(name, value=Text("[" * DEEP + "]" * DEEP)), f"{name}")
        for name in ("classes", "encoder", "loss", "alpha", "class_names", "schema", "normexp")
    ),
    (
        "rows.csv",
        put("loss", value=Text('{"type":"CrossEntropy","options":{"a":' + "[" * DEEP)),
        "loss.options[...]",
    ),
    ("rows.csv", put("encoder", value=Text('{"a":' * DEEP)), "encoder: object contains unknown"),
    # The encoder.
    ("rows.csv", put("encoder", value={}), "encoder: object missing required field numbers"),
    (
        "rows.csv",
        put("encoder", "numbers", 0, value=3),
        "encoder.numbers[0]: expected str",
    ),
    (
        "rows.csv",
        put("encoder", "numbers", 0, value="colour"),
        "encoder: expected each column",
    ),
    (
        "rows.csv",
        put("encoder", "numbers", 1, value="other"),
        "encoder: expected the numbers",
    ),
    ("rows.csv", put("encoder", "dates", "day", value="soon"), "encoder: expected days such as"),
    (
        "rows.csv",
        put("encoder", "dates", value={}),
        "schema: expected the columns",
    ),
    (
        "rows.csv",
        put("encoder", "categories", "colour", value=["red", "blue", "grün"]),
        "encoder: expected the categories of 'colour' sorted, each once",
    ),
    (
        "rows.csv",
        put("encoder", "categories", "colour", value=["red", "red", "red"]),
        "encoder: expected the categories of 'colour' sorted, each once",
    ),
    (
        "rows.csv",
        put("encoder", "categories", "colour", value=["red"]),
        "encoder: expected no category or several of the column 'colour'",
    ),
    (
        "rows.csv",
        put("encoder", "categories", "colour", value=["blue", "red"]),
        "coef: expected the shape (2, 7), got (2, 8)",
    ),
    ("rows.csv", put("encoder", "notes", value="none"), "encoder.notes: expected array, got str"),
    # Classes and their names.
    ("rows.csv", put("classes", value=["a"]), "classes: expected two classes or more, got 1"),
    ("rows.csv", put("classes", value=["a", 1]), "classes: expected integers alone or texts alone"),
    ("rows.csv", put("classes", value=[True, False]), "classes[0]: expected int | str, got bool"),
    ("rows.csv", put("classes", value=["a", "a"]), "classes: expected classes in sorted order"),
    ("rows.csv", put("classes", value=["b", "a"]), "classes: expected classes in sorted order"),
    ("rows.csv", put("classes", value=["a", "a\0"]), "classes: expected texts without a NUL"),
    ("rows.csv", put("classes", value=["a", "b", "c"]), "schema: expected each class among"),
    ("rows.csv", put("classes", value=[0.5, 1.5]), "classes[0]: expected int | str, got float"),
    ("iris", put("classes", value=[0, 1, 2**63]), "classes[2]: "),
    ("iris", put("classes", value=[0, 1, 3]), "class_names: expected a name for each class"),
    ("iris", put("classes", value=[-1, 0, 1]), "class_names: expected a name for each class"),
    ("iris", put("class_names", value=["a", "b"]), "class_names: expected a name for each class"),
    ("iris", put("class_names", value=["a", "b", "b"]), "class_names: expected each name once"),
    ("iris", put("class_names", value="abc"), "class_names: expected array | null, got str"),
    ("rows.csv", put("class_names", value=["a", "b"]), "class_names: expected a name for each"),
    # The loss.
    ("iris", put("loss", "type", value="os.system"), "loss: expected one of CrossEntropy"),
    ("iris", put("loss", "options", "shell", value="rm"), "loss: expected options of CrossEntropy"),
    ("iris", put("loss", "options", "temperature", value=-1), "loss: temperature"),
    ("iris", put("loss", "options", "temperature", value="hot"), "loss: temperature"),
    ("iris", put("loss", "options", "class_weight", value=[1, 2]), "loss: expected a class weight"),
    ("iris", put("loss", "options", value=[]), "loss.options: expected object, got array"),
    # Images.
    ("digits", put("image_shape", value=[8, 9]), "image_shape: expected 64 pixels, got 72"),
    ("digits", put("image_shape", value=[64]), "image_shape: expected (h, w) or (h, w, 3)"),
    ("digits", put("image_shape", value=[-8, -8]), "image_shape: expected (h, w) or (h, w, 3)"),
    ("digits", put("image_shape", value=[4, 4, 4]), "image_shape: expected (h, w) or (h, w, 3)"),
    ("digits", put("image_shape", value=[8.0, 8]), "image_shape[0]: expected int, got float"),
    ("rows.csv", put("image_shape", value=[1, 5]), "image_shape: expected pixels alone"),
    # The schema.
    ("rows.csv", put("schema", value={}), "schema: object missing required field columns"),
    (
        "rows.csv",
        put("schema", "columns", 0, value=["size"]),
        "schema.columns[0]: expected array of at least",
    ),
    (
        "rows.csv",
        put("schema", "columns", 0, 1, value="code"),
        "schema.columns[0][1]: invalid",
    ),
    ("rows.csv", put("schema", "columns", 0, 1, value="text"), "schema: expected the columns that"),
    ("rows.csv", put("schema", "columns", 0, 0, value="day"), "schema: expected each column once"),
    ("rows.csv", put("schema", "columns", 0, 2, value=".*"), "schema: expected a known writing"),
    ("rows.csv", put("schema", "columns", 0, 3, value="."), "schema: expected a known writing"),
    ("rows.csv", put("schema", "columns", 0, 4, value="(a+)+"), "schema: expected a currency sign"),
    (
        "rows.csv",
        put("schema", "columns", 1, 5, value="%n%n%Q"),
        "schema: expected a known form",
    ),
    ("rows.csv", put("schema", "missing", value=[None]), "schema.missing[0]: expected str"),
    ("rows.csv", put("schema", "labels", "are_integers", value=True), "schema: expected labels of"),
    ("rows.csv", put("schema", "labels", "are_integers", value=1), "schema.labels.are_integers: "),
    ("rows.csv", put("schema", "labels", "classes", value=["a"]), "schema: expected each class"),
    (
        "rows.csv",
        put("schema", "labels", "classes", value=["a", "b", "b"]),
        "schema: expected each",
    ),
    (
        "iris",
        put("schema", "labels", "classes", value=["0", "1", "2", "x"]),
        "schema: expected labels that are integers",
    ),
    # The arrays.
    ("iris", no_array("intercept"), "intercept: the array is missing"),
    ("iris", extra_array, "'more': no array of a model"),
    ("iris", array("coef", nan_at(3)), "coef: expected finite numbers alone"),
    ("iris", array("coef", lambda a: a + np.inf), "coef: expected finite numbers alone"),
    ("iris", array("coef", lambda a: a.T), "coef: expected the shape (3, 4), got (4, 3)"),
    ("iris", array("coef", np.ravel), "coef: expected the shape (3, 4), got (12,)"),
    ("iris", array("coef", lambda a: a[:, :3]), "coef: expected the shape (3, 4), got (3, 3)"),
    ("iris", array("coef", lambda a: a.astype(int)), "coef: expected the type F32 or F64, got I64"),
    (
        "iris",
        array("coef", lambda a: a.astype("f2")),
        "coef: expected the type F32 or",
    ),
    ("iris", array("intercept", nan_at(0)), "intercept: expected finite numbers alone"),
    ("iris", array("intercept", lambda a: a[:2]), "intercept: expected the shape (3,), got (2,)"),
    ("iris", array("encoder.mean", nan_at(0)), "encoder.mean: expected finite numbers alone"),
    (
        "iris",
        array("encoder.mean", lambda a: a.astype(np.float32)),
        "encoder.mean: expected the type F64, got F32",
    ),
    ("iris", array("encoder.mean", lambda a: a[:3]), "encoder.mean: expected the shape (4,)"),
    ("iris", array("encoder.scale", lambda a: 0 * a), "encoder.scale: expected numbers above 0"),
    ("iris", array("encoder.scale", np.negative), "encoder.scale: expected numbers above 0"),
]


@pytest.mark.parametrize(("name", "change", "words"), CRAFTED, ids=[words for *_, words in CRAFTED])
def test_a_crafted_file_is_refused_by_its_field(folder, name, change, words):
    path = crafted(folder, name, change)
    with pytest.raises(ValueError, match="is a damaged model") as caught:
        Model.load(path)
    assert str(caught.value).startswith(f"crafted.model is a damaged model: {words}")
    source = str(folder / name) if name.endswith(".csv") else name
    for arguments in (["predict", str(path), source], ["evaluate", str(path), source]):
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1
        assert len(result.stderr) < 500
        assert result.stderr.startswith("normexp: crafted.model is a damaged model: ")


@pytest.mark.parametrize("name", ["rows.csv", "digits", "iris"])
def test_the_file_itself_is_read(folder, name):
    path = crafted(folder, name, lambda *_: None)
    assert Model.load(path).predict(rows_of(folder, name)).size


def rows_of(folder, name):
    model = Model.load(folder / f"{name}.model")
    return load(
        folder / name if name.endswith("csv") else name, schema=model.schema, target=model.target
    )


def test_a_hinge_needs_a_penalty(tmp_path):
    rows = load("iris")
    encoder = Encoder.fit(rows)
    classifier = LinearClassifier("svm", callbacks=[lambda state: True])
    classifier.fit(encoder.transform(rows), rows.target)
    classifier.alpha = 0.0
    with pytest.raises(ValueError, match=r"^alpha: expected a number above 0 for a hinge"):
        Model(encoder, classifier).save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_what_could_not_be_read_again_is_not_written(folder, tmp_path):
    model = Model.load(folder / "iris.model")
    model.classifier.coef_[0, 0] = np.inf
    with pytest.raises(ValueError, match=r"^coef: expected finite numbers alone"):
        model.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{}",
        b'{"__metadata__":null}',
        b'{"__metadata__":{"format":"normexp-model-2"}}',
        b'{"__metadata__":{"format":1}}',
        b"[" * 100_000,
        b'{"coef":{"dtype":"F64","shape":[1000000000,1000000000],"data_offsets":[0,8]}}',
        b'{"coef":{"dtype":"BF16","shape":[0],"data_offsets":[0,0]},'
        b'"__metadata__":{"format":"normexp-model-2"}}',
    ],
)
def test_headers_of_any_kind_are_refused(tmp_path, header):
    path = tmp_path / "odd.model"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ValueError, match=r"^odd.model is "):
        Model.load(path)
    result = CliRunner().invoke(command, ["predict", str(path), "iris"])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
