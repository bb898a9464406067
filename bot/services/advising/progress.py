"""How far students are on the way to their conferences, in as many queries for a school as for one group."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.orm import aliased

from bot.conference import access
from bot.conference.readiness import Readiness, Status, readiness
from bot.dialogue.state import State
from bot.services.advising.excerpts import NOTHING, excerpts
from bot.services.roster import levels, school
from bot.store.models import Conference, Conversation, FlowState, Person, School, Term
from bot.store.session import AnyRow
from bot.words import APPROVE, LEVELS


@dataclass(frozen=True, slots=True)
class Progress:
    """One student's way to their conference. `conference` and `conversation` are 0 where there is none yet."""

    workspace: str
    student: int
    name: str
    advisor: str
    date: str
    time: str
    readiness: Readiness
    level: str
    conference: int = 0
    conversation: int = 0
    slack_id: str = ""
    wants_reminders: bool = True
    heard_at: datetime | None = None


def progress(connection: Connection, workspace: str, students: Collection[int], now: datetime) -> list[Progress]:
    """How far these students are, by date and name. The number of queries does not depend on how many they are."""
    advisor = aliased(Person)
    rows = connection.execute(
        select(Person.id, Person.name, Person.slack_id, Person.quiet_since, Person.heard_at,
               advisor.name.label("advisor"),
               Conference.id.label("conference"), Conference.date, Conference.time,
               Conversation.id.label("conversation"), Conversation.version, Conversation.approved,
               Conversation.flow, Conversation.state, Conversation.updated_at,
               levels.column(advisor, Term).label("level"))
        .join(School, School.workspace == Person.workspace)
        .outerjoin(advisor, advisor.id == Person.advisor_id)
        .outerjoin(Conference, (Conference.student_id == Person.id) & Conference.cancelled.is_(False))
        .outerjoin(Term, Term.id == Conference.term_id)
        .outerjoin(Conversation, Conversation.conference_id == Conference.id)
        .where(Person.workspace == workspace, Person.id.in_(students))
        .order_by(Conference.date.desc())
    )  # fmt: skip
    day, latest = school.today(connection, workspace, now), dict[int, AnyRow]()
    for row in rows:  # the next one to come, as in greeting.current_conference; the last one where none is
        if row.id not in latest or row.date >= day:
            latest[row.id] = row
    begun = [row for row in latest.values() if row.conversation]
    done = _done(connection, workspace, begun)
    said = excerpts(connection, workspace, [row.conversation for row in begun])
    found = [
        Progress(
            workspace, row.id, row.name, row.advisor or "", row.date.isoformat() if row.date else "", row.time or "",
            readiness(
                LEVELS[row.level], done.get(row.conversation, ()), (part := said.get(row.conference, NOTHING)).given,
                part.settings, approved=(row.approved or 0) > 0, last_heard=row.updated_at if row.version else None,
                now=now, met=row.date is not None and row.date < day,
            ),
            row.level, row.conference or 0, row.conversation or 0, row.slack_id or "", row.quiet_since is None,
            max((at for at in (row.heard_at, row.updated_at) if at is not None), default=None),
        )
        for row in latest.values()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.date, one.time, one.name))


def advisees(connection: Connection, advisor: AnyRow) -> list[int]:
    """The students whose progress an advisor may see: their own."""
    own = list(
        connection.scalars(
            select(Person.id).where(
                Person.workspace == advisor.workspace, Person.advisor_id == advisor.id, Person.role == "student",
                Person.active.is_(True),
            )
        )
    )  # fmt: skip
    actor = actor_of(advisor, own)
    return [one for one in own if access.may(actor, access.Action.SEE, access.Thing(access.Kind.PROGRESS, one))]


def actor_of(person: AnyRow, students: Collection[int]) -> access.Actor:
    """A person of the roster, with the students that are theirs, as the table of who may do what knows them."""
    return access.Actor(person.id, access.Role(person.role), frozenset(students), person.active)


def count(found: Collection[Progress]) -> dict[str, int]:
    """How many stand where, and `total`."""
    counts = {status.value: 0 for status in Status}
    for one in found:
        counts[one.readiness.status.value] += 1
    return {**counts, "total": len(found)}


def _done(connection: Connection, workspace: str, conversations: Collection[AnyRow]) -> dict[int, set[str]]:
    """The flows that are done: those put aside, and the one that is open."""
    rows = connection.execute(
        select(FlowState.conversation_id, FlowState.flow).where(
            FlowState.workspace == workspace,
            FlowState.conversation_id.in_([row.conversation for row in conversations]),
            FlowState.done.is_(True),
        )
    )
    found = {row.conversation: {row.flow} for row in conversations if row.flow and State.from_json(row.state).done}
    for row in rows:
        found.setdefault(row.conversation_id, set()).add(row.flow)
    for row in conversations:
        if not row.approved:  # looked at, and "not yet"
            found.get(row.conversation, set()).discard(APPROVE)
    return found
