"""The layout: what stands where, written before the first tile is drawn.

smalti-mini reads a prompt into a `Layout` (a short, fixed list of fields) and then draws tiles
from it. The drawer sees a layout twice: as a prefix of tokens, one per field, and as *aligned
maps*, integer ids laid on the cells at which a thing or a letter must stand.

In a text → picture request every field is known. In an edit a layout says what the new picture
shall show, as far as the source's own layout could be read (`seeing`), and names the boxes of tiles
on which something changes; the value 0 ("unsaid") means "keep what the source picture shows".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNSAID = 0
PLACE_SIDE = 21
"""Largest number of tile rows or columns of a grid."""
PLACES = PLACE_SIDE * PLACE_SIDE
SEA_ROWS = 3
"""Rows of sea between the horizon and the ground."""

GLYPHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!?"
"""Characters a sign can carry; each fills a cell one tile wide and two tiles high."""
WORD_MAX = 6

STYLES = ("photo", "pastel", "mosaic", "ink", "poster")


@dataclass(frozen=True)
class Field:
    """One field of a layout: a named choice, or a place (the top-left tile of a footprint)."""

    name: str
    values: tuple[str, ...] = ()

    @property
    def is_place(self) -> bool:
        return not self.values

    @property
    def size(self) -> int:
        """Number of values, `UNSAID` included."""
        return 1 + (PLACES if self.is_place else len(self.values))


FIELDS = (
    Field("style", STYLES),
    Field("time", ("dawn", "day", "sunset", "night")),
    Field("weather", ("clear", "cloudy", "rain", "snow")),
    Field("ground", ("grass", "sand", "snow", "wheat")),
    Field("background", ("plain", "hills", "mountains", "forest", "sea")),
    Field("horizon", tuple(str(row) for row in range(PLACE_SIDE))),
    Field("sky_body", ("none", "sun", "moon")),
    Field("sky_place"),
    Field("tree", ("none", "round", "pine", "blossom")),
    Field("tree_place_1"),
    Field("tree_place_2"),
    Field("tree_place_3"),
    Field("house", ("none", "red", "blue", "yellow", "white")),
    Field("roof", ("none", "brown", "grey", "green")),
    Field("house_place"),
    Field("boat", ("none", "sailboat", "steamboat")),
    Field("boat_place"),
    Field("animal", ("none", "cat", "sheep", "fox")),
    Field("animal_place"),
    Field("figure", ("none", "red", "blue", "yellow")),
    Field("figure_place"),
    Field("sign", ("none", *(str(n) for n in range(1, WORD_MAX + 1)))),
    Field("sign_place"),
)
"""`house`, `roof` and `figure` (its coat) name colours; `sign` is the number of letters."""

INDEX = {field.name: i for i, field in enumerate(FIELDS)}

FOOTPRINTS = {
    "sky_body": (2, 2),
    "tree": (4, 3),
    "house": (4, 4),
    "boat": (3, 3),
    "animal": (2, 3),
    "figure": (3, 2),
}
"""(rows, columns) of tiles that a thing covers; a sign covers (3, letters + 2)."""


def footprint(name: str, letters: int = 0) -> tuple[int, int]:
    return (3, letters + 2) if name == "sign" else FOOTPRINTS[name]


Box = tuple[int, int, int, int]
"""(row, column, rows, columns) of a rectangle of tiles."""


@dataclass(frozen=True)
class Layout:
    """values: one int per field, 0 = unsaid; word: the sign's letters, at most `WORD_MAX`.

    changed: boxes of tiles of an edit's source that are not kept.
    """

    values: tuple[int, ...]
    word: str = ""
    changed: tuple[Box, ...] = ()

    @classmethod
    def of(cls, word: str = "", **choices: str | tuple[int, int]) -> Layout:
        """Build from names and (row, column) places; what is not named stays unsaid."""
        values = [UNSAID] * len(FIELDS)
        for name, choice in choices.items():
            field = FIELDS[INDEX[name]]
            if isinstance(choice, str):
                values[INDEX[name]] = 1 + field.values.index(choice)
            else:
                values[INDEX[name]] = place_value(choice)
        return cls(tuple(values), word)

    def choice(self, name: str) -> str | None:
        """The named value of a field, or None where it is unsaid."""
        value = self.values[INDEX[name]]
        return None if value == UNSAID else FIELDS[INDEX[name]].values[value - 1]

    def place(self, name: str) -> tuple[int, int] | None:
        """(row, column) of a place field, or None where it is unsaid."""
        value = self.values[INDEX[name]]
        return None if value == UNSAID else divmod(value - 1, PLACE_SIDE)

    def places(self, thing: str) -> tuple[tuple[int, int], ...]:
        """(row, column) of each of a thing that has its place said."""
        return tuple(p for name in place_fields(thing) if (p := self.place(name)) is not None)

    @property
    def letters(self) -> int:
        """Number of letters on the sign, also where they could not be read."""
        return len(self.word) or max(0, self.values[INDEX["sign"]] - 1)

    def boxes(self, thing: str) -> tuple[Box, ...]:
        """The footprints of a thing."""
        high, wide = footprint(thing, self.letters)
        return tuple((row, column, high, wide) for row, column in self.places(thing))

    def to_ints(self) -> tuple[int, ...]:
        """The values, the number of changed boxes and these, then the letters as code points."""
        boxes = [side for box in self.changed for side in box]
        return (*self.values, len(self.changed), *boxes, *map(ord, self.word))

    @classmethod
    def from_ints(cls, ints: tuple[int, ...]) -> Layout:
        """The layout of which `to_ints` made these."""
        values, count, rest = ints[: len(FIELDS)], ints[len(FIELDS)], ints[len(FIELDS) + 1 :]
        boxes = tuple((*rest[4 * i : 4 * i + 4],) for i in range(count))
        return cls(values, "".join(map(chr, rest[4 * count :])), boxes)  # type: ignore[arg-type]


def place_value(place: tuple[int, int]) -> int:
    """The value of a place field that says (row, column)."""
    return 1 + place[0] * PLACE_SIDE + place[1]


def place_fields(thing: str) -> tuple[str, ...]:
    """The fields that hold a thing's places."""
    if thing == "tree":
        return ("tree_place_1", "tree_place_2", "tree_place_3")
    return ({"sky_body": "sky_place", "roof": "house_place"}.get(thing, f"{thing}_place"),)


def bottom_rows(thing: str, horizon: int, sea: bool, rows: int) -> tuple[int, int]:
    """First and last row on which the lowest tiles of a thing can stand."""
    ground, last = horizon + (SEA_ROWS if sea else 0), rows - 1
    return {
        "sky_body": (1, min(4, horizon - 2)),
        "boat": (horizon + 1, horizon + 2),
        "house": (ground + 1, ground + 2),
        "tree": (ground, min(ground + 3, last)),
        "figure": (ground + 1, last - 1),
        "animal": (ground + 2, last - 1),
        "sign": (ground + 2, last - 1),
    }[thing]


# --- tokens of the prefix ---

_OFFSETS: list[int] = []
_size = 1 + PLACES
for _field in FIELDS:
    _OFFSETS.append(0 if _field.is_place else _size)
    _size += 0 if _field.is_place else _field.size
TOKENS = _size
"""Size of the layout vocabulary: all places share one range, each choice has its own."""


def token_ids(layout: Layout) -> list[int]:
    """One id in [0, TOKENS) per field."""
    return [offset + value for offset, value in zip(_OFFSETS, layout.values, strict=True)]


def token_ranges() -> list[tuple[int, int]]:
    """Per field, the [start, stop) of its values in the layout vocabulary."""
    return [(o, o + f.size) for o, f in zip(_OFFSETS, FIELDS, strict=True)]


# --- aligned maps ---

THINGS = ("sky_body", "tree", "house", "roof", "boat", "animal", "figure", "sign")
"""What stands on tiles, in the order of the aligned maps."""
PLACED = tuple(thing for thing in THINGS if thing != "roof")
"""Those with places of their own."""
SIGN_CHANNEL = 1 + THINGS.index("sign")
CHANGED_CHANNEL = SIGN_CHANNEL + 1
CHANNELS = CHANGED_CHANNEL + 1
"""Aligned maps: rows relative to the horizon, the seven things, the sign, what is not kept."""
_BANDS = 2 * PLACE_SIDE
_BASE: dict[str, int] = {}
_size = 1 + _BANDS
for _name in THINGS[:-1]:
    _rows, _columns = FOOTPRINTS["house" if _name == "roof" else _name]
    _BASE[_name] = _size
    _size += (len(FIELDS[INDEX[_name]].values) - 1) * _rows * _columns
_BASE["sign"] = _size
_SIGN_PARTS = 6
_CHANGED = _size + _SIGN_PARTS + 2 * len(GLYPHS)
ALIGNED_IDS = _CHANGED + 1
"""Size of the table of aligned ids; id 0 means nothing here."""


def aligned_maps(layout: Layout, rows: int, columns: int) -> NDArray[np.int16]:
    """Ids per cell: int16 [CHANNELS, rows, columns]. A thing whose place is unsaid leaves none."""
    maps = np.zeros((CHANNELS, rows, columns), dtype=np.int16)
    horizon = layout.choice("horizon")
    if horizon is not None:
        maps[0] = (1 + PLACE_SIDE + np.arange(rows, dtype=np.int16) - int(horizon))[:, None]
    for channel, thing in enumerate(THINGS[:-1], start=1):
        value = layout.values[INDEX[thing]]
        if value <= 1:  # unsaid, or "none"
            continue
        high, wide = FOOTPRINTS["house" if thing == "roof" else thing]
        parts = np.arange(high * wide, dtype=np.int16).reshape(high, wide)
        for place in layout.places(thing):
            _lay(maps[channel], place, _BASE[thing] + (value - 2) * high * wide + parts)
    sign_place = layout.place("sign_place")
    if layout.word and sign_place is not None:
        _lay(maps[SIGN_CHANNEL], sign_place, _sign_ids(layout.word))
    for row, column, high, wide in layout.changed:
        maps[CHANGED_CHANNEL, row : row + high, column : column + wide] = _CHANGED
    return maps


def _sign_ids(word: str) -> NDArray[np.int16]:
    """Ids of a board: two rows of letter halves between margins, then a row with two posts."""
    base = _BASE["sign"]
    ids = np.empty((3, len(word) + 2), dtype=np.int16)
    ids[0, 0], ids[1, 0], ids[0, -1], ids[1, -1] = base, base + 1, base + 2, base + 3
    ids[2] = base + 5
    ids[2, 1] = ids[2, -2] = base + 4
    for i, letter in enumerate(word, start=1):
        glyph = base + _SIGN_PARTS + 2 * GLYPHS.index(letter)
        ids[0, i], ids[1, i] = glyph, glyph + 1
    return ids


def _lay(target: NDArray[np.int16], place: tuple[int, int], ids: NDArray[np.int16]) -> None:
    row, column = place
    rows, columns = target.shape
    if row >= rows or column >= columns:
        return
    view = target[row : row + ids.shape[0], column : column + ids.shape[1]]
    view[...] = ids[: view.shape[0], : view.shape[1]]
