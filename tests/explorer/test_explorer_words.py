"""Both languages say everything."""

import re

import pytest

from normexp.explorer.assemble import PARTS

MODULES = sorted(PARTS.rglob("*words.js"))
NAMES = [file.relative_to(PARTS).with_suffix("").as_posix() for file in MODULES]


@pytest.mark.parametrize("name", NAMES)
def test_each_key_has_words_in_both_languages(value, name):
    words = value(name, "words")
    assert words["en"].keys() == words["zh"].keys()
    for key in words["en"]:
        english, chinese = words["en"][key], words["zh"][key]
        assert english.strip()
        assert chinese.strip()
        assert english != chinese or not re.search(r"[a-z]{4}", english)
        places = [sorted(re.findall(r"\{\w+\}", text)) for text in (english, chinese)]
        assert places[0] == places[1]


@pytest.mark.parametrize("name", NAMES)
def test_every_key_that_is_asked_for_exists(value, name):
    words = value(name, "words")["en"]
    users = ["main", "header"] if name == "words" else [name.removesuffix(".words")]
    files = [file for user in users for file in PARTS.glob(f"{user}.js")]
    files += [file for user in users for file in PARTS.glob(f"{user}.*.js") if file not in MODULES]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    asked = set(re.findall(r"(?<![\w.])t\(\"(\w+)\"", source))
    assert asked
    assert asked <= words.keys()
