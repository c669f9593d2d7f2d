"""The dashboard and the manual name the metrics that there are; the metrics follow the customs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from smalti.observe import Metrics

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text(encoding="utf-8"))
MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
NAME = re.compile(r"\b(?:smalti|http|process)_[a-z_]+\b")
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def families() -> list[Metric]:
    return list(text_string_to_metric_families(Metrics().page().decode()))


def exposed() -> set[str]:
    """Every name that a query can have."""
    return {family.name + suffix for family in families() for suffix in SUFFIXES[family.type]}


def queries() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("query", queries())
def test_every_metric_of_the_dashboard_exists(query: str) -> None:
    names = NAME.findall(re.sub(r"\{[^}]*\}|by \([^)]*\)", "", query))
    assert names
    for name in names:
        assert name in exposed()


def test_labels_of_the_dashboard_exist() -> None:
    asked = {label for query in queries() for group in re.findall(r"by \(([^)]*)\)", query)
             for label in group.replace(" ", "").split(",")}  # fmt: skip
    assert asked <= set(labels_in_use()) | {"le"}


def labels_in_use() -> set[str]:
    metrics = Metrics()
    metrics.request_begun()
    metrics.request_ended("GET", "/x", 200, 1.0)
    metrics.denied("free/day", "limit", "free")
    metrics.waited("free", 1.0)
    metrics.job_accepted("free")
    metrics.job_ended("free", "succeeded")
    metrics.promise("free", kept=True)
    metrics.watch(
        waiting=lambda: {"free": 1}, devices=lambda: [Device()], rungs=lambda: {"free": "full"}
    )
    page = text_string_to_metric_families(metrics.page().decode())
    return {label for family in page for sample in family.samples for label in sample.labels}


class Device:
    device, state, slots, busy, restarts = "cpu", "ready", 8, 1, 0


def test_every_metric_of_ours_is_on_the_dashboard_or_only_in_the_manual() -> None:
    ours = {family.name for family in families() if family.name.startswith(("smalti_", "http_"))}
    shown = " ".join(queries())
    assert {name for name in ours if name not in shown} == set()


def test_the_manual_says_what_each_metric_means() -> None:
    for family in families():
        if family.name.startswith(("smalti_", "http_")):
            name = family.name + ("_total" if family.type == "counter" else "")
            assert f"`{name}" in MANUAL, name


def test_the_manual_names_no_metric_that_is_not_there() -> None:
    bare = {family.name + ("_total" if family.type == "counter" else "") for family in families()}
    for name in re.findall(r"`((?:smalti|http|process)_[a-z_]+)", MANUAL):
        assert name in exposed() | bare, name


def test_panels_can_be_loaded() -> None:
    panels: list[dict[str, Any]] = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource", "instance"}
    cells = set()
    for panel in panels:
        assert panel["datasource"]["uid"] == "${datasource}"
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in cells, panel["title"]
                cells.add((x, y))


def test_metrics_follow_the_customs() -> None:
    """What `promtool check metrics` looks for."""
    for family in families():
        assert family.documentation.strip()
        assert re.fullmatch(r"[a-z][a-z_]*[a-z]", family.name)
        assert not re.search(r"_(ms|minutes|hours|mb|kb|percent)(_|$)", family.name)
        assert not family.name.endswith(("_total", "_count", "_sum", "_bucket", "_gauge"))
        if "duration" in family.name or "wait_" in family.name:
            assert family.name.endswith("_seconds")
