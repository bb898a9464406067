"""The lines of a review as they stand in its messages: a student's words, and who would see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.practice.message import Json, Message, readable


@dataclass(frozen=True)
class Line:
    """One line under review. `choice`: which of the `options` of its menu is chosen, from the most open, 0."""

    message: str  # the ts
    menu: str  # the action id
    part: str
    label: str
    words: str
    who: str
    options: tuple[str, ...]
    choice: int

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands, whatever it says."""
        return self.message, self.menu


def lines_of(message: Message) -> list[Line]:
    """The lines of a message, none if it is not a part of a review."""
    return list(_lines(message))


def _lines(message: Message) -> Iterator[Line]:
    part, label, words, who = "", "", "", ""
    for block in message.blocks:
        match block:
            case {"type": "section", "text": {"type": "mrkdwn", "text": text}}:
                first, _, rest = readable(text).partition("\n")
                bold = first.startswith("*") and first.endswith("*")
                part, label = (first.strip("*"), rest.strip()) if bold else (part, readable(text).strip())
            case {"type": "section", "text": {"type": "plain_text", "text": text}}:
                words += text
            case {"type": "context", "elements": [*elements]}:
                who = "\n".join(readable(element["text"]) for element in elements)
            case {"type": "actions", "elements": [{"type": "static_select"} as menu, *_]}:
                yield Line(message.ts, menu["action_id"], part, label, words, who, *_chosen(menu))
                label, words, who = "", "", ""


def _chosen(menu: Json) -> tuple[tuple[str, ...], int]:
    options = [option["value"] for option in menu["options"]]
    labels = tuple(option["text"]["text"] for option in menu["options"])
    return labels, options.index(menu["initial_option"]["value"]) if "initial_option" in menu else 0
