"""`Overview`: how the server stands at this moment, for whoever watches over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from smalti.control.live import classes_of
from smalti.control.nouns import FULL
from smalti.control.tiers import Tier
from smalti.service.books import Books
from smalti.service.job import Progress
from smalti.service.rungs import Models, rungs_had


class Overview:
    """models: those that are served, by name."""

    def __init__(self, books: Books, models: Models) -> None:
        self._books = books
        self._models = models

    @property
    def now(self) -> float:
        """Unix time, as the service has it."""
        return self._books.now()

    def waiting(self) -> dict[str, int]:
        """Pictures that wait for a slot, by tier; of each tier in force at least."""
        return self._pictures("waiting")

    def running(self) -> dict[str, int]:
        """Pictures that are being drawn, by tier, also those that follow others."""
        return self._pictures("drawing")

    def rungs(self) -> dict[str, str]:
        """The last rung that is taken for each tier and that one of its models has, of whichever of
        its classes is the furthest down; FULL where none is."""
        control = self._books.controller
        taken = control.rungs()
        return {
            name: self._served(tier, max(taken.get(its.name, 0) for its in classes_of(tier)))
            for name, tier in control.policy.tiers.items()
        }

    def _served(self, tier: Tier, level: int) -> str:
        allowed, had = tier.rungs[:level], set[str]()
        for name, model in self._models.items():
            if allowed and (not tier.models or name in tier.models):
                had.update(rungs_had(model, allowed, self._models))
        return next((rung for rung in reversed(allowed) if rung in had), FULL)

    def readings(self) -> dict[str, Callable[[], Any]]:
        """What `Metrics.watch` reads, at each scrape."""
        return {
            "waiting": self.waiting,
            "rungs": self.rungs,
            "load": lambda: self.load,
            "store_healthy": lambda: self.store_healthy,
        }

    @property
    def load(self) -> float:
        return self._books.load

    @property
    def store_healthy(self) -> bool:
        return self._books.health.problem is None

    def _pictures(self, progress: Progress) -> dict[str, int]:
        found = Counter(dict.fromkeys(self._books.controller.policy.tiers, 0))
        for job in self._books.live.values():
            found[job.tier] += sum(p.progress == progress for p in job.pictures)
        return dict(found)
