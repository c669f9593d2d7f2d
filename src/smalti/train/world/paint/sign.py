"""Signs: a board on two posts, one letter a tile column, crisp in every style and at every hour."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from smalti.train.world.paint.palette import Bytes, Floats, colour, floats, mix
from smalti.train.world.scene import TILE_PX

GLYPH_PX = (24, 13)
"""Height and width of a drawn letter, inside its cell of 32 x 16 px."""
_BOARD_PX = 2 * TILE_PX
_LETTER = (38, 26, 30)
_SHARP = 4
"""Samples a pixel, each way, at which a letter is drawn before it is brought to size."""


@cache
def glyph(letter: str) -> Floats:
    """Coverage [32, 16] of a bold letter in the middle of its cell."""
    font = ImageFont.load_default(30 * _SHARP)
    canvas = Image.new("L", (48 * _SHARP, 48 * _SHARP))
    ImageDraw.Draw(canvas).text((8 * _SHARP, 0), letter, fill=255, font=font, stroke_width=_SHARP)
    whole = np.array(canvas)
    x, y, w, h = cv2.boundingRect(whole)
    if letter == "0":
        cv2.line(whole, (x + w * 5 // 8, y + h * 3 // 8), (x + w * 3 // 8, y + h * 5 // 8), 255, 12)
    high, wide = GLYPH_PX
    wide = min(wide, max(5, round(wide * w / h * 1.3)))
    small = cv2.resize(whole[y : y + h, x : x + w], (wide, high), interpolation=cv2.INTER_AREA)
    cell = np.zeros((_BOARD_PX, TILE_PX), dtype=np.float32)
    top, left = (_BOARD_PX - high) // 2, (TILE_PX - wide) // 2
    cell[top : top + high, left : left + wide] = small / np.float32(255)
    return np.asarray(np.clip(cell * 1.15, 0, 1), dtype=np.float32)


def draw_sign(picture: Bytes, word: str, row: int, column: int, style: str, time: str) -> None:
    """Draw the sign of a word whose footprint has its top-left tile at (row, column)."""
    top, left = row * TILE_PX, column * TILE_PX
    width = (len(word) + 2) * TILE_PX
    post = mix(colour("post", style, time), floats((30, 20, 20)), 0.25).astype(np.uint8)
    for x in (left + TILE_PX + 5, left + width - TILE_PX - 11):
        picture[top + _BOARD_PX - 2 : top + 3 * TILE_PX - 2, x : x + 6] = post
        picture[top + _BOARD_PX - 2 : top + 3 * TILE_PX - 2, x + 4 : x + 6] = post // 4 * 3
    board = mix(colour("board", style, time), floats((250, 228, 184)), 0.45)
    face = np.empty((_BOARD_PX - 2, width - TILE_PX, 3), dtype=np.float32)
    face[...] = board * np.float32(0.52)
    face[2:-2, 2:-2] = board
    face[2:3, 2:-2] = mix(board, floats((255, 255, 255)), 0.4)
    face[-4:-2, 2:-2] = board * np.float32(0.84)
    for i, letter in enumerate(word):
        x = TILE_PX // 2 + i * TILE_PX
        cell = face[:, x : x + TILE_PX]
        cover = glyph(letter)[1:-1, :, None]
        cell += (floats(_LETTER) - cell) * cover
    target = picture[top + 1 : top + _BOARD_PX - 1, left + 8 : left + width - 8]
    target[...] = face[: target.shape[0], : target.shape[1]]
