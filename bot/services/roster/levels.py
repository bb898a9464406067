"""How much of the meeting a student leads: what their advisor's group does beats the term's level, which beats the
school's. Read each time, so that a group that moves up finds all it did before, and one that moves down loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select
from sqlalchemy.orm import aliased

from bot.store.models import Conference, Person, School, Term

DEFAULT = "full"
"""The level where there is no school yet."""


def column(advisor: Any, term: Any) -> ColumnElement[str]:
    """The level as a column of a larger query: `advisor` and `term` are what it joined for a student, `School` too."""
    return func.coalesce(advisor.level, term.level, School.level)


def of(connection: Connection, workspace: str, student: int | None = None, term: int | None = None) -> str:
    """The level (a key of `bot.words.LEVELS`) of a student in a term; without them, of the school as a whole."""
    advisor, pupil = aliased(Person), aliased(Person)
    found = (
        select(column(advisor, Term))
        .select_from(School)
        .outerjoin(pupil, (pupil.workspace == School.workspace) & (pupil.id == student))
        .outerjoin(advisor, advisor.id == pupil.advisor_id)
        .outerjoin(Term, (Term.workspace == School.workspace) & (Term.id == term))
        .where(School.workspace == workspace)
    )
    return connection.scalar(found) or DEFAULT


def of_conference(connection: Connection, workspace: str, conference: int) -> str:
    """The level of a conference: its student's, in its term."""
    return of_conferences(connection, workspace, [conference]).get(conference, DEFAULT)


def of_conferences(connection: Connection, workspace: str, conferences: Collection[int] | None) -> Mapping[int, str]:
    """The level of each of these conferences, None being all of the school: one query however many they are."""
    asked = _of_conferences(workspace)
    if conferences is not None:
        asked = asked.where(Conference.id.in_(conferences))
    return {row.id: row.level for row in connection.execute(asked)}


def _of_conferences(workspace: str) -> Select[*tuple[Any, ...]]:
    advisor, pupil = aliased(Person), aliased(Person)
    return (
        select(Conference.id, column(advisor, Term).label("level"))
        .join(School, School.workspace == Conference.workspace)
        .join(pupil, pupil.id == Conference.student_id)
        .outerjoin(advisor, advisor.id == pupil.advisor_id)
        .outerjoin(Term, Term.id == Conference.term_id)
        .where(Conference.workspace == workspace)
    )
