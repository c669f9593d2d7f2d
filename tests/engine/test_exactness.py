"""A picture is what it is when drawn alone, whatever happens around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from fake_model import FakeModel
from histories import History, draw_alone, resumed
from hypothesis import given, settings
from hypothesis import strategies as st

from smalti.engine import Cancelled, Done, Engine, Paused, PictureOrder
from smalti.models.tile_model import Conditions, TileModel


def assert_exact(model: TileModel, order: PictureOrder, history: History) -> None:
    """Its tiles equal the slow twin's, and its strips one decode of the whole."""
    codes, grid = draw_alone(model, order), order.conditions.grid
    assert isinstance(history.last(order.picture_id), Done)
    assert np.array_equal(history.codes(order.picture_id), codes)
    whole = model.decode_rows(codes, grid, 0, grid.rows)
    assert np.array_equal(history.pixels(order.picture_id), whole)


def test_alone(model: TileModel, make_order: Callable[..., PictureOrder]) -> None:
    engine, history, order = Engine(model, slots=3), History(), make_order()
    engine.add(order)
    history.run(engine)
    assert_exact(model, order, history)


def test_in_a_crowd(model: TileModel, make_order: Callable[..., PictureOrder]) -> None:
    engine, history = Engine(model, slots=3, joins_per_step=2), History()
    orders = [make_order(f"prompt {number % 3}", grid=number) for number in range(9)]
    for order in orders:
        engine.add(order)
    history.run(engine)
    for order in orders:
        assert_exact(model, order, history)


def test_after_neighbours_cancel(model: TileModel, make_order: Callable[..., PictureOrder]) -> None:
    engine, history = Engine(model, slots=3), History()
    left, order, right = make_order("left"), make_order("middle"), make_order("right")
    for each in (left, order, right):
        engine.add(each)
    for _ in range(5):
        history.take(engine.step())
    engine.cancel(left.picture_id)
    history.take(engine.step())
    engine.cancel(right.picture_id)
    newcomer = make_order("newcomer")
    engine.add(newcomer)
    history.run(engine)
    assert_exact(model, order, history)
    assert_exact(model, newcomer, history)


def test_after_a_pause_at_any_tile_on_another_engine(
    model: TileModel, make_order: Callable[..., PictureOrder]
) -> None:
    tiles = make_order().conditions.grid.tiles
    for tile in range(0, tiles, max(1, tiles // 16)):
        order, history = make_order(temperature=0.7), History()
        engine = Engine(model, slots=1)
        engine.add(order)
        for _ in range(tile):
            engine.step()
        engine.pause(order.picture_id)
        [paused] = engine.step()
        assert isinstance(paused, Paused)
        other = Engine(model, slots=2)
        other.add(resumed(order, paused))
        history.run(other)
        codes = draw_alone(model, order)
        columns = order.conditions.grid.columns
        assert np.array_equal(history.codes(order.picture_id), codes[tile // columns * columns :])


def test_likeliest_codes_at_temperature_zero(
    model: TileModel, make_order: Callable[..., PictureOrder]
) -> None:
    engine, history = Engine(model, slots=2), History()
    cold, warm = make_order(temperature=0.0), make_order(temperature=1.0)
    engine.add(cold)
    engine.add(warm)
    history.run(engine)
    assert_exact(model, cold, history)
    assert_exact(model, warm, history)


ACTIONS = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 3)),
    st.tuples(st.just("step"), st.integers(1, 12)),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("pause"), st.integers(0, 20)),
    st.tuples(st.just("resume"), st.integers(0, 20)),
)


class Play:
    """Plays a random history, and remembers what each picture was ordered as."""

    def __init__(self, slots: int, joins_per_step: int, lookahead_rows: int) -> None:
        self.model = FakeModel(lookahead_rows)
        self.engine = Engine(self.model, slots, joins_per_step=joins_per_step)
        self.history = History()
        self.orders: list[PictureOrder] = []
        self.paused: dict[str, Paused] = {}
        self.cancelled: set[str] = set()

    def act(self, action: str, number: int) -> None:
        if action == "add":
            self.add(number)
        elif action == "step":
            for _ in range(number):
                self.step()
        elif self.orders:
            order = self.orders[number % len(self.orders)]
            if action == "resume":
                self.resume(order)
            else:
                getattr(self.engine, action)(order.picture_id)

    def add(self, number: int) -> None:
        conditions = Conditions(f"prompt {number}", self.model.grids[number % 3])
        order = PictureOrder(
            f"p{len(self.orders)}", "fake", f"g{number}", conditions, len(self.orders)
        )
        self.orders.append(order)
        self.engine.add(order)

    def step(self) -> None:
        for event in self.engine.step():
            if isinstance(event, Paused):
                self.paused[event.picture_id] = event
            else:
                self.history.take([event])

    def resume(self, order: PictureOrder) -> None:
        paused = self.paused.pop(order.picture_id, None)
        if paused is not None:
            self.engine.add(resumed(order, paused))

    def finish(self) -> None:
        while self.engine.busy or self.paused:
            for order in self.orders:
                self.resume(order)
            self.step()


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTIONS, max_size=40), st.integers(1, 4), st.integers(1, 3), st.integers(0, 3))
def test_under_any_history(
    actions: list[tuple[str, Any]], slots: int, joins: int, lookahead: int
) -> None:
    play = Play(slots, joins, lookahead)
    for action, number in actions:
        play.act(action, number)
        assert play.engine.scheduler.running <= slots
    play.finish()
    for order in play.orders:
        if not isinstance(play.history.last(order.picture_id), Cancelled):
            assert_exact(play.model, order, play.history)
