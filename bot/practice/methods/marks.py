"""pins.add, bookmarks.add, reactions.add."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.practice.channel import Channel
from bot.practice.message import Json
from bot.practice.refusal import Refusal

if TYPE_CHECKING:
    from bot.practice.call import Call
    from bot.practice.workspace import PracticeWorkspace

_MOST_PINS = 100
_LONGEST_TITLE = 256
_EMOJI = re.compile(r"[a-z0-9_'+-]{1,100}(::skin-tone-[2-6])?")


def pin(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _with_message(workspace, call)
    if workspace.bot_user not in channel.members:
        raise Refusal("not_in_channel")
    if call["timestamp"] in channel.pins:
        raise Refusal("already_pinned")
    if len(channel.pins) >= _MOST_PINS:
        raise Refusal("too_many_pins")
    channel.pins.append(call["timestamp"])
    return {}


def bookmark(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = workspace.seen_channel(call["channel_id"])
    if call["type"] != "link":
        raise Refusal("invalid_bookmark_type")
    if not call.get("link", "").startswith(("http://", "https://")):
        raise Refusal("invalid_link")
    if len(call["title"]) > _LONGEST_TITLE:
        raise Refusal("invalid_arguments", [f"title: must be less than {_LONGEST_TITLE + 1} characters"])
    made = {"id": workspace.new_id("Bk"), "channel_id": channel.id} | {
        name: call.get(name, "") for name in ("title", "link", "emoji", "type")
    }
    channel.bookmarks.append(made)
    return {"bookmark": made}


def react(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _with_message(workspace, call)
    if not _EMOJI.fullmatch(call["name"]):
        raise Refusal("invalid_name")
    reactions = channel.reactions.setdefault(call["timestamp"], [])
    if (call["name"], workspace.bot_user) in reactions:
        raise Refusal("already_reacted")
    reactions.append((call["name"], workspace.bot_user))
    return {}


def _with_message(workspace: PracticeWorkspace, call: Call) -> Channel:
    channel = workspace.seen_channel(call["channel"])
    if call["timestamp"] not in channel.messages:
        raise Refusal("message_not_found")
    return channel


METHODS = {"pins.add": pin, "bookmarks.add": bookmark, "reactions.add": react}
