"""What agendas are made of, read in as many queries for one conference as for a thousand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, and_, select

from bot.conference.agenda import Meeting
from bot.conference.answers import Given, Revision, Setting, fold
from bot.conference.answers import Spot as Place
from bot.conference.review import Audience
from bot.dialogue.flow import Visibility
from bot.services.talk.scene import first_name
from bot.store.models import Answer, Conference, Conversation, Item, Participant, Person

_REVISION = (
    Answer.id, Answer.flow, Answer.question, Answer.round, Answer.ts, Answer.revised, Answer.act, Answer.text,
    Answer.choices, Answer.evidence, Answer.alarm,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Material:
    """All that an agenda is made of: the facts, the answers as they stand, what was decided on them, who is there."""

    meeting: Meeting
    given: Mapping[Place, Given]
    settings: Mapping[Place, Setting]
    revisions: tuple[Revision, ...]
    audience: Audience


def materials(connection: Connection, workspace: str, conferences: Collection[int]) -> dict[int, Material]:
    """The material of each of these conferences, in four queries; without those there are not."""
    meetings = _meetings(connection, workspace, conferences)
    revisions = _revisions(connection, workspace, conferences)
    settings = _settings(connection, workspace, conferences)
    audiences = _audiences(connection, workspace, conferences)
    return {
        one: Material(meeting, fold(revisions[one]), settings[one], tuple(revisions[one]), audiences[one])
        for one, meeting in meetings.items()
    }


def _meetings(connection: Connection, workspace: str, conferences: Collection[int]) -> dict[int, Meeting]:
    rows = connection.execute(
        select(Conference.id, Conference.date, Conference.time, Conference.minutes, Conference.place, Person.name)
        .join(Person, Person.id == Conference.student_id)
        .where(Conference.workspace == workspace, Conference.id.in_(conferences))
    )
    return {
        row.id: Meeting(first_name(row.name), row.date.isoformat(), row.time, row.minutes, row.place) for row in rows
    }


def _revisions(
    connection: Connection, workspace: str, conferences: Collection[int]
) -> defaultdict[int, list[Revision]]:
    found = defaultdict[int, list[Revision]](list)
    rows = connection.execute(
        select(Answer.conference_id, *_REVISION)
        .select_from(Conference)
        .join(
            Conversation,
            and_(Conversation.workspace == Conference.workspace, Conversation.person_id == Conference.student_id),
        )
        .join(
            Answer,
            and_(
                Answer.workspace == Conversation.workspace, Answer.conversation_id == Conversation.id,
                Answer.conference_id == Conference.id,
            ),
        )
        .where(Conference.workspace == workspace, Conference.id.in_(conferences))
    )  # fmt: skip
    for conference, *columns in rows:
        found[conference].append(Revision(*columns))
    return found


def _settings(
    connection: Connection, workspace: str, conferences: Collection[int]
) -> defaultdict[int, dict[Place, Setting]]:
    found = defaultdict[int, dict[Place, Setting]](dict)
    rows = connection.execute(
        select(
            Item.conference_id, Item.flow, Item.question, Item.round, Item.visible, Item.develop, Item.held_reason
        ).where(Item.workspace == workspace, Item.conference_id.in_(conferences))
    )
    for row in rows:
        visible = Visibility(row.visible) if row.visible else None
        setting = Setting(visible, row.develop, row.held_reason)
        found[row.conference_id][Place(row.flow, row.question, row.round)] = setting
    return found


def _audiences(connection: Connection, workspace: str, conferences: Collection[int]) -> defaultdict[int, Audience]:
    """Who sees what, by name: the advisor, the teachers as well, everyone at the conference."""
    there = defaultdict[int, list[tuple[str, str]]](list)
    rows = connection.execute(
        select(Participant.conference_id, Person.name, Person.role)
        .join(Person, Participant.person_id == Person.id)
        .where(Participant.workspace == workspace, Participant.conference_id.in_(conferences), Person.role != "student")
        .order_by(Person.role, Person.name)
    )
    for conference, name, role in rows:
        there[conference].append((name, role))
    found = defaultdict[int, Audience](lambda: Audience(""))
    found.update({conference: _audience(adults) for conference, adults in there.items()})
    return found


def _audience(adults: Collection[tuple[str, str]]) -> Audience:
    return Audience(
        next((name for name, role in adults if role == "advisor"), ""),
        tuple(name for name, role in adults if role == "teacher"),
        tuple(name for name, _ in adults),
    )
