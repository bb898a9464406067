"""Buttons after a conference: how far a commitment is, and what becomes of a thank-you."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App

from bot.services.afterwards import checking, thanking
from bot.slack.desk import Desk
from bot.slack.listeners.actions import channel, event_id, team, user
from bot.taps import Tap

_STATE = re.compile(r"[0-9]{1,18}:[a-z0-9_]{1,20}:[a-z_]{1,16}(:[0-9.]{1,400})?$")
_WAY = re.compile(r"[0-9]{1,18}:(send|self)$")


def register(app: App, desk: Desk) -> None:
    """Listen to them."""

    def on(tap: Tap, carries: re.Pattern[str]) -> Callable[[Callable[..., None]], Any]:
        def readable(action: dict[str, Any]) -> bool:  # what carries anything else is left to the catch-all
            return carries.match(action.get("value") or "") is not None

        return app.action(re.compile(rf"^{tap.value}\.\d+$"), matchers=[readable])

    @on(Tap.COMMITMENT, _STATE)
    def how_far(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        ts, value = body["container"]["message_ts"], action["value"]
        desk.send(checking.tapped(desk.house, team(body), event_id(action), user(body), channel(body), value, ts))
        ack()

    @on(Tap.THANKS, _WAY)
    def thank(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        ts, value = body["container"]["message_ts"], action["value"]
        desk.send(thanking.tapped(desk.house, team(body), event_id(action), user(body), channel(body), value, ts))
        ack()
