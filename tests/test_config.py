"""Settings: where they come from, and what is said of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from smalti.config import TABLE, Settings, page, read_settings
from smalti.errors import ConfigError

DOCS = Path(__file__).parents[1] / "docs" / "configuration.md"


def test_defaults() -> None:
    settings = read_settings(environ={})
    assert settings == Settings(data_dir=Path.home() / ".local/share/smalti")
    assert read_settings(environ={"XDG_DATA_HOME": "/x"}).data_dir == Path("/x/smalti")


def test_flags_come_before_the_environment_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "smalti.toml").write_text('port = 1\nhost = "a"\nslots = 3\n')
    environ = {"SMALTI_DATA_DIR": str(tmp_path), "SMALTI_PORT": "2", "SMALTI_HOST": "b"}
    settings = read_settings({"port": 4, "host": None}, environ)
    assert (settings.port, settings.host, settings.slots) == (4, "b", 3)
    assert settings.data_dir == tmp_path


def test_an_empty_variable_is_not_set() -> None:
    assert read_settings(environ={"SMALTI_PORT": "", "SMALTI_KEY": ""}).port == 8000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "eighty"),
        ("port", "-1"),
        ("port", "65536"),
        ("log_level", "loud"),
        ("device", "gpu"),
        ("device", "cuda:x"),
        ("slots", "0"),
        ("public_url", "pictures.example"),
        ("max_waiting", "9"),
        ("host", "  "),
        ("trusted_proxies", "10.0.0.0/33"),
        ("trusted_proxies", "10.0.0.1,proxy"),
        ("country_header", "CF IPCountry"),
        ("switches", "tier"),
    ],
)
def test_a_bad_value_is_told_with_its_source(name: str, value: str) -> None:
    variable = f"SMALTI_{name.upper()}"
    with pytest.raises(ConfigError) as raised:
        read_settings(environ={variable: value})
    assert f"Setting '{name}' has value '{value}' (from {variable}). It must be" in str(
        raised.value
    )


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("key", "short", "short"),
        ("key", "with a space in the middle", "middle"),
        ("database_url", "mysql://smalti:hunter2@db/x", "hunter2"),
        ("database_url", "mysql://smalti:hun/ter@2@db/x", "hun"),
        ("database_url", "mysql://db/x?user=a&password=hunter2", "hunter2"),
        ("pictures_url", "https://key:hunter2@bucket", "hunter2"),
        ("otlp_endpoint", "grpc://:hunter2@collector", "hunter2"),
    ],
)
def test_a_secret_that_is_wrong_is_told_without_it(name: str, value: str, secret: str) -> None:
    variable = f"SMALTI_{name.upper()}"
    with pytest.raises(ConfigError) as raised:
        read_settings(environ={variable: value})
    assert f"Setting '{name}' has value '" in str(raised.value)
    assert f"(from {variable}). It must be" in str(raised.value)
    assert secret not in str(raised.value)


def test_settings_that_are_printed_show_no_secret() -> None:
    settings = read_settings(
        environ={
            "SMALTI_KEY": "a-key-that-is-long-enough",
            "SMALTI_DATABASE_URL": "postgresql://smalti:hunter2@db/x?sslpassword=hunter3",
            "SMALTI_S3_ENDPOINT": "https://a:hunter4@s3.example:9000",
        }
    )
    text = f"{settings} {settings!r}"
    assert "long-enough" not in text and "hunter" not in text
    assert "database_url=postgresql://smalti:…@db/x?sslpassword=…" in text
    assert "s3_endpoint=https://a:…@s3.example:9000" in text
    assert "port=8000" in text


def test_proxies_are_networks_in_any_way_of_writing(tmp_path: Path) -> None:
    written = {"SMALTI_TRUSTED_PROXIES": "10.1.2.3/8, 192.0.2.7,2001:DB8::/32"}
    expected = ("10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32")
    assert read_settings(environ=written).trusted_proxies == expected
    (tmp_path / "smalti.toml").write_text('trusted_proxies = ["10.0.0.0/8", "192.0.2.7"]')
    assert read_settings({"data_dir": tmp_path}, {}).trusted_proxies == expected[:2]
    (tmp_path / "smalti.toml").write_text("trusted_proxies = []")
    assert read_settings({"data_dir": tmp_path}, {}).trusted_proxies == ()


def test_switches_are_tables_of_the_file(tmp_path: Path) -> None:
    text = '[[switches]]\nscope = "tier"\nname = "free"\nmessage = "Back soon."\n'
    (tmp_path / "smalti.toml").write_text(text)
    (switch,) = read_settings({"data_dir": tmp_path}, {}).switches or ()
    assert switch == {"scope": "tier", "name": "free", "message": "Back soon."}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port =", "is not valid TOML"),
        ("prot = 1", "Did you mean 'port'?"),
        ("data_dir = '/x'", "SMALTI_DATA_DIR"),
        ("port = true", "Setting 'port' has value 'true'"),
        ("[port]\nx = 1", "Setting 'port' has value"),
        ("switches = 1", "Setting 'switches' has value '1'"),
        ("trusted_proxies = 10", "Setting 'trusted_proxies' has value '10'"),
    ],
)
def test_a_bad_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "smalti.toml").write_text(text)
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")):
        read_settings({"data_dir": tmp_path}, {})


def test_an_unknown_variable_is_told_and_ignored(caplog: pytest.LogCaptureFixture) -> None:
    read_settings(environ={"SMALTI_PROT": "1", "SMALTI_FOO": "1"})
    assert "SMALTI_PROT is no setting and has no effect. Did you mean 'SMALTI_PORT'?" in caplog.text
    assert caplog.messages[-1] == "SMALTI_FOO is no setting and has no effect."


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_default_is_a_value_that_could_be_written(row: object) -> None:
    assert row.help.endswith(".")  # type: ignore[attr-defined]
    if row.default is not None:  # type: ignore[attr-defined]
        assert row.read(row.default) == row.default  # type: ignore[attr-defined]


def test_the_docs_are_those_of_the_table() -> None:
    assert DOCS.read_text(encoding="utf-8") == page(), "run make docs"


def test_a_file_that_may_not_be_read_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "smalti.toml").mkdir()
    with pytest.raises(ConfigError) as refused:
        read_settings({"data_dir": tmp_path}, {})
    assert str(refused.value) == f"{tmp_path}/smalti.toml cannot be read: Is a directory."
