"""The word of a sign: what a user put between quotes, reduced to the letters we can draw."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from smalti.models.mini.layout import GLYPHS, WORD_MAX

_DOUBLE = '"“”„‟«»＂「」『』'
_SINGLE = "'‘’‚‛‹›`´"
_QUOTED = re.compile(
    rf"[{_DOUBLE}](?P<double>[^{_DOUBLE}]*)[{_DOUBLE}]"
    # NOTE: an apostrophe has a letter before it, or closes with a letter behind it.
    rf"|(?<!\w)[{_SINGLE}](?P<single>\S.*?)[{_SINGLE}](?!\w)"
)
_SIGN = r"(?:sign|signs|signpost|signboard|board|placard|billboard|plate|banner)"
_SAYS = (
    r"(?:says?|said|saying|reads?|reading|spells?|spelling|labell?ed|named|called"
    r"|with the (?:word|text|letters?|name))"
)
_BARE = re.compile(
    rf"\b{_SIGN}\b[^.;\n]{{0,40}}?\b{_SAYS}\b\s*:?\s*(?:the (?:word|text|letters?|name)\s+)?"
    rf"[{_DOUBLE}{_SINGLE}]?(?P<word>[^\s{_DOUBLE}]+)",
    re.IGNORECASE,
)
_CUE = re.compile(rf"\b(?:{_SIGN}|{_SAYS}|words?|text|letters?|write|written)\b", re.IGNORECASE)
_CUE_REACH = 30
"""Characters before a quotation in which a word such as "sign" marks it as the one meant."""


def quoted_word(text: str) -> str | None:
    """The word that a prompt wants on its sign, in `GLYPHS`, at most `WORD_MAX` long.

    Quotations win over `sign that says OPEN`; of several quotations the first one that follows
    a word such as "sign" or "says" is meant, else the first one. None where nothing remains.
    """
    quotations = [(start, word) for start, quote in _quotations(text) if (word := drawable(quote))]
    for start, word in quotations:
        if _CUE.search(text[max(0, start - _CUE_REACH) : start]):
            return word
    if quotations:
        return quotations[0][1]
    bare = _BARE.search(text)
    return (drawable(bare["word"].rstrip(".,;:")) or None) if bare else None


def drawable(text: str) -> str:
    """Upper case without accents, reduced to `GLYPHS`, cut at `WORD_MAX`; perhaps empty."""
    plain = unicodedata.normalize("NFKD", text.upper()).upper()
    return "".join(letter for letter in plain if letter in GLYPHS)[:WORD_MAX]


def _quotations(text: str) -> Iterator[tuple[int, str]]:
    for match in _QUOTED.finditer(text):
        yield match.start(), match["double"] if match["double"] is not None else match["single"]
