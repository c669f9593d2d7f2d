"""What is said to and by the controller. Times are Unix seconds; works are tile-steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar, dataclass_transform

Scope = Literal["user", "key", "org", "tier", "region", "model"]
"""Whose images a limit counts."""
ServiceTier = Literal["priority", "default", "flex"]
"""How a job is served: `priority` weighs more, `flex` weighs less and is promised nothing."""
FULL = "full"
"""The rung on which nothing is degraded."""
LONGEST_S = 30 * 86400.0
"""No wait is told to be longer. With one weight a billion times another, some take centuries."""

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def noun(kind: type[T]) -> type[T]:
    """A dataclass that nobody may change, which only the type checker enforces: each request makes
    several, and a frozen one takes several times as long to make."""
    return dataclass(slots=True, unsafe_hash=True)(kind)


def service_class(tier: str, service: ServiceTier) -> str:
    """Those who stand together in the fair order: of a tier, served alike."""
    return tier if service == "default" else f"{tier}/{service}"


def is_flex(name: str) -> bool:
    """Of a service class: whether it is promised nothing."""
    return name.endswith("/flex")


@noun
class Offer:
    """What may be served on a rung of the ladder. work: tile-steps of one picture."""

    rung: str
    work: float


@noun
class Ask:
    """A job that asks to be admitted. work: tile-steps of one of its pictures.

    key_id, region, model: empty where nothing is known. region: a country's code, upper case.
    service: as the client asked; `auto` leaves it to the server, which means `default`.
    offers: what may be served in its place, the best first; none where it must not be degraded.
    patience_s: for how long the client waits for its reply; None for who does not wait for one.
    features: names of what it uses that a switch may pause, such as `edits`.

    Raises ValueError for less than one image, and for a work that is not above zero.
    """

    job_id: str
    user_id: str
    org_id: str
    tier: str
    images: int
    work: float
    key_id: str = ""
    region: str = ""
    model: str = ""
    service: Literal["auto", "default", "flex", "priority"] = "auto"
    offers: tuple[Offer, ...] = ()
    patience_s: float | None = None
    features: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.images < 1 or not 0 < self.work < math.inf:
            raise ValueError(
                f"{self.job_id} asks for {self.images} images of {self.work} tile-steps. "
                "Both must be above zero."
            )

    @property
    def served_as(self) -> ServiceTier:
        return "default" if self.service == "auto" else self.service


@noun
class Turn:
    """A picture that gets a slot now."""

    job_id: str
    index: int


@noun
class Reservation:
    """Images, and device-seconds, of a job that count against limits from `at` on.

    device_s: what it is expected to use; once it is settled, what it used.
    """

    job_id: str
    user_id: str
    tier: str
    images: int
    at: float
    org_id: str = ""
    key_id: str = ""
    region: str = ""
    model: str = ""
    device_s: float = 0.0

    def subject(self, scope: Scope) -> str:
        """Who it counts for at a scope; empty where that is not known."""
        return str(getattr(self, _FIELDS[scope]))


_FIELDS = {
    "user": "user_id", "key": "key_id", "org": "org_id", "tier": "tier", "region": "region",
    "model": "model",
}  # fmt: skip


class Claim(NamedTuple):
    """A time that a denial has stated, and that is honoured.

    From `at` until `until`, one request of the user is judged by `value` where the rule would give
    less by then. value: how far the tier's breathing limits were open when it was stated, in
    millionths; of a place that is kept, 0 where it needs none of that.
    """

    user_id: str
    rule: str
    value: int
    at: float
    until: float


@noun
class Wait:
    """What stands before a job.

    position: waiting pictures that would be named before the job's next one if nobody came.
    start_s, finish_s: seconds from now until its next picture gets a slot, and until its last one
    is drawn: one time in two it takes no longer than the first number, nine in ten than the second.
    """

    position: int
    start_s: tuple[float, float]
    finish_s: tuple[float, float]


@noun
class Admission:
    """A request that is admitted, and how it is served.

    offer: the rung, and the work of one picture on it. reservation: what it counts for.
    wait: what stands before it, as it was when it was admitted. used: times that were kept for its
    user, and are used up once it is committed.
    """

    offer: Offer
    service: ServiceTier
    reservation: Reservation
    wait: Wait
    used: tuple[Claim, ...] = ()


@noun
class Occupancy:
    """Use of one bound by whom it counts for: pictures that wait, or that are there `at once`,
    those that are being drawn too."""

    rule: str
    scope: Scope
    of: Literal["waiting", "at once"]
    limit: int
    used: int


@noun
class Standing:
    """Use of one limit by whom it counts for.

    scope, unit: `images` or `device_s`. limit: its present value; floor, ceiling: between which it
    moves, both the limit itself where it does not. reason: why it has this value: `plan`, or `load`
    while a limit that moves is below its ceiling.
    reset_at: the first whole second at which more is left than now; None while nothing is used.
    """

    rule: str
    limit: int
    used: int
    remaining: int
    window_s: int
    reset_at: float | None
    scope: Scope = "user"
    unit: Literal["images", "device_s"] = "images"
    floor: int = 0
    ceiling: int = 0
    burst: int | None = None
    reason: Literal["plan", "load"] = "plan"
