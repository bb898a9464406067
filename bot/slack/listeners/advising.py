"""What advisors open from their digest: a window with a student's way so far, or with the list of all."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App

from bot.errors import CoachError
from bot.services.advising.looking import Look, look
from bot.slack.blocks import modal
from bot.slack.compose import say
from bot.slack.desk import Desk
from bot.slack.tapping import carried, inside, on, team, user
from bot.taps import Tap

_WHOM = re.compile(r"[0-9]{1,18}|all")


def register(app: App, desk: Desk) -> None:
    """Listen to the buttons and menus that open a window."""

    @on(app, Tap.LOOK, _WHOM)
    def open_window(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        found = look(desk.house, team(body), user(body), carried(action))
        if found is not None:
            _show(desk, body, found)
        ack()


def _show(desk: Desk, body: dict[str, Any], found: Look) -> None:
    """Open a window, on top of the one the tap came from if it came from one.

    CoachError if Slack does not: the advisor is shown that, and can tap again.
    """
    words, language = desk.house.words, desk.house.words.language(found.language)
    document, controls = say(words, found.saying.payload(language))
    title, close = (words.catalog.label(language, key) for key in (found.title, "modal.close"))
    view = modal("look", title, document, close=close, controls=controls)
    method = "views.push" if inside(body) else "views.open"
    reply = desk.api.call(method, {"trigger_id": body["trigger_id"], "view": view})
    if not reply.ok:
        raise CoachError(f"Slack did not open the window ({reply.error or reply.fault}). Tap the button again.")
