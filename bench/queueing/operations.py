"""What an operation of the fair queue costs, with few and with many pictures waiting.

    python bench/queue.py [--waiting 1000 10000 100000 1000000] [--operations 14000]

Jobs of one picture, in three classes and 900 organisations. Half are their user's only one, the
others belong to users who have eight on average, some of them hundreds. 64 slots. Whoever was named
sends another job, or somebody like him, so that the queue stays as it is. The lengths take turns in
one run; each figure is the median over seven rounds, in processor time.

- enqueue and dequeue: a picture is put into the queue, one is finished and one is named.
- cancel: a random job is withdrawn. It is put back afterwards, which is not measured.
- reprioritise: a random job moves to its user's place in another class.
- ahead: what stands before a newcomer is asked, as for every admission.

The last line is JSON: operations a second at each length, and how many times dearer each is at the
longest than at the shortest.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import time
from collections.abc import Callable

from smalti.control.fair import FairQueue, Step

CLASSES = (Step("free", 1.0), Step("plus", 4.0), Step("team", 20.0))
ORGS = 300
SLOTS = 64
DEVICE_S_PER_WORK = 0.01
WORK = 256.0
ROUNDS = 7
LEAST = 100
"""Pictures waiting; with fewer, most of the queue is in slots."""
NOW = 1.8e9

Path = tuple[Step, Step, Step]


class Shop:
    """A queue with a number of pictures waiting, which stays the same.

    users: names, by job; a name says the organisation too. running: pictures that hold slots.
    """

    def __init__(self, waiting: int) -> None:
        self.dice = random.Random(waiting)
        self.queue = FairQueue(DEVICE_S_PER_WORK)
        self.orgs = [(CLASSES[i % 3], Step(f"org_{i}")) for i in range(3 * ORGS)]
        self.users: dict[str, str] = {}
        self.running: list[tuple[str, int]] = []
        self.sent = 0
        often = [self.user("often") for _ in range(max(waiting // 16, 1))]
        for i in range(waiting):
            rank = int(len(often) * self.dice.random() ** 2)
            self.send(self.job(self.user("once") if i % 2 else often[rank]))
        for _ in range(SLOTS):
            named = self.queue.next(NOW)
            assert named is not None
            self.running.append(named)
            self.send(self.another(named[0]))

    def user(self, kind: str) -> str:
        self.sent += 1
        return f"{kind}_{self.dice.randrange(len(self.orgs))}_{self.sent}"

    def path(self, user: str) -> Path:
        return *self.orgs[int(user.split("_")[1])], Step(user, 1.0, 10)

    def job(self, user: str) -> str:
        self.sent += 1
        job_id = f"job_{self.sent}"
        self.users[job_id] = user
        return job_id

    def another(self, job_id: str) -> str:
        """A new job like one that was there: of the same user, or of one who comes once as he."""
        kind, org, user = self.users[job_id].split("_")
        return self.job(f"{kind}_{org}_{self.sent if kind == 'once' else user}")

    def send(self, job_id: str) -> None:
        self.queue.put(job_id, self.path(self.users[job_id]), (0,), WORK)

    def some(self, count: int) -> list[str]:
        """Random jobs that wait."""
        drawn = {job_id for job_id, _ in self.running}
        jobs = self.dice.sample(list(self.users), count + SLOTS)
        return [job_id for job_id in jobs if job_id not in drawn][:count]


def enqueue_dequeue(shop: Shop, count: int) -> float:
    """Seconds for each. As many at a time as there are slots."""
    queue, spent_s = shop.queue, 0.0
    for _ in range(count // SLOTS):
        news = [shop.another(job_id) for job_id, _ in shop.running]
        paths = [shop.path(shop.users[job_id]) for job_id in news]
        for job_id, _ in shop.running:
            del shop.users[job_id]
        ended = [(*picture, cost_s(shop)) for picture in shop.running]
        shop.dice.shuffle(ended)
        named = []
        begun = time.process_time()
        for new, path, (drawn, index, device_s) in zip(news, paths, ended, strict=True):
            queue.put(new, path, (0,), WORK)
            queue.finish(drawn, index, device_s)
            named.append(queue.next(NOW))
        spent_s += time.process_time() - begun
        shop.running = [picture for picture in named if picture is not None]
    return spent_s / (count // SLOTS * SLOTS)


def cost_s(shop: Shop) -> float:
    """What a picture turns out to cost."""
    return WORK * DEVICE_S_PER_WORK * shop.dice.uniform(0.5, 1.5)


def cancel(shop: Shop, count: int) -> float:
    """Seconds for each, of so few at a time that the queue keeps its length."""
    done, spent_s = 0, 0.0
    while done < count:
        jobs = shop.some(min(count, len(shop.users) // 10))
        begun = time.process_time()
        for job_id in jobs:
            shop.queue.withdraw(job_id)
        spent_s += time.process_time() - begun
        for job_id in jobs:
            shop.send(job_id)
        done += len(jobs)
    return spent_s / done


def reprioritise(shop: Shop, count: int) -> float:
    other = dict(zip(CLASSES, CLASSES[1:] + CLASSES[:1], strict=True))
    done, spent_s = 0, 0.0
    while done < count:
        jobs = shop.some(min(count, len(shop.users) // 10))
        paths = [shop.path(shop.users[job_id]) for job_id in jobs]
        moves = [(other[at], org, user) for at, org, user in paths]
        begun = time.process_time()
        for job_id, path in zip(jobs, moves, strict=True):
            shop.queue.reprioritise(job_id, path)
        spent_s += time.process_time() - begun
        for job_id, path in zip(jobs, paths, strict=True):
            shop.queue.reprioritise(job_id, path)
        done += len(jobs)
    return spent_s / done


def ahead(shop: Shop, count: int) -> float:
    jobs = shop.some(min(count, len(shop.users) // 2))
    paths = [shop.path(shop.users[job_id]) for job_id in jobs]
    begun = time.process_time()
    for path in paths:
        shop.queue.ahead_of(path, 2, WORK)
    return (time.process_time() - begun) / len(paths)


MEASURED: dict[str, Callable[[Shop, int], float]] = {
    "enqueue_dequeue": enqueue_dequeue,
    "cancel": cancel,
    "reprioritise": reprioritise,
    "ahead": ahead,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--waiting", type=int, nargs="+", default=[10**3, 10**4, 10**5, 10**6])
    parser.add_argument("--operations", type=int, default=14_000)
    chosen = parser.parse_args()
    if min(chosen.waiting) < LEAST or chosen.operations < ROUNDS * SLOTS:
        parser.error(f"--waiting is from {LEAST}, and --operations from {ROUNDS * SLOTS}")
    shops = {waiting: Shop(waiting) for waiting in sorted(chosen.waiting)}
    gc.collect()
    found: dict[tuple[str, int], list[float]] = {}
    for _ in range(ROUNDS):
        for waiting, shop in shops.items():
            for name, measure in MEASURED.items():
                spent_s = measure(shop, chosen.operations // ROUNDS)
                found.setdefault((name, waiting), []).append(spent_s)
    each_s = {key: statistics.median(spent) for key, spent in found.items()}
    print(f"{'waiting':>9}" + "".join(f"{name + '/s':>19}" for name in MEASURED))
    for waiting in shops:
        print(f"{waiting:>9}" + "".join(f"{1 / each_s[name, waiting]:>19.0f}" for name in MEASURED))
    few, many = min(shops), max(shops)
    figures = {
        f"{name}_per_s_{waiting}": float(round(1 / spent_s))
        for (name, waiting), spent_s in each_s.items()
    }
    for name in MEASURED:
        figures[f"ratio_{name}"] = round(each_s[name, many] / each_s[name, few], 3)
    print(json.dumps({"bench": "queue", "figures": figures}))


if __name__ == "__main__":
    main()
