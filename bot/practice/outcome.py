"""What came of a play: what is stored, what was sent, where the agenda stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection, ScalarSelect, and_, func, select

from bot.practice.channel import Channel
from bot.practice.message import Message
from bot.practice.people import Person as Member
from bot.practice.stage import Stage
from bot.store.models import Answer, Approval, Conference, Person
from bot.store.session import AnyRow
from scheduler.deliveries import State, deliveries


@dataclass(frozen=True)
class Stored:
    """Rows about one student: messages and taps kept, revisions of them, approvals."""

    answers: int
    revisions: int
    approvals: int


@dataclass(frozen=True)
class Sent:
    """Posts the workspace took, those that came more than once, and deliveries that wait though they are due."""

    messages: int
    doubled: int
    waiting: int


@dataclass(frozen=True)
class Agenda:
    """Where the agenda stands: its channel, its pages, who is there to read it. `lines`: how many were approved."""

    channel: Channel
    pages: tuple[Message, ...]
    pinned: bool
    readers: tuple[str, ...]
    lines: int


def stored(stage: Stage, student: Member) -> Stored:
    """What is kept of a student."""
    with stage.bot.house.store.read() as connection:
        team = stage.workspace.team_id
        mine = and_(Answer.workspace == team, Answer.conference_id.in_(_conferences(team, student)))
        answers = connection.scalar(select(func.count(func.distinct(Answer.ts))).where(mine)) or 0
        revisions = connection.scalar(select(func.count()).where(mine)) or 0
        approved = Approval.conference_id.in_(_conferences(team, student))
        approvals = select(func.count()).where(Approval.workspace == team, approved)
        return Stored(answers, revisions, connection.scalar(approvals) or 0)


def sent(stage: Stage) -> Sent:
    """How many messages the workspace took from the bot, by the delivery each bears."""
    posts = [past for past in stage.workspace.calls if past.method == "chat.postMessage" and past.ok]
    times = Counter(past.args["metadata"]["event_payload"]["delivery"] for past in posts)
    overdue = (deliveries.c.state == State.SCHEDULED) & (deliveries.c.next_at <= stage.clock())
    stuck = overdue | deliveries.c.state.in_([State.SENDING, State.UNKNOWN])
    here = deliveries.c.workspace == stage.workspace.team_id
    with stage.bot.house.store.read() as connection:
        waiting = connection.scalar(select(func.count()).select_from(deliveries).where(here, stuck)) or 0
    return Sent(len(posts), sum(count > 1 for count in times.values()), waiting)


def agenda(stage: Stage, student: Member) -> Agenda | None:
    """The student's agenda, if it arrived: in the channel, by the bot, with every word of the last approval."""
    with stage.bot.house.store.read() as connection:
        approved, words = _approved(connection, stage.workspace.team_id, student)
    channel = stage.workspace.channels.get(approved.channel or "") if approved is not None else None
    if approved is None or channel is None:
        return None
    pages = tuple(one for one in channel.messages.values() if one.app and one.blocks and not one.files)
    shown = "\n".join(page.shown for page in pages)
    if not pages or not all(word in shown for word in words):
        return None
    people = stage.workspace.people
    readers = tuple(people[member].name for member in channel.members if member in people)
    return Agenda(channel, pages, any(page.ts in channel.pins for page in pages), readers, len(approved.items))


def _approved(connection: Connection, team: str, student: Member) -> tuple[AnyRow | None, list[str]]:
    """The channel and the items of the newest approval, and the words approved."""
    newest = connection.execute(
        select(Conference.channel, Approval.items)
        .join(Approval, Approval.conference_id == Conference.id)
        .where(Conference.workspace == team, Conference.id.in_(_conferences(team, student)))
        .order_by(Approval.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        return None, []
    numbers = [number for item in newest.items for number in item["revisions"]]
    typed = select(Answer.text).where(Answer.workspace == team, Answer.id.in_(numbers), Answer.choices == "")
    return newest, list(connection.scalars(typed))


def _conferences(team: str, student: Member) -> ScalarSelect[int]:
    return (
        select(Conference.id)
        .join(Person, Person.id == Conference.student_id)
        .where(Person.workspace == team, Person.slack_id == student.id)
        .scalar_subquery()
    )
