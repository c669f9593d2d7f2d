"""Limits and bounds: how they are written.

    [SCOPE ]COUNT[..CEILING][ device_s]/TIME[ burst N]
    [SCOPE ]COUNT waiting
    [SCOPE ]COUNT at once

`3/day`, `3..50/3h`, `org 1000/day`, `key 60/min burst 10`, `600 device_s/day`, `region 500/h`; and
at a time: `org 50 waiting`, or `key 4 at once`, those that are being drawn too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from smalti.control.nouns import Scope

UNITS_S = {
    "s": 1, "sec": 1, "second": 1,
    "min": 60, "minute": 60,
    "h": 3600, "hour": 3600,
    "d": 86400, "day": 86400,
    "week": 604800,
}  # fmt: skip

Unit = Literal["images", "device_s"]
Counted = Literal["waiting", "at once"]
DAY_S = 86400
_WRITTEN = re.compile(
    r"(?:(?P<scope>[a-z]+) )?(?P<low>\d+)(?:\.\.(?P<high>\d+))?(?P<unit> device_s)?"
    r"/(?P<units>\d*)(?P<name>[a-z]+)(?: burst (?P<burst>\d+))?",
    re.ASCII,
)
_BOUND = re.compile(r"(?:(?P<scope>[a-z]+) )?(?P<count>\d+) (?P<of>waiting|at once)", re.ASCII)
COUNT_MOST, UNITS_MOST, BURST_MOST, BOUND_MOST = 999_999_999, 99_999, 999_999, 999_999
MUST_BE = (
    "images per time, as in 3/day, 50/3h, 3..50/3h, 'org 1000/day', 'key 60/min burst 10' or "
    "'600 device_s/day'; or at a time, as in 'org 50 waiting' or 'key 4 at once'"
)


@dataclass(frozen=True)
class Limit:
    """At most `count` of a unit in any `window_s` seconds, counted for everyone at its scope.

    name: the window as it was written. floor: where the limit breathes, the least that is left of
    it under load; `count` is then its most. burst: where it is set, images come at an even pace of
    `count` in `window_s`, and so many at once (GCRA).
    """

    count: int
    window_s: int
    name: str
    scope: Scope = "user"
    unit: Unit = "images"
    floor: int | None = None
    burst: int | None = None

    @property
    def least(self) -> int:
        return self.count if self.floor is None else self.floor

    @property
    def breathes(self) -> bool:
        return self.floor is not None

    @property
    def scale(self) -> int:
        """How much of what is counted makes one of its unit; device-seconds count as ms."""
        return 1 if self.unit == "images" else 1000

    @property
    def reach_s(self) -> int:
        """How far back it looks. A burst looks back ten times as far as it takes to work it off, or
        a day more than that."""
        if self.burst is None:
            return self.window_s
        once_s = max(self.window_s, -(-self.burst * self.window_s // self.count))
        return once_s + min(9 * once_s, DAY_S)

    @property
    def rule(self) -> str:
        """Its name within a tier: such as `day`, `org/day`, `device_s/day`."""
        scope = "" if self.scope == "user" else self.scope + "/"
        unit = "" if self.unit == "images" else self.unit + "/"
        return f"{scope}{unit}{self.name}"

    def written(self) -> str:
        """As `parse_limit` reads it."""
        scope = "" if self.scope == "user" else self.scope + " "
        low = "" if self.floor is None else f"{self.floor}.."
        unit = "" if self.unit == "images" else " " + self.unit
        burst = "" if self.burst is None else f" burst {self.burst}"
        return f"{scope}{low}{self.count}{unit}/{self.name}{burst}"


def parse_limit(text: str) -> Limit:
    """Read what is written. Raises ValueError saying what it must be."""
    found = _WRITTEN.fullmatch(" ".join(text.lower().split()))
    if found is None:
        raise ValueError(MUST_BE)
    _check_size(found["low"], COUNT_MOST, "a limit of at most {}")
    _check_size(found["high"], COUNT_MOST, "a limit of at most {}")
    _check_size(found["units"], UNITS_MOST, "a time of at most {} units")
    _check_size(found["burst"], BURST_MOST, "a burst of at most {}")
    low, high = int(found["low"]), int(found["high"] or found["low"])
    units, name = int(found["units"] or 1), found["name"]
    unit_s = UNITS_S.get(name.removesuffix("s") if len(name) > 2 else name)
    scope, burst = found["scope"] or "user", found["burst"]
    if scope not in get_args(Scope):
        raise ValueError(f"{MUST_BE}; '{scope}' is none of {', '.join(get_args(Scope))}")
    if not (0 < low <= high and units and unit_s):
        raise ValueError(MUST_BE)
    if burst is not None and (found["unit"] or found["high"] or not int(burst)):
        raise ValueError(f"{MUST_BE}; a burst is of images, at least 1, and does not breathe")
    return Limit(
        high,
        units * unit_s,
        found["units"] + name,
        scope,  # type: ignore[arg-type]
        "device_s" if found["unit"] else "images",
        low if found["high"] else None,
        int(burst) if burst else None,
    )


@dataclass(frozen=True)
class Bound:
    """At most `count` pictures at a time, counted for everyone at its scope."""

    count: int
    of: Counted
    scope: Scope = "user"

    @property
    def rule(self) -> str:
        """Its name within a tier: such as `org/waiting`, `key/at_once`."""
        return f"{self.scope}/{self.of.replace(' ', '_')}"

    def written(self) -> str:
        """As `parse_bound` reads it."""
        return f"{self.scope} {self.count} {self.of}"


def parse_bound(text: str) -> Bound | None:
    """None for what is written as no bound. Raises ValueError for one of nobody, or of nothing."""
    found = _BOUND.fullmatch(" ".join(text.lower().split()))
    if found is None:
        return None
    _check_size(found["count"], BOUND_MOST, "at most {} at a time")
    scope, count = found["scope"] or "user", int(found["count"])
    if scope not in get_args(Scope) or not count:
        raise ValueError(
            f"a number above zero, for one of {', '.join(get_args(Scope))}, as in 'org 20 at once'"
        )
    of: Counted = "waiting" if found["of"] == "waiting" else "at once"
    return Bound(count, of, scope)  # type: ignore[arg-type]


def _check_size(digits: str | None, most: int, must_be: str) -> None:
    """most: nines alone. Raises ValueError."""
    if digits is not None and len(digits) > len(str(most)):
        raise ValueError(must_be.format(most))
