"""The concept chapters: the same in both languages but for the prose."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = ROOT / "docs/concepts", ROOT / "docs/zh/concepts"
PAGES = sorted(page.name for page in ENGLISH.glob("*.md"))
CHAPTERS = [name for name in PAGES if name != "index.md"]

BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
DOCTEST = re.compile(r"^```python\n.*?^```$", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)
PICTURE = re.compile(r"!\[.*?\]\((.*?)\)")
LINK = re.compile(r"\]\(([^)#:]+)\)")


def text(page: Path) -> str:
    return page.read_text("utf-8")


def pictures_module():
    spec = spec_from_file_location("pictures", ENGLISH / "pictures.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_languages_have_the_same_chapters():
    assert len(CHAPTERS) == 12
    assert sorted(page.name for page in CHINESE.glob("*.md")) == PAGES


@pytest.mark.parametrize("pattern", [BLOCK, FORMULA], ids=["blocks", "formulas"])
@pytest.mark.parametrize("name", PAGES)
def test_both_languages_have_the_same_code_and_formulas(name, pattern):
    assert pattern.findall(text(CHINESE / name)) == pattern.findall(text(ENGLISH / name))


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_runs_something(name):
    assert DOCTEST.search(text(ENGLISH / name))


@pytest.mark.parametrize("folder", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_the_index_lists_every_chapter(folder):
    index = text(folder / "index.md")
    assert [name for name in LINK.findall(index) if name in PAGES] == CHAPTERS
    assert re.findall(r"^\d\d-.*$", index, re.MULTILINE) == [Path(name).stem for name in CHAPTERS]


@pytest.mark.parametrize("folder", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_every_chapter_leads_to_the_next(folder):
    for name, following in pairwise(CHAPTERS):
        assert LINK.findall(text(folder / name))[-1] == following


def test_the_chinese_readme_has_the_doctests_of_the_english_one():
    blocks = DOCTEST.findall(text(ROOT / "README.md"))
    assert blocks
    assert DOCTEST.findall(text(ROOT / "README.zh-CN.md")) == blocks


@pytest.mark.parametrize(
    "page",
    [*ENGLISH.glob("*.md"), *CHINESE.glob("*.md"), *ROOT.glob("*.md")],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_to_files(page):
    for target in LINK.findall(text(page)):
        assert (page.parent / target).exists(), target


def test_the_pictures_are_those_that_the_script_draws(tmp_path):
    pictures_module().draw_all(tmp_path)
    drawn = {picture.name for picture in tmp_path.iterdir()}
    assert {picture.name for picture in (ENGLISH / "pictures").iterdir()} == drawn
    for folder in (ENGLISH, CHINESE):
        shown = {Path(name).name for page in PAGES for name in PICTURE.findall(text(folder / page))}
        assert shown == drawn
