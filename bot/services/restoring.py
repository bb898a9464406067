"""A restored copy is looked over before anything is sent from it.

Whoever was erased since is erased again; the quarter is planned anew; what was due before now lies, for it has long
been sent. Each step is a transaction of its own and may be done again; the mark that it is a copy goes last. So
whatever ends this, the next run does what is left, and no bot starts before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, String, cast, inspect, literal, select
from sqlalchemy.exc import DatabaseError

from bot.services.audit import chain, trail
from bot.services.leaving import erasing, ledger
from bot.services.leaving.ledger import Entry
from bot.services.nudges import quarter
from bot.services.roster.school import workspaces
from bot.store import copies
from bot.store.models import ALL_METADATA, Alert, Conversation, Person
from bot.store.scope import Stray, every_workspace, strays
from bot.store.session import Store
from scheduler import operating
from scheduler.deliveries import deliveries
from scheduler.operating import Count
from scheduler.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Health:
    """What is wrong with a database: its file, what is missing in its schema, what leads from one workspace into
    another, whose audit trail does not hold (by workspace)."""

    damage: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    strays: tuple[Stray, ...] = ()
    trails: tuple[tuple[str, chain.Fault], ...] = ()

    @property
    def broken(self) -> bool:
        """Whether the database cannot be used at all."""
        return bool(self.damage or self.missing)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done, or would be: who was erased again, what was added to the plan, what lies, or is looked for."""

    copied_at: datetime | None
    erased: int = 0
    planned: int = 0
    counts: tuple[Count, ...] = ()


# --- is it sound? ------------------------------------------------------------------------------------------------


def health(store: Store) -> Health:
    """Look the database over; changes nothing."""
    try:
        with store.read() as connection, every_workspace(connection):
            if damage := _damage(connection):
                return Health(damage)
            if missing := _missing(connection):
                return Health(missing=missing)
            found = tuple(strays(connection))
    except DatabaseError as error:
        if not store.sqlite:
            raise
        return Health((str(error.orig),))
    return Health(strays=found, trails=tuple(_trails(store)))


def _damage(connection: Connection) -> tuple[str, ...]:
    """What SQLite says of the file, and of rows that refer to nothing; PostgreSQL sees to both as it restores."""
    if connection.dialect.name != "sqlite":
        return ()
    said = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(20)")]
    loose = {f"{row[0]} → {row[2]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
    return (*(line for line in said if line != "ok"), *sorted(loose))


def _missing(connection: Connection) -> tuple[str, ...]:
    """Tables and foreign keys that a restore ended without."""
    found = inspect(connection)
    there = set(found.get_table_names())
    problems = []
    for table in (table for metadata in ALL_METADATA for table in metadata.sorted_tables):
        if table.name not in there:
            problems.append(table.name)
            continue
        keys = {tuple(key["constrained_columns"]) for key in found.get_foreign_keys(table.name)}
        wanted = {tuple(column.name for column in key.columns) for key in table.foreign_key_constraints}
        problems += sorted(f"{table.name}.{', '.join(columns)}" for columns in wanted - keys)
    return tuple(problems)


def _trails(store: Store) -> list[tuple[str, chain.Fault]]:
    verdicts = []
    for workspace in _schools(store):
        with store.read() as connection:
            verdicts.append((workspace, chain.verify(connection, workspace).fault))
    return [(workspace, fault) for workspace, fault in verdicts if fault is not None]


def _schools(store: Store) -> Sequence[str]:
    with store.read() as connection:
        return sorted(workspaces(connection))


# --- what is to be done ------------------------------------------------------------------------------------------


def foretold(store: Store, entries: Sequence[Entry], now: datetime) -> Restored:
    """What `restored` would do, but for the plan; changes nothing."""
    with store.read() as connection:
        at = copies.copied_at(connection)
    counts: list[Count] = []
    erased = 0
    for workspace in _schools(store):
        with store.read() as connection:
            counts += operating.due_by(connection, workspace, now, _owed(connection, workspace))
            erased += _to_erase(connection, workspace, entries, at)
    return Restored(at, erased, counts=tuple(counts))


def restored(store: Store, outbox: Outbox, entries: Sequence[Entry], now: datetime, *, mails: bool = False) -> Restored:
    """Make of a copy a database that a bot may send from. `entries`: the ledger of erasures, as it is now."""
    with store.read() as connection:
        at = copies.copied_at(connection)
    erased = erasing.again(store, entries, now, at)
    planned, counts = 0, list[Count]()
    for workspace in _schools(store):
        with store.write() as connection:  # before it is planned: no plan is to put it off
            counts += operating.let_lie(connection, workspace, now, _owed(connection, workspace))
        planned += quarter.replan(store, outbox, workspace, now, mails=mails).changes.added
        with store.write() as connection:  # what the copy had not planned yet
            operating.let_lie(connection, workspace, now, _owed(connection, workspace))
            trail.note(connection, workspace, now, trail.CLI, trail.Act.CHANGED, "restored")
    with store.write() as connection:
        copies.unmark(connection)
    return Restored(at, erased, planned, tuple(counts))


def _to_erase(connection: Connection, workspace: str, entries: Sequence[Entry], since: datetime | None) -> int:
    """How many are here whom the ledger has erased since the copy was made."""
    erased = {
        one.digest
        for one in entries
        if one.workspace == workspace and not one.allowed and (since is None or one.at > since)
    }
    keys = connection.scalars(select(Person.key).where(Person.workspace == workspace))
    return sum(ledger.digest(workspace, key) in erased for key in keys)


def _owed(connection: Connection, workspace: str) -> Collection[str]:
    """Ids of what must arrive in any case: the question somebody is to answer, and the word of an alert that nobody has
    taken up. What was sent of it after the copy was made is found in Slack, and not sent again."""
    d = deliveries.c
    asked = select(Conversation.prompt_delivery).where(Conversation.workspace == workspace)
    open_alerts = select(literal("alert:") + cast(Alert.id, String)).where(
        Alert.workspace == workspace, Alert.taken_at.is_(None)
    )
    owed = select(d.id).where(d.workspace == workspace, d.settled_at.is_(None))
    return frozenset(
        found
        for wanted in (d.id.in_(asked), d.subject.in_(open_alerts))
        for found in connection.scalars(owed.where(wanted))
    )
