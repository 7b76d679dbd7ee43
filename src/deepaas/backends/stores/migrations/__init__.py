"""Brings older databases up to date (Alembic)."""
