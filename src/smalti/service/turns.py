"""`Turns`: pictures as control knows them: those that wait, and those that hold a slot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from smalti.control.controller import Ask, Controller, Wait
from smalti.service.shared import Name


class Turns:
    """What a job's pictures wait for.

    Those that wait when the job begins are enqueued under its id. One that is to wait later (the
    picture that it followed is gone) stands in the queue apart, under an id of its own.
    """

    def __init__(self, controller: Controller, now: Callable[[], float]) -> None:
        self._controller = controller
        self._now = now
        self._unqueued: dict[str, Ask] = {}
        self._asks: dict[str, Ask] = {}
        self._apart: dict[str, Name] = {}

    def begin(self, ask: Ask, indices: Sequence[int]) -> None:
        """A job that control has admitted. indices: pictures that wait; the others follow."""
        self._asks[ask.job_id] = ask
        self._unqueued[ask.job_id] = ask
        if indices:
            self._enqueue(ask, indices)
        else:
            self._controller.follow(ask.job_id)

    def again(self, name: Name, admitted_at: float) -> None:
        """A picture that followed is to wait for a slot of its own, by the time that was promised
        to its job when that was admitted."""
        job_id, index = name
        if job_id in self._unqueued:
            self._enqueue(self._unqueued[job_id], [index])
            return
        alone = _apart(name)
        self._controller.adopt(replace(self._asks[job_id], job_id=alone, images=1), admitted_at)
        self._apart[alone] = name
        self._controller.enqueue(alone, self._now())

    def next(self) -> Name | None:
        """The picture that gets a slot now."""
        turn = self._controller.next(self._now())
        if turn is None:
            return None
        return self._apart.get(turn.job_id, (turn.job_id, turn.index))

    def finished(self, name: Name, device_s: float) -> None:
        """It left its slot for good."""
        self._controller.finished(*self._known_as(name), device_s, self._now())
        self._apart.pop(_apart(name), None)

    def requeue(self, name: Name) -> None:
        """It lost its slot, and is to get the next one."""
        self._controller.requeue(*self._known_as(name), self._now())

    def withdraw(self, job_id: str) -> None:
        """Nothing of a job waits any more; what runs ends by `finished`."""
        self._unqueued.pop(job_id, None)
        ask = self._asks.pop(job_id, None)
        self._controller.withdraw(job_id, self._now())
        for index in range(ask.images if ask is not None else 0):
            alone = _apart((job_id, index))
            if alone in self._apart and self._controller.withdraw(alone, self._now()):
                del self._apart[alone]

    def wait(self, names: Sequence[Name]) -> Wait | None:
        """What stands before pictures: before the first, and until the last is drawn."""
        accounts = {self._known_as(name)[0] for name in names}
        found = (self._controller.wait(account, self._now()) for account in sorted(accounts))
        waits = [wait for wait in found if wait is not None]
        if not waits:
            return None
        first = min(waits, key=lambda wait: wait.start_s)
        finish_s = (max(w.finish_s[0] for w in waits), max(w.finish_s[1] for w in waits))
        return replace(first, finish_s=finish_s)

    def _enqueue(self, ask: Ask, indices: Sequence[int]) -> None:
        del self._unqueued[ask.job_id]
        self._controller.enqueue(ask.job_id, self._now(), indices)

    def _known_as(self, name: Name) -> Name:
        alone = _apart(name)
        return (alone, 0) if alone in self._apart else name


def _apart(name: Name) -> str:
    return f"{name[0]}/{name[1]}"
