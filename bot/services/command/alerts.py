"""The alerts a counselor finds in their home: who they are about and who has taken them up, never the words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_, select
from sqlalchemy.orm import aliased

from bot.conference.access import Action, Actor, Kind, Thing, may
from bot.services.command.reader import Reader
from bot.services.safeguarding import hand_menu, others_than
from bot.services.speech import Button
from bot.store.models import Alert, Person, School
from bot.store.session import AnyRow
from bot.taps import Tap

SHOWN = 10
TAKEN_FOR = timedelta(days=14)
"""So long an alert that somebody took up stays in the list."""


def of_counselor(reader: Reader) -> tuple[dict[str, Any], dict[str, list[list[Button]]]]:
    """What a counselor's home says of alerts, and its buttons by slot: open ones first, the oldest of them first.

    `watches` is False for a counselor to whom the school sends no alerts: theirs are none.
    """
    connection, person, who = reader.connection, reader.person, reader.who
    watches = _watches(connection, person)
    found = _alerts(connection, person, reader.now) if watches else []
    seen = [row for row in found if may(who, Action.SEE, Thing(Kind.ALERT, row.student_id))]
    waiting = [row for row in seen if row.taken_by is None]
    shown = [*waiting, *(row for row in seen if row.taken_by is not None)][:SHOWN]
    zone = ZoneInfo(connection.scalar(select(School.time_zone).where(School.workspace == person.workspace)) or "UTC")
    listed = [
        {
            "student": row.student, "at": row.raised_at.astimezone(zone).isoformat(), "taken_by": row.taker or "",
            "opened": row.opened_at is not None,
        }
        for row in shown
    ]  # fmt: skip
    context = {"watches": watches, "waiting": len(waiting), "alerts": listed, "more": len(seen[SHOWN:])}
    others = others_than(connection, person.workspace, person.id) if shown else []
    return context, {f"alert-{number}": [_controls(row, who, others)] for number, row in enumerate(shown, 1)}


def _controls(row: AnyRow, who: Actor, others: list[AnyRow]) -> list[Any]:
    """Open it; take it up, where nobody has; hand it over, where somebody else has not."""
    take = row.taken_by is None and may(who, Action.TAKE, Thing(Kind.ALERT, row.student_id))
    opened = Button(Tap.ALERT_OPEN, "open_alert", str(row.id), "primary" if take else "")
    taken = [Button(Tap.ALERT_TAKE, "take_alert", str(row.id))] if take else []
    mine = take or row.taken_by == who.id
    return [opened, *taken, *(hand_menu(row.id, others) if mine else [])]


def _watches(connection: Connection, person: AnyRow) -> bool:
    keys = connection.scalar(select(School.counselors).where(School.workspace == person.workspace)) or {"keys": []}
    return person.key in keys["keys"]


def _alerts(connection: Connection, person: AnyRow, now: datetime) -> list[AnyRow]:
    student, taker = aliased(Person), aliased(Person)
    return list(
        connection.execute(
            select(Alert.id, Alert.student_id, Alert.raised_at, Alert.opened_at, Alert.taken_by,
                   student.name.label("student"), taker.name.label("taker"))
            .join(student, student.id == Alert.student_id)
            .outerjoin(taker, taker.id == Alert.taken_by)
            .where(
                Alert.workspace == person.workspace,
                or_(Alert.taken_by.is_(None), Alert.taken_at > now - TAKEN_FOR),
            )
            .order_by(Alert.raised_at, Alert.id)
        )
    )  # fmt: skip
