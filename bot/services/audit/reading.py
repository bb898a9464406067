"""The audit trail as somebody reads it: with the names the roster has for the ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, String, cast, literal, select
from sqlalchemy.orm import aliased

from bot.services.audit.trail import person
from bot.store.models import Audit, Person
from bot.store.session import AnyRow

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `who` and `student` are names, or what stands for one where the roster has them no longer; number is
    None for one that is not tied yet."""

    number: int | None
    at: datetime
    who: str
    act: str
    kind: str
    thing: str
    student: str


def entries(
    connection: Connection, workspace: str, student: int | None = None, since: datetime | None = None
) -> Iterator[Entry]:
    """The trail, oldest first: all of it, or what is about one student, or of that instant and later."""
    asked = _asked(workspace)
    if student is not None:
        asked = asked.where(Audit.student_id == student)
    if since is not None:
        asked = asked.where(Audit.at >= since)
    for row in connection.execute(asked.execution_options(yield_per=_BATCH)):
        yield Entry(
            row.number, row.at, row.actor_name or row.actor, row.act, row.kind, row.thing, _student(row)
        )  # fmt: skip


def student_of(connection: Connection, workspace: str, key: str) -> int | None:
    """The id of a student who is in the roster, or was."""
    found = select(Person.id).where(Person.workspace == workspace, Person.key == key, Person.role == "student")
    return connection.scalar(found)


def _student(row: AnyRow) -> str:
    if row.student_id is None:
        return ""
    return row.student_name or person(row.student_id)


def _asked(workspace: str) -> Select[Any]:
    actor, student = aliased(Person), aliased(Person)
    by = person(0).removesuffix("0")
    return (
        select(*Audit.__table__.c, actor.name.label("actor_name"), student.name.label("student_name"))
        .outerjoin(actor, (actor.workspace == Audit.workspace) & (Audit.actor == literal(by) + cast(actor.id, String)))
        .outerjoin(student, (student.workspace == Audit.workspace) & (student.id == Audit.student_id))
        .where(Audit.workspace == workspace)
        .order_by(Audit.id)
    )
