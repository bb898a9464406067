"""What a student does with what adults gave. The windows adults write in are like any other: `forms`."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App

from bot.services.talk import deciding
from bot.slack.desk import Desk
from bot.slack.tapping import carried, channel, event_id, on, team, thread, user
from bot.taps import Choice, Tap

_VALUE = re.compile(rf"[0-9]{{1,18}}:({'|'.join(Choice)}):[0-9]{{1,18}}(\.[0-9]{{1,18}})*")


def register(app: App, desk: Desk) -> None:
    """Listen to the choices under what adults gave."""

    @on(app, Tap.DECIDE, _VALUE)
    def decide(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        message = str(body["container"].get("message_ts") or "")
        desk.send(
            deciding.choose(
                desk.house, team(body), event_id(action), user(body), channel(body), carried(action), message,
                thread(body),
            )
        )  # fmt: skip
        ack()
