"""What a fleet is made of: how many devices, how fast with how many pictures, and how evenly."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from smalti.errors import InvalidRequest
from smalti.plan.drift import EVEN, Drift


@dataclass(frozen=True)
class FleetSpec:
    """devices: how many, all alike. step_s: seconds of a step with 1, 2, … pictures on a device;
    as many as it has slots. spread: standard deviation of the logarithm of a picture's time, over
    what its tiles say. drift: of their speed, for devices that are not always equally fast.
    """

    devices: int
    step_s: tuple[float, ...]
    spread: float = 0.03
    drift: Drift = EVEN

    @property
    def device_slots(self) -> int:
        return len(self.step_s)

    @property
    def slots(self) -> int:
        return self.devices * self.device_slots

    @property
    def rate(self) -> float:
        """Tile-steps per second with all slots taken."""
        return self.slots / self.step_s[-1]


DEVICES_MAX = 100_000
"""Each takes memory and time."""


def even_steps(alone_s: float, full_s: float, slots: int) -> tuple[float, ...]:
    """Step times on a straight line between one picture and a full device."""
    more = (full_s - alone_s) / max(slots - 1, 1)
    return tuple(alone_s + more * i for i in range(slots))


MINI_CPU = FleetSpec(1, even_steps(1.59 / 256, 8 / 2.54 / 256, 8))
"""smalti-mini on two cores, as `bench/mini.py` measured it on 2026-11-22: 1.59 s for one picture
of 256 tiles, 2.54 pictures a second with eight at once."""


def read_fleet(path: Path) -> FleetSpec:
    """`{"devices": 2, "step_s": [0.0062, …], "spread": 0.03}`. Raises InvalidRequest."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.", "fleet") from None
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{path} describes no fleet: {error}.", "fleet") from None
    told = read if isinstance(read, dict) else {}
    devices, step_s, spread = told.get("devices"), told.get("step_s"), told.get("spread", 0.0)
    steps = step_s if isinstance(step_s, list) else []
    if (
        type(devices) is not int
        or devices < 1
        or not steps
        or not all(_is_number(step) and step > 0 for step in steps)
        or not (_is_number(spread) and 0 <= spread < 2)
    ):
        raise InvalidRequest(
            f"{path} describes no fleet: it needs devices, a whole number from 1; step_s, a list "
            "of seconds above zero, of a step with 1, 2, … pictures; and spread from 0 to 2.",
            "fleet",
        )
    if devices > DEVICES_MAX:
        raise InvalidRequest(
            f"{path} describes a fleet of {devices} devices. It must have {DEVICES_MAX} or fewer.",
            "fleet",
        )
    return FleetSpec(devices, tuple(float(step) for step in steps), float(spread))


def _is_number(value: object) -> bool:
    """Booleans are none, nor are those that no float holds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= sys.float_info.max
