"""Interactive elements: buttons, menus, checkboxes, inputs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bot.practice.checks.problems import Problems
from bot.practice.checks.text import check_confirm, check_options, check_text

BUTTONS = frozenset({"button", "overflow"})
SELECTS = frozenset({"static_select", "users_select", "conversations_select"})
MULTI_SELECTS = frozenset({"multi_static_select", "multi_users_select", "multi_conversations_select"})
PICKERS = frozenset({"datepicker", "timepicker"})
CHOICES = frozenset({"checkboxes", "radio_buttons"})
TYPED = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})
IN_ACTIONS = BUTTONS | SELECTS | MULTI_SELECTS | PICKERS | CHOICES
IN_SECTION = IN_ACTIONS | {"image"}
IN_INPUT = SELECTS | MULTI_SELECTS | PICKERS | CHOICES | TYPED | {"file_input"}

_COMMON = frozenset({"type", "action_id"})
_SELECT_EXTRA = frozenset({"placeholder", "confirm", "focus_on_load"})
_EXTRA: dict[str, frozenset[str]] = {
    "button": frozenset({"text", "value", "url", "style", "confirm", "accessibility_label"}),
    "overflow": frozenset({"options", "confirm"}),
    "static_select": _SELECT_EXTRA | {"options", "option_groups", "initial_option"},
    "multi_static_select": _SELECT_EXTRA | {"options", "option_groups", "initial_options", "max_selected_items"},
    "users_select": _SELECT_EXTRA | {"initial_user"},
    "multi_users_select": _SELECT_EXTRA | {"initial_users", "max_selected_items"},
    "conversations_select": _SELECT_EXTRA | {"initial_conversation", "filter", "default_to_current_conversation"},
    "multi_conversations_select": _SELECT_EXTRA | {"initial_conversations", "filter", "max_selected_items"},
    "datepicker": _SELECT_EXTRA | {"initial_date"},
    "timepicker": _SELECT_EXTRA | {"initial_time", "timezone"},
    "checkboxes": frozenset({"options", "initial_options", "confirm", "focus_on_load"}),
    "radio_buttons": frozenset({"options", "initial_option", "confirm", "focus_on_load"}),
    "plain_text_input": frozenset(
        {
            "initial_value",
            "multiline",
            "min_length",
            "max_length",
            "placeholder",
            "dispatch_action_config",
            "focus_on_load",
        }
    ),
    "number_input": frozenset(
        {"is_decimal_allowed", "initial_value", "min_value", "max_value", "placeholder", "focus_on_load"}
    ),
    "email_text_input": frozenset({"initial_value", "placeholder", "focus_on_load"}),
    "url_text_input": frozenset({"initial_value", "placeholder", "focus_on_load"}),
    "file_input": frozenset({"filetypes", "max_files"}),
}
_IMAGE = frozenset({"type", "alt_text"})
_SOURCES = frozenset({"image_url", "slack_file"})
_FILE_ID = re.compile(r"F[A-Z0-9]{8,}")
_NONE: frozenset[str] = frozenset()


def check_element(problems: Problems, element: Any, place: str, allowed: frozenset[str]) -> None:
    """An element of one of the allowed types, with an action id of its own."""
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in allowed:
        problems.add(place, f"unsupported element: {kind}")
        return
    if kind == "image":
        check_image(problems, element, place)
        return
    if not problems.keys(element, place, _COMMON, _EXTRA[kind]):
        return
    problems.unique(element["action_id"], f"{place}/action_id", problems.action_ids, "action_id")
    if "placeholder" in element:
        check_text(problems, element["placeholder"], f"{place}/placeholder", 150, plain=True)
    if "confirm" in element:
        check_confirm(problems, element["confirm"], f"{place}/confirm")
    if kind in _CHECKS:
        _CHECKS[kind](problems, element, place)


def check_image(problems: Problems, element: Any, place: str) -> None:
    """An image element: an address of 3,000 and alternative text of 2,000 characters at most."""
    if problems.keys(element, place, _IMAGE, _SOURCES):
        check_source(problems, element, place)
        problems.length(element["alt_text"], f"{place}/alt_text", 2000)


def check_source(problems: Problems, image: Any, place: str) -> None:
    """Where an image comes from: an address, or a file of Slack's by its id or address; one of them."""
    given = [name for name in _SOURCES if name in image]
    if len(given) != 1:
        problems.add(place, "needs either image_url or slack_file")
    if "image_url" in image:
        problems.length(image["image_url"], f"{place}/image_url", 3000)
    if "slack_file" in image:
        _slack_file(problems, image["slack_file"], f"{place}/slack_file")


def _slack_file(problems: Problems, file: Any, place: str) -> None:
    if not isinstance(file, dict) or len(file) != 1 or not set(file) <= {"id", "url"}:
        problems.add(place, "needs either id or url")
    elif "id" in file and not (isinstance(file["id"], str) and _FILE_ID.fullmatch(file["id"])):
        problems.add(f"{place}/id", "input must match regex pattern: ^[F][A-Z0-9]{8,}$")
    elif "url" in file:
        problems.length(file["url"], f"{place}/url", 3000)


def _button(problems: Problems, button: Any, place: str) -> None:
    check_text(problems, button.get("text"), f"{place}/text", 75, plain=True)
    if "value" in button:
        problems.length(button["value"], f"{place}/value", 2000, 0)
    if "url" in button:
        problems.length(button["url"], f"{place}/url", 3000)
    if "accessibility_label" in button:
        problems.length(button["accessibility_label"], f"{place}/accessibility_label", 75)
    if button.get("style", "primary") not in ("primary", "danger"):
        problems.add(f"{place}/style", "must be primary or danger")


def _menu(problems: Problems, menu: Any, place: str) -> None:
    if ("options" in menu) == ("option_groups" in menu):
        problems.add(place, "needs either options or option_groups")
        return
    if "options" in menu:
        options = check_options(problems, menu["options"], f"{place}/options", 100)
    else:
        options = _groups(problems, menu["option_groups"], f"{place}/option_groups")
    _initial(problems, menu, place, options)


def _groups(problems: Problems, groups: Any, place: str) -> list[Any]:
    options: list[Any] = []
    if problems.count(groups, place, 100):
        for number, group in enumerate(groups):
            if problems.keys(group, f"{place}/{number}", frozenset({"label", "options"}), _NONE):
                check_text(problems, group["label"], f"{place}/{number}/label", 75, plain=True)
                options += check_options(problems, group["options"], f"{place}/{number}/options", 100)
    return options


def _choices(problems: Problems, element: Any, place: str) -> None:
    options = check_options(problems, element.get("options"), f"{place}/options", 10, mrkdwn=True)
    _initial(problems, element, place, options)


def _overflow(problems: Problems, element: Any, place: str) -> None:
    check_options(problems, element.get("options"), f"{place}/options", 5)


def _initial(problems: Problems, element: Any, place: str, options: list[Any]) -> None:
    if "initial_options" in element and not element["initial_options"]:
        problems.add(f"{place}/initial_options", "must have at least 1 item")
    chosen = list(element.get("initial_options") or ())
    if "initial_option" in element:
        chosen.append(element["initial_option"])
    if any(option not in options for option in chosen):
        problems.add(place, "what is chosen at first must be one of the options, exactly")


def _text_input(problems: Problems, element: Any, place: str) -> None:
    longest = element.get("max_length", 3000)
    if not isinstance(longest, int) or not 1 <= longest <= 3000:
        problems.add(f"{place}/max_length", "must be 1 to 3000")
        longest = 3000
    if not isinstance(element.get("min_length", 0), int) or not 0 <= element.get("min_length", 0) <= 3000:
        problems.add(f"{place}/min_length", "must be 0 to 3000")
    if "initial_value" in element:
        problems.length(element["initial_value"], f"{place}/initial_value", longest, 0)


def _file_input(problems: Problems, element: Any, place: str) -> None:
    if not 1 <= element.get("max_files", 10) <= 10:
        problems.add(f"{place}/max_files", "must be 1 to 10")


_CHECKS: dict[str, Callable[[Problems, Any, str], None]] = {
    "button": _button,
    "overflow": _overflow,
    "static_select": _menu,
    "multi_static_select": _menu,
    "checkboxes": _choices,
    "radio_buttons": _choices,
    "plain_text_input": _text_input,
    "file_input": _file_input,
}
