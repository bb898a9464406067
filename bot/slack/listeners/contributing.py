"""What a student does with what adults gave. The windows adults write in are like any other: `forms`."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App

from bot.services.talk import deciding
from bot.slack.desk import Desk
from bot.slack.listeners.actions import channel, event_id, team, thread, user
from bot.taps import Choice, Tap

_VALUE = re.compile(rf"[0-9]{{1,18}}:({'|'.join(Choice)}):[0-9]{{1,18}}(\.[0-9]{{1,18}})*$")


def register(app: App, desk: Desk) -> None:
    """Listen to the choices under what adults gave."""

    def readable(action: dict[str, Any]) -> bool:  # what carries anything else is left to the catch-all
        return _VALUE.match(action.get("value") or "") is not None

    @app.action(re.compile(rf"^{Tap.DECIDE.value}\.\d+$"), matchers=[readable])
    def decide(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        message = str(body["container"].get("message_ts") or "")
        desk.send(
            deciding.choose(
                desk.house, team(body), event_id(action), user(body), channel(body), action["value"], message,
                thread(body),
            )
        )  # fmt: skip
        ack()
