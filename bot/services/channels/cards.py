"""Cards in a conference's channel: what its family is told there, once in each of their languages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.conference.access import Role
from bot.services.channels import filing
from bot.services.family import attending, invitation, invitation_ics
from bot.services.nudges.days import cadence_of, calendar_of
from bot.services.speech import Kind, Saying
from bot.store.models import Participant, Person
from bot.store.session import AnyRow
from scheduler.cadence import Receiver
from scheduler.calendar import Audience
from scheduler.deliveries import State, deliveries
from scheduler.outbox import Delivery, Draft

WELCOME = "family_welcome"
"""The message of the first card."""

CALENDAR = "calendar"


def welcome(connection: Connection, workspace: str, conference: int, now: datetime) -> list[Draft]:
    """For each home language a card, and under it the date for a calendar. What stands there already is not put again.

    Nothing where the school's cadence welcomes nobody in the channel, nor once the conference has begun.
    """
    if not _welcomes(connection, workspace) or _begun(connection, workspace, conference, now):
        return []
    return [
        draft
        for language in invitation.languages(connection, workspace, conference)
        for draft in (
            _card(workspace, conference, WELCOME, language, "first", now),
            _date(workspace, conference, language, 0, now),
        )
    ]


def further(nudge: Delivery, said: Saying, languages: Iterable[str], now: datetime) -> list[Draft]:
    """What a nudge has just said in a conference's channel, once more in each of these languages."""
    conference, key = nudge.payload["conference"], nudge.payload["step"] + nudge.payload["slot"]
    more = {"context": dict(said.context)}
    return [_card(nudge.workspace, conference, said.template, language, key, now, more) for language in languages]


def moved(connection: Connection, workspace: str, conference: int, now: datetime) -> list[Draft]:
    """The conference has another date, time, place or length: each card that stands is said anew in its place, and the
    new date for a calendar takes the place of the old one, in waking hours."""
    there = filing.kept(connection, workspace, conference, CALENDAR)
    if _begun(connection, workspace, conference, now):
        return []
    calendar, sequence = calendar_of(connection, workspace), invitation_ics.revision(now)
    due = calendar.from_now(now, calendar.zone, Audience.STUDENTS) or now
    drafts: list[Draft] = []
    stand = standing(connection, workspace, conference)
    for language in invitation.languages(connection, workspace, conference):
        if language in stand:
            drafts.append(_card(workspace, conference, WELCOME, language, f"moved:{sequence}", now))
            drafts.append(_date(workspace, conference, language, sequence, due))
    key = f"moved:{sequence}"
    return [*drafts, *(filing.remove(workspace, conference, keep, key, due) for keep in there if drafts)]


def respoken(connection: Connection, workspace: str, people: Collection[int], now: datetime) -> list[Draft]:
    """Adults who speak another language now: where their family was welcomed already, they stand on a card in that
    one, which may be new, and on the others no more."""
    theirs = (
        select(Participant.conference_id)
        .join(Person, Person.id == Participant.person_id)
        .where(Participant.workspace == workspace, Person.id.in_(people), Person.role == Role.FAMILY)
        .order_by(Participant.conference_id)
        .distinct()
    )
    found = connection.scalars(theirs).all() if people else ()
    return [draft for conference in found for draft in _respoken(connection, workspace, conference, now)]


def _respoken(connection: Connection, workspace: str, conference: int, now: datetime) -> list[Draft]:
    stand = standing(connection, workspace, conference)
    if not stand or _begun(connection, workspace, conference, now):
        return []
    calendar, sequence = calendar_of(connection, workspace), invitation_ics.revision(now)
    due = calendar.from_now(now, calendar.zone, Audience.STUDENTS) or now
    drafts: list[Draft] = []
    for language in invitation.languages(connection, workspace, conference):
        if language in stand:
            drafts.append(_card(workspace, conference, WELCOME, language, f"spoken:{sequence}", now))
        else:
            drafts.append(_card(workspace, conference, WELCOME, language, "first", due))
            drafts.append(_date(workspace, conference, language, sequence, due))
    return drafts


def standing(connection: Connection, workspace: str, conference: int) -> dict[str, str]:
    """By language, the ts at which the first card of a conference was posted last, as far as is known."""
    table, begins = deliveries.c, f"{Kind.CARD}:{conference}:{WELCOME}:"
    rows = connection.execute(
        select(table.payload, table.ref_ts)
        .where(
            table.workspace == workspace, table.dedupe_key >= begins, table.dedupe_key < f"{begins}\U0010ffff",
            table.state == State.SENT, table.ref_ts != "",
        )
        .order_by(table.seq)
    )  # fmt: skip
    return {row.payload["language"]: row.ref_ts for row in rows}


def saying(connection: Connection, delivery: Delivery) -> Saying | None:
    """What a card says now; None where it is of no use any more."""
    payload = delivery.payload
    if "context" in payload:
        return Saying(payload["card"], payload["context"])
    return card(connection, delivery.workspace, payload["conference"], payload["language"])


def card(connection: Connection, workspace: str, conference: int, language: str) -> Saying | None:
    """The welcome in one language, to those of the family in the channel who speak it."""
    people = invitation.in_slack(invitation.family(connection, workspace, conference))
    names = [one.name for one in people if one.language == language]
    context = invitation.context(connection, workspace, conference, names, channel=True) if names else None
    return Saying(WELCOME, context, {"actions": attending.buttons(conference)}) if context is not None else None


def _card(
    workspace: str, conference: int, card: str, language: str, key: str, now: datetime,
    more: Mapping[str, Any] | None = None,
) -> Draft:  # fmt: skip
    lane = f"conference:{conference}"
    payload = {"card": card, "conference": conference, "language": language, **(more or {})}
    return Draft(workspace, Kind.CARD, lane, lane, payload, _key(conference, card, language, key), now)


def _date(workspace: str, conference: int, language: str, sequence: int, now: datetime) -> Draft:
    more = {"language": language, "sequence": sequence}
    return filing.put(workspace, conference, f"{CALENDAR}:{language}:{sequence}", "card", now, more=more)


def _key(conference: int, card: str, language: str, key: str) -> str:
    return f"{Kind.CARD}:{conference}:{card}:{language}:{key}"


def _welcomes(connection: Connection, workspace: str) -> bool:
    nudges = cadence_of(connection, workspace).nudges
    return any(one.message == WELCOME and Receiver.CHANNEL in one.to for one in nudges)


def _begun(connection: Connection, workspace: str, conference: int, now: datetime) -> bool:
    held: AnyRow | None = invitation.held(connection, workspace, conference)
    return held is None or held.cancelled or invitation.begins(connection, held) <= now
