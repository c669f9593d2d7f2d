"""`Gauge`: one limit of a tier, at its present value, against what is reserved."""

from __future__ import annotations

from collections.abc import Iterable

from smalti.control.accounts import FIELDS, Accounts, opens_at, used
from smalti.control.breathing import breadth
from smalti.control.limits import Limit
from smalti.control.nouns import Ask, Claim, Reservation, Standing


class Gauge:
    """most: what a request and what counts may come to now, as it is counted (see `Limit.scale`).

    Of a request, its images count, or the device-seconds that all of it is expected to take.
    """

    __slots__ = ("_field", "_logs", "_of_images", "_plain", "_widest", "limit", "most", "rule")

    def __init__(self, tier: str, limit: Limit, accounts: Accounts) -> None:
        self.limit = limit
        self.rule = f"{tier}/{limit.rule}"
        self._logs = accounts.logs(limit.scope, limit.unit)
        self._field = FIELDS[limit.scope]
        self._of_images = limit.unit == "images"
        self._plain = limit.burst is None
        most = limit.count if limit.burst is None else limit.burst
        self.most = self._widest = most * limit.scale

    def admits(self, ask: Ask, device_s: float, now: float) -> bool:
        """Whether a request is within the limit; it is where nobody is known to count it for."""
        amount = ask.images if self._of_images else round(device_s * 1000)
        left = self.most - amount
        subject = getattr(ask, self._field)
        log = self._logs.get(subject)
        if log is None:
            return left >= 0 or not subject
        if self._plain:
            return log.after(now - self.limit.window_s) <= left
        return used(log, self.limit, now) <= left

    def value_at(self, parts: int) -> int:
        """The limit's value where it is open by so many parts, in its unit."""
        limit = self.limit
        return limit.count if limit.floor is None else breadth(limit.floor, limit.count, parts)

    def most_at(self, parts: int) -> int:
        limit = self.limit
        return self._widest if limit.floor is None else self.value_at(parts) * limit.scale

    def counts(self, about: Ask | Reservation) -> bool:
        """Whether it is known for whom it counts."""
        return bool(getattr(about, self._field))

    def ever_fits(self, ask: Ask, device_s: float) -> bool:
        """Whether a request is within the limit by itself, while that is fully open."""
        return self._amount(ask.images, device_s) <= self._widest or not self.counts(ask)

    def opens_at(self, ask: Ask, device_s: float, parts: int, now: float) -> float | None:
        """The first whole second at which a request is within the limit; None: it is now.

        Infinite for one that is not within it by itself.
        """
        subject = getattr(ask, self._field)
        if not subject:
            return None
        log = self._logs.get(subject)
        amount = self._amount(ask.images, device_s)
        return opens_at(log, self.limit, amount, self.most_at(parts), now)

    def room_for(self, ask: Ask, images: int, device_s: float, parts: int, now: float) -> int:
        """Of a request, how many images are within the limit now: at most `images`.

        device_s: of the whole request.
        """
        if not self.counts(ask):
            return images
        left = self.most_at(parts) - self._used(ask, now)
        if self._of_images:
            return max(min(images, left), 0)
        while images and round(device_s * images / ask.images * 1000) > left:
            images -= 1
        return images

    def used(self, about: Ask | Reservation, now: float) -> int:
        """In the limit's unit, rounded up."""
        return -(-self._used(about, now) // self.limit.scale)

    def standing(
        self, about: Ask | Reservation, parts: int, now: float, later: Iterable[Claim] = ()
    ) -> Standing:
        """later: by which it is to be wider."""
        limit, value = self.limit, self.value_at(parts)
        counted, most = self._used(about, now), self.most_at(parts)
        remaining = max(most - counted, 0) // limit.scale
        reset_at = None
        if counted:
            log = self._logs.get(getattr(about, self._field))
            more = (remaining + 1) * limit.scale
            reset_at = opens_at(log, limit, more, most, now)
            for claim in later:
                at = opens_at(log, limit, more, self.most_at(claim.value), now)
                by_claim = max(claim.at, now if at is None else at)
                reset_at = by_claim if reset_at is None else min(reset_at, by_claim)
        return Standing(
            self.rule,
            value,
            -(-counted // limit.scale),
            remaining,
            limit.window_s,
            reset_at,
            limit.scope,
            limit.unit,
            limit.least,
            limit.count,
            limit.burst,
            "load" if value < limit.count else "plan",
        )

    def _used(self, about: Ask | Reservation, now: float) -> int:
        return used(self._logs.get(getattr(about, self._field)), self.limit, now)

    def _amount(self, images: int, device_s: float) -> int:
        return images if self._of_images else round(device_s * 1000)
