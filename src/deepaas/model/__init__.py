"""What a model is: how it is found, loaded, described, called, and answered for.

    discovery   names → references, without importing anything
    loading     a reference → a `LoadedModel` with its operations
    signature   type hints → what an operation takes; `legacy` for 2.x arguments
    outputs     a return hint → how results become bytes; `legacy` for 2.x results
    payload     a request's query and body → `Inputs`

`arguments` and `results` hold the contracts between those. Workers and the command line
use all of it; the server only what imports no model.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Return the base class of V1 models, which was here in 0.x."""
    if name != "BaseModel":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from deepaas.model.v1 import BaseModel

    return BaseModel
