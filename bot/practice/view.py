"""A modal or an App Home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.practice.message import Json, buttons_in, shown_in


@dataclass(frozen=True)
class View:
    """A view as it stands before one person; an update makes a new one with the same id."""

    id: str
    user: str
    definition: Json
    hash: str
    root_id: str
    previous_id: str | None = None

    @property
    def type(self) -> str:
        """ "modal" or "home"."""
        return str(self.definition["type"])

    @property
    def blocks(self) -> tuple[Json, ...]:
        """Its blocks."""
        return tuple(self.definition["blocks"])

    @property
    def title(self) -> str:
        """A modal's title; "" for a home."""
        return str(self.definition.get("title", {}).get("text", ""))

    @property
    def shown(self) -> str:
        """All a reader sees in it, a line per text."""
        return shown_in(self.blocks)

    @property
    def buttons(self) -> tuple[str, ...]:
        """The words on its buttons, in order."""
        return buttons_in(self.blocks)

    @property
    def private_metadata(self) -> str:
        """What the app left in it for itself."""
        return str(self.definition.get("private_metadata", ""))

    def payload(self, app: Mapping[str, str], values: Json | None = None) -> Json:
        """The view object of answers and interactions. `app`: app_id, bot_id, team_id."""
        body: dict[str, Any] = {
            "id": self.id,
            "team_id": app["team_id"],
            "private_metadata": "",
            "callback_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "close": None,
            "submit": None,
            "external_id": "",
        }
        body |= self.definition
        return body | {
            "state": {"values": values or {}},
            "hash": self.hash,
            "previous_view_id": self.previous_id,
            "root_view_id": self.root_id,
            "app_id": app["app_id"],
            "app_installed_team_id": app["team_id"],
            "bot_id": app["bot_id"],
        }
