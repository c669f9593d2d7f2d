"""What a reply tells: the pictures, the tokens, what was asked for and what was served."""

from __future__ import annotations

import base64
import time
from typing import Any

from smalti import __version__
from smalti.api.schema import ImageRequest
from smalti.pictures.encode import encode
from smalti.pictures.partial import half_drawn
from smalti.service import Job, Picture
from smalti.store.blobs import FolderBlobs

BACKGROUND = "opaque"
QUALITY = "high"
"""What every picture is drawn with: the models here have one quality each, their best."""


class Reply:
    """Everything that is said about one job. sources: how many pictures the client sent."""

    def __init__(self, asked: ImageRequest, job: Job, sources: int) -> None:
        self.asked = asked
        self.job = job
        self.sources = sources
        self.created = int(time.time())

    # --- the whole reply at once ---

    def whole(self, files: list[bytes], blobs: FolderBlobs, base_url: str) -> dict[str, Any]:
        """files: the finished pictures, in order."""
        data: list[dict[str, Any]] = []
        for picture, file in zip(self.job.pictures, files, strict=True):
            if self.asked.response_format == "url":
                name = blobs.put(file, self.asked.output_format)
                data.append({"url": f"{base_url}/pictures/{name}", "seed": picture.seed})
            else:
                data.append({"b64_json": _base64(file), "seed": picture.seed})
        return {
            "created": self.created,
            "data": data,
            **self._looks(),
            "usage": self.usage(len(files)),
            "smalti": self.receipt(self.job.device_s),
        }

    # --- the same as events ---

    def partial(self, kind: str, picture: Picture, index: int, file: bytes) -> dict[str, Any]:
        return {
            "type": f"{kind}.partial_image",
            "b64_json": _base64(file),
            "created_at": self.created,
            "partial_image_index": index,
            **self._looks(),
            **self._which(picture),
        }

    def completed(self, kind: str, picture: Picture, file: bytes, first: bool) -> dict[str, Any]:
        """first: whether no other picture of the job was completed before; it carries the input."""
        return {
            "type": f"{kind}.completed",
            "b64_json": _base64(file),
            "created_at": self.created,
            **self._looks(),
            **self._which(picture),
            "seed": picture.seed,
            "usage": self.usage(1, with_input=first),
            "smalti": self.receipt(picture.device_s),
        }

    # --- their parts ---

    def file(self, picture: Picture) -> bytes:
        """A finished picture as a file. Takes its time: run it off the event loop."""
        about = {
            "prompt": self.asked.prompt,
            "seed": str(picture.seed),
            "model": self.job.model.name,
            "software": f"smalti {__version__}",
        }
        asked = self.asked
        pixels = self.job.result(picture)
        return encode(pixels, asked.output_format, asked.output_compression, about)

    def partial_file(self, picture: Picture, rows: int) -> bytes:
        """The picture as far as its first `rows` tile rows. Takes its time, like `file`."""
        shown = half_drawn(picture.canvas, rows * self.job.model.tile_px)
        asked = self.asked
        pixels = self.job.frame.finish(shown)
        return encode(pixels, asked.output_format, asked.output_compression, {})

    def usage(self, pictures: int, with_input: bool = True) -> dict[str, Any]:
        """Tokens are bytes of the prompt and tiles: of the source, and of what was drawn."""
        tiles = self.job.frame.grid.tiles
        text = len(self.asked.prompt.encode()) if with_input else 0
        image = tiles if with_input and self.job.request.source is not None else 0
        output = pictures * tiles
        return {
            "input_tokens": text + image,
            "input_tokens_details": {"text_tokens": text, "image_tokens": image},
            "output_tokens": output,
            "output_tokens_details": {"text_tokens": 0, "image_tokens": output},
            "total_tokens": text + image + output,
        }

    def receipt(self, device_s: float) -> dict[str, Any]:
        """What was asked for and what was served, where the two can differ."""
        asked, frame = self.asked, self.job.frame
        who = asked.safety_identifier or asked.user
        return {
            "model": self.job.model.name,
            "asked": {
                "size": asked.size,
                "quality": asked.quality,
                "style": asked.style,
                "service_tier": asked.service_tier,
            },
            "served": {
                "size": f"{frame.width}x{frame.height}",
                "native_size": f"{frame.native_width}x{frame.native_height}",
                "resampled": frame.resampled,
                "quality": QUALITY,
                "style": self.job.request.style,
                "service_tier": "default",
            },
            "wait_s": round(self.job.wait_s, 3),
            "device_s": round(device_s, 3),
            "notes": self._notes(),
            **({"safety_identifier": who} if who else {}),
        }

    def _notes(self) -> list[str]:
        """Where what was served is not quite what was asked for, in words."""
        model, frame, request = self.job.model, self.job.frame, self.job.request
        native = f"{frame.native_width}x{frame.native_height}"
        notes = []
        if frame.resampled:
            how = "stretched" if frame.stretched else "scaled and cut"
            notes.append(f"Drawn at {native}, then {how} to {frame.width}x{frame.height}.")
        if self.sources > model.sources:
            notes.append(f"{model.name} reads {model.sources} source picture: the first was used.")
        if request.mask is not None:
            notes.append(
                "Where the mask is opaque the source was kept; the border is 8 pixels wide."
            )
        if len(request.prompt.encode()) > model.prompt_bytes:
            notes.append(f"{model.name} reads the first {model.prompt_bytes} bytes of a prompt.")
        return notes

    def _looks(self) -> dict[str, Any]:
        frame = self.job.frame
        return {
            "background": BACKGROUND,
            "output_format": self.asked.output_format,
            "quality": QUALITY,
            "size": f"{frame.width}x{frame.height}",
        }

    def _which(self, picture: Picture) -> dict[str, int]:
        return {"image_index": picture.index} if len(self.job.pictures) > 1 else {}


def _base64(file: bytes) -> str:
    return base64.b64encode(file).decode()
