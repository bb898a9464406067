"""Messages in the DM with the bot: said, edited, taken back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.middleware import Middleware

from bot.dialogue.events import Deleted, Edited, Said
from bot.dialogue.state import Work
from bot.services.talk.hearing import Incoming, hear
from bot.slack.desk import Desk

SAID = frozenset({None, "file_share", "thread_broadcast", "me_message"})
_LINK = re.compile(r"<(https?://[^|>]+)(?:\|([^>]*))?>")
_ADDRESS = re.compile(r"<((?:https?|mailto|tel):[^|>]+)(?:\|([^>]*))?>")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # NUL, and half of an emoji: no database takes them
_MENTION = re.compile(r"<([@#!])([^|>]+)(?:\|([^>]*))?>")


def register(app: App, desk: Desk) -> None:
    """Listen to every kind of message."""
    app.use(Messages(desk))


class Messages(Middleware):
    """Takes messages in before Bolt asks its listeners about them.

    Nearly everything that arrives is a message, and Bolt makes up thirty arguments for every listener it asks and again
    for the one it runs: together that costs as much as finding the student.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def process(self, *, req: BoltRequest, resp: BoltResponse, next: Callable[[], BoltResponse]) -> BoltResponse | None:
        """A message is taken in and acked; all else goes on its way."""
        event = req.body.get("event")
        if not isinstance(event, dict) or event.get("type") != "message":
            return next()
        incoming = read(req.body, event, self._desk.bot_user)
        if incoming is not None:
            self._desk.send(hear(self._desk.house, incoming))
        return BoltResponse(status=200, body="")


def read(body: Mapping[str, Any], event: Mapping[str, Any], bot_user: str) -> Incoming | None:
    """What somebody did with a message in their DM; None for what is no one's doing: the bot's own, unfurls, joins."""
    if event.get("channel_type") != "im":
        return None
    subtype = event.get("subtype")
    found: tuple[str, Said | Edited | Deleted] | None
    if subtype in SAID:
        found = _said(event)
    elif subtype == "message_changed":
        found = _edited(event)
    elif subtype == "message_deleted":
        found = _deleted(event)
    else:
        return None
    if found is None or not found[0] or found[0] == bot_user or event.get("bot_id"):
        return None
    author, what = found
    ids = tuple(name for name in (body["event_id"], _gesture(event)) if name)
    return Incoming(body["team_id"], ids, author, event["channel"], what, _thread(event))


def _thread(event: Mapping[str, Any]) -> str:
    """The ts of the message that a message stands under, "" where it stands under none."""
    for message in (event, event.get("message"), event.get("previous_message")):
        thread = (message or {}).get("thread_ts")
        if thread:
            return str(thread)
    return ""


def _said(event: Mapping[str, Any]) -> tuple[str, Said]:
    files = tuple(_file(one) for one in event.get("files", ()))
    raw = storable(event.get("text") or "")
    links = tuple(Work("link", unescape(label or url), url, unescape(url)) for url, label in _LINK.findall(raw))
    return event.get("user", ""), Said(event["ts"], plain(raw), None, files + links)


def _edited(event: Mapping[str, Any]) -> tuple[str, Edited | Deleted] | None:
    """An edit has a new `edited.ts` and another text; unfurls and thread roots come the same way and are none.

    A message with replies under it is deleted by being changed into a tombstone.
    """
    new, old = event.get("message") or {}, event.get("previous_message") or {}
    if new.get("subtype") == "tombstone" and not old.get("bot_id"):
        return old.get("user", ""), Deleted(old.get("ts") or new["ts"], event["ts"])
    edited = (new.get("edited") or {}).get("ts")
    if not edited or new.get("bot_id") or new.get("text") == old.get("text"):
        return None
    ts = new.get("ts") or old.get("ts")
    return (new.get("user", ""), Edited(ts, edited, plain(new.get("text") or ""))) if ts else None


def _deleted(event: Mapping[str, Any]) -> tuple[str, Deleted] | None:
    old = event.get("previous_message") or {}
    if old.get("bot_id"):
        return None
    return old.get("user", ""), Deleted(event["deleted_ts"], event["ts"])


def _file(file: Mapping[str, Any]) -> Work:
    kind = "photo" if str(file.get("mimetype", "")).startswith("image/") else "file"
    title = storable(file.get("title") or file.get("name") or "")
    return Work(kind, title, file["id"], file.get("permalink") or "")


def _gesture(event: Mapping[str, Any]) -> str:
    """One gesture can arrive twice under different ts; Slack's client gives it one id."""
    name = event.get("client_msg_id")
    return f"gesture:{name}" if name else ""


def plain(text: str) -> str:
    """Slack's escaped text as it was typed: links and mentions as words, `&amp;` as `&`."""
    text = storable(text)
    text = _ADDRESS.sub(lambda link: link[2] or link[1].removeprefix("mailto:").removeprefix("tel:"), text)
    text = _MENTION.sub(lambda mention: mention[3] or f"{mention[1]}{mention[2]}", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def storable(text: str) -> str:
    """The text without what no database takes."""
    return _UNSTORABLE.sub("", text)
