"""Changes to foreign libraries wait until a model imports them."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> str:
    command = [sys.executable, "-W", "error::DeprecationWarning", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "" == done.stderr
    return done.stdout.strip()


PREPARE = """
import sys
from deepaas.model.v2_libraries import allow_any_reason, quiet_marshmallow
allow_any_reason(), allow_any_reason(), quiet_marshmallow()
"""


def test_nothing_is_imported_for_a_model_that_needs_nothing() -> None:
    code = PREPARE + "print({'aiohttp', 'marshmallow'} & set(sys.modules))"

    assert "set()" == run(code)


@pytest.mark.parametrize("first", ["", "import aiohttp.web; "], ids=["later", "before"])
def test_a_reason_may_be_anything_whenever_aiohttp_is_imported(first: str) -> None:
    code = (
        first
        + PREPARE
        + """
from aiohttp import web
print(repr(str(web.HTTPBadRequest(reason=ValueError("a\\nb")))), len(sys.meta_path))
"""
    )

    text, finders = run(code).rsplit(" ", 1)

    assert repr("a\nb") == text
    assert int(finders) <= int(run("import sys; print(len(sys.meta_path))")) + 1


@pytest.mark.parametrize("first", ["", "import marshmallow; "], ids=["later", "before"])
def test_fields_of_version_3_are_made_without_warnings(first: str) -> None:
    code = (
        first
        + PREPARE
        + """
from marshmallow import Schema, fields
fields.Field(missing=1, description="d")
class Meta: ordered = True
type("Args", (Schema,), {"Meta": Meta})
print("quiet")
"""
    )

    assert "quiet" == run(code)


def test_a_module_that_does_not_exist_is_not_found_as_ever() -> None:
    code = (
        PREPARE
        + """
sys.path_importer_cache.clear(); sys.path[:] = []
try:
    import aiohttp.web_exceptions
except ModuleNotFoundError as error:
    print(error.name)
"""
    )

    assert "aiohttp" == run(code)
