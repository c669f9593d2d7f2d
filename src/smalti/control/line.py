"""`Line`: names in the order of their tags."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import chain

Place = tuple[float, int, str]
"""Tag, arrival, name. The arrival decides between equal tags."""

_FULL = 1024


class Line:
    """A sorted list in buckets of at most 1,024.

    To put, to take out and to see the first need two binary searches, and one move of memory
    within a bucket.
    """

    def __init__(self) -> None:
        self._buckets: list[list[Place]] = []
        self._lasts: list[Place] = []
        self._places: dict[str, Place] = {}
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[Place]:
        return chain.from_iterable(self._buckets)

    def place(self, name: str) -> Place:
        return self._places[name]

    def first(self) -> Place:
        return self._buckets[0][0]

    def put(self, name: str, tag: float) -> None:
        """A name that is in the line already moves, behind others of its new tag."""
        self.discard(name)
        self._arrivals += 1
        place = self._places[name] = (tag, self._arrivals, name)
        if not self._buckets:
            self._buckets.append([place])
            self._lasts.append(place)
            return
        b = min(bisect_left(self._lasts, place), len(self._buckets) - 1)
        bucket = self._buckets[b]
        insort(bucket, place)
        self._lasts[b] = bucket[-1]
        if len(bucket) > _FULL:
            half = len(bucket) // 2
            self._buckets[b : b + 1] = [bucket[:half], bucket[half:]]
            self._lasts[b : b + 1] = [bucket[half - 1], bucket[-1]]

    def discard(self, name: str) -> None:
        place = self._places.pop(name, None)
        if place is None:
            return
        b = bisect_left(self._lasts, place)
        bucket = self._buckets[b]
        del bucket[bisect_left(bucket, place)]
        if bucket:
            self._lasts[b] = bucket[-1]
        else:
            del self._buckets[b], self._lasts[b]

    def clear(self) -> None:
        self._buckets.clear()
        self._lasts.clear()
        self._places.clear()

    def before(self, tag: float, arrival: int = 0) -> int:
        """How many stand before a tag: one addition for each bucket before it."""
        sought = (tag, arrival, "")
        b = bisect_left(self._lasts, sought)
        if b == len(self._buckets):
            return len(self._places)
        return sum(map(len, self._buckets[:b])) + bisect_left(self._buckets[b], sought)
