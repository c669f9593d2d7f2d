"""The shapes of what administrators send and are told. Times are Unix seconds."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from smalti.api.shapes import Shape
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


class OrganisationPage(Shape):
    object: Literal["list"]
    data: list[OrganisationReply]


class UserPage(Shape):
    object: Literal["list"]
    data: list[UserReply]


class KeyPage(Shape):
    object: Literal["list"]
    data: list[KeyReply]


class AuditPage(Shape):
    object: Literal["list"]
    data: list[AuditEntry]
