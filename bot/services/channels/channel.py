"""The conference's channel: made, filled with those who belong there, and given the agenda the student approved.

All of it goes through the outbox, in one lane of its own for each conference, so that each step finds the one before it
done: channel, invitations, report to the advisor, agenda, pin. Each step reads the database when its time has come.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, or_, select, update

from bot.services.channels import cards, standing
from bot.services.family import households
from bot.services.speech import Kind, Saying, Voice
from bot.services.talk.scene import first_name
from bot.store.models import Approval, Conference, Conversation, Participant, Person, School
from bot.store.session import AnyRow
from scheduler.outbox import Draft

NO_CHANNEL = "there is no channel"
"""Why nothing can be said in a conference's channel."""


class Invite(StrEnum):
    """How far a participant is on the way into the channel; the values after JOINED are what stands in the way."""

    WAITING = "waiting"
    JOINED = "joined"
    NOT_ON_SLACK = "not_on_slack"
    GUEST_NEEDS_ADMIN = "guest_needs_admin"
    GUEST_LIMIT = "guest_limit"
    NOT_ALLOWED = "not_allowed"
    LEFT_SLACK = "left_slack"
    UNKNOWN_EMAIL = "unknown_email"
    MAILED = "mailed"  # not on Slack, and told by e-mail
    PAPER = "paper"  # told on paper or by telephone, by way of the advisor


_TOLD_OTHERWISE = (Invite.MAILED, Invite.PAPER)


@dataclass(frozen=True, slots=True)
class Meeting:
    """A conference as the channel needs it."""

    id: int
    workspace: str
    student: str
    student_slack_id: str | None
    language: str
    date: str
    time: str
    place: str
    minutes: int
    channel: str | None
    name: str | None
    agenda_at: datetime | None
    stands: standing.Standing
    advisor: AnyRow | None
    student_id: int
    takes_part: bool = True  # the student does; else nothing of theirs is shown


def publish(
    connection: Connection, workspace: str, conference: int, key: str, due: datetime, now: datetime | None = None
) -> list[Draft]:
    """The way to the agenda in the channel, from wherever the conference is now; `key` names the occasion, `now` is
    where it is later than `due`.

    Where there is no channel yet, that is the first step, and once it is made it leads on to the others. An agenda
    whose time has not come is left out: people are there by then, and who cannot be is known early.
    """
    if not connection.scalar(
        select(Conference.channel).where(Conference.workspace == workspace, Conference.id == conference)
    ):
        return [_step(workspace, conference, f"{key}:0", Kind.CHANNEL, {}, due)]
    steps: list[tuple[Kind, dict[str, Any]]] = [
        (Kind.INVITE, {"person": person}) for person in _to_invite(connection, workspace, conference)
    ]
    steps.append((Kind.REPORT, {}))
    agenda = _agenda(connection, workspace, conference, now or due)
    ways = [
        _step(workspace, conference, f"{key}:{n}", kind, fields, due)
        for n, (kind, fields) in enumerate([*steps, *agenda])
    ]
    greeted = cards.welcome(connection, workspace, conference, now or due)
    return [*ways[: len(steps)], *greeted, *ways[len(steps) :]]


def try_again(workspace: str, conference: int, key: str, due: datetime) -> list[Draft]:
    """Make the channel later: whoever can allow it was told."""
    return [_step(workspace, conference, key, Kind.CHANNEL, {}, due)]


def invite(connection: Connection, workspace: str, person: int, now: datetime) -> list[Draft]:
    """Bring somebody who has just appeared in Slack into the channels that wait for them.

    The agenda follows: it may have been held back because of them, when nobody knew who they were.
    """
    rows = connection.execute(
        select(Conference.id)
        .join(Participant, Participant.conference_id == Conference.id)
        .where(
            Participant.person_id == person,
            Participant.invite != Invite.JOINED,
            Conference.channel.is_not(None),
            Conference.cancelled.is_(False),
            Conference.workspace == workspace,
        )
    )
    key = f"arrived:{person}:{now.date()}"
    return [
        draft
        for row in rows.all()
        if person not in households.on_paper(connection, workspace, row.id)
        for draft in _brought(connection, workspace, row.id, person, key, now)
    ]


def _brought(
    connection: Connection, workspace: str, conference: int, person: int, key: str, now: datetime
) -> list[Draft]:
    """One more is invited; the card follows, which may be the first in their language, and the agenda."""
    steps: list[tuple[Kind, dict[str, Any]]] = [(Kind.INVITE, {"person": person}), (Kind.REPORT, {})]
    return [
        *(_step(workspace, conference, key, kind, fields, now) for kind, fields in steps),
        *cards.welcome(connection, workspace, conference, now),
        *again(connection, workspace, conference, key, now),
    ]


def again(connection: Connection, workspace: str, conference: int, key: str, now: datetime) -> list[Draft]:
    """Post or update the agenda once more: something on it changed, or someone who stood in the way left.

    Nothing where its time has not come.
    """
    steps = _agenda(connection, workspace, conference, now)
    return [_step(workspace, conference, key, kind, fields, now) for kind, fields in steps]


def moved(connection: Connection, workspace: str, conference: int, now: datetime) -> list[Draft]:
    """What stands in the channel gets the conference's new date, time, place or length."""
    if not standing.of(connection, workspace, conference).pages:
        return []
    return again(connection, workspace, conference, f"moved:{now.isoformat()}", now)


def page(workspace: str, conference: int, key: str, number: int, now: datetime) -> Draft:
    """A further page of a long agenda."""
    return _step(workspace, conference, f"{key}:page{number}", Kind.AGENDA, {"page": number}, now)


def pin(workspace: str, conference: int, ts: str, now: datetime) -> Draft:
    """Pin the agenda, once."""
    return _step(workspace, conference, f"pin:{ts}", Kind.PIN, {"ts": ts}, now)


def meeting(connection: Connection, workspace: str, conference: int) -> Meeting | None:
    """A conference as the channel needs it; None if it is cancelled."""
    row = connection.execute(
        select(
            Conference,
            *(Person.name, Person.slack_id, Person.language.label("spoken"), Person.advisor_id, Person.active),
        )
        .join(Person, Person.id == Conference.student_id)
        .where(Conference.workspace == workspace, Conference.id == conference, Conference.cancelled.is_(False))
    ).one_or_none()
    if row is None:
        return None
    advisor = connection.execute(
        select(Person.name, Person.slack_id, Person.language).where(
            Person.workspace == workspace, Person.id == row.advisor_id
        )
    ).one_or_none()
    return Meeting(
        row.id,
        row.workspace,
        row.name,
        row.slack_id,
        row.spoken,
        row.date.isoformat(),
        row.time,
        row.place,
        row.minutes,
        row.channel,
        row.channel_name,
        row.agenda_at,
        standing.Standing.parse(row.agenda_ts),
        advisor,
        row.student_id,
        row.active,
    )


def made(connection: Connection, workspace: str, conference: int, channel: str, name: str) -> bool:
    """Keep the channel that was made; False if another conference of the workspace has it."""
    # Two processes may have found the same half-made channel for namesakes: one after the other.
    connection.execute(select(School.workspace).where(School.workspace == workspace).with_for_update(key_share=True))
    here = Conference.workspace == workspace
    taken = select(Conference.id).where(here, Conference.channel == channel, Conference.id != conference)
    if connection.scalar(taken) is not None:
        return False
    one = update(Conference).where(here, Conference.id == conference)
    connection.execute(one.values(channel=channel, channel_name=name))
    return True


def invited(connection: Connection, workspace: str, conference: int, person: int, outcome: Invite) -> None:
    """Keep how an invitation went."""
    connection.execute(
        update(Participant)
        .where(
            Participant.workspace == workspace,
            Participant.conference_id == conference,
            Participant.person_id == person,
        )
        .values(invite=outcome)
    )


def problems(connection: Connection, workspace: str, conference: int) -> list[dict[str, str]]:
    """Who could not be brought into the channel, and why; not a student beside whom their advisor sits, who knows, nor
    one whom the roster does not expect on Slack."""
    expected = Person.email.is_not(None) | Person.given_slack_id.is_not(None)
    beside = select(Conversation.id).where(
        Conversation.workspace == Person.workspace,
        Conversation.person_id == Person.id,
        Conversation.beside.is_not(None),
    )
    rows = connection.execute(
        select(Person.name, Person.email, Participant.invite)
        .join(Person, Person.id == Participant.person_id)
        .where(
            Participant.workspace == workspace,
            Participant.conference_id == conference,
            Participant.invite.not_in([Invite.WAITING, Invite.JOINED, *_TOLD_OTHERWISE]),
            Person.active.is_(True),
            or_(Person.role != "student", Person.slack_id.is_not(None), expected & ~beside.exists()),
        )
        .order_by(Person.role, Person.name)
    )
    return [{"name": row.name, "reason": row.invite, "email": row.email or ""} for row in rows]


def belongs(connection: Connection, workspace: str, conference: int) -> set[str]:
    """The Slack ids of those who may be in the channel when the agenda is posted."""
    rows = connection.execute(
        select(Person.slack_id)
        .join(Participant, Participant.person_id == Person.id)
        .where(
            Participant.workspace == workspace,
            Participant.conference_id == conference,
            Person.slack_id.is_not(None),
            Person.active.is_(True),
        )
    )
    return {row.slack_id for row in rows}


def slack_id_of(connection: Connection, workspace: str, person: int) -> str | None:
    """The Slack id of somebody who has not left; None where they are not on Slack."""
    return connection.scalar(
        select(Person.slack_id).where(Person.workspace == workspace, Person.id == person, Person.active.is_(True))
    )


def names_of(connection: Connection, workspace: str, slack_ids: Collection[str]) -> dict[str, str]:
    """Names by Slack id, as far as the roster knows them; "" where it does not."""
    rows = connection.execute(
        select(Person.slack_id, Person.name).where(Person.workspace == workspace, Person.slack_id.in_(slack_ids))
    )
    known = {row.slack_id: row.name for row in rows}
    return {slack_id: known.get(slack_id, "") for slack_id in slack_ids}


def latest_approval(connection: Connection, workspace: str, conference: int) -> AnyRow | None:
    """The approval that counts: the newest."""
    return connection.execute(
        select(Approval.number, Approval.items, Approval.opening)
        .where(Approval.workspace == workspace, Approval.conference_id == conference)
        .order_by(Approval.number.desc())
        .limit(1)
    ).one_or_none()


def approved_by(connection: Connection, workspace: str, conference: int, moment: datetime) -> bool:
    """Whether anything was approved at that moment already."""
    found = select(Approval.id).where(
        Approval.workspace == workspace, Approval.conference_id == conference, Approval.at <= moment
    )
    return connection.scalar(found.limit(1)) is not None


def always_approved(connection: Connection, workspace: str, conference: int) -> list[dict[str, Any]]:
    """What every approval so far has in the same words: whichever of them stands in the channel, this is in it."""
    one = select(Approval.items).where(Approval.workspace == workspace, Approval.conference_id == conference)
    rows = connection.scalars(one).all()
    return [item for item in rows[0] if all(item in items for items in rows)] if rows else []


def of_channel(connection: Connection, workspace: str, channel: str) -> int | None:
    """The conference whose channel this is."""
    return connection.scalar(
        select(Conference.id).where(
            Conference.workspace == workspace, Conference.channel == channel, Conference.cancelled.is_(False)
        )
    )


def channels(connection: Connection, workspace: str, among: Collection[str]) -> set[str]:
    """Those of some channels that a conference of the workspace has."""
    rows = connection.scalars(
        select(Conference.channel).where(Conference.workspace == workspace, Conference.channel.in_(among))
    )
    return {channel for channel in rows if channel}


def tell_advisor(about: Meeting, saying: Saying, key: str, now: datetime) -> list[Draft]:
    """A message to the student's advisor; nothing if the advisor is not on Slack."""
    if about.advisor is None or not about.advisor.slack_id:
        return []
    voice = Voice(about.workspace, about.advisor.slack_id, about.advisor.language, f"conference:{about.id}", key, now)
    return [voice.say(saying)]


def tell_coordinators(connection: Connection, about: Meeting, saying: Saying, key: str, now: datetime) -> list[Draft]:
    """A message to everyone who sets the school up."""
    rows = connection.execute(
        select(Person.slack_id, Person.language).where(
            Person.workspace == about.workspace,
            Person.role == "coordinator",
            Person.slack_id.is_not(None),
            Person.active.is_(True),
        )
    )
    return [
        Voice(about.workspace, row.slack_id, row.language, f"conference:{about.id}", f"{key}:{n}", now).say(saying)
        for n, row in enumerate(rows)
    ]


def student_name(about: Meeting) -> str:
    """The name the student is called by."""
    return first_name(about.student)


def _agenda(
    connection: Connection, workspace: str, conference: int, now: datetime
) -> list[tuple[Kind, dict[str, Any]]]:
    waits = standing.waits_until(connection, workspace, conference, now)
    return [] if waits else [(Kind.AGENDA, {"page": 0})]


def _to_invite(connection: Connection, workspace: str, conference: int) -> list[int]:
    """Those who can be invited; of the others it is kept that they are not on Slack, or wish for paper."""
    paper = households.on_paper(connection, workspace, conference)
    rows = connection.execute(
        select(Participant.person_id, Participant.invite, Person.slack_id, Person.email, Person.role)
        .join(Person, Person.id == Participant.person_id)
        .where(
            Participant.workspace == workspace,
            Participant.conference_id == conference,
            Participant.invite != Invite.JOINED,
            Person.active.is_(True),
        )
        .order_by(Participant.person_id)
    ).all()
    for row in rows:
        if row.person_id in paper:
            invited(connection, workspace, conference, row.person_id, Invite.PAPER)
        elif not row.slack_id and row.invite not in _TOLD_OTHERWISE:
            expected = row.email and row.role != "family"  # staff and students are on Slack, if under another address
            reason = Invite.UNKNOWN_EMAIL if expected else Invite.NOT_ON_SLACK
            invited(connection, workspace, conference, row.person_id, reason)
    return [row.person_id for row in rows if row.slack_id and row.person_id not in paper]


def _step(workspace: str, conference: int, key: str, kind: Kind, fields: dict[str, Any], now: datetime) -> Draft:
    return Draft(
        workspace=workspace,
        kind=kind,
        recipient=f"conference:{conference}",
        subject=f"conference:{conference}",
        payload={"conference": conference, **fields},
        dedupe_key=f"{kind}:{conference}:{key}",
        due_at=now,
    )
