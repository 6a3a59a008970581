"""The page is one file that needs nothing else: in a checkout, in the wheel, and by the command."""

import json
import re
import webbrowser
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hatchling.build import build_wheel

from normexp import explorer
from normexp.cli.commands import normexp as command
from normexp.explorer.assemble import PARTS, assemble

ROOT = Path(__file__).parents[2]


@pytest.fixture
def opened(monkeypatch):
    addresses = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    return addresses


def run(*arguments):
    result = CliRunner().invoke(command, ["explore", *map(str, arguments)])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_every_part_is_in_the_page():
    page = assemble()
    imports = json.loads(re.search(r'<script type="importmap">(.*?)</script>', page, re.S)[1])
    scripts = {str(file.relative_to(PARTS).with_suffix("")) for file in PARTS.rglob("*.js")}
    assert imports["imports"].keys() == scripts
    for sheet in PARTS.rglob("*.css"):
        assert sheet.read_text(encoding="utf-8") in page


def test_no_address_of_the_page_leads_elsewhere():
    page = assemble()
    addresses = set(re.findall(r"https?:/{2}[^\s\"'`)<\\\\]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page


def test_the_page_is_small_enough_to_send():
    assert len(assemble().encode()) <= 400_000


def test_the_wheel_carries_the_page_in_place_of_its_parts(tmp_path, monkeypatch):
    monkeypatch.setenv("NORMEXP_PROCESSORS", "none")  # without kernels, which take minutes
    monkeypatch.chdir(ROOT)
    with zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path))) as wheel:
        page = wheel.read("normexp/explorer/explorer.html").decode()
        parts = [name for name in wheel.namelist() if name.startswith("normexp/explorer/page/")]
    assert page == assemble()
    assert parts == []


def test_an_installed_page_is_opened_where_it_lies(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(explorer, "ASSEMBLED", tmp_path / "explorer.html")
    explorer.ASSEMBLED.write_text("the page")
    assert run("--language", "zh") == ""
    assert opened == [explorer.ASSEMBLED.as_uri() + "#language=zh"]
    assert explorer.page() == "the page"


def test_a_checkout_puts_the_page_together(opened, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run()
    (file,) = tmp_path.rglob("explorer.html")
    assert opened == [file.as_uri()]
    assert file.read_text(encoding="utf-8") == assemble()


def test_a_copy_is_written_and_its_address_printed(opened, tmp_path):
    file = tmp_path / "copy.html"
    assert run("-o", file, "--no-open") == f"{file.as_uri()}\n"
    assert opened == []
    assert file.read_text(encoding="utf-8") == explorer.page()


@pytest.mark.parametrize("installed", [False, True])
def test_a_copy_in_a_language_is_in_it_from_its_first_byte(
    opened, tmp_path, monkeypatch, installed
):
    if installed:
        monkeypatch.setattr(explorer, "ASSEMBLED", tmp_path / "explorer.html")
        explorer.ASSEMBLED.write_text(assemble(), encoding="utf-8")
    file = tmp_path / "copy.html"
    assert run("-o", file, "--language", "zh", "--no-open") == f"{file.as_uri()}\n"
    page = file.read_text(encoding="utf-8")
    assert '<html lang="zh-Hans" data-language="zh">' in page
    assert "<title>玩转 softmax</title>" in page


def test_a_language_that_is_none_is_refused():
    with pytest.raises(ValueError, match="language must be 'en' or 'zh', not 'fr'"):
        explorer.page("fr")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_title_of_the_file_is_that_of_the_page(value, language):
    assert explorer.TITLES[language][1] == value("words", "words")[language]["title"]


@pytest.mark.parametrize(
    ("locale", "written", "hash_", "lang"),
    [
        ("en", "zh", "", "zh-Hans"),
        ("en", "en", "#language=zh", "zh-Hans"),
        ("zh-CN", "en", "", "en"),
        ("zh-CN", "zh", "#language=en", "en"),
    ],
)
def test_a_file_in_a_language_opens_in_it_unless_the_address_says_otherwise(
    watched, tmp_path, locale, written, hash_, lang
):
    page = watched(0, locale=locale, has_touch=False)
    file = tmp_path / f"{written}.html"
    file.write_text(explorer.page(written), encoding="utf-8")
    page.goto(file.as_uri() + hash_)
    page.wait_for_selector("footer")
    assert page.locator("html").get_attribute("lang") == lang
    assert page.title() == ("玩转 softmax" if lang == "zh-Hans" else "Softmax, explored")
    page.goto("about:blank")


def test_without_a_browser_the_address_is_printed(tmp_path, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    file = tmp_path / "copy.html"
    assert run("-o", file) == f"{file.as_uri()}\n"
