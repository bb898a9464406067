"""Whom a command at the server is about: by the roster's id, whether or not they are still in the roster."""

from __future__ import annotations

from sqlalchemy import Connection, select

from bot.errors import CoachError
from bot.school.values import meant
from bot.services.leaving import erasing
from bot.store.models import Person
from bot.store.session import AnyRow

STUDENT = "student"


def student(connection: Connection, workspace: str, key: str) -> AnyRow:
    """A student's row: id, key, role, name, language. CoachError, with what may have been meant, for anybody else."""
    found = somebody(connection, workspace, key)
    if found.role != STUDENT:
        raise CoachError(f"“{key}” is no student: {found.name} is in the roster as {found.role}. Say --person {key}")
    return found


def somebody(connection: Connection, workspace: str, key: str) -> AnyRow:
    """Anybody's row, as `student` gives it."""
    columns = (Person.id, Person.key, Person.role, Person.name, Person.language, Person.consent)
    everyone = select(*columns).where(Person.workspace == workspace)
    found = connection.execute(everyone.where(Person.key == key)).one_or_none()
    if found is None:
        if (gone := erasing.done_at(connection, workspace, key)) is not None:
            raise CoachError(f"“{key}” was erased on {gone:%Y-%m-%d}. There is nothing of theirs here.")
        known = [row.key for row in connection.execute(everyone)]
        hint = f"Give the id that roster.csv has; capitals count.{meant(key, known)}"
        raise CoachError(f"There is nobody “{key}” here. {hint}")
    return found
