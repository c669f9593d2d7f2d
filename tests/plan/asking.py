"""Small demands and fleets for the tests of this room."""

from __future__ import annotations

from smalti.plan.demand import Demand, Row
from smalti.plan.fleet import FleetSpec

ONE_SLOT = FleetSpec(1, (0.1,), spread=0.0)
"""A picture of 100 tile-steps takes ten seconds."""


def row(
    at: float, user: str = "ann", tier: str = "team", work: float = 100.0, images: int = 1,
    patience_s: float | None = None,
) -> Row:  # fmt: skip
    return Row(at, user, "org_1", tier, "DE", "smalti-mini", images, work, "auto", patience_s)


def demand(*rows: Row, duration_s: float = 1000.0) -> Demand:
    return Demand(sorted(rows), duration_s)
