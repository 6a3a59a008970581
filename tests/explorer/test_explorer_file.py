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


def test_the_wheel_carries_the_page_in_place_of_its_parts(tmp_path, monkeypatch):
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


def test_without_a_browser_the_address_is_printed(tmp_path, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    file = tmp_path / "copy.html"
    assert run("-o", file) == f"{file.as_uri()}\n"
