"""What stands under a nudge: one tap to begin, to put it off, or to have no more of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.dialogue.events import Command
from bot.services.nudges import about
from bot.services.nudges.about import About
from bot.services.nudges.days import calendar_of
from bot.services.script.runs import SCRIPT, lead_button
from bot.services.speech import Button
from bot.taps import Ref, Tap
from bot.words import APPROVE
from scheduler.deliveries import Delivery

NEXT = "next"
"""In a cadence's `flow`: whatever is not done yet."""

CHOICES = ("tomorrow", "week", "off", "on")
"""What a receiver can do with a nudge but follow it."""

WEEK = timedelta(days=7)

_LABELS = {"check_in": "check_in", "evidence": "show_it", APPROVE: "review", SCRIPT: "practice"}
"""What begins a flow, where it is not "start"."""


def start(connection: Connection, delivery: Delivery, found: About, now: datetime) -> list[Button]:
    """One tap to begin, two to put it off, one for no more of them; where there is nothing to do, only that."""
    flow = delivery.payload["flow"]
    if not flow:
        return [*_cards(delivery, found), *of_adults(delivery)]
    conversation = found.conversation.id if found.conversation is not None else 0
    if flow == NEXT or not conversation:
        first = Button(Tap.ANSWER, "go_on" if conversation else "start", _go(conversation), "primary")
    else:
        label = _LABELS.get(flow, "start")
        first = Button(Tap.OPEN, label, Ref(conversation, flow, 0, "open").text(), "primary")
    held, today = found.conference, calendar_of(connection, delivery.workspace).today(now)
    later = held is None or held.date - today > WEEK
    names = ("tomorrow", *(("week",) if later else ()), "off")
    return [first, *(choice(delivery, name) for name in names)]


def choice(delivery: Delivery, name: str) -> Button:
    """What may be done with a nudge but follow it: one of CHOICES."""
    return Button(Tap.SNOOZE, f"nudge_{name}", f"{delivery.id}:{name}")


def of_adults(delivery: Delivery) -> list[Button]:
    """Adults can only have no more of them: there is nothing to begin."""
    return [choice(delivery, "off")] if delivery.payload["student"] else []


def _cards(delivery: Delivery, found: About) -> list[Button]:
    """The way to the cards, on the day and the day before."""
    held, near = found.conference, delivery.payload["message"] in (about.LEAD, about.REMINDER)
    return [lead_button(held.id)] if held is not None and near else []


def _go(conversation: int) -> str:
    return Ref(conversation, "", 0, f"cmd:{Command.START}").text()
