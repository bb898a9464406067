"""Blocks of a message, a modal or a home: what is in them, how much, where they may stand."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from bot.practice.checks.elements import IN_ACTIONS, IN_INPUT, IN_SECTION, check_element, check_image, check_source
from bot.practice.checks.problems import Problems
from bot.practice.checks.text import check_text


class Surface(StrEnum):
    """Where blocks stand."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


MOST_BLOCKS = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
_MARKDOWN_ALL = 12_000
_ID = frozenset({"block_id"})
_SHAPE: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "section": (frozenset({"type"}), _ID | {"text", "fields", "accessory", "expand"}),
    "header": (frozenset({"type", "text"}), _ID),
    "divider": (frozenset({"type"}), _ID),
    "context": (frozenset({"type", "elements"}), _ID),
    "actions": (frozenset({"type", "elements"}), _ID),
    "image": (frozenset({"type", "alt_text"}), _ID | {"title", "image_url", "slack_file"}),
    "input": (frozenset({"type", "label", "element"}), _ID | {"hint", "optional", "dispatch_action"}),
    "markdown": (frozenset({"type", "text"}), _ID),
    "table": (frozenset({"type", "rows"}), _ID | {"column_settings"}),
    "rich_text": (frozenset({"type", "elements"}), _ID),
}
_ONLY_MESSAGES = ("markdown", "table")


def check_blocks(problems: Problems, blocks: Any, surface: Surface, place: str = "/blocks") -> None:
    """Everything Slack refuses in a list of blocks, and: ids that come twice anywhere in it, unknown keys."""
    if not problems.count(blocks, place, MOST_BLOCKS[surface], 0):
        return
    for number, block in enumerate(blocks):
        _check_block(problems, block, surface, f"{place}/{number}")
    of_type = [block.get("type") for block in blocks if isinstance(block, dict)]
    if of_type.count("table") > 1:
        problems.add(place, "only one table is allowed in a message")
    if "markdown" in of_type:
        words = sum(len(str(block.get("text", ""))) for block in blocks if block.get("type") == "markdown")
        if words > _MARKDOWN_ALL:
            problems.add(place, f"markdown blocks hold at most {_MARKDOWN_ALL} characters together")


def _check_block(problems: Problems, block: Any, surface: Surface, place: str) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in _SHAPE or (kind in _ONLY_MESSAGES and surface is not Surface.MESSAGE):
        problems.add(f"{place}/type", f"unsupported type: {kind}")
        return
    if "block_id" in block:
        problems.unique(block["block_id"], f"{place}/block_id", problems.block_ids, "block_id")
    required, allowed = _SHAPE[kind]
    if problems.keys(block, place, required, allowed) and kind in _CHECKS:
        _CHECKS[kind](problems, block, place)
    if kind == "input" and surface is not Surface.MODAL and block.get("element", {}).get("type") == "file_input":
        problems.add(f"{place}/element", "file_input stands in modals only")


def _section(problems: Problems, block: Any, place: str) -> None:
    if "text" not in block and "fields" not in block:
        problems.add(place, "needs text or fields")
    if "text" in block:
        check_text(problems, block["text"], f"{place}/text", 3000)
    if "fields" in block and problems.count(block["fields"], f"{place}/fields", 10):
        for number, field in enumerate(block["fields"]):
            check_text(problems, field, f"{place}/fields/{number}", 2000)
    if "accessory" in block:
        check_element(problems, block["accessory"], f"{place}/accessory", IN_SECTION)


def _header(problems: Problems, block: Any, place: str) -> None:
    check_text(problems, block["text"], f"{place}/text", 150, plain=True)


def _context(problems: Problems, block: Any, place: str) -> None:
    if not problems.count(block["elements"], f"{place}/elements", 10):
        return
    for number, element in enumerate(block["elements"]):
        if isinstance(element, dict) and element.get("type") == "image":
            check_image(problems, element, f"{place}/elements/{number}")
        else:
            check_text(problems, element, f"{place}/elements/{number}", 3000)


def _actions(problems: Problems, block: Any, place: str) -> None:
    if problems.count(block["elements"], f"{place}/elements", 25):
        for number, element in enumerate(block["elements"]):
            check_element(problems, element, f"{place}/elements/{number}", IN_ACTIONS)


def _image(problems: Problems, block: Any, place: str) -> None:
    check_source(problems, block, place)
    problems.length(block["alt_text"], f"{place}/alt_text", 2000)
    if "title" in block:
        check_text(problems, block["title"], f"{place}/title", 2000, plain=True)


def _input(problems: Problems, block: Any, place: str) -> None:
    check_text(problems, block["label"], f"{place}/label", 2000, plain=True)
    check_element(problems, block["element"], f"{place}/element", IN_INPUT)
    if "hint" in block:
        check_text(problems, block["hint"], f"{place}/hint", 2000, plain=True)


def _markdown(problems: Problems, block: Any, place: str) -> None:
    problems.length(block["text"], f"{place}/text", _MARKDOWN_ALL)


def _table(problems: Problems, block: Any, place: str) -> None:
    if problems.count(block["rows"], f"{place}/rows", 100):
        for number, row in enumerate(block["rows"]):
            problems.count(row, f"{place}/rows/{number}", 20)


_CHECKS: dict[str, Callable[[Problems, Any, str], None]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
    "table": _table,
}
