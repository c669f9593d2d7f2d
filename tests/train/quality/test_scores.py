"""What counts as right."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, prod
from typing import Any

import numpy as np
import pytest

from smalti.models.mini.layout import Layout, footprint
from smalti.train.judge import ATTRIBUTES, Seen
from smalti.train.quality.scores import (
    Shares,
    is_changed,
    is_planned,
    kind_of,
    left_alone,
    scene_truth,
    share_of,
    stated,
    writes_a_word,
)
from smalti.train.world.captions import sample_captioned
from smalti.train.world.edits import Edit, sample_edit
from smalti.train.world.scene import Scene, scene_layout

PLAIN = Scene(16, 16, 7, "photo", "day", "clear", "grass", "plain", 7)
TREE_TILES = prod(footprint("tree"))
KINDS = {
    "style", "time", "weather", "ground", "background", "recolour", "turn", "reword",
    "another tree", "add", "remove",
}  # fmt: skip


def edit(field: str, before: dict[str, Any], after: dict[str, Any]) -> Edit:
    scene = replace(PLAIN, **after)
    return Edit(replace(PLAIN, **before), scene, "do it", scene_layout(scene), field)


def seen(scene: Scene) -> Seen:
    """What a faultless judge sees."""
    return Seen(scene_truth(scene), {"tree": TREE_TILES * len(scene.tree_places)})


def test_shares_count_by_name_and_over_all() -> None:
    shares = Shares()
    shares.note_all({"time": True, "tree": False})
    shares.note("time", True)
    assert shares.share("time") == 1
    assert shares.share("tree") == 0
    assert shares.share() == shares.share("time", "tree") == pytest.approx(2 / 3)
    assert shares.count() == 3
    assert shares.count("time", "boat") == 2
    assert isnan(shares.share("boat"))
    assert share_of([True, False]) == 0.5
    assert isnan(share_of([]))


def test_only_what_a_caption_says_is_asked_for() -> None:
    for number in range(60):
        scene, caption = sample_captioned(np.random.default_rng(number), held_out=True)
        truth = scene_truth(scene)
        results = stated(caption, truth)
        assert set(results) == caption.said & set(ATTRIBUTES)
        assert all(results.values())
        wrong = dict.fromkeys(truth, "wrong")
        assert not any(stated(caption, wrong).values())


def test_every_kind_of_edit_is_right_when_done_and_wrong_when_not() -> None:
    kinds = set()
    for number in range(400):
        rng = np.random.default_rng(number)
        made = sample_edit(sample_captioned(rng)[0], rng, held_out=True)
        kinds.add(kind_of(made))
        word = [made.after.word]
        assert is_planned(made, made.layout)
        assert not is_planned(made, Layout.of())
        assert is_changed(made, seen(made.after), word)
        if kind_of(made) == "reword":
            assert not is_changed(made, seen(made.before), [made.before.word])
        else:
            assert not is_changed(made, seen(made.before), word)
        assert made.field not in left_alone(made)
    assert kinds == KINDS


def test_a_word_is_asked_for_letter_by_letter() -> None:
    made = edit("sign", {}, {"word": "TEA", "sign_place": (10, 3)})
    assert writes_a_word(made)
    assert is_changed(made, seen(made.after), ["XX", "TEA"])
    assert not is_changed(made, seen(made.after), ["TEE"])
    assert not is_changed(made, seen(made.after), [])


def test_one_more_tree_is_counted() -> None:
    one = {"tree": "pine", "tree_places": ((8, 2),)}
    two = {"tree": "pine", "tree_places": ((8, 2), (8, 9))}
    made = edit("tree", one, two)
    assert kind_of(made) == "another tree"
    for tiles, right in ((TREE_TILES, False), (2 * TREE_TILES - 4, True), (3 * TREE_TILES, False)):
        assert is_changed(made, Seen(scene_truth(made.after), {"tree": tiles}), []) == right


def test_the_moon_that_night_brings_is_not_asked_for() -> None:
    made = edit(
        "time",
        {"sky_body": "sun", "sky_place": (1, 1)},
        {"time": "night", "sky_body": "moon", "sky_place": (1, 1)},
    )
    assert set(left_alone(made)) == set(ATTRIBUTES) - {"time", "sky_body"}
