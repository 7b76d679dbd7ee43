"""The first schema: jobs, their history, keys and artifacts; versions of models.

It is frozen here as text, so that a later change of `schema.py` does not change what
this step means.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    String,
    Text,
    column,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "jobs",
        Column("id", String(32), primary_key=True),
        Column("model", Text, nullable=False),
        Column("operation", String(16), nullable=False),
        Column("state", String(16), nullable=False),
        Column("created", BigInteger, nullable=False),
        Column("updated", BigInteger, nullable=False),
        Column("started", BigInteger),
        Column("finished", BigInteger),
        Column("not_before", BigInteger),
        Column("attempt", Integer, nullable=False),
        Column("retries", Integer, nullable=False),
        Column("retry_delay_s", Float, nullable=False),
        Column("is_restartable", Boolean, nullable=False),
        Column("cause", String(64), nullable=False),
        Column("detail", Text, nullable=False),
        Column("failure", JSON),
        Column("exit_status", Integer),
        Column("signal", String(32)),
        Column("version", Integer, nullable=False),
        Column("made_version", Integer),
        Column("arguments", JSON, nullable=False),
        Column("request", LargeBinary, nullable=False),
        Column("result", JSON),
        Column("door", String(16), nullable=False),
        Column("is_hidden", Boolean, nullable=False),
        Column("owner", JSON),
    )
    is_alive = column("finished").is_(None)
    op.create_index(
        "jobs_alive",
        "jobs",
        ["state", "id"],
        sqlite_where=is_alive,
        postgresql_where=is_alive,
    )
    op.create_index(
        "jobs_listed",
        "jobs",
        [
            "id",
            "model",
            "operation",
            "state",
            "created",
            "started",
            "finished",
            "is_hidden",
        ],
    )
    op.create_table(
        "transitions",
        Column("job", String(32), primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("state", String(16), nullable=False),
        Column("event", String(16), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("cause", String(64), nullable=False),
        Column("detail", Text, nullable=False),
    )
    op.create_table(
        "idempotency_keys",
        Column("scope", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", String(64), nullable=False),
        Column("job", String(32), nullable=False),
        Column("created", BigInteger, nullable=False),
    )
    op.create_index("ix_idempotency_keys_created", "idempotency_keys", ["created"])
    op.create_table(
        "artifacts",
        Column("job", String(32), primary_key=True),
        Column("path", Text, primary_key=True),
        Column("size_bytes", BigInteger, nullable=False),
        Column("media_type", Text, nullable=False),
        Column("sha256", String(64), nullable=False),
    )
    op.create_table(
        "versions",
        Column("model", Text, primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("parent", Integer, nullable=False),
        Column("job", String(32), nullable=False),
        Column("created", BigInteger, nullable=False),
        Column("size_bytes", BigInteger, nullable=False),
        Column("metrics", JSON, nullable=False),
        Column("folder", Text, nullable=False),
        Column("is_deleted", Boolean, nullable=False),
    )
    op.create_table(
        "active_versions",
        Column("model", Text, primary_key=True),
        Column("number", Integer, nullable=False),
    )
