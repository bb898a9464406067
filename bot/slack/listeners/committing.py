"""Buttons after a conference: how far a commitment is, and what becomes of a thank-you."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App

from bot.services.afterwards import checking, thanking
from bot.slack.desk import Desk
from bot.slack.tapping import carried, channel, event_id, on, team, user
from bot.taps import Tap

_STATE = re.compile(r"[0-9]{1,18}:[a-z0-9_]{1,20}:[a-z_]{1,16}(:[0-9.]{1,400})?")
_WAY = re.compile(r"[0-9]{1,18}:(send|self)")


def register(app: App, desk: Desk) -> None:
    """Listen to them."""

    @on(app, Tap.COMMITMENT, _STATE)
    def how_far(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        ts, value = body["container"]["message_ts"], carried(action)
        desk.send(checking.tapped(desk.house, team(body), event_id(action), user(body), channel(body), value, ts))
        ack()

    @on(app, Tap.THANKS, _WAY)
    def thank(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        ts, value = body["container"]["message_ts"], carried(action)
        desk.send(thanking.tapped(desk.house, team(body), event_id(action), user(body), channel(body), value, ts))
        ack()
