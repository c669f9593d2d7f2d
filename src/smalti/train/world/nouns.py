"""Noun phrases for what stands in a scene, shared by captions and edit instructions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from smalti.models.mini.layout import footprint
from smalti.train.world.handwriting import SLOT, one
from smalti.train.world.phrases import Phrases
from smalti.train.world.scene import Scene


class Said(NamedTuple):
    """A piece of text and the layout fields whose value it states."""

    text: str
    fields: frozenset[str]


def noun(
    scene: Scene, thing: str, words: Phrases, rng: np.random.Generator, vague: float = 0.06
) -> Said:
    """A phrase for a thing that is present: "a blue house with a green roof".

    `vague` is the chance of leaving out what tells its kind ("two trees").
    """
    if thing == "house":
        return _house(scene, words, rng)
    if thing == "tree":
        count = len(scene.tree_places)
        if rng.random() < vague:
            return Said(one(rng, words.trees["any"][count]), frozenset())
        return Said(one(rng, words.trees[scene.tree][count]), frozenset({"tree"}))
    if thing == "sign":
        return Said(one(rng, words.sign).replace("{w}", SLOT), frozenset({"sign"}))
    if thing == "figure":
        colour = one(rng, words.colours[scene.figure])
        return Said(one(rng, words.figure).replace("{c}", colour), frozenset({"figure"}))
    options = words.boat[scene.boat] if thing == "boat" else words.animal[scene.animal]
    return Said(one(rng, options), frozenset({thing}))


def side(scene: Scene, thing: str, words: Phrases, rng: np.random.Generator) -> str:
    """Where a thing stands, roughly: "on the left"; empty where it is neither here nor there."""
    places = scene.places(thing)
    if len(places) != 1:
        return ""
    wide = footprint(thing, len(scene.word))[1]
    centre = (places[0][1] + wide / 2) / scene.columns
    if centre < 0.36:
        return one(rng, words.sides["left"])
    if centre > 0.64:
        return one(rng, words.sides["right"])
    return one(rng, words.sides["middle"]) if abs(centre - 0.5) < 0.09 else ""


def _house(scene: Scene, words: Phrases, rng: np.random.Generator) -> Said:
    colour = one(rng, words.colours[scene.house])
    if rng.random() < 0.3:
        return Said(one(rng, words.house_only).replace("{c}", colour), frozenset({"house"}))
    text = one(rng, words.house).replace("{c}", colour)
    return Said(
        text.replace("{r}", one(rng, words.colours[scene.roof])), frozenset({"house", "roof"})
    )
