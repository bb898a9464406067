"""The two buttons under the family's invitation: they come, or they can't."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App

from bot.services.family import rsvp
from bot.slack.desk import Desk
from bot.slack.listeners.forms import show
from bot.slack.tapping import carried, event_id, inside, on, team, user
from bot.taps import Tap

_ANSWER = re.compile(r"[0-9]{1,18}:(yes|no)")


def register(app: App, desk: Desk) -> None:
    """Listen to the answers."""

    @on(app, Tap.ATTEND, _ANSWER)
    def attend(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        window, told = rsvp.tapped(desk.house, team(body), event_id(action), user(body), carried(action))
        desk.send(told)
        if window is not None:
            show(desk, body["trigger_id"], window, inside=inside(body))
        ack()
