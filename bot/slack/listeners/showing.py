"""What opens a window with something of a conference, and the choice of a language."""

from __future__ import annotations

import re

from slack_bolt import Ack, App

from bot.services.command import languages, showing
from bot.slack.desk import Desk
from bot.slack.listeners.forms import show
from bot.slack.tapping import Body, carried, event_id, inside, on, team, user
from bot.taps import Tap

_WHAT = re.compile(r"[a-z]+:[0-9]{1,18}")
_LANGUAGE = re.compile(r"[A-Za-z_-]{2,8}")


def register(app: App, desk: Desk) -> None:
    """Listen to the buttons and menus that show something, and to those of languages."""

    @on(app, Tap.SHOW, _WHAT)
    def show_it(ack: Ack, body: Body, action: Body) -> None:
        found = showing.opened(desk.house, team(body), user(body), carried(action))
        if found is not None:
            show(desk, body["trigger_id"], found, inside=inside(body))
        ack()

    @on(app, Tap.LANGUAGE, _LANGUAGE)
    def speak(ack: Ack, body: Body, action: Body) -> None:
        desk.send(languages.choose(desk.house, team(body), user(body), carried(action), event_id(action)))
        ack()
