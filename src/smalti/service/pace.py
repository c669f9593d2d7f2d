"""How long a picture takes, as measured, and how long a refused client should wait."""

from __future__ import annotations

import math

FIRST_GUESS_S = 5.0
LONGEST_S = 60
_WEIGHT = 0.2


class Pace:
    """The mean time that a picture holds its slot, the latest counting most."""

    def __init__(self) -> None:
        self.picture_s = FIRST_GUESS_S
        self._measured = False

    def drew(self, seconds: float) -> None:
        """Remember how long a finished picture took."""
        weight = _WEIGHT if self._measured else 1.0
        self._measured = True
        self.picture_s += weight * (seconds - self.picture_s)

    def retry_after_s(self, to_start: int, at_once: int, spread: float) -> int:
        """When `to_start` pictures will have left the queue, in whole seconds from 1 to 60.

        at_once: pictures drawn at the same time; spread: in [0, 1), so that clients who are
        refused together do not come back together.
        """
        seconds = to_start * self.picture_s / max(1, at_once)
        return min(LONGEST_S, max(1, math.ceil(seconds * (1 + spread / 4))))
