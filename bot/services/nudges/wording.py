"""What a nudge says to one person, made from the database as it is when its time has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.services.adults import contributing, given
from bot.services.advising import digest, withholding
from bot.services.afterwards import checking, saw
from bot.services.agenda import booked
from bot.services.channels import cards, opening
from bot.services.family import attending, invitation
from bot.services.house import House
from bot.services.nudges import about, buttons, reminders, roundup
from bot.services.nudges.about import LEAD, REMINDER, About
from bot.services.nudges.days import calendar_of
from bot.services.roster import levels
from bot.services.script.runs import LEAD_MODE, SCRIPT
from bot.services.speech import Button, Saying
from bot.services.talk import beside
from bot.services.talk.scene import first_name
from bot.store.models import Conference, Person
from bot.store.session import AnyRow
from bot.taps import Tap
from bot.words import LEVELS, QUARTER
from scheduler.cadence import Receiver
from scheduler.deliveries import Delivery

HELLO = "nudge_hello"
"""What a student is told first, whatever it is about."""


def saying(
    house: House, connection: Connection, delivery: Delivery, found: About, with_it: Sequence[Delivery], now: datetime
) -> Saying | None:  # fmt: skip
    """What a nudge says to its receiver, and for `with_it` as well; None where there is nothing to say any more."""
    if found.receiver is None or found.reader is None:
        return None
    return _Wording(house, connection, delivery, found, with_it, now).saying(found.receiver, found.reader)


def dates(connection: Connection, found: About, now: datetime) -> dict[str, Any]:
    """What a message about a student may name."""
    student, held = found.student, found.conference
    if student is None:
        return {}
    today = calendar_of(connection, student.workspace).today(now)
    held = held or _next_conference(connection, student, today)
    named = select(Person.name).where(Person.workspace == student.workspace, Person.id == student.advisor_id)
    return {
        "student": first_name(student.name),
        "advisor": connection.scalar(named) or "",
        "met": found.conversation is not None,
        "begins": invitation.begins(connection, held).isoformat() if held else "",
        "date": held.date.isoformat() if held else "",
        "time": held.time if held else "",
        "place": held.place if held else "",
        "minutes": held.minutes if held else 0,
        "days": (held.date - today).days if held else 0,
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


class _Wording:
    """The words for one nudge. `who` is its receiver, `reader` whoever's DM it stands in."""

    def __init__(
        self, house: House, connection: Connection, delivery: Delivery, found: About, with_it: Sequence[Delivery],
        now: datetime,
    ) -> None:  # fmt: skip
        self.house = house
        self.connection = connection
        self.delivery = delivery
        self.found = found
        self.with_it = with_it
        self.now = now
        self.payload, self.message = delivery.payload, delivery.payload["message"]
        self.receiver = Receiver(delivery.payload["receiver"])

    def saying(self, who: AnyRow, reader: AnyRow) -> Saying | None:
        """By its message; else by whom it goes to."""
        found = self.found
        match self.message:
            case given.GIVEN | withholding.HELD_BACK | contributing.CARD:
                return self._of_adults(who, reader)
            case checking.MESSAGE | saw.ASKS | saw.MESSAGE if (
                found.conference is not None and found.student is not None
            ):
                return self._afterwards(found.conference, found.student, who)
            case "digest_advisor" | "digest_before":
                before = self.message == "digest_before"
                return digest.advisor_digest(self.house, self.connection, who, self.now, before=before)
            case "digest_coordinator":
                return digest.coordinator_digest(self.house, self.connection, who, self.now)
            case opening.FRAMES:
                return opening.frames_up(self.house, self.connection, who, self.now)
            case cards.WELCOME:
                return self._welcome(who)
        return self._by_receiver(who, reader)

    def _of_adults(self, who: AnyRow, reader: AnyRow) -> Saying | None:
        """What asks an adult for ideas, and what a student is told of what adults gave, or held back. None once the
        conference does not take place, or is over."""
        held = booked.conference_of(self.connection, self.delivery.workspace, self.payload["conference"])
        if held is None:
            return None
        match self.message:
            case given.GIVEN:
                return given.message(
                    self.house, self.connection, self.delivery.workspace, held.id, self.payload["notes"],
                    reader.language, beside=self.found.beside,
                )  # fmt: skip
            case withholding.HELD_BACK:
                return withholding.message(self.house, self.connection, self.payload, held)
        conferences = [one.payload["conference"] for one in (self.delivery, *self.with_it)]
        return roundup.ideas(
            self.house, self.connection, who, conferences, self.now, buttons.of_adults(self.delivery)
        )  # fmt: skip

    def _afterwards(self, conference: AnyRow, student: AnyRow, who: AnyRow) -> Saying:
        """What is said when a conference is over: to those who promised something, and of what they saw there."""
        below, slot = buttons.of_adults(self.delivery), self.payload["slot"]
        if self.message == saw.MESSAGE:
            return saw.said(self.connection, student, conference.id, slot, own=not self.found.beside)
        others = self._of_the_day()
        if self.message == checking.MESSAGE:
            return self._promised([(conference, student), *others], who, below)
        if others:
            return roundup.seen(self.connection, who, [conference, *(held for held, _ in others)], below)
        context = {"student": first_name(student.name), "date": conference.date.isoformat()}
        return Saying(saw.ASKS, context, {"actions": [[saw.button(conference.id), *below]]})

    def _of_the_day(self) -> list[tuple[AnyRow, AnyRow]]:
        """The further conferences of that day that it is about, each with its student."""
        others = (about.read(self.connection, one) for one in self.with_it)
        return [(one.conference, one.student) for one in others if one.conference and one.student]

    def _promised(self, held: Sequence[tuple[AnyRow, AnyRow]], who: AnyRow, below: Sequence[Button]) -> Saying:
        slot = checking.slot_of(self.payload["step"])
        if len(held) > 1:
            return checking.questions(self.connection, held, who, slot, self.now, below)
        return checking.question(self.connection, *held[0], who, slot, self.now, below)

    def _welcome(self, who: AnyRow) -> Saying:
        """The invitation to one of the family, in a school that sends it to each and not to the channel."""
        conference = self.payload["conference"]
        context = invitation.context(self.connection, who.workspace, conference, [who.name])
        if context is None:
            raise ValueError("the conference is cancelled")
        below = buttons.of_adults(self.delivery)
        return Saying(cards.WELCOME, context, {"actions": [*attending.buttons(conference), below]})

    def _by_receiver(self, who: AnyRow, reader: AnyRow) -> Saying:
        found, conference = self.found, self.payload["conference"]
        context = {**dates(self.connection, found, self.now), "name": who.name, "role": self.receiver.value}
        if self.message == REMINDER:
            context |= attending.presence(self.connection, who.workspace, conference, who.id)
        if self.receiver is Receiver.STUDENT:
            return self._beside(reader, context) if found.beside else self._to_student(who, context)
        if self.message == REMINDER:
            return self._reminder(conference, context)
        return Saying(self.message, context, {"actions": [buttons.of_adults(self.delivery)]})

    def _to_student(self, who: AnyRow, context: dict[str, Any]) -> Saying:
        asked = self.message == reminders.ASKED_STEP
        introduced = self.found.conversation is not None or asked or not self.payload["flow"]
        context["again"] = reminders.nudged_before(self.connection, self.delivery.workspace, who.id)
        first = buttons.start(self.connection, self.delivery, self.found, self.now)
        return Saying(self.message if introduced else HELLO, context, {"actions": [first]})

    def _reminder(self, conference: int, context: dict[str, Any]) -> Saying:
        """The day before, to an adult; the family is asked whether they come, where nobody has said so."""
        below = buttons.of_adults(self.delivery)
        if self.receiver is not Receiver.FAMILY:
            return Saying(f"{REMINDER}_adult", context, {"actions": [below]})
        asked = [] if context["coming"] else attending.question(conference)
        rows = [*asked, [contributing.card_button(conference), *below]]
        return Saying(f"{REMINDER}_adult", context, {"actions": rows})

    def _beside(self, reader: AnyRow, context: dict[str, Any]) -> Saying:
        """A nudge for a student without an account: the advisor is asked to sit beside them."""
        occasion = {LEAD: "day", REMINDER: "eve"}.get(self.message, "")
        flow = self.payload["flow"] if self._known() else ""
        title = self._title(reader.language, flow) if flow else ""
        named = {"title": title, "step": self.payload["step"], "occasion": occasion}
        puts_off = ("off",) if occasion else ("tomorrow", "off")
        first = self._sit_beside(reader.language, flow, leads=bool(occasion))
        below = [first, *(buttons.choice(self.delivery, name) for name in puts_off)]
        return Saying("nudge_beside", {**context, **named}, {"actions": [below]})

    def _sit_beside(self, language: str, flow: str, *, leads: bool) -> Button:
        student, found = self.payload["student"], self.found
        if leads:
            return Button(Tap.BESIDE, "lead", f"{student}:{LEAD_MODE}", "primary")
        name = first_name(found.student.name) if found.student is not None else ""
        return beside.button(self.house, language, student, name, flow)

    def _known(self) -> bool:
        """Whether the flow it is about is one of the student's level, or of the quarter."""
        flow, held = self.payload["flow"], self.found.conference
        term = held.term_id if held is not None else None
        level = levels.of(self.connection, self.delivery.workspace, self.payload["student"], term)
        return flow in LEVELS[level] or flow in QUARTER or flow == SCRIPT

    def _title(self, language: str, flow: str) -> str:
        words = self.house.words
        if flow == SCRIPT:
            return words.catalog.label(words.language(language), "practice.title")
        return words.flow(language, flow).title
