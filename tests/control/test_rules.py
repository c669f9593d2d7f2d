"""What a person has set: switches, plans, limits; how it is said, and what is claimed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from control.ruled import DAY_S, NOON, ask, denied, reserve, rules, tier

from smalti.control import Denial, Option, Policy, Reservation, Switch
from smalti.control.accounts import CLOCK_SLACK_S
from smalti.control.rules import Rules

# --- limits ---


def test_a_denial_says_the_rule_the_use_and_the_time() -> None:
    of = rules("3/day")
    reserve(of, ask(3), NOON - DAY_S + 8405)
    denial = denied(of, ask())
    assert denial == Denial(
        "limit", "free/day", "user", 3, 3, window_s=DAY_S, retry_at=NOON + 8405,
        words="Free tier: 3 images per rolling 24 h. You used 3. "
        "The next slot opens at 14:20:05 UTC.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "rule", "message"),
    [
        (
            "org 3/day",
            "free/org/day",
            "Free tier: 3 images per rolling 24 h for one organisation. Your organisation used 2. "
            "Room for 2 opens at 2027-01-16 12:00:00 UTC.",
        ),
        ("key 3/h", "free/key/h", "3 images per rolling 1 h for one key. This key used 2."),
        ("tier 3/h", "free/tier/h", "for all of the tier together. All users of the tier together"),
        ("region 3/h", "free/region/h", "for one region. Your region used 2."),
        ("model 3/h", "free/model/h", "for one model. All users of this model together used 2."),
        (
            "3 device_s/h",
            "free/device_s/h",
            "Free tier: 3 device-seconds per rolling 1 h. You used 2 device-seconds.",
        ),
        (
            "key 60/min burst 3",
            "free/key/min",
            "Free tier: 60 images per 1 min for one key, at most 3 at once. "
            "This key used 2 at once. Room for 2 opens at 12:00:01 UTC.",
        ),
    ],
)
def test_every_kind_of_limit_has_its_words(limit: str, rule: str, message: str) -> None:
    of, whose = rules(limit), {"key_id": "k", "region": "DE", "model": "mini"}
    reserve(of, ask(2, **whose), NOON, 2.0)
    denial = denied(of, ask(2, **whose), NOON, 2.0)
    assert (denial.kind, denial.rule, denial.limit, denial.used) == (
        "limit",
        rule,
        60 if "burst" in limit else 3,
        2,
    )
    assert denial.most == 3
    assert message in denial.message


def test_the_limit_that_opens_last_is_named() -> None:
    of = rules("3/20s", "5/min")
    reserve(of, ask(3))
    first = denied(of, ask())
    assert (first.rule, first.retry_at) == ("free/20s", NOON + 20)
    reserve(of, ask(2), NOON + 20)
    second = denied(of, ask(2), NOON + 20.5)
    assert (second.rule, second.used, second.retry_at) == ("free/min", 5, NOON + 60)


def test_who_is_unknown_is_not_counted() -> None:
    of = rules("key 1/day", "region 1/day")
    for _ in range(3):
        reserve(of, ask(2))
    assert of.standings(ask(), NOON) == []


def test_use_goes_with_a_user_to_another_tier() -> None:
    of = rules("3/day", "tier 9/day")
    reserve(of, ask(3, tier="plus"))
    assert denied(of, ask()).used == 3
    tier_wide = of.standings(ask(), NOON)[1]
    assert tier_wide.used == 0, "those of another tier are not of this one"


def test_what_never_fits_is_told_as_that_and_before_other_limits() -> None:
    of = rules("3/day", "org 9/h")
    reserve(of, ask(2))
    denial = denied(of, ask(4))
    assert (denial.kind, denial.rule, denial.retry_at) == ("impossible", "free/day", None)
    assert "A request for 4 images can never be within that. Ask for 3 or fewer." in denial.message
    assert denial.options == (Option("fewer", images=1),)
    burst = denied(rules("60/min burst 3"), ask(4))
    assert (burst.limit, burst.burst, burst.most) == (60, 3, 3)
    reserve(rules("1/min burst 3"), ask(3))
    seconds = denied(rules("9 device_s/day"), ask(), NOON, 10.0)
    assert (seconds.kind, seconds.unit) == ("impossible", "device_s")
    assert "Ask for fewer or smaller." in seconds.message


def test_fewer_images_are_offered_where_they_are_admitted() -> None:
    of = rules("5/day", "10 device_s/day")
    reserve(of, ask(1), NOON, 4.0)
    assert denied(of, ask(5), NOON, 10.0).options == (Option("fewer", images=3),)
    assert denied(of, ask(5), NOON, 5.0).options == (Option("fewer", images=4),)
    reserve(of, ask(4), NOON, 1.0)
    assert denied(of, ask(2)).options == ()


def test_a_settled_job_counts_for_what_it_used() -> None:
    of = rules("10 device_s/day")
    job = reserve(of, ask(), NOON, 9.0)
    assert denied(of, ask(), NOON, 2.0).used == 9
    of.settle(job, 7.5)
    assert of.denies(ask(), 2.5, NOON) is None
    assert denied(of, ask(), NOON, 2.501).used == 8, "rounded up"


# --- a live policy ---


def test_a_new_limit_counts_what_was_reserved_before() -> None:
    of = rules("9/day")
    reserve(of, ask(4))
    of.policy = Policy({"free": tier("free", "org 6/2days"), "plus": tier("plus")})
    assert denied(of, ask(3)).rule == "free/org/2days"
    assert of.keep_s == 2 * DAY_S + CLOCK_SLACK_S


def test_what_reaches_further_back_is_told_again() -> None:
    of = Rules(Policy({"free": tier("free")}))
    of.reserve(Reservation("new", "ann", "free", 1, NOON - 5), NOON)
    of.policy = Policy({"free": tier("free", "3/week")})
    told = [
        Reservation("old", "ann", "free", 2, NOON - 3 * DAY_S),
        Reservation("new", "ann", "free", 1, NOON - 5),
    ]
    of.recount(told, NOON)
    of.recount(told, NOON)
    assert denied(of, ask()).used == 3


def test_no_time_is_told_that_no_calendar_has() -> None:
    of = rules("1/99999weeks burst 6")
    reserve(of, ask(6))
    denial = denied(of, ask(6))
    assert (denial.kind, denial.retry_at) == ("limit", None)
    assert "It is not known when there is room" in denial.message
    soon = denied(of, ask())
    assert soon.retry_at is not None and "The next slot opens at 3943" in soon.message


def test_a_burst_looks_back_further_than_its_window() -> None:
    assert rules("60/min burst 10").keep_s - CLOCK_SLACK_S == 600
    assert rules("1/min burst 100").keep_s - CLOCK_SLACK_S == 60_000
    assert rules("100/day burst 10").keep_s - CLOCK_SLACK_S == 2 * DAY_S


# --- plans and switches ---


def test_what_a_plan_does_not_include() -> None:
    of = rules("3/day", models=("mini",))
    model = denied(of, ask(model="large"))
    assert (model.kind, model.rule, model.retry_at) == ("plan", "free/model", None)
    assert model.message == "Free tier does not include the model 'large'. It has mini."
    service = denied(of, ask(model="mini", service="priority"))
    assert (service.kind, service.rule) == ("plan", "free/service")
    assert of.denies(ask(model="mini", service="auto"), 1.0, NOON) is None


def test_a_pause_is_told_in_the_operator_s_words() -> None:
    of = rules(switches=(Switch("region", "DE", "We are moving house.", NOON, NOON + 90.5),))
    denial = denied(of, ask(region="DE"))
    assert (denial.kind, denial.rule, denial.reason) == ("paused", "switch/region/DE", "operator")
    assert denial.retry_at == NOON + 91
    assert denial.message == "We are moving house. It is open again at 12:01:31 UTC."
    assert of.denies(ask(region="FR"), 1.0, NOON) is None
    assert of.denies(ask(region="DE"), 1.0, NOON - 1) is None
    assert of.denies(ask(region="DE"), 1.0, NOON + 91) is None


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("We are moving house", "We are moving house. It"),
        ("Back soon!", "Back soon! It"),
        ("Back soon…", "Back soon… It"),
        ('We said: "Back soon."', 'We said: "Back soon." It'),
        ("Moving (see status.example)", "Moving (see status.example). It"),
        ("准备中。", "准备中。 It"),
    ],
)
def test_what_an_operator_says_ends_before_the_next_sentence(message: str, told: str) -> None:
    of = rules(switches=(Switch("region", "DE", message, NOON, NOON + 90),))
    said = denied(of, ask(region="DE")).message
    assert said == f"{told} is open again at 12:01:30 UTC."


def test_a_pause_without_end_tells_no_time() -> None:
    of = rules(switches=(Switch("feature", "edits", "Edits are paused."),))
    denial = denied(of, ask(features=frozenset({"edits"})))
    assert (denial.retry_at, denial.message) == (None, "Edits are paused.")


def test_what_a_tier_does_not_include_is_not_told_to_come_back() -> None:
    of = rules(switches=(Switch("tier", "free", "Soon."), Switch("feature", "priority", "Soon.")))
    assert denied(of, ask()).kind == "paused"
    assert denied(of, ask(service="priority")).kind == "plan"


def test_the_time_is_the_one_at_which_all_rules_admit() -> None:
    now_on = Switch("tier", "free", "Soon.", None, NOON + 3600)
    of = rules("3/2h", switches=(now_on,))
    of.restore([Reservation("one", "ann", "free", 3, NOON - 60)], (), NOON)
    assert denied(of, ask()).retry_at == NOON - 60 + 7200, "the limit opens later"
    later = Switch("region", "DE", "Soon.", NOON + 7000, NOON + 9000)
    last = Switch("model", "mini", "Soon.", NOON + 9000, NOON + 9000.5)
    of.policy = replace(of.policy, switches=(last, later))
    limit = denied(of, ask(region="DE", model="mini"))
    assert (limit.kind, limit.retry_at) == ("limit", NOON + 9001)
    of.policy = of.policy.with_switch(now_on).with_switch(replace(last, until_s=None))
    for asked in (ask(model="mini"), ask(region="DE", model="mini")):
        assert denied(of, asked).retry_at == (NOON + 7140 if not asked.region else None)
    of.policy = of.policy.without_switch("tier", "free")
    assert (
        "It is not known when there is room." in denied(of, ask(region="DE", model="mini")).message
    )


@pytest.mark.parametrize("never", [{"images": 9}, {"service": "priority"}, {"model": "large"}])
def test_a_pause_before_what_is_never_admitted_tells_no_time(never: dict[str, Any]) -> None:
    switch = Switch("tier", "free", "Soon.", None, NOON + 60)
    of = rules("3/day", switches=(switch,), models=("mini",))
    assert denied(of, ask(**({"model": "mini"} | never))).retry_at is None
    assert denied(of, ask(model="mini")).retry_at == NOON + 60


# --- breathing ---


def test_a_breathing_limit_says_its_present_value() -> None:
    of = rules("3..50/3h")
    reserve(of, ask(3))
    of.load_is(1.0, NOON)
    denial = denied(of, ask())
    assert (denial.limit, denial.reason, denial.claim) == (3, "load", None)
    assert denial.message == (
        "Free tier: 3 images per rolling 3 h (3 now, as demand is high; up to 50 when it is calm). "
        "You used 3. The next slot opens at 15:00:00 UTC."
    )
    of.load_is(0.0, NOON + 600)
    reserve(of, ask(47), NOON + 600)
    calm = denied(of, ask(), NOON + 600)
    assert (calm.limit, calm.reason) == (50, "plan")
    assert "50 images per rolling 3 h (from 3 to 50, by demand)" in calm.message


def test_more_than_its_present_value_is_told_without_a_time() -> None:
    of = rules("3..50/3h")
    of.load_is(1.0, NOON)
    denial = denied(of, ask(10))
    assert (denial.kind, denial.retry_at, denial.claim) == ("limit", None, None)
    assert denial.options == (Option("fewer", images=3),)
    assert denial.message.endswith("A request for 10 is more than that. Ask for 3 or fewer.")


def test_a_standing_tells_value_range_and_reason() -> None:
    of = rules("3..50/3h", "org 1000/day", "key 60/min burst 10", "600 device_s/day")
    reserve(of, ask(4, key_id="k"), NOON, 2.5)
    of.load_is(0.75, NOON)
    hours, org, key, device = of.standings(ask(key_id="k"), NOON)
    assert (hours.limit, hours.floor, hours.ceiling, hours.reason) == (26, 3, 50, "load")
    assert (hours.used, hours.remaining, hours.reset_at) == (4, 22, NOON + 10800)
    assert (org.scope, org.limit, org.floor, org.ceiling, org.reason) == (
        "org", 1000, 1000, 1000, "plan",
    )  # fmt: skip
    assert (key.limit, key.burst, key.used, key.remaining) == (60, 10, 4, 6)
    assert key.reset_at == NOON + 1
    assert (device.unit, device.used, device.remaining) == ("device_s", 3, 597)
    assert device.reset_at == NOON + DAY_S
    assert of.standings(ask(tier="plus"), NOON) == []
    assert of.standings(ask(user_id="ben", org_id="other"), NOON)[0].reset_at is None


def test_under_its_use_nothing_remains_of_a_limit() -> None:
    of = rules("3..50/3h")
    reserve(of, ask(20), NOON)
    reserve(of, ask(2), NOON + 60)
    of.load_is(1.0, NOON + 60)
    standing = of.standings(ask(), NOON + 60)[0]
    assert (standing.used, standing.limit, standing.remaining) == (22, 3, 0)
    assert standing.reset_at == NOON + 10800
