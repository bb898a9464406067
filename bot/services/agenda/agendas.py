"""The agendas of many conferences, as their students approved them: read in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from bot.conference.agenda import Agenda, Meeting
from bot.conference.answers import Revision
from bot.conference.approval import approved_agenda
from bot.services.adults.given import added_of
from bot.services.agenda.materials import materials
from bot.services.channels import works
from bot.services.house import House
from bot.services.roster import levels
from bot.services.talk import review
from bot.store.models import Approval, Conference, Person
from bot.store.session import AnyRow


@dataclass(frozen=True, slots=True)
class Approved:
    """An agenda as it was approved and may be shown now; `revisions`: all answers of the conference."""

    conference: int
    agenda: Agenda
    meeting: Meeting
    revisions: tuple[Revision, ...]


def compiled(
    house: House, connection: Connection, workspace: str, conferences: Collection[int]
) -> Iterator[tuple[int, Agenda, Meeting]]:
    """Those of these conferences that are approved and not cancelled, by id: what each agenda says, in its student's
    language, and the facts of the meeting. Eight queries, however many they are."""
    for one in approved(house, connection, workspace, conferences):
        yield one.conference, one.agenda, one.meeting


def approved(
    house: House, connection: Connection, workspace: str, conferences: Collection[int], language: str = ""
) -> Iterator[Approved]:
    """The same, with the answers behind it. `language`: of what was tapped instead of written; "" is the student's."""
    approvals = list(_approvals(connection, workspace, conferences))
    wanted = [row.id for row in approvals]
    if not wanted:
        return
    read, level = materials(connection, workspace, wanted), levels.of_conferences(connection, workspace, wanted)
    there, added = works.shared_of(connection, workspace, wanted), added_of(connection, workspace, wanted)
    for row in approvals:
        one = read[row.id]
        revisions = works.linked(one.revisions, there[row.id])
        flows = review.flows_of(house, house.words.language(language or row.language), level[row.id])
        agenda = approved_agenda(
            row.items, revisions, one.settings, flows, one.meeting.minutes, row.opening, added=added[row.id]
        )
        yield Approved(row.id, agenda, one.meeting, revisions)


def _approvals(connection: Connection, workspace: str, conferences: Collection[int]) -> Iterator[AnyRow]:
    """The newest approval of each, with the student's language."""
    newest: Any = (
        select(Approval.conference_id, func.max(Approval.number).label("number"))
        .where(Approval.workspace == workspace, Approval.conference_id.in_(conferences))
        .group_by(Approval.conference_id)
        .subquery()
    )
    return iter(
        connection.execute(
            select(Conference.id, Person.language, Approval.items, Approval.opening)
            .join(newest, newest.c.conference_id == Conference.id)
            .join(Approval, (Approval.conference_id == Conference.id) & (Approval.number == newest.c.number))
            .join(Person, Person.id == Conference.student_id)
            .where(Conference.workspace == workspace, Conference.cancelled.is_(False))
            .order_by(Conference.id)
        ).all()
    )
