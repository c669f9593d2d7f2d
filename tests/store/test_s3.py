"""Pictures in a bucket, of a real S3-compatible server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from s3_server import BUCKET, KEY, SECRET, S3Server, s3_server

from smalti.errors import ConfigError, StoreUnavailable
from smalti.store.s3 import S3Blobs, s3_blobs


@pytest.fixture(scope="module", autouse=True)
def credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        yield


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="module")
def blobs(server: S3Server) -> S3Blobs:
    return s3_blobs(f"s3://{BUCKET}/kept/here", server.endpoint, "us-east-1")


def blobs_at(server: S3Server, bucket: str = BUCKET) -> S3Blobs:
    """Patient for long enough to be sure, and for no longer."""
    return S3Blobs(bucket, "a/prefix", server.endpoint, timeout_s=1.0, attempts=1)


def test_put_get_and_delete(blobs: S3Blobs) -> None:
    blobs.check()
    picture = bytes(range(256)) * 8000
    blobs.put("job_1/0.png", picture)
    blobs.put("job_1/source.png", b"")
    assert blobs.get("job_1/0.png") == picture
    assert blobs.get("job_1/source.png") == b""
    blobs.put("job_1/0.png", b"the same again")
    assert blobs.get("job_1/0.png") == b"the same again"
    for _ in range(2):
        blobs.delete("job_1/0.png")
        assert blobs.get("job_1/0.png") is None


def test_prefixes_keep_servers_apart(server: S3Server, blobs: S3Blobs) -> None:
    blobs.put("job_2/0.webp", b"one")
    assert s3_blobs(f"s3://{BUCKET}", server.endpoint, "eu-1").get("job_2/0.webp") is None
    same = s3_blobs(f"s3://{BUCKET}/kept/here/", server.endpoint, "eu-1")
    assert same.get("job_2/0.webp") == b"one"


def test_many_threads_at_once(blobs: S3Blobs) -> None:
    names = [f"job_3/{i}.png" for i in range(40)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: blobs.put(name, name.encode() * 1000), names))
        assert list(threads.map(blobs.get, names)) == [name.encode() * 1000 for name in names]


@pytest.mark.parametrize("name", ["../key", "", "job_1/../../key.png", "job_1/0.png\n"])
def test_names_that_no_blob_has(blobs: S3Blobs, name: str) -> None:
    with pytest.raises(ValueError, match="no name of a blob"):
        blobs.get(name)


def test_a_bucket_that_is_silent_and_comes_back(server: S3Server) -> None:
    blobs = S3Blobs(BUCKET, "", server.endpoint, timeout_s=0.3, attempts=1)
    blobs.put("job_4/0.png", b"before")
    with server.silent():
        for use in (
            blobs.check,
            lambda: blobs.put("job_4/1.png", b"meanwhile"),
            lambda: blobs.get("job_4/0.png"),
            lambda: blobs.delete("job_4/0.png"),
        ):
            with pytest.raises(StoreUnavailable, match=r"'pictures'.*does not answer"):
                use()
    patient = blobs_at(server)
    patient.check()
    patient.put("job_4/1.png", b"after")
    assert patient.get("job_4/1.png") == b"after"


def test_a_server_that_dies_and_comes_back(tmp_path: Path) -> None:
    with s3_server(tmp_path) as server:
        blobs = blobs_at(server)
        blobs.put("job_5/0.png", b"before")
        server.stop()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            blobs.get("job_5/0.png")
        server.start()
        assert blobs.get("job_5/0.png") == b"before"
        blobs.check()


def test_a_bucket_that_is_not_there(server: S3Server) -> None:
    blobs = blobs_at(server, "nosuchbucket")
    for use in (blobs.check, lambda: blobs.put("job_1/0.png", b""), lambda: blobs.get("j/0.png")):
        with pytest.raises(StoreUnavailable, match="no such bucket"):
            use()


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials(
    server: S3Server, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "wrong-wrong-wrong")
    with pytest.raises(StoreUnavailable, match=f"key|secret|{variable}") as caught:
        blobs_at(server).check()
    assert SECRET not in caught.value.message


def test_no_credentials(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    with pytest.raises(StoreUnavailable, match="credentials"):
        blobs_at(server).put("job_1/0.png", b"")


def test_without_boto3_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ConfigError, match=r"smalti\[s3\]"):
        S3Blobs("pictures")
