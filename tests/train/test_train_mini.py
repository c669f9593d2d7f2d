"""The whole training, in its smallest form: it runs, resumes, repeats, and its weights draw."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from smalti.models.mini.drawer import Drawer
from smalti.models.mini.layout import Layout, aligned_maps
from smalti.models.mini.tokenizer import Tokenizer
from smalti.models.mini.weights import load
from smalti.models.tile_model import Conditions
from smalti.train.cli import main
from smalti.train.feed import Feed, Pool
from smalti.train.fit_drawer import partly_said, tile_weights
from smalti.train.mini import PLANS, train_mini
from smalti.train.preview import preview
from smalti.train.run import Stage, warm_cosine
from smalti.train.samples import pair_sample, training_photos
from smalti.train.world.scene import scene_layout

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mini")
    file = train_mini(folder, PLANS["smoke"], CPU, photos=None, workers=1, seed=0)
    assert file is not None
    return file


@pytest.mark.model
def test_a_run_ends_in_weights_that_draw(trained: Path) -> None:
    model = load("cpu", trained)
    encoded = model.encode(Conditions("a fox in the snow", model.grids[0]))
    cache = model.new_cache(1)
    nothing = np.zeros((0, model.codes_per_tile), np.int16)
    model.prefill(cache, 0, encoded, model.lay_out(encoded, 1), nothing)
    codes = model.step(cache, [0], np.full((1, 4), 0.5), np.ones(1, np.float32))
    assert codes.shape == (1, model.codes_per_tile)


@pytest.mark.model
def test_a_finished_run_is_not_trained_again(trained: Path) -> None:
    before = trained.read_bytes()
    train_mini(trained.parent, PLANS["smoke"], CPU, photos=None, workers=1, seed=0)
    assert trained.read_bytes() == before


@pytest.mark.model
def test_samples_are_shown_as_it_learns(trained: Path) -> None:
    names = {file.name.split("-")[0] for file in (trained.parent / "samples").iterdir()}
    assert names == {"tokenizer", "drawer"}


class Counter(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("value", torch.zeros(()))

    value: torch.Tensor


def test_a_killed_stage_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    counter = Counter()
    for step in (stage := Stage(tmp_path, "count", 10, counter=counter)):
        counter.value += 1
        stage.extra["made"] = 3 * (step + 1)
        if step == 5:
            stage.step += 1
            stage.save()
            break
    counter = Counter()
    again = Stage(tmp_path, "count", 10, counter=counter)
    assert (again.step, int(counter.value), again.extra) == (6, 6, {"made": 18})
    steps = [step for step in again if counter.value.add_(1) is not None]
    assert steps == [6, 7, 8, 9]
    assert Stage(tmp_path, "count", 10, counter=Counter()).finished


def test_figures_are_averaged_and_logged(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "s", 4)
    for step in stage:
        stage.note({"loss": float(step)}, every=2)
    lines = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    assert [(line["step"], line["loss"]) for line in lines] == [(2, 0.5), (4, 2.5)]


@pytest.mark.parametrize("workers", [1, 3])
def test_samples_come_in_order_whoever_made_them(workers: int) -> None:
    def make(rng: np.random.Generator) -> float:
        return float(rng.random())

    expected = [float(np.random.default_rng((7, i)).random()) for i in range(12)]
    with Feed(make, 7, workers) as feed:
        assert [feed.pull() for _ in range(12)] == expected
    with Feed(make, 7, workers, start=5) as feed:
        assert [feed.pull() for _ in range(7)] == expected[5:]


def test_a_dead_data_worker_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    def make(rng: np.random.Generator) -> None:
        raise ValueError("no scene")

    with Feed(make, 0, 1) as feed, pytest.raises(RuntimeError, match="data worker 0 died"):
        feed.pull()
    assert "no scene" in capfd.readouterr().err


def test_a_pool_forgets_its_oldest() -> None:
    pool = Pool(3)
    for sample in range(5):
        pool.add(sample)
    assert set(pool.draw(np.random.default_rng(0), 60)) == {2, 3, 4}


def test_learning_rates_rise_then_fall() -> None:
    rates = [warm_cosine(step, 1000) for step in range(1000)]
    assert rates[0] < rates[50] < rates[99] == 1.0
    assert rates[99:] == sorted(rates[99:], reverse=True)
    assert rates[-1] < 0.03


def test_pairs_show_one_place_twice() -> None:
    make = pair_sample(None)
    for index in range(40):
        pair = make(np.random.default_rng((1, index)))
        assert pair.first.shape == pair.second.shape
        assert pair.first_layout != pair.second_layout
        assert pair.first_layout.choice("horizon") == pair.second_layout.choice("horizon")


def test_what_an_edit_changes_is_always_said_and_the_rest_sometimes() -> None:
    before = Layout.of("TEA", style="ink", time="day", boat="none", sign="3", sign_place=(9, 2))
    after = Layout.of("TEA", style="ink", time="night", boat="sailboat", boat_place=(5, 5),
                      sign="3", sign_place=(9, 2))  # fmt: skip
    said = [partly_said(before, after, np.random.default_rng(seed)) for seed in range(60)]
    for layout in said:
        assert layout.choice("time") == "night"
        assert layout.choice("boat") == "sailboat"
        assert layout.place("boat_place") == (5, 5)
        assert layout.changed == ((5, 5, 3, 3),)
    assert {layout.choice("style") for layout in said} == {"ink", None}
    assert {(layout.choice("sign"), layout.word) for layout in said} == {
        ("3", "TEA"), ("3", ""), (None, ""),
    }  # fmt: skip


def test_photographs_of_the_test_set_are_not_trained_on(tmp_path: Path) -> None:
    for name in ("train/landscape_dune.jpg", "train/object_1.jpg", "test/unsplash_dune.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in training_photos(tmp_path)] == ["object_1.jpg"]
    assert training_photos(None) == []


def test_a_wrong_folder_of_photographs_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smalti.train.cli.prepare_process", lambda threads: None)
    assert main(["mini", "--photos", str(tmp_path), "--device", "cpu"]) == 2
    assert "has no folder 'train'" in capsys.readouterr().out


def test_a_scene_s_layout_holds_its_word_and_its_places() -> None:
    from smalti.train.world.scene import sample_scene

    scene = sample_scene(np.random.default_rng(3))
    layout = scene_layout(scene)
    assert layout.word == scene.word
    assert layout.choice("horizon") == str(scene.horizon)


@pytest.mark.model
def test_a_preview_leaves_the_drawer_trainable(tmp_path: Path) -> None:
    drawer = Drawer(PLANS["smoke"].drawer.shape)
    before = {name: id(parameter) for name, parameter in drawer.named_parameters()}
    preview(drawer, Tokenizer().eval(), tmp_path / "sheet.png")
    assert {name: id(parameter) for name, parameter in drawer.named_parameters()} == before
    assert all(parameter.requires_grad for parameter in drawer.parameters())


def test_the_tiles_that_an_edit_changes_weigh_most() -> None:
    maps = aligned_maps(Layout.of(), 16, 16)[None]
    changed = np.zeros((1, 16, 16), dtype=bool)
    changed[0, 3, 5] = True
    weights = tile_weights(maps, changed)[0]
    assert weights.argmax() == 3 * 16 + 5
    assert weights.max() > 5 * np.median(weights)
    assert weights.mean() == pytest.approx(1)
