"""A conference has another date, time or place, or does not take place: those are told who know of it.

This is no reminder: it also goes to those who want none of these. Of one and the same change everybody hears once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import aliased

from bot.school import Contact
from bot.services.nudges.days import calendar_of
from bot.services.speech import Kind, Saying, Voice
from bot.services.talk.scene import first_name
from bot.store.models import Conference, Conversation, Guardian, Person
from bot.store.session import AnyRow
from scheduler.calendar import Audience, Calendar
from scheduler.outbox import Draft, State, deliveries
from scheduler.walltime import resolve, zone_of

PREFIX = "when:"
"""What the dedupe_keys of these messages begin with; whom they go to follows."""

MOVED, CANCELLED = "conference_moved", "conference_cancelled"
_OFF = "cancelled"
_REACHES = tuple(state.value for state in (State.SCHEDULED, State.SENDING, State.UNKNOWN, State.SENT))


def told_of_moves(connection: Connection, workspace: str, conferences: Collection[int], now: datetime) -> list[Draft]:
    """Where and when these conferences are now, for those who were told otherwise; nothing of what is over."""
    return _News(connection, workspace, MOVED, now).of(conferences)


def told_of_cancellations(
    connection: Connection, workspace: str, conferences: Collection[int], now: datetime
) -> list[Draft]:
    """That these conferences do not take place, for the same people, and whom to ask."""
    return _News(connection, workspace, CANCELLED, now).of(conferences)


@dataclass(frozen=True, slots=True)
class _To:
    """Somebody, or a channel, that is to hear of one conference or several."""

    recipient: str
    role: str
    language: str
    zone: str
    audience: Audience
    subject: str
    channel: str | None = None


@dataclass(frozen=True)
class _News:
    connection: Connection
    workspace: str
    template: str
    now: datetime

    def of(self, conferences: Collection[int]) -> list[Draft]:
        calendar = calendar_of(self.connection, self.workspace)
        rows = [row for row in self._conferences(conferences) if _ends(row, calendar) > self.now]
        if not rows:
            return []
        said = self._said()
        drafts = [self._draft(to, group, said, calendar) for to, group in self._receivers(rows)]
        return [draft for draft in drafts if draft is not None]

    def _conferences(self, conferences: Collection[int]) -> Sequence[AnyRow]:
        student, advisor = aliased(Person), aliased(Person)
        return self.connection.execute(
            select(
                Conference.id, Conference.date, Conference.time, Conference.minutes, Conference.place,
                Conference.channel, Conference.student_id,
                student.name, student.slack_id, student.language, student.time_zone, student.active,
                advisor.id.label("advisor_id"), advisor.name.label("advisor"), advisor.active.label("advisor_active"),
                advisor.slack_id.label("advisor_slack_id"), advisor.language.label("advisor_language"),
                advisor.time_zone.label("advisor_zone"), Conversation.id.label("conversation"),
            )
            .join(student, student.id == Conference.student_id)
            .outerjoin(advisor, advisor.id == student.advisor_id)
            .outerjoin(
                Conversation, (Conversation.person_id == student.id) & (Conversation.workspace == self.workspace)
            )
            .where(
                Conference.workspace == self.workspace, Conference.id.in_(conferences),
                Conference.cancelled.is_(self.template == CANCELLED),
            )
            .order_by(Conference.date, Conference.time, student.name, Conference.id)
        ).all()  # fmt: skip

    def _receivers(self, rows: Sequence[AnyRow]) -> Iterator[tuple[_To, list[AnyRow]]]:
        nudged, family = self._nudged(rows), self._family(rows)
        groups: dict[_To, list[AnyRow]] = defaultdict(list)
        for row in rows:
            about, known = f"conference:{row.id}", nudged[row.student_id]
            if row.active and row.slack_id and (row.conversation is not None or row.slack_id in known):
                yield _To(row.slack_id, "student", row.language, row.time_zone or "", Audience.STUDENTS, about), [row]
            for one in family[row.student_id]:
                if one.slack_id in known:
                    zone = one.time_zone or ""
                    yield _To(one.slack_id, "family", one.language, zone, Audience.STUDENTS, about), [row]
            spoken = {one.language for one in family[row.student_id]} or {row.language}
            for language in sorted(spoken) if row.channel else ():
                yield _To(about, "channel", language, "", Audience.STUDENTS, about, row.channel), [row]
            if row.advisor_active and row.advisor_slack_id:
                to = _To(row.advisor_slack_id, "advisor", row.advisor_language, row.advisor_zone or "", Audience.STAFF,
                         f"person:{row.advisor_id}")  # fmt: skip
                groups[to].append(row)
        yield from groups.items()

    def _nudged(self, rows: Sequence[AnyRow]) -> Mapping[int, set[str]]:
        """By student: the Slack ids of those who had a nudge about them."""
        subjects = {f"person:{row.student_id}": row.student_id for row in rows}
        table, found = deliveries.c, defaultdict[int, set[str]](set)
        had = select(table.subject, table.recipient).where(
            table.workspace == self.workspace, table.subject.in_(subjects), table.kind == Kind.NUDGE,
            table.state == State.SENT,
        )  # fmt: skip
        for row in self.connection.execute(had.distinct()):
            found[subjects[row.subject]].add(row.recipient)
        return found

    def _family(self, rows: Sequence[AnyRow]) -> Mapping[int, list[AnyRow]]:
        found = defaultdict[int, list[AnyRow]](list)
        theirs = (
            select(Guardian.student_id, Person.slack_id, Person.language, Person.time_zone)
            .join(Person, Person.id == Guardian.adult_id)
            .where(
                Guardian.workspace == self.workspace, Guardian.student_id.in_({row.student_id for row in rows}),
                Guardian.contact == Contact.ALL, Person.active.is_(True), Person.slack_id.is_not(None),
            )
            .order_by(Person.id)
        )  # fmt: skip
        for row in self.connection.execute(theirs):
            found[row.student_id].append(row)
        return found

    def _said(self) -> Mapping[tuple[str, int], str]:
        """What each was told last of each conference."""
        table = deliveries.c
        before = select(table.recipient, table.payload).where(
            table.workspace == self.workspace, table.dedupe_key >= PREFIX, table.dedupe_key < PREFIX + "\U0010ffff",
            table.state.in_(_REACHES),
        )  # fmt: skip
        return {
            (row.recipient, int(conference)): when
            for row in self.connection.execute(before.order_by(table.seq))
            for conference, when in row.payload["when"].items()
        }

    def _draft(
        self, to: _To, group: list[AnyRow], said: Mapping[tuple[str, int], str], calendar: Calendar
    ) -> Draft | None:
        rows = [row for row in group if said.get((to.recipient, row.id)) != self._when(row)]
        if not rows:
            return None
        begins = min(_begins(row, calendar) for row in rows)
        due = calendar.from_now(self.now, zone_of(to.zone, calendar.zone), to.audience)
        if due is None or due >= begins:
            due = self.now  # better at an odd hour than too late
        about = to.subject if to.role == "advisor" else rows[0].id
        key = f"{PREFIX}{to.recipient}:{about}:{self.template}:{to.language}:{self.now.isoformat()}"
        voice = Voice(self.workspace, to.recipient, to.language, to.subject, key, due, to.channel)
        draft = voice.say(Saying(self.template, self._context(to, rows, calendar)))
        when = {str(row.id): self._when(row) for row in rows}
        return replace(draft, payload={**draft.payload, "when": when})

    def _when(self, row: AnyRow) -> str:
        return _OFF if self.template == CANCELLED else f"{row.date.isoformat()} {row.time} {row.place}"

    def _context(self, to: _To, rows: Sequence[AnyRow], calendar: Calendar) -> dict[str, Any]:
        meetings = [
            {
                "student": first_name(row.name), "date": row.date.isoformat(), "time": row.time, "place": row.place,
                "begins": _begins(row, calendar).astimezone(calendar.zone).isoformat(),
            }
            for row in rows
        ]  # fmt: skip
        return {"to": to.role, "advisor": (rows[0].advisor or "") if rows[0].advisor_active else "",
                "meetings": meetings}  # fmt: skip


def _begins(row: AnyRow, calendar: Calendar) -> datetime:
    return resolve(row.date, time.fromisoformat(row.time), calendar.zone)


def _ends(row: AnyRow, calendar: Calendar) -> datetime:
    return _begins(row, calendar) + timedelta(minutes=row.minutes)
