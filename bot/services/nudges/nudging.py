"""A nudge when its time has come: to whom it is said now, and what is said with it, again, and after it.

Whether it is still wanted is `refusal`'s to know, and its words are `wording`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.services.afterwards import checking, committing, thanks
from bot.services.channels import cards
from bot.services.family import attending, invitation
from bot.services.house import House
from bot.services.nudges import about, company, refusal, wording
from bot.services.nudges.about import About
from bot.services.speech import Saying, Voice
from bot.services.talk import recurring
from bot.store.session import AnyRow
from scheduler.cadence import Receiver
from scheduler.deliveries import Delivery
from scheduler.outbox import Draft


@dataclass(frozen=True, slots=True)
class Said:
    """A nudge as it is said now: the message, its language, and the channel or person it goes to."""

    saying: Saying
    language: str
    channel: str
    told: tuple[int, ...] = ()
    """Other deliveries, by seq, whose conferences it is about as well."""


def said(house: House, connection: Connection, delivery: Delivery, now: datetime) -> Said | None:
    """What a nudge says now; None if there is nobody and nowhere to say it to any more."""
    found = about.read(connection, delivery)
    if Receiver(delivery.payload["receiver"]) is Receiver.CHANNEL:
        return _in_channel(house, connection, delivery, found, now)
    reader = found.reader
    if reader is None or found.receiver is None or not reader.slack_id:
        return None
    with_it = together(house, connection, delivery, now)[1:]
    saying = wording.saying(house, connection, delivery, found, with_it, now)
    if saying is None:
        return None
    return Said(saying, reader.language, reader.slack_id, tuple(one.seq for one in with_it))


def _in_channel(
    house: House, connection: Connection, delivery: Delivery, found: About, now: datetime
) -> Said | None:  # fmt: skip
    held, student, message = found.conference, found.student, delivery.payload["message"]
    if held is None or not held.channel or student is None:
        return None
    if message == committing.BEGINS:
        begins = committing.begins(house, connection, held, student)
        return Said(begins, house.words.language(student.language), held.channel)
    language = house.words.language(_languages(connection, held, student)[0])
    context = wording.dates(connection, found, now)
    context["joining"] = attending.joining(connection, delivery.workspace, held.id)
    return Said(Saying(f"{message}_channel", context), language, held.channel)


def _languages(connection: Connection, conference: AnyRow, student: AnyRow) -> list[str]:
    """The home languages of the family in the channel; the student's where there is nobody."""
    return invitation.languages(connection, student.workspace, conference.id) or [student.language]


def together(house: House, connection: Connection, delivery: Delivery, now: datetime) -> list[Delivery]:
    """A delivery that goes now, and those whose conferences its message is about as well."""

    def wanted(one: Delivery) -> bool:  # what only waits for the day to begin is not refused
        return not isinstance(refusal.of(house, connection, one, now), str)

    found = company.of(connection, delivery, wanted)
    if delivery.payload["message"] != checking.MESSAGE or len(found) < 2:
        return found
    slot, person = checking.slot_of(delivery.payload["step"]), delivery.payload["person"]
    conferences = [one.payload["conference"] for one in found]
    sizes = [checking.many(connection, delivery.workspace, one, person, slot) for one in conferences]
    return company.fitting(found, sizes, checking.ROOM)


def further(house: House, connection: Connection, delivery: Delivery, now: datetime) -> list[Draft]:
    """What was said in a conference's channel, in the further languages of the family there."""
    found = about.read(connection, delivery)
    if Receiver(delivery.payload["receiver"]) is not Receiver.CHANNEL:
        return []
    if found.conference is None or found.student is None or delivery.payload["message"] == committing.BEGINS:
        return []  # what is said as it begins is said in all of them at once
    said_first = said(house, connection, delivery, now)
    rest = _languages(connection, found.conference, found.student)[1:]
    return cards.further(delivery, said_first.saying, rest, now) if said_first is not None else []


def followed(house: House, connection: Connection, delivery: Delivery, now: datetime) -> list[Draft]:
    """What comes right after a nudge that was sent: under the reflection, the student's thank-you; where a limit left
    no place for that, under the question how far they are with what was agreed."""
    payload = delivery.payload
    after = payload["flow"] == recurring.REFLECTION or payload["message"] == checking.MESSAGE
    if not after or payload["receiver"] != Receiver.STUDENT:
        return []
    found = about.read(connection, delivery)
    if found.reader is None or not found.reader.slack_id:
        return []
    voice = Voice(delivery.workspace, delivery.recipient, found.reader.language, delivery.subject, delivery.id, now)
    return thanks.asked(house, connection, delivery.workspace, payload["conference"], voice, own=not found.beside)
