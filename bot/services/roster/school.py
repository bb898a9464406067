"""What services need to know of a workspace's school, as it was loaded."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from bot.store.models import Person, School


def day_in(time_zone: str, now: datetime) -> date:
    """The date in a time zone: a conference stands on the school's local date, not on UTC's."""
    return now.astimezone(ZoneInfo(time_zone)).date()


def today(connection: Connection, workspace: str, now: datetime) -> date:
    """The date at the school; UTC's where there is none."""
    return day_in(time_zone(connection, workspace), now)


def time_zone(connection: Connection, workspace: str) -> str:
    """The school's time zone; UTC where there is none."""
    return connection.scalar(select(School.time_zone).where(School.workspace == workspace)) or "UTC"


def watchers(connection: Connection, workspace: str) -> list[str] | None:
    """The roster ids of those who watch over the school's students; None where there is no school."""
    found = connection.scalar(select(School.counselors).where(School.workspace == workspace))
    return list(found["keys"]) if found is not None else None


def names(connection: Connection) -> dict[str, str]:
    """What every school is called, by workspace; in the order of the names."""
    every = select(School.workspace, School.name).order_by(School.name)
    rows = connection.execute(every.execution_options(every_workspace=True))
    return {row.workspace: row.name for row in rows}


def language(connection: Connection, workspace: str) -> str:
    """The language for those of whom no other is known."""
    return connection.scalar(select(School.language).where(School.workspace == workspace)) or "en"


def student(connection: Connection, workspace: str, key: str) -> int | None:
    """A student who is in the roster now, by the roster's id; their row's id."""
    return connection.scalar(
        select(Person.id).where(
            Person.workspace == workspace, Person.key == key, Person.role == "student", Person.active.is_(True)
        )
    )


def coordinator(connection: Connection, workspace: str) -> str:
    """The name of whoever sets the school up; "" where nobody does."""
    return (
        connection.scalar(
            select(Person.name)
            .where(Person.workspace == workspace, Person.role == "coordinator", Person.active.is_(True))
            .order_by(Person.id)
            .limit(1)
        )
        or ""
    )


def workspaces(connection: Connection) -> dict[str, str]:
    """The time zone of every school there is, by workspace."""
    every = select(School.workspace, School.time_zone).order_by(School.workspace)
    rows = connection.execute(every.execution_options(every_workspace=True))
    return {row.workspace: row.time_zone for row in rows}


def loaded_at(connection: Connection, workspace: str, *, keep: bool = False) -> datetime | None:
    """When the school was loaded last. `keep`: it is not loaded anew before this transaction has ended."""
    asked = select(School.loaded_at).where(School.workspace == workspace)
    return connection.scalar(asked.with_for_update(read=True) if keep else asked)
