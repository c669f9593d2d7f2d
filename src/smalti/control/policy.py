"""`Policy`: everything that an operator has decided: tiers and switches, as one document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from smalti.control.switches import Switch, read_switches
from smalti.control.tiers import DEFAULT_TIERS, Tier, read_tiers


@dataclass(frozen=True)
class Policy:
    """version: 0 for what the settings say; else that of the database."""

    tiers: Mapping[str, Tier]
    switches: tuple[Switch, ...] = ()
    version: int = 0

    @property
    def weights(self) -> float:
        """Of all tiers together."""
        return sum(tier.weight for tier in self.tiers.values())

    def written(self) -> dict[str, Any]:
        """As JSON can hold it, and as `read_policy` reads it."""
        return {
            "tiers": {name: tier.written() for name, tier in self.tiers.items()},
            "switches": [switch.written() for switch in self.switches],
        }

    def with_switch(self, switch: Switch) -> Policy:
        """In place of another of the same scope and name."""
        rest = self.without_switch(switch.scope, switch.name).switches
        return replace(self, switches=(*rest, switch))

    def without_switch(self, scope: str, name: str) -> Policy:
        left = tuple(s for s in self.switches if (s.scope, s.name) != (scope, name))
        return replace(self, switches=left)


DEFAULT_POLICY = Policy(DEFAULT_TIERS)


def read_policy(
    document: Mapping[str, Any], base: Policy | None = None, version: int = 0
) -> Policy:
    """A whole policy: the tiers that it names and no others.

    base: what holds for all that the document does not say; tables may change single values of its
    tiers. Raises ValueError with a sentence that names the value and what it must be.
    """
    for field in document:
        if field not in ("tiers", "switches"):
            raise ValueError(f"A policy sets '{field}'. It has tiers and switches.")
    before = Policy({}) if base is None else base
    tables = document.get("tiers", {})
    if not isinstance(tables, Mapping) or not (tables or before.tiers):
        raise ValueError(f"tiers has value '{tables}'. It must be tables, one at least.")
    tiers = read_tiers(tables, before.tiers)
    switches = before.switches
    if "switches" in document:
        switches = read_switches(document["switches"])
    for switch in switches:
        if switch.scope == "tier" and switch.name not in tiers:
            raise ValueError(
                f"A switch's name has value '{switch.name}'. It must be one of {', '.join(tiers)}."
            )
    return Policy(tiers, switches, version)
