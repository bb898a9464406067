"""The button that has a packet sent."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App

from bot.services.channels import packets
from bot.slack.desk import Desk
from bot.slack.listeners.actions import event_id, team, user
from bot.taps import Tap

_WHOSE = re.compile(r"[0-9]{1,18}(:.{0,64})?$")


def register(app: App, desk: Desk) -> None:
    """Listen to it."""

    def readable(action: dict[str, Any]) -> bool:  # what carries anything else is left to the catch-all
        return _WHOSE.match(action.get("value") or "") is not None

    @app.action(re.compile(rf"^{Tap.PACKET.value}\.\d+$"), matchers=[readable])
    def packet(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        desk.send(packets.asked(desk.house, team(body), user(body), action["value"], event_id(action)))
        ack()
