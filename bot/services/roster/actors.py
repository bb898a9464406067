"""Somebody of the roster, as the table of who may do what knows them."""

from __future__ import annotations

from sqlalchemy import Connection, Select, select

from bot.conference import access
from bot.store.models import Conference, Guardian, Participant, Person
from bot.store.session import AnyRow

NO_CONTACT = "none"
"""In `Guardian.contact`: an adult who is not to be written to, nor shown anything, about that student."""


def actor(connection: Connection, person: AnyRow) -> access.Actor:
    """A person with the students that are theirs: those they advise, teach at a conference, or belong to. One query."""
    students = frozenset(connection.scalars(_theirs(person))) if person.role in _OTHERS else frozenset()
    return access.Actor(person.id, access.Role(person.role), students, person.active)


_OTHERS = frozenset({access.Role.ADVISOR, access.Role.TEACHER, access.Role.FAMILY})


def _theirs(person: AnyRow) -> Select[int]:
    if person.role == access.Role.ADVISOR:
        return select(Person.id).where(
            Person.workspace == person.workspace, Person.advisor_id == person.id, Person.active.is_(True)
        )
    if person.role == access.Role.FAMILY:
        return select(Guardian.student_id).where(
            Guardian.workspace == person.workspace, Guardian.adult_id == person.id, Guardian.contact != NO_CONTACT
        )
    return (
        select(Conference.student_id)
        .join(Participant, Participant.conference_id == Conference.id)
        .where(
            Participant.workspace == person.workspace, Participant.person_id == person.id,
            Conference.cancelled.is_(False),
        )
    )  # fmt: skip
