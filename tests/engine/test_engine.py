"""One behaviour of the engine each. That tiles are exact under any history: test_exactness.py."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fake_model import FakeModel
from histories import History, draw_alone

from smalti.engine import (
    Cancelled,
    Done,
    DuplicatePicture,
    Engine,
    Failed,
    Paused,
    PictureOrder,
    RowDrawn,
    Started,
    StepFailed,
    Strip,
)
from smalti.models.tile_model import Conditions, Grid, TileModel


def test_a_picture_is_started_drawn_row_by_row_and_done(model: TileModel, make_order: Any) -> None:
    order, history = make_order(), History()
    engine = Engine(model, slots=2, worker="w")
    engine.add(order)
    history.run(engine)
    told = history.events[order.picture_id]
    assert isinstance(told[0], Started)
    assert told[0].worker == "w"
    assert told[0].layout == model.lay_out(model.encode(order.conditions), order.seed)
    assert isinstance(told[-1], Done)
    assert told[-1].tiles == order.conditions.grid.tiles
    assert len(history.of(order.picture_id, RowDrawn)) == order.conditions.grid.rows
    assert np.array_equal(history.codes(order.picture_id), draw_alone(model, order))


def test_a_strip_is_told_as_soon_as_its_row_is_final(model: TileModel, make_order: Any) -> None:
    order, history = make_order(), History()
    engine = Engine(model, slots=1)
    engine.add(order)
    history.run(engine)
    told = history.events[order.picture_id]
    grid = order.conditions.grid
    for row in range(grid.rows - model.lookahead_rows):
        drawn = next(
            place
            for place, event in enumerate(told)
            if isinstance(event, RowDrawn) and event.row == row + model.lookahead_rows
        )
        strip = told[drawn + 1]
        assert isinstance(strip, Strip)
        assert strip.first_row <= row < strip.first_row + strip.rows


def test_pictures_of_a_group_share_one_encode(make_order: Any) -> None:
    model = FakeModel()
    engine, history = Engine(model, slots=2), History()
    for _ in range(5):
        engine.add(make_order(group="same"))
    history.run(engine)
    assert model.encodes == 1
    pictures = {history.codes(picture_id).tobytes() for picture_id in history.events}
    assert len(pictures) == 5, "each seed draws its own picture"


def test_a_group_is_forgotten_with_its_last_picture(make_order: Any) -> None:
    model = FakeModel()
    engine = Engine(model, slots=2)
    for expected in (1, 2):
        engine.add(make_order(group="same"))
        History().run(engine)
        assert model.encodes == expected


def test_a_group_with_two_prompts_fails_the_second(make_order: Any, model: TileModel) -> None:
    engine, history = Engine(model, slots=2), History()
    right, wrong = make_order("one", group="same"), make_order("two", group="same")
    engine.add(right)
    engine.add(wrong)
    history.run(engine)
    assert isinstance(history.last(right.picture_id), Done)
    failed = history.last(wrong.picture_id)
    assert isinstance(failed, Failed)
    assert "different conditions" in failed.reason


def test_orders_wait_in_order_of_arrival(model: TileModel, make_order: Any) -> None:
    engine, started = Engine(model, slots=2), []
    orders = [make_order() for _ in range(6)]
    for order in orders:
        engine.add(order)
    while engine.busy:
        started += [event.picture_id for event in engine.step() if isinstance(event, Started)]
    assert started == [order.picture_id for order in orders]


def test_one_newcomer_is_prefilled_in_a_step(make_order: Any) -> None:
    model = FakeModel()
    engine = Engine(model, slots=4)
    for _ in range(4):
        engine.add(make_order())
    for step in range(1, 5):
        engine.step()
        assert model.prefills == step
        assert engine.scheduler.running == step


@pytest.mark.parametrize("leave", ["cancel", "pause"])
def test_a_picture_leaves_within_a_step_and_frees_its_slot(
    leave: str, model: TileModel, make_order: Any
) -> None:
    engine = Engine(model, slots=1)
    first, second = make_order(), make_order()
    engine.add(first)
    engine.add(second)
    for _ in range(3):
        engine.step()
    getattr(engine, leave)(first.picture_id)
    events = engine.step()
    assert isinstance(events[0], Cancelled if leave == "cancel" else Paused)
    assert events[0].picture_id == first.picture_id
    assert events[0].device_s > 0
    assert isinstance(events[1], Started)
    assert events[1].picture_id == second.picture_id


def test_a_paused_picture_is_its_layout_and_the_tiles_drawn(
    model: TileModel, make_order: Any
) -> None:
    engine, order = Engine(model, slots=1), make_order()
    engine.add(order)
    for _ in range(6):
        engine.step()
    engine.pause(order.picture_id)
    [paused] = engine.step()
    assert isinstance(paused, Paused)
    assert paused.drawn is not None
    assert paused.drawn.dtype == np.int16
    assert paused.layout == model.lay_out(model.encode(order.conditions), order.seed)
    assert np.array_equal(paused.drawn, draw_alone(model, order)[:6])


def test_a_waiting_picture_can_be_cancelled_and_paused(model: TileModel, make_order: Any) -> None:
    engine, history = Engine(model, slots=1), History()
    orders = [make_order() for _ in range(3)]
    for order in orders:
        engine.add(order)
    engine.cancel(orders[1].picture_id)
    engine.pause(orders[2].picture_id)
    history.run(engine)
    assert isinstance(history.last(orders[0].picture_id), Done)
    assert isinstance(history.last(orders[1].picture_id), Cancelled)
    paused = history.last(orders[2].picture_id)
    assert isinstance(paused, Paused)
    assert (paused.layout, paused.drawn, paused.device_s) == (None, None, 0.0)


def test_a_cancel_outdoes_a_pause(model: TileModel, make_order: Any) -> None:
    engine, history, order = Engine(model, slots=1), History(), make_order()
    engine.add(order)
    engine.cancel(order.picture_id)
    engine.pause(order.picture_id)
    history.run(engine)
    assert isinstance(history.last(order.picture_id), Cancelled)


def test_unknown_and_ended_pictures_are_ignored(model: TileModel, make_order: Any) -> None:
    engine, order = Engine(model, slots=1), make_order()
    engine.add(order)
    History().run(engine)
    for picture_id in (order.picture_id, "nobody"):
        engine.cancel(picture_id)
        engine.pause(picture_id)
    assert not engine.busy
    assert engine.step() == []


def test_a_picture_id_is_taken_until_it_ends(model: TileModel, make_order: Any) -> None:
    engine, order = Engine(model, slots=1), make_order()
    engine.add(order)
    with pytest.raises(DuplicatePicture, match=order.picture_id):
        engine.add(order)
    History().run(engine)
    engine.add(order)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "model": ({"model": "other"}, "not with 'other'"),
    "grid": ({"conditions": Conditions("", Grid(99, 1))}, "no grid of 1x99"),
    "style": ({"conditions": Conditions("", Grid(4, 4), style="cubist")}, "no style 'cubist'"),
    "temperature": ({"temperature": -1.0}, "temperature is -1.0"),
    "nan": ({"temperature": float("nan")}, "temperature is nan"),
    "shown": ({"shown_rows": 5}, "shown_rows is 5"),
    "no layout": ({"drawn": np.zeros((1, 2), np.int16)}, "no layout"),
    "shape": ({"layout": (1,), "drawn": np.zeros((1, 3), np.int16)}, "shape"),
    "too many": ({"layout": (1,), "drawn": np.zeros((17, 2), np.int16)}, "17 tiles of 16"),
    "codes": ({"layout": (1,), "drawn": np.full((1, 2), 64, np.int16)}, "outside"),
    "encode": ({"conditions": Conditions("refuse", Grid(4, 4))}, "this prompt is refused"),
    "source": ({"conditions": Conditions("", Grid(4, 4), np.zeros(1))}, "TypeError"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_an_order_that_cannot_be_drawn_fails_alone(wrong: tuple[dict[str, Any], str]) -> None:
    class Strict(FakeModel):
        def encode(self, conditions: Conditions) -> Any:
            if conditions.source is not None and conditions.source.ndim != 3:
                raise TypeError("a source has three axes")
            return super().encode(conditions)

    fields, reason = wrong
    good = PictureOrder("good", "fake", "a", Conditions("fine", Grid(4, 4)), 1)
    engine, history = Engine(Strict(), slots=2), History()
    engine.add(replace(good, picture_id="bad", group="b", **fields))
    engine.add(good)
    history.run(engine)
    [failed] = history.events["bad"]
    assert isinstance(failed, Failed)
    assert reason in failed.reason
    assert isinstance(history.last("good"), Done)
    assert np.array_equal(history.codes("good"), draw_alone(FakeModel(), good))


def test_a_picture_that_cannot_be_decoded_fails_alone(make_order: Any) -> None:
    class Blind(FakeModel):
        def decode_rows(self, codes: Any, grid: Grid, first_row: int, last_row: int) -> Any:
            if grid == Grid(6, 3):
                raise MemoryError("no room")
            return super().decode_rows(codes, grid, first_row, last_row)

    engine, history = Engine(Blind(), slots=2), History()
    good, bad = make_order(grid=0), make_order(grid=1)
    engine.add(bad)
    engine.add(good)
    history.run(engine)
    failed = history.last(bad.picture_id)
    assert isinstance(failed, Failed)
    assert "MemoryError: no room" in failed.reason
    assert isinstance(history.last(good.picture_id), Done)


def test_a_failing_step_is_nobodys_fault_and_is_raised(make_order: Any) -> None:
    engine = Engine(FakeModel(misbehaves=True), slots=2)
    engine.add(make_order("raise@3"))
    with pytest.raises(StepFailed, match="the step went wrong"):
        History().run(engine)


def test_a_complete_picture_is_shown_without_a_step(model: TileModel, make_order: Any) -> None:
    order, history = make_order(), History()
    layout = model.lay_out(model.encode(order.conditions), order.seed)
    drawn = draw_alone(model, order)
    engine = Engine(model, slots=1)
    engine.add(replace(order, layout=layout, drawn=drawn, shown_rows=2))
    history.run(engine)
    grid = order.conditions.grid
    [strip] = history.of(order.picture_id, Strip)
    assert isinstance(strip, Strip)
    assert strip.first_row == 2
    assert np.array_equal(strip.pixels, model.decode_rows(drawn, grid, 2, grid.rows))
    assert isinstance(history.last(order.picture_id), Done)
    assert engine.tiles_drawn == 0


def test_time_is_divided_over_the_pictures_in_a_step(model: TileModel, make_order: Any) -> None:
    """With a clock that moves a second at each look, a stretch of work is a second long."""
    ticks = itertools.count()
    engine, history = Engine(model, slots=2, clock=lambda: float(next(ticks))), History()
    pair = [make_order(), make_order()]
    for order in pair:
        engine.add(order)
    history.run(engine)
    tiles = pair[0].conditions.grid.tiles
    for order in pair:
        done = history.last(order.picture_id)
        assert isinstance(done, Done)
        strips = len(history.of(order.picture_id, Strip))
        alone, shared = 1, tiles - 1  # they begin a step apart
        assert done.device_s == 1 + alone * 1 + shared / 2 + strips


def test_seeds_are_taken_modulo_2_to_the_64(model: TileModel, make_order: Any) -> None:
    order, history = make_order(seed=-5), History()
    engine = Engine(model, slots=1)
    engine.add(order)
    history.run(engine)
    assert np.array_equal(history.codes(order.picture_id), draw_alone(model, order))


def test_the_engine_imports_no_torch() -> None:
    code = "import sys, smalti.engine; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("slots", [0, -1])
def test_an_engine_has_slots(slots: int) -> None:
    with pytest.raises(ValueError, match="must be 1 or more"):
        Engine(FakeModel(), slots=slots)
