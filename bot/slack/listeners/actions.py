"""Buttons and menus."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.services import deciding, hearing, safeguarding
from bot.slack.blocks import modal
from bot.slack.compose import say
from bot.slack.controls import about
from bot.slack.desk import Desk
from bot.taps import Ref, Tap

Body = dict[str, Any]


def register(app: App, desk: Desk) -> None:
    """Listen to every tap."""

    def on(tap: Tap) -> Callable[[Callable[..., None]], Any]:
        return app.action(re.compile(rf"^{tap.value}\.\d+$"))

    @on(Tap.ANSWER)
    @on(Tap.OPEN)
    def answer(ack: Ack, body: Body, action: Body) -> None:
        ref = Ref.parse(action["value"])
        choices = boxes(body) if ref.choice == "boxes" else ()
        desk.send(
            hearing.tap(
                desk.house, team(body), event_id(action), user(body), channel(body), ref, choices, action["action_ts"]
            )
        )
        ack()

    @on(Tap.CHOICES)
    def tick(ack: Ack) -> None:
        ack()  # ticks count when "done" is tapped, which brings them along

    @on(Tap.VISIBLE)
    def visible(ack: Ack, body: Body, action: Body) -> None:
        ref = Ref.parse(about(action["block_id"]))
        chosen, message = action["selected_option"]["value"], body["container"]["message_ts"]
        desk.send(
            deciding.show_to(desk.house, team(body), event_id(action), user(body), channel(body), ref, chosen, message)
        )
        ack()

    @on(Tap.CHANGE)
    def change(ack: Ack, body: Body, action: Body) -> None:
        ref = Ref.parse(action["value"])
        desk.send(deciding.change(desk.house, team(body), event_id(action), user(body), channel(body), ref))
        ack()

    @on(Tap.ALERT_OPEN)
    def open_alert(ack: Ack, body: Body, action: Body, client: WebClient) -> None:
        opened = safeguarding.open_alert(desk.house, team(body), user(body), int(action["value"]))
        ack()
        if opened is not None:
            words, language = desk.house.words, opened.language
            document, _ = say(words, opened.saying.payload(language))
            title, close = (words.catalog.label(language, f"modal.{key}") for key in ("alert_title", "close"))
            client.views_open(trigger_id=body["trigger_id"], view=modal("alert", title, document, close=close))

    @on(Tap.ALERT_TAKE)
    def take_alert(ack: Ack, body: Body, action: Body) -> None:
        desk.send(safeguarding.take_alert(desk.house, team(body), user(body), int(action["value"]), event_id(action)))
        ack()

    @app.action(re.compile(r".*"))
    def other(ack: Ack) -> None:
        ack()  # a link, or a button of an older version: nothing to do, and nothing for Slack to repeat


def team(body: Body) -> str:
    """The workspace a tap came from."""
    return str(body["team"]["id"])


def user(body: Body) -> str:
    """Who tapped."""
    return str(body["user"]["id"])


def channel(body: Body) -> str:
    """The channel of the message that was tapped; "" in the App Home."""
    return str((body.get("channel") or {}).get("id") or "")


def event_id(action: Body) -> str:
    """A tap has no event id; its time and what was tapped tell it from any other."""
    return f"tap:{action['action_ts']}:{action['action_id']}"


def boxes(body: Body) -> tuple[str, ...]:
    """The boxes that are ticked in the message of the tap."""
    values = (body.get("state") or {}).get("values") or {}
    return tuple(
        option["value"]
        for block in values.values()
        for name, element in block.items()
        if name.startswith(f"{Tap.CHOICES}.")
        for option in element.get("selected_options") or ()
    )
