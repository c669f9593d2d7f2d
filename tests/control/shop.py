"""A queue in which users always have work waiting, for the tests of this room."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Callable

from smalti.control.fair import FairQueue, Step

WEIGHTS = {"free": 1.0, "plus": 4.0, "team": 16.0}


def path(tier: str, user: str, org: str = "org", bound: int = 1000) -> list[Step]:
    return [Step(tier, WEIGHTS.get(tier, 1.0)), Step(org), Step(user, 1.0, bound)]


class Shop:
    """A queue in which some users always have work waiting; says what each was served.

    size: device-seconds of a user's next picture, as expected and as it turns out to be.
    """

    def __init__(self, seed: int, slots: int = 1) -> None:
        self.dice = random.Random(seed)
        self.queue = FairQueue()
        self.slots = slots
        self.served: defaultdict[str, float] = defaultdict(float)
        self.user_of: dict[str, str] = {}
        self._jobs = 0
        self._running: deque[tuple[str, int]] = deque()

    def send(
        self, user: str, expected: float, tier: str = "free", images: int = 1, org: str = "org"
    ) -> None:
        self._jobs += 1
        job_id = f"j{self._jobs}"
        self.user_of[job_id] = user
        self.queue.put(job_id, path(tier, user, org), range(images), expected)

    def waiting(self, user: str, tier: str = "free", org: str = "org") -> int:
        found = self.queue.user(path(tier, user, org))
        return 0 if found is None else found.seat.waiting

    def has_waiting(self, user: str, tier: str = "free") -> bool:
        return self.waiting(user, tier) > 0

    def step(self, cost: Callable[[str, float], float] = lambda _, expected: expected) -> str:
        """Fill the slots, then finish the oldest running picture; whose it was."""
        while len(self._running) < self.slots:
            named = self.queue.next(0.0)
            if named is None:
                break
            self._running.append(named)
        job_id, index = self._running.popleft()
        user = self.user_of[job_id]
        device_s = cost(user, self.queue.running[job_id, index].work)
        self.queue.finish(job_id, index, device_s)
        self.served[user] += device_s
        return user
