"""Commitments as they stand: who will do what by when, and how far each is. Queries only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Connection, Row, Select, and_, select
from sqlalchemy.orm import aliased

from bot.school import Contact
from bot.store.models import Commitment as CommitmentRow
from bot.store.models import CommitmentCheck, Conference, Guardian, Person
from scheduler.deliveries import Delivery, deliveries
from scheduler.deliveries import State as Settled
from scheduler.outcomes import Sent


class State(StrEnum):
    """How far a commitment is."""

    OPEN = "open"
    NOT_YET = "not_yet"
    HELP = "help"
    DONE = "done"
    DROPPED = "dropped"  # taken back: it stands nowhere any more


PENDING = frozenset({State.OPEN, State.NOT_YET, State.HELP})
"""What is asked about."""
SAID = frozenset({State.DONE, State.NOT_YET, State.HELP})
"""What an owner can say when asked."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """What somebody will do; `held` is the conference's date. `owner` is None where they are not in the roster.

    asked: the id of whom one asks how far it is: the owner, or the student's advisor for an owner who is not on Slack,
    or not to be written to there; None where there is neither.
    """

    id: int
    conference: int
    held: date
    student: int
    name: str
    what: str
    due: date | None
    state: State
    owner: int | None
    added_by: int
    asked: int | None
    owner_asked: bool

    @property
    def pending(self) -> bool:
        """Whether it is still to be done."""
        return self.state in PENDING

    def overdue(self, today: date) -> bool:
        """Whether its day is over."""
        return self.pending and self.due is not None and self.due < today


def of(connection: Connection, workspace: str, conferences: Collection[int]) -> dict[int, list[Commitment]]:
    """By conference all that were not taken back, in the order they were added. One query."""
    rows = connection.execute(_asked(workspace).where(CommitmentRow.conference_id.in_(conferences)))
    found: dict[int, list[Commitment]] = defaultdict(list)
    for one in map(_read, rows):
        found[one.conference].append(one)
    return found


def of_students(connection: Connection, workspace: str, students: Collection[int] | None) -> list[Commitment]:
    """All that are still to be done about these students (None: all). One query."""
    asked = _asked(workspace).where(
        CommitmentRow.state.in_(PENDING), Conference.cancelled.is_(False), Person.active.is_(True)
    )
    if students is not None:
        asked = asked.where(Conference.student_id.in_(students))
    return [*map(_read, connection.execute(asked))]


def one(connection: Connection, workspace: str, commitment: int) -> Commitment | None:
    """A commitment that was not taken back."""
    row = connection.execute(_asked(workspace).where(CommitmentRow.id == commitment)).one_or_none()
    return _read(row) if row is not None else None


def owed(found: Iterable[Commitment]) -> dict[tuple[int, int], set[int]]:
    """By student and by who is asked: the conferences from which something is still to be done."""
    by_person: dict[tuple[int, int], set[int]] = defaultdict(set)
    for each in found:
        if each.asked is not None:
            by_person[each.student, each.asked].add(each.conference)
    return by_person


def said_in(connection: Connection, workspace: str, person: int, slot: str) -> set[int]:
    """The ids of the commitments about which somebody answered when they were asked for the slot's reason."""
    asked = select(CommitmentCheck.commitment_id).where(
        CommitmentCheck.workspace == workspace,
        CommitmentCheck.by_id == person,
        CommitmentCheck.key.startswith(f"{slot}:", autoescape=True),
    )
    return set(connection.scalars(asked))


_owner, _advisor = aliased(Person), aliased(Person)


def _asked(workspace: str) -> Select[*tuple[object, ...]]:
    return (
        select(
            CommitmentRow.id, CommitmentRow.conference_id, Conference.date, Conference.student_id,
            CommitmentRow.owner_name, CommitmentRow.what, CommitmentRow.due, CommitmentRow.state,
            CommitmentRow.owner_id, CommitmentRow.added_by,
            _owner.name.label("roster_name"), _owner.slack_id.label("owner_slack"), _owner.active.label("owner_active"),
            _advisor.id.label("advisor"), _advisor.slack_id.label("advisor_slack"),
            _advisor.active.label("advisor_active"), Guardian.contact,
        )
        .join(Conference, Conference.id == CommitmentRow.conference_id)
        .join(Person, Person.id == Conference.student_id)
        .outerjoin(_owner, _owner.id == CommitmentRow.owner_id)
        .outerjoin(_advisor, _advisor.id == Person.advisor_id)
        .outerjoin(Guardian, and_(Guardian.adult_id == _owner.id, Guardian.student_id == Person.id))
        .where(CommitmentRow.workspace == workspace, CommitmentRow.state != State.DROPPED)
        .order_by(CommitmentRow.added_at, CommitmentRow.id)
    )  # fmt: skip


def _read(row: Row[*tuple[object, ...]]) -> Commitment:
    reached = bool(row.owner_slack and row.owner_active and row.contact in (None, Contact.ALL))
    advisor = row.advisor if row.advisor_slack and row.advisor_active else None
    return Commitment(
        row.id, row.conference_id, row.date, row.student_id, row.roster_name or row.owner_name, row.what, row.due,
        State(row.state), row.owner_id, row.added_by, row.owner_id if reached else advisor, reached,
    )  # fmt: skip


def read_back_at(connection: Connection, delivery: Delivery) -> Sent | None:
    """Where they were read back to the recipient of such a delivery last."""
    table = deliveries.c
    row = connection.execute(
        select(table.ref_channel, table.ref_ts)
        .where(
            table.workspace == delivery.workspace, table.subject == delivery.subject, table.kind == delivery.kind,
            table.recipient == delivery.recipient, table.state == Settled.SENT, table.ref_ts != "",
        )
        .order_by(table.seq.desc())
        .limit(1)
    ).first()  # fmt: skip
    return Sent(row.ref_channel, row.ref_ts) if row is not None else None
