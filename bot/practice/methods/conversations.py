"""conversations.*: opening, creating, finding and reading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.practice.channel import Channel, Kind
from bot.practice.message import Json, Message
from bot.practice.methods.pages import page
from bot.practice.refusal import Refusal

if TYPE_CHECKING:
    from bot.practice.call import Call
    from bot.practice.workspace import PracticeWorkspace

_LONGEST_NAME = 80
_LONGEST_TOPIC = 250
_TS = re.compile(r"\d{1,10}(\.\d{1,6})?")
_TYPES = {"public_channel": Kind.PUBLIC, "private_channel": Kind.PRIVATE, "im": Kind.IM, "mpim": Kind.MPIM}


def open_(workspace: PracticeWorkspace, call: Call) -> Json:
    if ("users" in call.args) == ("channel" in call.args):
        raise Refusal("users_list_not_supplied")
    if "channel" in call.args:
        channel = workspace.seen_channel(call["channel"])
        call.need_for(channel.kind)
        return {"channel": _opened(workspace, channel, call), "already_open": True, "no_op": True}
    users = [user for user in call["users"].split(",") if user]
    call.need_for(Kind.IM if len(users) == 1 else Kind.MPIM)
    if len(users) != 1:
        raise Refusal("too_many_users", ["the practice workspace opens direct messages with one person only"])
    person = workspace.people.get(users[0])
    if person is None:
        raise Refusal("user_not_found")
    if person.deleted:
        raise Refusal("user_disabled")
    known = workspace.im_of(person.id) is not None
    if call.get("prevent_creation") and not known:
        raise Refusal("channel_not_found")
    answer: Json = {"channel": _opened(workspace, workspace.im(person.id), call)}
    return answer | ({"already_open": True, "no_op": True} if known else {})


def _opened(workspace: PracticeWorkspace, channel: Channel, call: Call) -> Json:
    return channel.payload(workspace.bot_user) if call.get("return_im") else {"id": channel.id}


def create(workspace: PracticeWorkspace, call: Call) -> Json:
    kind = Kind.PRIVATE if call.get("is_private") else Kind.PUBLIC
    call.need_for(kind)
    name = call["name"]
    _check_name(name)
    if workspace.channel(name) is not None:
        raise Refusal("name_taken")
    channel = workspace.add_channel(name, kind, workspace.bot_user)
    return {"channel": channel.payload(workspace.bot_user)}


def _check_name(name: str) -> None:
    if len(name) > _LONGEST_NAME:
        raise Refusal("invalid_name_maxlength")
    if name != name.lower() or not all(letter.isalnum() or letter in "-_" for letter in name):
        raise Refusal("invalid_name_specials")
    if not any(letter.isalnum() for letter in name):
        raise Refusal("invalid_name_punctuation")


def info(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = workspace.seen_channel(call["channel"])
    call.need_for(channel.kind)
    body = channel.payload(workspace.bot_user)
    if call.get("include_num_members"):
        body["num_members"] = len(channel.members)
    return {"channel": body}


def history(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _readable(workspace, call)
    messages = _between(call, channel.top_level())[::-1]
    shown, cursor = page(call, messages)
    return {
        "messages": [m.payload(metadata=call.get("include_all_metadata", False)) for m in shown],
        "has_more": bool(cursor["response_metadata"]["next_cursor"]),
        "pin_count": len(channel.pins),
        **cursor,
    }


def replies(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _readable(workspace, call)
    thread = channel.thread(call["ts"])
    if not thread:
        raise Refusal("thread_not_found")
    shown, cursor = page(call, _between(call, thread))
    return {
        "messages": [m.payload(metadata=call.get("include_all_metadata", False)) for m in shown],
        "has_more": bool(cursor["response_metadata"]["next_cursor"]),
        **cursor,
    }


def _readable(workspace: PracticeWorkspace, call: Call) -> Channel:
    channel = workspace.seen_channel(call["channel"])
    call.need_for(channel.kind)
    if workspace.bot_user not in channel.members:
        raise Refusal("not_in_channel" if call.method.name == "conversations.history" else "channel_not_found")
    return channel


def _between(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = _stamp(call.get("oldest", "0"), "oldest"), _stamp(call.get("latest", "9999999999"), "latest")
    if call.get("inclusive"):
        return [m for m in messages if oldest <= _stamp(m.ts, "latest") <= latest]
    return [m for m in messages if oldest < _stamp(m.ts, "latest") < latest]


def _stamp(ts: str, which: str) -> int:
    if not _TS.fullmatch(ts):
        raise Refusal(f"invalid_ts_{which}")
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1_000_000 + int(fraction.ljust(6, "0") or 0)


def list_(workspace: PracticeWorkspace, call: Call) -> Json:
    channels = _of_types(workspace, call)
    shown, cursor = page(call, channels)
    return {"channels": [channel.payload(workspace.bot_user) for channel in shown], **cursor}


def of_user(workspace: PracticeWorkspace, call: Call) -> Json:
    user = call.get("user", workspace.bot_user)
    channels = [channel for channel in _of_types(workspace, call) if user in channel.members]
    shown, cursor = page(call, channels)
    return {"channels": [channel.payload(workspace.bot_user) for channel in shown], **cursor}


def _of_types(workspace: PracticeWorkspace, call: Call) -> list[Channel]:
    names = call.get("types", "public_channel").split(",")
    if any(name not in _TYPES for name in names):
        raise Refusal("invalid_types")
    kinds = {_TYPES[name] for name in names}
    for kind in kinds:
        call.need_for(kind)
    return [
        channel
        for channel in workspace.channels.values()
        if channel.kind in kinds
        and (channel.kind is Kind.PUBLIC or workspace.bot_user in channel.members)
        and not (call.get("exclude_archived") and channel.archived)
    ]


def set_topic(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _writable(workspace, call, "topic")
    channel.topic = call["topic"]
    return {"channel": channel.payload(workspace.bot_user)}


def set_purpose(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _writable(workspace, call, "purpose")
    channel.purpose = call["purpose"]
    return {"channel": channel.payload(workspace.bot_user), "purpose": channel.purpose}


def _writable(workspace: PracticeWorkspace, call: Call, what: str) -> Channel:
    channel = workspace.seen_channel(call["channel"])
    call.need_for(channel.kind)
    if workspace.bot_user not in channel.members:
        raise Refusal("not_in_channel")
    if channel.archived:
        raise Refusal("is_archived")
    if len(call[what]) > _LONGEST_TOPIC:
        raise Refusal("too_long")
    return channel


def archive(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = workspace.seen_channel(call["channel"])
    call.need_for(channel.kind)
    if workspace.bot_user not in channel.members:
        raise Refusal("not_in_channel")
    if channel.archived:
        raise Refusal("already_archived")
    channel.archived = True
    return {}


METHODS = {
    "conversations.open": open_,
    "conversations.create": create,
    "conversations.info": info,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.list": list_,
    "conversations.setTopic": set_topic,
    "conversations.setPurpose": set_purpose,
    "conversations.archive": archive,
    "users.conversations": of_user,
}
