from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from bot.practice import Message
from bot.practice.terminal import show
from tests.practice.conftest import actions, button, plain, section


def drawn(*blocks: dict[str, Any], text: str = "fallback", width: int = 80, colour: bool = False) -> str:
    console = Console(file=io.StringIO(), width=120, force_terminal=colour, color_system="standard" if colour else None)
    console.print(show(Message("D1", "1.000001", "U1", text, "T1", blocks=blocks), width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_message_is_readable_without_colours() -> None:
    page = drawn(
        {"type": "header", "text": plain("My goals")},
        section("*Science.* What did you _do_? See <https://a.example|this>."),
        {"type": "section", "text": plain("i measured *it* [bold]")},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "1 of 4"}]},
        {"type": "divider"},
        actions(button("Skip for now"), button("Back", "act.2")),
    )
    lines = [line.rstrip() for line in page.splitlines() if line.strip()]
    assert lines[:4] == ["My goals", "Science. What did you do? See this.", "i measured *it* [bold]", "1 of 4"]
    assert set(lines[4].strip()) == {"─"}
    assert lines[5] == "[Skip\u00a0for\u00a0now]  [Back]"


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_line_is_wider_than_asked(width: int) -> None:
    page = drawn(
        section("word " * 200), actions(*(button(f"Button number {n}", f"a{n}") for n in range(12))), width=width
    )
    assert max(len(line.rstrip()) for line in page.splitlines()) <= width


def test_choices_show_what_is_chosen() -> None:
    options = [{"text": plain("Me"), "value": "me"}, {"text": plain("All"), "value": "all"}]
    page = drawn(
        actions({"type": "checkboxes", "action_id": "c", "options": options, "initial_options": options[:1]}),
        actions({"type": "static_select", "action_id": "s", "options": options, "initial_option": options[1]}),
    )
    assert "☑ Me" in page
    assert "☐ All" in page
    assert "‹All ▾›" in page


def test_words_cannot_steer_the_terminal() -> None:
    page = drawn({"type": "section", "text": plain("a\x1b[31mred\u202eback")}, colour=True)
    assert "␛[31mred\ufffdback" in page


def test_a_person_s_message_is_shown_unescaped() -> None:
    assert "a < b & c" in drawn(text="a &lt; b &amp; c")
