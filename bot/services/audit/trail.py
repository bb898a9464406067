"""The audit trail: who saw, exported, posted or changed what, when. Numbers and names of things; never a word."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert

from bot.store.models import Audit

CLI = "cli"
BOT = "bot"


class Act(StrEnum):
    """What somebody did."""

    SAW = "saw"
    EXPORTED = "exported"
    POSTED = "posted"
    CHANGED = "changed"
    ERASED = "erased"


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
    student: the id of the student it is about.
    """
    entry = {"workspace": workspace, "at": now, "actor": actor, "act": act, "kind": kind, "thing": str(thing)}
    connection.execute(insert(Audit).values(**entry, student_id=student))
