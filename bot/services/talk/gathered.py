"""What students put together through the quarter: pieces of work, check-ins, and in which weeks they did."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, select

from bot.conference.answers import Given, Revision, Spot, fold
from bot.dialogue.events import Act
from bot.dialogue.flow import MAX_GOALS
from bot.dialogue.state import Work
from bot.services.roster.school import day_in
from bot.store.models import Answer, Conference, Conversation, School, Term
from scheduler.plan import week_of

GOALS, WISH = "goals", "wish"
"""The flow and the question whose answers are the names of a student's goals."""
EVIDENCE, FEELING, PIECE = "evidence", "feeling", "piece"
CHECK_IN, PROGRESS = "check_in", "progress"
FITTING = {"strengths": "proud", "struggles": "struggled"}
"""The flows in which gathered work is offered, and what it should have been gathered as."""
OFFERED = 4
_ANSWERED = (Act.SAID, Act.CHOSEN, Act.VAGUE)

Weeks = dict[int, set[tuple[str, str]]]
"""By person: flow and week ("2026-W47")."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of work of the quarter: `id` is that of the revision it stands in, `day` when it was shown (ISO)."""

    id: int
    day: str
    works: tuple[Work, ...]
    text: str
    feeling: str

    @property
    def title(self) -> str:
        """What it is called; where nothing came with it, what was said."""
        return self.works[0].title if self.works else self.text


@dataclass(frozen=True, slots=True)
class GoalProgress:
    """A goal, and how far its student was with it week by week: ("2026-W47", "getting_there"), an option's id."""

    conference: int | None
    round: int
    goal: str
    weeks: tuple[tuple[str, str], ...]


# --- of many students ----------------------------------------------------------------------------------------


def weeks_given(
    connection: Connection, workspace: str, people: Collection[int] | None, since: datetime, zone: ZoneInfo
) -> Weeks:
    """In which weeks of the school's calendar these students (None: all) gave evidence or checked in since an instant.

    One answer is enough; what was left in the middle counts for the week in which it was begun. One query.
    """
    begun = func.min(Answer.at).label("begun")
    rows = connection.execute(
        select(Conversation.person_id, Answer.flow, begun)
        .join(Answer, (Answer.workspace == Conversation.workspace) & (Answer.conversation_id == Conversation.id))
        .where(
            *_of(workspace, people),
            Answer.flow.in_((EVIDENCE, CHECK_IN)),
            Answer.act.in_(_ANSWERED),
            Answer.question != "",
            Answer.at >= since,
        )
        .group_by(Conversation.person_id, Answer.flow, (Answer.round - 1) // MAX_GOALS)
    )
    found: Weeks = {}
    for person, flow, at in rows:
        found.setdefault(person, set()).add((flow, week_of(at.astimezone(zone).date())))
    return found


def with_goals(connection: Connection, workspace: str, people: Collection[int] | None) -> set[int]:
    """Which of these students (None: all) have a goal to check on, of this conference or one before. One query."""
    rows = connection.execute(
        select(Conversation.person_id, *_REVISION)
        .join(Answer, (Answer.workspace == Conversation.workspace) & (Answer.conversation_id == Conversation.id))
        .where(*_of(workspace, people), Answer.flow == GOALS, Answer.question == WISH)
    )
    said: dict[int, list[Revision]] = {}
    for person, *columns in rows:
        said.setdefault(person, []).append(Revision(*columns))
    return {person for person, each in said.items() if any(given.text for given in fold(each).values())}


_REVISION = (
    *(Answer.id, Answer.flow, Answer.question, Answer.round, Answer.ts, Answer.revised, Answer.act, Answer.text),
    *(Answer.choices, Answer.evidence, Answer.alarm),
)


def _of(workspace: str, people: Collection[int] | None) -> list[ColumnElement[bool]]:
    there = [Conversation.workspace == workspace]
    return there if people is None else [*there, Conversation.person_id.in_(people)]


# --- of one student: goals and check-ins -----------------------------------------------------------------------


def goals(connection: Connection, workspace: str, conversation: int) -> tuple[str, ...]:
    """The student's goals as they put them, of the newest conference for which they have any; "" for a gap."""
    known = _goal_sets(_answers(connection, workspace, conversation, GOALS))
    return known[-1].labels() if known else ()


def progress_of(connection: Connection, workspace: str, conversation: int) -> list[GoalProgress]:
    """How far a student was with each goal in each week they checked in (the later of two in a week counts): the
    goals of the newest conference first, in their order. A check-in is about the goals there were at the time."""
    rows = _answers(connection, workspace, conversation, GOALS, CHECK_IN)
    sets, taps = _goal_sets(rows), [row for row in rows if (row.flow, row.question) == (CHECK_IN, PROGRESS)]
    begun = _begun(taps)
    weeks: dict[tuple[int, int], dict[str, str]] = {}
    for spot, given in _folded(taps):
        instance, goal = (spot.round - 1) // MAX_GOALS, (spot.round - 1) % MAX_GOALS + 1
        at, zone = begun[instance]
        about = [number for number, one in enumerate(sets) if one.since <= at]
        if about and given.choices:
            weeks.setdefault((about[-1], goal), {})[week_of(day_in(zone, at))] = given.choices[0]
    return [
        GoalProgress(one.conference, goal, label, tuple(sorted(weeks.get((number, goal), {}).items())))
        for number, one in reversed([*enumerate(sets)])
        for goal, label in sorted(one.goals.items())
    ]


@dataclass(frozen=True, slots=True)
class _GoalSet:
    conference: int | None
    since: datetime
    goals: dict[int, str]

    def labels(self) -> tuple[str, ...]:
        return tuple(self.goals.get(number, "") for number in range(1, max(self.goals) + 1))


def _answers(connection: Connection, workspace: str, conversation: int, *flows: str) -> Sequence[Any]:
    return connection.execute(
        select(*_REVISION, Answer.conference_id, Answer.at, School.time_zone)
        .join(School, School.workspace == Answer.workspace)
        .where(Answer.workspace == workspace, Answer.conversation_id == conversation, Answer.flow.in_(flows))
        .order_by(Answer.id)
    ).all()


def _goal_sets(rows: Iterable[Any]) -> list[_GoalSet]:
    """The goals of each conference, oldest first."""
    said: dict[int | None, list[Any]] = {}
    for row in rows:
        if (row.flow, row.question) == (GOALS, WISH):
            said.setdefault(row.conference_id, []).append(row)
    found = [
        _GoalSet(conference, min(row.at for row in each), {spot.round: given.text for spot, given in _folded(each)})
        for conference, each in said.items()
    ]
    return sorted((one for one in found if any(one.goals.values())), key=lambda one: one.since)


def _begun(rows: Iterable[Any]) -> dict[int, tuple[datetime, str]]:
    """When each check-in was begun, with the school's zone."""
    begun: dict[int, tuple[datetime, str]] = {}
    for row in rows:
        begun.setdefault((row.round - 1) // MAX_GOALS, (row.at, row.time_zone))
    return begun


def _folded(rows: Iterable[Any]) -> list[tuple[Spot, Given]]:
    given = fold(Revision(*row[: len(_REVISION)]) for row in rows)
    return [(spot, one) for spot, one in given.items() if one.revisions]


# --- of one student: work -----------------------------------------------------------------------------------


def pieces(connection: Connection, workspace: str, conversation: int, flow: str) -> list[Piece]:
    """The work gathered since the term of the student's conference began: what fits the flow first, then the newest."""
    rows = connection.execute(
        select(*_REVISION, Term.starts, School.time_zone)
        .join(Conversation, Conversation.id == Answer.conversation_id)
        .join(School, School.workspace == Answer.workspace)
        .join(Conference, Conference.id == Conversation.conference_id)
        .join(Term, Term.id == Conference.term_id)
        .where(Answer.workspace == workspace, Answer.conversation_id == conversation, Answer.flow == EVIDENCE)
    ).all()
    if not rows:
        return []
    day_of = {row.id: _day(row.ts, row.time_zone) for row in rows}
    given = dict(_folded(row for row in rows if day_of[row.id] >= row.starts))
    found = [
        Piece(one.revisions[0], day_of[one.revisions[0]].isoformat(), one.evidence, one.text, _feeling(given, spot))
        for spot, one in given.items()
        if spot.question == PIECE and (one.evidence or one.text)
    ]
    newest = sorted(found, key=lambda one: (one.day, one.id), reverse=True)
    return sorted(newest, key=lambda one: one.feeling != FITTING[flow])


def _feeling(given: dict[Spot, Given], spot: Spot) -> str:
    feeling = given.get(spot._replace(question=FEELING))
    return feeling.choices[0] if feeling is not None and feeling.choices else ""


def _day(ts: str, zone: str) -> date:
    """The school's date of one of Slack's ts."""
    return datetime.fromtimestamp(float(ts), ZoneInfo(zone)).date()
