"""The school's days, from `school.toml` and from `calendar.ics`: terms, days that differ, the school week."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.school.model import Term
from bot.school.problems import Place, Problems, Wrong
from bot.school.sheet import decode
from scheduler import calendar as scheduled
from scheduler.calendar import Span
from scheduler.ics import parse_ics
from scheduler.tables import Days, parse_tables

CALENDAR = "calendar.ics"
TABLES = ("day", "school_week")
"""The keys of school.toml that are the scheduler's to read."""

_AT_TABLE = re.compile(r"(?P<table>day)\.(?P<number>\d+)(?:\.(?P<key>\w+))?: (?P<what>.*)")
_AT_KEY = re.compile(r"(?P<key>\w+)(?:\.\d+)?: (?P<what>.*)")


@dataclass(frozen=True)
class Fault:
    """A fault of the scheduler's tables, and where it stands: table ("" for none), its number from 0, key ("")."""

    table: str
    number: int
    key: str
    what: str


def read_tables(data: Mapping[str, Any], file: str) -> tuple[Days, list[Fault]]:
    """The days of a TOML file's tables, and what is wrong with them."""
    try:
        return parse_tables({key: data[key] for key in TABLES if key in data}, file), []
    except scheduled.CalendarError as error:
        return Days(), [_fault(line.removeprefix(f"{file}, ")) for line in error.problems]


def _fault(line: str) -> Fault:
    if found := _AT_TABLE.fullmatch(line):
        return Fault(found["table"], int(found["number"]) - 1, found["key"] or "", found["what"])
    if found := _AT_KEY.fullmatch(line):
        return Fault("", 0, found["key"], found["what"])
    return Fault("", 0, "", line)


def parse_calendar(raw: bytes, zone: str | None, terms: Sequence[Term], problems: Problems) -> Days | None:
    """What calendar.ics says, its faults noted; None where it cannot be used.

    terms: those of school.toml. Where there are none, those of the file are the school's, and are checked.
    """
    text = problems.take(Place(CALENDAR), raw, lambda _: decode(raw, "Export it again as iCalendar (.ics), in UTF-8."))
    if text is None:
        return None
    here = ZoneInfo(zone or "UTC")  # with no zone nothing is loaded
    within = [scheduled.Term(term.name, term.starts, term.ends) for term in terms]
    try:
        days = parse_ics(text, here, within, CALENDAR)
        if not terms:
            scheduled.Calendar(here, days.terms)
    except scheduled.CalendarError as error:
        for line in error.problems:
            problems.tell(CALENDAR, CALENDAR + line.removeprefix(CALENDAR).removeprefix("calendar"))
        return None
    return days


def terms_of(days: Days, problems: Problems, place: Place, example: str) -> tuple[Term, ...] | None:
    """The terms calendar.ics names, where school.toml has none; there must be one."""
    if days.terms:
        return tuple(Term(term.name, term.first, term.last) for term in days.terms)
    remedy = f"Add {example}, or give the events of {CALENDAR} that are terms the category “term”."
    problems.add(place, Wrong("No term is named.", remedy))
    return None


def both(one: Iterable[Span], other: Iterable[Span]) -> tuple[Span, ...]:
    """The days of two sources, each once, in the order of the year."""
    return tuple(sorted({*one, *other}, key=lambda span: (span.first, span.last, span.kind, span.name)))
