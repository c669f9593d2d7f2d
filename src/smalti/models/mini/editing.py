"""Editing a layout: what an instruction says, carried out on what the source shows.

The reader says what shall change and the seer what is there and where; together they make the
layout of the new picture, with the boxes of tiles on which the source is not kept.
"""

from __future__ import annotations

from smalti.models.mini.layout import (
    FIELDS,
    INDEX,
    PLACED,
    UNSAID,
    Box,
    Layout,
    footprint,
    place_fields,
    place_value,
)

NONE = 1
"""The value "none" of a thing's field."""


def changes(before: Layout, after: Layout) -> tuple[Box, ...]:
    """Boxes on which a thing of one layout is not, or not so, in the other."""
    found: list[Box] = []
    for thing in PLACED:
        looks_same = _look(before, thing) == _look(after, thing)
        old, new = before.boxes(thing), after.boxes(thing)
        for box in (*old, *new):
            if not (looks_same and box in old and box in new) and box not in found:
                found.append(box)
    return tuple(found)


def _look(layout: Layout, thing: str) -> tuple[int | str, ...]:
    """What of a thing can be seen apart from its place."""
    value = layout.values[INDEX[thing]]
    if thing == "house":
        return value, layout.values[INDEX["roof"]]
    return (value, layout.word) if thing == "sign" else (value,)


def carried_out(said: Layout, seen: Layout, columns: int) -> Layout:
    """The layout after an edit of a picture with so many columns of tiles.

    said: what the instruction changes, the rest unsaid. seen: what the source shows, unsaid where
    that could not be told. A thing that is there keeps its place when it is changed.
    """
    values = [new or old for new, old in zip(said.values, seen.values, strict=True)]
    for thing in PLACED:
        value = said.values[INDEX[thing]]
        names = place_fields(thing)
        if value == NONE:
            _set(values, names, ())
        elif thing == "sign" and value:
            _set(values, names, _board(said, seen, columns))
        elif value and thing == "tree" and seen.places(thing) and said.places(thing):
            values[INDEX["tree"]] = seen.values[INDEX["tree"]]
            free = [place for place in said.places(thing) if _is_free(place, thing, seen)]
            _set(values, names, (*seen.places(thing), *free[:1])[: len(names)])
        elif seen.places(thing):
            _set(values, names, seen.places(thing))
    if said.values[INDEX["house"]] == NONE:
        values[INDEX["roof"]] = NONE
    _follow_the_hour(values, said, seen)
    word = said.word if said.values[INDEX["sign"]] else seen.word
    after = Layout(tuple(values), word)
    return Layout(after.values, after.word, changes(seen, after))


def _board(said: Layout, seen: Layout, columns: int) -> tuple[tuple[int, int], ...]:
    """The place of a new word: where the board is, or as far left of it as the word needs."""
    there = seen.place("sign_place")
    if there is None:
        return said.places("sign")
    return ((there[0], max(0, min(there[1], columns - footprint("sign", said.letters)[1]))),)


def _follow_the_hour(values: list[int], said: Layout, seen: Layout) -> None:
    """Night brings the moon for the sun and day the sun for the moon, where there is one."""
    time, body = said.choice("time"), seen.choice("sky_body")
    if time is None or body is None or said.places("sky_body"):
        return
    names = FIELDS[INDEX["sky_body"]].values
    if body == "none":
        values[INDEX["sky_body"]] = NONE
    elif said.choice("sky_body") != "none":
        values[INDEX["sky_body"]] = 1 + names.index("moon" if time == "night" else "sun")


def _set(values: list[int], names: tuple[str, ...], places: tuple[tuple[int, int], ...]) -> None:
    """Write the places into their fields, and "unsaid" into those that are left over."""
    for i, name in enumerate(names):
        values[INDEX[name]] = place_value(places[i]) if i < len(places) else UNSAID


def _is_free(place: tuple[int, int], thing: str, seen: Layout) -> bool:
    high, wide = footprint(thing)
    return not any(
        place[0] < row + h and row < place[0] + high and place[1] < column + w
        and column < place[1] + wide
        for row, column, h, w in seen.boxes(thing)
    )  # fmt: skip
