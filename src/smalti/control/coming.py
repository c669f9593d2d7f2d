"""`Coming`: what comes for each class: how much, for how long, and whom it goes before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from smalti.control.crowds import Crowd
from smalti.control.flow import Arrivals
from smalti.control.passing import Passing

Written = dict[str, dict[str, list[float]]]
"""By class: its `arrivals`, its `crowd` and what is `passing` in it."""


class Coming:
    """rates: by class, tile-steps that come in a second until each of `crowds.UNTIL_S`, as they
    were when last looked at; once a second is enough. at: of the latest that came."""

    def __init__(self) -> None:
        self.rates: dict[str, tuple[float, ...]] = {}
        self.at = 0.0
        self._arrivals = defaultdict[str, Arrivals](Arrivals)
        self._crowds = defaultdict[str, Crowd](Crowd)
        self._passing = defaultdict[str, Passing](Passing)

    def asked(self, service_class: str, work: float, now: float) -> None:
        """Work of a class that is admitted, or has a place kept for it."""
        self._arrivals[service_class].add(work, now)
        self.at = max(self.at, now)

    def admitted(
        self, service_class: str, before: int, images: int, work: float, now: float
    ) -> None:
        """A job. before: pictures of its user that wait. work: of each of its own."""
        self._passing[service_class].came(before, images, work, now)
        self._crowds[service_class].add(images * work, now)

    def clock_set(self, by_s: float) -> None:
        """What came is as long ago as before."""
        self.at += by_s
        for flow in self._arrivals.values():
            flow.clock_set(by_s)
        for crowd in self._crowds.values():
            crowd.clock_set(by_s)
        for passing in self._passing.values():
            passing.clock_set(by_s)

    def look(self, now: float) -> None:
        for passing in self._passing.values():
            passing.look(now)
        self.rates = {
            name: self._crowds[name].rates(flow.rate(now), now)
            for name, flow in self._arrivals.items()
        }

    def passing(self, service_class: str) -> Passing:
        """What comes in it and goes before somebody who has been there longer."""
        return self._passing[service_class]

    def written(self) -> Written:
        """As JSON can hold it."""
        return {
            name: {
                "arrivals": flow.written(),
                "crowd": self._crowds[name].written(),
                "passing": self._passing[name].written(),
            }
            for name, flow in self._arrivals.items()
        }

    @classmethod
    def read(
        cls, written: Mapping[str, Mapping[str, Sequence[float]]], at: float, now: float
    ) -> Coming:
        """What `written` wrote, of which the latest came at `at`, as if that had been just now.

        Raises ValueError, KeyError or TypeError for anything else.
        """
        its = cls()
        its.at, later_s = now, now - at
        for name, parts in written.items():
            its._arrivals[name] = Arrivals.read(parts["arrivals"], later_s)
            its._crowds[name] = Crowd.read(parts["crowd"], later_s)
            its._passing[name] = Passing.read(parts["passing"], later_s)
        return its
