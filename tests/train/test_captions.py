from __future__ import annotations

import re
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.models.mini.layout import INDEX
from smalti.models.mini.words import quoted_word
from smalti.train.world.captions import NOUNS, Caption, caption, sample_captioned, without_thing
from smalti.train.world.held_out import HELD_OUT
from smalti.train.world.phrases import TRAINING
from smalti.train.world.scene import Scene, sample_scene, scene_layout

SEEDS = st.integers(0, 2**32 - 1)


def plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def phrases_of(table: object) -> set[str]:
    if isinstance(table, str):
        return {table}
    parts = table.values() if isinstance(table, dict) else table
    assert hasattr(parts, "__iter__")
    return set[str]().union(*(phrases_of(part) for part in parts))


def sampled(count: int, held_out: bool) -> list[tuple[Scene, Caption]]:
    rng = np.random.default_rng(7)
    return [sample_captioned(rng, held_out=held_out) for _ in range(count)]


@given(SEEDS, st.booleans())
def test_the_word_of_a_sign_can_be_read_back(seed: int, held_out: bool) -> None:
    rng = np.random.default_rng(seed)
    scene, found = sample_captioned(rng, held_out=held_out)
    expected = scene.word if scene.word and "sign" in found.said else None
    assert quoted_word(found.text) == expected


@given(SEEDS, st.booleans())
def test_a_caption_has_the_full_layout_and_says_real_fields(seed: int, held_out: bool) -> None:
    rng = np.random.default_rng(seed)
    scene = sample_scene(rng)
    found = caption(scene, rng, held_out)
    assert found.layout == scene_layout(scene)
    assert found.said <= set(INDEX)
    assert found.text == found.text.strip() and "{" not in found.text and "\0" not in found.text


@given(SEEDS)
def test_captions_are_deterministic(seed: int) -> None:
    once, again = (sample_captioned(np.random.default_rng(seed)) for _ in range(2))
    assert once == again


@given(SEEDS, st.sampled_from(NOUNS))
def test_without_thing_leaves_no_trace(seed: int, thing: str) -> None:
    scene = without_thing(sample_scene(np.random.default_rng(seed)), thing)
    assert scene.places(thing) == ()
    assert scene_layout(scene).choice(thing) == "none"


def test_detailed_captions_name_nearly_every_thing() -> None:
    rng = np.random.default_rng(1)
    present = named = 0
    for _ in range(1000):
        scene = sample_scene(rng)
        said = caption(scene, rng).said
        things = [thing for thing in NOUNS if scene.places(thing)]
        present += len(things)
        named += len(said & set(things))
    assert named / present > 0.94


def test_things_nobody_named_are_seldom_there() -> None:
    captions = sampled(3000, held_out=False)
    for thing in ("house", "sign", "figure", "animal", "boat"):
        unnamed = [scene for scene, found in captions if thing not in found.said]
        assert sum(bool(scene.places(thing)) for scene in unnamed) / len(unnamed) < 0.06


def test_every_setting_and_style_is_often_said() -> None:
    captions = sampled(2000, held_out=False)
    for name in ("style", "time", "weather", "ground", "background"):
        assert sum(name in found.said for _, found in captions) > 800


def test_captions_vary() -> None:
    texts = {found.text for _, found in sampled(4000, held_out=False)}
    assert len(texts) > 3800


def test_held_out_captions_never_occur_in_training() -> None:
    training = {plain(found.text) for _, found in sampled(6000, held_out=False)}
    held_out = {plain(found.text) for _, found in sampled(3000, held_out=True)}
    assert not training & held_out


@pytest.mark.parametrize("name", [f.name for f in fields(TRAINING) if f.name != "colours"])
def test_held_out_phrases_are_not_training_phrases(name: str) -> None:
    ours, theirs = phrases_of(getattr(HELD_OUT, name)), phrases_of(getattr(TRAINING, name))
    assert ours and not ours & theirs


@pytest.mark.parametrize("name", ["settings", "tags", "style_leads", "style_tails", "absent"])
def test_both_tables_cover_the_same_values(name: str) -> None:
    ours, theirs = getattr(HELD_OUT, name), getattr(TRAINING, name)
    assert ours.keys() == theirs.keys()
    for key in theirs:
        if isinstance(theirs[key], dict):
            assert ours[key].keys() == theirs[key].keys()
