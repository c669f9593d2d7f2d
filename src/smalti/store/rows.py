"""What is known of a job, as it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["generation", "edit"]
JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
PictureState = Literal["waiting", "drawing", "drawn", "failed", "cancelled"]

LIVE: tuple[JobState, ...] = ("queued", "running")
"""States of a job that has not ended."""
UNDRAWN: tuple[PictureState, ...] = ("waiting", "drawing")
"""States of a picture that has not ended."""

_DEVICE_S_MAX = 1e12


def counted_s(device_s: float) -> float:
    """Device-seconds that can be counted and told, also of a database that is damaged."""
    return min(_DEVICE_S_MAX, max(0.0, device_s))


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """An accepted request. Times are Unix seconds.

    request: JSON, with everything that is needed to draw it again.
    seed: of its first picture.
    key_id: None where the request came without a key.
    """

    job_id: str
    user_id: str
    org_id: str
    key_id: str | None
    tier: str
    kind: Kind
    request: dict[str, Any]
    images: int
    seed: int
    created_at: float
    state: JobState = "queued"
    started_at: float | None = None
    finished_at: float | None = None
    error_code: str | None = None
    error_message: str | None = None
    request_id: str = ""
    source_blob: str | None = None
    mask_blob: str | None = None

    @property
    def live(self) -> bool:
        return self.state in LIVE


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which jobs are meant. search: words of the prompt, all of them, in any order and case."""

    search: str = ""
    style: str | None = None
    state: JobState | None = None
    conversation: str | None = None


ALL_JOBS = JobFilter()
PROMPTS_MAX = 250_000
"""Characters of prompts on one page of jobs; more go on the next."""


@dataclass(frozen=True, kw_only=True)
class PictureRow:
    """One picture of a job.

    rows: tile rows that are drawn and kept, counted from the top. columns: tiles in a row.
    codes: the tiles of these rows, int16 little-endian; None before the first, and once it is drawn
    or its job has ended.
    device_s: seconds of the device, as they were last told.
    attempts: how often it was given a slot.
    """

    job_id: str
    index: int
    seed: int
    state: PictureState = "waiting"
    rows: int = 0
    columns: int = 0
    codes: bytes | None = None
    layout: tuple[int, ...] | None = None
    blob: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    device_s: float = 0.0
    attempts: int = 0


@dataclass(frozen=True, kw_only=True)
class ReservationRow:
    """What a job holds of its user's allowance, in pictures and in seconds of the device.

    state: held while the job lives; settled when it ended, less what was refunded; refunded when
    nothing of it counts any more.
    device_s: what the job is expected to use; once it has ended, what its pictures used.
    """

    job_id: str
    user_id: str
    tier: str
    images: int
    refunded: int
    at: float
    state: Literal["held", "settled", "refunded"]
    org_id: str = ""
    key_id: str = ""
    region: str = ""
    model: str = ""
    device_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DenialRow:
    """A request that was refused, and by which rule. Times are Unix seconds.

    key_id: empty where it came without a key. job_id: the one that it would have been.
    """

    at: float
    user_id: str
    org_id: str
    tier: str
    rule: str
    kind: str
    images: int
    key_id: str = ""
    region: str = ""
    retry_at: float | None = None
    request_id: str = ""
    job_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class PolicyRow:
    """A version of the whole policy. document: JSON. basis: hash of the settings of its time."""

    version: int
    at: float
    who: str
    why: str
    document: dict[str, Any]
    basis: str


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """A change that someone made. who: a key, a user, or the command line."""

    at: float
    who: str
    action: str
    detail: dict[str, Any]
