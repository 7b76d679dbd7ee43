"""DEEPaaS: turn a Python model into a service.

What a model's author or user imports stands here and nothing else. Names are loaded on
first use, because a worker process that needs none of them should start at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepaas.client import AsyncClient as AsyncClient
    from deepaas.client import Client as Client
    from deepaas.errors import InvalidInputError as InvalidInputError
    from deepaas.model.files import File as File
    from deepaas.model.interface import Model as Model
    from deepaas.model.interface import batched as batched
    from deepaas.model.interface import restartable as restartable
    from deepaas.model.interface import retried as retried
    from deepaas.model.job import Job as Job
    from deepaas.model.job import Version as Version
    from deepaas.model.tensors import Tensor as Tensor

__version__ = "3.0.0"

__all__ = [
    "AsyncClient",
    "Client",
    "File",
    "InvalidInputError",
    "Job",
    "Model",
    "Tensor",
    "Version",
    "batched",
    "restartable",
    "retried",
]

_HOMES = {
    "AsyncClient": "deepaas.client",
    "Client": "deepaas.client",
    "File": "deepaas.model.files",
    "InvalidInputError": "deepaas.errors",
    "Job": "deepaas.model.job",
    "Model": "deepaas.model.interface",
    "Tensor": "deepaas.model.tensors",
    "Version": "deepaas.model.job",
    "batched": "deepaas.model.interface",
    "restartable": "deepaas.model.interface",
    "retried": "deepaas.model.interface",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'deepaas' has no attribute {name!r}") from None
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def extract_version() -> str:
    """Return the version, as 2.x code asks for it."""
    return __version__
