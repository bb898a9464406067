"""The invitation to a conference as plain data, and the family it is for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import aliased

from bot.conference.access import Role
from bot.school import Contact
from bot.services.nudges.days import calendar_of
from bot.services.talk.scene import first_name
from bot.store.models import Conference, Guardian, Participant, Person
from bot.store.session import AnyRow
from scheduler.walltime import resolve


def context(
    connection: Connection, workspace: str, conference: int, names: Sequence[str], *, channel: bool = False
) -> dict[str, Any] | None:
    """What the message `family_welcome` is made of, for those called `names`; None for a conference that is cancelled.

    `begins` is ISO by the school's clock with its offset, `date` and `time` are the same without. `channel`: it stands
    in the conference's channel, with the date for a calendar under it.
    """
    row = held(connection, workspace, conference)
    if row is None or row.cancelled:
        return None
    return {
        "names": list(names),
        "student": first_name(row.student),
        "begins": begins(connection, row).isoformat(),
        "date": row.date.isoformat(),
        "time": row.time,
        "place": row.place,
        "minutes": row.minutes,
        "advisor": row.advisor or "",
        "channel": channel,
    }


def begins(connection: Connection, conference: AnyRow) -> datetime:
    """When a conference begins, on the school's clock."""
    zone = calendar_of(connection, conference.workspace).zone
    return resolve(conference.date, time.fromisoformat(conference.time), zone).astimezone(zone)


def family(connection: Connection, workspace: str, conference: int) -> Sequence[AnyRow]:
    """The adults of the family who are invited, by any way: id, name, language, slack_id, `contact`, and their answer
    (coming, mode, interpreter). By the order of the roster."""
    return connection.execute(
        select(
            Person.id, Person.name, Person.language, Person.slack_id, Guardian.contact,
            Participant.coming, Participant.mode, Participant.interpreter,
        )
        .join(Participant, Participant.person_id == Person.id)
        .join(Conference, Conference.id == Participant.conference_id)
        .join(Guardian, (Guardian.adult_id == Person.id) & (Guardian.student_id == Conference.student_id))
        .where(
            Conference.workspace == workspace, Conference.id == conference, Person.role == Role.FAMILY,
            Person.active.is_(True), Guardian.contact != Contact.NONE,
        )
        .order_by(Person.id)
    ).all()  # fmt: skip


def in_slack(people: Collection[AnyRow]) -> list[AnyRow]:
    """Those of the family who read the conference's channel."""
    return [one for one in people if one.slack_id and one.contact == Contact.ALL]


def languages(connection: Connection, workspace: str, conference: int) -> list[str]:
    """The home languages of the family in the channel, each once; none where nobody of it is in Slack."""
    return sorted({one.language for one in in_slack(family(connection, workspace, conference))})


def nobody_comes(people: Collection[AnyRow]) -> bool:
    """Whether the student leads with nobody of the family there, as far as it is known; also where there is nobody."""
    return all(one.coming == "no" for one in people)


def held(connection: Connection, workspace: str, conference: int) -> AnyRow | None:
    """A conference, cancelled or not, with the whole names of its `student` and `advisor` (None: there is none)."""
    student, advisor = aliased(Person), aliased(Person)
    return connection.execute(
        select(*Conference.__table__.c, student.name.label("student"), advisor.name.label("advisor"))
        .join(student, student.id == Conference.student_id)
        .outerjoin(advisor, (advisor.id == student.advisor_id) & advisor.active.is_(True))
        .where(Conference.workspace == workspace, Conference.id == conference)
    ).one_or_none()
