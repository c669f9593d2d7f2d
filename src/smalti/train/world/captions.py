"""Captions: what a user might have typed to get a scene.

A detailed caption names nearly all that is there. A short one names a thing or two; then the
scene must hold little else, or the model would learn to add what nobody asked for
(`sample_captioned`). `said` names the fields whose value the text states: "two trees" states no
kind of tree and "on the left" no exact place, so neither counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from smalti.models.mini.layout import Layout
from smalti.train.world.handwriting import SLOT, one, scrawl
from smalti.train.world.held_out import HELD_OUT
from smalti.train.world.nouns import Said, noun, side
from smalti.train.world.phrases import TRAINING, Phrases
from smalti.train.world.scene import THINGS, Scene, sample_scene, scene_layout

SETTINGS = ("time", "weather", "ground", "background", "sky_body")
NOUNS = (*THINGS, "boat")

_SETTING_CHANCE = {"time": 0.85, "weather": 0.75, "ground": 0.8, "background": 0.85,
                   "sky_body": 0.7}  # fmt: skip
_DULL_CHANCE = {("weather", "clear"): 0.5, ("background", "plain"): 0.35,
                ("sky_body", "none"): 0.04}  # fmt: skip
_KEPT_UNSAID = {"house": 0.08, "sign": 0.02, "tree": 0.25, "figure": 0.05, "animal": 0.05,
                "boat": 0.15}  # fmt: skip
_FILLERS = (
    "beautiful", "a cozy mood", "cosy", "peaceful", "highly detailed", "4k", "masterpiece",
    "very nice", "calm", "lovely", "for my daughter", "cute", "high quality", "soft light",
    "in the style of a children book", "nostalgic", "minimal", "award winning", "wallpaper",
    "trending on artstation", "dreamy", "like in my childhood", "somewhere far away", "quiet",
    "8k uhd", "best quality", "fantasy", "as a present for a friend", "harmonious", "warm",
    "for a calendar", "wide angle", "a bicycle", "silence", "very detailed", "elegant", "solitude",
)  # fmt: skip
_ADJECTIVES = ("cozy", "peaceful", "beautiful", "quiet", "lovely", "cute", "calm", "magical",
               "charming", "dreamy", "nostalgic", "simple")  # fmt: skip
_COUNTING = ("a few ", "a pair ", "a group ")


@dataclass(frozen=True)
class Caption:
    """text: the prompt; layout: all of the scene; said: fields whose value the text states."""

    text: str
    layout: Layout
    said: frozenset[str]


def caption(scene: Scene, rng: np.random.Generator, held_out: bool = False) -> Caption:
    """Describe a scene, nearly all of its things and most of its settings.

    `held_out` uses words and frames that no training caption ever has.
    """
    subjects = {thing for thing in NOUNS if scene.places(thing) and rng.random() < 0.98}
    for name in SETTINGS:
        chance = _DULL_CHANCE.get((name, getattr(scene, name)), _SETTING_CHANCE[name])
        if rng.random() < chance:
            subjects.add(name)
    if rng.random() < 0.8:
        subjects.add("style")
    return _write(scene, subjects, rng, held_out)


def sample_captioned(
    rng: np.random.Generator, rows: int = 16, columns: int = 16, held_out: bool = False
) -> tuple[Scene, Caption]:
    """A scene and its caption; four in ten captions are short, their scenes rarely hold more."""
    scene = sample_scene(rng, rows, columns)
    if rng.random() < 0.6:
        return scene, caption(scene, rng, held_out)
    present = [thing for thing in NOUNS if scene.places(thing)]
    possible = [*present, *present, *SETTINGS]
    if scene.sky_body == "none":
        possible.remove("sky_body")
    subjects = {possible[int(i)] for i in rng.integers(0, len(possible), int(rng.integers(1, 5)))}
    if rng.random() < 0.55:
        subjects.add("style")
    if rng.random() < 0.02:
        subjects = set()
    for thing in present:
        if thing not in subjects and rng.random() >= _KEPT_UNSAID[thing]:
            scene = without_thing(scene, thing)
    if "weather" not in subjects and rng.random() < 0.8:
        scene = replace(scene, weather="clear" if rng.random() < 0.6 else "cloudy")
    return scene, _write(scene, subjects, rng, held_out)


def without_thing(scene: Scene, thing: str) -> Scene:
    """The scene with a thing of `NOUNS`, or the sky body, taken away."""
    if thing == "tree":
        return replace(scene, tree="none", tree_places=())
    if thing == "sign":
        return replace(scene, word="", sign_place=None)
    if thing == "house":
        return replace(scene, house="none", roof="none", house_place=None)
    key = "sky_place" if thing == "sky_body" else f"{thing}_place"
    gone: dict[str, Any] = {thing: "none", key: None}
    return replace(scene, **gone)


def _write(scene: Scene, subjects: set[str], rng: np.random.Generator, held_out: bool) -> Caption:
    words = HELD_OUT if held_out else TRAINING
    bare = "sign" in subjects and rng.random() < 0.12
    things = _things(scene, subjects, words, rng, bare)
    form = rng.random()
    if form < 0.22:
        body = _tagged(scene, subjects, things, words, rng)
    elif form < 0.34:
        body = _sentences(scene, subjects, things, words, rng)
    else:
        body = _prose(scene, subjects, things, words, rng)
    if "style" in subjects:
        body = _styled(scene.style, body, words, rng)
    absent = _absence(scene, words, rng)
    if absent:
        body = _Body(f"{body.text}, {absent.text}", body.fields | absent.fields, body.is_clause)
    text, fields, is_clause = body
    if not held_out and rng.random() < 0.2:
        filler, ahead = one(rng, _FILLERS), rng.random() < 0.25
        text = f"{filler}, {text}" if ahead else f"{text}, {filler}"
        is_clause |= ahead
    text = one(rng, _fitting(words.frames, is_clause)).replace("{x}", text)
    return Caption(scrawl(text, scene.word, rng, bare), scene_layout(scene), fields)


class _Body(NamedTuple):
    """What a caption says. A clause ("at night, a fox") cannot follow "a photo of"."""

    text: str
    fields: frozenset[str]
    is_clause: bool


def _fitting(options: tuple[str, ...], is_clause: bool) -> tuple[str, ...]:
    """The frames that can surround a clause, or all of them."""
    if not is_clause:
        return options
    return tuple(o for o in options if o.partition("{x}")[0].rstrip()[-1:] in ("", ":", ".", ","))


def _things(
    scene: Scene, subjects: set[str], words: Phrases, rng: np.random.Generator, bare: bool
) -> list[Said]:
    things = []
    for thing in NOUNS:
        if thing not in subjects:
            continue
        said = noun(scene, thing, words, rng)
        if thing == "sign" and bare:
            said = Said(one(rng, words.sign_bare).replace("{w}", SLOT), said.fields)
        if rng.random() < 0.2 and (where := side(scene, thing, words, rng)):
            first = thing != "tree" and thing != "sign" and rng.random() < 0.25
            text = f"{where} {said.text}" if first else f"{said.text} {where}"
            said = Said(text, said.fields)
        things.append(said)
    rng.shuffle(things)
    return things


def _settings(
    scene: Scene, subjects: set[str], words: Phrases, rng: np.random.Generator
) -> list[Said]:
    """Prepositional phrases, sometimes one for two settings together ("on a rainy night")."""
    left = {name for name in SETTINGS if name in subjects and not _is_unsayable(scene, name)}
    found = []
    for pairs, options in words.joint.items():
        holds = all(name in left and getattr(scene, name) == value for name, value in pairs)
        if holds and rng.random() < 0.4:
            names = frozenset(name for name, _ in pairs)
            found.append(Said(one(rng, options), names))
            left -= names
    for name in sorted(left):
        options = words.settings[name][getattr(scene, name)]
        found.append(Said(one(rng, options), frozenset({name})))
    rng.shuffle(found)
    return found


def _prose(
    scene: Scene, subjects: set[str], things: list[Said], words: Phrases, rng: np.random.Generator
) -> _Body:
    settings = _settings(scene, subjects, words, rng)
    things = things or [Said(one(rng, words.nothing), frozenset())]
    fields = frozenset[str]().union(*(s.fields for s in (*things, *settings)))
    nouns = [thing.text for thing in things]
    if words is TRAINING and rng.random() < 0.12:
        nouns = [_with_adjective(nouns[0], rng), *nouns[1:]]
    subject = _listed(nouns, rng)
    places = [setting.text for setting in settings]
    comma = rng.random() < 0.4
    is_clause = bool(places) and rng.random() < 0.3
    if is_clause:
        subject = f"{places.pop()}{',' if rng.random() < 0.7 else ''} {subject}"
    elif places and len(nouns) > 1 and rng.random() < 0.25:
        subject = f"{nouns[0]} {places.pop()}, {_listed(nouns[1:], rng)}"
    return _Body((", " if comma else " ").join([subject, *places]), fields, is_clause)


def _tagged(
    scene: Scene, subjects: set[str], things: list[Said], words: Phrases, rng: np.random.Generator
) -> _Body:
    tags = list(things)
    for name in SETTINGS:
        if name in subjects and not _is_unsayable(scene, name):
            options = words.tags[name][getattr(scene, name)]
            tags.append(Said(one(rng, options), frozenset({name})))
    if not tags:
        tags.append(Said(one(rng, words.nothing), frozenset()))
    rng.shuffle(tags)
    texts = [_without_article(tag.text) if rng.random() < 0.5 else tag.text for tag in tags]
    separator = one(rng, (", ", ", ", ", ", "; ", " - ", " + "))
    fields = frozenset[str]().union(*(tag.fields for tag in tags))
    return _Body(separator.join(texts), fields, is_clause=True)


def _sentences(
    scene: Scene, subjects: set[str], things: list[Said], words: Phrases, rng: np.random.Generator
) -> _Body:
    parts: list[Said] = []
    for i in range(0, len(things), 2):
        text = " and ".join(thing.text for thing in things[i : i + 2])
        start = one(rng, ("there is ", "", "we see ", "i see ", "you can see "))
        fields = frozenset[str]().union(*(thing.fields for thing in things[i : i + 2]))
        parts.append(Said(start + text, fields))
    for setting in _settings(scene, subjects, words, rng):
        is_place = setting.text.partition(" ")[0] in ("in", "on", "at", "by", "near", "under")
        start = one(rng, ("it is ", "", "all is ", "the scene is ")) if is_place else ""
        parts.append(Said(start + setting.text, setting.fields))
    if not parts:
        parts.append(Said(one(rng, words.nothing), frozenset()))
    if rng.random() < 0.5:
        rng.shuffle(parts)
    separator = one(rng, (". ", ". ", "\n", ", ", "; "))
    fields = frozenset[str]().union(*(part.fields for part in parts))
    return _Body(separator.join(part.text for part in parts), fields, is_clause=True)


def _styled(style: str, body: _Body, words: Phrases, rng: np.random.Generator) -> _Body:
    fields = body.fields | {"style"}
    leads = _fitting(words.style_leads[style], body.is_clause)
    if leads and rng.random() < 0.55:
        lead = one(rng, leads)
        is_clause = body.is_clause or not lead.endswith("{x}")
        return _Body(lead.replace("{x}", body.text), fields, is_clause)
    separator = one(rng, (", ", ", ", ". ", "; ", " - "))
    return _Body(body.text + separator + one(rng, words.style_tails[style]), fields, body.is_clause)


def _absence(scene: Scene, words: Phrases, rng: np.random.Generator) -> Said | None:
    if rng.random() >= 0.07:
        return None
    names = [n for n in words.absent if n == "sky_body" or not scene.places(n)]
    name = one(rng, names)
    if name == "sky_body" and scene.sky_body != "none":
        return None
    fields = {name, "roof"} if name == "house" else {name}
    return Said(one(rng, words.absent[name]), frozenset(fields))


def _is_unsayable(scene: Scene, name: str) -> bool:
    return name == "sky_body" and scene.sky_body == "none"


def _listed(nouns: list[str], rng: np.random.Generator) -> str:
    if len(nouns) == 1:
        return nouns[0]
    last = one(rng, (" and ", " and ", ", and ", ", ", " with ", " next to ", " near "))
    if rng.random() < 0.12:
        return " and ".join(nouns)
    return ", ".join(nouns[:-1]) + last + nouns[-1]


def _with_adjective(text: str, rng: np.random.Generator) -> str:
    if not text.startswith("a ") or text.startswith(_COUNTING):
        return text
    return f"a {one(rng, _ADJECTIVES)} {text[2:]}"


def _without_article(text: str) -> str:
    if text.startswith(_COUNTING):
        return text
    for article in ("a ", "an ", "the "):
        if text.startswith(article):
            return text[len(article) :]
    return text
