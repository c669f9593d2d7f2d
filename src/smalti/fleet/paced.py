"""`PacedBackend`: takes the time that it is told to take, and draws nothing.

For tests and benches alone: what it sends back as pictures is one grey. It stands where a backend
of real devices would, so that all the rest of a server can be watched under load without them.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from smalti.engine.errors import DuplicatePicture, NotRunning
from smalti.engine.picture import (
    Cancelled,
    Done,
    Event,
    Paused,
    PictureOrder,
    RowDrawn,
    Started,
    Strip,
)
from smalti.fleet.backend import DeviceState, Health, OnEvent
from smalti.models.facts import MINI

PACED = replace(
    MINI, name="paced", summary="Draws nothing: a grey picture after a declared time, for tests."
)
"""The model that it serves."""
GREY = 128
CODES = 2
"""Of a tile, as far as anybody can tell."""


@dataclass(eq=False)
class _Held:
    """A picture on a device. begun, before_s: the device's steps and seconds when it came.

    first: tiles that were drawn before. rows: told so far.
    """

    order: PictureOrder
    on_event: OnEvent
    begun: float
    before_s: float
    first: int
    rows: int
    over: bool = False


@dataclass(eq=False)
class _Device:
    """A clock of steps, that runs at a speed set by how many pictures are held.

    due: (the step of a picture's next event, number, picture), a heap. used_s: device-seconds that
    each picture on it has used since ever.
    """

    number: int
    at: float
    steps: float = 0.0
    used_s: float = 0.0
    tiles: int = 0
    held: dict[str, _Held] = field(default_factory=dict)
    due: list[tuple[float, int, _Held]] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


class PacedBackend:
    """A `Backend` whose devices are all alike.

    slots: of each device. step_s: seconds of a step with 1, 2, … pictures on a device, for as many
    as it has slots. rows: whether each row is told; else all of a picture at its end.
    """

    def __init__(
        self, devices: int, slots: int, step_s: Sequence[float], *, rows: bool = True
    ) -> None:
        if devices < 1 or len(step_s) != slots or slots < 1 or min(step_s) <= 0:
            raise ValueError(
                f"{devices} devices of {slots} slots need {slots} step times above zero; there are "
                f"{len(step_s)}."
            )
        self._step_s = tuple(step_s)
        self._rows = rows
        self._devices = [_Device(number, 0.0) for number in range(devices)]
        self._waiting: dict[str, tuple[PictureOrder, OnEvent]] = {}
        self._on: dict[str, _Device] = {}
        self._number = 0
        self._running = False

    async def start(self) -> None:
        self._running = True

    async def ready(self) -> None:
        pass

    async def stop(self, grace_s: float = 5.0) -> None:
        self._running = False
        for picture_id in [*self._waiting, *self._on]:
            self.pause(picture_id)
        await asyncio.sleep(0)  # the last events are told before this returns

    def send(self, order: PictureOrder, on_event: OnEvent) -> None:
        """Raises NotRunning, DuplicatePicture."""
        if not self._running:
            raise NotRunning
        if order.picture_id in self._on or order.picture_id in self._waiting:
            raise DuplicatePicture(order.picture_id)
        self._waiting[order.picture_id] = order, on_event
        self._fill()

    def cancel(self, picture_id: str) -> None:
        self._take_off(picture_id, pauses=False)

    def pause(self, picture_id: str) -> None:
        self._take_off(picture_id, pauses=True)

    def devices(self) -> tuple[DeviceState, ...]:
        state: Health = "ready" if self._running else "stopped"
        return tuple(
            DeviceState(
                f"paced:{device.number}",
                f"paced-{device.number}",
                state,
                PACED.name,
                len(self._step_s),
                len(device.held),
                0,
                tiles_drawn=device.tiles,
            )
            for device in self._devices
        )

    # --- within ---

    def _fill(self) -> None:
        """Give waiting pictures to the devices that have room, the emptiest first."""
        while self._waiting:
            device = min(self._devices, key=lambda device: len(device.held))
            if len(device.held) == len(self._step_s):
                return
            self._put(device, *self._waiting.pop(next(iter(self._waiting))))

    def _put(self, device: _Device, order: PictureOrder, on_event: OnEvent) -> None:
        self._advance(device, _now())
        first = 0 if order.drawn is None else len(order.drawn)
        columns = order.conditions.grid.columns
        held = _Held(
            order,
            on_event,
            device.steps,
            device.used_s,
            first,
            min(order.shown_rows, first // columns),
        )
        device.held[order.picture_id] = held
        self._on[order.picture_id] = device
        _tell(
            held.on_event, Started(order.picture_id, f"paced-{device.number}", order.layout or (0,))
        )
        held.rows = self._show(held, first // columns)
        self._plan(device, held)
        self._arm(device)

    def _plan(self, device: _Device, held: _Held) -> None:
        """Its next event: the end of its next row, or of its last, which may be there already."""
        grid = held.order.conditions.grid
        row = min(held.rows + 1, grid.rows) if self._rows else grid.rows
        step = held.begun + max(row * grid.columns - held.first, 0)
        self._number += 1
        heapq.heappush(device.due, (step, self._number, held))

    def _show(self, held: _Held, rows: int) -> int:
        """Strips of rows that are done and were not shown; returns how many rows are."""
        if rows > held.rows:
            grid = held.order.conditions.grid
            height = (rows - held.rows) * PACED.tile_px
            grey = np.broadcast_to(np.uint8(GREY), (height, grid.columns * PACED.tile_px, 3))
            _tell(held.on_event, Strip(held.order.picture_id, held.rows, rows - held.rows, grey))
        return max(rows, held.rows)

    def _tick(self, device: _Device) -> None:
        """All that is due, each at the very moment at which it was, as if nobody were ever late."""
        now = _now()
        device.timer = None
        while (at := self._next(device)) is not None and at <= now:
            self._advance(device, at)
            step, _, held = heapq.heappop(device.due)
            device.steps = max(device.steps, step)
            self._row(device, held)
        self._advance(device, now)
        self._arm(device)
        self._fill()

    def _row(self, device: _Device, held: _Held) -> None:
        grid, name = held.order.conditions.grid, held.order.picture_id
        used_s = device.used_s - held.before_s
        row, columns = held.rows, grid.columns
        if self._rows and row < grid.rows:
            codes = np.zeros((columns, CODES), np.int16)
            _tell(held.on_event, RowDrawn(name, row, codes, used_s))
        held.rows = self._show(held, min(row + 1, grid.rows) if self._rows else grid.rows)
        device.tiles += columns * (held.rows - row)
        if held.rows < grid.rows:
            self._plan(device, held)
        else:
            self._forget(device, held)
            _tell(held.on_event, Done(name, used_s, grid.tiles))

    def _take_off(self, picture_id: str, pauses: bool) -> None:
        if picture_id in self._waiting:
            order, on_event = self._waiting.pop(picture_id)
            state = order.layout, order.drawn, order.shown_rows
            ended = Paused(picture_id, *state, 0.0) if pauses else Cancelled(picture_id, 0.0)
            _tell(on_event, ended)
        elif picture_id in self._on:
            device = self._on[picture_id]
            self._advance(device, _now())
            held = device.held[picture_id]
            used_s = device.used_s - held.before_s
            self._forget(device, held)
            ended = self._paused(device, held) if pauses else Cancelled(picture_id, used_s)
            _tell(held.on_event, ended)
            self._arm(device)
            self._fill()

    def _paused(self, device: _Device, held: _Held) -> Paused:
        """Of a row that is drawn and was not told, all but its last tile counts."""
        order, grid = held.order, held.order.conditions.grid
        untold = (held.rows + 1 if self._rows else grid.rows) * grid.columns
        tiles = min(held.first + int(device.steps - held.begun), untold - 1)
        drawn = np.zeros((tiles, CODES), np.int16)
        used_s = device.used_s - held.before_s
        return Paused(order.picture_id, order.layout or (0,), drawn, held.rows, used_s)

    def _forget(self, device: _Device, held: _Held) -> None:
        held.over = True
        del device.held[held.order.picture_id], self._on[held.order.picture_id]

    def _advance(self, device: _Device, now: float) -> None:
        count = len(device.held)
        passed_s = max(now - device.at, 0.0)
        if count:
            device.steps += passed_s / self._step_s[count - 1]
            device.used_s += passed_s / count
        device.at = max(now, device.at)

    def _next(self, device: _Device) -> float | None:
        """When the next event is due, if nothing comes or goes before."""
        due = device.due
        while due and due[0][2].over:
            heapq.heappop(due)
        if not due:
            return None
        return device.at + max(due[0][0] - device.steps, 0.0) * self._step_s[len(device.held) - 1]

    def _arm(self, device: _Device) -> None:
        if device.timer is not None:
            device.timer.cancel()
            device.timer = None
        at = self._next(device)
        if at is not None:
            device.timer = asyncio.get_running_loop().call_at(at, self._tick, device)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _tell(on_event: OnEvent, event: Event) -> None:
    """In a turn of the loop of its own: a listener that raises harms nobody else."""
    asyncio.get_running_loop().call_soon(on_event, event)
