"""What is said to and by the controller. Times are Unix seconds; works are tile-steps."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Ask:
    """A job that asks to be admitted. work: tile-steps of one of its pictures.

    Raises ValueError for less than one image, and for a work that is not above zero.
    """

    job_id: str
    user_id: str
    org_id: str
    tier: str
    images: int
    work: float

    def __post_init__(self) -> None:
        if self.images < 1 or not 0 < self.work < math.inf:
            raise ValueError(
                f"{self.job_id} asks for {self.images} images of {self.work} tile-steps. "
                "Both must be above zero."
            )


@dataclass(frozen=True)
class Turn:
    """A picture that gets a slot now."""

    job_id: str
    index: int


@dataclass(frozen=True)
class Reservation:
    """Images of a job that count against its user's limits from `at` on."""

    job_id: str
    user_id: str
    tier: str
    images: int
    at: float


@dataclass(frozen=True)
class Wait:
    """What stands before a job.

    position: waiting pictures that would be named before the job's next one.
    start_s, finish_s: seconds from now until its next picture gets a slot, and until its last one
    is drawn: one time in two it takes no longer than the first number, nine in ten than the second.
    """

    position: int
    start_s: tuple[float, float]
    finish_s: tuple[float, float]


@dataclass(frozen=True)
class Standing:
    """A user's use of one rolling limit.

    reset_at: the first whole second at which more is left than now; None while nothing is used.
    """

    rule: str
    limit: int
    used: int
    remaining: int
    window_s: int
    reset_at: float | None
