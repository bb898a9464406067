"""Whom a nudge is about and whom it goes to, as the roster has them when its time has come."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from bot.services.adults import given
from bot.services.advising import withholding
from bot.store.models import Conference, Conversation, Person
from bot.store.session import AnyRow
from scheduler.cadence import Receiver
from scheduler.deliveries import Delivery

LEAD = "nudge_lead"
"""What a student is told on the day."""

REMINDER = "reminder"
"""The message of the day before."""

ANSWERS = frozenset({given.GIVEN, withholding.HELD_BACK})
"""Messages to a student that are no reminders: who wants none of those gets these all the same."""


@dataclass(frozen=True, slots=True)
class About:
    """Whom a nudge is about and to whom it goes: rows of the roster. `reader` is whose DM it stands in."""

    student: AnyRow | None
    receiver: AnyRow | None
    reader: AnyRow | None
    conference: AnyRow | None
    conversation: AnyRow | None

    @property
    def beside(self) -> bool:
        """It is a student's, and stands in their advisor's DM."""
        return self.receiver is not None and self.reader is not None and self.reader.id != self.receiver.id


def read(connection: Connection, delivery: Delivery) -> About:
    """Read what a nudge is about; what has left the roster meanwhile is None."""
    payload = delivery.payload
    student = _person(connection, delivery.workspace, payload["student"])
    receiver = _person(connection, delivery.workspace, payload["person"])
    reader = receiver
    if receiver is not None and not receiver.slack_id and receiver.role == "student":
        reader = _person(connection, delivery.workspace, receiver.advisor_id or 0)
    conference = connection.execute(
        select(*Conference.__table__.c).where(
            Conference.workspace == delivery.workspace, Conference.id == payload["conference"]
        )
    ).one_or_none()
    conversation = connection.execute(
        select(*Conversation.__table__.c).where(
            Conversation.workspace == delivery.workspace, Conversation.person_id == payload["student"]
        )
    ).one_or_none()
    return About(student, receiver, reader, conference, conversation)


def place(connection: Connection, delivery: Delivery) -> str | None:
    """The channel or person a nudge goes to, whatever it says; None if there is none any more."""
    found = read(connection, delivery)
    if Receiver(delivery.payload["receiver"]) is Receiver.CHANNEL:
        return found.conference.channel if found.conference is not None else None
    return found.reader.slack_id if found.reader is not None else None


def _person(connection: Connection, workspace: str, person: int) -> AnyRow | None:
    return connection.execute(
        select(*Person.__table__.c).where(Person.workspace == workspace, Person.id == person, Person.active.is_(True))
    ).one_or_none()
