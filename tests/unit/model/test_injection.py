"""Which arguments we fill in, and which callers send."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - read at run time
from typing import Any

import pytest

import deepaas  # noqa: TC001 - read at run time
from deepaas.model.injection import Injected, injected
from deepaas.model.parameters import function_parameters


def by_hint(
    epochs: int, *, reports: deepaas.Job, of: deepaas.Version | None
) -> None: ...
def by_name(epochs: int, job, version) -> None: ...  # type: ignore[no-untyped-def]
def not_ours(epochs: int, job: str, version=3) -> None: ...  # type: ignore[no-untyped-def]


@pytest.mark.parametrize(
    ("function", "expected", "public"),
    [
        (by_hint, Injected(job="reports", version="of"), ["epochs"]),
        (by_name, Injected(job="job", version="version"), ["epochs"]),
        (not_ours, Injected(), ["epochs", "job", "version"]),
    ],
)
def test_an_argument_is_filled_in_by_its_hint_or_its_name(
    function: Callable[..., Any], expected: Injected, public: list[str]
) -> None:
    assert expected == injected(function)
    assert public == [one.keyword for one in function_parameters(function)]
