"""How people really type: letter case, typing errors, punctuation, quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

SLOT = "\0"
"""Stands for a sign's word until all else is written, so that nothing disturbs its letters."""
_QUOTES = ('""', '""', '""', "''", "''", "“”", "‘’", "«»", "„“")
_ARTICLE = re.compile(r"\b([Aa])( (?:[aeiou](?!n?e\b)|A|E|I|O))")
_SPACES = re.compile(r"\s+")

_FILLERS = (
    "just right all of it so and then there here which is that now well quite really over up "
    "very much still the this in on at by from as to be we you have see it's please also with"
).split()
"""Words that change nothing."""
_GAP = re.compile(r"(?<=[a-z,]) (?=[a-z])")

T = TypeVar("T")


def one(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options; the first ones are the likelier."""
    return options[int(len(options) * float(rng.random()) ** 1.4)]


def scrawl(text: str, word: str, rng: np.random.Generator, bare: bool = False) -> str:
    """The text as someone might type it; `word` replaces `SLOT`, in quotes unless `bare`."""
    text = _SPACES.sub(" ", _ARTICLE.sub(r"\1n\2", text)).strip(" ,")
    if not bare and rng.random() < 0.12:
        text = _with_typo(text, rng)
    text = _cased(text, rng)
    if text[-1] not in ".!?" and rng.random() < 0.2:
        text += "."
    if SLOT in text:
        text = text.replace(SLOT, written(word, rng, bare))
    return text


def written(word: str, rng: np.random.Generator, bare: bool) -> str:
    """A sign's word, half of the time in another letter case, in some kind of quotes."""
    if rng.random() < 0.5:
        word = word.lower() if rng.random() < 0.6 else word.capitalize()
    if bare:
        return word
    quotes = one(rng, _QUOTES)
    return f"{quotes[0]}{word}{quotes[1]}"


def chatty(text: str, rng: np.random.Generator) -> str:
    """A third of the texts with words strewn in that say nothing, some with very many.

    Whoever reads these learns to go by the words that say something, in whatever grammar.
    """
    share = float(rng.choice([0.0, 0.1, 0.5], p=[0.65, 0.27, 0.08]))
    return _GAP.sub(
        lambda _: (
            f" {_FILLERS[int(rng.integers(len(_FILLERS)))]} " if rng.random() < share else " "
        ),
        text,
    )


def _cased(text: str, rng: np.random.Generator) -> str:
    chance = rng.random()
    if chance < 0.45:
        return text.lower()
    if chance < 0.9:
        return text[0].upper() + text[1:]
    return text.upper() if chance < 0.93 else text


def _with_typo(text: str, rng: np.random.Generator) -> str:
    """One or two letters swapped, lost, doubled or hit beside, inside longer words."""
    for _ in range(int(rng.integers(1, 3))):
        inner = [
            match.start() + i
            for match in re.finditer(r"[A-Za-z]{5,}", text)
            for i in range(1, len(match[0]) - 2)
        ]
        if not inner:
            break
        i = inner[int(rng.integers(len(inner)))]
        kind = int(rng.integers(4))
        if kind == 0:
            text = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
        elif kind == 1:
            text = text[:i] + text[i + 1 :]
        elif kind == 2:
            text = text[:i] + text[i] + text[i:]
        else:
            text = text[:i] + chr(ord("a") + int(rng.integers(26))) + text[i + 1 :]
    return text
