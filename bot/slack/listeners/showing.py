"""What opens a window with something of a conference, and the choice of a language."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App

from bot.services.command import languages, showing
from bot.slack.desk import Desk
from bot.slack.listeners.actions import event_id, team, user
from bot.slack.listeners.forms import show
from bot.taps import Tap

Body = dict[str, Any]

_WHAT = re.compile(r"[a-z]+:[0-9]{1,18}$")
_LANGUAGE = re.compile(r"[A-Za-z_-]{2,8}$")


def register(app: App, desk: Desk) -> None:
    """Listen to the buttons and menus that show something, and to those of languages."""

    @app.action(re.compile(rf"^{Tap.SHOW.value}\.\d+$"), matchers=[_readable])
    def show_it(ack: Ack, body: Body, action: Body) -> None:
        found = showing.opened(desk.house, team(body), user(body), _value(action))
        if found is not None:
            show(desk, body["trigger_id"], found, inside=(body.get("view") or {}).get("type") == "modal")
        ack()

    @app.action(re.compile(rf"^{Tap.LANGUAGE.value}\.\d+$"), matchers=[_language])
    def speak(ack: Ack, body: Body, action: Body) -> None:
        desk.send(languages.choose(desk.house, team(body), user(body), action["value"], event_id(action)))
        ack()


def _value(action: Body) -> str:
    """What is to be shown: a button carries it, a menu's choice too."""
    return str(action.get("value") or (action.get("selected_option") or {}).get("value") or "")


def _readable(action: Body) -> bool:
    """What carries anything else is left to the catch-all."""
    return _WHAT.match(_value(action)) is not None


def _language(action: Body) -> bool:
    return _LANGUAGE.match(action.get("value") or "") is not None
