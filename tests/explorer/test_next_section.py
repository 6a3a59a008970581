"""The next word: the library's probabilities, draws as they ought to be, and names of classes."""

import io
import tarfile
import zipfile
from itertools import pairwise

import numpy as np
import pytest

import normexp as nex
from normexp.explorer import counted


def test_the_module_is_what_the_script_writes(value):
    sentences = value("next.counted", "SENTENCES")
    assert counted.written(sentences) == counted.MODULE.read_text(encoding="utf-8")
    for name, (language, text, last, following) in counted.SENTENCES.items():
        found = sentences[name]
        assert (found["language"], found["text"], found["last"]) == (language, text, last)
        assert list(found["counts"]) == following.split()
        assert text.endswith(last)


def test_counts_are_read_from_the_packages_that_hold_them(tmp_path):
    wheel, source = tmp_path / "symspellpy.whl", tmp_path / "jieba.tar.gz"
    with zipfile.ZipFile(wheel, "w") as opened:
        opened.writestr(counted.PAIRS, "\ufeffabcs of 10956800\nvery good 893885632\n".encode())
    dictionary = "天下 6255 n\n天气 2657 n\n".encode()
    with tarfile.open(source, "w:gz") as opened:
        entry = tarfile.TarInfo(counted.WORDS)
        entry.size = len(dictionary)
        opened.addfile(entry, io.BytesIO(dictionary))
    assert counted.pairs(wheel) == {"abcs of": 10956800, "very good": 893885632}
    assert counted.words(source) == {"天下": 6255, "天气": 2657}


def kept_by(z, temperature, k, share):
    """Which are left: the k largest, and of these the fewest that have the share."""
    order = np.argsort(-z, kind="stable")[:k]
    p = nex.softmax(z[order] / temperature)
    fewest = k if share == 1 else int(np.searchsorted(np.cumsum(p), share, side="left")) + 1
    return order[: min(fewest, k)]


@pytest.mark.parametrize(
    ("temperature", "k", "share"),
    [(1, 12, 1), (0.5, 12, 0.9), (3, 4, 1), (1, 7, 0.6), (0.1, 1, 1), (0.1, 12, 1)],
)
def test_what_is_left_shares_the_probability_as_the_library_says(call, temperature, k, share):
    for z in (np.random.default_rng(3).normal(18, 2, 12), np.log([5.0, 5, 5, 2, 1])):
        given = {"temperature": temperature, "k": min(k, len(z)), "share": share}
        kept = kept_by(z, **given)
        masked = np.full(len(z), -np.inf)
        masked[kept] = z[kept]
        found = call("next", "distribution", z.tolist(), given)
        np.testing.assert_allclose(found, nex.softmax(masked, temperature=temperature), rtol=1e-13)


def test_draws_come_as_often_as_they_ought_to(call):
    p = [0.5, 0.3, 0.15, 0.05, 0.0]
    found = call("next", "sample", p, 20_000, 7)
    counts = np.array(found["counts"])
    assert counts.sum() == 20_000
    assert counts[4] == 0
    expected = 20_000 * np.array(p[:4])
    assert np.sum((counts[:4] - expected) ** 2 / expected) < 16.3  # chi-squared, 3 degrees, 0.1 %
    assert call("next", "sample", p, 20_000, 7) == found
    firsts = [call("next", "sample", p, n, 7)["counts"] for n in range(1, 6)]
    assert [sum(counts) for counts in firsts] == [1, 2, 3, 4, 5]
    assert all(np.min(np.subtract(b, a)) >= 0 for a, b in pairwise(firsts))


def test_words_are_drawn_and_taken_to_the_first_section(visit, look, settle, until):
    page = visit("#at=next")
    section = page.locator("#next")
    assert "The soup was very ____" in section.inner_text()
    cells = "row => [...row.cells].map((cell) => cell.innerText)"
    z = np.log(sorted(counted_of(page), reverse=True))
    p = [f"{100 * x:.1f}%" for x in nex.softmax(z)]
    rows = section.locator("tbody tr")
    assert [rows.nth(i).evaluate(cells)[3] for i in range(12)] == p
    section.get_by_role("button", name="Draw 1000").click()
    section.get_by_role("button", name="Draw 10", exact=True).click()
    section.get_by_label("Top-k").fill("3")
    until(page, "() => document.querySelectorAll('#next .out').length === 9")
    drawn = [int(rows.nth(i).evaluate(cells)[5]) for i in range(12)]
    assert sum(drawn) == 1010
    assert sum(drawn[:3]) == 1010
    assert "3 of 12 candidates are left." in section.inner_text()
    settle(page)
    link = page.evaluate("location.hash")
    assert look(link).locator("#next").inner_text() == section.inner_text()
    section.get_by_role("button", name="Take the first 10").click()
    until(page, "() => document.querySelectorAll('#scores .movable [role=slider]').length === 10")
    assert page.locator("#scores .movable").get_by_role("slider", name="Score of good").count() == 1
    assert (
        "good leads important by 20.6111 − 19.8963 = 0.7148"
        in page.locator("#scores .observation").inner_text()
    )
    page.keyboard.press("Control+z")
    settle(page)
    assert page.evaluate("location.hash").replace("at=scores", "at=next") == link


def test_counts_are_dragged_and_come_back(visit, settle, until):
    page = visit("#at=next")
    section = page.locator("#next")
    before = section.locator("tbody").inner_text()
    section.get_by_role("slider", name="Count of nice").press("End")
    until(page, "() => document.querySelector('#next tbody th').innerText === 'nice'")
    assert page.evaluate("document.activeElement.ariaLabel") == "Count of nice"
    counts = counted_of(page)
    counts[list_of(page).index("nice")] = 1e10
    settle(page)
    link = page.evaluate("location.hash")
    kept = [float(x) for x in link.split("next.counts=")[1].split(",")]
    np.testing.assert_allclose(kept, counts, rtol=1e-5)
    p = nex.softmax(np.log(sorted(kept, reverse=True)))
    assert (
        section.locator("tbody tr").first.locator("td").nth(2).inner_text() == f"{100 * p[0]:.1f}%"
    )
    section.get_by_role("button", name="The counts as they were found").click()
    until(page, "before => document.querySelector('#next tbody').innerText === before", before)


def test_counts_stay_with_their_words_in_the_other_language(visit, look, settle, until):
    page = visit("#at=next")
    page.get_by_role("slider", name="Count of nice").press("End")
    until(page, "() => document.querySelector('#next tbody th').innerText === 'nice'")
    page.get_by_role("button", name="中文").click()
    until(page, "() => document.documentElement.lang === 'zh-Hans'")
    settle(page)
    for opened in (page, look(page.evaluate("location.hash"))):
        rows = opened.locator("#next tbody tr").all_inner_texts()
        assert [row.split()[0] for row in rows if "10,000,000,000" in row] == ["nice"]
        assert "The soup was very" in opened.locator("#next .sentence").inner_text()
    page.locator("#next .sentences button").first.click()
    until(page, "() => document.querySelector('#next tbody').innerText.includes('然')")
    assert "10,000,000,000" not in page.locator("#next tbody").inner_text()
    assert "10,000,000,000" not in look(f"#next.counts={'1e10,' * 11}1").inner_text("#next tbody")


def list_of(page):
    return page.evaluate(
        "async () => Object.keys((await import('next.counted')).SENTENCES.soup.counts)"
    )


def counted_of(page):
    sentence = page.evaluate("async () => (await import('next.counted')).SENTENCES.soup")
    return list(sentence["counts"].values())


NAMES = "猫<b>，a 'dog&quot ,,a name that is longer than twenty-four characters,,"


def test_classes_have_names_everywhere_and_no_markup_comes_in(visit, follow, settle, call, until):
    assert call("row", "called", {"names": ["", "b"]}, None, 1) == "b"
    page = visit()
    page.get_by_label("Names of the classes").fill(NAMES)
    page.get_by_label("Names of the classes").press("Enter")
    until(page, "() => document.querySelector('#scores .names').innerText.includes('a dogquot')")
    settle(page)
    named = "names=%E7%8C%ABb,a%20dogquot,,a%20name%20that%20is%20longer%20th"
    assert page.evaluate("location.hash") == f"#{named}"
    picker = page.locator("#loss .target button").all_inner_texts()
    assert picker == ["● 猫b", "● a dogquot", "● class 2"]
    assert "猫b leads a dogquot by 2 − 1 = 1" in page.locator("#scores .observation").inner_text()
    field = page.get_by_label("Names of the classes")
    field.fill("😀" * 30 + "\ud83d, \u202eb")
    field.press("Enter")
    settle(page)
    assert page.evaluate("decodeURIComponent(location.hash)") == "#names=" + "😀" * 24 + ",b"
    for hash_ in ("names=<img src=x onerror=alert(1)>,%3Ci%3E", "names=%26lt;,`${1}`"):
        follow(page, hash_)
        assert page.locator("#scores img, #scores .names i, #loss .target i").count() == 0
