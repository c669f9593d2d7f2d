"""How denials are worded: a denial for each rule, and a sentence that says it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from smalti.control.denial import (
    Denial,
    Option,
    Words,
    images_in_words,
    in_words,
    time_in_words,
    window_in_words,
)
from smalti.control.limits import Bound, Limit
from smalti.control.nouns import LONGEST_S, Claim, Scope
from smalti.control.switches import Switch
from smalti.control.tiers import Tier

SOON_S = 60.0
"""Clients may come back by themselves to what is free again so soon."""

_WHOSE: dict[Scope, str] = {
    "user": "You",
    "key": "This key",
    "org": "Your organisation",
    "tier": "All users of the tier together",
    "region": "Your region",
    "model": "All users of this model together",
}
_FOR: dict[Scope, str] = {
    "user": "you",
    "key": "one key",
    "org": "one organisation",
    "tier": "all of the tier together",
    "region": "one region",
    "model": "one model",
}

_STOPS = (".", "!", "?", "…", "。", "！", "？", "؟", "।")
"""With which a sentence ends, here and elsewhere."""
_CLOSING = "\"'”’»)"
"""What may stand behind them."""


def titled(tier: Tier) -> str:
    return f"{tier.name.capitalize()} tier"


def no_tier(name: str, tiers: Iterable[str]) -> str:
    return (
        f"'{name}' is no tier here; there are {', '.join(tiers)}. "
        f"Set [tiers.{name}], or give the user another tier."
    )


def rule_of(tier: Tier, limit: Limit) -> str:
    return f"{tier.name}/{limit.rule}"


def over_limit(
    tier: Tier, limit: Limit, value: int, used: int, images: int, retry_at: float | None, now: float
) -> Words:
    """value: of the limit now. used: in its unit. retry_at: None where no time is known."""
    return Words(_over_limit, tier, limit, value, used, images, retry_at, now)


def _over_limit(
    tier: Tier, limit: Limit, value: int, used: int, images: int, retry_at: float | None, now: float
) -> str:
    rule = stated(tier, limit, value)
    at_once = " at once" if limit.burst is not None else ""
    amount = in_words(used, "device-second") if limit.unit == "device_s" else str(used)
    spent = f"{rule} {_WHOSE[limit.scope]} used {amount}{at_once}."
    if retry_at is None and limit.unit == "images" and limit.burst is None and images > value:
        if not used:
            return f"{rule} A request for {images} is more than that. Ask for {value} or fewer."
        return f"{spent} A request for {images} is more than the limit. Ask for fewer."
    if retry_at is None:
        return f"{spent} It is not known when there is room."
    of_what = images_in_words(images) if limit.unit == "device_s" else str(images)
    opening = "The next slot opens" if images == 1 else f"Room for {of_what} opens"
    return f"{spent} {opening} at {time_in_words(retry_at, now)}."


def stated(tier: Tier, limit: Limit, value: int) -> str:
    """A limit at its present value."""
    whose = "" if limit.scope == "user" else f" for {_FOR[limit.scope]}"
    window = window_in_words(limit.window_s)
    if limit.burst is not None:
        return (
            f"{titled(tier)}: {images_in_words(limit.count)} per {window}{whose}, "
            f"at most {limit.burst} at once."
        )
    breath = ""
    if limit.breathes:
        breath = f" ({value} now, as demand is high; up to {limit.count} when it is calm)"
        if value == limit.count:
            breath = f" (from {limit.least} to {limit.count}, by demand)"
    amount = in_words(value, "image" if limit.unit == "images" else "device-second")
    return f"{titled(tier)}: {amount} per rolling {window}{whose}{breath}."


def impossible(
    tier: Tier, limit: Limit, used: int, images: int, options: tuple[Option, ...] = ()
) -> Denial:
    most = limit.count if limit.burst is None else limit.burst
    return Denial(
        "impossible", rule_of(tier, limit), limit.scope, limit.count, used, limit.unit,
        window_s=limit.window_s, options=options, burst=limit.burst,
        words=Words(_impossible, tier, limit, most, images),
    )  # fmt: skip


def _impossible(tier: Tier, limit: Limit, most: int, images: int) -> str:
    instead = f"Ask for {most} or fewer." if limit.unit == "images" else "Ask for fewer or smaller."
    return (
        f"{stated(tier, limit, limit.count)} A request for {images_in_words(images)} can never be "
        f"within that. {instead}"
    )


def never_waiting(
    most: int, waiting: int, images: int, tier: Tier | None = None, service: str = "default"
) -> Denial:
    """tier: whose bound it is; the server's without one. waiting: how many do now."""
    allowed = lets(service, most) if tier is None else f"{titled(tier)}: at most {_wait(most)}"
    return Denial(
        "impossible", "server/waiting" if tier is None else f"{tier.name}/waiting",
        "server" if tier is None else "user", most, waiting,
        reason="load" if tier is None else "plan",
        words=f"{allowed} at a time. "
        f"A request for {images} can never be within that. Ask for {most} or fewer.",
    )  # fmt: skip


def paused(switch: Switch, retry_at: float | None, now: float) -> Denial:
    return Denial(
        "paused", switch.rule, switch.scope, 0, 0, retry_at=retry_at, reason="operator",
        words=Words(_paused, switch.message, retry_at, now),
    )  # fmt: skip


def _paused(message: str, retry_at: float | None, now: float) -> str:
    if retry_at is None:
        return message
    stop = "" if message.rstrip(_CLOSING).endswith(_STOPS) else "."
    return f"{message}{stop} It is open again at {time_in_words(retry_at, now)}."


def not_in_plan(tier: Tier, what: str, name: str, has: tuple[str, ...]) -> Denial:
    return Denial(
        "plan", f"{tier.name}/{what}", "tier", 0, 0,
        words=f"{titled(tier)} does not include the {what} '{name}'. It has {', '.join(has)}.",
    )  # fmt: skip


def too_many_waiting(
    tier: Tier, waiting: int, images: int, retry_at: float | None, now: float
) -> Denial:
    """retry_at: when enough of the user's pictures should have left the queue."""
    return Denial(
        "waiting", f"{tier.name}/waiting", "user", tier.max_waiting, waiting, retry_at=retry_at,
        words=Words(_too_many_waiting, tier, waiting, images, retry_at, now),
    )  # fmt: skip


def _too_many_waiting(
    tier: Tier, waiting: int, images: int, retry_at: float | None, now: float
) -> str:
    return (
        f"{titled(tier)}: {images_in_words(tier.max_waiting)} may wait at a time. "
        f"You have {waiting} waiting and asked for {images} more. {_room_at(retry_at, now)}"
    )


def bounded(tier: Tier, bound: Bound) -> str:
    """What a bound allows, without a full stop."""
    whose = "" if bound.scope == "user" else f" for {_FOR[bound.scope]}"
    there = "may wait" if bound.of == "waiting" else "may wait or be drawn"
    return f"{titled(tier)}: {images_in_words(bound.count)} {there} at a time{whose}"


def never_present(tier: Tier, bound: Bound, used: int, images: int) -> Denial:
    """used: pictures that are counted."""
    return Denial(
        "impossible", f"{tier.name}/{bound.rule}", bound.scope, bound.count, used,
        words=f"{bounded(tier, bound)}. A request for {images} can never be within that. "
        f"Ask for {bound.count} or fewer.",
    )  # fmt: skip


def too_many_present(
    tier: Tier, bound: Bound, used: int, images: int, retry_at: float | None, now: float
) -> Denial:
    """used: pictures that are counted. retry_at: when enough of them should be gone."""
    return Denial(
        "waiting", f"{tier.name}/{bound.rule}", bound.scope, bound.count, used, retry_at=retry_at,
        words=Words(_too_many_present, tier, bound, used, images, retry_at, now),
    )  # fmt: skip


def _too_many_present(
    tier: Tier, bound: Bound, used: int, images: int, retry_at: float | None, now: float
) -> str:
    there = "waiting" if bound.of == "waiting" else "waiting or being drawn"
    return (
        f"{bounded(tier, bound)}. {used} {_are(used)} {there}, and you asked for {images} more. "
        f"{_room_at(retry_at, now)}"
    )


def _room_at(retry_at: float | None, now: float, images: str = "") -> str:
    if retry_at is None:
        return "It is not known when there is room."
    return f"There should be room{images} at about {time_in_words(retry_at, now)}."


def lets(service: str, most: int) -> str:
    """How many images may wait."""
    if service == "flex":
        return f"This server takes flex while at most {_wait(most)}"
    return f"This server lets at most {images_in_words(most)} wait"


def _wait(images: int) -> str:
    return f"{images_in_words(images)} {'waits' if images == 1 else 'wait'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def full(
    service: str, max_waiting: int, waiting: int, images: int, retry_at: float | None, now: float
) -> Denial:
    """retry_at: when enough pictures should have left the queue."""
    soon = retry_at is not None and retry_at - now <= SOON_S
    return Denial(
        "capacity", "server/waiting", "server", max_waiting, waiting, retry_at=retry_at,
        reason="load", should_retry=soon,
        words=Words(_full, service, max_waiting, waiting, images, retry_at, now),
    )  # fmt: skip


def _full(
    service: str, max_waiting: int, waiting: int, images: int, retry_at: float | None, now: float
) -> str:
    return (
        f"{lets(service, max_waiting)} at a time, and {waiting} {_are(waiting)} "
        f"waiting. {_room_at(retry_at, now, f' for {images}')} "
        "This is the server's load and not a limit of yours."
    )


def too_long(
    tier: Tier, promised_s: float, wait_s: float, claim: Claim | None, options: tuple[Option, ...],
    first: bool, should_retry: bool, now: float, again: bool = False,
) -> Denial:  # fmt: skip
    """wait_s: within which the pictures would surely have their slots, after those for whom places
    are kept. claim: of the place that is kept for him; None where a pause is to begin of which the
    end is not known. first: whether none was kept for the user before. again: whether he was told
    of that very place before, when the wait may have been another."""
    at = None if claim is None else claim.at
    return Denial(
        "capacity", "server/promise", "server", round(promised_s), math.ceil(wait_s), "seconds",
        retry_at=at, reason="load", options=options, claim=claim, should_retry=should_retry,
        words=Words(_too_long, tier, promised_s, wait_s, at, first, again, now),
    )  # fmt: skip


def _too_long(
    tier: Tier, promised_s: float, wait_s: float, at: float | None, first: bool, again: bool,
    now: float,
) -> str:  # fmt: skip
    place = "It is not known when there is a place for you."
    if at is not None:
        kept = "a place is kept for you"
        if not first:
            kept = "one place is kept for you, for whichever of your requests comes first"
        told = ", as you were told before" if again else ""
        place = f"Come back at {time_in_words(at, now)}{told}: {kept}."
    return (
        f"{titled(tier)}: pictures are promised to start within {promised_s:g} s, and "
        f"yours might start only in {math.ceil(wait_s)} s. {place} "
        "This is the server's load and not a limit of yours."
    )


def too_many_to_promise(
    tier: Tier, promised_s: float, own_s: float, images: int, options: tuple[Option, ...]
) -> Denial:
    """own_s: until the last of the pictures has its slot, if nobody else was there."""
    most = next((option.images for option in options if option.what == "fewer"), None)
    return Denial(
        "capacity", "server/promise", "server", round(promised_s), math.ceil(own_s), "seconds",
        reason="plan", options=options,
        words=Words(_too_many_to_promise, tier, promised_s, own_s, images, most),
    )  # fmt: skip


def _too_many_to_promise(
    tier: Tier, promised_s: float, own_s: float, images: int, most: int | None
) -> str:
    fewer = "Ask for fewer." if most is None else f"Ask for {most} or fewer."
    return (
        f"{titled(tier)}: pictures are promised to start within {promised_s:g} s, and the "
        f"last of {images} would start in {math.ceil(own_s)} s even if nobody else was here. "
        f"{fewer}"
    )


def too_long_for_client(
    patience_s: float, finish_s: tuple[float, float], promised_s: float | None,
    retry_at: float | None, now: float, streams: bool = True,
) -> Denial:  # fmt: skip
    """finish_s: within which the pictures would be drawn, one time in two and nine in ten.
    promised_s: within which they should start, where that cannot be promised either, so that a job
    would be refused too. retry_at: from when on they should be there in time; None where that is
    not known. streams: whether a stream may be asked for now."""
    options = (Option("job", finish_s),) if promised_s is None else ()
    return Denial(
        "capacity", "server/patience", "server", round(patience_s), math.ceil(finish_s[1]),
        "seconds", retry_at=retry_at, reason="load", options=options,
        words=Words(
            _too_long_for_client, patience_s, finish_s[1], promised_s, retry_at, streams, now
        ),
    )  # fmt: skip


def _too_long_for_client(
    patience_s: float, finish_s: float, promised_s: float | None, at: float | None,
    streams: bool, now: float,
) -> str:  # fmt: skip
    told = (
        f"The pictures might be there only in {math.ceil(finish_s)} s, and your client says that "
        f"it gives up after {patience_s:g} s."
    )
    back = None if at is None else f"come back at about {time_in_words(at, now)}"
    stream = ", or for a stream" if streams else ""
    instead = f"ask for a job with 'Prefer: respond-async'{stream}, or give your client more time"
    if promised_s is None:
        do = instead if back is None else f"{instead}, or {back}"
    else:
        told += f" Nor can it be promised now that they start within {promised_s:g} s."
        do = back or f"once demand is lower, {instead}"
    return f"{told} {do[0].upper()}{do[1:]}."


def whole_second(now: float, wait_s: float) -> float:
    """At least one second from now."""
    return float(math.ceil(now + min(max(wait_s, 1.0), LONGEST_S)))
