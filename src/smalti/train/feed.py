"""Training data made on the fly: worker processes make samples, the trainer keeps a pool of them.

A sample is made from a seed alone, so a run can be repeated. Each worker sends its samples through
a bounded queue and waits while that is full. The pool forgets its oldest sample for each new one
and is drawn from at random: how often a sample is seen is chosen by how many are pulled per step.
"""

from __future__ import annotations

import multiprocessing as mp
import os
from collections.abc import Callable
from queue import Empty
from typing import Any

import numpy as np

Make = Callable[[np.random.Generator], Any]


class Feed:
    """An endless stream of `make(rng)`; use as a context manager."""

    def __init__(self, make: Make, seed: int, workers: int, start: int = 0) -> None:
        """start: index of the first sample, to go on after a checkpoint."""
        context = mp.get_context("fork")
        self._queues: list[Any] = [context.Queue(maxsize=48) for _ in range(workers)]
        self._turn = start
        self._workers = [
            context.Process(target=_work, args=(make, seed, start + i, workers, queue), daemon=True)
            for i, queue in enumerate(self._queues)
        ]
        for worker in self._workers:
            worker.start()
        self._first = start

    def __enter__(self) -> Feed:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()
            worker.join()

    @property
    def made(self) -> int:
        """Index of the next sample."""
        return self._turn

    def pull(self) -> Any:
        """The next sample, in the order of its index, whichever worker made it."""
        lane = (self._turn - self._first) % len(self._queues)
        self._turn += 1
        while True:
            try:
                return self._queues[lane].get(timeout=5)
            except Empty:
                if not self._workers[lane].is_alive():
                    raise RuntimeError(
                        f"data worker {lane} died (exit code {self._workers[lane].exitcode}); "
                        "its traceback stands above; the run resumes from its last checkpoint"
                    ) from None


def _work(make: Make, seed: int, first: int, stride: int, queue: Any) -> None:
    os.nice(5)
    index = first
    while True:
        queue.put(make(np.random.default_rng((seed, index))))
        index += stride


class Pool:
    """A bounded set of samples in which a new one takes the oldest's place."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._samples: list[Any] = []
        self._next = 0

    def __len__(self) -> int:
        return len(self._samples)

    def add(self, sample: Any) -> None:
        if len(self._samples) < self._capacity:
            self._samples.append(sample)
            return
        self._samples[self._next] = sample
        self._next = (self._next + 1) % self._capacity

    def draw(self, rng: np.random.Generator, count: int) -> list[Any]:
        return [self._samples[int(i)] for i in rng.integers(0, len(self._samples), count)]
