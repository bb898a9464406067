"""A student's thank-you, after the conference: what it says, whom it is meant for, and whether it may still go.

It goes only when its student says so: nothing is delivered by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from bot.conference.answers import NOTHING_SET, Given, Revision, Spot, fold
from bot.conference.thanks import Adult, meant
from bot.school import Contact
from bot.services.agenda.booked import conference_of
from bot.services.house import House
from bot.services.speech import Button, Saying, Voice
from bot.services.talk.scene import first_name
from bot.store.models import Answer, Guardian, Item, Note, Participant, Person
from bot.store.session import AnyRow
from bot.taps import Form, Tap
from scheduler import sealed
from scheduler.outbox import Draft

HELPED, THANKS = Spot("gratitude", "helped"), Spot("gratitude", "thanks")
_ORDER = {"family": 0, "advisor": 1, "teacher": 2}
SEND, MYSELF = "send", "self"
"""What a student decides. The thank-you goes once; whoever would say it themselves can still have it go."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A thank-you that may go. `adults`: all it may go to; `to`: those of them the student surely means."""

    conference: AnyRow
    student: AnyRow
    words: str
    adults: tuple[AnyRow, ...]
    to: tuple[AnyRow, ...]


def asked(house: House, connection: Connection, workspace: str, conference: int, voice: Voice, *, own: bool = True
          ) -> list[Draft]:  # fmt: skip
    """The question whether it is to go, once for each conference; nothing where there is nothing to send.

    `own`: the student reads it; else their advisor, beside them.
    """
    offer = offer_of(house, connection, workspace, conference)
    if offer is None or decided(connection, workspace, conference):
        return []
    return [replace(voice.say(question(offer, own=own)), dedupe_key=f"thanks:{conference}:asked")]


def question(offer: Offer, *, own: bool) -> Saying:
    """To whom it would go, what it says, and the three ways on."""
    number = offer.conference.id
    choose = Button(Tap.FORM, "thanks_change" if offer.to else "thanks_choose", f"{Form.THANKS}:{number}",
                    "" if offer.to else "primary")  # fmt: skip
    send = [Button(Tap.THANKS, "thanks_send", f"{number}:{SEND}", "primary")] if offer.to else []
    context = {
        "student": first_name(offer.student.name), "own": own, "to": [one.name for one in offer.to],
        "words": offer.words,
    }  # fmt: skip
    buttons = [*send, choose, Button(Tap.THANKS, "thanks_self", f"{number}:{MYSELF}")]
    return Saying("thanks_ask", context, {"actions": [buttons]})


def offer_of(house: House, connection: Connection, workspace: str, conference: int) -> Offer | None:
    """What there is to send after a conference; None where the student wrote no thanks, or they were flagged or held
    back, or were sent already."""
    about, known = conference_of(connection, workspace, conference), decided(connection, workspace, conference)
    if about is None or (known is not None and known.choice == SEND):
        return None
    given = _given(connection, workspace, conference)
    words = given[THANKS].text.strip() if THANKS in given else ""
    if not words or _held(connection, workspace, conference):
        return None
    who = select(*Person.__table__.c).where(Person.workspace == about.workspace, Person.id == about.student_id)
    student = connection.execute(who).one()
    adults = _adults(connection, workspace, conference, about.student_id)
    helped = given[HELPED].text if HELPED in given else ""
    sure = set(_meant(house, f"{helped}\n{words}", adults))
    return Offer(about, student, words, adults, tuple(one for one in adults if one.id in sure))


def after_all_button(offer: Offer) -> Button:
    """For whoever would say it themselves: to have it go all the same, while it can."""
    number = offer.conference.id
    if offer.to:
        return Button(Tap.THANKS, "thanks_after_all", f"{number}:{SEND}")
    return Button(Tap.FORM, "thanks_after_all", f"{Form.THANKS}:{number}")


def keep(connection: Connection, offer: Offer, choice: str, to: Collection[AnyRow], words: str, now: datetime) -> None:
    """What was decided, in place of what was before."""
    conference = offer.conference
    key = decision_key(conference.id)
    about = {"text": words, "choice": choice, "title": ", ".join(one.name for one in to), "at": now}
    about = sealed.row(Note, about, {"workspace": conference.workspace, "key": key})
    mine = update(Note).where(Note.workspace == conference.workspace, Note.key == key)
    if connection.execute(mine.values(**about)).rowcount == 0:
        new = insert(Note).values(
            workspace=conference.workspace, conference_id=conference.id, author_id=offer.student.id,
            kind=Form.THANKS.value, key=key, **about,
        )  # fmt: skip
        connection.execute(new)


def decided(connection: Connection, workspace: str, conference: int) -> AnyRow | None:
    """What the student decided, if they did: the note of it."""
    return connection.execute(
        select(Note.choice, Note.title).where(
            Note.workspace == workspace, Note.key == decision_key(conference), Note.alarm == ""
        )
    ).one_or_none()


def reached(adult: AnyRow) -> bool:
    """Whether one of an offer's adults can be written to in Slack about this student."""
    return bool(adult.slack_id) and adult.contact in (None, Contact.ALL)


def decision_key(conference: int) -> str:
    """The key of the note a decision is kept in: there is one for each conference."""
    return f"thanks:{conference}"


def _meant(house: House, text: str, adults: tuple[AnyRow, ...]) -> tuple[int, ...]:
    catalog = house.words.catalog
    parent, family = (
        {word for language in catalog.languages for word in catalog.label(language, f"thanks.{key}").split()}
        for key in ("parent", "family")
    )
    people = [Adult(one.id, one.name, one.role == "family") for one in adults]
    return meant(text, people, parent, family)


def _given(connection: Connection, workspace: str, conference: int) -> Mapping[Spot, Given]:
    rows = connection.execute(
        select(Answer.id, Answer.flow, Answer.question, Answer.round, Answer.ts, Answer.revised, Answer.act,
               Answer.text, Answer.choices, Answer.evidence, Answer.alarm)
        .where(Answer.workspace == workspace, Answer.conference_id == conference, Answer.flow == THANKS.flow)
    )  # fmt: skip
    return fold(Revision(*row) for row in rows)


def _held(connection: Connection, workspace: str, conference: int) -> bool:
    """Whether the advisor holds any of it back."""
    held = select(Item.id).where(
        Item.workspace == workspace, Item.conference_id == conference, Item.flow == THANKS.flow,
        Item.held_reason != NOTHING_SET.held_reason,
    )  # fmt: skip
    return connection.scalar(held.limit(1)) is not None


def _adults(connection: Connection, workspace: str, conference: int, student: int) -> tuple[AnyRow, ...]:
    """The adults of the conference and of the family, without those about whom nothing may be passed on."""
    there = select(Participant.person_id).where(
        Participant.workspace == workspace, Participant.conference_id == conference
    )
    related = select(Guardian.adult_id).where(Guardian.workspace == workspace, Guardian.student_id == student)
    barred = related.where(Guardian.contact == Contact.NONE)
    rows = connection.execute(
        select(*Person.__table__.c, Guardian.contact)
        .outerjoin(Guardian, (Guardian.adult_id == Person.id) & (Guardian.student_id == student))
        .where(
            Person.workspace == workspace, Person.active.is_(True), Person.role != "student",
            Person.id.in_(there) | Person.id.in_(related), Person.id.not_in(barred),
        )
    )  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (_ORDER.get(row.role, len(_ORDER)), row.name)))
