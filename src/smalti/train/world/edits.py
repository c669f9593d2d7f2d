"""Edits: a scene before and after, and the instruction that leads from one to the other.

The layout of an edit is a *delta*: it says what changes and leaves all else unsaid. What is added
has its place said; what is removed is "none". Night brings the moon for the sun, and the end of
the night the sun for the moon: the one consequence that an instruction does not spell out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from smalti.models.mini.layout import STYLES, Layout, footprint
from smalti.train.world.captions import without_thing
from smalti.train.world.edit_phrases import (
    HELD_OUT_EDITS,
    THERE,
    TRAINING_EDITS,
    TREE_NAMES,
    EditPhrases,
)
from smalti.train.world.handwriting import SLOT, one, scrawl
from smalti.train.world.held_out import HELD_OUT
from smalti.train.world.nouns import noun
from smalti.train.world.phrases import TRAINING
from smalti.train.world.scene import (
    Place,
    Scene,
    free_place,
    sample_word,
    values_of,
    with_thing,
)

TREES_MAX = 3
_ADDABLE = ("house", "sign", "tree", "figure", "animal", "boat", "sky_body")
_NO_VERB = ("a ", "an ", "as ", "in ", "like ", "with ", "without ", "i want ", "i would ")
"""Instructions that no frame such as "can you {x}" can surround."""


@dataclass(frozen=True)
class Edit:
    """`field` is the layout field that the instruction is about; `layout` is the delta."""

    before: Scene
    after: Scene
    instruction: str
    layout: Layout
    field: str


@dataclass(frozen=True)
class _Change:
    """An edit in the making: `text` still holds `SLOT` for a sign's word."""

    after: Scene
    text: str
    field: str
    said: tuple[str, ...]
    bare: bool = False


_Kind = Callable[[Scene, EditPhrases, np.random.Generator], _Change | None]
"""One way to change a scene; None where the scene offers no such change."""


def sample_edit(scene: Scene, rng: np.random.Generator, held_out: bool = False) -> Edit:
    """Draw one edit that fits the scene; `held_out` uses phrases that training never has."""
    words = HELD_OUT_EDITS if held_out else TRAINING_EDITS
    while True:
        change = _KINDS[int(rng.integers(len(_KINDS)))](scene, words, rng)
        if change is not None and change.after != scene:
            break
    frames = words.frames[:1] if change.text.startswith(_NO_VERB) else words.frames
    text = one(rng, frames).replace("{x}", change.text)
    instruction = scrawl(text, change.after.word, rng, change.bare)
    return Edit(scene, change.after, instruction, _delta(change), change.field)


def style_instruction(style: str, rng: np.random.Generator, held_out: bool = False) -> str:
    """How a user asks for another style: "in the style of a mosaic"."""
    words = HELD_OUT_EDITS if held_out else TRAINING_EDITS
    return scrawl(_style_text(style, words, rng), "", rng)


def _delta(change: _Change) -> Layout:
    after = change.after
    choices: dict[str, str | Place] = {}
    for name in change.said:
        if name.startswith("tree_place"):
            for i, place in enumerate(after.tree_places, start=1):
                choices[f"tree_place_{i}"] = place
        elif name == "sign":
            choices[name] = str(len(after.word)) if after.word else "none"
        else:
            choices[name] = getattr(after, name)
    return Layout.of(after.word if "sign" in change.said else "", **choices)


def _style_text(style: str, words: EditPhrases, rng: np.random.Generator) -> str:
    return one(rng, words.style).replace("{s}", one(rng, words.style_names[style]))


def _style(scene: Scene, words: EditPhrases, rng: np.random.Generator) -> _Change:
    style = _other(STYLES, scene.style, rng)
    return _Change(replace(scene, style=style), _style_text(style, words, rng), "style", ("style",))


def _time(scene: Scene, words: EditPhrases, rng: np.random.Generator) -> _Change:
    time = _other(values_of("time"), scene.time, rng)
    after = replace(scene, time=time)
    said: tuple[str, ...] = ("time",)
    body = "moon" if time == "night" else "sun"
    if scene.sky_body not in ("none", body):
        after, said = replace(after, sky_body=body), ("time", "sky_body")
    return _Change(after, one(rng, words.change["time"][time]), "time", said)


def _setting(name: str) -> _Kind:
    """Changes of weather, ground or background; the sea comes and goes with no instruction."""

    def change(scene: Scene, words: EditPhrases, rng: np.random.Generator) -> _Change | None:
        if getattr(scene, name) == "sea":
            return None
        value = _other(tuple(words.change[name]), getattr(scene, name), rng)
        text = one(rng, words.change[name][value])
        return _Change(_with(scene, name, value), text, name, (name,))

    return change


def _recolour(name: str) -> _Kind:
    def change(scene: Scene, words: EditPhrases, rng: np.random.Generator) -> _Change | None:
        if getattr(scene, name) == "none":
            return None
        value = _other(values_of(name)[1:], getattr(scene, name), rng)
        colours = (HELD_OUT if words is HELD_OUT_EDITS else TRAINING).colours[value]
        text = one(rng, words.recolour[name]).replace("{c}", one(rng, colours))
        return _Change(_with(scene, name, value), text, name, (name,))

    return change


def _turn(name: str) -> _Kind:
    """Another animal, boat or kind of tree, where the old one stands."""

    def change(scene: Scene, words: EditPhrases, rng: np.random.Generator) -> _Change | None:
        old = getattr(scene, name)
        if old == "none":
            return None
        after = _with(scene, name, _other(values_of(name)[1:], old, rng))
        if name == "tree":
            many = len(scene.tree_places) > 1
            new = one(rng, TREE_NAMES[after.tree][many])
            new = new if many else f"a {new}"
            there = one(rng, TREE_NAMES[old][many]) if rng.random() < 0.3 else None
            there = f"the {there}" if there else one(rng, THERE["trees" if many else "tree"])
        else:
            phrases = HELD_OUT if words is HELD_OUT_EDITS else TRAINING
            new, there = noun(after, name, phrases, rng).text, one(rng, THERE[old])
        text = one(rng, words.turn).replace("{t}", there).replace("{o}", new)
        return _Change(after, text, name, (name,))

    return change


def _reword(scene: Scene, words: EditPhrases, rng: np.random.Generator) -> _Change | None:
    """Another word where the board has room for it."""
    if scene.sign_place is None:
        return None
    unsigned = without_thing(scene, "sign")
    after = replace(scene, word=sample_word(rng))
    if not _fits(unsigned, scene.sign_place, footprint("sign", len(after.word))):
        return None
    bare = rng.random() < 0.12
    text = one(rng, words.reword_bare if bare else words.reword).replace("{w}", SLOT)
    return _Change(after, text, "sign", ("sign", "sign_place"), bare)


def _add(scene: Scene, words: EditPhrases, rng: np.random.Generator) -> _Change | None:
    thing = _ADDABLE[int(rng.integers(len(_ADDABLE)))]
    if thing == "tree" and scene.tree != "none":
        return _another_tree(scene, words, rng)
    if _is_there(scene, thing) or (thing == "boat" and scene.background != "sea"):
        return None
    if thing == "sky_body":
        body = "moon" if scene.time == "night" else "sun"
        after = with_thing(scene, thing, body, rng)
        return _Change(after, one(rng, words.add_sky[body]), thing, (thing, "sky_place"))
    value = sample_word(rng) if thing == "sign" else _other(values_of(thing), "none", rng)
    after = with_thing(scene, thing, value, rng)
    if after == scene:
        return None
    phrases = HELD_OUT if words is HELD_OUT_EDITS else TRAINING
    text = one(rng, words.add).replace("{x}", noun(after, thing, phrases, rng, vague=0.0).text)
    place = "tree_place" if thing == "tree" else f"{thing}_place"
    said = (thing, "roof", place) if thing == "house" else (thing, place)
    return _Change(after, text, thing, said)


def _another_tree(scene: Scene, words: EditPhrases, rng: np.random.Generator) -> _Change | None:
    place = free_place(scene, "tree", rng)
    if place is None or len(scene.tree_places) == TREES_MAX:
        return None
    trees = tuple(sorted((*scene.tree_places, place), key=lambda p: (p[1], p[0])))
    kind = one(rng, TREE_NAMES[scene.tree][0]) if rng.random() < 0.7 else "tree"
    text = one(rng, words.another_tree).replace("{o}", kind)
    return _Change(replace(scene, tree_places=trees), text, "tree", ("tree", "tree_place"))


def _remove(scene: Scene, words: EditPhrases, rng: np.random.Generator) -> _Change | None:
    thing = _ADDABLE[int(rng.integers(len(_ADDABLE)))]
    if not _is_there(scene, thing):
        return None
    key = thing
    if thing in ("boat", "animal", "sky_body"):
        key = getattr(scene, thing)
    elif thing == "tree" and len(scene.tree_places) > 1:
        key = "trees"
    text = one(rng, words.remove).replace("{t}", one(rng, THERE[key]))
    said = ("house", "roof") if thing == "house" else (thing,)
    return _Change(without_thing(scene, thing), text, thing, said)


_KINDS: tuple[_Kind, ...] = (
    _style, _time, _time, _setting("weather"), _setting("weather"), _setting("ground"),
    _setting("background"), _recolour("house"), _recolour("roof"), _recolour("figure"),
    _turn("animal"), _turn("tree"), _turn("boat"), _reword, _reword, _add, _add, _add,
    _add, _add, _remove, _remove, _remove,
)  # fmt: skip


def _with(scene: Scene, name: str, value: str) -> Scene:
    changed: dict[str, Any] = {name: value}
    return replace(scene, **changed)


def _is_there(scene: Scene, thing: str) -> bool:
    return bool(scene.word) if thing == "sign" else getattr(scene, thing) != "none"


def _other(values: tuple[str, ...], than: str, rng: np.random.Generator) -> str:
    others = [value for value in values if value != than]
    return others[int(rng.integers(len(others)))]


def _fits(scene: Scene, place: Place, size: tuple[int, int]) -> bool:
    if place[1] + size[1] > scene.columns:
        return False
    return not any(
        all(place[i] < there[i] + there_size[i] and there[i] < place[i] + size[i] for i in (0, 1))
        for _, there, there_size in scene.footprints()
    )
