"""A conference as it is booked: what everything that is written about one goes by."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import Connection, select

from bot.services.nudges.days import calendar_of
from bot.store.models import Conference, Person
from bot.store.session import AnyRow
from scheduler.walltime import resolve


def conference_of(connection: Connection, workspace: str, conference: int) -> AnyRow | None:
    """A conference that is not cancelled, with `student`, the whole name of its student, their `advisor_id` and
    `language`."""
    return connection.execute(
        select(*Conference.__table__.c, Person.name.label("student"), Person.advisor_id, Person.language)
        .join(Person, Person.id == Conference.student_id)
        .where(
            Conference.workspace == workspace, Conference.id == conference, Conference.cancelled.is_(False),
            Person.active.is_(True),
        )
    ).one_or_none()  # fmt: skip


def is_over(connection: Connection, conference: AnyRow, now: datetime) -> bool:
    """Whether the meeting of a conference (a row of `conference_of`) has ended."""
    zone = calendar_of(connection, conference.workspace).zone
    begins = resolve(conference.date, time.fromisoformat(conference.time), zone)
    return begins + timedelta(minutes=conference.minutes) <= now
