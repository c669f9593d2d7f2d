"""From what the store knows of a period to requests that can be decided again."""

from __future__ import annotations

from typing import Any

from smalti.control.nouns import Offer
from smalti.control.policy import DEFAULT_POLICY
from smalti.service.demanded import period_of
from smalti.store.console_reads import Asked, Past
from smalti.store.jobs import DenialRow

NOW = 1_800_000_000.0


def asked(at: float, **more: Any) -> Asked:
    standard: dict[str, Any] = {
        "user_id": "ann", "org_id": "org", "key_id": "key_1", "tier": "free", "region": "DE",
        "model": "mini", "images": 1, "device_s": 1.0, "work": 256.0, "kind": "generation",
        "service": "default", "streamed": False, "partial_images": 0, "degrade": True,
        "rung": "full",
        "ended": "succeeded", "ended_s": 3.0,
    }  # fmt: skip
    return Asked(at=at, **standard | more)


def denied(at: float, rule: str, kind: str = "limit", tier: str = "free") -> DenialRow:
    return DenialRow(
        at=at, user_id="ben", org_id="org", tier=tier, rule=rule, kind=kind, images=2,
        key_id="key_2", region="CH",
    )  # fmt: skip


def test_what_is_known_of_a_request_is_asked_again() -> None:
    jobs = [
        asked(NOW, streamed=True, partial_images=2, kind="edit"),
        asked(NOW + 1, work=294.0, ended="cancelled", ended_s=7.0),
        asked(NOW + 2, work=294.0, ended="failed", degrade=False, partial_images=2),
        asked(NOW + 9, work=None, tier="plus", ended=None, ended_s=None),
    ]
    rows = [
        denied(NOW + 3, "free/day"),
        denied(NOW + 4, "switch/feature/edits", "paused"),
        denied(NOW + 5, "switch/feature/streaming", "paused"),
        denied(NOW + 6, "free/service", "plan"),
        denied(NOW + 7, "switch/model/other", "paused"),
        denied(NOW + 8, "pro/day", tier="pro"),
    ]
    works = {"mini": 200.0, "other": 100.0}
    past = Past(since=NOW, admitted=jobs, denied=rows, before=(), capped=False)
    period = period_of(past, NOW + 60.0, DEFAULT_POLICY, works, {})
    assert [row.arrival_s for row in period.rows] == [0, 1, 2, *range(3, 9), 9]
    assert (period.start, period.duration_s) == (NOW, 60.0)
    assert (period.leaves, period.failed) == ({1: 7.0}, frozenset({2}))
    first, _, third, limit, edit, stream, plan, model, pro, plus = period.rows
    assert first.features == {"edits", "streaming"}
    assert (first.key, first.offers) == ("key_1", (Offer("partials", 256.0),))
    assert third.offers == ()
    assert (limit.images, limit.work, limit.model, limit.key) == (2, 294.0, "mini", "key_2")
    assert (edit.features, stream.features) == ({"edits"}, {"generations", "streaming"})
    assert (plan.service, limit.service, model.model) == ("priority", "auto", "other")
    assert pro.work == plus.work == 294.0
    bare = Past(since=NOW, admitted=(), denied=rows[:1], before=(), capped=False)
    assert period_of(bare, NOW, DEFAULT_POLICY, works, {}).rows[0].work == 200.0


def test_what_was_served_less_is_asked_for_in_full() -> None:
    """And may be served less again, by what its model was measured to do; edits may not."""
    jobs = [
        asked(NOW, rung="size", work=64.0, partial_images=1),
        asked(NOW + 1, rung="size", work=64.0, degrade=False),
        asked(NOW + 2, rung="partials", kind="edit"),
        asked(NOW + 3, rung="size", work=64.0, model="unmeasured"),
    ]
    rows = [denied(NOW + 4, "server/promise", "capacity")]
    past = Past(since=NOW, admitted=jobs, denied=rows, before=(), capped=False)
    ratios = {"mini": {"quality": 0.5, "size": 0.25}}
    first, never, edit, other, refused = period_of(
        past, NOW + 60.0, DEFAULT_POLICY, {"mini": 200.0}, ratios
    ).rows
    less = Offer("quality", 128.0), Offer("size", 64.0)
    assert (first.work, first.offers) == (256.0, (Offer("partials", 256.0), *less))
    assert (never.work, never.offers) == (256.0, ())
    assert (edit.work, edit.offers) == (256.0, ())
    assert (other.work, other.offers) == (64.0, ())
    assert (refused.work, refused.offers) == (256.0, less)
