"""What a client asks for, and the same as it is kept once it is accepted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from smalti.control.nouns import FULL
from smalti.errors import InvalidRequest, UnknownModel
from smalti.models.facts import BEST, ModelFacts
from smalti.models.tile_model import Grid
from smalti.pictures.decode import Alpha, Upload
from smalti.pictures.encode import Format
from smalti.pictures.framing import Frame, frame_for_picture, frame_for_words

Kind = Literal["generation", "edit"]
Quality = Literal["low", "medium", "high", "xhigh", "max", "auto", "standard", "hd"]
"""Words in which a quality is asked for; see `DrawRequest.quality`."""

SEED_MAX = 2**53 - 1
"""The largest whole number that every JSON client keeps exactly."""
QUALITY = BEST
"""What a picture is drawn with unless less is asked for, or served under load."""


@dataclass(frozen=True)
class Manner:
    """How a request is to be served.

    service: the service tier that was asked for. degrade: whether less may be served under load.
    partial_images: how many partial pictures a stream carries. patience_s: for how long the client
    waits for its reply; None for who does not. region: a country's code, empty if unknown.
    sent: a hash of what the client sent without a key. idempotency: his key, and such a hash.
    """

    service: Literal["auto", "default", "flex", "priority"] = "auto"
    degrade: bool = True
    streamed: bool = False
    partial_images: int = 0
    patience_s: float | None = None
    region: str = ""
    sent: str = ""
    idempotency: tuple[str, str] | None = None


@dataclass(frozen=True, eq=False)
class DrawRequest:
    """What a client asks for, read and checked for all but what depends on the model.

    size: (width, height), or None to leave it to the model. seed: of the first picture, or None
    for a random one. mask: the alpha of a mask as large as the source; opaque parts are kept.
    output_compression: 0..100, the quality of webp and jpeg. asked: what the client sent, as JSON
    can hold it, for the receipt and the finished file. quality: a word for it; one that names no
    lesser quality of the model means its best.
    """

    prompt: str
    model: str
    n: int = 1
    size: tuple[int, int] | None = None
    seed: int | None = None
    style: str | None = None
    source: Upload | None = None
    mask: Alpha | None = None
    output_format: Format = "png"
    output_compression: int = 100
    background: str = "opaque"
    quality: str = BEST
    asked: Mapping[str, Any] = field(default_factory=dict)
    kind: Kind = "generation"
    manner: Manner = field(default_factory=lambda: Manner())


@dataclass(frozen=True)
class Served:
    """What a request gets: as it was asked, or on a rung of the ladder.

    partial_images: at most so many partial pictures are sent of each; None for as many as are
    asked for.
    """

    model: ModelFacts
    frame: Frame
    quality: str = BEST
    rung: str = FULL
    partial_images: int | None = None

    @property
    def work(self) -> float:
        """Of one picture."""
        return self.model.work(self.frame.grid)


@dataclass(frozen=True)
class Brief:
    """An accepted request without its pixels: what a restart needs to draw it to its end.

    model, frame, quality: what it is drawn with, and on; `asked` has what was asked for.
    with_source, with_mask: whether the job keeps a source picture, and a mask over it.
    rung, service: of the ladder, and the service tier, on which it is served. partial_images: at
    most so many partial pictures are sent; None for as many as are asked for. sent: a hash of what
    the client sent, by which a retry is known; empty where it had a key.
    """

    kind: Kind
    prompt: str
    model: str
    n: int
    style: str | None
    frame: Frame
    with_source: bool
    with_mask: bool
    output_format: Format
    output_compression: int
    background: str
    asked: Mapping[str, Any]
    rung: str = FULL
    service: str = "default"
    partial_images: int | None = None
    quality: str = BEST
    sent: str = ""

    @classmethod
    def of(cls, request: DrawRequest, served: Served, service: str = "default") -> Brief:
        return cls(
            rung=served.rung,
            service=service,
            partial_images=served.partial_images,
            quality=served.quality,
            kind=request.kind,
            prompt=request.prompt,
            model=served.model.name,
            n=request.n,
            style=request.style,
            frame=served.frame,
            with_source=request.source is not None,
            with_mask=request.source is not None and request.mask is not None,
            output_format=request.output_format,
            output_compression=request.output_compression,
            background=request.background,
            asked={"model": request.model, **request.asked},
            sent=request.manner.sent,
        )

    @property
    def served(self) -> dict[str, Any]:
        """What is drawn, where it can differ from what was asked."""
        frame, partial_images = self.frame, self.partial_images
        if partial_images is None:
            partial_images = self.asked.get("partial_images", 0)
        return {
            "model": self.model,
            "size": f"{frame.width}x{frame.height}",
            "native_size": f"{frame.native_width}x{frame.native_height}",
            "resampled": frame.resampled,
            "quality": self.quality,
            "style": self.style,
            "rung": self.rung,
            "service_tier": self.service,
            "partial_images": partial_images,
        }

    def written(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {**asdict(self), "asked": dict(self.asked)}

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Brief:
        """From what `written` made."""
        frame = dict(written["frame"])
        return cls(**{**written, "frame": Frame(**{**frame, "grid": Grid(**frame["grid"])})})


def check(request: DrawRequest, models: Mapping[str, ModelFacts]) -> ModelFacts:
    """The model that a request is for. Raises UnknownModel or InvalidRequest."""
    model = models.get(request.model)
    if model is None:
        raise UnknownModel(request.model, tuple(models))
    if request.style is not None and request.style not in model.styles:
        raise InvalidRequest(
            f"'{request.style}' is no style of {model.name}. "
            f"Its styles: {', '.join(model.styles)}.",
            param="style",
        )
    return model


def quality_of(request: DrawRequest, model: ModelFacts) -> str:
    """The quality of the model that a request asks for; what has a source always has the best."""
    lesser = request.source is None and request.quality in model.lesser
    return request.quality if lesser else BEST


def frame_of(request: DrawRequest, model: ModelFacts, quality: str | None = None) -> Frame:
    """What is drawn for a request, in the quality asked for or in another."""
    source = request.source
    if source is None:
        return frame_for_words(model, request.size, quality or quality_of(request, model))
    return frame_for_picture(model, request.size, (source.width, source.height))


def in_full(request: DrawRequest, model: ModelFacts) -> Served:
    """A request as it was asked."""
    return Served(model, frame_of(request, model), quality_of(request, model))


def seeds_of(request: DrawRequest) -> list[int]:
    """One for each picture; they follow one another, from a random one if none was asked for."""
    first = secrets.randbelow(2**31) if request.seed is None else request.seed
    return [(first + i) % (SEED_MAX + 1) for i in range(request.n)]
