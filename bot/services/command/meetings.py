"""The conferences somebody has to do with, and what they can do about each: no more than the table of access allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from bot.conference.access import Action, Actor, Kind, Role, Thing, may
from bot.services.advising.digest import called
from bot.services.channels.standing import Standing
from bot.services.command.reader import Reader
from bot.services.roster import school
from bot.services.speech import Button
from bot.services.talk.scene import first_name
from bot.store.models import Approval, Conference, Participant, Person
from bot.store.session import AnyRow
from bot.taps import Tap

AFTER = timedelta(days=28)
"""So long after a conference it stays in the homes of its adults: what was agreed is asked about three weeks later."""

BUTTONS = 5
"""Conferences with a button each; more of them are a menu."""


_APPROVED = (
    select(func.count(Approval.id)).where(Approval.conference_id == Conference.id).scalar_subquery().label("approvals")
)


def one(reader: Reader, conference: int) -> AnyRow | None:
    """A conference that takes place, with `name`, the whole name of its student. Teachers and family know of none that
    they have no part in."""
    return reader.connection.execute(_asked(reader).where(Conference.id == conference)).one_or_none()


def current(reader: Reader, students: Collection[int], *, held: bool = False) -> dict[int, AnyRow]:
    """By student the conference that is meant: the next to come, the last where none is; `held`: before both, one that
    has begun and is not long over."""
    day = today(reader)
    found: dict[int, list[AnyRow]] = defaultdict(list)
    for row in reader.connection.execute(_asked(reader).where(Conference.student_id.in_(students))):
        found[row.student_id].append(row)
    return {student: (held and _held(rows, day)) or _next(rows, day) for student, rows in found.items()}


def _next(rows: Sequence[AnyRow], day: date) -> AnyRow:
    return next((row for row in rows if row.date >= day), rows[-1])


def _held(rows: Sequence[AnyRow], day: date) -> AnyRow | None:
    return next((row for row in reversed(rows) if day - AFTER <= row.date <= day), None)


def before(reader: Reader, student: int, day: date) -> AnyRow | None:
    """The last conference of a student before a day."""
    earlier = _asked(reader).where(Conference.student_id == student, Conference.date < day)
    return next(iter(reversed(reader.connection.execute(earlier).all())), None)


def of_adult(reader: Reader) -> list[AnyRow]:
    """The conferences an adult is part of, those to come first, then those not long over; by date and time."""
    day = today(reader)
    part = _asked(reader).where(Conference.id.in_(_part(reader)), Conference.date >= day - AFTER)
    rows = reader.connection.execute(part).all()
    return sorted(rows, key=lambda row: (row.date < day, row.date, row.time, row.id))


def today(reader: Reader) -> date:
    """The date at the school."""
    return school.today(reader.connection, reader.person.workspace, reader.now)


def _asked(reader: Reader) -> Select[*tuple[Any, ...]]:
    workspace = reader.person.workspace
    asked = (
        select(
            Conference.id, Conference.student_id, Conference.date, Conference.time, Conference.place,
            Conference.minutes, Conference.channel, Conference.agenda_ts, Person.name, _APPROVED,
        )
        .join(Person, Person.id == Conference.student_id)
        .where(Conference.workspace == workspace, Conference.cancelled.is_(False), Person.active.is_(True))
        .order_by(Conference.date, Conference.time, Conference.id)
    )  # fmt: skip
    return asked.where(Conference.id.in_(_part(reader))) if reader.who.role in _GUESTS else asked


_GUESTS = (Role.TEACHER, Role.FAMILY)
"""Those who belong to a conference and not to all a student ever has."""


def _part(reader: Reader) -> Select[int]:
    mine = (Participant.workspace == reader.person.workspace, Participant.person_id == reader.person.id)
    return select(Participant.conference_id).where(*mine)


def facts(row: AnyRow, day: date) -> dict[str, Any]:
    """A conference as plain data for a message: whose, when, where, whether its day is over."""
    return {
        "student": first_name(row.name),
        "date": row.date.isoformat(),
        "time": row.time,
        "place": row.place,
        "over": row.date < day,
    }


def menu(rows: Sequence[AnyRow], what: str) -> list[list[Any]]:
    """One of several conferences to choose, as the rows of a slot: `what` of it is shown then."""
    if len(rows) > BUTTONS:
        options = [[show_value(what, row.id), f"={row.name}"] for row in rows[:100]]
        return [[{"select": Tap.SHOW, "value": what, "options": options, "chosen": "", "hint": "open_one"}]]
    names = called([row.name for row in rows])
    return [[Button(Tap.SHOW, f"={name}", show_value(what, row.id)) for row, name in zip(rows, names, strict=True)]]


def show_value(what: str, conference: int) -> str:
    """What a button carries that opens a window with something of a conference."""
    return f"{what}:{conference}"


def posted(row: AnyRow) -> bool:
    """Whether the approved agenda stands in the conference's channel."""
    return Standing.parse(row.agenda_ts).agenda


def approved(row: AnyRow) -> bool:
    """Whether the student has approved an agenda for it."""
    return bool(row.approvals)


def allowed(who: Actor, action: Action, kind: Kind, row: AnyRow) -> bool:
    """Whether somebody may do this with this conference's."""
    return may(who, action, Thing(kind, row.student_id))
