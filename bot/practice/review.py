"""The lines of a review as they stand in its messages: a student's words, and who would see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.practice.message import Json, Message, readable


@dataclass(frozen=True)
class Line:
    """One line under review. `choice`: which of the `options` of its menu is chosen, from the most open, 0.

    `message` is a ts, `menu` and `change` are the action ids of its menu and of its button to say it differently.
    """

    message: str
    menu: str
    change: str
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
    part, who = "", ""
    said: list[str] = []
    for block in message.blocks:
        match block:
            case {"type": "section", "text": {"type": "mrkdwn", "text": text}}:
                heading, _, rest = readable(text).partition("\n")
                part = heading.strip("*")
                said += [rest.strip()] if rest.strip() else []
            case {"type": "section", "text": {"text": text}}:
                said.append(text)
            case {"type": "context", "elements": [*elements]}:
                who = "\n".join(readable(element["text"]) for element in elements)
            case {"type": "actions", "elements": [{"type": "static_select"} as menu, button]}:
                label = said.pop(0) if len(said) > 1 and said[0].endswith(":") else ""
                words = "".join(said)
                ids = menu["action_id"], button["action_id"]
                yield Line(message.ts, *ids, part, label.rstrip(":"), words, who, *_chosen(menu))
                said = []


def _chosen(menu: Json) -> tuple[tuple[str, ...], int]:
    options = [option["value"] for option in menu["options"]]
    labels = tuple(option["text"]["text"] for option in menu["options"])
    return labels, options.index(menu["initial_option"]["value"]) if "initial_option" in menu else 0
