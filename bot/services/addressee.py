"""Who or what a delivery is for, as people call it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from bot.services.talk.scene import first_name
from bot.store.models import Conference, Person


@dataclass(frozen=True, slots=True)
class Addressee:
    """`name`: of a person of the roster, or of the student whose conference's channel it is; "" if nobody knows."""

    name: str
    channel: bool = False


def addressee(connection: Connection, workspace: str, recipient: str) -> Addressee:
    """Of a delivery's recipient: a Slack id, `conference:<id>`, or `mail:<person's id>`."""
    kind, _, number = recipient.partition(":")
    if kind == "conference" and number.isdecimal():
        student = select(Person.name).join(Conference, Conference.student_id == Person.id)
        name = connection.scalar(student.where(Conference.id == int(number), Conference.workspace == workspace))
        return Addressee(first_name(name or ""), channel=True)
    if kind == "mail" and number.isdecimal():
        person = select(Person.name).where(Person.workspace == workspace, Person.id == int(number))
        return Addressee(connection.scalar(person) or "")
    known = select(Person.name).where(Person.workspace == workspace, Person.slack_id == recipient)
    return Addressee(connection.scalar(known) or "")
