"""Buttons and menus."""

from __future__ import annotations

import re

from slack_bolt import Ack, App

from bot.dialogue.flow import Visibility
from bot.errors import CoachError
from bot.services import watching
from bot.services.talk import beside, deciding, hearing
from bot.slack.blocks import modal
from bot.slack.compose import say
from bot.slack.controls import about
from bot.slack.desk import Desk
from bot.slack.tapping import Body, boxes, carried, chat, event_id, on, team, thread, user
from bot.taps import Ref, Tap

_NUMBER = re.compile(r"[0-9]{1,18}")
_SEAT = re.compile(r"[0-9]{1,18}(:[a-z_]{0,32})?")
_REF = re.compile(r"[0-9]{1,18}:[^:\n]{0,64}:[0-9]{1,9}:[^\n]{0,200}")
_SEES = re.compile("|".join(Visibility))


def register(app: App, desk: Desk) -> None:
    """Listen to every tap."""

    @on(app, Tap.ANSWER, _REF)
    @on(app, Tap.OPEN, _REF)
    def answer(ack: Ack, body: Body, action: Body) -> None:
        ref = Ref.parse(carried(action))
        choices, ts = boxes(body) if ref.choice == "boxes" else (), action["action_ts"]
        desk.send(
            hearing.tap(
                desk.house, team(body), event_id(action), user(body), chat(body), ref, choices, ts, thread(body)
            )
        )
        ack()

    @on(app, Tap.CHOICES)
    def tick(ack: Ack) -> None:
        ack()  # ticks count when "done" is tapped, which brings them along

    @on(app, Tap.VISIBLE, _SEES, in_block=_REF)
    def visible(ack: Ack, body: Body, action: Body) -> None:
        ref = Ref.parse(about(action["block_id"]))
        chosen, message = action["selected_option"]["value"], body["container"]["message_ts"]
        desk.send(
            deciding.show_to(
                desk.house, team(body), event_id(action), user(body), chat(body), ref, chosen, message, thread(body)
            )
        )
        ack()

    @on(app, Tap.CHANGE, _REF)
    def change(ack: Ack, body: Body, action: Body) -> None:
        ref = Ref.parse(carried(action))
        desk.send(deciding.change(desk.house, team(body), event_id(action), user(body), chat(body), ref, thread(body)))
        ack()

    @on(app, Tap.BESIDE, _SEAT)
    def sit_beside(ack: Ack, body: Body, action: Body) -> None:
        student, _, flow = carried(action).partition(":")
        desk.send(beside.sit_down(desk.house, team(body), user(body), int(student), event_id(action), flow))
        ack()

    @on(app, Tap.ALERT_OPEN, _NUMBER)
    def open_alert(ack: Ack, body: Body, action: Body) -> None:
        opened = watching.open_alert(desk.house, team(body), user(body), int(carried(action)))
        if opened is not None:
            show(desk, body["trigger_id"], opened)
        ack()

    @on(app, Tap.ALERT_TAKE, _NUMBER)
    def take_alert(ack: Ack, body: Body, action: Body) -> None:
        desk.send(watching.take_alert(desk.house, team(body), user(body), int(carried(action)), event_id(action)))
        ack()

    @on(app, Tap.ALERT_HAND, _NUMBER, in_block=_NUMBER)
    def hand_alert(ack: Ack, body: Body, action: Body) -> None:
        alert, to = int(about(action["block_id"])), int(carried(action))
        desk.send(watching.hand_over(desk.house, team(body), user(body), alert, to, event_id(action)))
        ack()

    @app.action(re.compile(r".*"))
    def other(ack: Ack) -> None:
        ack()  # a link, or a button of an older version: nothing to do, and nothing for Slack to repeat


def show(desk: Desk, trigger: str, opened: watching.Opened) -> None:
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
