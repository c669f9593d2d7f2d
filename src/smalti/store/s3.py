"""Pictures in an S3-compatible bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from smalti.errors import ConfigError
from smalti.store.blobs import checked
from smalti.store.trouble import unavailable

TYPES = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg"}
_REASONS = {
    "NoSuchBucket": "there is no such bucket; make it, or name another with pictures_url",
    "AccessDenied": "its key may not do that; give the key read, write and delete",
    "Forbidden": "its key may not do that; give the key read, write and delete",
    "InvalidAccessKeyId": "its key is not known; set AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "its secret is wrong; set AWS_SECRET_ACCESS_KEY",
    "SlowDown": "it asks for fewer requests",
}


class S3Blobs:
    """`Blobs` in a bucket, under a prefix.

    endpoint: None for Amazon's. timeout_s: to connect, and of silence in an answer. attempts: how
    often a request is made before it is given up. Raises ConfigError where boto3 is missing.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        endpoint: str | None = None,
        region: str = "us-east-1",
        timeout_s: float = 5.0,
        attempts: int = 2,
    ) -> None:
        try:
            import boto3
            from botocore.config import Config
        except ModuleNotFoundError:
            raise ConfigError(
                "Pictures in a bucket need boto3, which is not installed: pip install 'smalti[s3]'."
            ) from None
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            config=Config(
                connect_timeout=timeout_s,
                read_timeout=timeout_s,
                retries={"total_max_attempts": attempts, "mode": "standard"},
                max_pool_connections=32,
                s3={"addressing_style": "path" if endpoint else "auto"},
                request_checksum_calculation="when_required",  # not every server knows them
                response_checksum_validation="when_required",
            ),
        )

    def put(self, name: str, data: bytes) -> None:
        kind = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        with self._told():
            self._client.put_object(**self._at(name), Body=data, ContentType=kind)

    def get(self, name: str) -> bytes | None:
        with self._told():
            try:
                return bytes(self._client.get_object(**self._at(name))["Body"].read())
            except self._client.exceptions.NoSuchKey:
                return None

    def delete(self, name: str) -> None:
        with self._told():
            self._client.delete_object(**self._at(name))

    def check(self) -> None:
        with self._told():
            probe = {"Bucket": self._bucket, "Key": f"{self._prefix}smalti-check"}
            self._client.put_object(**probe, Body=b"smalti can write here\n")
            self._client.head_object(**probe)

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + checked(name)}

    @contextmanager
    def _told(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            where = f"in the bucket '{self._bucket}'"
            raise unavailable("The pictures", where, _reason(error)) from error


def s3_blobs(url: str, endpoint: str | None, region: str) -> S3Blobs:
    """The blobs at an address such as s3://bucket/prefix. Raises ConfigError."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return S3Blobs(bucket, prefix, endpoint, region)


def _reason(error: Any) -> str:
    """In words, from what the server answered or why it did not."""
    if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError"):
        return "it needs credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    answer = getattr(error, "response", None)
    if answer is None:
        return f"it does not answer ({error})"
    code = str(answer.get("Error", {}).get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    by_status = {403: "AccessDenied", 404: "NoSuchBucket"}.get(status, "")
    known = _REASONS.get(code) or _REASONS.get(by_status)
    return known or f"it answered with an error ({error})"
