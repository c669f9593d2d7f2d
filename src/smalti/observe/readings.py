"""Gauges that are read when Prometheus asks, not kept up to date in between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

log = logging.getLogger(__name__)


class Readings:
    """A collector over `sources`: functions by name, of which `collect` knows these."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sources: dict[str, Callable[[], Any]] = {}
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        for name, families in (
            ("waiting", _waiting),
            ("devices", _devices),
            ("rungs", _rungs),
            ("load", _load),
            ("store_healthy", _store_healthy),
        ):
            try:
                readings = self.sources[name]() if name in self.sources else None
                yield from list(families(readings))
            except Exception:
                log.exception("the metrics of '%s' cannot be read and are left out", name)


def _waiting(by_tier: Any) -> Iterable[Metric]:
    family = GaugeMetricFamily(
        "smalti_queue_waiting", "Pictures that wait for a slot.", labels=["tier"]
    )
    for tier, count in (by_tier or {}).items():
        family.add_metric([tier], count)
    return [family]


def _devices(devices: Any) -> Iterable[Metric]:
    """Where several workers share a device, they are added up; it is up if one of them is."""
    up = GaugeMetricFamily("smalti_device_up", "1 if the device can draw.", labels=["device"])
    slots = GaugeMetricFamily(
        "smalti_slots", "Pictures that the device draws at a time.", labels=["device"]
    )
    busy = GaugeMetricFamily(
        "smalti_slots_busy", "Pictures that the device was given.", labels=["device"]
    )
    restarts = CounterMetricFamily(
        "smalti_worker_restarts_total", "Workers of the device that were lost.", labels=["device"]
    )
    sums: dict[str, tuple[int, int, int, int]] = {}
    for d in devices or ():
        was = sums.get(d.device, (0, 0, 0, 0))
        sums[d.device] = (
            max(was[0], int(d.state == "ready")),
            was[1] + d.slots,
            was[2] + d.busy,
            was[3] + d.restarts,
        )
    families: tuple[GaugeMetricFamily | CounterMetricFamily, ...] = (up, slots, busy, restarts)
    for device, values in sums.items():
        for family, value in zip(families, values, strict=True):
            family.add_metric([device], value)
    return families


def _rungs(by_tier: Any) -> Iterable[Metric]:
    family = GaugeMetricFamily(
        "smalti_rung", "1 for the rung that a tier is served on.", labels=["tier", "rung"]
    )
    for tier, rung in (by_tier or {}).items():
        family.add_metric([tier, rung], 1)
    return [family]


def _load(load: Any) -> Iterable[Metric]:
    help = "How loaded the server is: 0 while it is calm, 1 where promises are at their edge."
    family = GaugeMetricFamily("smalti_load", help)
    if load is not None:
        family.add_metric([], load)
    return [family]


def _store_healthy(healthy: Any) -> Iterable[Metric]:
    family = GaugeMetricFamily(
        "smalti_store_healthy", "1 if jobs and pictures can be kept; new work is refused at 0."
    )
    if healthy is not None:
        family.add_metric([], float(bool(healthy)))
    return [family]
