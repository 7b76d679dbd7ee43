"""The page at /api, in a real browser, with no way to the internet."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
CHROMIUM = shutil.which("chromium")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Debian's package chromium; `make test` installs it"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    port = free_port()
    started = ServerProcess(
        [
            *(sys.executable, "-m", "deepaas.cli.main", "serve", "--strict"),
            *("--listen-port", str(port), "--base-path", "/science"),
            f"digits={DIGITS / 'deepaas_digits.py'}",
        ],
        port=port,
        folder=tmp_path_factory.mktemp("server"),
    )
    started.wait_until_ready("/science/readyz")
    yield started
    assert started.stop() == 0


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser.new_page()
        browser.close()


def test_a_file_is_uploaded_and_its_answer_shown(
    server: ServerProcess, page: Page
) -> None:
    addresses: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(f"{message.type} {message.text}"))

    page.goto(f"{server.url}/science/ui")
    operation = page.locator(".opblock-post", has_text="/digits/predict/")
    operation.locator(".opblock-summary-control").click()
    operation.locator("input[type=file]").set_input_files(DIGITS / "samples/7.png")
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").last).to_contain_text("200")

    body = answer.locator(".response-col_description code").first.inner_text()
    assert 7 == json.loads(body)[0]["digit"]
    assert [] == [fault for fault in faults if not fault.startswith("log")]
    asked = {urlsplit(one).netloc for one in addresses if one.startswith("http")}
    assert {urlsplit(server.url).netloc} == asked


def test_the_root_leads_a_browser_to_the_page(
    server: ServerProcess, page: Page
) -> None:
    page.goto(f"{server.url}/science")
    page.get_by_role("link", name="Try the models").click()

    expect(page.locator(".opblock-post").first).to_contain_text("/digits/predict/")
