"""Formats and narrow arithmetic are those of NumPy and ml_dtypes; what is lost is marked."""

import math
import re

import ml_dtypes
import numpy as np
import pytest

import normexp as nex

TYPES = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float32": np.float32}
FORMATS = {
    "float16": {"exponentBits": 5, "fractionBits": 10},
    "bfloat16": {"exponentBits": 8, "fractionBits": 7},
    "float32": {"exponentBits": 8, "fractionBits": 23},
}
EDGES = [
    *(0.0, -0.0, 1.0, -2.5, 0.1, 1 / 3, 1e-3, math.pi),
    *(1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-24, 1 + 3 * 2**-24),  # ties
    *(65504.0, 65519.9, 65520.0, 3.38e38, 3.3961e38, 3.4028235e38, 3.4028236e38, 1e300),  # the top
    *(6.1e-5, 6.0e-8, 2.98e-8, 2.9802322387695312e-08, 2.99e-8),  # float16's subnormal numbers
    *(1.18e-38, 1e-40, 9.2e-41, 4.6e-41, 1.4e-45, 7.006492321624085e-46, 7.1e-46, 5e-324),
    *(math.inf, -math.inf, math.nan),
]
RANDOM = np.random.default_rng(0)
ORDINARY = (RANDOM.normal(size=200) * 10.0 ** RANDOM.integers(-45, 39, size=200)).tolist()


EACH = """async ([name, values, format]) => {
  const formats = await import("formats");
  return values.map((value) => formats[name](value, format));
}"""


@pytest.fixture(scope="module")
def each(quiet_page):
    """each(function, values, format): what a function of formats.js gives for each value."""
    return lambda function, values, name: quiet_page.evaluate(
        EACH, [function, values, FORMATS[name]]
    )


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("values", [EDGES, ORDINARY], ids=["edges", "ordinary"])
def test_rounding_is_that_of_the_type(each, name, values):
    with np.errstate(over="ignore", under="ignore"):
        expected = np.array(values).astype(TYPES[name]).astype(float)
    found = np.array(each("round", values, name), float)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


@pytest.mark.parametrize("name", TYPES)
def test_bits_are_those_of_the_type(each, name):
    values = [value for value in EDGES if not math.isnan(value)]
    with np.errstate(over="ignore", under="ignore"):
        stored = np.array(values).astype(TYPES[name])
    width = 8 * stored.itemsize
    expected = [f"{code:0{width}b}" for code in stored.view(f"uint{width}")]
    found = each("bits", values, name)
    assert ["".join(part.values()) for part in found] == expected


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("value", [1.0, 0.1, 20.0, 6e-8, 1e-7])
def test_places_add_up_to_the_number(each, name, value):
    stored = float(np.array(value).astype(TYPES[name]))
    (places,) = each("places", [stored], name)
    assert sum(int(digit) * 2.0**k for k, digit in places) == stored


def rounded(name):
    return lambda value: float(np.array(value, float).astype(TYPES[name]))


def ordinary(z, name):
    """The ordinary computation in the arithmetic of NumPy's own types."""
    number = TYPES[name]
    r = rounded(name)
    z = [number(value) for value in z]
    shifted = [value - max(z) for value in z]
    exps = [number(r(math.exp(value))) for value in shifted]
    total = number(0)
    for e in exps:
        total = number(total + e)
    log = number(r(math.log(total)))
    p = [e / total for e in exps]
    return {
        "shifted": shifted,
        "exps": exps,
        "sum": total,
        "log": log,
        "loss": log - shifted[0],
        "p": p,
        "gradient": [p[0] - number(1), *p[1:]],
    }


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("lead", [0.0, 0.75, 3.25, 5.5, 7.5, 12.0, 16.0, 20.0])
def test_the_ordinary_computation_is_that_of_the_type(call, name, lead):
    found = call("narrow", "ordinary", [lead, 0, -1], 0, FORMATS[name])
    for key, expected in ordinary([lead, 0.0, -1.0], name).items():
        np.testing.assert_array_equal(found[key], np.array(expected, float), err_msg=key)


@pytest.mark.parametrize("lead", [0.5, 4.0, 12.0, 20.0])
def test_the_truth_is_the_librarys(call, lead):
    z = np.array([[lead, 0.0, -1.0]])
    value, grad = nex.CrossEntropy().value_and_grad(z, [0])
    found = call("sections/precision", "truth", z[0].tolist())
    np.testing.assert_allclose(found["loss"], value, rtol=1e-14)
    np.testing.assert_allclose(found["grad"], grad[0], rtol=1e-14)
    np.testing.assert_allclose(found["p"], nex.softmax(z[0]), rtol=1e-14)


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("lead", [5.5, 9.0, 12.0])
def test_the_other_formula_keeps_loss_and_gradient(call, name, lead):
    z = [rounded(name)(x) for x in (lead, 0.0, -1.0)]
    found = call("narrow", "lossless", z, 0, FORMATS[name])
    value, grad = nex.CrossEntropy().value_and_grad(np.array([z]), [0])
    ulp = 2.0 ** -FORMATS[name]["fractionBits"]
    # float16 is near its end: what is left there are steps of 2^-24.
    step = 2.0**-24 if name == "float16" else 0
    np.testing.assert_allclose(found["loss"], value, rtol=3 * ulp, atol=step)
    np.testing.assert_allclose(found["gradient"], grad[0], rtol=3 * ulp, atol=step)


def test_the_page_shows_the_loss_that_float32_loses_and_the_one_it_keeps(look):
    section = look().locator("#precision")
    assert section.locator(".trace").nth(0).locator("li.lost").count() == 3
    assert section.locator(".trace").nth(1).locator("li.lost").count() == 0
    row = section.locator(".overview tr", has_text="float32")
    assert row.locator("td").all_inner_texts() == ["0", "2.8×10⁻⁹", "2.8×10⁻⁹"]


def test_where_the_bits_go_is_said_in_words(look):
    said = look("#precision.lead=12").locator("#precision .play .note").first.inner_text()
    kept, lost, _ = re.findall(r"e₁ .* begins at 2⁻¹⁸: (\d+) of its (\d+) bits .* (2⁻²³)", said)[0]
    assert (int(kept), int(lost)) == (18, 24)


def test_a_format_is_chosen_by_keyboard_and_stands_in_the_link(visit, look, settle):
    page = visit("#precision.lead=4")
    section = page.locator("#precision")
    section.get_by_role("button", name="bfloat16").press("Enter")
    section.locator("input[type=range]").press("ArrowRight")
    settle(page)
    link = page.evaluate("location.hash")
    assert "precision.format=bfloat16" in link
    assert "precision.lead=4.25" in link
    again = look(link).locator("#precision")
    assert again.inner_text() == section.inner_text()
