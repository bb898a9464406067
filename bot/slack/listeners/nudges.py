"""Buttons under nudges, and those by which advisors have somebody nudged."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App

from bot.services.nudges import snoozing
from bot.slack.desk import Desk
from bot.slack.listeners.actions import chat, event_id, team, user
from bot.taps import Tap

_ONE = re.compile(r"[0-9]{1,18}$|group$")
_CHOICE = re.compile(r"[0-9a-f-]{36}:[a-z]+$")


def register(app: App, desk: Desk) -> None:
    """Listen to what receivers and advisors do with nudges."""

    def on(tap: Tap, carries: re.Pattern[str]) -> Callable[[Callable[..., None]], Any]:
        def readable(action: dict[str, Any]) -> bool:  # what carries anything else is left to the catch-all
            return carries.match(action.get("value") or "") is not None

        return app.action(re.compile(rf"^{tap.value}\.\d+$"), matchers=[readable])

    @on(Tap.SNOOZE, _CHOICE)
    def snooze(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        ts = body["container"]["message_ts"]
        desk.send(
            snoozing.snooze(desk.house, team(body), event_id(action), user(body), chat(body), action["value"], ts)
        )
        ack()

    @on(Tap.REMIND, _ONE)
    def remind(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        desk.send(snoozing.remind(desk.house, team(body), event_id(action), user(body), chat(body), action["value"]))
        ack()
