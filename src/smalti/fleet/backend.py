"""`Backend`: where pictures are drawn, and the events that come back.

A backend owns workers. It promises that every order it took ends in exactly one of `Done`,
`Failed`, `Cancelled` or `Paused`; that a picture whose worker died goes on elsewhere from its last
row; and that events of one picture arrive in order, on the event loop that called `start`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from smalti.engine.picture import (
    LAST_EVENTS,
    Cancelled,
    Done,
    Event,
    Failed,
    Paused,
    PictureOrder,
    RowDrawn,
    Started,
    Strip,
)

__all__ = [
    "LAST_EVENTS",
    "Backend",
    "Cancelled",
    "DeviceState",
    "Done",
    "Event",
    "Failed",
    "Health",
    "OnEvent",
    "Paused",
    "PictureOrder",
    "RowDrawn",
    "Started",
    "Strip",
]

OnEvent = Callable[[Event], None]
Health = Literal["starting", "ready", "hung", "dead", "stopped"]


@dataclass(frozen=True)
class DeviceState:
    """One device and its worker.

    worker: its name, and pid its process, if it has one. busy: pictures it was given.
    restarts: how many workers were lost. tiles_drawn: by the present worker, as last heard.
    problem: what the last worker died of, or "".
    """

    device: str
    worker: str
    state: Health
    model: str
    slots: int
    busy: int
    restarts: int
    pid: int | None = None
    tiles_drawn: int = 0
    problem: str = ""


class Backend(Protocol):
    """All methods are called on the event loop that called `start`."""

    async def start(self) -> None:
        """Start the workers; returns when each is starting (see `ready`)."""
        ...

    async def ready(self) -> None:
        """Wait until at least one worker can draw. Raises NoWorker if none ever will."""
        ...

    async def stop(self, grace_s: float = 5.0) -> None:
        """Pause what is being drawn (each order gets its `Paused`), then end the workers."""
        ...

    def send(self, order: PictureOrder, on_event: OnEvent) -> None:
        """Queue an order on a worker. Orders wait in arrival order for a free slot."""
        ...

    def cancel(self, picture_id: str) -> None:
        """Within one step; unknown or ended pictures are ignored."""
        ...

    def pause(self, picture_id: str) -> None: ...

    def devices(self) -> tuple[DeviceState, ...]: ...
