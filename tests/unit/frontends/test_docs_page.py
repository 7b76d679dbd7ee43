"""The API page is whole in itself."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from deepaas.frontends.api import docs_page

FOREIGN = re.compile(r"https?:|//")


def needed() -> list[str]:
    return re.findall(r'(?:src|href)="static/swagger/([^"]+)"', docs_page.docs_html())


def test_each_file_that_the_page_needs_is_there() -> None:
    assert 4 == len(needed())
    for name in needed():
        found = docs_page.asset(name)
        assert found is not None
        assert found[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("swagger-ui-bundle.js", "text/javascript"),
        ("swagger-ui.css", "text/css"),
        ("favicon-32x32.png", "image/png"),
        ("start.js", "text/javascript"),
    ],
)
def test_a_file_has_its_media_type(name: str, expected: str) -> None:
    found = docs_page.asset(name)
    assert found is not None
    assert expected == found[1]


@pytest.mark.parametrize("name", ["", "nothing.js", "../__init__.py", "__init__.py"])
def test_nothing_else_is_given_out(name: str) -> None:
    assert docs_page.asset(name) is None


def test_it_is_swagger_ui_5_which_reads_openapi_31() -> None:
    found = docs_page.asset("swagger-ui-bundle.js")
    assert found is not None
    assert b'PACKAGE_VERSION:"5.' in found[0]


def test_no_script_stands_in_the_page() -> None:
    page = docs_page.docs_html()
    assert not re.findall(r"<script[^>]*>[^<]", page)
    assert not re.search(r"\son\w+=", page)


def test_nothing_comes_from_elsewhere() -> None:
    start = docs_page.asset("start.js")
    assert start is not None
    assert not FOREIGN.search(docs_page.docs_html())
    assert not FOREIGN.search(start[0].decode())


def test_the_address_of_the_page_cannot_change_its_settings() -> None:
    start = docs_page.asset("start.js")
    assert start is not None
    assert b"queryConfigEnabled: false" in start[0]


def test_the_policy_forbids_inline_scripts_and_frames() -> None:
    policy = dict(
        part.split(" ", 1) for part in docs_page.CONTENT_SECURITY_POLICY.split("; ")
    )
    assert "'self'" == policy["default-src"]
    assert "script-src" not in policy
    assert "'none'" == policy["frame-ancestors"]


def test_the_package_of_the_files_is_not_imported() -> None:
    program = (
        "import sys; from deepaas.frontends.api import docs_page; "
        "assert docs_page.asset('swagger-ui.css'); "
        "assert 'fastapi_swagger' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
