"""What the fields of a request may be, and the sentence for each way of getting one wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails

from smalti.api.body import Body
from smalti.errors import InvalidRequest
from smalti.models.facts import MINI
from smalti.pictures.framing import parse_size
from smalti.service.request import SEED_MAX, Quality

PROMPT_MAX = 32_000
LEGACY_STYLES = ("vivid", "natural")
_UNTOLD = {"prompt", "model", "user", "safety_identifier"}
"""The first two are kept elsewhere, the others are nobody else's business."""

_PATTERNS = {
    "conversation": "it should be 1 to 64 letters, digits, '_' or '-'",
    "parent": "it should be a job's id and the number of a picture, as in 'job_0123abcd/0'",
}
_REASON = re.compile(r"^(?:Input|String) should ")


def _flag(value: object, info: ValidationInfo) -> object:
    """A form writes true and false as words, and as nothing else."""
    typed = (info.context or {}).get("typed", True)
    if isinstance(value, str) and not typed:
        if value not in ("true", "false"):
            raise ValueError("write true or false.")
        return value == "true"
    return value


Flag = Annotated[bool, BeforeValidator(_flag)]


class ImageRequest(BaseModel):
    """The fields that generations and edits share.

    conversation: the client's own name for the requests that belong together. parent: the picture
    from which this one goes on, as `job/index`. Both are kept and told again, and change nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str = Field(min_length=1, max_length=PROMPT_MAX)
    model: str = MINI.name
    n: int = Field(default=1, ge=1, le=10)
    size: str = "auto"
    quality: Quality = "auto"
    background: Literal["transparent", "opaque", "auto"] = "auto"
    output_format: Literal["png", "webp", "jpeg"] = "png"
    output_compression: int = Field(default=100, ge=0, le=100)
    moderation: Literal["auto", "low"] = "auto"
    stream: Flag = False
    partial_images: int = Field(default=0, ge=0, le=3)
    response_format: Literal["b64_json", "url"] = "b64_json"
    style: str | None = None
    user: str | None = Field(default=None, max_length=1000)
    safety_identifier: str | None = Field(default=None, max_length=1000)
    seed: int | None = Field(default=None, ge=0, le=SEED_MAX)
    service_tier: Literal["auto", "default", "flex", "priority"] = "auto"
    degrade: Literal["allow", "never"] = "allow"
    smalti_events: Flag = False
    conversation: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    parent: str | None = Field(default=None, pattern=r"^job_[0-9a-f]{1,64}/[0-9]$")

    @field_validator("prompt")
    @classmethod
    def _says_something(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("it is empty. Say what to draw.")
        return value

    @field_validator("size")
    @classmethod
    def _drawable(cls, value: str) -> str:
        if value != "auto":
            parse_size(value)
        return value

    @field_validator("background")
    @classmethod
    def _paintable(cls, value: str) -> str:
        if value == "transparent":
            raise ValueError("no model here draws transparent backgrounds. Use 'opaque' or 'auto'.")
        return value

    @property
    def pixels(self) -> tuple[int, int] | None:
        """(width, height), or None for auto."""
        return None if self.size == "auto" else parse_size(self.size)

    @property
    def who(self) -> str | None:
        """On whose behalf it is asked, as the client calls him."""
        return self.safety_identifier or self.user

    def asked(self) -> dict[str, Any]:
        """What was given, as it may be shown to whoever gets the picture."""
        return self.model_dump(exclude_unset=True, exclude=_UNTOLD)

    @property
    def own_style(self) -> str | None:
        """The style by smalti's name; OpenAI's two old ones say nothing here."""
        return None if self.style in LEGACY_STYLES else self.style


class GenerationRequest(ImageRequest):
    """POST /v1/images/generations."""


class EditRequest(ImageRequest):
    """POST /v1/images/edits; its files are read apart from its fields."""

    input_fidelity: Literal["high", "low"] | None = None


Fields = TypeVar("Fields", bound=BaseModel)
Request = TypeVar("Request", bound=ImageRequest)


def read_fields(kind: type[Fields], body: Body) -> Fields:
    """Check the fields of a body; a field that is null counts as not given.

    Raises InvalidRequest, naming the first field that is wrong.
    """
    given = {name: value for name, value in body.fields.items() if value is not None}
    try:
        return kind.model_validate(given, strict=body.typed, context={"typed": body.typed})
    except ValidationError as error:
        raise refusal_of(error.errors(include_url=False)) from None


def parse(kind: type[Request], body: Body) -> Request:
    """As `read_fields`, and what the fields must be together."""
    asked = read_fields(kind, body)
    if asked.partial_images and not asked.stream:
        raise InvalidRequest(
            "Invalid 'partial_images': partial images are streamed. Set 'stream' to true.",
            param="partial_images",
        )
    if asked.stream and asked.response_format == "url":
        raise InvalidRequest(
            "Invalid 'response_format': a stream carries its pictures. Leave it out, or do not "
            "stream.",
            param="response_format",
        )
    return asked


def refusal_of(faults: Sequence[ErrorDetails]) -> InvalidRequest:
    """Names the first field that is wrong; but one that is unknown may be a known one misspelt:
    told first, it explains the others."""
    return _refusal(min(faults, key=lambda fault: fault["type"] != "extra_forbidden"))


def _refusal(fault: ErrorDetails) -> InvalidRequest:
    if not fault["loc"]:
        return InvalidRequest(f"The request cannot be read: {fault['msg']}.")
    param = str(fault["loc"][0])
    context: dict[str, Any] = fault.get("ctx", {})
    value = _short(fault.get("input"))
    match fault["type"]:
        case "extra_forbidden":
            return InvalidRequest(f"Unknown parameter: '{param}'.", param, "unknown_parameter")
        case "missing":
            return InvalidRequest(
                f"Missing required parameter: '{param}'.", param, "missing_required_parameter"
            )
        case "literal_error":
            return InvalidRequest(
                f"Invalid '{param}': {value}. Supported values are: {context['expected']}.", param
            )
        case "value_error":
            return InvalidRequest(f"Invalid '{param}': {value}: {context['error']}", param)
        case "string_pattern_mismatch" if param in _PATTERNS:
            return InvalidRequest(f"Invalid '{param}': {value}: {_PATTERNS[param]}.", param)
        case kind:
            code = "invalid_type" if kind.endswith(("_type", "_parsing")) else "invalid_value"
            reason = _REASON.sub("it should ", fault["msg"])
            return InvalidRequest(f"Invalid '{param}': {value}: {reason}.", param, code)


def _short(value: object) -> str:
    """As the client wrote it: JSON has other words than Python for what is true and false."""
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 80 else text[:77] + "..."
