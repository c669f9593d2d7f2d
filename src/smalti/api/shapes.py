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
    """The rule that denied. next_slot_at: from when on the same request is admitted."""

    rule: str
    scope: Literal["user", "server"]
    limit: int
    used: int
    unit: str
    window_s: int | None
    next_slot_at: str | None
    reason: Literal["plan", "load"]
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
    size: str
    quality: str
    style: str | None
    service_tier: str


class Served(Shape):
    """native_size: what the model drew; resampled: whether that is not the size."""

    size: str
    native_size: str
    resampled: bool
    quality: str
    style: str | None
    service_tier: str


class Receipt(Shape):
    """notes: where what was served is not quite what was asked for, in words."""

    job: str
    model: str
    asked: Asked
    served: Served
    wait_s: float | None
    device_s: float
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
    """position: pictures before the job's next one. eta_s: its end, from now, p50 and p90."""

    id: str
    object: Literal["image.job"]
    status: JobStatus
    created_at: int
    started_at: int | None
    finished_at: int | None
    position: int | None
    eta_s: Spread | None
    images: int
    asked: dict[str, Any]
    result: ImagesReply | None
    error: Fault | None


class JobPage(Shape):
    object: Literal["list"]
    data: list[JobReply]
    first_id: str | None
    last_id: str | None
    has_more: bool


# --- limits ---


class Window(Shape):
    """One rolling window. reset_at: when more is left of it than now; None if all is left."""

    rule: str
    limit: int
    used: int
    remaining: int
    unit: Literal["images"]
    window_s: int
    reset_at: str | None


class LimitsReply(Shape):
    """max_running, max_waiting: pictures of one user."""

    object: Literal["limits"]
    user: str
    tier: str
    max_running: int
    max_waiting: int
    limits: list[Window]


class Forecast(Shape):
    """position: pictures before the first one. start_s, finish_s: from now, p50 and p90."""

    position: int
    start_s: Spread
    finish_s: Spread


class Explanation(Shape):
    """status: with which the request would be answered. headers: when to come back, if denied."""

    object: Literal["limits.explanation"]
    admitted: bool
    status: int
    wait: Forecast | None
    denial: Problem | None
    headers: dict[str, str]


# --- around it ---


class ModelNotes(Shape):
    summary: str
    native_sizes: list[str]
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
