"""What is said of counts and times."""

from __future__ import annotations

import pytest
from control.asks import NOON, tier

from smalti.control import wording
from smalti.control.denial import window_in_words
from smalti.control.limits import Bound, parse_limit
from smalti.control.nouns import Claim


def test_a_promise_is_told_as_it_is() -> None:
    denial = wording.too_long(tier(), 2.5, 7.2, None, (), True, False, NOON)
    assert "promised to start within 2.5 s, and yours might start only in 8 s." in denial.message


def test_the_longest_that_a_wait_may_be_is_not_told_as_what_it_will_be() -> None:
    late = wording.too_long(tier(), 30.0, 35.1, None, (), True, False, NOON)
    client = wording.too_long_for_client(5.0, (24.0, 41.5), None, None, NOON)
    assert "yours might start only in 36 s." in late.message
    assert client.message.startswith("The pictures might be there only in 42 s, and your client")


def test_a_place_of_which_one_was_told_is_told_as_that() -> None:
    """The wait may be shorter by now than until then."""
    claim = Claim("user", "server/promise", 0, NOON + 600, NOON + 720)
    said = [
        wording.too_long(tier(), 30.0, 100.0, claim, (), first, False, NOON, again).message
        for first, again in ((True, False), (False, True))
    ]
    assert "Come back at 12:10:00 UTC: a place is kept for you." in said[0]
    assert "Come back at 12:10:00 UTC, as you were told before: one place is kept" in said[1]


def test_one_is_told_as_one() -> None:
    said = [
        wording.never_waiting(1, 0, 2).message,
        wording.never_waiting(1, 0, 2, service="flex").message,
        wording.never_waiting(1, 0, 2, tier()).message,
        wording.full("default", 1, 1, 1, NOON + 5, NOON).message,
        wording.full("flex", 1, 1, 1, NOON + 5, NOON).message,
        wording.too_many_present(tier(), Bound(1, "waiting", "org"), 1, 1, NOON, NOON).message,
        str(wording.over_limit(tier(), parse_limit("1 device_s/min"), 1, 1, 1, NOON, NOON)),
    ]
    assert [text.partition(". There")[0].partition(". A req")[0] for text in said] == [
        "This server lets at most 1 image wait at a time",
        "This server takes flex while at most 1 image waits at a time",
        "Free tier: at most 1 image waits at a time",
        "This server lets at most 1 image wait at a time, and 1 is waiting",
        "This server takes flex while at most 1 image waits at a time, and 1 is waiting",
        "Free tier: 1 image may wait at a time for one organisation. 1 is waiting, and you asked "
        "for 1 more",
        "Free tier: 1 device-second per rolling 1 min. You used 1 device-second. The next slot "
        "opens at 12:00:00 UTC.",
    ]


def test_room_in_device_seconds_is_told_of_images() -> None:
    limit = parse_limit("12 device_s/min")
    said = str(wording.over_limit(tier(), limit, 12, 7, 4, NOON, NOON))
    assert said.endswith("You used 7 device-seconds. Room for 4 images opens at 12:00:00 UTC.")


def test_a_client_that_gives_up_is_told_what_would_help() -> None:
    def said(promised_s: float | None, at: float | None) -> str:
        denial = wording.too_long_for_client(5.0, (24.0, 41.5), promised_s, at, NOON)
        assert [option.what for option in denial.options] == ["job"] * (promised_s is None)
        return denial.message.partition("gives up after 5 s. ")[2]

    more = "sk for a job with 'Prefer: respond-async', or for a stream, or give your client more "
    more += "time"
    no = "Nor can it be promised now that they start within 2.5 s."
    assert said(None, None) == f"A{more}."
    assert said(None, NOON + 40) == f"A{more}, or come back at about 12:00:40 UTC."
    assert said(2.5, NOON + 40) == f"{no} Come back at about 12:00:40 UTC."
    assert said(2.5, None) == f"{no} Once demand is lower, a{more}."


def test_who_asks_for_more_than_a_limit_is_told_what_he_used_of_it() -> None:
    """He would be refused again with as many as the limit."""
    said = [
        str(wording.over_limit(tier(), parse_limit("2..9/h"), 2, used, 3, None, NOON))
        for used in (0, 2)
    ]
    assert [text.partition("calm). ")[2] for text in said] == [
        "A request for 3 is more than that. Ask for 2 or fewer.",
        "You used 2. A request for 3 is more than the limit. Ask for fewer.",
    ]


@pytest.mark.parametrize(
    ("window_s", "words"),
    [
        (1, "1 s"), (90, "90 s"), (120, "2 min"), (5400, "90 min"), (86_400, "24 h"),
        (129_600, "36 h"), (172_800, "2 days"), (604_800, "7 days"),
    ],
)  # fmt: skip
def test_a_time_is_told_whole_in_the_largest_unit_that_it_has(window_s: int, words: str) -> None:
    assert window_in_words(window_s) == words
