"""Text, LaTeX, MathML, SVG and JSON: whole, valid, and all of the same formulas."""

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

import normexp as nex
from normexp.explanation.formula import Matrix, Name, Number, sum_over, transposed
from normexp.explanation.render import latex, text
from normexp.explanation.render.html import html, mathml, page
from normexp.losses import LOSSES

rng = np.random.default_rng(3)
ALL = nex.CrossEntropy(softcap=10.0, temperature=2.0, z_loss=0.1, label_smoothing=0.1)
DERIVATIONS = {
    "softmax": nex.explain([2.0, 1.0, 0.1]),
    **{name: nex.explain([2.0, 1.0, -np.inf], 0, loss) for name, loss in LOSSES.items()},
    "between powers": nex.explain([2.0, 1.0, 0.1], 0, nex.Focal(gamma=0.5, temperature=2.0)),
    "all options": nex.explain([2.0, 1e-7, 0.1], [0.5, 0.5, 0.0], ALL),
    "binary": nex.explain([40.0, -2.0], [1, 0.3], nex.BinaryCrossEntropy(pos_weight=2.0)),
    "batch": nex.explain(
        None, [0, 3], features=rng.normal(size=(2, 5)), weight=rng.normal(size=(9, 5)), alpha=0.1
    ),
    "chinese": nex.explain(
        None, 0, features=[1.0, 2.0], weight=np.eye(2), bias=[0, 1], language="zh"
    ),
    "ignored": nex.explain([1.0, 2.0], -100),
}
CHILDREN = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2}
each = pytest.mark.parametrize("derivation", DERIVATIONS.values(), ids=DERIVATIONS)


def steps(derivation):
    yield from (*derivation.steps, *derivation.gradient, *derivation.backward)
    for sample in derivation.samples:
        yield from steps(sample)


@each
def test_html_is_a_well_formed_fragment_that_needs_nothing_else(derivation):
    whole = derivation.html()
    root = ET.fromstring(whole)
    assert (root.tag, root.get("lang")) == ("div", derivation.language)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not {"script", "link", "img", "iframe"} & tags
    assert not re.search(r"\bon\w+=|https?:(?!//www\.w3\.org/2000/svg)|url\(", whole)
    assert derivation._repr_html_() == whole


@each
def test_mathml_has_as_many_parts_as_each_element_takes(derivation):
    root = ET.fromstring(derivation.html())
    formulas = list(root.iter("math"))
    assert len(formulas) >= sum(bool(step.lines) for step in derivation.steps)
    for formula in formulas:
        for element in formula.iter():
            expected = CHILDREN.get(element.tag)
            assert expected is None or len(element) == expected, ET.tostring(element)
            if element.tag in ("mi", "mn", "mo"):
                assert element.text
                assert len(element) == 0
            assert element.tag != "mn" or re.fullmatch(r"[\d.]+", element.text)


@each
def test_a_page_says_its_language_and_scheme(derivation):
    whole = page(derivation)
    assert whole.startswith(f'<!doctype html>\n<html lang="{derivation.language}">')
    assert 'name="viewport"' in whole
    assert html(derivation) in whole


@each
def test_latex_is_balanced_and_leaves_nothing_unescaped(derivation):
    for whole in (derivation.latex(), derivation._repr_latex_()):
        assert whole.count("{") - whole.count(r"\{") == whole.count("}") - whole.count(r"\}")
        for name in ("align*", "aligned", "tabular", "bmatrix"):
            assert whole.count(rf"\begin{{{name}}}") == whole.count(rf"\end{{{name}}}")
    chinese = r"\u4e00-\u9fff，。；：“”（）"
    assert not re.search(rf"[^\x00-\x7f–{chinese}]", derivation.latex())


@each
def test_latex_is_read_by_mathtext(derivation):
    parser = MathTextParser("path")
    for step in steps(derivation):
        for formula in (*step.chain, *(line.filled for line in step.lines[:1] if line.filled)):
            shown = latex.formula(formula)
            if "bmatrix" not in shown:  # which mathtext does not know
                parser.parse(f"${shown}$")


@each
def test_svg_is_drawn_in_the_colour_of_the_text_and_has_a_title(derivation):
    root = ET.fromstring(derivation.svg())
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root[0].tag == f"{space}title"
    assert root[1].tag == f"{space}desc"
    for element in root.iter():
        for colour in (element.get("fill"), element.get("stroke")):
            assert colour in (None, "none", "currentColor")
    width, height = map(float, root.get("viewBox").split()[2:])
    boxes = [
        tuple(float(box.get(name)) for name in ("x", "y", "width", "height"))
        for box in root.iter(f"{space}rect")
    ]
    assert boxes
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)
    assert len({box[:2] for box in boxes}) == len(boxes)


@each
def test_everything_is_plain_values(derivation):
    plain = derivation.to_dict()
    assert json.loads(json.dumps(plain)) == plain or "Infinity" in json.dumps(plain)
    assert len(plain["steps"]) == len(derivation.steps)
    assert len(plain["graph"]["nodes"]) == len(derivation.graph.nodes)
    assert [len(sample["steps"]) for sample in plain["samples"]] == [
        len(sample.steps) for sample in derivation.samples
    ]


def test_printing_gives_the_text():
    derivation = DERIVATIONS["softmax"]
    assert str(derivation) == derivation.text()


def test_one_formula_is_set_three_ways():
    z, m = Name("z"), Name("m")
    formula = (m - z["k"]) / sum_over("j", z["j"], omit="k") * 1e-9
    assert text.formula(formula) == "(m − z_k) / (Σ_j≠k z_j) · 1e−9"
    assert latex.formula(formula) == (
        r"\frac{m - z_{k}}{\sum_{j \ne k} z_{j}} \cdot 1 \times 10^{-9}"
    )
    assert "<mfrac><mrow><mi>m</mi><mo>−</mo>" in mathml(formula)
    assert "<mo>×</mo><msup><mn>10</mn><mrow><mo>−</mo><mn>9</mn></mrow></msup>" in mathml(formula)


γ, q = Name("γ"), Name("q")


@pytest.mark.parametrize(
    ("formula", "in_text", "in_latex", "in_mathml"),
    [
        (
            (1 - q) ** γ,
            "(1 − q)^γ",
            r"\left(1 - q\right)^{\gamma}",
            "<msup><mrow><mo>(</mo><mrow><mn>1</mn><mo>−</mo><mi>q</mi></mrow><mo>)</mo></mrow>"
            "<mi>γ</mi></msup>",
        ),
        (
            q ** (γ - 1),
            "q^(γ − 1)",
            r"q^{\gamma - 1}",
            "<msup><mi>q</mi><mrow><mi>γ</mi><mo>−</mo><mn>1</mn></mrow></msup>",
        ),
        (q**0.5, "q^0.5", "q^{0.5}", "<msup><mi>q</mi><mn>0.5</mn></msup>"),
        (q**2.0, "q²", "q^{2}", "<msup><mi>q</mi><mn>2</mn></msup>"),
        (transposed(q), "qᵀ", "q^{T}", "<msup><mi>q</mi><mi>T</mi></msup>"),
    ],
)
def test_any_formula_can_be_an_exponent(formula, in_text, in_latex, in_mathml):
    assert text.formula(formula) == in_text
    assert latex.formula(formula) == in_latex
    assert mathml(formula) == in_mathml


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        (Name("a") - Number(-2.0), "a − (−2)"),
        (Number(-2.0) - Name("a"), "−2 − a"),
        (Name("a") * Number(-2.0), "a · (−2)"),
        (Number(-2.0) ** 2, "(−2)²"),
        (Number(2e-9) ** 2, "(2e−9)²"),
        (-(Name("a") + Name("b")), "−(a + b)"),
        (-(Name("b") - Name("a")) * 2, "(−(b − a)) · 2"),
        ((Name("a") + Name("b")) * Name("c"), "(a + b) · c"),
        (sum_over("i", Name("a")) * Name("c"), "(Σ_i a) · c"),
        (Name("a") / (Name("b") / Name("c")), "a / (b / c)"),
        (Matrix(((Number(1.0), Number(2.0)), (Number(3.0), Number(4.0)))), "[1 2; 3 4]"),
    ],
)
def test_parentheses_stand_where_they_are_needed(formula, shown):
    assert text.formula(formula) == shown


def test_long_sums_and_tables_are_cut_but_the_data_are_whole():
    logits = np.linspace(0, 1, 100)
    derivation = nex.explain(logits, 50)
    shown = derivation.text()
    assert "+ … +" in shown
    assert len(shown.splitlines()) < 150
    probabilities = next(step for step in derivation.steps if step.name == "probabilities")
    assert len(probabilities.lines) == len(derivation.columns["p"]) == 100


def test_chinese_lines_are_wrapped_by_their_width_on_the_screen():
    shown = DERIVATIONS["chinese"].text()
    assert max(map(len, shown.splitlines())) <= 96
    assert "\n    ，" not in shown


@pytest.mark.parametrize("width", [80, 60, 40])
@pytest.mark.parametrize("name", DERIVATIONS)
def test_no_line_of_the_text_is_wider_than_it_may_be(name, width):
    """But for a word that is wider itself, such as MulticlassHinge(variant='crammer-singer')."""
    lines = DERIVATIONS[name].text(width).splitlines()
    assert [line for line in lines if text._width(line) > width and " " in line.strip()] == []


def test_narrow_text_says_the_same_as_wide_text():
    """But for the labels of the table, which are said once more beside each part of it."""
    derivation = DERIVATIONS["all options"]

    def words(width):
        steps = derivation.text(width).partition("The maximum")[2]
        return re.sub(r"[─\s]+", " ", steps)

    assert words(40) == words(80) == words(500)


def test_a_formula_goes_on_before_an_operator():
    derivation = nex.explain([2.0, 1.0, -0.1, 0.3, 5.25], 0, nex.SquaredError(on="probabilities"))
    lines = derivation.text(60).splitlines()
    first = lines.index("      = Σ_j p_j · d_j")
    assert lines[first + 1 : first + 5] == [
        "      = 0.0364122 · (−0.963588) + 0.0133953 · 0.0133953",
        "        + 0.0044589 · 0.0044589 + 0.0066519 · 0.0066519",
        "        + 0.939082 · 0.939082",
        "      = 0.847032",
    ]


def test_a_table_that_is_too_wide_goes_on_below():
    lines = nex.explain([2.0, 1.0], 0).text(40).splitlines()
    heads = [line.split()[1] for line in lines if line.startswith("  class ")]
    assert len(heads) > 1
    assert heads[0] == "z"
    assert sum(line.startswith("→ 0 ") for line in lines) == len(heads)
