"""What may be served in place of a demand's requests, where the demand does not say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from smalti.control.nouns import Offer
from smalti.plan.demand import Row

WorkRatios = Mapping[str, Mapping[str, float]]
"""By model and rung, the best first: the work on it over that of the whole, as it was measured."""


def less_of(model: str, work: float, ratios: WorkRatios) -> tuple[Offer, ...]:
    """work: of a picture in full."""
    return tuple(Offer(rung, work * ratio) for rung, ratio in ratios.get(model, {}).items())


def offers_by(ratios: WorkRatios) -> Callable[[Row], tuple[Offer, ...]]:
    """What a `replay` may serve of each request: what its row says, else what its model can do."""

    def offers(row: Row) -> tuple[Offer, ...]:
        return row.offers or less_of(row.model, row.work, ratios)

    return offers
