from __future__ import annotations

from typing import Any

import pytest

from bot.practice.checks.blocks import Surface, check_blocks
from bot.practice.checks.problems import Problems
from tests.practice.conftest import actions, button, plain, section, text_input


def found(*blocks: dict[str, Any], surface: Surface = Surface.MESSAGE) -> str:
    problems = Problems()
    check_blocks(problems, list(blocks), surface)
    return "\n".join(problems.found)


def option(text: str = "A", value: str = "a", **more: Any) -> dict[str, Any]:
    return {"text": plain(text), "value": value} | more


def select(*options: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "s", "options": list(options)} | more


def checkboxes(*options: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "checkboxes", "action_id": "c", "options": list(options)} | more


FINE = [
    section("x" * 3000),
    {"type": "section", "text": {"type": "plain_text", "text": "words", "emoji": False}},
    {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2000}] * 10},
    {"type": "section", "text": plain("x"), "accessory": button("Go", "other")},
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider"},
    section("on <!date^1796941800^{date_long} at {time}|Thursday at 17:30>"),
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 10},
    actions(*(button("x" * 75, f"a{n}", value="x" * 2000) for n in range(25))),
    actions(select(*(option(value=str(n)) for n in range(100)), initial_option=option(value="7"))),
    actions(checkboxes(option("x" * 75, "x" * 150, description=plain("y" * 75)))),
    {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "a"},
]

BAD = [
    (section("x" * 3001), "less than 3001"),
    (section(""), "more than 0"),
    ({"type": "section"}, "needs text or fields"),
    ({"type": "section", "text": plain("x"), "colour": "red"}, "unknown key: colour"),
    ({"type": "section", "text": {"type": "plain_text", "text": "x", "verbatim": True}}, "unknown key: verbatim"),
    ({"type": "section", "fields": [plain("x")] * 11}, "no more than 10"),
    ({"type": "section", "fields": [plain("x" * 2001)]}, "less than 2001"),
    ({"type": "header", "text": plain("x" * 151)}, "less than 151"),
    ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "unsupported text type"),
    ({"type": "context", "elements": [plain("x")] * 11}, "no more than 10"),
    ({"type": "context", "elements": [plain("x" * 3001)]}, "less than 3001"),
    (actions(*(button("x", f"a{n}") for n in range(26))), "no more than 25"),
    (actions(button("x" * 76)), "less than 76"),
    (actions(button("x", value="x" * 2001)), "less than 2001"),
    (actions(button("x", "x" * 256)), "less than 256"),
    (actions(button("x", style="loud")), "primary or danger"),
    (actions({"type": "button", "text": plain("x")}), "missing required field: action_id"),
    (actions(select()), "at least 1"),
    (actions(select(*(option(value=str(n)) for n in range(101)))), "no more than 100"),
    (actions(select(option("x" * 76))), "less than 76"),
    (actions(select(option(value="x" * 151))), "less than 151"),
    (actions(select(option(), option())), "a comes twice"),
    (actions(select(option(), initial_option=option(value="b"))), "one of the options"),
    (actions(select(option(), placeholder=plain("x" * 151))), "less than 151"),
    (actions(checkboxes(*(option(value=str(n)) for n in range(11)))), "no more than 10"),
    (actions(checkboxes(option(description=plain("x" * 76)))), "less than 76"),
    (actions({"type": "plain_text_input", "action_id": "t"}), "unsupported element"),
    (text_input("i", "Label", element={"type": "plain_text_input", "action_id": "t", "max_length": 3001}), "1 to 3000"),
    (text_input("i", "L", element={"type": "file_input", "action_id": "f"}), "modals only"),
    ({"type": "video"}, "unsupported type: video"),
    ({"type": "markdown", "text": "x" * 12_001}, "less than 12001"),
    ({"type": "table", "rows": [[plain("x")] * 21]}, "no more than 20"),
    ({"type": "divider", "block_id": "x" * 256}, "less than 256"),
    (section("on <!date^1796941800^{day}|Thursday>"), "no date Slack could show"),
    (section("on <!date^1796941800^{date_long}>"), "no date Slack could show"),
]


@pytest.mark.parametrize("block", FINE, ids=lambda block: block["type"])
def test_what_slack_takes_is_taken(block: dict[str, Any]) -> None:
    assert found(block) == ""


@pytest.mark.parametrize(("block", "problem"), BAD, ids=[problem for _, problem in BAD])
def test_what_slack_refuses_is_refused(block: dict[str, Any], problem: str) -> None:
    assert problem in found(block)


def test_a_message_has_50_blocks_and_a_home_100() -> None:
    assert "no more than 50" in found(*[{"type": "divider"}] * 51)
    assert found(*[{"type": "divider"}] * 100, surface=Surface.HOME) == ""
    assert "no more than 100" in found(*[{"type": "divider"}] * 101, surface=Surface.MODAL)


def test_a_block_id_comes_once() -> None:
    assert "b comes twice" in found({"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"})


def test_markdown_blocks_share_their_12000_characters() -> None:
    assert "together" in found(*[{"type": "markdown", "text": "x" * 6001}] * 2)


def test_a_message_holds_one_table() -> None:
    assert "only one table" in found(*[{"type": "table", "rows": [[plain("x")]]}] * 2)


def test_every_problem_is_listed_with_its_place() -> None:
    said = found(section(""), actions(button("")))
    assert "/blocks/0/text/text" in said
    assert "/blocks/1/elements/0/text/text" in said
