"""Switches: what an operator has paused, and the sentence that users read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from smalti.control.nouns import Ask

Paused = Literal["tier", "region", "model", "feature"]
FEATURES = ("generations", "edits", "streaming", "flex", "priority")
MESSAGE_MAX = 500
LAST_S = 253_402_300_799
"""The end of the year 9999."""

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)


@dataclass(frozen=True)
class Switch:
    """Requests of a tier, region, model or feature are refused from `from_s` until `until_s`.

    Times are Unix seconds; None: since ever, and until it is taken away.
    """

    scope: Paused
    name: str
    message: str
    from_s: float | None = None
    until_s: float | None = None

    @property
    def rule(self) -> str:
        return f"switch/{self.scope}/{self.name}"

    def on(self, now: float) -> bool:
        begun = self.from_s is None or self.from_s <= now
        return begun and (self.until_s is None or now < self.until_s)

    def concerns(self, ask: Ask) -> bool:
        match self.scope:
            case "tier":
                return ask.tier == self.name
            case "region":
                return ask.region == self.name
            case "model":
                return ask.model == self.name
            case "feature":
                return self.name in ask.features or self.name == ask.served_as

    def outlasts(self, other: Switch) -> bool:
        """Whether it goes off later."""
        if other.until_s is None:
            return False
        return self.until_s is None or self.until_s > other.until_s

    def written(self) -> dict[str, Any]:
        """As JSON can hold it, and as `read_switch` reads it."""
        return {
            "scope": self.scope,
            "name": self.name,
            "message": self.message,
            "from": self.from_s,
            "until": self.until_s,
        }


def read_switches(tables: object) -> tuple[Switch, ...]:
    """From `[[switches]]` tables. Raises ValueError with a sentence that names the value."""
    if not isinstance(tables, Iterable) or isinstance(tables, str | Mapping):
        raise ValueError(f"switches has value '{tables}'. It must be a list of tables.")
    found: dict[tuple[str, str], Switch] = {}
    for table in tables:
        switch = read_switch(table)
        if (switch.scope, switch.name) in found:
            raise ValueError(f"switches has {switch.rule[7:]} twice. It must have each once.")
        found[switch.scope, switch.name] = switch
    return tuple(found.values())


def read_switch(table: object) -> Switch:
    if not isinstance(table, Mapping):
        raise ValueError(f"switches holds '{table}'. It must hold tables.")
    for field in table:
        if field not in ("scope", "name", "message", "from", "until"):
            raise ValueError(
                f"A switch sets '{field}', which switches do not have. They have scope, name, "
                "message, from and until."
            )
    scope: Any = table.get("scope")
    name, message = table.get("name"), table.get("message")
    if scope not in get_args(Paused):
        raise _wrong("scope", scope, f"one of {', '.join(get_args(Paused))}")
    if not isinstance(name, str) or not name.strip():
        raise _wrong("name", name, "the name of what is paused")
    name = name.strip()
    if scope == "feature" and name not in FEATURES:
        raise _wrong("name", name, f"one of {', '.join(FEATURES)}")
    if scope == "region" and not re.fullmatch("[A-Za-z]{2}", name):
        raise _wrong("name", name, "a country's code of two letters")
    name = name.upper() if scope == "region" else name
    if not isinstance(message, str) or not 0 < len(message.strip()) <= MESSAGE_MAX:
        raise _wrong("message", message, f"a sentence of at most {MESSAGE_MAX} characters")
    from_s, until_s = _time("from", table.get("from")), _time("until", table.get("until"))
    if from_s is not None and until_s is not None and until_s <= from_s:
        raise _wrong("until", table.get("until"), "later than 'from'")
    return Switch(scope, name, " ".join(message.split()), from_s, until_s)


def _time(field: str, value: object) -> float | None:
    if value is None:
        return None
    at: object = value
    if isinstance(at, str) and re.fullmatch(r"\d{1,12}", at, re.ASCII):
        at = int(at)
    if isinstance(at, str) and _RFC_3339.fullmatch(at):
        try:
            at = datetime.fromisoformat(at.upper())
        except ValueError:
            at = None
    if isinstance(at, datetime) and at.tzinfo is not None:
        at = at.timestamp()
    if isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at <= LAST_S:
        return float(at)
    raise _wrong(field, value, "Unix seconds, or a time such as 2027-01-31T12:00:00Z")


def _wrong(field: str, value: object, must: str) -> ValueError:
    return ValueError(f"A switch's {field} has value '{value}'. It must be {must}.")
