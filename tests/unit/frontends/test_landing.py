"""The root leads to everything else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import descriptions
from tests.support.descriptions import model

from deepaas.frontends.api.job_documents import OGC_REL
from deepaas.frontends.api.landing import (
    landing_page,
    ogc_links,
    versions_document,
    way_to_root,
)


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> _Reader:
    return _Reader(page)


def test_version_1_comes_first_where_a_v1_model_is() -> None:
    document = versions_document(base_path="/a", has_docs=True, has_v1=True)

    assert [("v1", "deprecated"), ("v2", "stable")] == [
        (one["id"], one["version"]) for one in document["versions"]
    ]
    assert "/a/v1/" == document["versions"][0]["links"][0]["href"]


def test_programs_get_the_document_of_2x() -> None:
    assert {
        "versions": [
            {
                "version": "stable",
                "id": "v2",
                "links": [
                    {"rel": "self", "type": "application/json", "href": "/a/v2/"}
                ],
            }
        ],
        "links": [
            {"rel": "help", "type": "text/html", "href": "/a/api"},
            {
                "rel": "describedby",
                "type": "application/json",
                "href": "/a/swagger.json",
            },
        ],
    } == versions_document(base_path="/a", has_docs=True)


@pytest.mark.parametrize(
    ("has_docs", "has_jobs", "missing"),
    [(True, True, set()), (False, True, {"service-doc"}), (True, False, {"job-list"})],
)
def test_clients_of_ogc_services_are_led_to_its_parts(
    *, has_docs: bool, has_jobs: bool, missing: set[str]
) -> None:
    links = ogc_links(root="http://host/a", has_docs=has_docs, has_jobs=has_jobs)

    found = {link["rel"].removeprefix(f"{OGC_REL}/"): link["href"] for link in links}
    expected = {
        "self": "http://host/a/",
        "service-desc": "http://host/a/openapi.json",
        "service-doc": "http://host/a/api",
        "conformance": "http://host/a/conformance",
        "processes": "http://host/a/processes",
        "job-list": "http://host/a/jobs",
    }
    assert {rel: expected[rel] for rel in set(expected) - missing} == found


def test_without_the_page_there_is_no_link_to_it() -> None:
    links = versions_document(base_path="", has_docs=False)["links"]
    page = landing_page({}, root="./", has_docs=False)

    assert ["describedby"] == [link["rel"] for link in links]
    assert "./api" not in read(page).links


@pytest.mark.parametrize(
    ("base_path", "path", "address"),
    [
        ("", "/", "http://host/"),
        ("", "/", "http://host/proxy/x/"),
        ("/a", "/a", "http://host/a"),
        ("/a", "/a/", "http://host/a/"),
        ("/a/b", "/a/b", "http://host/proxy/a/b"),
        ("/a/b", "/", "http://host/a/b"),
        ("/a/b", "/", "http://host/a/b/"),
        ("/a/b", "/b", "http://host/a/b"),
    ],
)
def test_links_work_below_a_base_path_and_behind_a_proxy(
    base_path: str, path: str, address: str
) -> None:
    root = way_to_root(path, base_path=base_path)
    page = landing_page({"net (v1)": descriptions.EMPTY}, root=root, has_docs=True)
    root = address.rstrip("/")

    assert {
        f"{root}/v2/models/net%20(v1)/",
        f"{root}/api",
        f"{root}/openapi.json",
        f"{root}/swagger.json",
        f"{root}/readyz",
    } == {urljoin(address, link) for link in read(page).links}


def test_models_are_listed_with_what_they_do() -> None:
    page = landing_page({"plants": descriptions.PLANTS}, root="./", has_docs=True)
    text = read(page).text

    assert "plants" in text
    assert "Names plants" in text


def test_no_model_is_said() -> None:
    page = landing_page({}, root="./", has_docs=True)
    assert "No model is loaded." in read(page).text


@given(name=st.text(min_size=1), description=st.text() | st.integers() | st.none())
def test_what_a_model_says_is_text_and_never_markup(
    name: str, description: object
) -> None:
    one = model(metadata={"description": description})
    page = read(landing_page({name: one}, root="./", has_docs=True))
    plain = read(landing_page({"m": descriptions.EMPTY}, root="./", has_docs=True))

    assert plain.tags == page.tags
    assert len(plain.links) == len(page.links)


def test_there_is_no_script() -> None:
    evil = "</dd><script>alert(1)</script><img src=x onerror=alert(1)>{links}"
    one = model(metadata={"description": evil})
    page = landing_page({evil: one}, root="./", has_docs=True)

    assert not re.search(r"<script|<img", page)
    assert evil in read(page).text
