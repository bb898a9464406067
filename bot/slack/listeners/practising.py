"""Buttons of practice and lead mode."""

from __future__ import annotations

import re

from slack_bolt import Ack, App

from bot.services.script import practising
from bot.slack.desk import Desk
from bot.slack.tapping import Body, carried, chat, event_id, on, team, thread, user
from bot.taps import Step, Tap

_STEP = re.compile(r"[0-9]{1,18}:[a-z]{1,16}:[0-9]{1,4}")


def register(app: App, desk: Desk) -> None:
    """Listen to what is tapped on a card."""

    @on(app, Tap.PRACTICE, _STEP)
    def practise(ack: Ack, body: Body, action: Body) -> None:
        place, ts = _place(body)
        step = Step.parse(carried(action))
        said = practising.tap(desk.house, team(body), event_id(action), user(body), place, thread(body), ts, step)
        desk.send(said)
        ack()


def _place(body: Body) -> tuple[str, str]:
    """The DM and the message of a tap; two times "" where it was in a home, a window, or the answer to a command:
    there nothing can be said anew, and in a channel nothing of a script is said at all."""
    container = body["container"]
    here = chat(body)
    return (here, str(container.get("message_ts") or "")) if here and not container.get("is_ephemeral") else ("", "")
