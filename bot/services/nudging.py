"""A nudge when its time has come: whether it is still wanted, and what it says. Both are read from the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, select

from bot.dialogue.events import Command
from bot.services import beside, digest, holding, opening, reminders, school
from bot.services.days import cadence_of, calendar_of
from bot.services.house import House
from bot.services.scene import first_name
from bot.services.speech import Button, Saying
from bot.store.models import Conference, Conversation, Person
from bot.store.session import AnyRow
from bot.taps import Ref, Tap
from bot.words import APPROVE, LEVELS, QUARTER
from scheduler.cadence import Cadence, Nudge, Receiver
from scheduler.calendar import Calendar
from scheduler.deliveries import Delivery
from scheduler.outcomes import Postponed
from scheduler.walltime import resolve, zone_of

HELLO = "nudge_hello"
"""What a student is told first, whatever it is about."""

NEXT = "next"
"""In a cadence's `flow`: whatever is not done yet."""

ONE_A_DAY = "one a day"
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
CHOICES = ("tomorrow", "week", "off", "on")
"""What a receiver can do with a nudge but follow it."""


@dataclass(frozen=True, slots=True)
class About:
    """Whom a nudge is about and to whom it goes: rows of the roster. `reader` is whose DM it stands in."""

    student: AnyRow | None
    receiver: AnyRow | None
    reader: AnyRow | None
    conference: AnyRow | None
    conversation: AnyRow | None

    @property
    def beside(self) -> bool:
        """It is a student's, and stands in their advisor's DM."""
        return self.receiver is not None and self.reader is not None and self.reader.id != self.receiver.id


def about(connection: Connection, delivery: Delivery) -> About:
    """Read what a nudge is about; what has left the roster meanwhile is None."""
    payload = delivery.payload
    student = _person(connection, delivery.workspace, payload["student"])
    receiver = _person(connection, delivery.workspace, payload["person"])
    reader = receiver
    if receiver is not None and not receiver.slack_id and receiver.role == "student":
        reader = _person(connection, delivery.workspace, receiver.advisor_id or 0)
    conference = connection.execute(
        select(*Conference.__table__.c).where(
            Conference.workspace == delivery.workspace, Conference.id == payload["conference"]
        )
    ).one_or_none()
    conversation = connection.execute(
        select(*Conversation.__table__.c).where(
            Conversation.workspace == delivery.workspace, Conversation.person_id == payload["student"]
        )
    ).one_or_none()
    return About(student, receiver, reader, conference, conversation)


# --- whether it is still wanted ------------------------------------------------------------------------------


def refusal(connection: Connection, delivery: Delivery, now: datetime) -> str | Postponed | None:
    """Why a nudge is not to go, ever or now; None if it is wanted."""
    payload, found = delivery.payload, about(connection, delivery)
    calendar = calendar_of(connection, delivery.workspace)
    receiver = Receiver(payload["receiver"])
    if gone := _gone(found, payload, receiver):
        return gone
    if receiver is Receiver.STUDENT and _awaits_a_person(found):
        return _tomorrow(calendar, found, receiver, delivery, now, "a person reads first")
    if payload["message"] == opening.FRAMES and not opening.unapproved(
        connection, delivery.workspace, payload["person"], now
    ):
        return "done"
    if payload["step"] == reminders.ASKED_STEP or not reminders.of_a_step(delivery.dedupe_key):
        return _closed(calendar, found, receiver, now)
    cadence = cadence_of(connection, delivery.workspace)
    nudge = next((one for one in cadence.nudges if one.name == payload["step"]), None)
    if nudge is None:
        return "no longer in the cadence"
    limit = cadence.limits.get(receiver)
    who = (receiver, str(payload["person"]))
    if payload["student"]:
        if is_over(connection, delivery, nudge, found, now):
            return "done"
        if reminders.planned(delivery.dedupe_key) and nudge.flow and limit is not None and limit.unanswered is not None:
            left = reminders.unanswered(connection, delivery.workspace, cadence, now, payload["student"])
            if left.get(who, 0) >= limit.unanswered:
                return "unanswered"
    crowded = _too_many(connection, cadence, nudge, delivery, calendar, now)
    if crowded and (nudge.yields or crowded != ONE_A_DAY):
        return crowded
    if crowded:
        return _tomorrow(calendar, found, receiver, delivery, now, crowded)
    return _closed(calendar, found, receiver, now)


def _gone(found: About, payload: Mapping[str, Any], receiver: Receiver) -> str | None:
    if payload["student"] and found.student is None:
        return "the student has left"
    if payload["conference"] and (found.conference is None or found.conference.cancelled):
        return "the conference is cancelled"
    if receiver is Receiver.CHANNEL:
        return None if found.conference is not None and found.conference.channel else "there is no channel"
    if found.receiver is None:
        return "the receiver has left"
    if found.reader is None or not found.reader.slack_id:
        return "the receiver is not on Slack"
    return "paused" if found.receiver.quiet_since is not None else None


def is_over(connection: Connection, delivery: Delivery, nudge: Nudge, found: About, now: datetime) -> bool:
    """Whether what a nudge asks for is done, or is of no use any more."""
    calendar, held = calendar_of(connection, delivery.workspace), found.conference
    begun = held is not None and now >= resolve(held.date, time.fromisoformat(held.time), calendar.zone)
    if nudge.prepares and begun:
        return True
    return _done(connection, delivery.workspace, calendar, nudge, delivery.payload, now)


def nudge_of(connection: Connection, delivery: Delivery) -> Nudge | None:
    """The cadence's nudge that a delivery is of; None if the cadence has it no longer."""
    cadence = cadence_of(connection, delivery.workspace)
    return next((one for one in cadence.nudges if one.name == delivery.payload["step"]), None)


def _done(
    connection: Connection, workspace: str, calendar: Calendar, nudge: Nudge, payload: Mapping[str, Any], now: datetime
) -> bool:
    held = holding.holds(connection, workspace, calendar, [payload["student"]], now)
    mine = held.get(payload["student"], holding.NEVER_MET)
    return bool(nudge.unless) and all(name in mine or f"{name}@{payload['slot']}" in mine for name in nudge.unless)


def _awaits_a_person(found: About) -> bool:
    """Somebody was asked to read what the student wrote: no cheerful word from a program before that."""
    return found.conversation is not None and found.conversation.status == "held"


def _too_many(
    connection: Connection, cadence: Cadence, nudge: Nudge, delivery: Delivery, calendar: Calendar, now: datetime
) -> str | None:
    """A student gets one nudge a day, and so many a week: steps meet that a holiday or the night has put off.

    What yields gives way to what is still to come that day.
    """
    if delivery.payload["receiver"] != Receiver.STUDENT:
        return None
    student = delivery.payload["student"]
    had = reminders.had(connection, delivery.workspace, student, calendar, now)
    firm = {one.name for one in cadence.nudges if not one.yields} - {nudge.name}
    limit = cadence.limits.get(Receiver.STUDENT)
    held = connection.scalars(
        select(Conference.date).where(
            Conference.workspace == delivery.workspace,
            Conference.student_id == student,
            Conference.cancelled.is_(False),
        )
    )
    most = limit.on(calendar.today(now), held.all()) if limit is not None else None
    if reminders.planned(delivery.dedupe_key) and most is not None and len(had.week) >= most:
        return "limit"
    if nudge.name in had.today:
        return "another that day"
    if not reminders.planned(delivery.dedupe_key):
        return None  # it was promised for today
    firm |= {reminders.ASKED_STEP}
    if nudge.yields:
        return "another that day" if had.promised or (had.today | had.waiting) & firm else None
    return ONE_A_DAY if had.promised or had.today & firm else None


def _tomorrow(
    calendar: Calendar, found: About, receiver: Receiver, delivery: Delivery, now: datetime, reason: str
) -> str | Postponed:
    zone = zone_of(found.reader.time_zone or "" if found.reader else "", calendar.zone)
    here = delivery.due_at.astimezone(zone)
    moment = calendar.moment(now.astimezone(zone).date() + DAY, here.time(), zone, receiver.audience)
    if moment is None or (delivery.expires_at is not None and moment.instant >= delivery.expires_at):
        return reason
    return Postponed(moment.instant, reason)


def _closed(calendar: Calendar, found: About, receiver: Receiver, now: datetime) -> str | Postponed | None:
    zone = zone_of(found.reader.time_zone or "" if found.reader else "", calendar.zone)
    open_at = calendar.from_now(now, zone, receiver.audience)
    if open_at is None:
        return "not in term"
    return None if open_at <= now else Postponed(open_at, "quiet hours or a closed day")


# --- what it says --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A nudge as it is said now: the message, its language, and the channel or person it goes to."""

    saying: Saying
    language: str
    channel: str


def said(house: House, connection: Connection, delivery: Delivery, now: datetime) -> Said | None:
    """What a nudge says now; None if there is nobody and nowhere to say it to any more."""
    payload, found = delivery.payload, about(connection, delivery)
    receiver = Receiver(payload["receiver"])
    if receiver is Receiver.CHANNEL:
        if found.conference is None or not found.conference.channel or found.student is None:
            return None
        language = house.words.language(found.student.language)
        return Said(
            Saying(f"{payload['message']}_channel", _dates(connection, found, now)), language, found.conference.channel
        )
    if found.reader is None or found.receiver is None or not found.reader.slack_id:
        return None
    return Said(_saying(house, connection, delivery, found, now), found.reader.language, found.reader.slack_id)


def _saying(house: House, connection: Connection, delivery: Delivery, found: About, now: datetime) -> Saying:
    message, receiver, who = delivery.payload["message"], Receiver(delivery.payload["receiver"]), found.receiver
    if who is None:
        raise ValueError("a nudge to nobody")
    match message:
        case "digest_advisor" | "digest_before":
            return digest.advisor_digest(house, connection, who, now, before=message == "digest_before")
        case "digest_coordinator":
            return digest.coordinator_digest(house, connection, who, now)
        case opening.FRAMES:
            return opening.frames_up(house, connection, who, now)
    context = {**_dates(connection, found, now), "name": who.name, "role": receiver.value}
    if receiver is Receiver.STUDENT and found.beside:
        return _beside(house, connection, delivery, found, context)
    if receiver is Receiver.STUDENT:
        introduced = found.conversation is not None or message == reminders.ASKED_STEP or not delivery.payload["flow"]
        name = message if introduced else HELLO
        context["again"] = reminders.nudged_before(connection, delivery.workspace, who.id)
        return Saying(name, context, {"actions": [_start(connection, delivery, found, now)]})
    name = f"{message}_adult" if message == "reminder" else message
    return Saying(name, context, {"actions": [_others(delivery)]})


def _dates(connection: Connection, found: About, now: datetime) -> dict[str, Any]:
    """What a message about a student may name."""
    student, held = found.student, found.conference
    if student is None:
        return {}
    calendar = calendar_of(connection, student.workspace)
    held = held or _next_conference(connection, student, calendar.today(now))
    advisor = connection.scalar(select(Person.name).where(Person.id == student.advisor_id)) or ""
    return {
        "student": first_name(student.name),
        "advisor": advisor,
        "met": found.conversation is not None,
        "date": held.date.isoformat() if held else "",
        "time": held.time if held else "",
        "place": held.place if held else "",
        "minutes": held.minutes if held else 0,
        "days": (held.date - calendar.today(now)).days if held else 0,
        "channel": (held.channel_name or "") if held else "",
    }


def _next_conference(connection: Connection, student: AnyRow, today: date) -> AnyRow | None:
    return connection.execute(
        select(*Conference.__table__.c)
        .where(
            Conference.workspace == student.workspace, Conference.student_id == student.id,
            Conference.cancelled.is_(False), Conference.date >= today,
        )
        .order_by(Conference.date)
        .limit(1)
    ).one_or_none()  # fmt: skip


def _start(connection: Connection, delivery: Delivery, found: About, now: datetime) -> list[Button]:
    """One tap to begin, two to put it off, one for no more of them; where there is nothing to do, only that."""
    flow = delivery.payload["flow"]
    if not flow:
        return _others(delivery)
    conversation = found.conversation.id if found.conversation is not None else 0
    if flow == NEXT or not conversation:
        first = Button(Tap.ANSWER, "go_on" if conversation else "start", _go(conversation), "primary")
    else:
        label = {"check_in": "check_in", "evidence": "show_it", APPROVE: "review"}.get(flow, "start")
        first = Button(Tap.OPEN, label, Ref(conversation, flow, 0, "open").text(), "primary")
    calendar = calendar_of(connection, delivery.workspace)
    held = found.conference
    later = held is None or held.date - calendar.today(now) > WEEK
    choices = ("tomorrow", *(("week",) if later else ()), "off")
    return [first, *(Button(Tap.SNOOZE, f"nudge_{choice}", f"{delivery.id}:{choice}") for choice in choices)]


def _go(conversation: int) -> str:
    return Ref(conversation, "", 0, f"cmd:{Command.START}").text()


def _beside(house: House, connection: Connection, delivery: Delivery, found: About, context: dict[str, Any]) -> Saying:
    """A nudge for a student without an account: the advisor is asked to sit beside them."""
    flow, language = delivery.payload["flow"], found.reader.language if found.reader else "en"
    level = school.level(connection, delivery.workspace)
    known = flow in LEVELS[level] or flow in QUARTER
    title = house.words.flow(language, flow).title if known else ""
    name = first_name(found.student.name) if found.student is not None else ""
    first = beside.button(house, language, delivery.payload["student"], name, flow if known else "")
    later = [Button(Tap.SNOOZE, f"nudge_{one}", f"{delivery.id}:{one}") for one in ("tomorrow", "off")]
    about_it = {**context, "title": title, "step": delivery.payload["step"]}
    return Saying("nudge_beside", about_it, {"actions": [[first, *later]]})


def _others(delivery: Delivery) -> list[Button]:
    """Adults can only have no more of them: there is nothing to begin."""
    return [Button(Tap.SNOOZE, "nudge_off", f"{delivery.id}:off")] if delivery.payload["student"] else []


def _person(connection: Connection, workspace: str, person: int) -> AnyRow | None:
    return connection.execute(
        select(*Person.__table__.c).where(Person.workspace == workspace, Person.id == person, Person.active.is_(True))
    ).one_or_none()
