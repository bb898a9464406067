"""Before somebody is erased: whom a key means, what would go with them, and whether they can be erased now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.sql.elements import ColumnElement

from bot.errors import CoachError
from bot.services.leaving import removal, traces
from bot.services.leaving.traces import STUDENT
from bot.store.models import Alert, Person, School
from bot.store.session import AnyRow


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would go: rows by table, the bot's messages and files that are known of, and alerts about them (`open`:
    those nobody has taken up)."""

    rows: Mapping[str, int]
    messages: int
    files: int
    alerts: int
    open: int


def person(connection: Connection, workspace: str, key: str, *, student: bool) -> AnyRow:
    """Whom a key of the roster means. Raises CoachError where there is nobody, or somebody of the other sort."""
    found = connection.execute(
        select(Person.id, Person.role, Person.key, Person.name, Person.active).where(
            Person.workspace == workspace, Person.key == key
        )
    ).one_or_none()
    if found is None:
        raise CoachError(f"There is nobody with the id “{key}” here. Look for it in roster.csv; capitals count.")
    if (found.role == STUDENT) is not student:
        option = "--student" if found.role == STUDENT else "--person"
        raise CoachError(f"“{key}” is {article(found.role)} {found.role}. Write: conference-coach erase {option} {key}")
    return found


def article(word: str) -> str:
    """What stands before an English word."""
    return "an" if word[:1] in "aeiou" else "a"


def foresee(connection: Connection, workspace: str, number: int) -> Foreseen:
    """What erasing somebody would take out."""
    role = connection.scalar(select(Person.role).where(Person.workspace == workspace, Person.id == number))
    chosen = removal.going(workspace, number, role)
    counts = {table.name: count for table, which in chosen if (count := _count(connection, table, which))}
    counts |= {"person": 1} if role is not None else {}
    alerts = Alert.workspace == workspace, Alert.student_id == number
    return Foreseen(
        counts,
        len(traces.messages(connection, workspace, number)),
        len(traces.files(connection, workspace, number)),
        connection.scalar(select(func.count()).select_from(Alert).where(*alerts)) or 0,
        connection.scalar(select(func.count()).select_from(Alert).where(*alerts, Alert.taken_by.is_(None))) or 0,
    )


def refuse(connection: Connection, workspace: str, who: AnyRow, *, with_alerts: bool) -> None:
    """Raise CoachError, with the remedy, where somebody cannot be erased now.

    An alert that nobody has taken up was read by nobody; no command takes it out. Others are a record the school may
    have to keep, and go only where it says so.
    """
    found = foresee(connection, workspace, who.id)
    if found.open:
        raise CoachError(
            f"{found.open} safeguarding alert(s) about “{who.key}” wait for a counselor. Nothing was erased: "
            "have them taken up in Slack first. --with-alerts does not cover alerts nobody has taken."
        )
    if found.alerts and not with_alerts:
        raise CoachError(
            f"There are {found.alerts} safeguarding alert(s) about “{who.key}”, which your school may have to keep. "
            f"Nothing was erased. Keep a copy (conference-coach export --student {who.key}), then say --with-alerts."
        )
    if who.role != STUDENT:
        _refuse_needed(connection, workspace, who)


def _refuse_needed(connection: Connection, workspace: str, who: AnyRow) -> None:
    keys = connection.scalar(select(School.counselors).where(School.workspace == workspace)) or {}
    if who.key in keys.get("keys", ()):
        raise CoachError(
            f"“{who.key}” gets the safeguarding alerts. Take them out of school.toml, load it, and try again."
        )
    students = select(func.count()).select_from(Person)
    theirs = Person.workspace == workspace, Person.advisor_id == who.id, Person.active.is_(True)
    if count := connection.scalar(students.where(*theirs)):
        raise CoachError(
            f"“{who.key}” is the advisor of {count} student(s). Give these another in roster.csv, load, and try again."
        )


def _count(connection: Connection, table: Table, chosen: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(chosen)) or 0
