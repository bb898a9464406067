"""Which packets are printed: of one student, found by their id or name, or of all in a term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, select

from bot.conference.access import Role
from bot.errors import CoachError
from bot.services.channels import packets
from bot.services.talk import greeting
from bot.store.models import Conference, Person, Term
from bot.store.session import AnyRow

SHOWN = 8
"""Students named where several could be meant."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One packet: of which conference, for which home (None: for all), with the student's id in the roster."""

    conference: int
    key: str
    student: str
    household: str | None


def of_student(
    connection: Connection, workspace: str, wanted: str, household: str | None, term: str, now: datetime
) -> list[Copy]:
    """The packets of a student: one for each home, or for `household`. `term`: "" is that of their next conference, or
    else their last. CoachError where it cannot be told which, with the remedy."""
    student = _student(connection, workspace, wanted)
    if not term:
        row = greeting.current_conference(connection, workspace, student.id, now)
    else:
        _check_term(connection, workspace, term)
        row = connection.execute(_held(workspace, term).where(Person.id == student.id)).one_or_none()
    if row is None:
        raise CoachError(f"{student.name} has no conference{f' in {term}' if term else ''}. See conferences.csv.")
    homes = packets.homes(connection, workspace, student.id) if household is None else [household]
    return [Copy(row.id, student.key, student.name, home) for home in homes]


def of_term(connection: Connection, workspace: str, term: str) -> list[Copy]:
    """The packets of all conferences of a term, by their students' ids. CoachError for a term there is not."""
    _check_term(connection, workspace, term)
    rows = connection.execute(_held(workspace, term).order_by(Person.key)).all()
    return [
        Copy(row.id, row.key, row.name, home)
        for row in rows
        for home in packets.homes(connection, workspace, row.student_id)
    ]


def _held(workspace: str, term: str) -> Select[int, int, str, str]:
    return (
        select(Conference.id, Conference.student_id, Person.key, Person.name)
        .join(Person, Person.id == Conference.student_id)
        .join(Term, Term.id == Conference.term_id)
        .where(
            Conference.workspace == workspace, Conference.cancelled.is_(False), Person.active.is_(True),
            Term.name == term,
        )
    )  # fmt: skip


def _student(connection: Connection, workspace: str, wanted: str) -> AnyRow:
    """By the roster's id, else by the whole name, else by a part of it."""
    rows = connection.execute(
        select(Person.id, Person.key, Person.name)
        .where(Person.workspace == workspace, Person.role == Role.STUDENT, Person.active.is_(True))
        .order_by(Person.key)
    ).all()
    asked = wanted.casefold()
    ways: Sequence[list[AnyRow]] = (
        [row for row in rows if row.key == wanted],
        [row for row in rows if row.name.casefold() == asked],
        [row for row in rows if asked in row.name.casefold()],
    )
    found = next((way for way in ways if way), [])
    if not found:
        raise CoachError(f"There is no student “{wanted}”. Give their id in roster.csv, or their name.")
    if len(found) > 1:
        listed = ", ".join(f"{row.key} ({row.name})" for row in found[:SHOWN])
        raise CoachError(f"Several students are called “{wanted}”: {listed}. Give one's id in roster.csv.")
    return found[0]


def _check_term(connection: Connection, workspace: str, term: str) -> None:
    names = list(connection.scalars(select(Term.name).where(Term.workspace == workspace).order_by(Term.starts)))
    if term not in names:
        raise CoachError(f"There is no term “{term}”. The school has: {', '.join(names) or 'none'}.")
