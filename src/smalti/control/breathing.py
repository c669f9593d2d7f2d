"""`Breath`: how far the limits that breathe are open, by the load."""

from __future__ import annotations

CALM, FULL_LOAD = 0.5, 1.0
OPENS_IN_S = 600.0
"""From shut to open, at the quickest."""
WIDE = 1_000_000
"""Of how many parts a limit that is fully open is."""


class Breath:
    """open: WIDE parts while it is calm, 0 under full load. It shuts at once, and opens slowly."""

    def __init__(self) -> None:
        self._open = 1.0
        self._at: float | None = None

    @property
    def open(self) -> int:
        return int(self._open * WIDE + 1e-3)

    def clock_set(self, by_s: float) -> None:
        """It has opened for as long as before."""
        if self._at is not None:
            self._at += by_s

    def load_is(self, load: float, now: float) -> None:
        """A clock that is set back opens nothing."""
        aim = min(1.0, max(0.0, (FULL_LOAD - load) / (FULL_LOAD - CALM)))
        since_s = 0.0 if self._at is None else max(now - self._at, 0.0)
        self._at = now
        self._open = min(aim, self._open + since_s / OPENS_IN_S)


def breadth(floor: int, ceiling: int, parts: int) -> int:
    """Of a limit that is open by so many parts of WIDE."""
    return floor + (ceiling - floor) * parts // WIDE
