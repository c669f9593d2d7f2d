"""Tiers: what each class of users may ask for, and how much it weighs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from smalti.control.ladder import RUNGS
from smalti.control.limits import Bound, Limit, parse_bound, parse_limit
from smalti.control.nouns import ServiceTier

SERVICES: tuple[ServiceTier, ...] = ("default", "flex", "priority")

T = TypeVar("T", bound=str)


@dataclass(frozen=True)
class Tier:
    """A class of users.

    weight: its share of the slots against other tiers that have work waiting.
    limits: of images, or of device-seconds, over time. bounds: of images at a time, whoever asks.
    max_running, max_waiting: pictures of one user that may be drawn, and that may wait, at a time.
    promised_wait_s: within how many seconds of its acceptance the last picture of a job has got its
    slot; None where nothing is promised.
    rungs: what may be done to its requests under load, in the ladder's order.
    services: the service tiers that it may ask for. models: those it may use; empty for all.
    """

    name: str
    weight: float
    limits: tuple[Limit, ...]
    max_running: int
    max_waiting: int
    promised_wait_s: float | None = None
    rungs: tuple[str, ...] = ()
    services: tuple[ServiceTier, ...] = ("default", "flex")
    models: tuple[str, ...] = ()
    bounds: tuple[Bound, ...] = ()

    def written(self) -> dict[str, Any]:
        """As JSON can hold it, and as `read_tiers` reads it."""
        return {
            "weight": self.weight,
            "limits": [
                *(limit.written() for limit in self.limits),
                *(bound.written() for bound in self.bounds),
            ],
            "max_running": self.max_running,
            "max_waiting": self.max_waiting,
            "promised_wait_s": self.promised_wait_s,
            "rungs": list(self.rungs),
            "services": list(self.services),
            "models": list(self.models),
        }


def _tier(
    name: str,
    weight: float,
    limits: Sequence[str],
    max_running: int,
    max_waiting: int,
    promised_wait_s: float,
    rungs: int,
    *services: ServiceTier,
) -> Tier:
    parsed = tuple(parse_limit(text) for text in limits)
    taken = RUNGS[:rungs]
    served: tuple[ServiceTier, ...] = ("default", "flex", *services)
    return Tier(name, weight, parsed, max_running, max_waiting, promised_wait_s, taken, served)


DEFAULT_TIERS = {
    tier.name: tier
    for tier in (
        _tier("free", 1, ["3/day"], 1, 3, 180, 5),
        _tier("plus", 4, ["3..50/3h", "200/day"], 2, 10, 90, 4),
        _tier("pro", 10, ["50..200/3h", "1000/day"], 4, 20, 45, 3, "priority"),
        _tier("team", 20, [], 16, 200, 30, 1, "priority"),
    )
}

NAME = "[a-z0-9][a-z0-9_-]{0,39}"
"""Of a tier, as a pattern."""
NEEDED = ("weight", "max_running", "max_waiting")
FIELDS = (*NEEDED, "limits", "promised_wait_s", "rungs", "services", "models")


def read_tiers(
    table: Mapping[str, object], base: Mapping[str, Tier] = DEFAULT_TIERS
) -> dict[str, Tier]:
    """The tiers of `base` with what the `[tiers.*]` tables say in their place.

    A table may change single values of such a tier; a tier of its own needs those of NEEDED.
    Raises ValueError with a sentence that names the value and what it must be.
    """
    tiers = dict(base)
    for name, written in table.items():
        tiers[name] = read_tier(name, written, tiers.get(name))
    return tiers


def read_tier(name: str, written: object, before: Tier | None) -> Tier:
    """before: the tier that is changed; None for a new one."""
    if not re.fullmatch(NAME, name):
        raise ValueError(
            f"'{name}' cannot name a tier. "
            "Use at most 40 lower-case letters, digits, - and _, a letter or digit first."
        )
    if not isinstance(written, Mapping):
        raise ValueError(f"tiers.{name} has value '{written}'. It must be a table.")
    for field in written:
        if field not in FIELDS:
            raise ValueError(
                f"tiers.{name} sets '{field}', which tiers do not have. "
                f"They have {', '.join(FIELDS)}."
            )
    missing = [field for field in NEEDED if field not in written]
    if before is None:
        if missing:
            raise ValueError(
                f"tiers.{name} is a new tier and does not say its {' and '.join(missing)}."
            )
        before = Tier(name, 1.0, (), 1, 1)
    limits, bounds = before.limits, before.bounds
    if "limits" in written:
        limits, bounds = _limits(name, written["limits"])
    return Tier(
        name,
        _weight(name, written.get("weight", before.weight)),
        limits,
        _whole(name, "max_running", written.get("max_running", before.max_running)),
        _whole(name, "max_waiting", written.get("max_waiting", before.max_waiting)),
        _promise(name, written.get("promised_wait_s", before.promised_wait_s)),
        _some_of(name, "rungs", written.get("rungs", before.rungs), RUNGS),
        _services(name, written.get("services", before.services)),
        _names(name, written.get("models", before.models)),
        bounds,
    )


def _promise(name: str, value: object) -> float | None:
    """0 in a file, which has no word for nothing, means that nothing is promised."""
    if value is None or (value == 0 and not isinstance(value, bool)):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= 86_400:
        return float(value)
    raise _wrong(name, "promised_wait_s", value, "seconds from 1 to 86400, or 0 for no promise")


def _some_of(name: str, field: str, value: object, known: tuple[T, ...]) -> tuple[T, ...]:
    must = f"a list of some of {', '.join(map(str, known))}"
    if not isinstance(value, list | tuple) or any(item not in known for item in value):
        raise _wrong(name, field, value, must)
    return tuple(item for item in known if item in value)


def _services(name: str, value: object) -> tuple[ServiceTier, ...]:
    services = _some_of(name, "services", value, SERVICES)
    if not services:
        must = f"a list of some of {', '.join(SERVICES)}, one at least"
        raise _wrong(name, "services", value, must)
    return services


def _names(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(m, str) and m for m in value):
        return tuple(dict.fromkeys(value))
    raise _wrong(name, "models", value, "a list of models' names, or [] for all")


def _weight(name: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0.001 <= value <= 1e6:
        return float(value)
    raise _wrong(name, "weight", value, "a number from 0.001 to 1000000")


def _whole(name: str, field: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1_000_000:
        return value
    raise _wrong(name, field, value, "a whole number from 1 to 1000000")


def _limits(name: str, value: object) -> tuple[tuple[Limit, ...], tuple[Bound, ...]]:
    if not isinstance(value, list | tuple):
        raise _wrong(name, "limits", value, 'a list, as in ["50/3h", "200/day"], or [] for none')
    limits: list[Limit] = []
    bounds: list[Bound] = []
    for text in value:
        written = text if isinstance(text, str) else ""
        try:
            bound = parse_bound(written)
            if bound is not None:
                bounds.append(bound)
            else:
                limits.append(parse_limit(written))
        except ValueError as error:
            raise _wrong(name, "limits", text, str(error)) from None
    rules = [*(limit.rule for limit in limits), *(bound.rule for bound in bounds)]
    if len(set(rules)) < len(rules):
        raise _wrong(name, "limits", value, "limits with a different time, scope or unit each")
    return tuple(limits), tuple(bounds)


def _wrong(name: str, field: str, value: object, must: str) -> ValueError:
    shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return ValueError(f"tiers.{name}.{field} has value '{shown}'. It must be {must}.")
