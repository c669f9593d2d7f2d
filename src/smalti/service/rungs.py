"""The ladder: what of a request may be served in its place under load, and what is then drawn.

Each rung does what the ones before it do, as far as the tier allows them. A model lacks the rungs
that would change nothing: no model here has guidance to leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from smalti.control.ladder import RUNGS
from smalti.control.nouns import Offer
from smalti.models.facts import ModelFacts
from smalti.pictures.framing import thumbnail
from smalti.service.request import DrawRequest, Manner, Served, frame_of, in_full

Models = Mapping[str, ModelFacts]


def offers_of(
    request: DrawRequest, model: ModelFacts, allowed: Sequence[str], models: Models
) -> tuple[Offer, ...]:
    """The best first. A rung that saves nothing for this request is not offered.

    allowed: the tier's rungs. models: those that are served, by name.
    """
    return tuple(Offer(rung.rung, rung.work) for rung in _rungs(request, model, allowed, models))


def on_rung(
    request: DrawRequest, model: ModelFacts, rung: str, allowed: Sequence[str], models: Models
) -> Served:
    """What is drawn on a rung of `offers_of`, given the same; in full on any other."""
    for served in _rungs(request, model, allowed, models):
        if served.rung == rung:
            return served
    return in_full(request, model)


def rungs_had(model: ModelFacts, allowed: Sequence[str], models: Models) -> tuple[str, ...]:
    """Those of `allowed` that save something for a picture from words, with pictures on the way."""
    request = DrawRequest("", model.name, manner=Manner(streamed=True, partial_images=1))
    return tuple(offer.rung for offer in offers_of(request, model, allowed, models))


def _rungs(
    request: DrawRequest, model: ModelFacts, allowed: Sequence[str], models: Models
) -> list[Served]:
    served = in_full(request, model)
    found: list[Served] = []
    for rung in RUNGS:
        step = _STEPS.get(rung)
        less = step(request, served, models) if step is not None and rung in allowed else None
        if less is not None:
            served = replace(less, rung=rung)
            found.append(served)
    return found


def _without_partials(request: DrawRequest, served: Served, models: Models) -> Served | None:
    """No partial pictures. They cost no tile-steps: what is saved is time of the server's CPU."""
    return replace(served, partial_images=0) if request.manner.partial_images else None


def _in_lower_quality(request: DrawRequest, served: Served, models: Models) -> Served | None:
    """The model's next quality, scaled up to the size that was asked for."""
    names = list(served.model.qualities)
    below = names[names.index(served.quality) + 1 :]
    if request.source is not None or not below:
        return None
    frame = frame_of(request, served.model, below[0])
    return _if_cheaper(served, replace(served, frame=frame, quality=below[0]))


def _smaller(request: DrawRequest, served: Served, models: Models) -> Served | None:
    """At most half of each side, drawn on as few tiles as the model can."""
    frame = None if request.source is not None else thumbnail(served.model, served.frame)
    if frame is None:
        return None
    quality = list(served.model.qualities)[-1]
    return _if_cheaper(served, replace(served, frame=frame, quality=quality))


def _by_a_smaller_model(request: DrawRequest, served: Served, models: Models) -> Served | None:
    """All of the above with the model's stand-in, where that can do what is asked."""
    other = models.get(served.model.smaller or "")
    if other is None or (request.style is not None and request.style not in other.styles):
        return None
    if request.source is not None and not other.sources:
        return None
    quality = served.quality if served.quality in other.qualities else list(other.qualities)[-1]
    frame = frame_of(request, other, quality)
    if (served.frame.width, served.frame.height) != (frame.width, frame.height):
        frame = thumbnail(other, frame) or frame
    return _if_cheaper(served, replace(served, model=other, frame=frame, quality=quality))


def _if_cheaper(served: Served, less: Served) -> Served | None:
    return less if less.work < served.work else None


_STEPS: dict[str, Callable[[DrawRequest, Served, Models], Served | None]] = {
    "partials": _without_partials,
    "quality": _in_lower_quality,
    "size": _smaller,
    "model": _by_a_smaller_model,
}
