"""`Line`: members in the order of their tags."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

Who = TypeVar("Who")

_FULL = 1024
_COUNTED = 64


class Line(Generic[Who]):
    """Sorted lists in buckets of at most 1,024; of equal tags, whoever came first is first.

    To put and to take out need two binary searches, and a move of memory within a bucket. Tags are
    kept by value, side by side, and buckets are large: a search of a line that was not touched for
    long reads few lines of memory.
    """

    __slots__ = ("_first", "_first_tags", "_members", "_starts", "_tags")

    def __init__(self) -> None:
        self._first: list[Who] = []
        self._first_tags = array("d")
        self._members = [self._first]
        self._tags = [self._first_tags]
        self._starts: array[float] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._members))

    def __iter__(self) -> Iterator[tuple[float, Who]]:
        for tags, members in zip(self._tags, self._members, strict=True):
            yield from zip(tags, members, strict=True)

    def first(self) -> Who:
        return self._first[0]

    def first_tag(self) -> float:
        return self._first_tags[0]

    def put(self, tag: float, member: Who) -> None:
        """Behind those with the same tag."""
        if self._starts is None:
            tags, members = self._first_tags, self._first
        else:
            b = bisect_right(self._starts, tag)
            tags, members = self._tags[b], self._members[b]
        if not tags or tags[-1] <= tag:
            tags.append(tag)
            members.append(member)
        else:
            at = bisect_right(tags, tag)
            tags.insert(at, tag)
            members.insert(at, member)
        if len(tags) > _FULL:
            self._split()

    def remove_first(self) -> None:
        members = self._first
        del members[0], self._first_tags[0]
        if not members and self._starts is not None:
            self._drop(0)

    def move_first(self, tag: float) -> None:
        """The first has another tag from now on, and stands behind those with the same."""
        tags = self._first_tags
        if tag < tags[1] if len(tags) > 1 else self._starts is None:
            tags[0] = tag
            return
        member = self._first[0]
        self.remove_first()
        self.put(tag, member)

    def remove(self, tag: float, member: Who) -> None:
        """A member that was put with this tag."""
        members, tags, b = self._first, self._first_tags, 0
        if self._starts is not None:
            b = bisect_left(self._starts, tag)
            members, tags = self._members[b], self._tags[b]
        at = bisect_left(tags, tag)
        if at == len(members) or members[at] is not member:
            b, at = self._among_equals(b, at, member)
            members, tags = self._members[b], self._tags[b]
        del members[at], tags[at]
        if not members and self._starts is not None:
            self._drop(b)

    def before(self, tag: float) -> int:
        """How many stand before a tag: exact, unless tens of thousands do.

        Buckets after the 64th are taken to be as long as the mean of up to 64 of them.
        """
        if self._starts is None:
            return bisect_left(self._first_tags, tag)
        b = bisect_left(self._starts, tag)
        counted = sum(map(len, self._tags[: min(b, _COUNTED)]))
        if b > _COUNTED:
            some = self._tags[_COUNTED :: 1 + len(self._tags) // _COUNTED]
            counted += (b - _COUNTED) * sum(map(len, some)) // len(some)
        return counted + bisect_left(self._tags[b], tag)

    def _split(self) -> None:
        """A bucket that is too long, in two."""
        b = next(b for b, tags in enumerate(self._tags) if len(tags) > _FULL)
        tags, members = self._tags[b], self._members[b]
        half = len(tags) // 2
        self._tags[b : b + 1] = [tags[:half], tags[half:]]
        self._members[b : b + 1] = [members[:half], members[half:]]
        starts = self._starts or array("d")
        starts.insert(b, tags[half])
        self._starts = starts
        self._first, self._first_tags = self._members[0], self._tags[0]

    def _drop(self, b: int) -> None:
        """An empty bucket that is not the only one."""
        starts = self._starts
        assert starts is not None
        del self._members[b], self._tags[b], starts[max(b - 1, 0)]
        self._starts = starts or None
        self._first, self._first_tags = self._members[0], self._tags[0]

    def _among_equals(self, b: int, at: int, member: Who) -> tuple[int, int]:
        """Where a member stands at or behind a place."""
        while True:
            try:
                return b, self._members[b].index(member, at)
            except ValueError:
                b, at = b + 1, 0
                if b == len(self._members):
                    raise
