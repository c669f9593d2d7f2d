"""The judge: its labels, what it sees of logits, its samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from smalti.models.mini.layout import footprint
from smalti.train.fit_judge import JudgePlan, degraded, judge_sample, labels, trained_judge
from smalti.train.judge import (
    ATTRIBUTES,
    SETTINGS,
    THINGS,
    VALUES,
    Judge,
    JudgeNet,
    Seen,
    accuracy,
    small,
    to_input,
    truth_of,
)
from smalti.train.world.paint import render
from smalti.train.world.scene import Scene, sample_scene, scene_layout


def scenes(count: int) -> list[Scene]:
    rng = np.random.default_rng(4)
    return [sample_scene(rng) for _ in range(count)]


def test_the_truth_of_a_scene_is_its_values_and_whether_a_sign_is_there() -> None:
    for scene in scenes(40):
        truth = truth_of(scene_layout(scene))
        assert tuple(truth) == ATTRIBUTES
        for name in ATTRIBUTES[:-1]:
            assert truth[name] == getattr(scene, name)
        assert truth["sign"] == ("present" if scene.word else "none")


def test_labels_mark_the_tiles_of_each_thing_with_its_value() -> None:
    for scene in scenes(40):
        found = labels(scene)
        truth = truth_of(scene_layout(scene))
        assert [VALUES[n][i] for n, i in zip(SETTINGS, found.settings, strict=True)] == [
            truth[name] for name in SETTINGS
        ]
        for name, cells in zip(THINGS, found.cells, strict=True):
            value = VALUES[name].index(truth[name])
            assert set(np.unique(cells)) <= {0, value}
            assert (cells.max() == 0) == (value == 0)
        high, wide = footprint("tree")
        trees = found.cells[THINGS.index("tree")]
        assert (trees > 0).sum() == high * wide * len(scene.tree_places)


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (14, 21)])
def test_the_network_has_a_cell_for_each_tile(rows: int, columns: int) -> None:
    picture = render(sample_scene(np.random.default_rng(1), rows, columns))
    logits = JudgeNet()(to_input([small(picture)]))
    for name in SETTINGS:
        assert logits.settings[name].shape == (1, len(VALUES[name]))
    for name in THINGS:
        assert logits.things[name].shape == (1, len(VALUES[name]))
        assert logits.cells[name].shape == (1, len(VALUES[name]), rows, columns)
        assert not logits.cells[name][:, 0].any()


def test_a_judge_sees_each_picture_by_itself_and_in_order() -> None:
    torch.manual_seed(0)
    judge = Judge(JudgeNet())
    pictures = [render(scene) for scene in scenes(5)]
    together = judge.see(pictures, batch=2)
    assert together == [judge.see([picture])[0] for picture in pictures]
    assert len(together) == 5


def test_accuracy_is_the_share_that_is_right() -> None:
    truths = [truth_of(scene_layout(scene)) for scene in scenes(4)]
    seen = [Seen(dict(truth), {}) for truth in truths]
    seen[0].values["time"] = "never"
    found = accuracy(seen, truths)
    assert found.pop("time") == 0.75
    assert set(found.values()) == {1.0}


def test_degraded_pictures_are_alike_and_repeat() -> None:
    for number, scene in enumerate(scenes(12)):
        picture = render(scene)
        first, again = (degraded(picture, np.random.default_rng(number)) for _ in range(2))
        assert first.shape == picture.shape
        assert first.dtype == np.uint8
        assert np.array_equal(first, again)
        assert np.abs(first.astype(int) - picture).mean() < 20


def test_a_sample_is_made_from_its_stream_alone() -> None:
    first, again = (judge_sample(np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1].cells, again[1].cells)


def test_a_trained_judge_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = JudgePlan(steps=2, batch=2)
    pictures = [render(scene) for scene in scenes(3)]
    first = trained_judge(tmp_path, plan).see(pictures)
    assert "trained now" in capsys.readouterr().out
    assert trained_judge(tmp_path, plan).see(pictures) == first
    assert "trained" not in capsys.readouterr().out
    trained_judge(tmp_path, JudgePlan(steps=1, batch=2))
    assert "trained now" in capsys.readouterr().out
