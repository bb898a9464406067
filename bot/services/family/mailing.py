"""Letters: what goes by e-mail to families who are not on Slack. Each is to one adult, and written when it goes.

invitation  with the family's welcome, fourteen days before    when      the conference moved, or does not take place
reminder    the day before, as the cadence has it              agenda    once it stands in the channel

Of a student's words only the agenda goes by mail, as approved, and only to adults who take part in the conference.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, select
from sqlalchemy.orm import aliased

from bot.conference import agenda as compiling
from bot.school import Contact
from bot.services.agenda import agendas
from bot.services.channels import channel
from bot.services.channels.channel import Invite
from bot.services.family import handing, households, invitation, invitation_ics
from bot.services.family.households import Adult
from bot.services.house import House
from bot.services.nudges.days import calendar_of
from bot.services.speech import Kind
from bot.services.talk.scene import first_name
from bot.store.models import Guardian, Participant, Person, School
from bot.store.session import AnyRow
from scheduler.calendar import Audience
from scheduler.outbox import Delivery, Draft, State, deliveries
from scheduler.outcomes import Later, Postponed

GATHER = timedelta(minutes=30)
"""An agenda that is approved anew, and again, goes by mail once in so long."""

PATIENCE = timedelta(hours=1)
"""So long a letter may be put off when the conference is NEAR: then it is the advisor's, with so much time left."""

NEAR = timedelta(days=3)
"""A weekend, and a day."""

BEGUN = "the conference has begun"

_REACHES = (State.SENDING.value, State.UNKNOWN.value, State.SENT.value)


class About(StrEnum):
    """What a letter is about."""

    INVITATION = "invitation"
    WHEN = "when"
    REMINDER = "reminder"
    AGENDA = "agenda"


NUDGES = frozenset({About.REMINDER.value})
"""The messages of a cadence that there are letters for."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in plain data: the templates it is put together from, the first beginning with the subject as its
    heading; to whom, in whose name. `event` goes along for a calendar, as a request or a cancellation."""

    name: str
    email: str
    language: str
    school: str
    advisor: str
    reply_to: str
    texts: Sequence[tuple[str, Mapping[str, Any]]]
    event: invitation_ics.Event | None = None
    method: invitation_ics.Method = "REQUEST"
    sequence: int = 0


# --- what is put ---------------------------------------------------------------------------------------------


def address(person: int) -> str:
    """The recipient of letters to somebody: their lane in the outbox."""
    return f"mail:{person}"


def invite(connection: Connection, workspace: str, conference: int, adult: Adult, now: datetime) -> list[Draft]:
    """The invitation; of one conference everybody gets one, unless the one before did not reach them."""
    prefix = f"{_invitation(conference)}{adult.id}:"
    if _there(connection, workspace, prefix, (State.SCHEDULED.value, *_REACHES)):
        return []
    return [_draft(workspace, conference, adult.id, About.INVITATION, f"{prefix}{now.isoformat()}", now)]


def told_otherwise(connection: Connection, workspace: str, conferences: Collection[int], now: datetime) -> list[Draft]:
    """Conferences that moved, or do not take place: a letter to everybody who was invited by mail."""
    drafts = []
    for conference in conferences:
        for person in _invited_by_mail(connection, workspace, conference):
            prefix = f"mail:when:{conference}:{person}:"
            if not _there(connection, workspace, prefix, (State.SCHEDULED.value,)):  # one that waits says it anyway
                drafts.append(_draft(workspace, conference, person, About.WHEN, f"{prefix}{now.isoformat()}", now))
    return drafts


def agenda(connection: Connection, workspace: str, conference: int, number: int, now: datetime) -> list[Draft]:
    """The agenda stands in the channel, approved for the `number`th time: to those who are not there to read it."""
    drafts = []
    for person in _invited_by_mail(connection, workspace, conference):
        prefix = f"mail:agenda:{conference}:{person}:"
        if _there(connection, workspace, prefix, (State.SCHEDULED.value,)):
            continue
        due = now + GATHER if _there(connection, workspace, prefix, _REACHES) else now
        drafts.append(_draft(workspace, conference, person, About.AGENDA, f"{prefix}{number}", due))
    return drafts


def _draft(workspace: str, conference: int, person: int, about: About, key: str, due: datetime) -> Draft:
    payload = {"letter": about.value, "conference": conference, "person": person}
    return Draft(workspace, Kind.MAIL, address(person), f"conference:{conference}", payload, key, due)


def _invitation(conference: int) -> str:
    return f"mail:invitation:{conference}:"


def _invited_by_mail(connection: Connection, workspace: str, conference: int) -> list[int]:
    """Whom an invitation went to, and who may still be written to by mail."""
    told = {int(key.split(":")[3]) for key in _there(connection, workspace, _invitation(conference), _REACHES)}
    found = households.mailed(connection, workspace, [_student(connection, workspace, conference)])
    return [adult.id for adults in found.values() for adult in adults if adult.id in told]


def _student(connection: Connection, workspace: str, conference: int) -> int:
    row = invitation.held(connection, workspace, conference)
    return int(row.student_id) if row is not None else 0


def _there(connection: Connection, workspace: str, prefix: str, states: Collection[str]) -> set[str]:
    """The keys of letters in some states that begin so."""
    key = deliveries.c.dedupe_key
    asked = select(key).where(
        deliveries.c.workspace == workspace, key >= prefix, key < prefix + "\U0010ffff", deliveries.c.state.in_(states)
    )
    return set(connection.scalars(asked))


# --- whether it is still wanted ------------------------------------------------------------------------------


def refusal(connection: Connection, delivery: Delivery, now: datetime) -> str | Postponed | None:
    """Why a letter is not to go, ever or now; None if it is wanted."""
    held, about = invitation.held(connection, delivery.workspace, delivery.payload["conference"]), _about(delivery)
    if held is None or (held.cancelled and about is not About.WHEN):
        return "the conference is cancelled"
    reader = _reader(connection, delivery, held)
    if reader is None or not reader.email:
        return "they are not to be written to, or have left"
    if reader.slack_id:
        return "they are on Slack by now"
    if reader.quiet_since is not None and about is About.REMINDER:
        return "paused"
    begins = invitation.begins(connection, held)
    if now >= begins:
        return BEGUN
    calendar = calendar_of(connection, delivery.workspace)
    open_at = calendar.from_now(now, calendar.zone, Audience.STUDENTS)
    if open_at is None or open_at <= now or open_at >= begins:  # better at an odd hour than too late
        return None
    return Postponed(open_at, "quiet hours or a closed day")


def can_wait(connection: Connection, delivery: Delivery, later: Later, now: datetime) -> bool:
    """Whether a letter that was put off may be tried again, or the advisor is to be told while there is time.

    One that was put off by itself, the first time, is always tried again: mail servers do so with whom they don't know.
    """
    held = invitation.held(connection, delivery.workspace, delivery.payload["conference"])
    if held is None or not (delivery.attempts or later.method):
        return True
    begins, again = invitation.begins(connection, held), now + timedelta(seconds=later.seconds)
    if again >= begins - PATIENCE:
        return False
    return again < begins - NEAR or again - delivery.due_at <= PATIENCE


def came_too_late(connection: Connection, delivery: Delivery, reason: str) -> bool:
    """Whether a letter was due before the conference, and had not left when that began."""
    held = invitation.held(connection, delivery.workspace, delivery.payload["conference"])
    return reason == BEGUN and held is not None and delivery.due_at < invitation.begins(connection, held)


def _about(delivery: Delivery) -> About:
    """A letter's own, or the message of a nudge that goes by mail."""
    return About(delivery.payload.get("letter") or delivery.payload["message"])


def _reader(connection: Connection, delivery: Delivery, held: AnyRow) -> AnyRow | None:
    """To whom it goes, if they may be written to about this student; of what still takes place, as one who comes."""
    reader = connection.execute(
        select(*Person.__table__.c)
        .join(Guardian, Guardian.adult_id == Person.id)
        .where(
            Person.workspace == delivery.workspace, Person.id == delivery.payload["person"], Person.active.is_(True),
            Guardian.student_id == held.student_id, Guardian.contact == Contact.ALL,
        )
    ).one_or_none()  # fmt: skip
    takes_part = select(Participant.person_id).where(
        Participant.workspace == delivery.workspace, Participant.conference_id == held.id,
        Participant.person_id == delivery.payload["person"],
    )  # fmt: skip
    return reader if held.cancelled or connection.scalar(takes_part) is not None else None


# --- what it says --------------------------------------------------------------------------------------------


def letter(house: House, connection: Connection, delivery: Delivery, now: datetime) -> Letter | None:
    """A letter as things stand now; None where there is nobody to write to, or nothing to say."""
    held = invitation.held(connection, delivery.workspace, delivery.payload["conference"])
    reader = _reader(connection, delivery, held) if held is not None else None
    if held is None or reader is None:
        return None
    about = _about(delivery)
    texts = _texts(house, connection, held, reader, about)
    if not texts:
        return None
    advisor, reply_to = _reply_to(connection, delivery.workspace, held.student_id)
    school = connection.scalar(select(School.name).where(School.workspace == delivery.workspace)) or ""
    event = None
    if about in (About.INVITATION, About.WHEN):
        event = invitation_ics.facts(house, connection, delivery.workspace, held.id, reader.language)
    return Letter(
        reader.name, reader.email, reader.language, school, advisor, reply_to, texts,
        event, "CANCEL" if held.cancelled else "REQUEST",
        invitation_ics.revision(delivery.created_at) if about is About.WHEN else 0,
    )  # fmt: skip


def _texts(
    house: House, connection: Connection, held: AnyRow, reader: AnyRow, about: About
) -> list[tuple[str, Mapping[str, Any]]]:
    facts = {
        "name": reader.name,
        "student": first_name(held.student),
        "advisor": held.advisor or "",
        "date": held.date.isoformat(),
        "time": held.time,
        "place": held.place,
        "replies": _reply_to(connection, held.workspace, held.student_id) != ("", ""),
    }
    match about:
        case About.INVITATION:
            welcome = invitation.context(connection, held.workspace, held.id, [reader.name])
            return [("mail_invitation", facts), ("family_welcome", welcome), ("mail_answer", facts)] if welcome else []
        case About.WHEN:
            return [("mail_cancelled" if held.cancelled else "mail_moved", facts)]
        case About.REMINDER:
            return [("mail_reminder", facts)]
        case About.AGENDA:
            words = _agenda(house, connection, held, house.words.language(reader.language))
            return [("mail_agenda", facts), ("agenda", words)] if words is not None else []


def _agenda(house: House, connection: Connection, held: AnyRow, language: str) -> Mapping[str, Any] | None:
    """The agenda as it was approved, and may be shown now; addresses that only open in Slack are left out."""
    for _, approved, meeting in agendas.compiled(house, connection, held.workspace, [held.id]):
        context = compiling.agenda_context(approved, meeting, lambda key: house.words.catalog.label(language, key))
        for section in context["sections"]:
            section["works"] = [{**work, "url": _for_all(work["url"])} for work in section["works"]]
        return context
    return None


def _for_all(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return "" if host == "slack.com" or host.endswith(".slack.com") else url


def _reply_to(connection: Connection, workspace: str, student: int) -> tuple[str, str]:
    """The advisor's name and address, for whoever answers a letter; empty where there is none."""
    pupil = aliased(Person)
    row = connection.execute(
        select(Person.name, Person.email)
        .join(pupil, pupil.advisor_id == Person.id)
        .where(
            Person.workspace == workspace, pupil.workspace == workspace, pupil.id == student,
            Person.active.is_(True), Person.email.is_not(None),
        )
    ).one_or_none()  # fmt: skip
    return (row.name, row.email) if row is not None else ("", "")


# --- what cannot be delivered --------------------------------------------------------------------------------


def failed(connection: Connection, delivery: Delivery, reason: str, now: datetime) -> Sequence[Draft]:
    """A letter was refused for good, or put off for too long: it is the advisor now who tells that adult; said once for
    each conference."""
    conference, person = delivery.payload["conference"], delivery.payload["person"]
    about = channel.meeting(connection, delivery.workspace, conference)
    name = connection.scalar(select(Person.name).where(Person.id == person, Person.workspace == delivery.workspace))
    if about is None or name is None:
        return ()
    channel.invited(connection, delivery.workspace, conference, person, Invite.PAPER)
    return handing.undelivered(connection, about, person, name, reason, now)
