"""Makes a database, or brings an older one up to date, or says why neither is possible.

A file that cannot be used is never touched: it holds somebody's work.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, inspect, select

from deepaas.backends.stores.schema import REVISION, alembic_version, metadata
from deepaas.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

logger = logging.getLogger(__name__)

_MIGRATIONS: Final = Path(__file__).parent / "migrations"

_BUSY_S: Final = 5.0

_WAY_OUT: Final = (
    "Restore a backup of it, or move it away to begin without jobs, or choose another "
    "folder with --data-dir."
)


def prepare(engine: Engine, *, path: Path) -> None:
    """Have the database at `path` ready for use.

    Raises:
        ConfigurationError: It is damaged, or a newer version of DEEPaaS made it.
        sqlite3.Error: The disk fails, or another program has locked it.
    """
    logger.debug("SQLite %s", sqlite3.sqlite_version)
    if path.exists() and path.stat().st_size:
        _check_readable(path)
    else:
        path.touch(mode=0o600)  # SQLite gives the same to the files beside it
    with engine.connect() as connection:
        revision = _revision(connection)
        if revision == REVISION:
            return
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        if revision is None:
            # What the migrations would make; a test compares the two.
            metadata.create_all(connection)
            alembic_version.create(connection)
            connection.execute(insert(alembic_version).values(version_num=REVISION))
        else:
            _migrate(connection, path=path, revision=revision)
        connection.commit()


def _check_readable(path: Path) -> None:
    """Look at the file before SQLite may change anything about it.

    Raises:
        ConfigurationError: It is damaged, or no database.
        sqlite3.OperationalError: It is locked, or the disk fails; it may be sound.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S
        )
        try:
            [(found,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
        finally:
            connection.close()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise ConfigurationError(
            f"The database of jobs {path} is damaged ({found}). It was left as it is. "
            f"{_WAY_OUT}",
            setting="data_dir",
        )


def _revision(connection: Connection) -> str | None:
    """Return the migration that the database is at; None for a new one."""
    revision: str | None = None
    if inspect(connection).has_table(alembic_version.name):
        revision = connection.scalar(select(alembic_version.c.version_num))
    connection.rollback()
    return revision


def _migrate(connection: Connection, *, path: Path, revision: str) -> None:
    # Imported here: Alembic costs a start 0.3 s, and nearly no start needs it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    # In its configuration a % stands for something else.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {
        one.revision for one in ScriptDirectory.from_config(config).walk_revisions()
    }
    if revision not in known:
        raise ConfigurationError(
            f"The database of jobs {path} was made by a newer version of DEEPaaS "
            f"(schema {revision}; this one knows {REVISION}). Install that version, "
            "or choose another folder with --data-dir.",
            setting="data_dir",
        )
    copy = path.with_name(f"{path.name}.before-{REVISION}")
    _copy(path, copy)
    logger.warning("The database of jobs is brought up to date; a copy is %s.", copy)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _copy(path: Path, target: Path) -> None:
    source, copy = sqlite3.connect(path), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
