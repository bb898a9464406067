"""Text objects, options and confirmation dialogs."""

from __future__ import annotations

import re
from typing import Any

from bot.practice.checks.problems import Problems

_TEXT = frozenset({"type", "text"})
_PLAIN_EXTRA = frozenset({"emoji"})
_MRKDWN_EXTRA = frozenset({"verbatim"})
_OPTION = frozenset({"text", "value"})
_OPTION_EXTRA = frozenset({"description", "url"})
_CONFIRM = frozenset({"title", "text", "confirm", "deny"})
_CONFIRM_EXTRA = frozenset({"style"})
_NONE: frozenset[str] = frozenset()
_DATE = re.compile(r"<!date\^[^<>]*>")
_WELL_FORMED = re.compile(
    r"<!date\^[0-9]+\^[^|^<>]*\{(date_num|date_slash|date_long|date_long_full|date_long_pretty|date|date_pretty"
    r"|date_short|date_short_pretty|time|time_secs|ago)\}[^|^<>]*(\^https?://[^|<>]+)?\|[^|<>]+>"
)


def check_text(problems: Problems, text: Any, place: str, longest: int, *, plain: bool = False) -> None:
    """A text object of 1 to `longest` characters; `plain`: only plain_text will do."""
    if not isinstance(text, dict):
        problems.add(place, "must be a text object")
        return
    kind = text.get("type")
    if kind not in ("plain_text", "mrkdwn") or (plain and kind != "plain_text"):
        problems.add(f"{place}/type", f"unsupported text type: {kind}")
        return
    if problems.keys(text, place, _TEXT, _PLAIN_EXTRA if kind == "plain_text" else _MRKDWN_EXTRA):
        problems.length(text["text"], f"{place}/text", longest)
        if kind == "mrkdwn":
            check_dates(problems, text["text"], f"{place}/text")


def check_dates(problems: Problems, text: Any, place: str) -> None:
    """Every date in a text: seconds, a form Slack knows, and what is shown where it cannot be."""
    for found in _DATE.findall(text) if isinstance(text, str) else ():
        if not _WELL_FORMED.fullmatch(found):
            problems.add(place, f"no date Slack could show: {found}")


def check_options(problems: Problems, options: Any, place: str, most: int, *, mrkdwn: bool = False) -> list[Any]:
    """Options of a menu, checkboxes or radio buttons: text and description 75, value 150, no value twice."""
    if not problems.count(options, place, most):
        return []
    seen: set[str] = set()
    for number, option in enumerate(options):
        check_option(problems, option, f"{place}/{number}", mrkdwn=mrkdwn)
        value = option.get("value") if isinstance(option, dict) else None
        if isinstance(value, str):
            if value in seen:
                problems.add(f"{place}/{number}/value", f"option values must be unique: {value} comes twice")
            seen.add(value)
    return list(options)


def check_option(problems: Problems, option: Any, place: str, *, mrkdwn: bool = False) -> None:
    """One option."""
    if not isinstance(option, dict):
        problems.add(place, "must be an option object")
        return
    if problems.keys(option, place, _OPTION, _OPTION_EXTRA):
        check_text(problems, option["text"], f"{place}/text", 75, plain=not mrkdwn)
        problems.length(option["value"], f"{place}/value", 150)
    if "description" in option:
        check_text(problems, option["description"], f"{place}/description", 75, plain=not mrkdwn)


def check_confirm(problems: Problems, confirm: Any, place: str) -> None:
    """A confirmation dialog: title 100, text 300, buttons 30 (Slack's reference)."""
    if not isinstance(confirm, dict) or not problems.keys(confirm, place, _CONFIRM, _CONFIRM_EXTRA):
        problems.add(place, "must be a confirmation dialog")
        return
    for name, longest in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        check_text(problems, confirm[name], f"{place}/{name}", longest, plain=True)
