"""Alerts name the metrics that there are, and fire when they should, as Prometheus reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from smalti.observe import Metrics

ROOT = Path(__file__).parents[2]
ALERTS = (ROOT / "deploy" / "smalti-alerts.yml").read_text(encoding="utf-8")
PROMTOOL = shutil.which("promtool")

CALM = """
rule_files: [smalti-alerts.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{job="smalti",instance="a"}', values: '1x60'}
      - {series: 'smalti_device_up{instance="a",device="0"}', values: '1x60'}
      - {series: 'smalti_store_healthy{instance="a"}', values: '1x60'}
      - {series: 'smalti_promises_total{instance="a",tier="pro",outcome="kept"}', values: '0+9x60'}
      - {series: 'smalti_promises_total{instance="a",tier="pro",outcome="broken"}', values: '0x60'}
      - {series: 'smalti_jobs_total{instance="a",tier="pro",outcome="succeeded"}', values: '0+9x60'}
      - {series: 'smalti_jobs_total{instance="a",tier="pro",outcome="failed"}', values: '0x60'}
      - {series: 'smalti_jobs_accepted_total{instance="a",tier="pro"}', values: '0+9x60'}
      - {series: 'smalti_denials_total{instance="a",rule="x",kind="capacity"}', values: '0+1x60'}
      - {series: 'smalti_worker_restarts_total{instance="a",device="0"}', values: '0x40 1x20'}
      - {series: 'process_open_fds{job="smalti",instance="a"}', values: '100x60'}
      - {series: 'process_max_fds{job="smalti",instance="a"}', values: '1024x60'}
    alert_rule_test:
"""
FIRES = {
    "SmaltiDown": ('up{job="smalti",instance="a"}', "1x50 0x10"),
    "SmaltiCannotDraw": ('smalti_device_up{instance="a",device="0"}', "1x50 0x10"),
    "SmaltiDeviceLost": ('smalti_device_up{instance="a",device="1"}', "1x50 0x10"),
    "SmaltiCannotKeep": ('smalti_store_healthy{instance="a"}', "1x50 0x10"),
    "SmaltiPromisesBroken": (
        'smalti_promises_total{instance="a",tier="pro",outcome="broken"}', "0x50 0+1x10"),
    "SmaltiJobsFail": (
        'smalti_jobs_total{instance="a",tier="pro",outcome="failed"}', "0x50 0+1x10"),
    "SmaltiFaults": ('http_requests_total{instance="a",status="500",method="GET"}', "_x55 1x5"),
    "SmaltiWorkersLost": (
        'smalti_worker_restarts_total{instance="a",device="0"}', "0x50 0+1x10"),
    "SmaltiOverloaded": (
        'smalti_denials_total{instance="a",rule="x",kind="capacity"}', "0+9x60"),
    "SmaltiFilesRunOut": ('process_open_fds{job="smalti",instance="a"}', "900x60"),
}  # fmt: skip


def test_every_metric_of_the_alerts_exists() -> None:
    families = text_string_to_metric_families(Metrics().page().decode())
    there = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    asked = set(re.findall(r"\b(?:smalti|http|process)_[a-z_]+\b", ALERTS))
    assert len(asked) > 8
    assert asked <= there


def test_every_alert_is_tried() -> None:
    assert re.findall(r"alert: (\w+)", ALERTS) == list(FIRES)


@pytest.mark.skipif(PROMTOOL is None, reason="there is no promtool (Debian's package prometheus)")
class TestAsPrometheusReadsThem:
    def outcome(self, folder: Path, tests: str) -> subprocess.CompletedProcess[str]:
        (folder / "smalti-alerts.yml").write_text(ALERTS)
        (folder / "tests.yml").write_text(tests)
        command = [str(PROMTOOL), "test", "rules", "tests.yml"]
        return subprocess.run(command, cwd=folder, text=True, capture_output=True)

    @pytest.mark.parametrize("alert", FIRES)
    def test_none_fires_while_all_is_well(self, alert: str, tmp_path: Path) -> None:
        ran = self.outcome(tmp_path, CALM + f"      - {{eval_time: 59m, alertname: {alert}}}\n")
        assert ran.returncode == 0, ran.stdout + ran.stderr

    @pytest.mark.parametrize("alert", FIRES)
    def test_each_fires_when_it_should(self, alert: str, tmp_path: Path) -> None:
        series, values = FIRES[alert]
        lines = [line for line in CALM.splitlines() if f"'{series}'" not in line]
        at = lines.index("    input_series:") + 1
        lines.insert(at, f"      - {{series: '{series}', values: '{values}'}}")
        lines.append(f"      - {{eval_time: 59m, alertname: {alert}, exp_alerts: []}}")
        ran = self.outcome(tmp_path, "\n".join(lines) + "\n")
        assert ran.returncode != 0
        assert f'alertname="{alert}"' in ran.stdout + ran.stderr
