"""Fields in these tests are written as published models write them."""

from __future__ import annotations

import pytest

from deepaas.model.v2_libraries import quiet_marshmallow


@pytest.fixture(autouse=True)
def quiet() -> None:
    quiet_marshmallow()
