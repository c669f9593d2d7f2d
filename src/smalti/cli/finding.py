"""`Finding`: what a check of `smalti doctor` found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """remedy: what to do, "" where all is well."""

    check: str
    state: State
    finding: str
    remedy: str = ""


def ok(check: str, finding: str) -> Finding:
    return Finding(check, "ok", finding)


def warn(check: str, finding: str, remedy: str) -> Finding:
    return Finding(check, "warn", finding, remedy)


def fail(check: str, finding: str, remedy: str) -> Finding:
    return Finding(check, "fail", finding, remedy)
