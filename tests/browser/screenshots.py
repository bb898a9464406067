"""The pictures of the README, made of the running demo: python -m tests.browser.screenshots [FOLDER]"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser import story
from tests.browser.running import chromium, running
from tests.browser.seat import Seat

HERE = Path(__file__).parents[2] / "docs" / "images"
SIZE = {"width": 1280, "height": 840}
PATIENCE = 60_000
COLOURS = 160
"""As many as a page of text needs: the pictures are half as large."""


def take(folder: Path) -> list[Path]:
    """Play the story and take the pictures; where they are."""
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory() as temporary, running(Path(temporary)) as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        taken = [*_of_the_student(page, demo.url, folder), *_of_the_adults(page, demo.url, folder)]
        browser.close()
        demo.ends_well(signal.SIGTERM)
    return taken


def _of_the_student(page: Page, url: str, folder: Path) -> list[Path]:
    seat = Seat(page, url, "Noor Haddad")
    story.says_hello(seat)
    story.is_stuck(seat)
    question = _picture(page, folder / "question.png")
    story.answers(seat)
    story.looks_over(seat)
    story.approves(seat)
    seat.open("conf-noor")
    seat.sees("Noor leads", "2 replies").evaluate("message => message.scrollIntoView({block: 'start'})")
    return [question, _picture(page, folder / "agenda.png")]


def _of_the_adults(page: Page, url: str, folder: Path) -> list[Path]:
    seat = Seat(page, url, "Mr. Reyes")
    seat.open("Mr. Reyes")
    seat.tap("A piece of work I choose")
    seat.fill({
        "What is it?": "lab notebook, page 12",
        "Why this one?": "She crossed out her first guess and wrote down why.",
        "Where does it belong?": "With the strengths",
    })  # fmt: skip
    window = _picture(page, folder / "window.png")
    seat.submit("Send")
    seat.submit("Close")
    seat = Seat(page, url, "Noor Haddad")
    page.locator(".sidebar-item").filter(has_text="Conference Coach").click()
    expect(page.locator(".home")).to_contain_text("Your conference")
    return [window, _picture(page, folder / "home.png")]


def _picture(page: Page, path: Path) -> Path:
    page.mouse.move(0, 0)  # off the messages, so that none is marked
    page.screenshot(path=path)
    with Image.open(path) as whole:
        whole.convert("RGB").quantize(COLOURS).save(path, optimize=True)
    return path


if __name__ == "__main__":
    for picture in take(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE):
        print(f"{picture} · {picture.stat().st_size // 1000} kB")
