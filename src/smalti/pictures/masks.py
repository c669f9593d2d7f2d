"""Which part of a picture an edit may change."""

from __future__ import annotations

from smalti.errors import InvalidRequest
from smalti.pictures.decode import Alpha, Limits, Upload, decode, sniff

MASK_BYTES_MAX = 4_000_000


def read_mask(data: bytes, name: str, source: Upload, limits: Limits) -> Alpha:
    """The transparency of a PNG as large as the source; what is opaque is kept of that.

    Takes its time: run it off the event loop. Raises InvalidRequest.
    """
    if sniff(data) not in ("PNG", None):
        raise InvalidRequest(f"{name}: a mask must be a PNG.", "mask", "invalid_image_file")
    mask = decode(data, name, "mask", Limits(MASK_BYTES_MAX, limits.pixels))
    if mask.alpha is None:
        raise InvalidRequest(
            f"{name}: the mask has no transparency. Make transparent what is to change.",
            param="mask",
        )
    if (mask.width, mask.height) != (source.width, source.height):
        raise InvalidRequest(
            f"{name}: the mask is {mask.width}x{mask.height} and the image "
            f"{source.width}x{source.height}. They must be of one size.",
            param="mask",
        )
    return mask.alpha
