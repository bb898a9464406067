"""Letting go of a school year: so many days after it ended, all that was said in it is taken out.

Of a conference the frame stays: whose it was, when and where, who came, its channel. Next year's "where I was" has
nothing in it then. Nothing is taken out of Slack, which has a retention of its own. Who is no longer in the roster goes
whole. A safeguarding alert that nobody has taken up stays, with its words and whom it is about, until somebody does.

One person's rows go in one transaction; what is done stays done, and the rest is found again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Connection,
    Select,
    String,
    and_,
    cast,
    delete,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from bot.services.leaving import removal, schoolyears, traces
from bot.services.leaving.traces import STUDENT
from bot.services.roster.school import day_in
from bot.store import residue, whose
from bot.store.models import (
    Alert,
    Answer,
    Commitment,
    Conference,
    Conversation,
    Erasure,
    FlowState,
    Note,
    Participant,
    Person,
    School,
    Term,
)
from bot.store.session import AnyRow, Store
from scheduler.deliveries import deliveries

OF_A_CONFERENCE = ("approval", "cue", "item", "run", "shared_work")
"""Tables whose rows of an old conference go, whatever their age."""

_TS = re.compile(r'"(\d{10})\.\d+"')


@dataclass(frozen=True, slots=True)
class Past:
    """What is over: the last day of the newest school year whose time is up, and the instant that day ended."""

    workspace: str
    day: date
    until: datetime


@dataclass(frozen=True, slots=True)
class Purged:
    """Rows taken out by table, of how many people; `kept`: alerts that wait for a counselor, and keep their words."""

    day: date | None
    rows: Mapping[str, int]
    people: int
    kept: int


class _DryError(Exception):
    """Nothing of it is to be done."""


def purge(store: Store, workspace: str, now: datetime, *, dry: bool = False) -> Purged:
    """Take out what is over, person by person. dry: only count it."""
    with store.read() as connection:
        past = past_of(connection, workspace, now)
        people = _people(connection, workspace) if past is not None else []
    if past is None:
        return Purged(None, {}, 0, 0)
    rows, touched = Counter[str](), 0
    for person in people:
        counts = _of_one(store, past, person, dry=dry)
        touched += bool(counts)
        rows.update(counts)
    with store.read() as connection:
        return Purged(past.day, dict(rows), touched, _waiting(connection, past))


def past_of(connection: Connection, workspace: str, now: datetime) -> Past | None:
    """What is over in a school; None where nothing is yet."""
    school = connection.execute(
        select(School.time_zone, School.keep_days).where(School.workspace == workspace)
    ).one_or_none()
    if school is None:
        return None
    terms = connection.execute(select(Term.starts, Term.ends).where(Term.workspace == workspace))
    today = day_in(school.time_zone, now)
    day = schoolyears.over([(row.starts, row.ends) for row in terms], school.keep_days, today)
    if day is None:
        return None
    return Past(workspace, day, datetime.combine(day + timedelta(days=1), time(), ZoneInfo(school.time_zone)))


def _people(connection: Connection, workspace: str) -> list[int]:
    """Everybody, students first; not who is being erased."""
    erased = select(Erasure.person_id).where(Erasure.workspace == workspace, Erasure.person_id.is_not(None))
    asked = select(Person.id).where(Person.workspace == workspace, Person.id.not_in(erased))
    return list(connection.scalars(asked.order_by(Person.role != STUDENT, Person.id)))


def _of_one(store: Store, past: Past, person: int, *, dry: bool) -> dict[str, int]:
    counts: dict[str, int] = {}
    try:
        with store.write() as connection:
            residue.wipe_as_deleted(connection)
            counts = _let_go(connection, past, person)
            if dry:
                raise _DryError
    except _DryError:
        pass
    return counts


def _let_go(connection: Connection, past: Past, person: int) -> dict[str, int]:
    mine = Person.workspace == past.workspace, Person.id == person
    row = connection.execute(
        select(Person.id, Person.role, Person.name, Person.active, Person.heard_at, Person.since)
        .where(*mine)
        .with_for_update()
    ).one_or_none()
    if row is None:
        return {}
    counts = Counter(_Student(connection, past, person).let_go() if row.role == STUDENT else {})
    if _has_left(connection, past, row):
        counts.update(removal.take_out(connection, past.workspace, person))
    return {table: count for table, count in counts.items() if count}


# --- what a student said ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Student:
    """One student, and what is over of theirs."""

    connection: Connection
    past: Past
    id: int

    def let_go(self) -> dict[str, int]:
        """Take it out, children before what they point to; how many rows by table."""
        counts = Counter({name: self._delete(name, chosen) for name, chosen in self._alerts()})
        stays = self._flagged()
        words = list(self._words(stays))
        heard = self._heard(dict(words)["answer"])
        for name, chosen in words:
            counts[name] += self._delete(name, chosen)
        past = self._about_the_past()
        counts["deliveries"] += self._lighten(heard, past=past)
        counts["flow_state"] = self._states(heard, past=past)
        counts["conversation"] = self._conversation(held=bool(self._alerted()))
        return counts

    def _delete(self, name: str, chosen: ColumnElement[bool]) -> int:
        table = whose.TABLES[name]
        return self.connection.execute(delete(table).where(table.c.workspace == self.past.workspace, chosen)).rowcount

    def _old(self) -> Select[Any]:
        """The conferences of terms that are over."""
        return (
            select(Conference.id)
            .join(Term, Term.id == Conference.term_id)
            .where(
                Conference.workspace == self.past.workspace, Conference.student_id == self.id,
                Term.ends <= self.past.day,
            )
        )  # fmt: skip

    def _talk(self) -> Select[Any]:
        return select(Conversation.id).where(
            Conversation.workspace == self.past.workspace, Conversation.person_id == self.id
        )

    def _alerts(self) -> Iterator[tuple[str, ColumnElement[bool]]]:
        """Alerts that were taken up, with what was done about them."""
        workspace, old = self.past.workspace, self._old()
        answers = select(Answer.id).where(Answer.workspace == workspace, Answer.conference_id.in_(old))
        notes = select(Note.id).where(Note.workspace == workspace, Note.conference_id.in_(old))
        over = or_(Alert.raised_at < self.past.until, Alert.answer_id.in_(answers), Alert.note_id.in_(notes))
        taken = and_(Alert.workspace == workspace, Alert.student_id == self.id, Alert.taken_by.is_not(None), over)
        told = select(literal("alert:") + cast(Alert.id, String)).where(taken)
        yield "deliveries", and_(deliveries.c.settled_at.is_not(None), deliveries.c.subject.in_(told))
        yield "alert_event", whose.TABLES["alert_event"].c.alert_id.in_(select(Alert.id).where(taken))
        yield "alert", taken

    def _alerted(self) -> Sequence[AnyRow]:
        mine = Alert.workspace == self.past.workspace, Alert.student_id == self.id
        return self.connection.execute(select(Alert.answer_id, Alert.note_id).where(*mine)).all()

    def _flagged(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """The answers and the notes that the remaining alerts are about: their words stay."""
        rows = self._alerted()
        first = min((row.answer_id for row in rows if row.answer_id is not None), default=None)
        notes = [row.note_id for row in rows if row.note_id is not None]
        answers = and_(Answer.alarm != "", Answer.id >= first) if first is not None else false()
        return answers, Note.id.in_(notes) if notes else false()

    def _words(
        self, stays: tuple[ColumnElement[bool], ColumnElement[bool]]
    ) -> Iterator[tuple[str, ColumnElement[bool]]]:
        workspace, until, old = self.past.workspace, self.past.until, self._old()
        commitments = select(Commitment.id).where(Commitment.workspace == workspace, Commitment.conference_id.in_(old))
        yield "commitment_check", whose.TABLES["commitment_check"].c.commitment_id.in_(commitments)
        yield "commitment", Commitment.conference_id.in_(old)
        for name in OF_A_CONFERENCE:
            yield name, whose.TABLES[name].c.conference_id.in_(old)
        of_none = and_(Note.conference_id.is_(None), Note.student_id == self.id, Note.at < until)
        yield "note", and_(or_(Note.conference_id.in_(old), of_none), not_(stays[1]))
        loose = and_(Answer.conference_id.is_(None), Answer.at < until)
        said = and_(Answer.conversation_id.in_(self._talk()), or_(Answer.conference_id.in_(old), loose))
        yield "answer", and_(said, not_(stays[0]))
        mine = whose.rows_of(deliveries, workspace, self.id)
        column = deliveries.c
        kept = exists().where(Alert.workspace == workspace, Alert.student_id == self.id)
        settled = and_(column.settled_at.is_not(None), column.created_at < until)
        yield "deliveries", and_(mine, settled, or_(column.subject.not_like("alert:%"), ~kept))

    def _heard(self, going: ColumnElement[bool]) -> Mapping[str, str]:
        """The answers that go: by the ts of its message, how each begins."""
        rows = self.connection.execute(
            select(Answer.ts, Answer.text).where(Answer.workspace == self.past.workspace, going)
        )
        return {row.ts: whose.plain(row.text)[: whose.HEAD] for row in rows}

    def _about_the_past(self) -> bool:
        """Whether their conversation is about a conference that is over, whenever they last spoke in it."""
        return (
            self.connection.execute(self._talk().where(Conversation.conference_id.in_(self._old()))).first() is not None
        )

    def _lighten(self, heard: Mapping[str, str], *, past: bool) -> int:
        """What was told since in which such words are quoted is left as a row without words: it is not sent again."""
        column = deliveries.c
        mine = whose.rows_of(deliveries, self.past.workspace, self.id), column.settled_at.is_not(None)
        about = column.subject.not_like("alert:%"), column.created_at >= self.past.until
        rows = self.connection.execute(select(column.seq, column.id, column.payload).where(*mine, *about)).all()
        heads = [head for head in heard.values() if len(head) >= whose.HEAD // 2]
        chosen = [
            row
            for row in rows
            if past or any(head in whose.plain(text) for text in _texts(row.payload) for head in heads)
        ]
        return traces.lighten(self.connection, self.past.workspace, chosen)

    def _states(self, heard: Mapping[str, str], *, past: bool) -> int:
        """Where flows stood that are not the open one: all of them, where they are about what is over; else those in
        which something was said before, or that hold an answer that goes."""
        mine = FlowState.workspace == self.past.workspace, FlowState.conversation_id.in_(self._talk())
        rows = self.connection.execute(select(*FlowState.__table__.c).where(*mine)).all()
        until = self.past.until.timestamp()
        old = [row.id for row in rows if past or _first(row.state) < until or _said(row.state) & heard.keys()]
        return self._delete("flow_state", FlowState.id.in_(old)) if old else 0

    def _conversation(self, *, held: bool) -> int:
        """The conversation itself stays, empty, unless it is about a conference still to come. Where a person is
        awaited it goes on waiting."""
        mine = Conversation.workspace == self.past.workspace, Conversation.person_id == self.id
        loose = and_(Conversation.conference_id.is_(None), Conversation.updated_at < self.past.until)
        over = or_(loose, Conversation.conference_id.in_(self._old()))
        waits = and_(Conversation.status == "held", true() if held else false())
        empty = {
            "flow": "", "state": "", "back_to": "", "came_from": "", "approved": 0,
            "prompt_delivery": None, "beside": None, "beside_channel": None, "beside_ts": None,
        }  # fmt: skip
        reset = update(Conversation).where(*mine, over).values(version=Conversation.version + 1, **empty)
        waiting = reset.where(waits, Conversation.flow != "")
        others = reset.where(not_(waits), Conversation.status != "new").values(status="new")
        return sum(self.connection.execute(one).rowcount for one in (waiting, others))


def _first(state: str) -> float:
    """When the first thing was said that a flow's state holds; never, where it holds nothing."""
    return min((float(found[1]) for found in _TS.finditer(state)), default=float("inf"))


def _said(state: str) -> set[str]:
    """The ts of everything in a flow's state."""
    return {found[0].strip('"') for found in _TS.finditer(state)}


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            yield from (text for one in value.values() for text in _texts(one))
        case list():
            yield from (text for one in value for text in _texts(one))


# --- who has left ----------------------------------------------------------------------------------------------------


def _has_left(connection: Connection, past: Past, person: AnyRow) -> bool:
    """Whether somebody is no longer in the roster, and nothing of theirs is of a school year that is not over yet."""
    if person.active or person.name == removal.NAMELESS:
        return False
    recent = [at for at in (person.heard_at, person.since) if at is not None and at >= past.until]
    return not recent and not _takes_part(connection, past, person.id) and not _has_alert(connection, past, person.id)


def _takes_part(connection: Connection, past: Past, person: int) -> bool:
    """In a conference of a term that is not over."""
    coming = select(Conference.id).join(Term, Term.id == Conference.term_id)
    here = Conference.workspace == past.workspace, Term.ends > past.day
    own = coming.where(*here, Conference.student_id == person)
    seated = coming.join(Participant, Participant.conference_id == Conference.id).where(
        *here, Participant.workspace == past.workspace, Participant.person_id == person
    )
    return any(connection.execute(asked.limit(1)).first() is not None for asked in (own, seated))


def _has_alert(connection: Connection, past: Past, person: int) -> bool:
    mine = Alert.workspace == past.workspace, Alert.student_id == person
    return connection.execute(select(Alert.id).where(*mine).limit(1)).first() is not None


def _waiting(connection: Connection, past: Past) -> int:
    """Alerts of that time that nobody has taken up."""
    mine = Alert.workspace == past.workspace, Alert.taken_by.is_(None), Alert.raised_at < past.until
    return connection.scalar(select(func.count()).select_from(Alert).where(*mine)) or 0
