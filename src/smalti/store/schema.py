"""The tables.

    organisations ──< users ──< keys
    jobs ──< pictures ──< picture_rows        reservations: one for each job, kept longer than it
    doomed_blobs: pictures that are forgotten and whose files are still to be deleted
    policies: every policy there was    claims: times that were stated, and are honoured
    denials: what was refused           idempotency: which job a key of a client's began
    audit: who changed what             facts: the version of these tables

Times are Unix seconds. Jobs name their user and key without a foreign key: they are history, and
outlive both.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

Seconds = Float(53)
"""A time or a duration, in double precision on every database."""

facts = Table(
    "facts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

organisations = Table(
    "organisations",
    metadata,
    Column("org_id", String(64), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", Seconds, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("user_id", String(64), primary_key=True),
    Column("org_id", ForeignKey("organisations.org_id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("disabled_at", Seconds),
    UniqueConstraint("org_id", "name"),
)

keys = Table(
    "keys",
    metadata,
    Column("key_id", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.user_id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("expires_at", Seconds),
    Column("revoked_at", Seconds),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", String(64), primary_key=True),
    Column("user_id", String(64), nullable=False),
    Column("org_id", String(64), nullable=False),
    Column("key_id", String(64)),
    Column("tier", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("request", JSON, nullable=False),
    Column("images", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("started_at", Seconds),
    Column("finished_at", Seconds),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("request_id", Text),
    Column("source_blob", Text),
    Column("mask_blob", Text),
    Column("has_files", Boolean, nullable=False),
    Index("jobs_with_files", "has_files", "finished_at"),
    Index("jobs_of_user", "user_id", "created_at", "job_id"),
    Index("jobs_in_state", "state"),
)

pictures = Table(
    "pictures",
    metadata,
    Column("job_id", ForeignKey("jobs.job_id", ondelete="CASCADE"), primary_key=True),
    Column("picture", Integer, primary_key=True),
    Column("seed", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    Column("layout", JSON(none_as_null=True)),
    Column("blob", Text),
    Column("format", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("bytes", BigInteger),
    Column("device_s", Seconds, nullable=False),
    Column("attempts", Integer, nullable=False),
)

picture_rows = Table(
    "picture_rows",
    metadata,
    Column("job_id", String(64), primary_key=True),
    Column("picture", Integer, primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("codes", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["job_id", "picture"], ["pictures.job_id", "pictures.picture"], ondelete="CASCADE"
    ),
)
"""Checkpoints: the tiles of a row, int16 little-endian. A row of its own, so that each costs the
same however much of the picture is drawn."""

reservations = Table(
    "reservations",
    metadata,
    Column("job_id", String(64), primary_key=True),
    Column("user_id", String(64), nullable=False),
    Column("tier", Text, nullable=False),
    Column("images", Integer, nullable=False),
    Column("refunded", Integer, nullable=False),
    Column("at", Seconds, nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("org_id", String(64), nullable=False, server_default=""),
    Column("key_id", String(64), nullable=False, server_default=""),
    Column("region", String(8), nullable=False, server_default=""),
    Column("model", Text, nullable=False, server_default=""),
    Column("device_s", Seconds, nullable=False, server_default="0"),
)

claims = Table(
    "claims",
    metadata,
    Column("user_id", String(64), primary_key=True),
    Column("rule", String(200), primary_key=True),
    Column("value", Integer, nullable=False),
    Column("at", Seconds, nullable=False),
    Column("until", Seconds, nullable=False, index=True),
)

denials = Table(
    "denials",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", Seconds, nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("org_id", String(64), nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("tier", Text, nullable=False),
    Column("region", String(8), nullable=False),
    Column("rule", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("images", Integer, nullable=False),
    Column("retry_at", Seconds),
    Column("request_id", Text, nullable=False),
    Column("job_id", String(64)),
    Index("denials_by_time", "at", "rule"),
    Index("denials_of_user", "user_id", "at"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("user_id", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("job_id", String(64), nullable=False, index=True),
    Column("at", Seconds, nullable=False, index=True),
)

policies = Table(
    "policies",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", Seconds, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("document", JSON, nullable=False),
    Column("basis", String(64), nullable=False),
)
"""basis: a hash of what the settings said when the version was made."""

doomed_blobs = Table("doomed_blobs", metadata, Column("name", String(256), primary_key=True))

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", Seconds, nullable=False, index=True),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("detail", JSON, nullable=False),
)
