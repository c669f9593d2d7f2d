"""The nouns: an order for one picture, and the events that tell how it goes.

    order ── Started ── (RowDrawn, Strip)* ── Done
                 └──────────┴── Failed, Cancelled or Paused

A row and a layout are integers, and so is a half-drawn picture: an order that carries them goes
on where another left off, on any device.
"""

from __future__ import annotations

from dataclasses import dataclass

from smalti.models.tile_model import Codes, Conditions, Rgb


@dataclass(frozen=True, eq=False)
class PictureOrder:
    """One picture to draw.

    group: orders with the same group have the same conditions and share their `encode`.
    seed: any integer; taken modulo 2**64.
    temperature: None for the model's default.
    layout, drawn: the state of a picture drawn in part before, to go on from; None for a new one.
    shown_rows: tile rows whose strips were sent before and are not to be sent again.
    """

    picture_id: str
    model: str
    group: str
    conditions: Conditions
    seed: int
    temperature: float | None = None
    layout: tuple[int, ...] | None = None
    drawn: Codes | None = None
    shown_rows: int = 0


@dataclass(frozen=True, eq=False)
class Started:
    """The picture has a slot; told again by the next worker if this one dies.

    worker: name of the worker that draws it.
    """

    picture_id: str
    worker: str
    layout: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class RowDrawn:
    """A checkpoint: codes are the tiles of `row`; all rows above it were told before.

    device_s: seconds of the device that this order has used so far.
    """

    picture_id: str
    row: int
    codes: Codes
    device_s: float


@dataclass(frozen=True, eq=False)
class Strip:
    """Final pixels of tile rows from `first_row` on; strips of a picture adjoin and never repeat.

    rows: how many tile rows these are.
    """

    picture_id: str
    first_row: int
    rows: int
    pixels: Rgb


@dataclass(frozen=True, eq=False)
class Done:
    """All rows are drawn and all strips were sent. device_s: seconds of the device it used."""

    picture_id: str
    device_s: float
    tiles: int


@dataclass(frozen=True, eq=False)
class Failed:
    """The picture cannot be drawn. reason: a sentence for its owner."""

    picture_id: str
    reason: str
    device_s: float = 0.0


@dataclass(frozen=True, eq=False)
class Cancelled:
    """The picture was cancelled and its slot is free."""

    picture_id: str
    device_s: float


@dataclass(frozen=True, eq=False)
class Paused:
    """The picture was taken off its slot.

    An order with these `layout`, `drawn` and `shown_rows` resumes it; layout and drawn are None
    for a picture that had not begun. drawn may end in the middle of a row.
    """

    picture_id: str
    layout: tuple[int, ...] | None
    drawn: Codes | None
    shown_rows: int
    device_s: float


Event = Started | RowDrawn | Strip | Done | Failed | Cancelled | Paused
LAST_EVENTS = (Done, Failed, Cancelled, Paused)
