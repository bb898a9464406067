"""What an advisor hands on: invitations on paper or by telephone, for families that cannot be written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select

from bot.services.agenda import binder
from bot.services.channels import channel
from bot.services.channels.channel import Meeting
from bot.services.family import attending, households
from bot.services.family.households import Adult, Household
from bot.services.nudges.days import calendar_of
from bot.services.speech import Saying
from scheduler.calendar import Audience
from scheduler.outbox import Draft, deliveries

MANY = 5
"""Adults told of in one message, with a button each in one row."""


class Undelivered(StrEnum):
    """Why a letter will not reach its reader, in words of our own: what a mail server says repeats addresses."""

    ADDRESS = "the mail server does not take mail for this address"
    LETTER = "the mail server does not take this letter"
    LATE = "the mail server put it off for too long"
    LOST = "the connection was lost when the letter was handed over"
    NO_SERVER = "there is no mail server: SMTP_URL is not set"
    NOBODY = "there is nobody to write to"


_REMEDIES: Mapping[str, str] = {
    Undelivered.ADDRESS: "address",
    Undelivered.NO_SERVER: "server",
    Undelivered.LOST: "lost",
}
"""From why a letter was refused to what can be done about it; anything else is "other"."""


def by_hand(
    connection: Connection, about: Meeting, homes: Sequence[Household], mails: bool, now: datetime
) -> list[Draft]:
    """To the advisor, of those it has not been said of yet: whom to print for or to telephone."""
    said = f"handout:{about.id}:"
    asked = select(deliveries.c.payload).where(
        deliveries.c.workspace == about.workspace,
        deliveries.c.dedupe_key >= said,
        deliveries.c.dedupe_key < said + "\U0010ffff",
    )
    told = {person for payload in connection.scalars(asked) for person in payload["people"]}
    fresh = [(home, adult) for home in homes for adult in home.adults if adult.id not in told]
    return [
        draft
        for start in range(0, len(fresh), MANY)
        for draft in _errand(
            connection, about, fresh[start : start + MANY], f"{said}{now.isoformat()}:{start}", mails, now
        )
    ]


def _errand(
    connection: Connection, about: Meeting, people: Sequence[tuple[Household, Adult]], key: str, mails: bool,
    now: datetime,
) -> list[Draft]:  # fmt: skip
    context = {
        "student": channel.student_name(about),
        "date": about.date,
        "people": [
            {"name": adult.name, "household": home.name, "why": _why(adult, mails), "email": adult.email}
            for home, adult in people
        ],
    }
    names = list(dict.fromkeys(home.name for home, _ in people))
    slots = {
        "print": [[binder.button(about.id, name) for name in names]],
        "answers": [[attending.button(about.id, adult.id, f"={adult.name}") for _, adult in people]],
    }
    saying = Saying("handout", context, slots)
    drafts = channel.tell_advisor(about, saying, key, at_work(connection, about, now))
    return [replace(one, payload={**one.payload, "people": [adult.id for _, adult in people]}) for one in drafts]


def undelivered(
    connection: Connection, about: Meeting, person: int, name: str, reason: str, now: datetime
) -> list[Draft]:
    """A letter to somebody could not be delivered: what the advisor does instead."""
    context = {"student": channel.student_name(about), "name": name, "why": _REMEDIES.get(reason, "other")}
    homes = households.of(connection, about.workspace, about.student_id)
    home = next((one.name for one in homes if person in {adult.id for adult in one.adults}), "")
    slots = {"print": [[binder.button(about.id, home)]], "answers": [[attending.button(about.id, person, f"={name}")]]}
    saying = Saying("undelivered", context, slots)
    return channel.tell_advisor(about, saying, f"mailfailed:{about.id}:{person}", at_work(connection, about, now))


def _why(adult: Adult, mails: bool) -> str:
    """Why they cannot be written to: they asked for paper, have no e-mail, or the bot sends none."""
    if adult.asked:
        return "asked"
    return "no_mail" if adult.email and not mails else "no_email"


def at_work(connection: Connection, about: Meeting, now: datetime) -> datetime:
    """Now, or when the school's adults are next at work."""
    calendar = calendar_of(connection, about.workspace)
    return calendar.from_now(now, calendar.zone, Audience.STAFF) or now
