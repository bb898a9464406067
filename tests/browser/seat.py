"""Somebody before local-slack's page: what they do there, and what they wait to see."""

from __future__ import annotations

import re
from collections.abc import Mapping

from playwright.sync_api import Locator, Page, expect

MESSAGE = ".msg"
_KEY_MILLISECONDS = 15
"""Between two keys: nobody answers a question before it stands there."""


class Seat:
    """A page, and the person whose part is played in it."""

    def __init__(self, page: Page, url: str, name: str) -> None:
        self.page = page
        page.goto(url)
        expect(page.get_by_text("ui live")).to_be_visible()
        expect(page.locator(".app-dot.on")).to_be_visible()  # the bot is connected
        for left_open in page.locator(".modal-x").all():  # local-slack keeps a window until somebody closes it
            left_open.click()
        page.get_by_label("Act as").select_option(label=name)

    def open(self, name: str) -> None:
        """Open a channel, or somebody's direct message with the coach."""
        self.page.locator(".sidebar-item").filter(has_text=name).click()
        expect(self.page.locator(".channel-title")).to_contain_text(name)

    def say(self, words: str) -> None:
        """Type something and send it."""
        box = self.page.locator("textarea.composer-input")
        box.press_sequentially(words, delay=_KEY_MILLISECONDS)
        box.press("Enter")
        expect(box).to_have_value("")

    def attach(self, name: str, picture: bytes) -> None:
        """Attach a picture (PNG) to what is said next."""
        file = {"name": name, "mimeType": "image/png", "buffer": picture}
        self.page.locator("input[type=file]").set_input_files(file)

    def sees(self, *words: str) -> Locator:
        """Wait until one message shows all these words; that message."""
        message = self.page.locator(MESSAGE)
        for some in words:
            message = message.filter(has_text=some)
        expect(message.last).to_be_visible()
        return message.last

    def tap(self, label: str) -> None:
        """Tap the newest button of that name."""
        self.page.get_by_role("button", name=label, exact=True).last.click()

    def choose(self, words: str, option: str) -> None:
        """Choose in the first menu under a message's line."""
        line = self.page.locator(f"{MESSAGE} .blocks > *").filter(has_text=words).last
        line.locator("xpath=following-sibling::*[.//select][1]//select").select_option(label=option)

    def edit(self, words: str, to: str) -> None:
        """Change one's own message with these words, as Slack lets one."""
        message = self.page.locator(MESSAGE).filter(has_text=words).last
        message.hover()
        message.get_by_title("Edit message").click()
        self.page.locator(".msg-edit-input").fill(to)
        self.page.get_by_role("button", name="Save", exact=True).click()

    def window(self, *words: str) -> Locator:
        """The window that is open, once it shows all these words."""
        window = self.page.locator(".modal")
        for some in words:
            expect(window).to_contain_text(some)
        return window

    def fill(self, words: Mapping[str, str]) -> None:
        """Fill the open window's fields, by their labels."""
        for label, text in words.items():
            named = self.page.get_by_text(re.compile(f"^{re.escape(label)}$"))
            self._enter(self.window(label).locator(".bk-input").filter(has=named), text)

    def submit(self, label: str) -> None:
        """Send the open window off, or close it."""
        self.window().get_by_role("button", name=label, exact=True).click()

    def _enter(self, field: Locator, text: str) -> None:
        if field.locator("select").count():
            field.locator("select").select_option(label=text)
        else:
            field.locator("input").fill(text)
