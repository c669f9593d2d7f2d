"""The pictures of an edit: its source, and the mask over it."""

from __future__ import annotations

from smalti.api.body import Body
from smalti.errors import InvalidRequest
from smalti.pictures.decode import Alpha, Limits, Upload, decode
from smalti.pictures.masks import read_mask


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
    if not body.masks:
        return source, None
    mask = body.masks[0]
    return source, read_mask(mask.data, mask.name, source, limits)
