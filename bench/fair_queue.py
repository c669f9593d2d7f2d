"""What a turn of the fair queue costs, with few and with many pictures waiting.

    python bench/fair_queue.py [--waiting 1000 100000] [--turns 20000]

A turn is one picture put into the queue, one named and one finished. Users of three tiers, two
pictures each; slots for 64. The last line is JSON: turns a second at each length, how many times
longer a turn takes at the longest than at the shortest, and the same for telling a wait.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time

from smalti.control import Ask, Controller, Tier

TIERS = {
    name: Tier(name, weight, (), 2, 1_000_000)
    for name, weight in (("free", 1.0), ("plus", 4.0), ("team", 20.0))
}
SLOTS = 64
ROUNDS = 5
NOW = 1.8e9


class Shop:
    """A controller with a number of pictures waiting, which stays the same."""

    def __init__(self, waiting: int) -> None:
        self.dice = random.Random(waiting)
        self.controller = Controller(TIERS, 10**9)
        self.controller.slots = SLOTS
        self.users = waiting // 2
        self.jobs: list[str] = []
        self.drawing: list[tuple[str, int]] = []
        for _ in range(waiting):
            self.send()
        while (turn := self.controller.next(NOW)) is not None:
            self.drawing.append((turn.job_id, turn.index))
            self.send()

    def send(self) -> None:
        user = self.dice.randrange(self.users)
        tier = ("free", "free", "free", "plus", "team")[user % 5]
        ask = Ask(f"job_{len(self.jobs)}", f"user_{user}", "org_1", tier, 1, 256.0)
        self.jobs.append(ask.job_id)
        if self.controller.admit(ask, NOW) is not None:
            raise RuntimeError("A queue without limits refused a picture.")
        self.controller.enqueue(ask.job_id, NOW)

    def turn(self) -> None:
        """Send one, finish one, name one."""
        self.send()
        at = self.dice.randrange(len(self.drawing))
        self.drawing[at], self.drawing[-1] = self.drawing[-1], self.drawing[at]
        self.controller.finished(*self.drawing.pop(), self.dice.uniform(0.5, 2.0), NOW + 1)
        turn = self.controller.next(NOW)
        if turn is not None:
            self.drawing.append((turn.job_id, turn.index))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--waiting", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--turns", type=int, default=20_000)
    chosen = parser.parse_args()
    shops = {waiting: Shop(waiting) for waiting in sorted(chosen.waiting)}
    turn_s: dict[int, list[float]] = {waiting: [] for waiting in shops}
    wait_s: dict[int, list[float]] = {waiting: [] for waiting in shops}
    for _ in range(ROUNDS):
        for waiting, shop in shops.items():
            turn_s[waiting].append(turns(shop, chosen.turns // ROUNDS))
            wait_s[waiting].append(waits(shop, 200))
    figures: dict[str, float] = {}
    print(f"{'waiting':>9} {'turns/s':>9} {'us a turn':>10} {'us a wait':>10}")
    for waiting in shops:
        turn, wait = statistics.median(turn_s[waiting]), statistics.median(wait_s[waiting])
        print(f"{waiting:>9} {1 / turn:>9.0f} {turn * 1e6:>10.1f} {wait * 1e6:>10.1f}")
        figures[f"turns_per_s_{waiting}"] = round(1 / turn)
        figures[f"wait_us_{waiting}"] = round(wait * 1e6, 1)
    few, many = min(shops), max(shops)
    figures["ratio"] = round(statistics.median(turn_s[many]) / statistics.median(turn_s[few]), 3)
    figures["wait_ratio"] = round(
        statistics.median(wait_s[many]) / statistics.median(wait_s[few]), 3
    )
    print(json.dumps({"bench": "queue", "figures": figures}))


def turns(shop: Shop, count: int) -> float:
    """Seconds for each."""
    begun = time.process_time()
    for _ in range(count):
        shop.turn()
    return (time.process_time() - begun) / count


def waits(shop: Shop, count: int) -> float:
    """Seconds to tell one wait, of jobs that wait, anywhere in the queue."""
    told, spent_s = 0, 0.0
    while told < count:
        job_id = shop.dice.choice(shop.jobs)
        begun = time.process_time()
        wait = shop.controller.wait(job_id, NOW)
        if wait is not None:
            spent_s += time.process_time() - begun
            told += 1
    return spent_s / told


if __name__ == "__main__":
    main()
