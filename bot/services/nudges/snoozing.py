"""What receivers do with a nudge besides following it, and advisors who have somebody nudged now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from bot.conference import access
from bot.services.advising import digest
from bot.services.house import House
from bot.services.nudges import about, refusal, reminders
from bot.services.nudges.buttons import CHOICES, NEXT
from bot.services.nudges.days import calendar_of
from bot.services.nudges.reminders import ASKED_STEP as ASKED
from bot.services.speech import Button, Kind, Saying, Voice
from bot.services.talk.greeting import person_in_slack
from bot.services.talk.hearing import first_time
from bot.services.talk.scene import first_name
from bot.store.models import Conference, Person
from bot.store.session import AnyRow
from bot.taps import Tap
from scheduler.cadence import Receiver
from scheduler.calendar import Audience, Calendar
from scheduler.deliveries import Delivery, deliveries, from_row
from scheduler.outbox import Draft
from scheduler.walltime import resolve, zone_of

LASTS = timedelta(days=3)
"""A nudge that was put off, or asked for by an advisor, is of use so long."""

PUT_OFF = {"tomorrow": timedelta(days=1), "week": timedelta(days=7)}


def snooze(house: House, workspace: str, key: str, slack_id: str, channel: str, value: str, ts: str) -> list[Delivery]:
    """A button under a nudge. One that is somebody else's changes nothing and says nothing.

    Put off, the nudge comes again and its message says when; with no more wanted, all that waits for this receiver is
    refused when its time comes, until they want it again.
    """
    identity, _, choice = value.partition(":")
    now = house.clock()
    with house.store.write() as connection:
        row = connection.execute(
            select(*deliveries.c).where(deliveries.c.workspace == workspace, deliveries.c.id == identity)
        ).one_or_none()
        reader = person_in_slack(connection, workspace, slack_id)
        if row is None or reader is None or row.recipient != slack_id or choice not in CHOICES:
            return []
        if row.kind != Kind.NUDGE or not first_time(connection, workspace, (key,), now):
            return []
        nudge = from_row(row)
        receiver = _receiver(connection, nudge)
        if receiver is None:
            return []
        _heard(connection, receiver, now)
        voice = Voice(workspace, slack_id, reader.language, nudge.subject, f"snooze:{key}", now, channel)
        if choice in PUT_OFF:
            said = _put_off(house, connection, nudge, receiver, reader, PUT_OFF[choice], now)
            return _anew(house, connection, voice, said, ts, now)
        saying = _wishes(connection, receiver, reader, choice == "off", now, identity)
        if receiver.role == "student":
            return _anew(house, connection, voice, saying, ts, now)
        return house.outbox.put(connection, [voice.say(saying)], now, claim=True)  # what they were told stays


def _put_off(
    house: House, connection: Connection, nudge: Delivery, receiver: AnyRow, reader: AnyRow, after: timedelta,
    now: datetime,
) -> Saying:  # fmt: skip
    """Put a nudge off, instead of where it had been put off to before; whoever wants it then wants reminders."""
    calendar, step = calendar_of(connection, nudge.workspace), refusal.nudge_of(connection, nudge)
    asked = reminders.asked(nudge.dedupe_key)
    if not asked and (step is None or refusal.is_over(connection, nudge, step, about.read(connection, nudge), now)):
        return Saying("nudge_over")
    draft = _again(connection, calendar, nudge, reader, after, now)
    if draft is None:
        return Saying("nudge_too_late")
    before = draft.dedupe_key.partition("~")[0]
    house.outbox.cancel(connection, nudge.workspace, now, "put off again", prefix=f"{before}~")
    house.outbox.put(connection, [draft], now)
    reminders.wish(connection, receiver.workspace, receiver.id, True, now)
    shown = draft.due_at.astimezone(zone_of(reader.time_zone or "", calendar.zone))
    return Saying("nudge_later", {"date": shown.date().isoformat(), "time": f"{shown:%H:%M}"})


def _wishes(
    connection: Connection, receiver: AnyRow, reader: AnyRow, off: bool, now: datetime, identity: str
) -> Saying:
    reminders.wish(connection, receiver.workspace, receiver.id, not off, now)
    context = {"own": receiver.id == reader.id, "who": first_name(receiver.name), "off": off, "role": reader.role}
    other = "on" if off else "off"
    return Saying("nudge_wishes", context, {"actions": [[Button(Tap.SNOOZE, f"nudge_{other}", f"{identity}:{other}")]]})


def remind(house: House, workspace: str, key: str, slack_id: str, channel: str, value: str) -> list[Delivery]:
    """An advisor has a student of theirs nudged now, or "group": all whom their digest calls quiet. A word comes back.

    Not those who want no reminders, and nobody twice a day; in quiet hours and on closed days it goes afterwards.
    """
    now = house.clock()
    with house.store.write() as connection:
        advisor = person_in_slack(connection, workspace, slack_id)
        if advisor is None or not first_time(connection, workspace, (key,), now):
            return []
        asked = digest.silent(house, connection, advisor, now) if value == digest.GROUP else [int(value)]
        students = _own_students(connection, advisor, asked)
        if not students:
            return []
        calendar = calendar_of(connection, workspace)
        told: dict[str, list[str]] = {"now": [], "later": [], "off": [], "beside": [], "already": []}
        for student in students:
            told[_nudge(house, connection, calendar, student, now)].append(first_name(student.name))
        voice = Voice(workspace, slack_id, advisor.language, f"person:{advisor.id}", f"remind:{key}", now, channel)
        return house.outbox.put(connection, [voice.say(Saying("nudge_done", told))], now, claim=True)


def _nudge(house: House, connection: Connection, calendar: Calendar, student: AnyRow, now: datetime) -> str:
    """How it went: "now", "later" (it is late there, or closed), "off", "beside" or "already"."""
    if student.quiet_since is not None:
        return "off"
    if not student.slack_id:
        return "beside"
    due = calendar.from_now(now, zone_of(student.time_zone or "", calendar.zone), Audience.STUDENTS)
    if due is None:
        return "off"
    payload = {
        "step": ASKED, "message": ASKED, "flow": NEXT, "receiver": Receiver.STUDENT.value, "person": student.id,
        "student": student.id, "conference": 0, "slot": calendar.today(due).isoformat(),
    }  # fmt: skip
    draft = Draft(
        student.workspace, Kind.NUDGE, student.slack_id, f"person:{student.id}", payload,
        f"{reminders.ASKED}{student.id}:{ASKED}:{Receiver.STUDENT}:{student.id}:{payload['slot']}", due, due + LASTS,
    )  # fmt: skip
    if not house.outbox.put(connection, [draft], now):
        return "already"
    return "now" if due <= now else "later"


def _own_students(connection: Connection, advisor: AnyRow, asked: Sequence[int]) -> list[AnyRow]:
    rows = connection.execute(
        select(*Person.__table__.c)
        .where(Person.workspace == advisor.workspace, Person.id.in_(asked), Person.active.is_(True))
        .where(Person.role == "student", Person.advisor_id == advisor.id)
        .order_by(Person.name)
    ).all()
    actor = access.Actor(advisor.id, access.Role(advisor.role), frozenset(row.id for row in rows))
    thing = access.Kind.PROGRESS
    return [row for row in rows if access.may(actor, access.Action.SEE, access.Thing(thing, row.id))]


def _again(
    connection: Connection, calendar: Calendar, nudge: Delivery, reader: AnyRow, after: timedelta, now: datetime
) -> Draft | None:
    """The same nudge on a later day at the same hour; None where that would be after its conference."""
    zone = zone_of(reader.time_zone or "", calendar.zone)
    audience = Receiver(nudge.payload["receiver"]).audience
    day, clock = now.astimezone(zone).date() + after, nudge.due_at.astimezone(zone).time()
    moment = calendar.moment(day, clock, zone, audience)
    if moment is None:
        return None
    over = moment.instant + LASTS
    held = connection.execute(
        select(Conference.date, Conference.time).where(
            Conference.workspace == nudge.workspace, Conference.id == nudge.payload["conference"]
        )
    ).one_or_none()
    if held is not None:
        begins = resolve(held.date, time.fromisoformat(held.time), calendar.zone)
        if now < begins <= moment.instant:
            return None
        over = min(over, begins) if now < begins else over
    _, subject, rest = nudge.dedupe_key.split(":", 2)
    rest = rest.partition("~")[0]
    return Draft(
        nudge.workspace, nudge.kind, nudge.recipient, nudge.subject, nudge.payload,
        f"{reminders.AGAIN}{subject}:{rest}~{now.timestamp():.6f}", moment.instant, over,
    )  # fmt: skip


def _receiver(connection: Connection, nudge: Delivery) -> Any:
    return connection.execute(
        select(*Person.__table__.c).where(
            Person.workspace == nudge.workspace, Person.id == nudge.payload["person"], Person.active.is_(True)
        )
    ).one_or_none()


def _heard(connection: Connection, person: AnyRow, now: datetime) -> None:
    mine = update(Person).where(Person.workspace == person.workspace, Person.id == person.id)
    connection.execute(mine.values(heard_at=now))


def _anew(house: House, connection: Connection, voice: Voice, saying: Saying, ts: str, now: datetime) -> list[Delivery]:
    """The nudge's message says now what was decided."""
    payload = {**saying.payload(voice.language), "ts": ts}
    return house.outbox.put(connection, [voice.draft(Kind.UPDATE, payload)], now, claim=True)
