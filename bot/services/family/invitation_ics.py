"""A conference as an event for somebody's calendar (RFC 5545): a file for everybody, or an invitation by mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeAlias

from icalendar import Calendar, vCalAddress
from icalendar import Event as VEvent
from sqlalchemy import Connection

from bot.services.family import invitation
from bot.services.house import House
from bot.services.talk.scene import first_name

Method: TypeAlias = Literal["PUBLISH", "REQUEST", "CANCEL"]
Party: TypeAlias = tuple[str, str]
"""Somebody's name and address."""

PRODUCT = "-//Conference Coach//EN"
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """A conference in words of one language. `begins` is on the school's clock; `uid` never changes."""

    uid: str
    begins: datetime
    minutes: int
    place: str
    title: str
    about: str


def facts(house: House, connection: Connection, workspace: str, conference: int, language: str) -> Event | None:
    """A conference, also one that was cancelled; None where there is none."""
    row = invitation.held(connection, workspace, conference)
    if row is None:
        return None
    words = {"student": first_name(row.student), "advisor": row.advisor or ""}
    spoken, catalog = house.words.language(language), house.words.catalog
    return Event(
        uid=f"conference-{conference}.{workspace.lower()}@conference-coach",
        begins=invitation.begins(connection, row),
        minutes=row.minutes,
        place=row.place,
        title=catalog.label(spoken, "calendar.title", **words),
        about=catalog.label(spoken, "calendar.about", **words),
    )


def revision(now: datetime) -> int:
    """The SEQUENCE of an event that changed at that moment: 0 is what was said first, and a later change has a higher
    number (seconds; RFC 5545, 3.8.7.4, only asks that it grows)."""
    return int((now - _FIRST).total_seconds())


def event(
    about: Event, now: datetime, method: Method = "PUBLISH", sequence: int = 0, organizer: Party | None = None,
    attendee: Party | None = None,
) -> bytes:  # fmt: skip
    """The calendar file, with the rules of its time zone. A REQUEST or CANCEL is to somebody and from somebody; what
    is PUBLISHed names nobody (RFC 5546, 3.2)."""
    if (method == "PUBLISH") != (organizer is None and attendee is None):
        raise ValueError("an organizer and an attendee go with REQUEST and CANCEL, and only with these")
    calendar = Calendar()
    for name, value in (("prodid", PRODUCT), ("version", "2.0"), ("method", method)):
        calendar.add(name, value)
    calendar.add_component(_vevent(about, now, method, sequence, organizer, attendee))
    year = about.begins.year
    calendar.add_missing_timezones(date(year - 1, 1, 1), date(year + 2, 1, 1))
    return bytes(calendar.to_ical())


def _vevent(
    about: Event, now: datetime, method: Method, sequence: int, organizer: Party | None, attendee: Party | None
) -> VEvent:
    found = VEvent()
    found.add("uid", about.uid)
    found.add("dtstamp", now.astimezone(UTC))
    found.add("dtstart", about.begins)
    found.add("dtend", about.begins + timedelta(minutes=about.minutes))
    found.add("sequence", sequence)
    found.add("summary", about.title)
    found.add("description", about.about)
    found.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    if about.place:
        found.add("location", about.place)
    if organizer is not None:
        found.add("organizer", _party(organizer))
    if attendee is not None:
        found.add("attendee", _party(attendee, asked=method == "REQUEST"))
    return found


def _party(party: Party, *, asked: bool = False) -> vCalAddress:
    name, address = party
    found = vCalAddress(f"mailto:{address}")
    found.params["CN"] = name
    if asked:
        found.params["PARTSTAT"] = "NEEDS-ACTION"
        found.params["RSVP"] = "FALSE"  # nobody reads a calendar's reply: the mail says whom to tell
    return found
