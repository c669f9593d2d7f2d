"""The files of a job: what a source is kept as, and what a finished picture becomes. No I/O.

A job keeps of its source what the model is shown, on the model's own grid; and where there is a
mask, the source at the size of the result, with the mask as its transparency. So a restart draws
from exactly what the first start drew from, and a waiting edit needs little memory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from smalti import __version__
from smalti.models.tile_model import Rgb
from smalti.pictures.decode import Alpha, Upload
from smalti.pictures.encode import encode
from smalti.pictures.framing import Frame, keep_masked, prepare_source, scale_kept
from smalti.pictures.kept import read_png, write_png
from smalti.service.request import Brief


@dataclass(frozen=True, eq=False)
class SourceFiles:
    """shown: what the model sees. source, mask: PNG files; mask is None without one."""

    shown: Rgb
    source: bytes
    mask: bytes | None


def keep_source(source: Upload, mask: Alpha | None, frame: Frame) -> SourceFiles:
    """Takes its time: run it off the event loop."""
    shown = prepare_source(source.pixels, frame)
    kept = None
    if mask is not None:
        kept = write_png(*scale_kept(source.pixels, mask, frame))
    return SourceFiles(shown, write_png(shown), kept)


def read_source(file: bytes) -> Rgb:
    """What `keep_source` made of what is shown."""
    return read_png(file)[0]


def finished_file(brief: Brief, native: Rgb, seed: int, mask: bytes | None) -> bytes:
    """The file of a finished picture, at the size asked for, and what it was made from.

    mask: what `keep_source` made of it. Takes its time: run it off the event loop.
    """
    pixels = finished(brief, native, mask)
    return encode(pixels, brief.output_format, brief.output_compression, about(brief, seed))


def finished(brief: Brief, native: Rgb, mask: bytes | None) -> Rgb:
    """A picture at the size asked for, with what the mask keeps of the source."""
    pixels = brief.frame.finish(native)
    return pixels if mask is None else keep_masked(pixels, *read_png(mask))


def about(brief: Brief, seed: int) -> dict[str, str]:
    """What a file says of itself."""
    told = {
        "prompt": brief.prompt,
        "seed": str(seed),
        "model": brief.model,
        "software": f"smalti {__version__}",
        "served": json.dumps(brief.served),
    }
    if brief.asked:
        told["asked"] = json.dumps(dict(brief.asked))
    return told
