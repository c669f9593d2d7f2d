from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.models.mini.layout import GLYPHS, WORD_MAX
from smalti.models.mini.words import drawable, quoted_word

WORD = st.text(GLYPHS, min_size=1, max_size=WORD_MAX)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('a sign that says "OPEN"', "OPEN"),
        ("a sign that says 'Café', at night", "CAFE"),
        ("the fox's house with a “TEA” sign", "TEA"),
        ("the foxes' house and a ‘bar’ sign", "BAR"),
        ("ein Schild „Öl“ am Meer", "OL"),
        ("un panneau «Gare»", "GARE"),
        ("a sign that says OPEN", "OPEN"),
        ("a sign saying open, by the sea.", "OPEN"),
        ("the signpost reads Inn.", "INN"),
        ('a "cute" fox by a sign saying "ZOO"', "ZOO"),
        ('a sign with "OPEN NOW"', "OPENNO"),
        ("A SIGN THAT SAYS GO!", "GO!"),
        ('a sign saying "OPEN', "OPEN"),
        ('an empty sign ""', None),
        ("a sign that says «日本»", None),
        ("a fox's friend and the dogs' house", None),
        ("a sign by the sea", None),
        ("a well designed house, it's nice, isn't it", None),
        ("", None),
    ],
)
def test_quoted_word(text: str, word: str | None) -> None:
    assert quoted_word(text) == word


@given(WORD, st.sampled_from(['""', "''", "“”", "‘’", "«»", "„“", "»«", "””"]))
def test_any_word_survives_any_quotes(word: str, quotes: str) -> None:
    text = f"the cat's house and a sign {quotes[0]}{word.lower()}{quotes[1]} on grandma's hill"
    assert quoted_word(text) == word


@given(st.text())
def test_any_text_gives_a_drawable_word_or_none(text: str) -> None:
    word = quoted_word(text)
    assert word is None or (0 < len(word) <= WORD_MAX and set(word) <= set(GLYPHS))


@given(st.text())
def test_drawable_is_idempotent(text: str) -> None:
    assert drawable(drawable(text)) == drawable(text)
