"""What a reply tells: the pictures, the tokens, what was asked for and what was served."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from smalti.api import places
from smalti.control.nouns import FULL
from smalti.models.facts import BEST, ModelFacts
from smalti.pictures.encode import encode
from smalti.pictures.framing import Frame
from smalti.pictures.kept import write_png
from smalti.pictures.partial import half_drawn
from smalti.service import Brief, Job, JobView, PictureView

EVENT_PREFIXES = {"generation": "image_generation", "edit": "image_edit"}
SOURCES = "source_images"
"""How `asked` calls the number of pictures that were sent; the fields have their own names."""

_ASKED = {
    "size": "auto",
    "quality": "auto",
    "style": None,
    "service_tier": "auto",
    "partial_images": 0,
    "n": 1,
    "degrade": "allow",
}


@dataclass(frozen=True)
class Reply:
    """Everything that is said about one job.

    model: None where it is no longer here. who: whom the client asked for, to be told again.
    """

    job_id: str
    created: int
    brief: Brief
    model: ModelFacts | None
    who: str | None = None

    @classmethod
    def of(cls, view: JobView, model: ModelFacts | None, who: str | None = None) -> Reply:
        return cls(view.job_id, int(view.created_at), view.brief, model, who)

    # --- the whole reply at once ---

    def whole(self, view: JobView, contents: Sequence[dict[str, str]]) -> dict[str, Any]:
        """contents: `{"b64_json": …}` or `{"url": …}` for each picture, in order."""
        return {
            "created": self.created,
            "data": [
                {**content, "seed": picture.seed}
                for picture, content in zip(view.pictures, contents, strict=True)
            ],
            **self._looks(),
            "usage": self.usage(view.images),
            "smalti": self.receipt(view, view),
        }

    # --- the same as events ---

    @property
    def event_prefix(self) -> str:
        return EVENT_PREFIXES[self.brief.kind]

    def partial(self, picture_index: int, partial_index: int, file: bytes) -> dict[str, Any]:
        return {
            "type": f"{self.event_prefix}.partial_image",
            "b64_json": base64_of(file),
            "created_at": self.created,
            "partial_image_index": partial_index,
            **self._looks(),
            **self._which(picture_index),
        }

    def rows(
        self, picture_index: int, first: int, rows: int, frame: Frame, file: bytes
    ) -> dict[str, Any]:
        """file: a PNG of the tile rows from `first` up to `rows`, as the model drew them."""
        return {
            "type": "smalti.rows",
            "job": self.job_id,
            "image_index": picture_index,
            "first_row": first,
            "rows": rows,
            "rows_in_all": frame.grid.rows,
            "native_size": f"{frame.native_width}x{frame.native_height}",
            "size": f"{frame.width}x{frame.height}",
            "stretched": frame.stretched,
            "b64_json": base64_of(file),
        }

    def completed(
        self, view: JobView, picture: PictureView, file: bytes, first: bool
    ) -> dict[str, Any]:
        """first: whether no other picture of the job was completed before; it carries the input."""
        return {
            "type": f"{self.event_prefix}.completed",
            "b64_json": base64_of(file),
            "created_at": self.created,
            **self._looks(),
            **self._which(picture.index),
            "seed": picture.seed,
            "usage": self.usage(1, with_input=first),
            "smalti": self.receipt(view, picture),
        }

    # --- their parts ---

    def usage(self, pictures: int, with_input: bool = True) -> dict[str, Any]:
        """Tokens are bytes of the prompt and tiles: of the source, and of what was drawn."""
        tiles = self.brief.frame.grid.tiles
        text = len(self.brief.prompt.encode()) if with_input else 0
        image = tiles if with_input and self.brief.with_source else 0
        output = pictures * tiles
        return {
            "input_tokens": text + image,
            "input_tokens_details": {"text_tokens": text, "image_tokens": image},
            "output_tokens": output,
            "output_tokens_details": {"text_tokens": 0, "image_tokens": output},
            "total_tokens": text + image + output,
        }

    def receipt(self, view: JobView, drawn: JobView | PictureView) -> dict[str, Any]:
        """What was asked for and what was served, where the two can differ.

        drawn: what it is a receipt for, the whole job or a picture of it.
        """
        asked, wait_s = self.brief.asked, view.wait_s
        return {
            "job": self.job_id,
            "model": self.brief.model,
            "asked": {
                "model": asked.get("model", self.brief.model),
                **{name: asked.get(name, default) for name, default in _ASKED.items()},
            },
            "served": self.brief.served,
            "told": None if view.told is None else places.forecast(view.told),
            "wait_s": None if wait_s is None else round(wait_s, 3),
            "device_s": round(drawn.device_s, 3),
            "shared": drawn.shared,
            "notes": self._notes(),
            **({"safety_identifier": self.who} if self.who else {}),
        }

    def _notes(self) -> list[str]:
        """Where what was served is not quite what was asked for, in words."""
        brief, frame = self.brief, self.brief.frame
        notes = []
        if frame.resampled:
            native = f"{frame.native_width}x{frame.native_height}"
            how = "stretched" if frame.stretched else "scaled and cut"
            notes.append(f"Drawn at {native}, then {how} to {frame.width}x{frame.height}.")
        if brief.with_mask:
            notes.append(
                "Where the mask is opaque the source was kept; the border is 8 pixels wide."
            )
        if brief.rung != FULL:
            notes.append(_rung_note(brief))
        if self.model is not None:
            notes += self._limits_of(self.model)
        return notes

    def _limits_of(self, model: ModelFacts) -> list[str]:
        notes = []
        if self.brief.asked.get(SOURCES, 0) > model.sources:
            notes.append(f"{model.name} reads {model.sources} source picture: the first was used.")
        if len(self.brief.prompt.encode()) > model.prompt_bytes:
            notes.append(f"{model.name} reads the first {model.prompt_bytes} bytes of a prompt.")
        return notes

    def _looks(self) -> dict[str, Any]:
        served = self.brief.served
        return {
            "background": self.brief.background,
            "output_format": self.brief.output_format,
            "quality": served["quality"],
            "size": served["size"],
        }

    def _which(self, picture_index: int) -> dict[str, int]:
        return {"image_index": picture_index} if self.brief.n > 1 else {}


def _rung_note(brief: Brief) -> str:
    """What is served in place of what was asked for, under load."""
    frame, asked = brief.frame, brief.asked
    less = []
    if brief.partial_images == 0 and asked.get("partial_images", 0):
        less.append("partial images were left out")
    if brief.quality not in (BEST, asked.get("quality")):
        less.append(f"it was drawn in {brief.quality} quality")
    if brief.rung == "size":
        size = asked.get("size", "auto")
        instead = "" if size == "auto" else f" in place of {size}"
        less.append(f"it is {frame.width}x{frame.height}{instead}")
    if brief.rung == "model":
        less.append(f"the smaller model {brief.model} drew it")
    *most, last = less or ["less was served"]
    what = f"{', '.join(most)} and {last}" if most else last
    return f"Demand is high: {what}. Send 'degrade': 'never' to wait for all of it instead."


def partial_file(job: Job, index: int, rows: int) -> bytes:
    """A picture as far as its first `rows` tile rows. Takes its time: run it off the event loop."""
    shown = half_drawn(job.pictures[index].canvas, rows * job.model.tile_px)
    brief = job.brief
    return encode(brief.frame.finish(shown), brief.output_format, brief.output_compression, {})


def strip_file(job: Job, index: int, first: int, rows: int) -> bytes:
    """A PNG of some tile rows, packed quickly. Takes its time: run it off the event loop."""
    tile_px = job.model.tile_px
    return write_png(job.pictures[index].canvas[first * tile_px : rows * tile_px].copy())


def base64_of(file: bytes) -> str:
    return base64.b64encode(file).decode()
