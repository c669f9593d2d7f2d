"""Draws pictures tile by tile: batch, cache, sample, stream.

picture    what is ordered and what is told: the nouns
conditions what is read of an order before it is drawn
drawing    one picture on its way
scheduler  who is in which slot (no torch, no model)
noise      random numbers as a function of (seed, tile, code)
engine     the step: schedule, run, postprocess
errors     the error tree
"""

from smalti.engine.engine import Engine
from smalti.engine.errors import BadOrder, DuplicatePicture, EngineError, StepFailed
from smalti.engine.picture import (
    LAST_EVENTS,
    Cancelled,
    Done,
    Event,
    Failed,
    Paused,
    PictureOrder,
    RowDrawn,
    Started,
    Strip,
)

__all__ = [
    "LAST_EVENTS",
    "BadOrder",
    "Cancelled",
    "Done",
    "DuplicatePicture",
    "Engine",
    "EngineError",
    "Event",
    "Failed",
    "Paused",
    "PictureOrder",
    "RowDrawn",
    "Started",
    "StepFailed",
    "Strip",
]
