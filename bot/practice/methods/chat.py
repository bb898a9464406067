"""chat.*: posting, changing and deleting the bot's messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.practice import payloads
from bot.practice.channel import Channel, Kind
from bot.practice.checks.payloads import check_message
from bot.practice.message import Json, Message
from bot.practice.refusal import Refusal

if TYPE_CHECKING:
    from bot.practice.call import Call
    from bot.practice.workspace import PracticeWorkspace


def post_message(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _open_channel(workspace, call["channel"])
    check_message(call.get("text"), call.get("blocks"), call.get("metadata"))
    workspace.files.check_images(call.get("blocks") or ())
    _check_thread(channel, call)
    message = Message(
        channel.id,
        workspace.next_ts(),
        workspace.bot_user,
        call["text"],
        workspace.team_id,
        blocks=workspace.named_blocks(call.get("blocks") or ()),
        app=workspace.bot_id,
        thread_ts=call.get("thread_ts", ""),
        broadcast=call.get("reply_broadcast", False),
        metadata=call.get("metadata") or None,
        parse=call.get("parse", ""),
        subtype="thread_broadcast" if call.get("reply_broadcast") else "",
    )
    channel.messages[message.ts] = message
    workspace.echo(channel, payloads.posted(channel, message))
    return {"channel": channel.id, "ts": message.ts, "message": message.payload(metadata=True)}


def update(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _open_channel(workspace, call["channel"], direct=False)
    old = channel.messages.get(call["ts"])
    if old is None:
        raise Refusal("message_not_found")
    if old.app != workspace.bot_id:
        raise Refusal("cant_update_message")
    check_message(call.get("text"), call.get("blocks"), call.get("metadata"), too_long="msg_too_long")
    workspace.files.check_images(call.get("blocks") or ())
    new = replace(
        old,
        text=call["text"],
        blocks=workspace.named_blocks(call["blocks"]) if "blocks" in call.args else old.blocks,
        metadata=(call["metadata"] or None) if "metadata" in call.args else old.metadata,
        parse=call.get("parse", ""),
        edited=workspace.next_ts(),
    )
    channel.messages[new.ts] = new
    workspace.echo(channel, payloads.changed(channel, old, new, new.edited))
    return {"channel": channel.id, "ts": new.ts, "text": new.text, "message": new.payload()}


def delete(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _open_channel(workspace, call["channel"], direct=False)
    old = channel.messages.get(call["ts"])
    if old is None:
        raise Refusal("message_not_found")
    if old.app != workspace.bot_id:
        raise Refusal("cant_delete_message")
    del channel.messages[old.ts]
    workspace.echo(channel, payloads.deleted(channel, old, workspace.next_ts()))
    return {"channel": channel.id, "ts": old.ts}


def post_ephemeral(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _open_channel(workspace, call["channel"])
    person = workspace.people.get(call["user"])
    if person is None or person.id not in channel.members:
        raise Refusal("user_not_in_channel")
    check_message(call.get("text"), call.get("blocks"))
    workspace.files.check_images(call.get("blocks") or ())
    _check_thread(channel, call)
    message = workspace.ephemeral(channel.id, person.id, call["text"], call.get("blocks") or (), call.get("parse", ""))
    return {"message_ts": message.ts}


def permalink(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = workspace.seen_channel(call["channel"])
    if call["message_ts"] not in channel.messages:
        raise Refusal("message_not_found")
    stamp = call["message_ts"].replace(".", "")
    link = f"https://{workspace.domain}.slack.com/archives/{channel.id}/p{stamp}"
    return {"channel": channel.id, "permalink": link}


def _open_channel(workspace: PracticeWorkspace, name: str, *, direct: bool = True) -> Channel:
    """The channel to write to. A user's id stands for the direct message with them where posting allows it."""
    person = workspace.people.get(name) if direct else None
    writable = person is not None and not person.deleted
    channel = workspace.im(name) if writable else workspace.seen_channel(name)
    if workspace.bot_user not in channel.members:
        raise Refusal("not_in_channel" if direct else "channel_not_found")
    if channel.kind is Kind.IM and not workspace.manifest.messages_tab:
        raise Refusal("messages_tab_disabled" if direct else "channel_not_found")
    if channel.archived:
        raise Refusal("is_archived" if direct else "channel_not_found")
    return channel


def _check_thread(channel: Channel, call: Call) -> None:
    thread = call.get("thread_ts")
    if thread is not None and not channel.can_be_replied_to(thread):
        raise Refusal("cannot_reply_to_message")


METHODS = {
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.delete": delete,
    "chat.postEphemeral": post_ephemeral,
    "chat.getPermalink": permalink,
}
