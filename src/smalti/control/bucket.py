"""`Bucket`: what a class may still have of a share that fills up while it is not used."""

from __future__ import annotations


class Bucket:
    """It fills at a rate, to a most, and may be overdrawn by as much. Full at first.

    A clock that is set back stands still until it has caught up.
    """

    __slots__ = ("_at", "_spent")

    def __init__(self) -> None:
        self._at = 0.0
        self._spent = 0.0

    def left(self, per_s: float, most: float, now: float) -> float:
        """per_s, most: amounts, as they are now. Nothing is changed."""
        spent = self._spent if self._spent < 2 * most else 2 * most
        if now > self._at:
            spent -= per_s * (now - self._at)
        return most - spent if spent > 0 else most

    def clock_set(self, by_s: float) -> None:
        """What was taken is as long ago as before."""
        self._at += by_s

    def give_back(self, amount: float) -> None:
        self._spent = max(self._spent - amount, 0.0)

    def take(self, amount: float, per_s: float, most: float, now: float) -> None:
        self._spent = most - self.left(per_s, most, now) + amount
        if now > self._at:
            self._at = now
