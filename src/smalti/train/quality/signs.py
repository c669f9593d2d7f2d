"""Reading signs back: by Tesseract, and by comparing each letter's cell with the drawn glyphs.

Both look at the board that a layout says is there. Tesseract (https://github.com/tesseract-ocr)
is a judge from outside; the matcher knows the letters' shapes and places and nothing else.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from smalti.models.mini.layout import GLYPHS
from smalti.models.tile_model import Rgb
from smalti.train.world.paint.sign import glyph
from smalti.train.world.scene import TILE_PX, Place

REMEDY = (
    "Tesseract is not installed, so signs are read by the matcher: apt-get install tesseract-ocr."
)
UNREAD = "."
"""Stands for a cell that looks like no letter."""
LEAST_LIKENESS = 0.5
_REACH_PX = 1
_FACE = slice(3, 29)
"""Rows of a letter's cell that are board, without its edges."""
_ENLARGED = 2
_MARGIN_PX = 16
_ALIKE = str.maketrans("OQI!Z?S", "0011225")

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sign:
    """A picture, and where on it the board of a word is said to stand."""

    picture: Rgb
    place: Place
    letters: int


def sign_at(picture: Rgb, place: Place | None, word: str) -> Sign | None:
    """The sign for a word, or None where no place or no word is known."""
    return None if place is None or not word else Sign(picture, place, len(word))


def match_word(sign: Sign) -> str:
    """The letter that each cell resembles most, by normalised correlation; `UNREAD` where none."""
    grey = cv2.cvtColor(sign.picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = np.pad(grey, _REACH_PX, mode="edge")
    top, left = sign.place[0] * TILE_PX + _FACE.start, (sign.place[1] + 1) * TILE_PX
    word = ""
    for i in range(sign.letters):
        best = max(
            (_likeness(_window(grey, top + dy, left + i * TILE_PX + dx)) for dy, dx in _SHIFTS),
            key=lambda likeness: float(likeness.max()),
        )
        word += GLYPHS[int(best.argmax())] if best.max() >= LEAST_LIKENESS else UNREAD
    return word


_SHIFTS = tuple(product(range(2 * _REACH_PX + 1), repeat=2))


def _window(grey: Floats, top: int, left: int) -> Floats:
    """A letter's part of a bordered picture, padded where it reaches over the edge."""
    window = np.zeros((_FACE.stop - _FACE.start, TILE_PX), dtype=np.float32)
    part = grey[top : top + window.shape[0], left : left + TILE_PX]
    window[: part.shape[0], : part.shape[1]] = part
    return window


def _likeness(window: Floats) -> Floats:
    """Normalised correlation of a window with each of `GLYPHS`."""
    flat = window.ravel() - window.mean()
    return np.asarray(_templates() @ (flat / (np.linalg.norm(flat) + 1e-3)), dtype=np.float32)


@cache
def _templates() -> Floats:
    """Dark letters on a light board, of mean 0 and length 1: [GLYPHS, pixels]."""
    cells = np.stack([-glyph(letter)[_FACE].ravel() for letter in GLYPHS])
    cells -= cells.mean(axis=1, keepdims=True)
    return np.asarray(cells / np.linalg.norm(cells, axis=1, keepdims=True), dtype=np.float32)


def has_tesseract() -> bool:
    return shutil.which("tesseract") is not None


def tesseract_words(signs: Sequence[Sign]) -> list[str]:
    """What Tesseract reads on each board, all in one call."""
    if not signs:
        return []
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{i}.png") for i in range(len(signs))]
        for file, sign in zip(files, signs, strict=True):
            cv2.imwrite(str(file), _for_tesseract(sign))
        pages = Path(folder, "pages.txt")
        pages.write_text("\n".join(map(str, files)))
        read = subprocess.run(
            ["tesseract", str(pages), "stdout", "--psm", "7", "--dpi", "200",
             "-c", f"tessedit_char_whitelist={GLYPHS}",
             "-c", "load_system_dawg=0", "-c", "load_freq_dawg=0"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    texts = read.stdout.split("\f")[: len(signs)]
    return ["".join(text.split()) for text in texts]


def same_looking(word: str, other: str) -> bool:
    """Whether words are the same but for look-alikes: 0 O Q, 1 I !, 2 Z ?, 5 S."""
    return word.translate(_ALIKE) == other.translate(_ALIKE)


def _for_tesseract(sign: Sign) -> NDArray[np.uint8]:
    """The letters in grey, enlarged, with a margin of board around them."""
    top, left = sign.place[0] * TILE_PX, (sign.place[1] + 1) * TILE_PX
    letters = sign.picture[top : top + 2 * TILE_PX, left : left + sign.letters * TILE_PX][_FACE]
    grey = cv2.cvtColor(letters, cv2.COLOR_RGB2GRAY)
    large = cv2.resize(grey, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC)
    board = int(np.percentile(large, 80))
    framed = np.pad(large, _MARGIN_PX, constant_values=board)
    return np.asarray(framed, dtype=np.uint8)
