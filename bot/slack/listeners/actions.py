"""Buttons and menus."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App

from bot.errors import CoachError
from bot.services import safeguarding
from bot.services.talk import beside, deciding, hearing
from bot.slack.blocks import modal
from bot.slack.compose import say
from bot.slack.controls import about
from bot.slack.desk import Desk
from bot.taps import Ref, Tap

Body = dict[str, Any]

_ANYTHING = re.compile("")
_NUMBER = re.compile(r"[0-9]{1,18}$")
_SEAT = re.compile(r"[0-9]{1,18}(:[a-z_]{0,32})?$")
_REF = re.compile(r"[0-9]{1,18}:[^:]*:[0-9]{1,9}:")


def register(app: App, desk: Desk) -> None:
    """Listen to every tap."""

    def on(tap: Tap, carries: re.Pattern[str] = _ANYTHING) -> Callable[[Callable[..., None]], Any]:
        def readable(action: Body) -> bool:  # what carries anything else is left to the catch-all
            return carries.match(action.get("value") or about(action["block_id"])) is not None

        return app.action(re.compile(rf"^{tap.value}\.\d+$"), matchers=[readable])

    @on(Tap.ANSWER, _REF)
    @on(Tap.OPEN, _REF)
    def answer(ack: Ack, body: Body, action: Body) -> None:
        ref = Ref.parse(action["value"])
        choices, ts = boxes(body) if ref.choice == "boxes" else (), action["action_ts"]
        desk.send(
            hearing.tap(
                desk.house, team(body), event_id(action), user(body), chat(body), ref, choices, ts, thread(body)
            )
        )
        ack()

    @on(Tap.CHOICES)
    def tick(ack: Ack) -> None:
        ack()  # ticks count when "done" is tapped, which brings them along

    @on(Tap.VISIBLE, _REF)
    def visible(ack: Ack, body: Body, action: Body) -> None:
        ref = Ref.parse(about(action["block_id"]))
        chosen, message = action["selected_option"]["value"], body["container"]["message_ts"]
        desk.send(
            deciding.show_to(
                desk.house, team(body), event_id(action), user(body), chat(body), ref, chosen, message, thread(body)
            )
        )
        ack()

    @on(Tap.CHANGE, _REF)
    def change(ack: Ack, body: Body, action: Body) -> None:
        ref = Ref.parse(action["value"])
        desk.send(deciding.change(desk.house, team(body), event_id(action), user(body), chat(body), ref, thread(body)))
        ack()

    @on(Tap.BESIDE, _SEAT)
    def sit_beside(ack: Ack, body: Body, action: Body) -> None:
        student, _, flow = (action.get("value") or action["selected_option"]["value"]).partition(":")
        desk.send(beside.sit_down(desk.house, team(body), user(body), int(student), event_id(action), flow))
        ack()

    @on(Tap.ALERT_OPEN, _NUMBER)
    def open_alert(ack: Ack, body: Body, action: Body) -> None:
        opened = safeguarding.open_alert(desk.house, team(body), user(body), int(action["value"]))
        if opened is not None:
            show(desk, body["trigger_id"], opened)
        ack()

    @on(Tap.ALERT_TAKE, _NUMBER)
    def take_alert(ack: Ack, body: Body, action: Body) -> None:
        desk.send(safeguarding.take_alert(desk.house, team(body), user(body), int(action["value"]), event_id(action)))
        ack()

    @app.action(re.compile(r".*"))
    def other(ack: Ack) -> None:
        ack()  # a link, or a button of an older version: nothing to do, and nothing for Slack to repeat


def show(desk: Desk, trigger: str, opened: safeguarding.Opened) -> None:
    """Open a modal with what was said. Not by Bolt's client, which writes all it sends to its log for debugging.

    CoachError if Slack does not open it: the counselor is shown that, and can tap again.
    """
    words, language = desk.house.words, opened.language
    document, _ = say(words, opened.saying.payload(language))
    title, close = (words.catalog.label(language, f"modal.{key}") for key in ("alert_title", "close"))
    view = modal("alert", title, document, close=close)
    reply = desk.api.call("views.open", {"trigger_id": trigger, "view": view})
    if not reply.ok:
        raise CoachError(f"Slack did not open the alert ({reply.error or reply.fault}). Tap the button again.")


def team(body: Body) -> str:
    """The workspace a tap came from."""
    return str(body["team"]["id"])


def user(body: Body) -> str:
    """Who tapped."""
    return str(body["user"]["id"])


def channel(body: Body) -> str:
    """The channel of the message that was tapped; "" in the App Home."""
    return str((body.get("channel") or {}).get("id") or "")


def chat(body: Body) -> str:
    """The DM that was tapped in; "" anywhere else: what a command answers with can stand in a channel, and what
    somebody is told because of a tap on it is for them alone."""
    here = channel(body)
    return here if here.startswith("D") else ""


def thread(body: Body) -> str:
    """The ts of the message that the message of the tap stands under, "" where it stands under none."""
    return str((body.get("message") or {}).get("thread_ts") or body["container"].get("thread_ts") or "")


def event_id(action: Body) -> str:
    """A tap has no event id; its time and what was tapped tell it from any other."""
    return f"tap:{action['action_ts']}:{action['block_id'][:60]}:{action['action_id']}"


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
