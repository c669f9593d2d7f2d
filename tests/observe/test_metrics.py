"""The page that Prometheus reads, read with Prometheus's own parser."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from smalti.control.tiers import DEFAULT_TIERS
from smalti.observe import Metrics
from smalti.observe.metrics import WAIT_BUCKETS_S


@dataclass(frozen=True)
class Device:
    device: str
    state: str = "ready"
    slots: int = 8
    busy: int = 3
    restarts: int = 1


class Page:
    """Every figure of a page, by its name and its labels."""

    def __init__(self, metrics: Metrics) -> None:
        self.figures = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(metrics.page().decode())
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.figures.get((name, frozenset(labels.items())))


def test_requests() -> None:
    metrics = Metrics()
    metrics.request_begun()
    metrics.request_begun()
    metrics.request_ended("GET", "/v1/jobs/{id}", 200, 0.02)
    found = Page(metrics)
    assert found("http_requests_total", method="GET", route="/v1/jobs/{id}", status="200") == 1
    assert found("http_requests_in_flight") == 1
    assert found("http_request_duration_seconds_sum", method="GET", route="/v1/jobs/{id}") == 0.02
    assert (
        found(
            "http_request_duration_seconds_bucket", method="GET", route="/v1/jobs/{id}", le="0.01"
        )
        == 0
    )
    assert (
        found(
            "http_request_duration_seconds_bucket", method="GET", route="/v1/jobs/{id}", le="0.025"
        )
        == 1
    )


def test_jobs() -> None:
    metrics = Metrics()
    metrics.job_accepted("free")
    metrics.job_accepted("free")
    metrics.job_ended("free", "succeeded")
    metrics.denied("free/day", "limit", "free")
    metrics.waited("pro", 4.0)
    metrics.waited("pro", 400.0, "flex")
    metrics.drew(256, 1.5)
    metrics.drew(16, 0.25)
    metrics.requeued()
    found = Page(metrics)
    assert found("smalti_jobs_accepted_total", tier="free") == 2
    assert found("smalti_jobs_total", tier="free", outcome="succeeded") == 1
    assert found("smalti_denials_total", rule="free/day", kind="limit") == 1
    assert found("smalti_wait_seconds_count", tier="pro", service="default") == 1
    assert found("smalti_wait_seconds_count", tier="pro", service="flex") == 1
    waits = metrics.minutes.last(1, time.time())[0].tiers["pro"].waits
    assert waits.quantile(1.0) == pytest.approx(4.0, rel=0.05), "flex is promised nothing"
    assert found("smalti_tiles_drawn_total") == 272
    assert found("smalti_device_seconds_total") == 1.75
    assert found("smalti_pictures_requeued_total") == 1


def test_waits_within_a_promise_are_told_from_those_beyond() -> None:
    assert {tier.promised_wait_s for tier in DEFAULT_TIERS.values()} <= set(WAIT_BUCKETS_S)


def test_the_first_failure_of_a_tier_is_seen_as_growth() -> None:
    """A series that begins at 1 has not grown, for Prometheus."""
    metrics = Metrics()
    metrics.job_accepted("free")
    for outcome in ("succeeded", "failed", "cancelled"):
        assert Page(metrics)("smalti_jobs_total", tier="free", outcome=outcome) == 0
    metrics.job_ended("free", "failed")
    assert Page(metrics)("smalti_jobs_total", tier="free", outcome="failed") == 1
    assert Page(metrics)("smalti_jobs_total", tier="free", outcome="succeeded") == 0


def test_what_is_watched_is_read_at_each_scrape() -> None:
    metrics = Metrics()
    waiting = {"free": 1}
    metrics.watch(waiting=lambda: waiting)
    assert Page(metrics)("smalti_queue_waiting", tier="free") == 1
    waiting["free"] = 7
    assert Page(metrics)("smalti_queue_waiting", tier="free") == 7


def test_promises_are_seen_from_the_first_one_on() -> None:
    metrics = Metrics()
    metrics.promise("pro", kept=True)
    metrics.promise("pro", kept=True)
    assert Page(metrics)("smalti_promises_total", tier="pro", outcome="kept") == 2
    assert Page(metrics)("smalti_promises_total", tier="pro", outcome="broken") == 0
    metrics.promise("pro", kept=False)
    assert Page(metrics)("smalti_promises_total", tier="pro", outcome="broken") == 1


def test_load_and_the_rungs_in_force() -> None:
    metrics, rungs = Metrics(), {"free": "quality", "pro": "full"}
    metrics.watch(rungs=lambda: rungs, load=lambda: 0.75)
    found = Page(metrics)
    assert found("smalti_load") == 0.75
    assert found("smalti_rung", tier="free", rung="quality") == 1
    rungs["free"] = "full"
    found = Page(metrics)
    assert found("smalti_rung", tier="free", rung="quality") is None
    assert found("smalti_rung", tier="free", rung="full") == 1


def test_devices() -> None:
    metrics = Metrics()
    devices = [Device("cuda:0"), Device("cuda:0", state="dead"), Device("cpu", state="hung")]
    metrics.watch(devices=lambda: devices)
    found = Page(metrics)
    assert found("smalti_device_up", device="cuda:0") == 1
    assert found("smalti_device_up", device="cpu") == 0
    assert found("smalti_slots", device="cuda:0") == 16
    assert found("smalti_slots_busy", device="cpu") == 3
    assert found("smalti_worker_restarts_total", device="cuda:0") == 2


@pytest.mark.parametrize("healthy", [True, False])
def test_store(healthy: bool) -> None:
    metrics = Metrics()
    metrics.watch(store_healthy=lambda: healthy)
    assert Page(metrics)("smalti_store_healthy") == healthy


def test_a_reading_that_fails_leaves_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Any:
        raise RuntimeError("oh")

    metrics = Metrics()
    metrics.watch(devices=broken, waiting=broken, store_healthy=lambda: True)
    found = Page(metrics)
    assert found("smalti_store_healthy") == 1
    assert not [name for name, _ in found.figures if name.startswith("smalti_slots")]
    assert "'devices' cannot be read" in caplog.text


def test_a_method_that_a_client_made_up_is_no_new_series() -> None:
    metrics = Metrics()
    for method in ("BREW", "WHEN", "X" * 1000):
        metrics.request_begun()
        metrics.request_ended(method, "unmatched", 405, 0.0)
    assert (
        Page(metrics)("http_requests_total", method="other", route="unmatched", status="405") == 3
    )


def test_two_servers_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.job_accepted("free")
    assert Page(one)("smalti_jobs_accepted_total", tier="free") == 1
    assert Page(other)("smalti_jobs_accepted_total", tier="free") is None


def test_every_family_has_help_and_a_type_before_anything_happened() -> None:
    for family in text_string_to_metric_families(Metrics().page().decode()):
        assert family.documentation.endswith(".") or "what runs" in family.documentation
        assert family.type in ("counter", "gauge", "histogram")
        assert not family.name.endswith("_created")
