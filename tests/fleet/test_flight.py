"""A picture whose workers die at any event, with engines in place of workers."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest
from fake_model import FakeModel
from histories import History, draw_alone
from hypothesis import given, settings
from hypothesis import strategies as st
from listening import order

from smalti.engine import Engine
from smalti.engine.errors import ProtocolError
from smalti.engine.picture import (
    LAST_EVENTS,
    Cancelled,
    Done,
    Event,
    Paused,
    PictureOrder,
    RowDrawn,
)
from smalti.fleet.flight import MAX_DEATHS, Flight


def tell(each: PictureOrder, lookahead_rows: int) -> list[Event]:
    """All that a worker which is given this order would tell."""
    engine, events = Engine(FakeModel(lookahead_rows), slots=1), []
    engine.add(each)
    while engine.busy:
        events += engine.step()
    return events


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=8), st.integers(0, 9))
def test_rows_and_strips_come_once_whatever_was_heard_of_each_worker(
    heard: list[int], lookahead_rows: int
) -> None:
    each, history = order(), History()
    flight = Flight(each, lambda event: history.take([event]))
    for count in heard:
        for event in islice(tell(flight.order, lookahead_rows), count):
            if not isinstance(event, LAST_EVENTS):
                flight.on_event(flight.hear(event))
        flight.lose_worker()
    for event in tell(flight.order, lookahead_rows):
        flight.on_event(flight.hear(event))
    model, codes = FakeModel(lookahead_rows), draw_alone(FakeModel(), each)
    grid = each.conditions.grid
    assert np.array_equal(history.codes(each.picture_id), codes)
    whole = model.decode_rows(codes, grid, 0, grid.rows)
    assert np.array_equal(history.pixels(each.picture_id), whole)
    times = [event.device_s for event in history.events["p0"] if isinstance(event, RowDrawn | Done)]
    assert times == sorted(times)


def test_a_new_row_clears_a_picture() -> None:
    flight = Flight(order(), print)
    events = tell(flight.order, 1)
    for _ in range(MAX_DEATHS - 1):
        flight.lose_worker()
    assert flight.suspect
    for event in islice(events, 2):
        flight.hear(event)
    assert flight.deaths == 0
    for _ in range(MAX_DEATHS):
        assert not flight.given_up
        flight.lose_worker()
    assert flight.given_up


@pytest.mark.parametrize("device_s", [math.inf, math.nan, 1e308, -1.0])
def test_a_time_that_cannot_be_is_not_believed(device_s: float) -> None:
    flight = Flight(order(), print)
    with pytest.raises(ProtocolError, match="device-seconds"):
        flight.hear(Done("p0", device_s, 16))
    flight.wish = "cancel"
    assert flight.farewell().device_s == 0.0


def test_it_says_farewell_with_all_it_knows() -> None:
    flight = Flight(order(), print)
    flight.wish = "pause"
    paused = flight.farewell()
    assert isinstance(paused, Paused)
    assert (paused.layout, paused.drawn, paused.shown_rows, paused.device_s) == (None, None, 0, 0.0)
    for event in islice(tell(flight.order, 1), 4):  # started, two rows, a strip
        flight.hear(event)
    flight.lose_worker()
    paused = flight.farewell()
    assert isinstance(paused, Paused)
    assert paused.layout is not None
    assert np.array_equal(paused.drawn, draw_alone(FakeModel(), order())[:16])
    assert paused.shown_rows == 1
    assert paused.device_s > 0
    flight.wish = "cancel"
    assert isinstance(flight.farewell(), Cancelled)


def test_an_order_that_brings_half_a_row_keeps_it_until_the_row_is_told() -> None:
    codes, model = draw_alone(FakeModel(), order()), FakeModel()
    layout = model.lay_out(model.encode(order().conditions), order().seed)
    flight = Flight(order(layout=layout, drawn=codes[:12], shown_rows=0), print)
    events = tell(flight.order, 1)
    flight.hear(events[0])
    assert np.array_equal(flight.order.drawn, codes[:12])
    flight.hear(events[1])
    assert isinstance(events[1], RowDrawn)
    assert np.array_equal(flight.order.drawn, codes[:16])
