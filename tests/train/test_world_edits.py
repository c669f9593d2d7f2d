from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smalti.models.mini.layout import FIELDS, STYLES, UNSAID, footprint
from smalti.models.mini.words import quoted_word
from smalti.train.world.edits import TREES_MAX, Edit, sample_edit, style_instruction
from smalti.train.world.scene import THINGS, Scene, sample_scene, scene_layout

SEEDS = st.integers(0, 2**32 - 1)


def edit_of(seed: int, held_out: bool = False) -> Edit:
    rng = np.random.default_rng(seed)
    return sample_edit(sample_scene(rng), rng, held_out)


def plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


@given(SEEDS, st.booleans())
def test_the_delta_agrees_with_the_scene_after(seed: int, held_out: bool) -> None:
    edit = edit_of(seed, held_out)
    after = scene_layout(edit.after)
    for field, said, full in zip(FIELDS, edit.layout.values, after.values, strict=True):
        assert said in (UNSAID, full), field.name
    assert edit.layout.word in ("", edit.after.word)


@given(SEEDS)
def test_the_delta_says_every_value_that_changes(seed: int) -> None:
    edit = edit_of(seed)
    before, after = scene_layout(edit.before), scene_layout(edit.after)
    assert before != after
    for field, said, old, new in zip(
        FIELDS, edit.layout.values, before.values, after.values, strict=True
    ):
        if old != new and not (field.is_place and new == UNSAID):
            assert said == new, field.name
    assert edit.layout.choice(edit.field) == after.choice(edit.field)
    if before.word != after.word:
        assert edit.layout.word == after.word


@given(SEEDS)
def test_seed_size_and_horizon_stay(seed: int) -> None:
    edit = edit_of(seed)
    for name in ("seed", "rows", "columns", "horizon", "ground_row"):
        assert getattr(edit.before, name) == getattr(edit.after, name)


@given(SEEDS)
def test_what_stays_keeps_its_place_and_nothing_overlaps(seed: int) -> None:
    edit = edit_of(seed)
    for thing in THINGS:
        old, new = edit.before.places(thing), edit.after.places(thing)
        assert not new or set(old) <= set(new)
    assert len(edit.after.tree_places) <= TREES_MAX
    assert not overlapping(edit.after)


def overlapping(scene: Scene) -> bool:
    taken = np.zeros((scene.rows + 8, scene.columns), dtype=int)
    for thing, (row, column), _ in scene.footprints():
        high, wide = footprint(thing, len(scene.word))
        assert column + wide <= scene.columns
        taken[row : row + high, column : column + wide] += 1
    return bool((taken > 1).any())


@given(SEEDS, st.booleans())
def test_a_new_word_can_be_read_back(seed: int, held_out: bool) -> None:
    edit = edit_of(seed, held_out)
    assert quoted_word(edit.instruction) == (edit.layout.word or None)


@given(SEEDS)
def test_the_night_has_the_moon_and_the_day_the_sun(seed: int) -> None:
    edit = edit_of(seed)
    assert edit.after.sky_body in ("none", "moon" if edit.after.time == "night" else "sun")


def test_edits_are_deterministic() -> None:
    assert [edit_of(i) for i in range(50)] == [edit_of(i) for i in range(50)]


def test_every_field_gets_edited() -> None:
    touched = {edit_of(i).field for i in range(600)}
    assert touched == {"style", "time", "weather", "ground", "background", "house", "roof",
                       "figure", "animal", "tree", "boat", "sign", "sky_body"}  # fmt: skip


def test_held_out_instructions_never_occur_in_training() -> None:
    training = {plain(edit_of(i).instruction) for i in range(5000)}
    held_out = {plain(edit_of(i, held_out=True).instruction) for i in range(2500)}
    assert not training & held_out


def test_style_instructions_vary_and_hold_out() -> None:
    rng = np.random.default_rng(0)
    for style in STYLES:
        training = {plain(style_instruction(style, rng)) for _ in range(500)}
        held_out = {plain(style_instruction(style, rng, held_out=True)) for _ in range(100)}
        assert len(training) > 30
        assert not training & held_out
