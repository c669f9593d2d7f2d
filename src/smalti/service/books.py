"""`Books`: what the parts of the service share: the same jobs, rules, store and clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from smalti.control.controller import Controller
from smalti.observe import Metrics, Traces
from smalti.service.health import Health
from smalti.service.job import Job
from smalti.service.keeping import Keeper
from smalti.store.jobs import Jobs


@dataclass(frozen=True)
class Books:
    """live: the jobs that go on, by id. now: Unix time in seconds."""

    live: dict[str, Job]
    controller: Controller
    jobs: Jobs
    keeper: Keeper
    health: Health
    metrics: Metrics
    traces: Traces
    now: Callable[[], float]
