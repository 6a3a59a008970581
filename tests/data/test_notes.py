"""Notes are values: every language says them, of the same facts."""

import copy
import pickle
from typing import get_args

import pytest

from normexp._sentences import sentences
from normexp.data import Encoder, load
from normexp.data.dates import ORDERS
from normexp.data.notes import Note, said
from normexp.data.schema import Kind


def test_a_note_is_its_english_text_and_says_its_facts_in_chinese():
    note = Note("unseen", name="size", n=2, texts=("a", "b"))
    assert note == "column 'size': 2 rows of a category that was not seen in training: 'a', 'b'"
    assert said(note, "zh") == "列“size”：2 行的文本在训练时没有见过：“a”、“b”"
    assert said(Note("test-rows", note=note), "zh") == f"{said(note, 'zh')}（测试行）"
    assert said(note, "en") == note


def test_what_somebody_wrote_is_said_as_it_is():
    assert said("mine {n}", "zh") == "mine {n}"


@pytest.mark.parametrize("way", [copy.deepcopy, copy.copy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_is_the_same_note(way):
    note = Note("blank-lines", n=1)
    assert way(note) == note
    assert way(note).facts == {"n": 1}
    assert type(way(note)) is Note


def test_names_do_nothing_to_a_page():
    note = Note("constant", names=("a\x1b[31m", "\u202eb", "x" * 100))
    assert said(note, "zh") == f"恒定不变，因此没有影响：“a\\x1b[31m”、“\\u202eb”、“{'x' * 59}…”"


def test_every_kind_of_column_and_order_of_dates_has_its_note():
    kinds = sentences("normexp.data", "en")["note"]
    read = set(get_args(Kind)) - {"left out"}
    assert {f"odd-{kind}{s}" for kind in read for s in ("", "s")} <= set(kinds)
    assert set(ORDERS.values()) <= set(kinds)


def test_all_that_is_told_of_a_table_can_be_said_in_chinese(tmp_path):
    path = tmp_path / "t.csv"
    rows = [f"{i},{i % 3},{i}.5 €,c{i % 2},,{'ab'[i % 2]}" for i in range(60)]
    rows[7] = "7,odd,7,c1,,b"
    text = "\n".join(["id,x,price,colour,none,y", "", *rows, "60,1,60.5 €,c0,,"])
    path.write_text(text + "\n")
    data = load(path, target="y")
    told = [said(note, "zh") for note in (*data.notes, *Encoder.fit(data).notes)]
    assert "略去 1 个空行" in told
    assert "列“x”都是数，除了“odd”（1 行），当作缺失" in told
    assert "带“€”的数，1 个不带的同样读取：“price”" in told
    assert "“id”的数只是在计数；如果它们是行号，请用 drop=['id'] 略去" in told
    assert "略去 1 行没有标签的行" in told
    assert "恒定不变，因此没有影响：“none”" in told
