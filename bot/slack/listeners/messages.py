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
from bot.services import flooding
from bot.services.talk.hearing import Incoming, hear
from bot.services.talk.uploads import NotTaken, Upload, sift
from bot.slack.caps import Gesture
from bot.slack.desk import Desk
from bot.slack.shapes import in_dm
from scheduler.outbox import Delivery

SAID = frozenset({None, "file_share", "thread_broadcast", "me_message"})
CAPTIONS = 20_000
_OF_FILES = ("title", "name", "alt_txt", "subject", "preview", "plain_text", "preview_plain_text")
_OF_ATTACHMENTS = ("pretext", "title", "text", "fallback")
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
            self._desk.send(self._taken(incoming))
        return BoltResponse(status=200, body="")

    def _taken(self, incoming: Incoming) -> list[Delivery]:
        """What follows from a message; more than can be taken in at once is not heard, and they are told."""
        house, workspace, person = self._desk.house, incoming.workspace, incoming.slack_id
        if isinstance(incoming.event, Deleted):
            return hear(house, incoming)
        over = self._desk.caps.take(Gesture.MESSAGE, workspace, person, house.clock())
        if over is None or flooding.must_be_heard(house, incoming):
            return hear(house, incoming)
        if not over.first:
            return []
        return flooding.tell(house, workspace, person, Gesture.MESSAGE.value, over.limit.span, incoming.channel)


def read(body: Mapping[str, Any], event: Mapping[str, Any], bot_user: str) -> Incoming | None:
    """What somebody did with a message in their DM; None for what is no one's doing: the bot's own, unfurls, joins."""
    if not in_dm(event):
        return None
    subtype = event.get("subtype")
    found: tuple[str, Said | Edited | Deleted] | None
    not_taken: tuple[NotTaken, ...] = ()
    if subtype in SAID:
        works, not_taken = sift(_uploads(event))
        found = _said(event, works)
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
    return Incoming(body["team_id"], ids, author, event["channel"], what, _thread(event), not_taken)


def _thread(event: Mapping[str, Any]) -> str:
    """The ts of the message that a message stands under, "" where it stands under none."""
    for message in (event, event.get("message"), event.get("previous_message")):
        thread = (message or {}).get("thread_ts")
        if thread:
            return str(thread)
    return ""


def _said(event: Mapping[str, Any], works: tuple[Work, ...]) -> tuple[str, Said]:
    return event.get("user", ""), Said(event["ts"], plain(event.get("text") or ""), None, works, more=captions(event))


def _uploads(event: Mapping[str, Any]) -> list[Upload]:
    """The files and links of a message."""
    links = _LINK.findall(storable(event.get("text") or ""))
    files = [_file(one) for one in event.get("files") or ()]
    return [*files, *(Upload(Work("link", unescape(label or url), url, unescape(url))) for url, label in links)]


def _edited(event: Mapping[str, Any]) -> tuple[str, Edited | Deleted] | None:
    """An edit has a new `edited.ts` and another text; unfurls and thread roots come the same way and are none.

    A message with replies under it is deleted by being changed into a tombstone.
    """
    new, old = event.get("message") or {}, event.get("previous_message") or {}
    if new.get("subtype") == "tombstone" and not old.get("bot_id"):
        ts = old.get("ts") or new.get("ts")
        return (old.get("user", ""), Deleted(ts, event["ts"])) if ts else None
    edited = (new.get("edited") or {}).get("ts")
    more = captions(new) if captions(new) != captions(old) else ""
    if not edited or new.get("bot_id") or (new.get("text") == old.get("text") and not more):
        return None
    ts = new.get("ts") or old.get("ts")
    return (new.get("user", ""), Edited(ts, edited, plain(new.get("text") or ""), more=more)) if ts else None


def _deleted(event: Mapping[str, Any]) -> tuple[str, Deleted] | None:
    old = event.get("previous_message") or {}
    if old.get("bot_id"):
        return None
    return old.get("user", ""), Deleted(event["deleted_ts"], event["ts"])


def _file(file: Mapping[str, Any]) -> Upload:
    form, _, kind = str(file.get("mimetype") or "").partition("/")
    title = storable(file.get("title") or file.get("name") or "")
    work = Work("photo" if form == "image" else "file", title, file["id"], file.get("permalink") or "")
    size = file.get("size")
    kind = str(file.get("filetype") or kind)
    return Upload(work, str(file.get("name") or ""), kind, size if isinstance(size, int) else 0)


def captions(message: Mapping[str, Any]) -> str:
    """The words that come with a message beside its text, at most `CAPTIONS` characters: of files the titles, names,
    descriptions, comments, previews and what was spoken; of messages that are passed on with it the texts.

    Fields as in https://docs.slack.dev/reference/objects/file-object. Whatever is no text is left out.
    """
    found = [
        one.get(field)
        for kind, fields in (("files", _OF_FILES), ("attachments", _OF_ATTACHMENTS))
        for one in _tables(message.get(kind))
        for field in fields
    ]
    for file in _tables(message.get("files")):
        found += [comment.get("comment") for comment in _tables([file.get("initial_comment")])]
        spoken = _tables([file.get("transcription")])
        found += [part.get("content") for one in spoken for part in _tables([one.get("preview")])]
    return "\n".join(dict.fromkeys(plain(one) for one in found if isinstance(one, str) and one))[:CAPTIONS]


def _tables(found: object) -> list[Mapping[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


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
