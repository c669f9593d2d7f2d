"""A scene of the procedural world, and how to draw one at random.

Everything stands on whole tiles (16 px): horizons, footprints and letters start at tile borders.
Each part of a scene takes its randomness from a stream of its own (`Scene.stream`), so that two
styles of one scene, or a scene and its edit, agree in every place: paired data for nothing.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from smalti.models.mini.layout import (
    FIELDS,
    GLYPHS,
    INDEX,
    SEA_ROWS,
    WORD_MAX,
    Layout,
    bottom_rows,
    footprint,
)

TILE_PX = 16
Place = tuple[int, int]
"""(row, column) of the top-left tile of a footprint."""

THINGS = ("house", "tree", "figure", "animal", "sign")
"""What stands on the ground, in the order in which it finds its place."""


@dataclass(frozen=True)
class Scene:
    """One picture's content. Sizes in tiles; names are those of `layout.FIELDS`."""

    rows: int
    columns: int
    seed: int
    style: str
    time: str
    weather: str
    ground: str
    background: str
    horizon: int
    sky_body: str = "none"
    sky_place: Place | None = None
    tree: str = "none"
    tree_places: tuple[Place, ...] = ()
    house: str = "none"
    roof: str = "none"
    house_place: Place | None = None
    boat: str = "none"
    boat_place: Place | None = None
    animal: str = "none"
    animal_place: Place | None = None
    figure: str = "none"
    figure_place: Place | None = None
    word: str = ""
    sign_place: Place | None = None

    @property
    def ground_row(self) -> int:
        """First tile row of the ground; the sea lies between it and the horizon."""
        return self.horizon + (SEA_ROWS if self.background == "sea" else 0)

    def stream(self, part: str) -> np.random.Generator:
        """The random stream of one part, the same in every style of the scene."""
        return np.random.default_rng((self.seed, zlib.crc32(part.encode())))

    def footprints(self) -> list[tuple[str, Place, tuple[int, int]]]:
        """(thing, place, (rows, columns)) of all that stands on the ground."""
        found: list[tuple[str, Place, tuple[int, int]]] = []
        for thing in THINGS:
            for place in self.places(thing):
                found.append((thing, place, footprint(thing, len(self.word))))
        return found

    def places(self, thing: str) -> tuple[Place, ...]:
        if thing == "tree":
            return self.tree_places
        place: Place | None = getattr(self, f"{thing}_place")
        return () if place is None else (place,)


def scene_layout(scene: Scene) -> Layout:
    """The full layout of a scene."""
    choices: dict[str, str | Place] = {
        name: getattr(scene, name)
        for name in ("style", "time", "weather", "ground", "background", "sky_body", "tree",
                     "house", "roof", "boat", "animal", "figure")
    }  # fmt: skip
    choices["horizon"] = str(scene.horizon)
    choices["sign"] = str(len(scene.word)) if scene.word else "none"
    for i, place in enumerate(scene.tree_places, start=1):
        choices[f"tree_place_{i}"] = place
    for name in ("sky", "house", "boat", "animal", "figure", "sign"):
        place = getattr(scene, f"{name}_place")
        if place is not None:
            choices[f"{name}_place"] = place
    return Layout.of(scene.word, **choices)


def values_of(name: str) -> tuple[str, ...]:
    """The values of a choice field."""
    return FIELDS[INDEX[name]].values


def sample_scene(
    rng: np.random.Generator, rows: int = 16, columns: int = 16, style: str | None = None
) -> Scene:
    """Draw a balanced scene: every value of every field takes part in at least one in seven."""
    background = pick(rng, values_of("background"), (0.14, 0.17, 0.19, 0.17, 0.33))
    time = pick(rng, values_of("time"))
    sea = background == "sea"
    horizon = round(0.45 * rows) + int(rng.integers(-1, 2)) - sea
    scene = Scene(
        rows=rows,
        columns=columns,
        seed=int(rng.integers(2**31)),
        style=style or pick(rng, values_of("style")),
        time=time,
        weather=pick(rng, values_of("weather"), (0.31, 0.25, 0.22, 0.22)),
        ground=pick(rng, values_of("ground")),
        background=background,
        horizon=horizon,
    )
    if rng.random() < 0.6:
        scene = with_thing(scene, "sky_body", "moon" if time == "night" else "sun", rng)
    if sea and rng.random() < 0.65:
        scene = with_thing(scene, "boat", pick(rng, values_of("boat")[1:]), rng)
    for thing, chance in (("house", 0.6), ("sign", 0.55), ("tree", 0.72), ("figure", 0.5),
                          ("animal", 0.6)):  # fmt: skip
        if rng.random() < chance:
            value = sample_word(rng) if thing == "sign" else pick(rng, values_of(thing)[1:])
            scene = with_thing(scene, thing, value, rng)
    return scene


def with_thing(scene: Scene, thing: str, value: str, rng: np.random.Generator) -> Scene:
    """The scene with a thing added where there is room; the same scene where there is none."""
    if thing == "sign":
        scene_with = replace(scene, word=value)
        place = free_place(scene_with, thing, rng)
        return scene if place is None else replace(scene_with, sign_place=place)
    if thing == "tree":
        placed = replace(scene, tree=value)
        for _ in range(int(rng.integers(1, 4))):
            place = free_place(placed, "tree", rng)
            if place is not None:
                trees = tuple(sorted((*placed.tree_places, place), key=lambda p: (p[1], p[0])))
                placed = replace(placed, tree_places=trees)
        return placed if placed.tree_places else scene
    place = free_place(scene, thing, rng)
    if place is None:
        return scene
    key = "sky_place" if thing == "sky_body" else f"{thing}_place"
    named: dict[str, Any] = {thing: value, key: place}
    scene = replace(scene, **named)
    if thing == "house":
        scene = replace(scene, roof=pick(rng, values_of("roof")[1:]))
    return scene


def free_place(scene: Scene, thing: str, rng: np.random.Generator) -> Place | None:
    """A place whose footprint overlaps no other, or None after a number of tries."""
    high, wide = footprint(thing, len(scene.word))
    bottoms = bottom_rows(thing, scene.horizon, scene.background == "sea", scene.rows)
    taken = scene.footprints() if thing in THINGS else []
    for _ in range(24):
        bottom = int(rng.integers(bottoms[0], bottoms[1] + 1))
        place = (bottom - high + 1, int(rng.integers(0, scene.columns - wide + 1)))
        if not any(_overlap(place, (high, wide), other, size) for _, other, size in taken):
            return place
    return None


def _overlap(a: Place, a_size: Place, b: Place, b_size: Place) -> bool:
    return all(a[i] < b[i] + b_size[i] and b[i] < a[i] + a_size[i] for i in (0, 1))


WORDS = (
    "CAFE BAR INN HOTEL OPEN SHOP PARK FARM ZOO TEA MILK BREAD HOME LOVE STOP EXIT TAXI BOOKS "
    "ART FISH WINE PIZZA HELLO MOON SUN SEA SKY FOX CAT HOPE PEACE DREAM SMALTI TILE BEACH PORT "
    "DOCK FERRY LAKE HILL WOOD SNOW RAIN KIOSK SALE FREE NEW BANK POST BUS TRAM YES NO GO WOW"
).split()


def sample_word(rng: np.random.Generator) -> str:
    """Half of the words are real, half are random letters, so that any word can be drawn."""
    if rng.random() < 0.4:
        return str(rng.choice(WORDS))
    length = int(rng.integers(2, WORD_MAX + 1))
    return "".join(GLYPHS[int(i)] for i in rng.integers(0, len(GLYPHS), length))


def pick(
    rng: np.random.Generator, values: tuple[str, ...], weights: tuple[float, ...] | None = None
) -> str:
    return str(rng.choice(values, p=weights))
