"""What adults saw at a conference, for its student: a sentence or two, read out the next school morning."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, select

from bot.conference import access
from bot.services import notes
from bot.services.forms import Entries, Field, Taken, Window, value
from bot.services.house import House
from bot.services.nudges.days import calendar_of
from bot.services.roster.actors import actor
from bot.services.speech import Button, Kind, Saying
from bot.services.talk.scene import first_name
from bot.store.models import Note, Person
from bot.store.session import AnyRow
from bot.taps import Form, Tap
from scheduler.cadence import Receiver
from scheduler.calendar import Audience
from scheduler.outbox import Draft
from scheduler.walltime import resolve, zone_of

MESSAGE = "saw_said"
"""The message in which a student reads them."""
ASKS = "nudge_saw"
"""The message that asks for them."""
MORNING = time(7, 45)
LASTS = timedelta(days=21)
"""So long after a conference something can be written about it."""
LONGEST = 300
"""Characters: two sentences."""
TOGETHER = 10
"""So many are read in one message."""


def button(conference: int) -> Button:
    """Opens the window to write it."""
    return Button(Tap.FORM, "saw", value(Form.SAW, conference), "primary")


class SawForm:
    """Knows the form `saw`; it is about "<conference>"."""

    def open(self, house: House, connection: Connection, person: AnyRow, about: str) -> Window | None:
        """For the adults of a conference that has begun."""
        conference = _conference(connection, house, person, about)
        if conference is None:
            return None
        context = {"student": first_name(conference.student)}
        field = Field("text", "saw_text", hint="saw_hint")
        return Window(Form.SAW, about, "saw_title", person.language, (field,), Saying("saw_form", context))

    def take(
        self, house: House, connection: Connection, person: AnyRow, about: str, entries: Entries, key: str
    ) -> Taken | None:
        """Keep it for the student's next school morning."""
        conference = _conference(connection, house, person, about)
        if conference is None:
            return None
        entered = entries.get("text", "")
        text = entered.strip() if isinstance(entered, str) else ""
        flagged = notes.screened(house, connection, conference, person, Form.SAW, key, text)
        if flagged:
            return flagged
        if not text or len(text) > LONGEST:
            return Taken(errors={"text": "saw_long" if text else "needed"})
        return _kept(house, connection, conference, person, key, text)


def said(connection: Connection, student: AnyRow, conference: int, slot: str, *, own: bool) -> Saying:
    """What the student reads: those of one morning, by name. `own`: by themselves, not with their advisor."""
    morning, _, part = slot.partition(":")
    first = int(part or 0) * TOGETHER
    given = _given(connection, student.workspace, conference, morning)[first : first + TOGETHER]
    shown = [{"by": one.name, "words": one.text} for one in given]
    return Saying(MESSAGE, {"student": first_name(student.name), "own": own, "notes": shown})


def _kept(house: House, connection: Connection, conference: AnyRow, person: AnyRow, key: str, text: str) -> Taken:
    now = house.clock()
    here = Person.workspace == conference.workspace, Person.id == conference.student_id
    student = connection.execute(select(*Person.__table__.c).where(*here)).one()
    reader = student if student.slack_id else _advisor(connection, conference)
    due = _morning(connection, reader or student, now)
    morning = due.date().isoformat() if due is not None else ""
    earlier = _given(connection, person.workspace, conference.id, morning)
    notes.keep(connection, person.workspace, conference.id, person.id, Form.SAW, key, now, text, topic=morning)
    context = {"student": first_name(conference.student), "date": morning}
    then = Window(Form.SAW, "", "noted", person.language, saying=Saying("saw_noted", context))
    if due is None or reader is None or not reader.slack_id:
        return Taken(then=then)
    return Taken([_draft(conference, student, reader, due, len(earlier) // TOGETHER)], then=then)


def _draft(conference: AnyRow, student: AnyRow, reader: AnyRow, due: datetime, part: int) -> Draft:
    """The delivery of a morning, once; what it says is made when it goes."""
    slot = f"{due.date().isoformat()}:{part}"
    payload: dict[str, Any] = {
        "step": MESSAGE, "message": MESSAGE, "flow": "", "receiver": Receiver.STUDENT.value, "person": student.id,
        "student": student.id, "conference": conference.id, "slot": slot,
    }  # fmt: skip
    return Draft(
        conference.workspace, Kind.NUDGE, reader.slack_id, f"person:{student.id}", payload,
        f"{MESSAGE}:{conference.id}:{slot}", due,
    )  # fmt: skip


def _morning(connection: Connection, reader: AnyRow, now: datetime) -> datetime | None:
    """The next school morning on the reader's own clock; None after the last."""
    calendar = calendar_of(connection, reader.workspace)
    zone = zone_of(reader.time_zone or "", calendar.zone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    moment = calendar.moment(tomorrow, MORNING, zone, Audience.STUDENTS)
    return moment.instant.astimezone(zone) if moment is not None else None


def _given(connection: Connection, workspace: str, conference: int, morning: str) -> list[AnyRow]:
    """What may be passed on that morning (kept as a note's `topic`), in the order it was written."""
    rows = connection.execute(
        select(Note.id, Note.text, Person.name)
        .join(Person, Person.id == Note.author_id)
        .where(
            Note.workspace == workspace, Note.conference_id == conference, Note.kind == Form.SAW, Note.alarm == "",
            Note.held_reason == "", Note.topic == morning,
        )
        .order_by(Note.id)
    )  # fmt: skip
    return list(rows)


def _conference(connection: Connection, house: House, person: AnyRow, about: str) -> AnyRow | None:
    """A conference that has begun, for an adult who belongs to it."""
    conference = notes.conference_of(connection, person.workspace, int(about) if about.isdecimal() else 0)
    if conference is None:
        return None
    thing = access.Thing(access.Kind.NOTE, conference.student_id)
    if not access.may(actor(connection, person), access.Action.GIVE, thing):
        return None
    begins = _begins(connection, conference.workspace, conference.date, conference.time)
    return conference if begins <= house.clock() <= begins + LASTS else None


def _begins(connection: Connection, workspace: str, day: date, clock: str) -> datetime:
    return resolve(day, time.fromisoformat(clock), calendar_of(connection, workspace).zone)


def _advisor(connection: Connection, conference: AnyRow) -> AnyRow | None:
    return connection.execute(
        select(*Person.__table__.c).where(
            Person.workspace == conference.workspace, Person.id == conference.advisor_id, Person.active.is_(True)
        )
    ).one_or_none()
