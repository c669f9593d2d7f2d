"""What of a request may be served in its place, under load."""

from __future__ import annotations

from smalti.control.nouns import Offer
from smalti.service.request import DrawRequest


def offers_of(request: DrawRequest, work: float) -> tuple[Offer, ...]:
    """The best first; each does what those before it do.

    The models here draw on one grid for each shape, have no guidance and no smaller sibling. What
    is left to save is the partial pictures of a stream, files that the server's own CPU makes.
    """
    if request.manner.partial_images:
        return (Offer("partials", work),)
    return ()
