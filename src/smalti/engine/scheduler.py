"""`Scheduler`: who waits, who holds which slot, who leaves. Knows no model and no time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from smalti.engine.drawing import Drawing, Wish
from smalti.engine.errors import DuplicatePicture


@dataclass(frozen=True)
class Batch:
    """One step's plan. drawing: all that hold a slot, by slot; those joining are among them."""

    leaving: tuple[Drawing, ...]
    joining: tuple[Drawing, ...]
    drawing: tuple[Drawing, ...]

    def stepping(self) -> list[Drawing]:
        """Those that get a tile; asked again once joining has shown who begins well."""
        return [drawing for drawing in self.drawing if drawing.to_step]


class Scheduler:
    """Fixed slots, filled in order of arrival, at most `joins_per_step` of them in a step.

    A picture that joins costs a prefill, for which the running ones wait: the bound is what a
    newcomer can cost its neighbours in one step.
    """

    def __init__(self, slots: int, joins_per_step: int = 1) -> None:
        if slots < 1 or joins_per_step < 1:
            raise ValueError(
                f"slots ({slots}) and joins_per_step ({joins_per_step}) must be 1 or more"
            )
        self.joins_per_step = joins_per_step
        self._slots: list[Drawing | None] = [None] * slots
        self._waiting: dict[str, Drawing] = {}
        self._known: dict[str, Drawing] = {}
        self._leaving: dict[str, Drawing] = {}

    @property
    def slots(self) -> int:
        return len(self._slots)

    @property
    def running(self) -> int:
        """Slots in use."""
        return sum(drawing is not None for drawing in self._slots)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        return bool(self._known)

    def add(self, drawing: Drawing) -> None:
        picture_id = drawing.order.picture_id
        if picture_id in self._known:
            raise DuplicatePicture(picture_id)
        self._known[picture_id] = self._waiting[picture_id] = drawing

    def wish(self, picture_id: str, wish: Wish) -> None:
        """Let a picture leave at the next step. A cancel outdoes a pause; unknown is ignored."""
        drawing = self._known.get(picture_id)
        if drawing is not None and drawing.wish != "cancel":
            drawing.wish = wish
            self._leaving[picture_id] = drawing

    def schedule(self) -> Batch:
        leaving = tuple(self._leaving.values())
        for drawing in leaving:
            self.release(drawing)
        joining = self._join()
        return Batch(leaving, joining, tuple(d for d in self._slots if d is not None))

    def release(self, drawing: Drawing) -> None:
        """Forget a picture, and free its slot."""
        picture_id = drawing.order.picture_id
        del self._known[picture_id]
        self._waiting.pop(picture_id, None)
        self._leaving.pop(picture_id, None)
        if drawing.slot is not None:
            self._slots[drawing.slot] = None

    def _join(self) -> tuple[Drawing, ...]:
        free = [slot for slot, drawing in enumerate(self._slots) if drawing is None]
        first = tuple(islice(self._waiting.values(), min(len(free), self.joins_per_step)))
        for drawing, slot in zip(first, free, strict=False):
            del self._waiting[drawing.order.picture_id]
            drawing.slot = slot
            self._slots[slot] = drawing
        return first
