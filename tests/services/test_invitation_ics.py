"""The date for somebody's calendar, read back as their calendar program reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest

from bot.services.family.invitation_ics import Event, Method, event, revision

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 10, 20, 15, 0, tzinfo=UTC)
NOOR = Event(
    uid="conference-7.t1@conference-coach",
    begins=datetime(2026, 11, 5, 17, 30, tzinfo=NEW_YORK),  # said before the clocks go back, held after
    minutes=20,
    place="room 12; by the gym",
    title="Reunión escolar de Noor, Otoño",
    about="Noor dirige esta reunión.\nNo hay que preparar nada.",
)


def read(data: bytes) -> icalendar.Calendar:
    found = icalendar.Calendar.from_ical(data)
    assert isinstance(found, icalendar.Calendar)
    return found


def test_a_calendar_program_reads_the_same_instant_across_a_change_of_the_clocks() -> None:
    calendar = read(event(NOOR, NOW))
    (held,) = calendar.events
    assert (held.DTSTART.astimezone(UTC), held.DTEND - held.DTSTART) == (
        datetime(2026, 11, 5, 22, 30, tzinfo=UTC), timedelta(minutes=20),
    )  # fmt: skip
    assert (str(held["summary"]), str(held["location"])) == (NOOR.title, NOOR.place)
    assert str(held["description"]) == NOOR.about
    (zone,) = calendar.timezones
    rules = zone.to_tz(lookup_tzid=False)  # those in the file, not this machine's
    for day, hours in (((2026, 10, 20), -4), ((2026, 11, 5), -5)):
        assert datetime(*day, 17, 30, tzinfo=rules).utcoffset() == timedelta(hours=hours)
    assert len(event(NOOR, NOW)) < 2000


def test_what_is_published_names_nobody_and_lines_are_as_short_as_the_standard_asks() -> None:
    data = event(NOOR, NOW)
    assert b"ORGANIZER" not in data
    assert b"ATTENDEE" not in data
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert read(data)["method"] == "PUBLISH"


def test_a_move_has_the_same_uid_and_a_higher_sequence() -> None:
    before = read(event(NOOR, NOW)).events[0]
    later, latest = revision(NOW), revision(NOW + timedelta(seconds=1))
    assert 0 < later < latest < 2**31
    after = read(event(NOOR, NOW, sequence=later)).events[0]
    assert before["uid"] == after["uid"] == NOOR.uid
    assert (before["sequence"], after["sequence"]) == (0, later)


@pytest.mark.parametrize(("method", "status"), [("REQUEST", "CONFIRMED"), ("CANCEL", "CANCELLED")])
def test_by_mail_it_is_from_the_school_and_to_one_person(method: Method, status: str) -> None:
    data = event(NOOR, NOW, method, 3, ("Hillside; Office", "office@school.example"), ("Amal", "amal@home.example"))
    calendar = read(data)
    (held,) = calendar.events
    assert (calendar["method"], held["status"], held["sequence"]) == (method, status, 3)
    assert (held["organizer"], held["organizer"].params["CN"]) == ("mailto:office@school.example", "Hillside; Office")
    assert held["attendee"] == "mailto:amal@home.example"


def test_a_party_where_there_may_be_none_and_none_where_there_must_be_are_refused() -> None:
    with pytest.raises(ValueError, match="organizer"):
        event(NOOR, NOW, "REQUEST")
    with pytest.raises(ValueError, match="organizer"):
        event(NOOR, NOW, attendee=("Amal", "amal@home.example"))
