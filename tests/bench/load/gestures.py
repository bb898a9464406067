"""What a student does, as Slack sends it: typed in the direct message, or tapped under a message of the coach's."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.practice import payloads
from bot.practice.channel import Channel, Kind
from bot.practice.message import Message, typed
from bot.practice.targets import Delivery, Sort
from tests.bench.students import Tap

Json = dict[str, Any]
_number = itertools.count(1)


@dataclass(frozen=True)
class Did:
    """One gesture. `ts`: what the answer goes by; `said`: the words, or the choice that was tapped."""

    ts: str
    said: str
    delivery: Delivery


def write(user: str, place: str, text: str, identity: Mapping[str, str]) -> Did:
    """Type something."""
    moment, number = time.time(), next(_number)
    ts = f"{moment:.6f}"
    message = Message(
        place, ts, user, typed(text), identity["team_id"],
        blocks=(payloads.rich_text(text, f"b{number}"),), client_msg_id=str(uuid.uuid4()),
    )  # fmt: skip
    event = payloads.posted(Channel(place, Kind.IM, "", user, int(moment)), message)
    return Did(ts, text, Delivery(Sort.EVENT, payloads.envelope(event, f"EvL{number:08}", int(moment), identity)))


def tap(user: str, place: str, choice: Tap, message: Mapping[str, Any], identity: Mapping[str, str]) -> Did:
    """Tap a button of a message."""
    ts = f"{time.time():.6f}"
    element, block = next(
        (element, block)
        for block in message["blocks"]
        for element in block.get("elements", ())
        if element.get("value", "").endswith(f":{choice.choice}")
    )
    payload = payloads.interaction(
        "block_actions",
        {"id": user, "username": user.lower(), "name": user.lower(), "team_id": identity["team_id"]},
        identity,
        trigger_id=f"{next(_number)}.1.x",
        container={"type": "message", "message_ts": message["ts"], "channel_id": place, "is_ephemeral": False},
        channel={"id": place, "name": "directmessage"},
        message=message,
        state={"values": {}},
        response_url="https://hooks.slack.com/actions/x",
        actions=[{**element, "block_id": block["block_id"], "action_ts": ts}],
    )
    return Did(ts, choice.choice, Delivery(Sort.INTERACTION, payload))
