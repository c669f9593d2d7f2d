"""The pictures of an edit: its source, and the mask over it.

They are unpacked one by one, `apart` from whatever else goes on: before it is known whether the
request is within any limit.
"""

from __future__ import annotations

from smalti.api.apart import Apart
from smalti.api.body import Body, SentFile
from smalti.errors import InvalidRequest
from smalti.pictures.decode import Alpha, Limits, Upload, decode
from smalti.pictures.masks import read_mask

OF_ONE_USER = 2


class Uploads:
    """limits: of one picture."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._apart = Apart("unpack", OF_ONE_USER)

    async def read(self, user_id: str, body: Body) -> tuple[Upload, Alpha | None]:
        """The first picture and its mask; the others are looked at, and not kept.

        Raises InvalidRequest.
        """
        if not body.images:
            raise InvalidRequest(
                "Missing required parameter: 'image'.", "image", "missing_required_parameter"
            )
        async with self._apart.turn(user_id):
            first, *others = body.images
            source = await self._picture(first)
            for file in others:
                await self._picture(file)
            if not body.masks:
                return source, None
            mask = body.masks[0]
            alpha = await self._apart.run(read_mask, mask.data, mask.name, source, self._limits)
            return source, alpha

    async def _picture(self, file: SentFile) -> Upload:
        return await self._apart.run(decode, file.data, file.name, "image", self._limits)
