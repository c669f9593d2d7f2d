"""`Flight`: what a supervisor remembers of a picture, enough to have it drawn on elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from smalti.engine.drawing import Wish
from smalti.engine.errors import ProtocolError
from smalti.engine.picture import (
    Cancelled,
    Event,
    Failed,
    Paused,
    PictureOrder,
    RowDrawn,
    Started,
    Strip,
)
from smalti.fleet.backend import OnEvent

MAX_DEATHS = 3
"""A picture that loses so many workers in a row, without a new row, is given up."""
DEVICE_S_MAX = 1e9
"""No picture takes thirty years: what says so is believed in nothing."""


class Flight:
    """A picture from `send` to its last event.

    deaths: how many workers in a row died with it aboard before it had a new row. One that has
    lost all but the last worker allowed is a suspect, and is drawn with no other picture aboard: so
    the death that ends it is its own doing, and no innocent neighbour is ever given up with it.
    """

    def __init__(self, order: PictureOrder, on_event: OnEvent) -> None:
        self.picture_id = order.picture_id
        self.model = order.model
        self.on_event = on_event
        self.wish: Wish | None = None
        self.deaths = 0
        self._order = order
        self._spent_s = 0.0  # on workers that died
        self._here_s = 0.0  # on the present one, as it told last

    @property
    def suspect(self) -> bool:
        return self.deaths >= MAX_DEATHS - 1

    @property
    def given_up(self) -> bool:
        return self.deaths >= MAX_DEATHS

    @property
    def order(self) -> PictureOrder:
        """What a worker is to be told: to go on from the last row."""
        return self._order

    def hear(self, event: Event) -> Event:
        """Remember what a worker tells; returns it with the time spent on all workers.

        Raises ProtocolError for a time that cannot be.
        """
        if isinstance(event, Started):
            self._order = replace(self._order, layout=event.layout)
            return event
        if isinstance(event, Strip):
            self._order = replace(self._order, shown_rows=event.first_row + event.rows)
            return event
        if not 0 <= event.device_s <= DEVICE_S_MAX:
            raise ProtocolError(f"a picture used {event.device_s} device-seconds")
        if isinstance(event, RowDrawn):
            self._add_row(event)
        self._here_s = event.device_s
        return replace(event, device_s=self._device_s)

    def lose_worker(self) -> None:
        self.deaths += 1
        self._spent_s, self._here_s = self._device_s, 0.0

    def farewell(self) -> Cancelled | Paused:
        """The last event of a picture that leaves by its wish while no worker has it."""
        order = self._order
        if self.wish == "cancel":
            return Cancelled(self.picture_id, self._device_s)
        return Paused(self.picture_id, order.layout, order.drawn, order.shown_rows, self._device_s)

    def failure(self, reason: str) -> Failed:
        return Failed(self.picture_id, reason, self._device_s)

    @property
    def _device_s(self) -> float:
        return self._spent_s + self._here_s

    def _add_row(self, event: RowDrawn) -> None:
        self.deaths = 0
        columns = self._order.conditions.grid.columns
        above = event.codes[:0] if self._order.drawn is None else self._order.drawn
        drawn = np.concatenate([above[: event.row * columns], event.codes])
        self._order = replace(self._order, drawn=drawn)
