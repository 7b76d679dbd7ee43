"""Runs migrations on the connection that `sqlite.py` hands over."""

from __future__ import annotations

from alembic import context

from deepaas.backends.stores.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata
)
with context.begin_transaction():
    context.run_migrations()
