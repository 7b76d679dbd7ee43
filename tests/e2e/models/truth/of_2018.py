"""The same model as its neighbours, as it was written in 2018."""

from __future__ import annotations

from typing import Any


def get_metadata() -> dict[str, str]:
    return {"Name": "of_2018"}


def get_test_args() -> dict[str, dict[str, Any]]:
    return {"factor": {"default": 1.0, "help": "", "type": float, "required": False}}


def predict_data(arguments: Any) -> dict[str, Any]:
    content = arguments.files[0].read()
    return {"size": len(content), "weight": sum(content) * arguments.factor}


def predict_url(arguments: Any) -> None:
    raise NotImplementedError
