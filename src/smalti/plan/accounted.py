"""`Accounted`: a controller that counts what jobs really use, as the service does."""

from __future__ import annotations

from collections import Counter

from smalti.control.controller import Controller
from smalti.control.denial import Denial
from smalti.control.nouns import Admission, Ask
from smalti.control.policy import Policy


class Accounted(Controller):
    """failed: places of the requests whose jobs fail in the end, and so cost nothing."""

    def __init__(
        self, policy: Policy, max_waiting: int, failed: frozenset[int] = frozenset()
    ) -> None:
        super().__init__(policy, max_waiting)
        self._failed = failed
        self._images: dict[str, int] = {}
        self._left: dict[str, int] = {}
        self._used_s: Counter[str] = Counter()

    def admit(self, ask: Ask, now: float) -> Admission | Denial:
        outcome = super().admit(ask, now)
        if isinstance(outcome, Admission):
            self._images[ask.job_id] = self._left[ask.job_id] = ask.images
        return outcome

    def finished(self, job_id: str, index: int, device_s: float, now: float) -> None:
        super().finished(job_id, index, device_s, now)
        self._used_s[job_id] += device_s  # type: ignore[assignment]
        self._gone(job_id, 1, now)

    def withdraw(self, job_id: str, now: float) -> list[int]:
        undrawn = super().withdraw(job_id, now)
        self.refund(job_id, len(undrawn), now)
        self._gone(job_id, len(undrawn), now)
        return undrawn

    def _gone(self, job_id: str, pictures: int, now: float) -> None:
        self._left[job_id] -= pictures
        if self._left[job_id]:
            return
        self.settle(job_id, self._used_s.pop(job_id, 0.0))
        if int(job_id) in self._failed:
            self.refund(job_id, self._images[job_id], now)
        del self._left[job_id], self._images[job_id]
