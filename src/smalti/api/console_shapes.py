"""The shapes of what the operator's console asks and is told. Times are Unix seconds, UTC."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from smalti.api.admin_shapes import SWITCH, Sent, TierFields, WholePolicy
from smalti.api.shapes import JobStatus, Shape, Window

MINUTES_MAX = 180
"""As many as are kept."""
PREVIEW_MINUTES_MAX = 24 * 60

# --- now ---


class DeviceNow(Shape):
    """name: of its worker. busy: pictures that it was given. temperature_c, watts: null where
    nobody reads them. problem: what its last worker died of."""

    device: str
    name: str
    state: Literal["starting", "ready", "hung", "dead", "stopped"]
    model: str
    slots: int
    busy: int
    restarts: int
    temperature_c: float | None
    watts: float | None
    problem: str | None


class FleetNow(Shape):
    """Of the devices that are ready. tiles_per_s: over the last minute."""

    slots: int
    busy: int
    tiles_per_s: float


class Counts(Shape):
    """Requests that were admitted and denied, and jobs that ended."""

    admitted: int
    denied: int
    succeeded: int
    failed: int
    cancelled: int


class TierNow(Counts):
    """waiting, running: pictures, now. rung: the last one that is taken and that a model of the
    tier has. wait_p50_s, wait_p95_s: from a job's acceptance to the start of its first picture;
    of flex, which is promised nothing, they are not. promises_kept, promises_broken: of jobs whose
    last picture has begun. A tier that is no longer there has no rung."""

    waiting: int
    running: int
    promised_wait_s: float | None
    rung: str | None
    wait_p50_s: float | None
    wait_p95_s: float | None
    promises_kept: int
    promises_broken: int


class Errors(Shape):
    """jobs: that failed. replies: 5xx that are neither a refusal nor the failure of a job."""

    jobs: int
    replies: int


class MinuteNow(Counts):
    """at: when it began. waiting, slots, load: the most that was seen. busy: slots that drew, on
    average. errors: failed jobs and replies."""

    at: int
    waiting: int
    busy: float
    slots: int
    tiles: int
    device_s: float
    load: float
    wait_p50_s: float | None
    wait_p95_s: float | None
    errors: int


class NowReply(Shape):
    """since: when counting began, at the start of the server. Whatever is counted is of the minutes
    that follow in `minutes`: those that were asked for, or as many as there were since. denials: by
    rule. rungs: jobs that were admitted on each."""

    object: Literal["now"]
    at: int
    since: int
    store_healthy: bool
    load: float
    fleet: FleetNow
    devices: list[DeviceNow]
    tiers: dict[str, TierNow]
    rungs: dict[str, int]
    denials: dict[str, int]
    errors: Errors
    minutes: list[MinuteNow]


# --- previews ---

_POLICY = {
    "type": "object",
    "properties": {
        name: WholePolicy.model_json_schema()["properties"][name] for name in ("tiers", "switches")
    },
    "required": ["tiers"],
}


class PreviewRequest(Sent):
    """One of: tier and change; policy; switch. Each as the address that would make the change takes
    it; `why` is not needed."""

    tier: str | None = Field(default=None, description="The tier that `change` changes.")
    change: Annotated[dict[str, Any] | None, WithJsonSchema(TierFields.model_json_schema())] = None
    policy: Annotated[dict[str, Any] | None, WithJsonSchema(_POLICY)] = None
    switch: Annotated[dict[str, Any] | None, WithJsonSchema(SWITCH)] = None
    minutes: int = Field(
        default=60, ge=1, le=PREVIEW_MINUTES_MAX, description="Of the past that are decided again."
    )  # fmt: skip


class FleetThen(Shape):
    """rate_work_per_s: tiles per second with all slots taken. measured: whether that was; else it
    is that of the built-in model on two cores."""

    slots: int
    rate_work_per_s: float
    measured: bool


class TierOutcome(Shape):
    """wait_p50_s, wait_p95_s: of admitted jobs, until their last picture had its slot; of flex they
    are not."""

    requests: int
    admitted: int
    denied: int
    wait_p50_s: float | None
    wait_p95_s: float | None
    promises_broken: int


class PolicyOutcome(Shape):
    """denials: by rule. users_denied: how many users were denied at least once."""

    requests: int
    admitted: int
    denied: int
    users_denied: int
    denials: dict[str, int]
    tiers: dict[str, TierOutcome]


class Recorded(Shape):
    """What really happened to the same requests."""

    admitted: int
    denied: int


class PreviewReply(Shape):
    """before: replayed with the policy in force; after: with the changed one. changed: requests
    that are decided otherwise. capped: only the newest are in it. differences: what the change
    would change in the policy, [before, after]."""

    object: Literal["preview"]
    since: int
    until: int
    capped: bool
    fleet: FleetThen
    recorded: Recorded
    before: PolicyOutcome
    after: PolicyOutcome
    changed: int
    differences: dict[str, list[Any]]


# --- a user's day, and use ---


class ByRule(Shape):
    rule: str


class ByRung(Shape):
    rung: str
    service: str


class JobEvent(Shape):
    """at: when it was accepted."""

    what: Literal["job"]
    at: int
    id: str
    created_at: int
    started_at: int | None
    finished_at: int | None
    state: JobStatus
    tier: str
    images: int
    kind: Literal["generation", "edit"]
    rung: str
    service: str
    wait_s: float | None
    device_s: float
    error_code: str | None
    decided_by: ByRung


class DenialEvent(Shape):
    what: Literal["denial"]
    at: int
    rule: str
    kind: str
    tier: str
    images: int
    retry_at: int | None
    key_id: str
    region: str
    decided_by: ByRule


class DayTotals(Shape):
    """Of the whole day. device_s: what its jobs have used so far."""

    jobs: int
    images: int
    denials: int
    device_s: float


class DayReply(Shape):
    """events: in order of time, the first thousand. standing: the user's limits now."""

    object: Literal["user.day"]
    user_id: str
    date: str
    events: list[JobEvent | DenialEvent]
    has_more: bool
    totals: DayTotals
    standing: list[Window]


class UseEntry(Shape):
    """name: null where it is no longer known. images: those that count against limits. device_s: of
    jobs that go on, what they are expected to use."""

    id: str
    name: str | None
    images: int
    device_s: float
    jobs: int
    denials: int


class UseReply(Shape):
    """Those who used most device time first, a hundred of each at most."""

    object: Literal["use"]
    since: int
    users: list[UseEntry]
    organisations: list[UseEntry]
