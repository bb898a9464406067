from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.running import Running, chromium, running

PATIENCE = 30_000
SIZE = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One running demo for all that look at it; each looks at other people. It ends as a service is ended."""
    with running(tmp_path_factory.mktemp("demo")) as it:
        yield it
        it.ends_well(signal.SIGTERM)


@pytest.fixture(scope="module")  # no longer: while it lasts, its thread has an event loop running
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    path = chromium()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        it = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield it
        it.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own for each test."""
    it = browser.new_page(viewport=SIZE)
    it.set_default_timeout(PATIENCE)
    yield it
    it.close()
