"""The pictures of an edit: its source, and the mask over it."""

from __future__ import annotations

from smalti.api.body import Body, SentFile
from smalti.errors import InvalidRequest
from smalti.pictures.decode import Alpha, Limits, Upload, decode, sniff

MASK_BYTES_MAX = 4_000_000


def read_pictures(body: Body, limits: Limits) -> tuple[Upload, Alpha | None]:
    """The first picture and its mask; the others are looked at, and not kept.

    Takes its time: run it off the event loop. Raises InvalidRequest.
    """
    if not body.images:
        raise InvalidRequest(
            "Missing required parameter: 'image'.", "image", "missing_required_parameter"
        )
    first, *others = body.images
    source = decode(first.data, first.name, "image", limits)
    for file in others:
        decode(file.data, file.name, "image", limits)
    return source, _read_mask(body.masks[0], source, limits) if body.masks else None


def _read_mask(file: SentFile, source: Upload, limits: Limits) -> Alpha:
    if sniff(file.data) not in ("PNG", None):
        raise InvalidRequest(f"{file.name}: a mask must be a PNG.", "mask", "invalid_image_file")
    mask = decode(file.data, file.name, "mask", Limits(MASK_BYTES_MAX, limits.pixels))
    if mask.alpha is None:
        raise InvalidRequest(
            f"{file.name}: the mask has no transparency. Make transparent what is to change.",
            param="mask",
        )
    if (mask.width, mask.height) != (source.width, source.height):
        raise InvalidRequest(
            f"{file.name}: the mask is {mask.width}x{mask.height} and the image "
            f"{source.width}x{source.height}. They must be of one size.",
            param="mask",
        )
    return mask.alpha
