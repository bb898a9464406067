"""A conversation: who is in it, what was said."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.practice.message import Json, Message


class Kind(StrEnum):
    """The kinds of conversation; a scope's name begins with `prefix`."""

    PUBLIC = "public"
    PRIVATE = "private"
    IM = "im"
    MPIM = "mpim"

    @property
    def prefix(self) -> str:
        """The word scopes and event names use."""
        return {"public": "channels", "private": "groups", "im": "im", "mpim": "mpim"}[self.value]


@dataclass
class Channel:
    """A channel or direct message. `members` keeps the order of joining; `messages` is keyed and ordered by ts."""

    id: str
    kind: Kind
    name: str
    creator: str
    created: int
    members: dict[str, None] = field(default_factory=dict)
    topic: str = ""
    purpose: str = ""
    archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)
    reactions: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    @property
    def type_word(self) -> str:
        """`channel_type` of message events."""
        return {"public": "channel", "private": "group", "im": "im", "mpim": "mpim"}[self.kind]

    def other(self, bot: str) -> str:
        """The person of a direct message with `bot`."""
        return next(member for member in self.members if member != bot)

    def top_level(self) -> list[Message]:
        """Messages outside threads (and broadcast from them), oldest first."""
        return [m for m in self.messages.values() if m.broadcast or m.thread_ts in ("", m.ts)]

    def thread(self, ts: str) -> list[Message]:
        """A thread: its first message and the replies, oldest first."""
        return [m for m in self.messages.values() if m.ts == ts or m.thread_ts == ts]

    def can_be_replied_to(self, ts: str) -> bool:
        """Whether a thread can stand under this message: it is there, and no reply itself."""
        return ts in self.messages and self.messages[ts].thread_ts in ("", ts)

    def payload(self, bot: str) -> Json:
        """The conversation object of conversations.info."""
        common: Json = {
            "id": self.id,
            "created": self.created,
            "is_archived": self.archived,
            "is_im": self.kind is Kind.IM,
            "is_mpim": self.kind is Kind.MPIM,
            "is_channel": self.kind is Kind.PUBLIC,
            "is_group": self.kind is Kind.PRIVATE,
            "is_private": self.kind is not Kind.PUBLIC,
        }
        return common | (self._im(bot) if self.kind is Kind.IM else self._named(bot))

    def _im(self, bot: str) -> dict[str, Any]:
        return {"user": self.other(bot), "is_user_deleted": False, "priority": 0}

    def _named(self, bot: str) -> dict[str, Any]:
        return {
            "name": self.name,
            "name_normalized": self.name,
            "creator": self.creator,
            "is_member": bot in self.members,
            "topic": {"value": self.topic, "creator": self.creator, "last_set": 0},
            "purpose": {"value": self.purpose, "creator": self.creator, "last_set": 0},
        }
