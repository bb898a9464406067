"""What follows when a load has changed when conferences are, who takes part in them, or who may be written to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from bot.services.channels import cards, channel, moving
from bot.services.family import households, inviting, mailing
from bot.services.leaving import consent
from bot.services.nudges import reminders
from bot.services.roster import members, school
from bot.services.roster.changes import Changes
from bot.services.speech import Kind, Saying
from bot.store.models import Conference, Guardian, Participant, Person
from scheduler.outbox import Draft, Outbox, State, deliveries


def followed(
    connection: Connection, outbox: Outbox, workspace: str, changes: Changes, now: datetime, *, mails: bool
) -> list[Draft]:
    """In the transaction of the load: what waits for those who may not be written to any more is cancelled; people hear
    of another date, advisors who is to leave a channel; whoever is new is invited where the others were.

    `mails`: whether mail can be sent.
    """
    for person in changes.hushed:
        _silence(connection, outbox, workspace, person, now)
    drafts = _moved(connection, workspace, changes, now)
    drafts += cards.respoken(connection, workspace, changes.respoken, now)
    for conference, person in changes.unseated:
        drafts += _leave(connection, workspace, conference, person, now)
    for student, given in changes.consented:
        drafts += consent.followed(connection, workspace, student, now, given=given)
    for person, slack_id in changes.shut_out:
        drafts += members.shut_out(connection, outbox, workspace, person, slack_id, now)
    for conference in sorted({*changes.seated, *_theirs(connection, workspace, changes.readdressed)}):
        drafts += _join(connection, workspace, conference, now, mails=mails)
    return drafts


def _moved(connection: Connection, workspace: str, changes: Changes, now: datetime) -> list[Draft]:
    drafts = [draft for one in changes.moved for draft in channel.moved(connection, workspace, one, now)]
    drafts += moving.told_of_moves(connection, workspace, changes.rescheduled, now)
    drafts += [draft for one in changes.moved for draft in cards.moved(connection, workspace, one, now)]
    drafts += moving.told_of_cancellations(connection, workspace, changes.cancelled, now)
    otherwise = (*changes.rescheduled, *changes.cancelled)
    return [*drafts, *mailing.told_otherwise(connection, workspace, otherwise, now)]


def _silence(connection: Connection, outbox: Outbox, workspace: str, person: int, now: datetime) -> None:
    """Nothing goes to them any more. What the plan put there the plan takes out, and brings back with their consent."""
    slack_id = connection.scalar(select(Person.slack_id).where(Person.id == person, Person.workspace == workspace))
    for lane in filter(None, (mailing.address(person), slack_id)):
        outbox.cancel(connection, workspace, now, households.SILENT, recipient=lane, spare=reminders.PLANNED)


def _theirs(connection: Connection, workspace: str, people: Collection[int]) -> set[int]:
    """The conferences these adults belong to."""
    asked = select(Participant.conference_id).where(
        Participant.workspace == workspace, Participant.person_id.in_(people)
    )
    return set(connection.scalars(asked)) if people else set()


def _leave(connection: Connection, workspace: str, conference: int, person: int, now: datetime) -> list[Draft]:
    """Tell the advisor whom to take out of the channel; nothing of the student's goes there before that."""
    about = channel.meeting(connection, workspace, conference)
    if about is None or not about.channel or about.date < school.today(connection, about.workspace, now).isoformat():
        return []
    name = connection.scalar(select(Person.name).where(Person.workspace == workspace, Person.id == person))
    contact = connection.scalar(
        select(Guardian.contact).where(
            Guardian.workspace == workspace, Guardian.adult_id == person, Guardian.student_id == about.student_id
        )
    )
    context = {
        "student": channel.student_name(about), "name": name, "channel": about.name or "", "silent": contact == "none"
    }  # fmt: skip
    key = f"leave:{conference}:{person}:{now.isoformat()}"
    return channel.tell_advisor(about, Saying("out_of_channel", context), key, now)


def _join(connection: Connection, workspace: str, conference: int, now: datetime, *, mails: bool) -> list[Draft]:
    row = connection.execute(
        select(Conference.channel, Conference.date).where(
            Conference.id == conference, Conference.workspace == workspace, Conference.cancelled.is_(False)
        )
    ).one_or_none()
    if row is None or row.date < school.today(connection, workspace, now):
        return []
    off = _welcomed(connection, workspace, conference)
    drafts = inviting.off_slack(connection, workspace, conference, now, mails=mails) if off else []
    if row.channel:
        drafts += channel.publish(connection, workspace, conference, f"seated:{now.isoformat()}", now)
    return drafts


def _welcomed(connection: Connection, workspace: str, conference: int) -> bool:
    """Whether the family's welcome has gone: before that everybody is invited with it."""
    table = deliveries.c
    went = select(table.seq).where(
        table.workspace == workspace, table.recipient == f"conference:{conference}", table.kind == Kind.WELCOME,
        table.state == State.SENT,
    )  # fmt: skip
    return connection.execute(went.limit(1)).first() is not None
