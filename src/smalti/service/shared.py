"""`Shared`: pictures that are the same are drawn once, for everybody who asked for them.

Bookkeeping alone: it knows who wants a picture, who of them waits in the queue, and in whose name
it is drawn; whoever asks it acts on what it says.

One drawing stands for all pictures of one identity that are on their way. Of its members one at
least waits in the queue, unless it is being drawn; the others follow. A member that would be drawn
sooner than those who came before may wait too: whoever is named first is drawn, for all of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields

from smalti.fleet.backend import PictureOrder

Name = tuple[str, int]
"""A picture: the id of its job, and its index."""

_STATE = frozenset({"picture_id", "group", "conditions", "layout", "drawn", "shown_rows"})
"""What an order says that does not decide what the finished picture looks like."""


@dataclass(eq=False)
class Drawing:
    """members: in the order in which they came. queued: those of them that wait in the queue.

    holder: in whose name a slot is held, even if he has left since; None while there is no slot.
    begun: whether a worker has begun the present order. rows: the tiles of each row that is drawn,
    int16 little-endian. spent_s: device time that the present order has used. left_s: how much of
    it before its holder left; None while he is there.
    """

    identity: str
    members: list[Name] = field(default_factory=list)
    queued: set[Name] = field(default_factory=set)
    holder: Name | None = None
    begun: bool = False
    rows: list[bytes] = field(default_factory=list)
    spent_s: float = 0.0
    left_s: float | None = None

    @property
    def payer(self) -> Name | None:
        """In whose receipt its device time stands: the holder's, or his heir's."""
        if self.holder in self.members:
            return self.holder
        return self.members[0] if self.members else None

    @property
    def orphaned(self) -> bool:
        """Whether nobody is left who wants it."""
        return not self.members

    def spend(self, order_s: float) -> float:
        """The order has used so much device time; returns what is new of it."""
        new_s = max(0.0, order_s - self.spent_s)
        self.spent_s += new_s
        return new_s

    def _heir(self) -> Name | None:
        """Who must be let into the queue, so that it is drawn at all."""
        needs_one = self.holder is None and not self.queued
        return self.members[0] if needs_one and self.members else None


class Shared:
    def __init__(self) -> None:
        self._drawings: dict[str, Drawing] = {}
        self._of: dict[Name, Drawing] = {}

    def of(self, name: Name) -> Drawing | None:
        """None for a picture that is drawn, or whose job has ended."""
        return self._of.get(name)

    def enter(self, name: Name, identity: str) -> Drawing:
        """A picture is wanted; it follows, until it is told to be in the queue."""
        drawing = self._drawings.setdefault(identity, Drawing(identity))
        drawing.members.append(name)
        self._of[name] = drawing
        return drawing

    def queue(self, name: Name) -> None:
        """It waits in the queue."""
        self._of[name].queued.add(name)

    def named(self, name: Name) -> bool:
        """It got a slot. False if it needs none: it is being drawn in another's name, or drawn."""
        drawing = self._of.get(name)
        if drawing is None:
            return False
        drawing.queued.discard(name)
        if drawing.holder is not None:
            return False
        drawing.holder, drawing.spent_s, drawing.left_s = name, 0.0, None
        drawing.begun = False
        return True

    def lost_slot(self, drawing: Drawing) -> Name | None:
        """Its slot is gone before it is drawn. The holder waits again, if he is still there.

        Returns who must be let into the queue now.
        """
        holder, drawing.holder = drawing.holder, None
        if holder in drawing.members:
            assert holder is not None
            drawing.queued.add(holder)
        return drawing._heir()

    def leave(self, name: Name) -> Name | None:
        """It is not wanted any more. Returns who must be let into the queue now."""
        drawing = self._of.pop(name, None)
        if drawing is None:
            return None
        drawing.members.remove(name)
        drawing.queued.discard(name)
        if name == drawing.holder:
            drawing.left_s = drawing.spent_s
        if drawing.orphaned:
            self._forget(drawing)
        return drawing._heir()

    def close(self, drawing: Drawing) -> list[Name]:
        """It is drawn, or never will be. Returns its members; whoever comes now starts anew."""
        members, drawing.members = drawing.members, []
        for name in members:
            self._of.pop(name, None)
        self._forget(drawing)
        return members

    def _forget(self, drawing: Drawing) -> None:
        if self._drawings.get(drawing.identity) is drawing:
            del self._drawings[drawing.identity]


def identity_of(order: PictureOrder) -> str:
    """The same for two orders if, and only if, they draw the same picture."""
    about = {f.name: getattr(order, f.name) for f in fields(order) if f.name not in _STATE}
    conditions = order.conditions
    about |= {f.name: getattr(conditions, f.name) for f in fields(conditions)}
    source = about.pop("source")
    whole = hashlib.sha256(repr(sorted(about.items())).encode("utf-8", "surrogatepass"))
    if source is not None:
        whole.update(repr(source.shape).encode() + source.tobytes())
    return whole.hexdigest()
