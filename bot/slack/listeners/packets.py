"""The button that has a packet sent."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App

from bot.services.channels import packets
from bot.slack.desk import Desk
from bot.slack.tapping import carried, event_id, on, team, user
from bot.taps import Tap

_WHOSE = re.compile(r"[0-9]{1,18}(:.{0,64})?")


def register(app: App, desk: Desk) -> None:
    """Listen to it."""

    @on(app, Tap.PACKET, _WHOSE)
    def packet(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        desk.send(packets.asked(desk.house, team(body), user(body), carried(action), event_id(action)))
        ack()
