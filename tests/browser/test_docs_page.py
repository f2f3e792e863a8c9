"""The documentation page in a real browser: it renders, and asks no other host for anything."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from paidan.workspace import init_workspace
from serve.app import create_app

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real server in this process, without a model: the page needs none."""
    home = init_workspace(tmp_path / "home").home
    config = uvicorn.Config(create_app(home=home), host="127.0.0.1", port=0, log_level="error", access_log=False)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    for _ in range(200):
        if running.started:
            break
        time.sleep(0.05)
    assert running.started
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    running.should_exit = True
    thread.join(10)


@pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="not run: chromium is not installed (scripts/machine.sh installs it where apt and root are there)",
)
def test_documentation_page_renders_and_asks_no_other_host(server: str) -> None:
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "CI must have chromium: scripts/machine.sh installs it"
    hosts: set[str] = set()
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(f"{server}/docs")
        page.get_by_text("/v1/classify/batch").first.wait_for()
        page.get_by_text("One message → one answer").first.click()
        page.get_by_text("空调修了三次还是不制冷").first.wait_for()
        browser.close()
    assert hosts == {server.removeprefix("http://")}
    assert not errors
