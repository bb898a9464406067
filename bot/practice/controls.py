"""The controls in a message or view: finding one by what it says, and what using it sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.practice.message import Json
from bot.practice.refusal import PracticeError


@dataclass(frozen=True)
class Control:
    """A button, menu, checkbox group or input, and the block it stands in."""

    block_id: str
    element: Json
    label: str
    optional: bool = True

    @property
    def action_id(self) -> str:
        """The id the app gave it."""
        return str(self.element["action_id"])

    @property
    def type(self) -> str:
        """Its element type."""
        return str(self.element["type"])

    @property
    def options(self) -> list[Json]:
        """What can be chosen."""
        groups = self.element.get("option_groups", ())
        grouped = [option for group in groups for option in group["options"]]
        return [*self.element.get("options", ()), *grouped]

    def called(self, name: str) -> bool:
        """Whether this is its action id, its action without number, its block id, or its words."""
        return name in (self.action_id, self.action_id.partition(".")[0], self.block_id, self.label)

    def entry(self, value: Any) -> Json:
        """What `state.values` and actions say when this holds `value`: text, an option's value or words, or several."""
        match self.type:
            case "static_select" | "radio_buttons" | "overflow":
                return {"type": self.type, "selected_option": None if value is None else self._option(value)}
            case "checkboxes" | "multi_static_select":
                return {"type": self.type, "selected_options": [self._option(one) for one in value]}
            case "users_select":
                return {"type": self.type, "selected_user": value}
            case "conversations_select":
                return {"type": self.type, "selected_conversation": value}
            case "multi_users_select":
                return {"type": self.type, "selected_users": list(value)}
            case "multi_conversations_select":
                return {"type": self.type, "selected_conversations": list(value)}
            case "datepicker":
                return {"type": self.type, "selected_date": value}
            case "timepicker":
                return {"type": self.type, "selected_time": value}
            case "file_input":
                return {"type": self.type, "files": list(value)}
            case "button":
                return {"type": "button", "text": self.element["text"]} | (
                    {"value": self.element["value"]} if "value" in self.element else {}
                )
            case _:
                return {"type": self.type, "value": self._typed(value)}

    def first(self) -> Json:
        """What it holds before anyone touched it."""
        element = self.element
        several = [option["value"] for option in element.get("initial_options", ())]
        if self.type in ("checkboxes", "multi_static_select"):
            return self.entry(several)
        if "initial_option" in element:
            return self.entry(element["initial_option"]["value"])
        known = next((element[key] for key in _INITIAL if key in element), None)
        return self.entry([] if known is None and self.type in _LISTS else known)

    def empty(self, entry: Json) -> bool:
        """Whether an entry of this holds nothing."""
        return not any(value for key, value in entry.items() if key != "type")

    def _option(self, name: str) -> Json:
        for option in self.options:
            if name in (option["value"], option["text"]["text"]):
                return option
        raise PracticeError(f"{self.label or self.action_id} has no option {name!r}.")

    def _typed(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > self.element.get("max_length", 3000):
            raise PracticeError(f"{self.label}: that is too long to type in.")
        if isinstance(value, str) and len(value) < self.element.get("min_length", 0):
            raise PracticeError(f"{self.label}: that is too short.")
        return value or None


_INITIAL = ("initial_value", "initial_date", "initial_time", "initial_user", "initial_conversation")
_LISTS = ("multi_users_select", "multi_conversations_select", "file_input")


def controls(blocks: Sequence[Json]) -> list[Control]:
    """All controls, in reading order."""
    return list(_controls(blocks))


def _controls(blocks: Sequence[Json]) -> Iterator[Control]:
    for block in blocks:
        if block["type"] == "input":
            label, optional = block["label"]["text"], block.get("optional", False)
            yield Control(block["block_id"], block["element"], label, optional)
            continue
        beside = [block["accessory"]] if "accessory" in block else []
        for element in [*beside, *(block["elements"] if block["type"] == "actions" else ())]:
            if "action_id" in element:
                yield Control(block["block_id"], element, _label(element))


def _label(element: Json) -> str:
    text = element.get("text") or element.get("placeholder") or {}
    return str(text.get("text", ""))


def find(blocks: Sequence[Json], name: str) -> Control | None:
    """The control called so: exactly by id or words; None if there is none."""
    return next((control for control in controls(blocks) if control.called(name)), None)


def values(blocks: Sequence[Json], touched: dict[str, Json]) -> Json:
    """`state.values`: every control that holds something, by block and action; `touched` by action id."""
    state: Json = {}
    for control in controls(blocks):
        if control.type not in ("button", "overflow"):
            entry = touched.get(control.action_id) or control.first()
            state.setdefault(control.block_id, {})[control.action_id] = entry
    return state
