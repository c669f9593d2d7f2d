"""The shapes of what administrators send and are told. Times are Unix seconds."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from smalti.api.shapes import Page, Shape
from smalti.control.switches import MESSAGE_MAX, Paused
from smalti.control.tiers import NAME as TIER_NAME
from smalti.service.policy_changes import WHY_MAX
from smalti.store.identity import NAME_MAX

Scope = Literal["images", "admin"]
LONGEST_S = 100 * 365 * 86_400
"""A hundred years."""


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Name = Field(
    min_length=1,
    max_length=NAME_MAX,
    description="Letters, digits, signs and spaces.",
    json_schema_extra={"pattern": r"^[ \p{L}\p{M}\p{N}\p{P}\p{S}]*[\p{L}\p{N}\p{P}\p{S}]$"},
)


class NewOrganisation(Sent):
    name: str = Name


class NewUser(Sent):
    name: str = Name
    org_id: str | None = Field(default=None, description="The first organisation if left out.")
    tier: str | None = Field(default=None, description="The default tier if left out.")


class UserChange(Sent):
    tier: str | None = None
    disabled: bool | None = None


class NewKey(Sent):
    user_id: str
    name: str = Name
    scopes: list[Scope] = Field(default=["images"], min_length=1, max_length=2)
    expires_in_s: int | None = Field(default=None, ge=1, le=LONGEST_S)


# --- tiers and switches ---

Why = Field(min_length=1, max_length=WHY_MAX, description="Told to whoever reads the record.")
IfVersion = Field(
    default=None, ge=0, description="Refused with 409 if another version is in force by then."
)


class TierFields(Sent):
    """A field that is left out stays as it is; of a new tier, the first three are needed."""

    weight: float | None = None
    max_running: int | None = None
    max_waiting: int | None = None
    limits: list[str] | None = Field(default=None, description="As in `3/day`, `3..50/3h`.")
    promised_wait_s: float | None = Field(default=None, description="0: nothing is promised.")
    rungs: list[str] | None = None
    services: list[str] | None = None
    models: list[str] | None = Field(default=None, description="[]: all of them.")


class TierChange(TierFields):
    why: str = Why
    if_version: int | None = IfVersion


def _time(without: str) -> WithJsonSchema:
    about = f"Unix seconds, or a time in ISO 8601; {without} if left out."
    return WithJsonSchema({"type": ["number", "string"], "description": about})


class NewSwitch(Sent):
    model_config = ConfigDict(extra="forbid", frozen=True)

    message: str = Field(min_length=1, max_length=MESSAGE_MAX, description="What users read.")
    from_: Annotated[float | str | None, _time("at once")] = Field(default=None, alias="from")
    until: Annotated[float | str | None, _time("until it is deleted")] = None
    why: str = Why
    if_version: int | None = IfVersion


_TIERS = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": f"^{TIER_NAME}$"},
    "additionalProperties": TierFields.model_json_schema(),
    "description": "All tiers that there are.",
}
SWITCH = {
    "type": "object",
    "properties": {
        "scope": {"enum": list(get_args(Paused))},
        "name": {"type": "string"},
        "message": {"type": "string"},
        "from": {"type": ["number", "string", "null"]},
        "until": {"type": ["number", "string", "null"]},
    },
    "required": ["scope", "name", "message"],
    "additionalProperties": False,
}
_SWITCHES = {
    "type": "array",
    "items": SWITCH,
    "description": "All that is paused; it stays as it is if left out.",
}


class WholePolicy(Sent):
    """Tiers and switches are read by `control`, whose sentences name what is wrong in them."""

    tiers: Annotated[dict[str, Any], WithJsonSchema(_TIERS)]
    switches: Annotated[list[Any] | None, WithJsonSchema(_SWITCHES)] = None
    why: str = Why
    if_version: int | None = IfVersion


class Undo(Sent):
    version: int = Field(
        ge=0,
        description="The version to return to; 0 is what the settings said at the server's start.",
    )
    why: str = Why
    if_version: int | None = IfVersion


class TierReply(Shape):
    weight: float
    limits: list[str]
    max_running: int
    max_waiting: int
    promised_wait_s: float | None
    rungs: list[str]
    services: list[str]
    models: list[str]


class SwitchReply(Shape):
    """Times are Unix seconds; null: since ever, until it is deleted."""

    scope: Paused
    name: str
    message: str
    from_: float | None = Field(alias="from")
    until: float | None


class PolicyReply(Shape):
    """version: 0 for what the settings say, and then nobody made it."""

    object: Literal["policy"]
    version: int
    at: int | None
    who: str | None
    why: str | None
    tiers: dict[str, TierReply]
    switches: list[SwitchReply]


class PolicyPage(Shape):
    object: Literal["list"]
    data: list[PolicyReply]


class SwitchPage(Shape):
    object: Literal["list"]
    version: int
    data: list[SwitchReply]


class OneSwitchReply(SwitchReply):
    object: Literal["switch"]
    version: int


class DenialEntry(Shape):
    """job_id: the job that it would have been."""

    object: Literal["denial"]
    at: int
    user_id: str
    org_id: str
    key_id: str
    tier: str
    region: str
    rule: str
    kind: str
    images: int
    retry_at: int | None
    request_id: str
    job_id: str | None


class DenialPage(Shape):
    """counts: how many requests each rule has refused since, of all users."""

    object: Literal["list"]
    data: list[DenialEntry]
    counts: dict[str, int]


# --- people ---


class OrganisationReply(Shape):
    id: str
    object: Literal["organisation"]
    name: str
    created_at: int


class UserReply(Shape):
    id: str
    object: Literal["user"]
    org_id: str
    name: str
    tier: str
    created_at: int
    disabled_at: int | None


class KeyReply(Shape):
    """prefix: how its secret begins."""

    id: str
    object: Literal["key"]
    user_id: str
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: int
    expires_at: int | None
    revoked_at: int | None


class NewKeyReply(KeyReply):
    """secret: told this once."""

    secret: str


class AuditEntry(Shape):
    object: Literal["audit.entry"]
    at: int
    who: str
    action: str
    detail: dict[str, Any]


class OrganisationPage(Page):
    data: list[OrganisationReply]


class UserPage(Page):
    data: list[UserReply]


class KeyPage(Page):
    data: list[KeyReply]


class AuditPage(Shape):
    object: Literal["list"]
    data: list[AuditEntry]
