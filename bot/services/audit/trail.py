"""The audit trail: who saw, exported, posted or changed what, when. Numbers and names of things; never a word.

What a student answers has no entry here: answers are revisions that are only ever added to, which is a trail itself.
Entries are tied to one another a little later: `chain`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from bot.store.models import Audit, Conference, Person
from bot.store.session import Store

CLI = "cli"
BOT = "bot"

LONGEST = 64
"""Characters of a thing's id."""

_KIND = re.compile(r"[a-z_]{1,24}")
_ID = re.compile(rf"[A-Za-z0-9:._-]{{0,{LONGEST}}}")
"""What ids are made of. Words have blanks, and names letters, that are not in it."""


class Act(StrEnum):
    """What somebody did."""

    SAW = "saw"
    EXPORTED = "exported"
    POSTED = "posted"
    CHANGED = "changed"
    ERASED = "erased"


def whoever(connection: Connection, workspace: str, slack_id: str) -> str:
    """Somebody of whom the Slack id is known, as an actor; the bot where the roster has them no longer."""
    known = select(Person.id).where(Person.workspace == workspace, Person.slack_id == slack_id)
    number = connection.scalar(known)
    return person(number) if number is not None else BOT


class Noted(NamedTuple):
    """One of many entries."""

    act: Act
    kind: str
    thing: str = ""
    student: int | None = None


def person(number: int) -> str:
    """Somebody of the roster, as an actor: by their row's id."""
    return f"person:{number}"


def note(
    connection: Connection,
    workspace: str,
    now: datetime,
    actor: str,
    act: Act,
    kind: str,
    thing: str | int = "",
    student: int | None = None,
) -> None:
    """Add an entry, in the caller's transaction: it is there if what it tells of is.

    actor: `person(id)`, CLI or BOT. kind: what it was done to, such as "alert" or "agenda"; thing: its id.
    student: the id of the student it is about. ValueError where the thing is no id: it could be somebody's words.
    """
    connection.execute(insert(Audit).values(**_entry(workspace, now, actor, act, kind, thing), student_id=student))


def note_conference(
    connection: Connection,
    workspace: str,
    now: datetime,
    actor: str,
    act: Act,
    kind: str,
    conference: int,
    more: str = "",
) -> None:
    """The same of something of a conference, and about its student. `more`: what of it, after its id; left out where it
    is none, for a button may have brought it."""
    thing = f"conference:{conference}:{more}"
    if not more or not _ID.fullmatch(thing):
        thing = f"conference:{conference}"
    whose = select(Conference.student_id).where(Conference.workspace == workspace, Conference.id == conference)
    entry = _entry(workspace, now, actor, act, kind, thing)
    connection.execute(insert(Audit).values(**entry, student_id=whose.scalar_subquery()))


def note_all(connection: Connection, workspace: str, now: datetime, actor: str, acts: Sequence[Noted]) -> None:
    """The same of many things at once."""
    entries = [
        {**_entry(workspace, now, actor, one.act, one.kind, one.thing), "student_id": one.student} for one in acts
    ]
    if entries:
        connection.execute(insert(Audit), entries)


def seen(
    store: Store, workspace: str, now: datetime, who: int, kind: str, student: int | None, thing: str | int = ""
) -> None:
    """Somebody is about to be shown something: the entry stands before they see it, in a transaction of its own."""
    with store.write() as connection:
        note(connection, workspace, now, person(who), Act.SAW, kind, thing, student)


def _entry(workspace: str, now: datetime, actor: str, act: Act, kind: str, thing: str | int) -> dict[str, Any]:
    if not (_KIND.fullmatch(kind) and _ID.fullmatch(str(thing))):
        raise ValueError("what goes into the audit trail is a kind and an id")
    return {"workspace": workspace, "at": now, "actor": actor, "act": act, "kind": kind, "thing": str(thing)}
