"""Tiers: what each class of users may ask for, and how much it weighs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from smalti.control.limits import Limit, parse_limit


@dataclass(frozen=True)
class Tier:
    """A class of users.

    weight: its share of the slots against other tiers that have work waiting.
    limits: rolling limits of images for each user.
    max_running, max_waiting: pictures of one user that may be drawn, and that may wait, at a time.
    """

    name: str
    weight: float
    limits: tuple[Limit, ...]
    max_running: int
    max_waiting: int


def _tier(name: str, weight: float, limits: str, max_running: int, max_waiting: int) -> Tier:
    parsed = tuple(parse_limit(text) for text in limits.split())
    return Tier(name, weight, parsed, max_running, max_waiting)


DEFAULT_TIERS = {
    tier.name: tier
    for tier in (
        _tier("free", 1, "3/day", 1, 3),
        _tier("plus", 4, "50/3h 200/day", 2, 10),
        _tier("pro", 10, "200/3h 1000/day", 4, 20),
        _tier("team", 20, "", 16, 200),
    )
}

_FIELDS = ("weight", "limits", "max_running", "max_waiting")


def read_tiers(table: Mapping[str, object]) -> dict[str, Tier]:
    """The default tiers with what the `[tiers.*]` tables say in their place.

    A table may change single values of a default tier; a tier of its own needs all but `limits`.
    Raises ValueError with a sentence that names the value and what it must be.
    """
    tiers = dict(DEFAULT_TIERS)
    for name, written in table.items():
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", name):
            raise ValueError(
                f"'{name}' cannot name a tier. "
                "Use at most 40 lower-case letters, digits, - and _, a letter or digit first."
            )
        if not isinstance(written, Mapping):
            raise ValueError(f"tiers.{name} has value '{written}'. It must be a table.")
        tiers[name] = _read_tier(name, written, tiers.get(name))
    return tiers


def _read_tier(name: str, written: Mapping[str, object], before: Tier | None) -> Tier:
    for field in written:
        if field not in _FIELDS:
            raise ValueError(
                f"tiers.{name} sets '{field}', which tiers do not have. "
                f"They have {', '.join(_FIELDS)}."
            )
    missing = [f for f in _FIELDS if f not in written and f != "limits"]
    if before is None:
        if missing:
            raise ValueError(
                f"tiers.{name} is a new tier and does not say its {' and '.join(missing)}."
            )
        before = Tier(name, 1.0, (), 1, 1)
    return Tier(
        name,
        _weight(name, written.get("weight", before.weight)),
        _limits(name, written["limits"]) if "limits" in written else before.limits,
        _whole(name, "max_running", written.get("max_running", before.max_running)),
        _whole(name, "max_waiting", written.get("max_waiting", before.max_waiting)),
    )


def _weight(name: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        weight = float(value)
        if math.isfinite(weight) and 0.001 <= weight <= 1_000_000:
            return weight
    raise _wrong(name, "weight", value, "a number from 0.001 to 1000000")


def _whole(name: str, field: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1_000_000:
        return value
    raise _wrong(name, field, value, "a whole number from 1 to 1000000")


def _limits(name: str, value: object) -> tuple[Limit, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong(name, "limits", value, 'a list, as in ["50/3h", "200/day"], or [] for none')
    limits = []
    for text in value:
        try:
            limits.append(parse_limit(text if isinstance(text, str) else ""))
        except ValueError as error:
            raise _wrong(name, "limits", text, str(error)) from None
    if len({limit.name for limit in limits}) < len(limits):
        raise _wrong(name, "limits", value, "limits with a different time each")
    return tuple(limits)


def _wrong(name: str, field: str, value: object, must: str) -> ValueError:
    return ValueError(f"tiers.{name}.{field} has value '{value}'. It must be {must}.")
