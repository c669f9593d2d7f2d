"""What is said of counts and times."""

from __future__ import annotations

from control.asks import NOON, tier

from smalti.control import wording


def test_a_promise_is_told_as_it_is() -> None:
    denial = wording.too_long(tier(), 2.5, 7.2, None, (), False, NOON)
    assert "promised to start within 2.5 s, and yours would start in 8 s." in denial.message
