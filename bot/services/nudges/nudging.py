"""A nudge when its time has come: whether it is still wanted, and what it says. Both are read from the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, select

from bot.dialogue.events import Command
from bot.services.adults import contributing, given
from bot.services.advising import digest, withholding
from bot.services.afterwards import checking, committing, saw, thanks
from bot.services.agenda import booked
from bot.services.channels import cards, opening
from bot.services.channels.channel import NO_CHANNEL
from bot.services.family import attending, households, invitation
from bot.services.house import House
from bot.services.nudges import company, holding, personal, reminders, roundup
from bot.services.nudges.days import cadence_of, calendar_of
from bot.services.roster import levels
from bot.services.script.runs import LEAD_MODE, SCRIPT, lead_button
from bot.services.speech import Button, Saying, Voice
from bot.services.talk import beside, recurring
from bot.services.talk.scene import first_name
from bot.store.models import Conference, Conversation, Person
from bot.store.session import AnyRow
from bot.taps import Ref, Tap
from bot.words import APPROVE, LEVELS, QUARTER
from scheduler.cadence import Cadence, Nudge, Receiver
from scheduler.calendar import Calendar
from scheduler.deliveries import Delivery
from scheduler.outbox import Draft
from scheduler.outcomes import Postponed
from scheduler.walltime import resolve, zone_of

REMINDER = "reminder"
"""The message of the day before."""

HELLO = "nudge_hello"
"""What a student is told first, whatever it is about."""

ANSWERS = frozenset({given.GIVEN, withholding.HELD_BACK})
"""Messages to a student that are no reminders: who wants none of those gets these all the same."""

LEAD = "nudge_lead"
"""What a student is told on the day."""

NEXT = "next"
"""In a cadence's `flow`: whatever is not done yet."""

ONE_A_DAY = "one a day"
AWAITED = "a person reads first"
"""Why a student is not nudged who wrote what a person must read."""
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


def refusal(house: House, connection: Connection, delivery: Delivery, now: datetime) -> str | Postponed | None:
    """Why a nudge is not to go, ever or now; None if it is wanted."""
    payload, found = delivery.payload, about(connection, delivery)
    calendar = calendar_of(connection, delivery.workspace)
    receiver = Receiver(payload["receiver"])
    if gone := _gone(found, payload, receiver):
        return gone
    if receiver is Receiver.FAMILY and households.silent(
        connection, delivery.workspace, payload["student"], payload["person"]
    ):
        return households.SILENT
    if receiver is Receiver.STUDENT and _awaits_a_person(found):
        return _tomorrow(calendar, found, receiver, delivery, now, AWAITED)
    if payload["message"] == opening.FRAMES and not opening.unapproved(
        connection, delivery.workspace, payload["person"], now
    ):
        return "done"
    if needless := _needless(house, connection, payload, found, now):
        return needless
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
        return None if found.conference is not None and found.conference.channel else NO_CHANNEL
    if found.receiver is None:
        return "the receiver has left"
    if found.reader is None or not found.reader.slack_id:
        return "the receiver is not on Slack"
    paused = found.receiver.quiet_since is not None and payload["message"] not in ANSWERS
    return "paused" if paused else None


def _needless(
    house: House, connection: Connection, payload: Mapping[str, Any], found: About, now: datetime
) -> str | None:
    """Why a message about what adults give has nothing to say any more; None for any other."""
    if payload["message"] not in {contributing.CARD, *ANSWERS} or found.conference is None:
        return None
    held = booked.conference_of(connection, found.conference.workspace, found.conference.id)
    match payload["message"]:
        case contributing.CARD:
            if held is None or found.receiver is None:
                return "done"
            return contributing.unwanted(house, connection, found.receiver, held, now)
        case given.GIVEN:
            waits = held is not None and given.undecided(connection, held.workspace, held.id, payload["notes"])
            return None if waits else "done"
        case withholding.HELD_BACK:
            so = held is not None and withholding.still_so(house, connection, payload, held)
            return None if so else "done"
    return None


def is_over(connection: Connection, delivery: Delivery, nudge: Nudge, found: About, now: datetime) -> bool:
    """Whether what a nudge asks for is done, or is of no use any more."""
    calendar, held = calendar_of(connection, delivery.workspace), found.conference
    begun = held is not None and now >= resolve(held.date, time.fromisoformat(held.time), calendar.zone)
    if begun and (nudge.prepares or nudge.message == LEAD):
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
    if personal.NAMES.intersection(nudge.unless):
        known = personal.Personal(connection, workspace, payload["student"])
        mine |= known.holds(payload["student"], [payload["conference"]], payload["person"])
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
    told: tuple[int, ...] = ()
    """Other deliveries, by seq, whose conferences it is about as well."""


def said(house: House, connection: Connection, delivery: Delivery, now: datetime) -> Said | None:
    """What a nudge says now; None if there is nobody and nowhere to say it to any more."""
    payload, found = delivery.payload, about(connection, delivery)
    receiver = Receiver(payload["receiver"])
    if receiver is Receiver.CHANNEL:
        if found.conference is None or not found.conference.channel or found.student is None:
            return None
        if payload["message"] == committing.BEGINS:
            begins = committing.begins(house, connection, found.conference, found.student)
            return Said(begins, house.words.language(found.student.language), found.conference.channel)
        language = house.words.language(_channel_languages(connection, found)[0])
        context = _dates(connection, found, now)
        context["joining"] = attending.joining(connection, delivery.workspace, found.conference.id)
        return Said(Saying(f"{payload['message']}_channel", context), language, found.conference.channel)
    if found.reader is None or found.receiver is None or not found.reader.slack_id:
        return None
    with_it = together(house, connection, delivery, now)[1:]
    saying: Saying | None
    if payload["message"] in {contributing.CARD, *ANSWERS}:
        saying = _of_adults(house, connection, delivery, found, with_it, now)
    else:
        saying = _saying(house, connection, delivery, found, with_it, now)
    if saying is None:
        return None
    return Said(saying, found.reader.language, found.reader.slack_id, tuple(one.seq for one in with_it))


def _saying(
    house: House, connection: Connection, delivery: Delivery, found: About, with_it: Sequence[Delivery], now: datetime
) -> Saying:  # fmt: skip
    message, receiver, who = delivery.payload["message"], Receiver(delivery.payload["receiver"]), found.receiver
    if who is None:
        raise ValueError("a nudge to nobody")
    match message:
        case checking.MESSAGE | saw.ASKS | saw.MESSAGE if found.conference is not None and found.student is not None:
            others = [about(connection, one) for one in with_it]
            return _afterwards(connection, delivery, found.conference, found.student, found, others, now)
        case "digest_advisor" | "digest_before":
            return digest.advisor_digest(house, connection, who, now, before=message == "digest_before")
        case "digest_coordinator":
            return digest.coordinator_digest(house, connection, who, now)
        case opening.FRAMES:
            return opening.frames_up(house, connection, who, now)
    context = {**_dates(connection, found, now), "name": who.name, "role": receiver.value}
    if message == REMINDER:
        context |= attending.presence(connection, who.workspace, delivery.payload["conference"], who.id)
    if message == cards.WELCOME:
        return _welcome(connection, delivery, who)
    if receiver is Receiver.STUDENT and found.beside:
        return _beside(house, connection, delivery, found, context)
    if receiver is Receiver.STUDENT:
        introduced = found.conversation is not None or message == reminders.ASKED_STEP or not delivery.payload["flow"]
        name = message if introduced else HELLO
        context["again"] = reminders.nudged_before(connection, delivery.workspace, who.id)
        return Saying(name, context, {"actions": [_start(connection, delivery, found, now)]})
    name = f"{message}_adult" if message == REMINDER else message
    if message == REMINDER and receiver is Receiver.FAMILY:
        conference = delivery.payload["conference"]
        asked = [] if context["coming"] else attending.question(conference)
        below = [contributing.card_button(conference), *_others(delivery)]
        return Saying(name, context, {"actions": [*asked, below]})
    return Saying(name, context, {"actions": [_others(delivery)]})


def _of_adults(
    house: House, connection: Connection, delivery: Delivery, found: About, with_it: Sequence[Delivery], now: datetime
) -> Saying | None:  # fmt: skip
    """What asks an adult for ideas, and what a student is told of what adults gave, or held back. None once the
    conference does not take place, or is over."""
    payload = delivery.payload
    held = booked.conference_of(connection, delivery.workspace, payload["conference"])
    if held is None or found.receiver is None or found.reader is None:
        return None
    match payload["message"]:
        case given.GIVEN:
            return given.message(
                house, connection, delivery.workspace, held.id, payload["notes"], found.reader.language,
                beside=found.beside,
            )  # fmt: skip
        case withholding.HELD_BACK:
            return withholding.message(house, connection, payload, held)
    conferences = [one.payload["conference"] for one in (delivery, *with_it)]
    return roundup.ideas(house, connection, found.receiver, conferences, now, _others(delivery))


def together(house: House, connection: Connection, delivery: Delivery, now: datetime) -> list[Delivery]:
    """A delivery that goes now, and those whose conferences its message is about as well."""

    def wanted(one: Delivery) -> bool:  # what only waits for the day to begin is not refused
        return not isinstance(refusal(house, connection, one, now), str)

    found = company.of(connection, delivery, wanted)
    if delivery.payload["message"] != checking.MESSAGE or len(found) < 2:
        return found
    slot, person = checking.slot_of(delivery.payload["step"]), delivery.payload["person"]
    conferences = [one.payload["conference"] for one in found]
    sizes = [checking.many(connection, delivery.workspace, one, person, slot) for one in conferences]
    return company.fitting(found, sizes, checking.ROOM)


def further(house: House, connection: Connection, delivery: Delivery, now: datetime) -> list[Draft]:
    """What was said in a conference's channel, in the further languages of the family there."""
    found = about(connection, delivery)
    if Receiver(delivery.payload["receiver"]) is not Receiver.CHANNEL or found.student is None:
        return []
    if delivery.payload["message"] == committing.BEGINS:
        return []  # said in all of them at once
    said_first = said(house, connection, delivery, now)
    rest = _channel_languages(connection, found)[1:]
    return cards.further(delivery, said_first.saying, rest, now) if said_first is not None else []


def _channel_languages(connection: Connection, found: About) -> list[str]:
    """The home languages of the family in the channel; the student's where there is nobody."""
    if found.conference is None or found.student is None:
        return []
    spoken = invitation.languages(connection, found.student.workspace, found.conference.id)
    return spoken or [found.student.language]


def _welcome(connection: Connection, delivery: Delivery, who: AnyRow) -> Saying:
    """The invitation to one of the family, in a school that sends it to each and not to the channel."""
    conference = delivery.payload["conference"]
    context = invitation.context(connection, who.workspace, conference, [who.name])
    if context is None:
        raise ValueError("the conference is cancelled")
    return Saying(cards.WELCOME, context, {"actions": [*attending.buttons(conference), _others(delivery)]})


def _afterwards(
    connection: Connection, delivery: Delivery, conference: AnyRow, student: AnyRow, found: About,
    others: Sequence[About], now: datetime,
) -> Saying:  # fmt: skip
    """What is said when a conference is over: to those who promised something, and of what they saw there. `others`:
    of that day, the message is about them as well."""
    payload, below = delivery.payload, _others(delivery)
    if payload["message"] == saw.MESSAGE:
        return saw.said(connection, student, conference.id, payload["slot"], own=not found.beside)
    of_the_day = [(one.conference, one.student) for one in others if one.conference and one.student]
    person = found.receiver or student
    if payload["message"] == saw.ASKS and of_the_day:
        return roundup.seen(connection, person, [conference, *(row for row, _ in of_the_day)], below)
    if payload["message"] == saw.ASKS:
        context = {"student": first_name(student.name), "date": conference.date.isoformat()}
        return Saying(saw.ASKS, context, {"actions": [[saw.button(conference.id), *below]]})
    slot = checking.slot_of(payload["step"])
    if of_the_day:
        return checking.questions(connection, [(conference, student), *of_the_day], person, slot, now, below)
    return checking.question(connection, conference, student, person, slot, now, below)


def place(connection: Connection, delivery: Delivery) -> str | None:
    """The channel or person a nudge goes to, whatever it says; None if there is none any more."""
    found = about(connection, delivery)
    if Receiver(delivery.payload["receiver"]) is Receiver.CHANNEL:
        return found.conference.channel if found.conference is not None else None
    return found.reader.slack_id if found.reader is not None else None


def followed(house: House, connection: Connection, delivery: Delivery, now: datetime) -> list[Draft]:
    """What comes right after a nudge that was sent: under the reflection, the student's thank-you; where a limit left
    no place for that, under the question how far they are with what was agreed."""
    payload = delivery.payload
    after = payload["flow"] == recurring.REFLECTION or payload["message"] == checking.MESSAGE
    if not after or payload["receiver"] != Receiver.STUDENT:
        return []
    found = about(connection, delivery)
    if found.reader is None or not found.reader.slack_id:
        return []
    voice = Voice(delivery.workspace, delivery.recipient, found.reader.language, delivery.subject, delivery.id, now)
    return thanks.asked(house, connection, delivery.workspace, payload["conference"], voice, own=not found.beside)


def _dates(connection: Connection, found: About, now: datetime) -> dict[str, Any]:
    """What a message about a student may name."""
    student, held = found.student, found.conference
    if student is None:
        return {}
    calendar = calendar_of(connection, student.workspace)
    held = held or _next_conference(connection, student, calendar.today(now))
    named = select(Person.name).where(Person.workspace == student.workspace, Person.id == student.advisor_id)
    advisor = connection.scalar(named) or ""
    return {
        "student": first_name(student.name),
        "advisor": advisor,
        "met": found.conversation is not None,
        "begins": invitation.begins(connection, held).isoformat() if held else "",
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


_LABELS = {"check_in": "check_in", "evidence": "show_it", APPROVE: "review", SCRIPT: "practice"}
"""What begins a flow, where it is not "start"."""


def _start(connection: Connection, delivery: Delivery, found: About, now: datetime) -> list[Button]:
    """One tap to begin, two to put it off, one for no more of them; where there is nothing to do, only that."""
    flow = delivery.payload["flow"]
    if not flow:
        return [*_cards(delivery, found), *_others(delivery)]
    conversation = found.conversation.id if found.conversation is not None else 0
    if flow == NEXT or not conversation:
        first = Button(Tap.ANSWER, "go_on" if conversation else "start", _go(conversation), "primary")
    else:
        label = _LABELS.get(flow, "start")
        first = Button(Tap.OPEN, label, Ref(conversation, flow, 0, "open").text(), "primary")
    calendar = calendar_of(connection, delivery.workspace)
    held = found.conference
    later = held is None or held.date - calendar.today(now) > WEEK
    choices = ("tomorrow", *(("week",) if later else ()), "off")
    return [first, *(Button(Tap.SNOOZE, f"nudge_{choice}", f"{delivery.id}:{choice}") for choice in choices)]


def _cards(delivery: Delivery, found: About) -> list[Button]:
    """The way to the cards, on the day and the day before."""
    held = found.conference
    return [lead_button(held.id)] if held is not None and delivery.payload["message"] in (LEAD, "reminder") else []


def _go(conversation: int) -> str:
    return Ref(conversation, "", 0, f"cmd:{Command.START}").text()


def _beside(house: House, connection: Connection, delivery: Delivery, found: About, context: dict[str, Any]) -> Saying:
    """A nudge for a student without an account: the advisor is asked to sit beside them."""
    flow, language = delivery.payload["flow"], found.reader.language if found.reader else "en"
    term = found.conference.term_id if found.conference is not None else None
    level = levels.of(connection, delivery.workspace, delivery.payload["student"], term)
    occasion = {LEAD: "day", REMINDER: "eve"}.get(delivery.payload["message"], "")
    known = flow in LEVELS[level] or flow in QUARTER or flow == SCRIPT
    title = _title(house, language, flow) if known else ""
    name = first_name(found.student.name) if found.student is not None else ""
    first = beside.button(house, language, delivery.payload["student"], name, flow if known else "")
    if occasion:
        first = Button(Tap.BESIDE, "lead", f"{delivery.payload['student']}:{LEAD_MODE}", "primary")
    puts_off = ("off",) if occasion else ("tomorrow", "off")
    later = [Button(Tap.SNOOZE, f"nudge_{one}", f"{delivery.id}:{one}") for one in puts_off]
    about_it = {**context, "title": title, "step": delivery.payload["step"], "occasion": occasion}
    return Saying("nudge_beside", about_it, {"actions": [[first, *later]]})


def _title(house: House, language: str, flow: str) -> str:
    if flow == SCRIPT:
        return house.words.catalog.label(house.words.language(language), "practice.title")
    return house.words.flow(language, flow).title


def _others(delivery: Delivery) -> list[Button]:
    """Adults can only have no more of them: there is nothing to begin."""
    return [Button(Tap.SNOOZE, "nudge_off", f"{delivery.id}:off")] if delivery.payload["student"] else []


def _person(connection: Connection, workspace: str, person: int) -> AnyRow | None:
    return connection.execute(
        select(*Person.__table__.c).where(Person.workspace == workspace, Person.id == person, Person.active.is_(True))
    ).one_or_none()
