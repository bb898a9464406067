"""What an adult is asked for before a conference: ideas for what the student asks, a word of pride, a piece of work.

They write it in the windows of `giving`; what becomes of it the student decides: `given`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.conference import access
from bot.conference.agenda import one_line
from bot.services import forms
from bot.services.adults.asks import asks_of
from bot.services.adults.given import added_of
from bot.services.agenda import booked
from bot.services.house import House
from bot.services.roster.actors import actor
from bot.services.speech import Button, Saying
from bot.services.talk.scene import first_name
from bot.store.models import Note, Participant
from bot.store.session import AnyRow
from bot.taps import Form, Tap

__all__ = [
    "added_of", "card", "card_button", "idea_button", "ideas_by", "may_give", "pride_button", "unwanted", "with_below",
    "work_button",
]  # fmt: skip

CARD = "ideas"
"""The message, and the cadence's step, that asks an adult for ideas."""


def card(house: House, connection: Connection, adult: AnyRow, conference: int, now: datetime) -> Saying | None:
    """What one adult can give for a conference: what the student asks, of them first, with a button for each.

    None for somebody who may give nothing, and where the conference is over or does not take place.
    """
    held = booked.conference_of(connection, adult.workspace, conference)
    if held is None or not may_give(connection, adult, held) or booked.is_over(connection, held, now):
        return None
    asked, had = asks_of(house, connection, adult, held), ideas_by(connection, adult, held)
    context = {
        "student": first_name(held.student),
        "date": held.date.isoformat(),
        "time": held.time,
        "family": adult.role == access.Role.FAMILY,
        "asks": [
            {
                "n": n, "words": ask.words, "goal": one_line(ask.goal), "how": ask.how, "named": ask.named,
                "given": had[ask.flow, ask.round],
            }
            for n, ask in enumerate(asked, 1)
        ],
    }  # fmt: skip
    slots = {f"ask-{n}": [[idea_button(held.id, ask.flow, ask.round)]] for n, ask in enumerate(asked, 1)}
    works = [work_button(held.id)] if adult.role != access.Role.FAMILY else []
    return Saying(CARD, context, {**slots, "actions": [[pride_button(held.id), *works]]})


def with_below(card: Saying, below: Sequence[Button]) -> Saying:
    """A card with further buttons in its last row."""
    (row,) = card.buttons["actions"]
    return replace(card, buttons={**card.buttons, "actions": [[*row, *below]]})


def card_button(conference: int) -> Button:
    """Opens the card; for the family the limit of their week may have left no place for it before."""
    return Button(Tap.SHOW, "card", f"card:{conference}")


def idea_button(conference: int, flow: str, number: int) -> Button:
    """Opens the window for an idea; flow and round name the ask."""
    return Button(Tap.FORM, "give_idea", forms.value(Form.IDEA, conference, flow, number), "primary")


def pride_button(conference: int) -> Button:
    """Opens the window for a note of pride."""
    return Button(Tap.FORM, "give_pride", forms.value(Form.PRIDE, conference))


def work_button(conference: int) -> Button:
    """Opens the window for a piece of work an adult chooses."""
    return Button(Tap.FORM, "give_work", forms.value(Form.WORK, conference))


def unwanted(house: House, connection: Connection, adult: AnyRow, conference: AnyRow, now: datetime) -> str | None:
    """Why an adult is not to be asked for ideas by a message of the bot's own: they are not of that conference, or
    gave one for everything that is asked. None if they are to be."""
    there = select(Participant.person_id).where(
        Participant.workspace == conference.workspace, Participant.conference_id == conference.id,
        Participant.person_id == adult.id,
    )  # fmt: skip
    saying = card(house, connection, adult, conference.id, now)
    if saying is None or connection.scalar(there) is None:
        return "not of this conference"
    asked = saying.context["asks"]
    return "done" if asked and all(one["given"] for one in asked) else None


def may_give(connection: Connection, person: AnyRow, conference: AnyRow) -> bool:
    """Whether somebody may give anything for this student."""
    thing = access.Thing(access.Kind.NOTE, conference.student_id)
    return access.may(actor(connection, person), access.Action.GIVE, thing)


def ideas_by(connection: Connection, person: AnyRow, conference: AnyRow) -> Counter[tuple[str, int]]:
    """How many ideas somebody gave for each ask, by flow and round."""
    rows = connection.execute(
        select(Note.flow, Note.round, func.count().label("ideas"))
        .where(
            Note.workspace == conference.workspace, Note.conference_id == conference.id, Note.author_id == person.id,
            Note.kind == Form.IDEA, Note.alarm == "",
        )
        .group_by(Note.flow, Note.round)
    )  # fmt: skip
    return Counter({(row.flow, row.round): row.ideas for row in rows})
