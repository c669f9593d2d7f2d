"""What a change of the policy may be, what it changes, and what is said of one that cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from smalti.control.policy import Policy
from smalti.errors import InvalidRequest

WHY_MAX = 500

_FIELD = re.compile(r"tiers\.[^ .]+\.(\w+) has value|A switch's (\w+) has value| sets '(\w+)'")


def checked_why(why: str) -> str:
    """Raises InvalidRequest."""
    said = " ".join(why.split())
    if 0 < len(said) <= WHY_MAX:
        return said
    raise InvalidRequest(
        f"A change says why it is made, in 1 to {WHY_MAX} characters; {why[:40]!r} has "
        f"{len(said)}.",
        param="why",
    )


def refused(error: ValueError, whole: bool) -> InvalidRequest:
    """whole: whether the request says all tiers and switches, and not fields of one."""
    found = _FIELD.search(str(error))
    field = None if found is None else next(name for name in found.groups() if name)
    if whole:
        field = "switches" if "switch" in str(error).partition(" has value")[0] else "tiers"
    return InvalidRequest(str(error), param=field)


def models_of(policy: Policy) -> dict[str, str]:
    """The models that a policy names, and where: in its `tiers` or `switches`."""
    tiers = {model: "tiers" for tier in policy.tiers.values() for model in tier.models}
    return tiers | {s.name: "switches" for s in policy.switches if s.scope == "model"}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What two documents of a policy say differently: [before, after], by what it is said of.

    Such as `tiers/free/weight` and `switches/region/DE`; null where a document says nothing.
    """
    old, new = _flat(before), _flat(after)
    names = sorted(old.keys() | new.keys())
    return {n: [old.get(n), new.get(n)] for n in names if old.get(n) != new.get(n)}


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    tiers = {
        f"tiers/{name}/{field}": value
        for name, tier in document["tiers"].items()
        for field, value in tier.items()
    }
    return tiers | {
        f"switches/{switch['scope']}/{switch['name']}": {
            field: switch[field] for field in ("message", "from", "until")
        }
        for switch in document["switches"]
    }
