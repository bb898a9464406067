"""A message, and what its reader would see and get from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]

_ANGLED = re.compile(r"<([^<>\s][^<>]*)>")
_DATE = re.compile(r"<!date\^([0-9]+)\^([^|^<>]*)(?:\^[^|<>]*)?\|[^<>]*>")
_TOKENS = {"{date_long}": "%A, %B %-d, %Y", "{time}": "%-I:%M %p"}
_BARE_LINK = re.compile(r"(?<![<|\w])https?://[^\s<>|]+")


@dataclass(frozen=True)
class Message:
    """One message as it stands in a channel; an edit makes a new one with the same `ts`."""

    channel: str
    ts: str
    user: str
    text: str
    team: str
    blocks: tuple[Json, ...] = ()
    app: str = ""  # the bot that posted it, as its bot id; "" for a person
    thread_ts: str = ""
    broadcast: bool = False
    metadata: Json | None = None
    edited: str = ""
    files: tuple[Json, ...] = ()
    client_msg_id: str = ""
    subtype: str = ""
    parse: str = ""
    only_for: str = ""  # an ephemeral message's reader

    def payload(self, *, metadata: bool = False) -> Json:
        """The message as Slack's JSON; its metadata only where asked for."""
        body: Json = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts, "team": self.team}
        if self.app:
            body["bot_id"] = self.app
        for name in ("subtype", "thread_ts", "client_msg_id"):
            if getattr(self, name):
                body[name] = getattr(self, name)
        if self.blocks:
            body["blocks"] = list(self.blocks)
        if self.files:
            body["files"] = list(self.files)
        if self.edited:
            body["edited"] = {"user": self.user, "ts": self.edited}
        if metadata and self.metadata is not None:
            body["metadata"] = self.metadata
        return body

    @cached_property
    def mrkdwn_texts(self) -> tuple[str, ...]:
        """The texts in the blocks that Slack parses."""
        return tuple(text["text"] for text in text_objects(self.blocks) if text["type"] == "mrkdwn")

    @cached_property
    def plain_texts(self) -> tuple[str, ...]:
        """The texts in the blocks that Slack shows as they are."""
        return tuple(text["text"] for text in text_objects(self.blocks) if text["type"] == "plain_text")

    @cached_property
    def shown(self) -> str:
        """All a reader sees, a line per text: mrkdwn unescaped, links by their label."""
        return readable(self.text) if self.typed else shown_in(self.blocks)

    def shown_in(self, zone: str) -> str:
        """The same on the clock of a reader in that time zone."""
        blocks = [_localized(block, ZoneInfo(zone)) for block in self.blocks]
        return readable(self.text) if self.typed else shown_in(blocks)

    @property
    def typed(self) -> bool:
        """Whether its words stand in `text` alone: typed by a person, or posted without blocks."""
        return not self.blocks or self.blocks[0]["type"] == "rich_text"

    @cached_property
    def buttons(self) -> tuple[str, ...]:
        """The words on its buttons, in order."""
        return buttons_in(self.blocks)

    @cached_property
    def pings(self) -> tuple[str, ...]:
        """Whom the message would notify or name: "!channel", "@U…", "#C…", "!subteam^S…"."""
        found = [ping for text in (self.text, *self.mrkdwn_texts) for ping in _angled(text, "!@#")]
        return tuple(ping for ping in found if not ping.startswith("!date^"))

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Every address a reader could follow from the text, written as a link or made one by Slack."""
        texts = text_objects(self.blocks)
        parsed = [t["text"] for t in texts if t["type"] == "mrkdwn" and not t.get("verbatim")]
        parsed += [] if self.parse == "none" else [self.text]
        explicit = [link for text in (self.text, *self.mrkdwn_texts) for link in _links(text)]
        return tuple(dict.fromkeys([*explicit, *(link for text in parsed for link in _BARE_LINK.findall(text))]))


def text_objects(blocks: object) -> list[Json]:
    """Every text object inside blocks, in reading order."""
    return list(_text_objects(blocks))


def _text_objects(node: object) -> Iterator[Json]:
    if isinstance(node, Mapping):
        if node.get("type") in ("plain_text", "mrkdwn") and isinstance(node.get("text"), str):
            yield dict(node)
            return
        for value in node.values():
            yield from _text_objects(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _text_objects(value)


def shown_in(blocks: object) -> str:
    """All a reader sees in blocks, a line per text: mrkdwn unescaped, links by their label."""
    texts = text_objects(blocks)
    return "\n".join(t["text"] if t["type"] == "plain_text" else readable(t["text"]) for t in texts)


def buttons_in(blocks: Iterable[Json]) -> tuple[str, ...]:
    """The words on the buttons in blocks, in order."""
    elements = [e for block in blocks for e in (block.get("accessory"), *block.get("elements", ())) if e]
    return tuple(element["text"]["text"] for element in elements if element["type"] == "button")


def _angled(text: str, signs: str) -> list[str]:
    return [inner.split("|")[0] for inner in _ANGLED.findall(text) if inner[0] in signs]


def _links(text: str) -> list[str]:
    return [inner.split("|")[0] for inner in _ANGLED.findall(text) if inner[0] not in "!@#"]


def readable(text: str) -> str:
    """Slack's escaped text as a reader sees it: links by label, `&lt;` as `<`."""
    labelled = _ANGLED.sub(lambda found: found[1].split("|")[-1], text)
    return unescape(labelled)


def _localized(node: Any, zone: ZoneInfo) -> Any:
    """Blocks with the dates in them as a reader in that zone sees them."""
    if isinstance(node, Mapping):
        if node.get("type") == "plain_text":
            return node
        return {key: _localized(value, zone) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_localized(value, zone) for value in node]
    return _DATE.sub(lambda found: _moment(found, zone), node) if isinstance(node, str) else node


def _moment(found: re.Match[str], zone: ZoneInfo) -> str:
    """A date as Slack shows it in English."""
    moment, text = datetime.fromtimestamp(int(found[1]), zone), found[2]
    for token, form in _TOKENS.items():
        text = text.replace(token, moment.strftime(form))
    return text


def escape(text: str) -> str:
    """What Slack does to what people type: `&`, `<` and `>` only."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """The reverse of `escape`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def typed(text: str) -> str:
    """The `text` Slack makes of what someone types: escaped, addresses in angle brackets."""
    return _BARE_LINK.sub(lambda found: f"<{found[0]}>", escape(text))
