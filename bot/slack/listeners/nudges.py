"""Buttons under nudges, and those by which advisors have somebody nudged."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App

from bot.services.nudges import snoozing
from bot.slack.desk import Desk
from bot.slack.tapping import carried, chat, event_id, on, team, user
from bot.taps import Tap

_ONE = re.compile(r"[0-9]{1,18}|group")
_CHOICE = re.compile(r"[0-9a-f-]{36}:[a-z]+")


def register(app: App, desk: Desk) -> None:
    """Listen to what receivers and advisors do with nudges."""

    @on(app, Tap.SNOOZE, _CHOICE)
    def snooze(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        ts = body["container"]["message_ts"]
        desk.send(
            snoozing.snooze(desk.house, team(body), event_id(action), user(body), chat(body), carried(action), ts)
        )
        ack()

    @on(app, Tap.REMIND, _ONE)
    def remind(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        desk.send(snoozing.remind(desk.house, team(body), event_id(action), user(body), chat(body), carried(action)))
        ack()
