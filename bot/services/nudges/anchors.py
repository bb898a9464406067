"""Whom a quarter's nudges are about and who is written to about it: a plan's anchors, from what is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection, select

from bot.school import Contact
from bot.services.nudges import holding, reminders
from bot.services.nudges.days import cadence_of, calendar_of
from bot.services.nudges.personal import Personal
from bot.services.roster import school
from bot.store.models import Conference as ConferenceRow
from bot.store.models import Guardian, Participant, Person
from bot.store.session import AnyRow
from scheduler.cadence import About, Receiver
from scheduler.plan import Anchor, Conference, Recipient
from scheduler.walltime import zone_of

SCHOOL = "school"
"""The subject of what is about the whole school."""

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)

_SHARED = (Receiver.FAMILY, Receiver.ADULTS, Receiver.ADVISOR)
"""Receivers who may be written to about several students."""


def _people(connection: Connection, workspace: str) -> dict[int, AnyRow]:
    rows = connection.execute(
        select(
            Person.id, Person.key, Person.role, Person.name, Person.language, Person.advisor_id, Person.slack_id,
            Person.time_zone, Person.since, Person.heard_at, Person.quiet_since, Person.email,
        ).where(Person.workspace == workspace, Person.active.is_(True))
    )  # fmt: skip
    return {row.id: row for row in rows}


def _conferences(connection: Connection, workspace: str, only: int | None) -> Sequence[AnyRow]:
    asked = select(
        ConferenceRow.id, ConferenceRow.student_id, ConferenceRow.term_id, ConferenceRow.date, ConferenceRow.time,
        ConferenceRow.agenda_at,
    ).where(ConferenceRow.workspace == workspace, ConferenceRow.cancelled.is_(False))  # fmt: skip
    if only is not None:
        asked = asked.where(ConferenceRow.student_id == only)
    return connection.execute(asked.order_by(ConferenceRow.date)).all()


class Anchors:
    """All that a plan is made of, read in a fixed number of queries, however many students there are.

    only: one student and nobody else. foretold: as if all were on Slack who are not found there yet. mails: whether
    family who is not on Slack can be written to by e-mail.
    """

    def __init__(
        self, connection: Connection, workspace: str, now: datetime, only: int | None = None, *,
        foretold: bool = False, mails: bool = False,
    ) -> None:  # fmt: skip
        self.workspace = workspace
        self.loaded_at = school.loaded_at(connection, workspace)
        self.calendar = calendar_of(connection, workspace)
        self.cadence = cadence_of(connection, workspace)
        self.people = _people(connection, workspace)
        conferences = _conferences(connection, workspace, only)
        self.conferences = {row.id: row for row in conferences}
        self._foretold = foretold
        self._mails = mails
        self._only = only
        people = self.people.values()
        self._students = {row.id: row for row in people if row.role == "student" and only in (None, row.id)}
        self._held: dict[int, list[AnyRow]] = defaultdict(list)
        for row in conferences:
            self._held[row.student_id].append(row)
        self._holds = holding.holds(connection, workspace, self.calendar, None if only is None else [only], now)
        self._gone = reminders.sent(connection, workspace, only)
        self._unanswered = reminders.unanswered(connection, workspace, self.cadence, now, only)
        self._families = _family(connection, workspace, only)
        self._adults = _adults(connection, workspace, only)
        self._personal = Personal(connection, workspace, only)

    def all(self) -> Iterator[Anchor]:
        """Of every student; of every advisor's group and of the school too, unless only one student is asked for."""
        for chunk in self.chunks(len(self._students) or 1):
            yield from chunk

    def chunks(self, size: int) -> Iterator[list[Anchor]]:
        """The same in parts of about so many students, each of which can be planned by itself: what limits a receiver
        to so many a week is in one of them."""
        chunk: list[Anchor] = []
        for circle in self._circles():
            if len(chunk) >= size:
                yield chunk
                chunk = []
            chunk += [self._student(student) for student in circle]
        if self._only is None:
            chunk += [*self._groups(), self._school()]
        yield chunk

    def _circles(self) -> Iterable[list[AnyRow]]:
        """Students with those they share somebody with whose messages a week are limited, as siblings do."""
        limited = [one for one in _SHARED if (limit := self.cadence.limits.get(one)) and limit.per_week is not None]
        circle_of: dict[int, list[AnyRow]] = {}  # by receiver
        circles: dict[int, list[AnyRow]] = {}  # by the id of the list, in the order of the roster
        for student in self._students.values():
            near = {one for receiver in limited for one in self._near(receiver, student)}
            circle = [student]
            for other in {id(circle_of[one]): circle_of[one] for one in near if one in circle_of}.values():
                circle += other
                circles.pop(id(other), None)
            for member in circle:
                circle_of |= dict.fromkeys((one for each in limited for one in self._near(each, member)), circle)
            circles[id(circle)] = circle
        return circles.values()

    def _near(self, receiver: Receiver, student: AnyRow) -> Iterable[int]:
        match receiver:
            case Receiver.FAMILY:
                return self._families.get(student.id, ())
            case Receiver.ADULTS:
                return self._adults.get(student.id, ())
            case _:
                return (student.advisor_id,) if student.advisor_id is not None else ()

    def _student(self, student: AnyRow) -> Anchor:
        adults = [self.people[one] for one in self._adults.get(student.id, ()) if one in self.people]
        family = [self.people[one] for one in self._families.get(student.id, ()) if one in self.people]
        advisor = self.people.get(student.advisor_id)
        recipients = {
            Receiver.STUDENT: self._recipients(Receiver.STUDENT, [student], student.id),
            Receiver.FAMILY: self._recipients(Receiver.FAMILY, family, student.id),
            Receiver.ADULTS: self._recipients(Receiver.ADULTS, adults, student.id),
            Receiver.ADVISOR: self._recipients(Receiver.ADVISOR, [advisor] if advisor else [], student.id),
            Receiver.CHANNEL: (self._channel(student),),
        }
        held = tuple(
            Conference(str(row.id), row.date, time.fromisoformat(row.time)) for row in self._held.get(student.id, ())
        )
        holds = self._holds.get(student.id, holding.NEVER_MET)
        return Anchor(str(student.id), student.since or ALWAYS, recipients, About.STUDENT, held, holds)

    def _groups(self) -> Iterator[Anchor]:
        first: dict[int, dict[int, date]] = defaultdict(dict)  # by advisor and term: when the group's conferences begin
        advised = set()
        for student in self._students.values():
            advised.add(student.advisor_id)
            for row in self._held.get(student.id, ()):
                terms = first[student.advisor_id]
                terms[row.term_id] = min(terms.get(row.term_id, row.date), row.date)
        for advisor in self.people.values():
            if advisor.role == "advisor" and advisor.id in advised:
                held = tuple(Conference(f"t{term}", day) for term, day in sorted(first[advisor.id].items()))
                recipients = {Receiver.ADVISOR: self._recipients(Receiver.ADVISOR, [advisor])}
                yield Anchor(f"g{advisor.id}", advisor.since or ALWAYS, recipients, About.GROUP, held)

    def _school(self) -> Anchor:
        coordinators = [row for row in self.people.values() if row.role == "coordinator"]
        since = min((row.since or ALWAYS for row in coordinators), default=ALWAYS)
        recipients = {Receiver.COORDINATOR: self._recipients(Receiver.COORDINATOR, coordinators)}
        return Anchor(SCHOOL, since, recipients, About.SCHOOL)

    def _recipients(
        self, receiver: Receiver, people: Sequence[AnyRow], student: int | None = None
    ) -> tuple[Recipient, ...]:
        """Those who can be written to, on their own clocks; a student without an account on their advisor's."""
        found, held = [], tuple(row.id for row in self._held.get(student or 0, ()))
        for row in people:
            reader = row if row.slack_id or row.role != "student" else self.people.get(row.advisor_id)
            if self._foretold or self.by_mail(receiver, row):
                reader = row
            elif reader is None or not reader.slack_id:
                continue
            found.append(
                Recipient(
                    str(row.id),
                    zone_of(reader.time_zone or "", self.calendar.zone),
                    holds=self._personal.holds(student, held, row.id) if student else frozenset(),
                    paused=row.quiet_since is not None,
                    unanswered=self._unanswered.get((receiver, str(row.id)), 0),
                    sent=self._sent(receiver, row),
                )
            )
        return tuple(found)

    def by_mail(self, receiver: Receiver, person: AnyRow) -> bool:
        """Whether somebody is written to by e-mail: family who is not on Slack."""
        return self._mails and receiver is Receiver.FAMILY and not person.slack_id and bool(person.email)

    def silent(self, student: int, adult: int) -> bool:
        """Whether an adult is nobody of the student's family who may be written to."""
        return adult not in self._families.get(student, ())

    def _channel(self, student: AnyRow) -> Recipient:
        return Recipient(str(student.id), self.calendar.zone, sent=self._sent(Receiver.CHANNEL, student))

    def _sent(self, receiver: Receiver, row: AnyRow) -> Mapping[str, datetime]:
        return self._gone.get((receiver, str(row.id)), {})


def _family(connection: Connection, workspace: str, only: int | None) -> dict[int, list[int]]:
    asked = select(Guardian.student_id, Guardian.adult_id).where(
        Guardian.workspace == workspace, Guardian.contact == Contact.ALL
    )
    if only is not None:
        asked = asked.where(Guardian.student_id == only)
    return _by_first(connection.execute(asked.order_by(Guardian.adult_id)))


def _adults(connection: Connection, workspace: str, only: int | None) -> dict[int, list[int]]:
    """By student: the advisor and the teachers of their conferences."""
    asked = (
        select(ConferenceRow.student_id, Participant.person_id)
        .join(ConferenceRow, ConferenceRow.id == Participant.conference_id)
        .join(Person, Person.id == Participant.person_id)
        .where(Participant.workspace == workspace, Person.role.in_(["advisor", "teacher"]))
        .distinct()
    )
    if only is not None:
        asked = asked.where(ConferenceRow.student_id == only)
    return _by_first(connection.execute(asked.order_by(Participant.person_id)))


def _by_first(rows: Any) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for first, second in rows:
        found[first].append(second)
    return found
