"""Why a nudge is not to go, or not now, when its time has come. All of it is read from the database as it is then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from bot.services.adults import contributing, given
from bot.services.advising import withholding
from bot.services.agenda import booked
from bot.services.channels import opening
from bot.services.channels.channel import NO_CHANNEL
from bot.services.family import households
from bot.services.house import House
from bot.services.nudges import about, holding, personal, reminders
from bot.services.nudges.about import ANSWERS, About
from bot.services.nudges.days import cadence_of, calendar_of
from bot.store.models import Conference
from scheduler.cadence import Cadence, Nudge, Receiver
from scheduler.calendar import Calendar
from scheduler.deliveries import Delivery
from scheduler.outcomes import Postponed
from scheduler.walltime import resolve, zone_of

AWAITED = "a person reads first"
"""Why a student is not nudged who wrote what a person must read."""
ONE_A_DAY = "one a day"
DAY = timedelta(days=1)


def of(house: House, connection: Connection, delivery: Delivery, now: datetime) -> str | Postponed | None:
    """Why a nudge is not to go, ever or now; None if it is wanted."""
    case = _Case(house, connection, delivery, now)
    return case.gone() or case.awaited() or case.needless() or case.by_its_step() or case.closed()


def is_over(connection: Connection, delivery: Delivery, nudge: Nudge, found: About, now: datetime) -> bool:
    """Whether what a nudge asks for is done, or is of no use any more."""
    calendar, held = calendar_of(connection, delivery.workspace), found.conference
    begun = held is not None and now >= resolve(held.date, time.fromisoformat(held.time), calendar.zone)
    if begun and (nudge.prepares or nudge.message == about.LEAD):
        return True
    return _done(connection, delivery.workspace, calendar, nudge, delivery.payload, now)


def nudge_of(connection: Connection, delivery: Delivery) -> Nudge | None:
    """The cadence's nudge that a delivery is of; None if the cadence has it no longer."""
    return _step(cadence_of(connection, delivery.workspace), delivery)


class _Case:
    """One nudge whose time has come. Each question is answered by a reason not to send it now, or by None."""

    def __init__(self, house: House, connection: Connection, delivery: Delivery, now: datetime) -> None:
        self.house = house
        self.connection = connection
        self.delivery = delivery
        self.now = now
        self.workspace, self.payload = delivery.workspace, delivery.payload
        self.receiver = Receiver(self.payload["receiver"])
        self.found = about.read(connection, delivery)
        self.calendar = calendar_of(connection, delivery.workspace)
        self.planned = reminders.planned(delivery.dedupe_key)

    def gone(self) -> str | None:
        """Somebody or something it needs is there no more, or it is not to reach them."""
        found, payload = self.found, self.payload
        if payload["student"] and found.student is None:
            return "the student has left"
        if payload["conference"] and (found.conference is None or found.conference.cancelled):
            return "the conference is cancelled"
        if self.receiver is Receiver.CHANNEL:
            return None if found.conference is not None and found.conference.channel else NO_CHANNEL
        return self._unreachable()

    def _unreachable(self) -> str | None:
        found, payload = self.found, self.payload
        if found.receiver is None:
            return "the receiver has left"
        if found.reader is None or not found.reader.slack_id:
            return "the receiver is not on Slack"
        if found.receiver.quiet_since is not None and payload["message"] not in ANSWERS:
            return "paused"
        family = self.receiver is Receiver.FAMILY
        between = self.workspace, payload["student"], payload["person"]
        return households.SILENT if family and households.silent(self.connection, *between) else None

    def awaited(self) -> str | Postponed | None:
        """Somebody was asked to read what the student wrote: no cheerful word from a program before that."""
        talk = self.found.conversation
        held = self.receiver is Receiver.STUDENT and talk is not None and talk.status == "held"
        return self._tomorrow(AWAITED) if held else None

    def needless(self) -> str | None:
        """A message about what adults give, or what waits for an advisor, that has nothing to say any more."""
        message, person = self.payload["message"], self.payload["person"]
        if message == opening.FRAMES:
            return None if opening.unapproved(self.connection, self.workspace, person, self.now) else "done"
        if message not in {contributing.CARD, *ANSWERS} or self.found.conference is None:
            return None
        return self._nothing_given(message, self.found.conference.id)

    def _nothing_given(self, message: str, conference: int) -> str | None:
        held = booked.conference_of(self.connection, self.workspace, conference)
        if held is None:
            return "done"
        match message:
            case given.GIVEN:
                waits = given.undecided(self.connection, self.workspace, held.id, self.payload["notes"])
                return None if waits else "done"
            case withholding.HELD_BACK:
                return None if withholding.still_so(self.house, self.connection, self.payload, held) else "done"
        if self.found.receiver is None:
            return "done"
        return contributing.unwanted(self.house, self.connection, self.found.receiver, held, self.now)

    def by_its_step(self) -> str | Postponed | None:
        """What the cadence has to say; nothing of a nudge that an advisor asked for, or that is of no step."""
        if self.payload["step"] == reminders.ASKED_STEP or not reminders.of_a_step(self.delivery.dedupe_key):
            return None
        cadence = cadence_of(self.connection, self.workspace)
        nudge = _step(cadence, self.delivery)
        if nudge is None:
            return "no longer in the cadence"
        return self._settled(cadence, nudge) or self._crowded(cadence, nudge)

    def _settled(self, cadence: Cadence, nudge: Nudge) -> str | None:
        """What it asks a student for is done, or was asked for in vain so often that the advisor is told instead."""
        if not self.payload["student"]:
            return None
        if is_over(self.connection, self.delivery, nudge, self.found, self.now):
            return "done"
        limit, who = cadence.limits.get(self.receiver), (self.receiver, str(self.payload["person"]))
        if not self.planned or not nudge.flow or limit is None or limit.unanswered is None:
            return None
        only = self.payload["student"]
        left = reminders.unanswered(self.connection, self.workspace, cadence, self.now, only)
        return "unanswered" if left.get(who, 0) >= limit.unanswered else None

    def _crowded(self, cadence: Cadence, nudge: Nudge) -> str | Postponed | None:
        crowded = self._too_many(cadence, nudge) if self.receiver is Receiver.STUDENT else None
        return self._tomorrow(crowded) if crowded == ONE_A_DAY else crowded

    def _too_many(self, cadence: Cadence, nudge: Nudge) -> str | None:
        """A student gets one nudge a day, and so many a week: steps meet that a holiday or the night has put off.

        What yields gives way to what is still to come that day.
        """
        had = reminders.had(self.connection, self.workspace, self.payload["student"], self.calendar, self.now)
        most = self._most_a_week(cadence)
        if self.planned and most is not None and len(had.week) >= most:
            return "limit"
        if nudge.name in had.today:
            return "another that day"
        if not self.planned:
            return None  # it was promised for today
        firm = {one.name for one in cadence.nudges if not one.yields} - {nudge.name} | {reminders.ASKED_STEP}
        if nudge.yields:
            return "another that day" if had.promised or (had.today | had.waiting) & firm else None
        return ONE_A_DAY if had.promised or had.today & firm else None

    def _most_a_week(self, cadence: Cadence) -> int | None:
        limit = cadence.limits.get(Receiver.STUDENT)
        held = self.connection.scalars(
            select(Conference.date).where(
                Conference.workspace == self.workspace,
                Conference.student_id == self.payload["student"],
                Conference.cancelled.is_(False),
            )
        )
        return limit.on(self.calendar.today(self.now), held.all()) if limit is not None else None

    def _tomorrow(self, reason: str) -> str | Postponed:
        """At the same hour of the receiver's next day; for good, where that is too late."""
        zone = self._zone
        day, clock = self.now.astimezone(zone).date() + DAY, self.delivery.due_at.astimezone(zone).time()
        moment = self.calendar.moment(day, clock, zone, self.receiver.audience)
        expires = self.delivery.expires_at
        if moment is None or (expires is not None and moment.instant >= expires):
            return reason
        return Postponed(moment.instant, reason)

    def closed(self) -> str | Postponed | None:
        """It is night where the receiver is, or a day on which nobody is written to."""
        open_at = self.calendar.from_now(self.now, self._zone, self.receiver.audience)
        if open_at is None:
            return "not in term"
        return None if open_at <= self.now else Postponed(open_at, "quiet hours or a closed day")

    @property
    def _zone(self) -> ZoneInfo:
        reader = self.found.reader
        return zone_of(reader.time_zone or "" if reader else "", self.calendar.zone)


def _step(cadence: Cadence, delivery: Delivery) -> Nudge | None:
    return next((one for one in cadence.nudges if one.name == delivery.payload["step"]), None)


def _done(
    connection: Connection, workspace: str, calendar: Calendar, nudge: Nudge, payload: Mapping[str, Any], now: datetime
) -> bool:
    held = holding.holds(connection, workspace, calendar, [payload["student"]], now)
    mine = held.get(payload["student"], holding.NEVER_MET)
    if personal.NAMES.intersection(nudge.unless):
        known = personal.Personal(connection, workspace, payload["student"])
        mine |= known.holds(payload["student"], [payload["conference"]], payload["person"])
    return bool(nudge.unless) and all(name in mine or f"{name}@{payload['slot']}" in mine for name in nudge.unless)
