"""`Drift`: devices that are faster in one minute than in the next.

A shared machine, or a card that heats up, does not keep one speed. What a device draws in a time is
the integral of its speed over it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Drift:
    """speeds: beside what the step times say, in one stretch of every_s seconds after the other.

    The first stretch begins at start_s. Before it and after the last the nearest speed holds; with
    no speeds, 1.
    """

    speeds: tuple[float, ...] = ()
    every_s: float = 60.0
    start_s: float = 0.0

    def since(self, start_s: float) -> Drift:
        """The same, on a clock that begins at start_s of this one."""
        return replace(self, start_s=self.start_s - start_s)

    def stretch(self, at: float) -> int:
        """Which of the speeds holds."""
        return min(max(int((at - self.start_s) // self.every_s), 0), len(self.speeds) - 1)

    def parts(self, since: float, until: float) -> list[tuple[int, float]]:
        """The stretches of a time, and seconds in each; of a Drift with speeds."""
        first, last = self.stretch(since), self.stretch(until)
        ends = [self.start_s + (k + 1) * self.every_s for k in range(first, last)]
        pairs = zip([since, *ends], [*ends, until], strict=True)
        return [(k, end - begin) for k, (begin, end) in enumerate(pairs, first)]

    def drawn_s(self, since: float, until: float) -> float:
        """Seconds at speed 1 in which as much is drawn."""
        if not self.speeds:
            return until - since
        return sum(self.speeds[k] * part_s for k, part_s in self.parts(since, until))

    def end(self, since: float, drawn_s: float) -> float:
        """When so much has been drawn as in drawn_s seconds at speed 1."""
        if not self.speeds:
            return since + drawn_s
        for k in range(self.stretch(since), len(self.speeds) - 1):
            over = self.start_s + (k + 1) * self.every_s
            within_s = self.speeds[k] * (over - since)
            if drawn_s <= within_s:
                return since + drawn_s / self.speeds[k]
            drawn_s -= within_s
            since = over
        return since + drawn_s / self.speeds[-1]


EVEN = Drift()
