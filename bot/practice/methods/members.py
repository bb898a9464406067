"""conversations.invite, .kick, .members: who is in a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.practice.channel import Channel, Kind
from bot.practice.message import Json
from bot.practice.methods.pages import page
from bot.practice.refusal import Refusal

if TYPE_CHECKING:
    from bot.practice.call import Call
    from bot.practice.workspace import PracticeWorkspace


def invite(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _changeable(workspace, call)
    users = [user for user in call["users"].split(",") if user]
    if not users:
        raise Refusal("no_user")
    refused = {user: error for user in users if (error := _why_not(workspace, channel, user))}
    welcome = [user for user in users if user not in refused]
    if refused and not (call.get("force") and welcome):
        errors = [{"user": user, "ok": False, "error": error} for user, error in refused.items()]
        raise Refusal(next(iter(refused.values())), [], errors=errors)
    for user in welcome:
        workspace.join(channel, user, inviter=workspace.bot_user, later=True)
    return {"channel": channel.payload(workspace.bot_user)}


def _why_not(workspace: PracticeWorkspace, channel: Channel, user: str) -> str:
    if user == workspace.bot_user:
        return "cant_invite_self"
    person = workspace.people.get(user)
    if person is None or person.deleted:
        return "user_not_found"
    if user in channel.members:
        return "already_in_channel"
    if person.restricted:
        return "ura_max_channels"
    return "user_is_restricted" if person.guest else ""


def kick(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = _changeable(workspace, call)
    if call["user"] == workspace.bot_user:
        raise Refusal("cant_kick_self")
    if call["user"] not in workspace.people:
        raise Refusal("user_not_found")
    if call["user"] not in channel.members:
        raise Refusal("not_in_channel")
    workspace.leave(channel, call["user"], later=True)
    return {"errors": {}}


def _changeable(workspace: PracticeWorkspace, call: Call) -> Channel:
    channel = workspace.seen_channel(call["channel"])
    if channel.kind in (Kind.IM, Kind.MPIM):
        raise Refusal("method_not_supported_for_channel_type")
    call.need_for(channel.kind)
    if workspace.bot_user not in channel.members:
        raise Refusal("not_in_channel")
    if channel.archived:
        raise Refusal("is_archived" if call.method.name == "conversations.invite" else "not_supported")
    return channel


def members(workspace: PracticeWorkspace, call: Call) -> Json:
    channel = workspace.seen_channel(call["channel"])
    call.need_for(channel.kind)
    shown, cursor = page(call, list(channel.members))
    return {"members": shown, **cursor}


METHODS = {"conversations.invite": invite, "conversations.kick": kick, "conversations.members": members}
