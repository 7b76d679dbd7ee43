"""What trainings on this machine have made of a model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from deepaas.errors import VersionNotFoundError
from deepaas.model.job import AS_INSTALLED

if TYPE_CHECKING:
    from deepaas.cli.job_sources import LocalStore
    from deepaas.model.discovery import ModelReference
    from deepaas.model.job import Version


def store_of(model: ModelReference, *, data_dir: str) -> LocalStore | None:
    """Return where the jobs of a model are, or None if it never had any.

    Args:
        model: The model.
        data_dir: The data directory, or empty for the one that a server of this model
            would have.
    """
    # Imported here, because they take a noticeable time.
    from deepaas.backends.data_dir import default_data_dir
    from deepaas.cli.job_sources import LocalStore

    named = data_dir or os.environ.get("DEEPAAS_DATA_DIR", "")
    root = Path(named) if named else default_data_dir({model.name: model.references})
    is_there = (root / "jobs.sqlite3").exists()
    return LocalStore(root.absolute()) if is_there else None


def version_here(
    model: ModelReference, *, data_dir: str, number: int | None
) -> Version:
    """Return a version of a model, or the one that answers.

    Args:
        model: The model.
        data_dir: As for `store_of`.
        number: Of the version; 0 is the model as installed, None what answers.

    Raises:
        VersionNotFoundError: There is none of this number.
        StoreUnavailableError: The database of jobs cannot be read.
    """
    store = None if number == 0 else store_of(model, data_dir=data_dir)
    if store is None:
        if number:
            raise VersionNotFoundError(model.name, number)
        return AS_INSTALLED
    active, trained = store.versions(model.name)
    wanted = active if number is None else number
    if wanted and wanted not in {one.number for one in trained}:
        raise VersionNotFoundError(model.name, wanted)
    return store.files.version(model.name, wanted)
