"""The example settings are settings, and the scraper scrapes where the server listens."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from smalti.config import TABLE, read_settings
from smalti.service.policies import policy_of

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_settings_are_read(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "smalti.toml", tmp_path)
    settings = read_settings({"data_dir": tmp_path}, {})
    assert settings.public_url == "https://images.example.org"
    policy = policy_of(settings)
    assert settings.default_tier in policy.tiers
    assert [limit.count for limit in policy.tiers["pro"].limits] == [200, 1000]
    assert [switch.rule for switch in policy.switches] == ["switch/feature/edits"]


def test_what_is_commented_out_is_read_too(tmp_path: Path) -> None:
    text = (DEPLOY / "smalti.toml").read_text(encoding="utf-8")
    text = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.M)
    (tmp_path / "smalti.toml").write_text(text)
    settings = read_settings({"data_dir": tmp_path}, {})
    assert settings.pictures_url == "s3://pictures/smalti"
    assert settings.trusted_proxies == ("10.0.0.0/8", "127.0.0.1/32")
    assert settings.country_header == "CF-IPCountry"
    assert settings.otlp_endpoint == "http://127.0.0.1:4318"


def test_no_secret_stands_in_an_example() -> None:
    names = [row.name for row in TABLE if row.name in ("key", "database_url")]
    text = (DEPLOY / "smalti.toml").read_text(encoding="utf-8")
    for name in names:
        assert not re.search(rf"^#? ?{name} =", text, re.M)


def test_the_scraper_asks_where_the_server_listens() -> None:
    text = (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")
    defaults = {row.name: row.default for row in TABLE}
    assert f'targets: ["{defaults["host"]}:{defaults["port"]}"]' in text
    assert "metrics_path" not in text  # Prometheus's own default is /metrics
