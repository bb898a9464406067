"""Events and interactions as Slack shapes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.practice.channel import Channel
from bot.practice.message import Json, Message


def posted(channel: Channel, message: Message) -> Json:
    """The event of a new message."""
    event = message.payload() | {"channel": channel.id, "event_ts": message.ts, "channel_type": channel.type_word}
    if message.broadcast and message.thread_ts in channel.messages:
        event["root"] = channel.messages[message.thread_ts].payload()
    return event


def changed(channel: Channel, old: Message, new: Message, ts: str) -> Json:
    """The event of an edit; also of an unfurl or a thread's first reply, when the text is the same."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": new.payload(),
        "previous_message": old.payload(),
        "channel": channel.id,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": channel.type_word,
    }


def deleted(channel: Channel, old: Message, ts: str) -> Json:
    """The event of a deletion."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": old.payload(),
        "channel": channel.id,
        "hidden": True,
        "deleted_ts": old.ts,
        "ts": ts,
        "event_ts": ts,
        "channel_type": channel.type_word,
    }


def membership(event: str, channel: Channel, user: str, team: str, inviter: str = "") -> Json:
    """member_joined_channel or member_left_channel."""
    letter = "G" if channel.type_word == "group" else "C"
    body: Json = {"type": event, "user": user, "channel": channel.id, "channel_type": letter, "team": team}
    return body | ({"inviter": inviter} if inviter else {})


def user_changed(user: Json, ts: str) -> Json:
    """user_change: somebody's whole user object, whatever it is that changed."""
    return {"type": "user_change", "user": user, "cache_ts": int(float(ts)), "event_ts": ts}


def home_opened(user: str, channel: str, tab: str, ts: str, view: Json | None) -> Json:
    """app_home_opened; `view` is what the home shows so far."""
    body: Json = {"type": "app_home_opened", "user": user, "channel": channel, "tab": tab, "event_ts": ts}
    return body | ({"view": view} if view and tab == "home" else {})


def envelope(event: Json, event_id: str, moment: int, ids: Mapping[str, str]) -> Json:
    """What an event comes in. `moment`: Unix seconds; `ids`: team_id, app_id, bot_user, token."""
    return {
        "token": ids["token"],
        "team_id": ids["team_id"],
        "api_app_id": ids["app_id"],
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": moment,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": ids["team_id"],
                "user_id": ids["bot_user"],
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{event_id}",
    }


def interaction(kind: str, user: Json, ids: Mapping[str, str], **fields: Any) -> Json:
    """What all interactions share: block_actions, view_submission, view_closed."""
    return {
        "type": kind,
        "user": user,
        "api_app_id": ids["app_id"],
        "token": ids["token"],
        "team": {"id": ids["team_id"], "domain": ids["domain"]},
        "enterprise": None,
        "is_enterprise_install": False,
        **fields,
    }


def rich_text(text: str, block_id: str) -> Json:
    """The block Slack's composer makes of typed words."""
    words = [{"type": "text", "text": text}] if text else []
    section = {"type": "rich_text_section", "elements": words}
    return {"type": "rich_text", "block_id": block_id, "elements": [section]}
