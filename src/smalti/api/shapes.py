"""The shapes of replies, as /openapi.json tells them; nothing is built from them.

A test reads real replies with them, so that none says more or less than this.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

JobStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Spread = tuple[float, float]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


# --- errors ---


class Fault(Shape):
    """param: the field that is wrong, where it is one."""

    message: str
    type: str
    code: str | None
    param: str | None


class ErrorReply(Shape):
    error: Fault


class Rule(Shape):
    """The rule that denied. next_slot_at: from when on the same request is admitted; or from about
    then on, if it is next_slot_estimated, for that hangs on how fast others are drawn.

    floor, ceiling: between which the limit moves with the load; both the limit where it does not.
    burst: of an even pace, how many may be used at once.
    options: what can be done instead: fields of the request, or a `prefer` header, with the seconds
    until the pictures would be finished (p50, p90).
    """

    rule: str
    scope: Literal["user", "key", "org", "tier", "region", "model", "feature", "server"]
    limit: int
    floor: int
    ceiling: int
    burst: int | None
    used: int
    unit: Literal["images", "device_s", "seconds"]
    window_s: int | None
    next_slot_at: str | None
    next_slot_estimated: bool
    reason: Literal["plan", "load", "operator"]
    options: list[dict[str, Any]]
    policy_url: str


class Problem(Shape):
    """A denial: a problem of RFC 9457, with `error` for the SDKs."""

    type: str
    title: str
    status: int
    detail: str
    violated_policies: list[str] = Field(alias="violated-policies")
    error: Fault
    smalti: Rule


# --- pictures ---


class InputTokens(Shape):
    text_tokens: int
    image_tokens: int


class Usage(Shape):
    input_tokens: int
    input_tokens_details: InputTokens
    output_tokens: int
    output_tokens_details: InputTokens
    total_tokens: int


class Asked(Shape):
    model: str
    size: str
    quality: str
    style: str | None
    service_tier: str
    partial_images: int
    n: int
    degrade: str


class Served(Shape):
    """native_size: what the model drew; resampled: whether that is not the size.

    rung: of the ladder of degradation; `full` where nothing is degraded. partial_images: at most so
    many are sent of each picture.
    """

    model: str
    size: str
    native_size: str
    resampled: bool
    quality: str
    style: str | None
    service_tier: str
    rung: str
    partial_images: int


class Forecast(Shape):
    """position: pictures before the first one. start_s, finish_s: from then, p50 and p90."""

    position: int
    start_s: Spread
    finish_s: Spread


class Receipt(Shape):
    """notes: where what was served is not quite what was asked for, in words.

    told: the wait that was told when it was accepted, while that is remembered. shared: whether it
    was drawn together with the same picture of another request; its device time is told there.
    """

    job: str
    model: str
    asked: Asked
    served: Served
    told: Forecast | None
    wait_s: float | None
    device_s: float
    shared: bool
    notes: list[str]
    safety_identifier: str | None = None


class Datum(Shape):
    b64_json: str | None = None
    url: str | None = None
    seed: int


class ImagesReply(Shape):
    created: int
    data: list[Datum]
    background: str
    output_format: Literal["png", "webp", "jpeg"]
    quality: str
    size: str
    usage: Usage
    smalti: Receipt


# --- jobs ---


class JobReply(Shape):
    """position: pictures before the job's next one. start_s, eta_s: when that one gets its slot,
    and the job's end, from now, p50 and p90."""

    id: str
    object: Literal["image.job"]
    status: JobStatus
    created_at: int
    started_at: int | None
    finished_at: int | None
    position: int | None
    start_s: Spread | None
    eta_s: Spread | None
    images: int
    asked: dict[str, Any]
    result: ImagesReply | None
    error: Fault | None


class JobGone(Shape):
    """A job that was forgotten."""

    id: str
    object: Literal["image.job"]
    deleted: Literal[True]


class Page(Shape):
    """A part of a list. has_more: whether others follow on last_id."""

    object: Literal["list"]
    first_id: str | None
    last_id: str | None
    has_more: bool


class JobPage(Page):
    data: list[JobReply]


# --- limits ---


class Window(Shape):
    """One limit. reset_at: when more is left of it than now; None if all is left.

    floor, ceiling: between which it moves with the load. burst: at most so many at once. model: of
    which it counts the pictures, if it is of one.
    """

    rule: str
    model: str | None
    limit: int
    used: int
    remaining: int
    unit: Literal["images", "device_s"]
    scope: Literal["user", "key", "org", "tier", "region", "model"]
    floor: int
    ceiling: int
    burst: int | None
    reason: Literal["plan", "load"]
    window_s: int
    reset_at: str | None


class Pause(Shape):
    """What an operator has paused, in the operator's words."""

    rule: str
    message: str
    until: str | None


class Bounded(Shape):
    """Pictures that may be there at a time: that wait, or `at_once`, those being drawn too."""

    rule: str
    model: str | None
    scope: Literal["user", "key", "org", "tier", "region", "model"]
    counted: Literal["waiting", "at_once"]
    limit: int
    used: int
    remaining: int


class LimitsReply(Shape):
    """max_running, max_waiting: pictures of one user. load: 0 while it is calm, to 1."""

    object: Literal["limits"]
    user: str
    tier: str
    max_running: int
    max_waiting: int
    promised_wait_s: float | None
    service_tiers: list[Literal["default", "flex", "priority"]]
    rungs: list[str]
    models: list[str]
    load: float
    limits: list[Window]
    bounds: list[Bounded]
    paused: list[Pause]


class Explanation(Shape):
    """status: with which the request would be answered. headers: when to come back, if denied."""

    object: Literal["limits.explanation"]
    admitted: bool
    status: int
    rung: str | None
    service_tier: str | None
    wait: Forecast | None
    denial: Problem | None
    headers: dict[str, str]


# --- around it ---


class RungNotes(Shape):
    """gain: pictures in the time of one in full; work_ratio: tiles, over those in full. The shares
    are of what captions say that a judge finds in the pictures; loss: what is missing of
    `attributes_right` in full."""

    gain: float
    work_ratio: float
    attributes_right: float
    style_right: float
    time_right: float
    sign_right: float
    loss: float


class LadderNotes(Shape):
    """What each rung of the ladder cost and gained when it was measured, with so many prompts."""

    measured: str
    prompts: int
    rungs: dict[str, RungNotes]


class ModelNotes(Shape):
    """native_sizes: what it draws at its best. qualities: the same for each quality, best first.

    ladder: None where nothing was measured.
    """

    summary: str
    native_sizes: list[str]
    qualities: dict[str, list[str]]
    ladder: LadderNotes | None
    styles: list[str]
    tile_px: int
    source_pictures: int
    prompt_bytes: int


class ModelReply(Shape):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    smalti: ModelNotes


class ModelPage(Shape):
    object: Literal["list"]
    data: list[ModelReply]


class Health(Shape):
    status: Literal["ok"]


class Readiness(Shape):
    """devices: each with its worker, as the server sees them."""

    status: Literal["ready", "starting", "failed"]
    reason: str | None
    waiting: int
    devices: list[dict[str, Any]]
