"""JSON on lines of its own, to the letter; and the words that facts were taken from, marked."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.inbox_views import Piece
from deals_app.domain.shown_text import indented, pieces

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@given(JSON)
def test_it_says_the_same(value: object) -> None:
    for sent in (json.dumps(value), json.dumps(value, indent=3, ensure_ascii=False)):
        assert json.loads(indented(sent)) == value


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ('{"a":1.50,"b":[]}', '{\n  "a": 1.50,\n  "b": []\n}'),
        ('[{ }, "x,{\\"y"]', '[\n  {},\n  "x,{\\"y"\n]'),
        ('{"torn": "tex', '{\n  "torn": "tex'),
        ("", ""),
    ],
)
def test_numbers_and_texts_stay_to_the_letter(sent: str, shown: str) -> None:
    assert indented(sent) == shown


def test_deep_nesting_costs_little() -> None:
    assert len(indented("[" * 20_000)) < 1_000_000


def test_words_are_marked_where_they_stand() -> None:
    text = 'It is about "5k" and\\nmore'
    found = pieces(text, {"value": "5k", "stage": "5k", "words": "and\nmore", "absent": "nowhere"})
    assert [piece.facts for piece in found] == [(), ("value", "stage"), (), ("words",)]
    assert "".join(piece.text for piece in found) == text


def test_words_that_overlap_are_marked_once() -> None:
    assert pieces("abcd", {"one": "abc", "two": "bcd"}) == (Piece(text="abc", facts=("one",)), Piece(text="d"))
    assert pieces("", {"one": "a"}) == ()
