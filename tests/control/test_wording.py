"""What is said of counts and times."""

from __future__ import annotations

from control.asks import NOON, tier

from smalti.control import wording
from smalti.control.limits import Bound, parse_limit


def test_a_promise_is_told_as_it_is() -> None:
    denial = wording.too_long(tier(), 2.5, 7.2, None, (), True, False, NOON)
    assert "promised to start within 2.5 s, and yours might start only in 8 s." in denial.message


def test_the_longest_that_a_wait_may_be_is_not_told_as_what_it_will_be() -> None:
    late = wording.too_long(tier(), 30.0, 35.1, None, (), True, False, NOON)
    client = wording.too_long_for_client(5.0, (24.0, 41.5), None)
    assert "yours might start only in 36 s." in late.message
    assert client.message.startswith("The pictures might be there only in 42 s, and your client")


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
