"""Trigger ids and response addresses: what an interaction lets the app do, for how long and how often."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.practice.checks.payloads import check_message
from bot.practice.refusal import Refusal
from bot.practice.wire import Reply, Request

if TYPE_CHECKING:
    from bot.practice.workspace import PracticeWorkspace

TRIGGER_LIFE = timedelta(seconds=3)
RESPONSE_LIFE = timedelta(minutes=30)
RESPONSE_USES = 5


class Triggers:
    """Trigger ids: good for 3 s, once."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._issued: dict[str, tuple[str, datetime]] = {}
        self._used: set[str] = set()

    def issue(self, user: str) -> str:
        """A new one, for this user's gesture."""
        trigger = f"{len(self._issued) + 1}.{secrets.randbelow(10**9)}.{secrets.token_hex(16)}"
        self._issued[trigger] = user, self._now()
        return trigger

    def use(self, trigger: str) -> str:
        """Use it up; whose gesture it was. Raises Refusal."""
        if trigger not in self._issued:
            raise Refusal("invalid_trigger_id")
        if trigger in self._used:
            raise Refusal("exchanged_trigger_id")
        user, issued = self._issued[trigger]
        if self._now() - issued > TRIGGER_LIFE:
            raise Refusal("expired_trigger_id")
        self._used.add(trigger)
        return user


@dataclass
class _Place:
    user: str
    channel: str
    message_ts: str
    until: datetime
    left: int = RESPONSE_USES


class Responses:
    """Response addresses: 5 uses in 30 minutes, for one user in one channel."""

    def __init__(self, workspace: PracticeWorkspace) -> None:
        self._workspace = workspace
        self._places: dict[str, _Place] = {}

    def issue(self, user: str, channel: str, message_ts: str = "") -> str:
        """A new address; `message_ts`: the message whose control was used."""
        token = secrets.token_urlsafe(12)
        self._places[token] = _Place(user, channel, message_ts, self._workspace.now() + RESPONSE_LIFE)
        return f"{self._workspace.address}/hooks/{self._workspace.team_id}/{token}"

    def serve(self, request: Request) -> Reply:
        """Take what the app posts to such an address."""
        with self._workspace.changing:
            place = self._places.get(request.path.rpartition("/")[2])
            if place is None or place.left <= 0:
                return Reply.of({"ok": False, "error": "used_url" if place else "invalid_url"}, 404)
            if self._workspace.now() > place.until:
                return Reply.of({"ok": False, "error": "expired_url"}, 404)
            place.left -= 1
            try:
                self.say(place.user, place.channel, request.fields(), place.message_ts)
            except (Refusal, ValueError) as error:
                return Reply.of({"ok": False, "error": getattr(error, "error", "invalid_payload")}, 400)
            finally:
                self._workspace.changing.notify_all()
        return Reply.of({"ok": True})

    def say(self, user: str, channel: str, body: dict[str, Any], message_ts: str = "") -> None:
        """Do what a response says: a new message or an ephemeral one, or change or delete the one answered."""
        unknown = set(body) - {
            "text",
            "blocks",
            "response_type",
            "replace_original",
            "delete_original",
            "thread_ts",
            "unfurl_links",
            "unfurl_media",
            "parse",
        }
        if unknown:
            raise Refusal("invalid_arguments", [f"unknown argument: {name}" for name in unknown])
        if body.get("delete_original"):
            self._workspace.withdraw(channel, user, message_ts)
            return
        check_message(body.get("text"), body.get("blocks"))
        if body.get("replace_original"):
            self._workspace.reword(channel, user, message_ts, body["text"], body.get("blocks") or ())
        elif body.get("response_type") == "in_channel":
            self._workspace.say(channel, body["text"], body.get("blocks") or ())
        else:
            self._workspace.ephemeral(channel, user, body["text"], body.get("blocks") or (), body.get("parse", ""))
