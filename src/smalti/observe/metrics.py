"""`Metrics`: what is counted, and the page that Prometheus reads.

Every label has few values: a route is its template, never a path, and nothing is counted by user.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from smalti import __version__
from smalti.observe.minutes import Minutes
from smalti.observe.readings import Readings

disable_created_metrics()  # type: ignore[no-untyped-call]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())
REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
WAIT_BUCKETS_S = (0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800, 3600)
"""Among them what the tiers promise: else waits below it could not be told from those above."""
OUTCOMES = ("succeeded", "failed", "cancelled")


class DeviceReading(Protocol):
    """What is read of a device at each scrape; `fleet.DeviceState` is one."""

    @property
    def device(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def slots(self) -> int: ...
    @property
    def busy(self) -> int: ...
    @property
    def restarts(self) -> int: ...


class Metrics:
    """The figures of one server. Each instance has a registry of its own.

    minutes: the last of them, one by one. clock: Unix time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.minutes = Minutes(clock())
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._readings = Readings(registry)

        def counter(name: str, help: str, *labels: str) -> Counter:
            return Counter(name, help, labels, registry=registry)

        self._requests = counter(
            "http_requests_total", "Requests answered.", "method", "route", "status"
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "From the request's head to the last byte of its reply; a stream is one reply.",
            ("method", "route"),
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self._in_flight = Gauge(
            "http_requests_in_flight", "Requests that are being answered.", registry=registry
        )
        self._accepted = counter("smalti_jobs_accepted_total", "Jobs accepted.", "tier")
        self._ended = counter("smalti_jobs_total", "Jobs that ended, by how.", "tier", "outcome")
        self._denials = counter(
            "smalti_denials_total", "Requests denied, by the rule that did.", "rule", "kind"
        )
        self._waits = Histogram(
            "smalti_wait_seconds",
            "From a job's acceptance to the start of its first picture.",
            ("tier", "service"),
            buckets=WAIT_BUCKETS_S,
            registry=registry,
        )
        self._promises = counter(
            "smalti_promises_total", "Promised waits, by whether they were kept.", "tier", "outcome"
        )
        self._device_s = counter("smalti_device_seconds_total", "Seconds that devices drew.")
        self._tiles = counter("smalti_tiles_drawn_total", "Tiles drawn.")
        self._requeued = counter(
            "smalti_pictures_requeued_total", "Pictures that lost their slot or their worker."
        )
        build = Gauge(
            "smalti_build_info", "1, with what runs.", ("version", "python"), registry=registry
        )
        build.labels(__version__, platform.python_version()).set(1)

    # --- requests ---

    def request_begun(self) -> None:
        self._in_flight.inc()

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """route: the template, as `/v1/jobs/{id}`. status: 499 for a client that went away."""
        self._in_flight.dec()
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def reply_failed(self) -> None:
        """A 5xx that is no refusal and no failure of a job."""
        self.minutes.reply_failed(self._clock())

    # --- jobs ---

    def job_accepted(self, tier: str, rung: str = "full") -> None:
        self._accepted.labels(tier).inc()
        for outcome in OUTCOMES:  # seen at 0, so that the first one is seen as growth
            self._ended.labels(tier, outcome)
        self.minutes.admitted(tier, rung, self._clock())

    def job_ended(self, tier: str, outcome: str) -> None:
        """outcome: succeeded, failed or cancelled."""
        self._ended.labels(tier, outcome).inc()
        self.minutes.ended(tier, outcome, self._clock())

    def denied(self, rule: str, kind: str, tier: str) -> None:
        """rule and kind: those of the `Denial`, as `free/day` and `limit`."""
        self._denials.labels(rule, kind).inc()
        self.minutes.denied(tier, rule, self._clock())

    def waited(self, tier: str, seconds: float, service: str = "default") -> None:
        """Once for each job, when its first picture starts.

        service: the service tier. The waits of flex, which is promised nothing, are no measure of
        what others wait.
        """
        self._waits.labels(tier, service).observe(seconds)
        if service != "flex":
            self.minutes.waited(tier, seconds, self._clock())

    def promise(self, tier: str, kept: bool) -> None:
        """Once for each job that was promised something, when its last picture starts."""
        for outcome, more in (("kept", kept), ("broken", not kept)):  # both are seen at 0
            self._promises.labels(tier, outcome).inc(more)
        self.minutes.promise(tier, kept, self._clock())

    def drew(self, tiles: int, device_s: float) -> None:
        """Tiles drawn since they were last told, and the device's seconds for them."""
        self._tiles.inc(tiles)
        self._device_s.inc(device_s)
        self.minutes.drew(tiles, device_s, self._clock())

    def requeued(self) -> None:
        self._requeued.inc()

    def saw(self, waiting: int, busy: int, slots: int, load: float) -> None:
        """How it stands now; told several times a second."""
        self.minutes.saw(waiting, busy, slots, load, self._clock())

    # --- what is read at each scrape ---

    def watch(
        self,
        *,
        devices: Callable[[], Iterable[DeviceReading]] | None = None,
        waiting: Callable[[], Mapping[str, int]] | None = None,
        rungs: Callable[[], Mapping[str, str]] | None = None,
        load: Callable[[], float] | None = None,
        store_healthy: Callable[[], bool] | None = None,
    ) -> None:
        """Whence to read, at each scrape. What is None stays as it was.

        waiting: pictures that wait for a slot, by tier. rungs: the one that each tier is served on.
        One that raises is left out of the page and told in the log; the others are there.
        """
        given = {"devices": devices, "waiting": waiting, "rungs": rungs, "load": load,
                 "store_healthy": store_healthy}  # fmt: skip
        self._readings.sources |= {k: v for k, v in given.items() if v is not None}

    def page(self) -> bytes:
        """All of it, as `CONTENT_TYPE`."""
        return generate_latest(self._registry)
