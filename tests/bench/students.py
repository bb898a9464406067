"""Students who type and tap: events as Slack sends and signs them, one after the other, each after its question."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any
from urllib.parse import quote_plus

from slack_bolt import App, BoltRequest
from slack_sdk.signature import SignatureVerifier

from tests.bench.school import channel, slack_id
from tests.bench.stub import BOT_USER, TEAM

SECRET = "signing-secret-of-the-bench"
PATIENCE = 30.0
"""Seconds after which a question that does not come is missed."""

READING = 10.0
"""Seconds from the moment a question is shown to the moment it is answered, by the ts the messages bear."""

_number = itertools.count(1)


@dataclass(frozen=True)
class Request:
    """A signed request of Slack's."""

    body: str
    headers: dict[str, str]

    def send(self, app: App) -> None:
        """Hand it to Bolt as an adapter does; it must be acked."""
        response = app.dispatch(BoltRequest(body=self.body, headers=dict(self.headers)))
        assert response.status == 200, response.status


@dataclass(frozen=True)
class Tap:
    """A button: what its value ends with."""

    choice: str


SCRIPT: tuple[str | Tap, ...] = (
    "start",
    # letter
    "i like science and building stuff, i need to see how things work",
    "fractions and the water cycle in science, mostly why it rains more near the hills",
    "because my uncle is an engineer and i want to build bridges like the one by the harbor",
    "it helps me when i get a minute to think before i answer",
    # strengths
    "in science, because i check the numbers twice before we build",
    "the football field timeline, we measured it and i have it in my notebook on page 12",
    "the tape measure marks because i calculated the scale and found my own mistake there",
    "when i ran the lights for the play, i got to plan the cues with mina",
    # struggles
    "i get stuck when homework has a lot of parts and i don't know which to do first",
    Tap("starting"),
    "i get home and im on my phone until like 7 and then its late",
    "i tried putting the phone in my backpack, and it worked for two days",
    "because of it i go to bed late and im in a bad mood in the morning",
    "in my math packet you can see that i did the first three and then nothing",
    Tap("yes"),
    "getting started when i get home",
    # goals
    "start homework before 5 at the kitchen table",
    "i wouldn't be tired and i could watch a show with yusuf",
    "last year i did it in the car on the way to school",
    "now i start at 7 on most days",
    "my planner has a check before dinner on 4 days of the week",
    "i tell myself that i still have time",
    "if i get home then i put my phone in the kitchen drawer",
    Tap("no"),
    # supports
    "my mom",
    "you could help me by keeping my phone until 6 on school days",
    Tap("no"),
    # gratitude
    "mina helped me when she explained the scale to me twice",
    "thanks mina for not laughing when i got it wrong",
)  # fmt: skip
"""All flows up to the agenda, in answers that are taken as they are: each brings the next question."""

LAST_FLOW = "approve"


@dataclass
class Student:
    """One student, before a Bolt app. `shown` takes the messages that have arrived in their DM."""

    app: App
    number: int
    shown: SimpleQueue[Mapping[str, Any]] = field(default_factory=SimpleQueue)
    place: int = 0
    message: Mapping[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Go back to the top of the script."""
        self.place = 0

    @property
    def next(self) -> str | Tap:
        """What they do next."""
        return SCRIPT[self.place]

    def prepare(self) -> Request:
        """What Slack sends for what they do next."""
        do = self.next
        self.place += 1
        return typed(self.number, do) if isinstance(do, str) else tapped(self.number, do, self.message)

    def turn(self, request: Request) -> None:
        """Send it, and wait until the question that follows stands in the DM."""
        request.send(self.app)
        self.message = self.shown.get(timeout=PATIENCE)


def typed(number: int, text: str) -> Request:
    """A message typed in the DM."""
    count, now = next(_number), time.time() + READING
    ts = f"{now:.6f}"
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    event = {
        "client_msg_id": f"a8744611-0210-4f85-9f15-{count:012}", "type": "message", "text": text,
        "user": slack_id(number), "ts": ts, "team": TEAM,
        "blocks": [{"type": "rich_text", "block_id": "ezJ", "elements": [section]}],
        "channel": channel(number), "event_ts": ts, "channel_type": "im",
    }  # fmt: skip
    body = {
        "token": "verification", "team_id": TEAM, "api_app_id": "A0BENCH", "event": event, "type": "event_callback",
        "event_id": f"Ev{count:011}", "event_time": int(now), "authorizations": [_authorization()],
        "is_ext_shared_channel": False, "event_context": f"4-{count}",
    }  # fmt: skip
    return _signed(json.dumps(body), "application/json")


def tapped(number: int, tap: Tap, message: Mapping[str, Any]) -> Request:
    """A button of the message that was shown last."""
    element, block = next(
        (element, block)
        for block in message["blocks"]
        for element in block.get("elements", ())
        if element.get("value", "").endswith(f":{tap.choice}")
    )
    ts = f"{time.time() + READING:.6f}"
    body = {
        "type": "block_actions", "user": {"id": slack_id(number), "username": "noor", "team_id": TEAM},
        "api_app_id": "A0BENCH", "token": "verification", "team": {"id": TEAM, "domain": "harbor"},
        "container": {"type": "message", "message_ts": ts, "channel_id": channel(number), "is_ephemeral": False},
        "trigger_id": f"{next(_number)}.1.x", "channel": {"id": channel(number), "name": "directmessage"},
        "message": {"type": "message", "user": BOT_USER, "ts": ts, **message}, "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/x",
        "actions": [{**element, "block_id": block["block_id"], "action_ts": ts}],
    }  # fmt: skip
    return _signed(f"payload={quote_plus(json.dumps(body))}", "application/x-www-form-urlencoded")


def _authorization() -> dict[str, Any]:
    return {"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True, "is_enterprise_install": False}


def _signed(body: str, content_type: str) -> Request:
    stamp = str(int(time.time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body) or ""
    headers = {"content-type": content_type, "x-slack-request-timestamp": stamp, "x-slack-signature": signature}
    return Request(body, headers)
