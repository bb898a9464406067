"""What an adult tells the bot of a student that a person must read, in the chat or with a command.

Nobody reads that chat, so the words are kept as a note about the student and the counselors are told, as with a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.conference.access import Role
from bot.conference.thanks import Adult, meant
from bot.services import safeguarding
from bot.services.house import House
from bot.services.roster.actors import actor
from bot.services.talk import greeting
from bot.store.models import Conference, Note, Person
from bot.store.session import AnyRow
from scheduler import sealed
from scheduler.outbox import Draft

KIND = "message"
"""The kind of such a note: it came in no window, and nothing but its alert leads to it."""


def heard(
    house: House, connection: Connection, adult: AnyRow, text: str, key: str, now: datetime
) -> tuple[dict[str, Any], list[Draft]]:
    """What the adult is told of help ("" and no lines where nothing is flagged), and the counselors' alerts.

    key: names the message, so that it is kept once.
    """
    context = {**safeguarding.help_now(house, connection, adult.workspace, text), "counselor": ""}
    level = house.words.safety.screen(text)
    if level is None:
        return context, []
    students, sure = _about(connection, adult, text)
    drafts: list[Draft] = []
    for student in students:
        note = _kept(connection, adult, student, text, level.value, f"{KIND}:{key}:{student}", now)
        drafts += safeguarding.raise_about_note(
            connection, adult.workspace, student, note, adult.name, level.value, now, sure=sure
        )
    counselor = greeting.first_counselor(connection, adult.workspace) if drafts else ""
    return {**context, "counselor": counselor}, drafts


def _about(connection: Connection, adult: AnyRow, text: str) -> tuple[Sequence[int], bool]:
    """The students it is about, and whether that is sure: those who are named, of their own first; their only one;
    else one of theirs, so that somebody hears of it at all."""
    everyone = connection.execute(
        select(Person.id, Person.name)
        .where(Person.workspace == adult.workspace, Person.role == Role.STUDENT, Person.active.is_(True))
        .order_by(Person.name, Person.id)
    ).all()
    own = actor(connection, adult).students
    theirs = [one for one in everyone if one.id in own]
    for among in (theirs, everyone):
        if named := meant(text, [Adult(one.id, one.name) for one in among], (), ()):
            return named, True
    among = theirs or everyone
    return [one.id for one in among[:1]], len(theirs) == 1


def _kept(connection: Connection, adult: AnyRow, student: int, text: str, level: str, key: str, now: datetime) -> int:
    """The words as a note about the student, of their last conference if they ever had one."""
    of_student = select(Conference.id).where(Conference.workspace == adult.workspace, Conference.student_id == student)
    conference = connection.scalar(of_student.order_by(Conference.date.desc(), Conference.id.desc()).limit(1))
    values = {
        "workspace": adult.workspace, "conference_id": conference, "student_id": student, "author_id": adult.id,
        "kind": KIND, "key": key, "at": now, "text": text, "alarm": level,
    }  # fmt: skip
    return connection.execute(insert(Note).values(**sealed.row(Note, values)).returning(Note.id)).scalar_one()
