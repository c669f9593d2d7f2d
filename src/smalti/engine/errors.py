"""Errors of the engine and of the fleet above it.

EngineError
├── BadOrder             an order that this engine cannot draw; ends its picture as `Failed`
├── DuplicatePicture     a picture id that is already on its way
├── StepFailed           the model failed in a step of many pictures; the cache is lost
└── FleetError
    ├── ProtocolError    bytes that are no message, or a message that cannot be sent
    ├── NotRunning       a backend used before `start` or after `stop`
    ├── NoWorker         no device can serve a model
    └── WorkerGone       a worker's process ended, or does not answer
"""

from __future__ import annotations


class EngineError(Exception):
    """Anything that the engine or the fleet reports."""


class BadOrder(EngineError):
    """An order that this engine cannot draw; the message is for the picture's owner."""


class DuplicatePicture(EngineError):
    def __init__(self, picture_id: str) -> None:
        super().__init__(
            f"Picture {picture_id!r} is already on its way. Give each order its own picture_id."
        )


class StepFailed(EngineError):
    """Raised out of `Engine.step`: whose fault it was is not known, and no slot can be trusted.

    Draw the pictures again, from their last rows, on a new engine.
    """

    def __init__(self, cause: BaseException, pictures: int) -> None:
        super().__init__(
            f"The model failed while it drew {pictures} pictures: {type(cause).__name__}: {cause}"
        )


class FleetError(EngineError):
    """Anything that the fleet reports."""


class ProtocolError(FleetError):
    """Bytes that are no message of this version, or a message too large to send."""


class NotRunning(FleetError):
    def __init__(self) -> None:
        super().__init__("The backend is not running. Await its start() first.")


class NoWorker(FleetError):
    def __init__(self, model: str, reason: str) -> None:
        super().__init__(f"No device can draw with {model!r} at the moment: {reason}")


class WorkerGone(FleetError):
    """hung: its process is there, but was silent for too long."""

    def __init__(self, reason: str, *, hung: bool = False) -> None:
        super().__init__(reason)
        self.hung = hung
