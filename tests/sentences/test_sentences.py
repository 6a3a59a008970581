"""Both languages have the same entries with the same gaps, and the code asks for no other."""

import ast
import zipfile
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest
from hatchling.build import build_wheel

from normexp._sentences import LANGUAGES, sentences
from normexp.diagnosis.words import SEVERITY_OF

ROOT = Path(__file__).parents[2]
ROOMS = ("normexp.explanation", "normexp.diagnosis", "normexp.report", "normexp.data")
# Where a room says which entry it wants: the call, and the table that its first argument is in.
ASKED = {
    "normexp.explanation": {"work": "step", "say": "step", "phrase": "phrase", "called": "phrase"},
    "normexp.diagnosis": {"Seen": "kind", "phrase": "phrase", "counted": "phrase"},
    "normexp.report": {
        "phrase": "phrase",
        "counted": "phrase",
        "Measure": "heading",
        "Advice": "advice",
    },
    "normexp.data": {"Note": "note"},
}
UNSAID = {("phrase", "more"): {"more"}}  # of what Chinese says by 等 alone

OF_GAPS = {"in-part"}  # notes without a word of their own

each_room = pytest.mark.parametrize("room", ROOMS)


def entries(table, *path):
    """Every sentence with its place; of a list of forms each one."""
    for name, entry in table.items():
        if isinstance(entry, dict):
            yield from entries(entry, *path, name)
        else:
            yield (*path, name), [entry] if isinstance(entry, str) else entry


def gaps(sentence):
    return {name + spec for _, name, spec, _ in Formatter().parse(sentence) if name is not None}


def calls(room):
    """Each call of a room whose first argument is a text."""
    for file in files(room).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "attr", getattr(node.func, "id", None))
                yield name, node.args[0].value


@each_room
def test_every_language_has_the_same_entries_with_the_same_gaps(room):
    english, *others = (dict(entries(sentences(room, language))) for language in LANGUAGES)
    for other in others:
        assert list(other) == list(english)
        for place, forms in english.items():
            assert len(other[place]) == len(forms)
            assert all(form.strip() for form in (*forms, *other[place]))
            of_all, of_other = (set().union(*map(gaps, said)) for said in (forms, other[place]))
            assert of_other == of_all - UNSAID.get(place, set()), place


@each_room
def test_chinese_is_written_in_chinese_and_english_is_not(room):
    def has_chinese(forms):
        return any("\u4e00" <= letter <= "\u9fff" for form in forms for letter in form)

    for place, forms in entries(sentences(room, "en")):
        assert not has_chinese(forms), place
    for name, table in sentences(room, "zh").items():
        if name in ("step", "kind", "advice"):
            for place, words in table.items():
                assert has_chinese(words.values()), place
        elif name == "note":
            for place, words in table.items():
                assert has_chinese([words] if isinstance(words, str) else words) or (
                    place in OF_GAPS
                ), place


@each_room
def test_what_the_code_asks_for_is_there(room):
    asked = [(ASKED[room][name], entry) for name, entry in calls(room) if name in ASKED[room]]
    assert len(asked) > 20
    for table, entry in asked:
        assert entry in sentences(room, "en")[table], entry


def test_every_kind_of_finding_has_a_severity_and_its_sentences():
    assert set(SEVERITY_OF) == set(sentences("normexp.diagnosis", "en")["kind"])


def test_the_wheel_carries_the_sentences(tmp_path, monkeypatch):
    monkeypatch.setenv("NORMEXP_PROCESSORS", "none")  # without kernels, which take minutes
    monkeypatch.chdir(ROOT)
    with zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path))) as wheel:
        for room in ROOMS:
            for language in LANGUAGES:
                name = f"{room.replace('.', '/')}/words.{language}.toml"
                assert wheel.read(name) == (ROOT / "src" / name).read_bytes()
