"""The two buttons under the family's invitation: they come, or they can't."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App

from bot.services.family import rsvp
from bot.slack.desk import Desk
from bot.slack.listeners.actions import event_id, team, user
from bot.slack.listeners.forms import show
from bot.taps import Tap

_ANSWER = re.compile(r"[0-9]{1,18}:(yes|no)$")


def register(app: App, desk: Desk) -> None:
    """Listen to the answers."""

    @app.action(re.compile(rf"^{Tap.ATTEND.value}\.\d+$"), matchers=[_readable])
    def attend(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        window, told = rsvp.tapped(desk.house, team(body), event_id(action), user(body), action["value"])
        desk.send(told)
        if window is not None:
            show(desk, body["trigger_id"], window, inside=(body.get("view") or {}).get("type") == "modal")
        ack()


def _readable(action: dict[str, Any]) -> bool:
    """What carries anything else is left to the catch-all."""
    return _ANSWER.match(action.get("value") or "") is not None
