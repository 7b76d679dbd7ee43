"""The tables, defined once for every database (SQLAlchemy Core).

A change here needs a migration in `migrations/versions`, and its number below.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

REVISION: Final = "0001"
"""The newest migration."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A point in time, as whole microseconds since 1970 (UTC)."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> int | None:
        """Return what the database keeps."""
        del dialect
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(
        self, value: Any | None, dialect: Dialect
    ) -> datetime | None:
        """Return what the program gets."""
        del dialect
        return None if value is None else _EPOCH + value * _MICROSECOND


class Prose(TypeDecorator[str]):
    """Text of any origin, such as the name of a file or the message of an error.

    What UTF-8 cannot say is kept as an escape, because a job whose error message
    cannot be stored could never end.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return what the database keeps."""
        del dialect
        return value and value.encode("utf-8", "backslashreplace").decode()


metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("model", Text, nullable=False),
    Column("operation", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("started", Instant),
    Column("finished", Instant),
    Column("not_before", Instant),
    Column("attempt", Integer, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("retry_delay_s", Float, nullable=False),
    Column("is_restartable", Boolean, nullable=False),
    Column("cause", String(64), nullable=False),
    Column("detail", Prose, nullable=False),
    Column("failure", JSON(none_as_null=True)),
    Column("exit_status", Integer),
    Column("signal", String(32)),
    Column("version", Integer, nullable=False),
    Column("made_version", Integer),
    Column("arguments", JSON, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("result", JSON(none_as_null=True)),
    Column("door", String(16), nullable=False),
    Column("is_hidden", Boolean, nullable=False),
    Column("owner", JSON(none_as_null=True)),
)

_IS_ALIVE: Final = jobs.c.finished.is_(None)

# Jobs that are not final are few, however many there have been.
Index(
    "jobs_alive",
    jobs.c.state,
    jobs.c.id,
    sqlite_where=_IS_ALIVE,
)

# All that lists are narrowed by, so that only the rows of the page itself are read:
# they are wide, because requests are in them.
Index(
    "jobs_listed",
    jobs.c.id,
    jobs.c.model,
    jobs.c.operation,
    jobs.c.state,
    jobs.c.created,
    jobs.c.started,
    jobs.c.finished,
    jobs.c.is_hidden,
)

transitions = Table(
    "transitions",
    metadata,
    Column("job", String(32), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("event", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("cause", String(64), nullable=False),
    Column("detail", Prose, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("job", String(32), nullable=False),
    Column("created", Instant, nullable=False, index=True),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("job", String(32), primary_key=True),
    Column("path", Prose, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", Prose, nullable=False),
    Column("sha256", String(64), nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("model", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("parent", Integer, nullable=False),
    Column("job", String(32), nullable=False),
    Column("created", Instant, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("folder", Text, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
)

active_versions = Table(
    "active_versions",
    metadata,
    Column("model", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)

alembic_version = Table(
    "alembic_version",
    MetaData(),  # Alembic's own, so it is none of ours
    Column("version_num", String(32), primary_key=True),
)
