"""A school's calendar as other programs write it: an .ics file (RFC 5545). Pure.

`icalendar` reads it and `recurring_ical_events` expands what repeats. Of an all-day event DTEND is the day after the
last (RFC 5545, 3.6.1). How a title is understood is data: calendar.toml.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]

from scheduler.calendar import CalendarError, DayKind, Span, Term
from scheduler.tables import Days
from scheduler.walltime import DAY, MIDNIGHT

TERM = "term"
TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
"""No day of a school repeats like that; expanding a year of it takes minutes."""
PARTS_OF_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
MOST = 5_000
MOST_REPEATING = 500
"""Events in a file, and those of them that repeat: more than any school has, and as many as are read in seconds."""
A_YEAR = {"DAILY": 366, "WEEKLY": 53, "MONTHLY": 12, "YEARLY": 1}
"""How often an event comes in a year, by its FREQ."""
MOST_TURNS = 400_000
"""Times that all events that repeat come, from their first to the end of the terms: some seconds' work."""
A_SEARCH = {"DAILY": 500_000, "WEEKLY": 200_000, "MONTHLY": 50_000, "YEARLY": 10_000}
"""What a rule may cost that may find no day at all: it is followed to the year 9999, whatever its UNTIL."""
PICKS = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")
LONGEST_MONTH = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_UNREADABLE = (ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError)
"""What the libraries raise for a text they can make nothing of."""
_SENT_WRONG = "Export the calendar again, or mend that event in the program it comes from."


def parse_ics(text: str, zone: ZoneInfo, terms: Sequence[Term] = (), file: str = "calendar.ics") -> Days:
    """What the file says of the terms given, and of those it names itself (events of the category “term”).

    zone: the school's; a time in another zone, or in none, is read as the school's clock shows it.
    Raises CalendarError with every problem.
    """
    calendars, problems = _read(text, file)
    if problems:
        raise CalendarError(problems)
    own = [Term(event.title, event.first, event.last) for event in _terms(calendars, zone)]
    within = [*terms, *own]
    if within:
        _bound(calendars, max(term.last for term in within) + DAY, file)
    spans: dict[Span, None] = {}
    ignored: dict[str, None] = {}
    for event in _expanded(calendars, within, zone, file):
        kind = event.kind
        if kind is None:
            ignored[event.title] = None
        elif kind != TERM and event.first <= event.last:
            spans[Span(DayKind(kind), event.first, event.last, event.title)] = None
    return Days(terms=tuple(own), spans=tuple(spans), ignored=tuple(sorted(ignored)))


@dataclass(frozen=True, slots=True)
class _Event:
    """The whole days an event covers (none if last is before first), and the sort of day its words make."""

    title: str
    kind: str | None
    first: date
    last: date


# --- reading -------------------------------------------------------------------------------------------------


def _read(text: str, file: str) -> tuple[list[icalendar.Calendar], list[str]]:
    try:
        found = icalendar.Calendar.from_ical(text, multiple=True)
    except _UNREADABLE as error:
        return [], [f"{file}: this is not a calendar: {error}. Export it again as iCalendar (.ics)."]
    calendars = [each for each in found if each.name == "VCALENDAR"]
    if not calendars:
        return [], [f"{file}: there is no calendar in it. Export it again as iCalendar (.ics)."]
    events = [event for calendar in calendars for event in calendar.events]
    if problems := [*_too_many(events, file)]:
        return calendars, problems
    return calendars, [
        f"{file}, {_called(event)}: {fault} {_SENT_WRONG}" for event in events for fault in _faults(event)
    ]


def _faults(event: icalendar.Event) -> Iterator[str]:
    if event.errors:
        yield from (f"{name} cannot be read ({said})." for name, said in event.errors)
        return
    try:
        if _plain(event.end) < _plain(event.start):
            yield "it ends before it begins."
    except _UNREADABLE as error:
        yield f"its dates cannot be read ({error})."
    for rule in (*_rules(event, "RRULE"), *_rules(event, "EXRULE")):
        often = TOO_OFTEN & {str(each).upper() for each in rule.get("FREQ", [])}
        if often or any(len(rule.get(part, [])) > 1 for part in PARTS_OF_A_DAY):
            yield "it repeats more often than daily."
        if any(each < 1 for each in rule.get("INTERVAL", [])):
            yield f"it repeats every {rule['INTERVAL'][0]} times (INTERVAL), which is never or for ever."


def _rules(event: icalendar.Event, name: str) -> list[icalendar.vRecur]:
    rules = event.get(name, [])
    return rules if isinstance(rules, list) else [rules]


def _too_many(events: Sequence[icalendar.Event], file: str) -> Iterator[str]:
    if len(events) > MOST:
        yield f"{file}: there are {len(events):,} events in it, more than {MOST:,}. Export only this school year's."
    repeating = sum("RRULE" in event for event in events)
    if repeating > MOST_REPEATING:
        yield (
            f"{file}: {repeating:,} events in it repeat, more than {MOST_REPEATING}. "
            "Export only the calendar of the school's holidays."
        )


def _bound(calendars: Iterable[icalendar.Calendar], last: date, file: str) -> None:
    """End what repeats without end at `last`. CalendarError where following it would take all the same too long."""
    turns = 0
    for event in (event for calendar in calendars for event in calendar.events):
        for rule in (*_rules(event, "RRULE"), *_rules(event, "EXRULE")):
            years = max(last.year - event.start.year, 0) + 1
            often = max((A_YEAR.get(str(each).upper(), 0) for each in rule.get("FREQ", [])), default=0)
            turns += often * years
            if _may_find_none(rule):
                turns += max((A_SEARCH.get(str(each).upper(), 0) for each in rule.get("FREQ", [])), default=0)
            if "COUNT" not in rule and "UNTIL" not in rule:
                rule["UNTIL"] = [_as_late_as(last, event.start)]
    if turns > MOST_TURNS:
        raise CalendarError(
            [f"{file}: events in it repeat for too many years to be followed. Export only this school year's."]
        )


def _may_find_none(rule: icalendar.vRecur) -> bool:
    """Whether a rule picks days in a way that may leave none; the fourth of July, or every first Monday, does not."""
    picks = [part for part in PICKS if part in rule]
    days, months = rule.get("BYMONTHDAY", []), rule.get("BYMONTH", [])
    if picks == ["BYMONTHDAY"] and "BYDAY" not in rule and all(each == 1 for each in rule.get("INTERVAL", [1])):
        return not any(abs(day) <= LONGEST_MONTH.get(month, 31) for day in days for month in months or [1])
    return bool(picks) or any(abs(each.relative or 0) > 4 for each in rule.get("BYDAY", []))


def _as_late_as(day: date, like: date | datetime) -> date | datetime:
    """The end of a day, as RFC 5545 wants UNTIL: a date for a date, UTC where the start has a zone."""
    if not isinstance(like, datetime):
        return day
    end = datetime.combine(day + DAY, MIDNIGHT)
    return end.replace(tzinfo=UTC) if like.tzinfo is not None else end


def _plain(moment: date | datetime) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None)
    return datetime.combine(moment, MIDNIGHT)


def _called(event: icalendar.Event) -> str:
    return f"“{event.get('SUMMARY', event.get('UID', 'an event without a title'))}”"


# --- expanding -----------------------------------------------------------------------------------------------


def _terms(calendars: Iterable[icalendar.Calendar], zone: ZoneInfo) -> Iterator[_Event]:
    events = (_event(each, zone) for calendar in calendars for each in calendar.events)
    return (event for event in events if event.kind == TERM and event.first <= event.last)


def _expanded(
    calendars: Iterable[icalendar.Calendar], terms: Sequence[Term], zone: ZoneInfo, file: str
) -> Iterator[_Event]:
    if not terms:
        return
    first, last = min(term.first for term in terms), max(term.last for term in terms)
    for calendar in calendars:
        try:
            # A day more at either end: an event of another zone may be the school's day before, or after.
            found = recurring_ical_events.of(calendar).between(first - DAY, last + DAY)
        except _UNREADABLE as error:
            raise CalendarError([f"{file}: an event that repeats cannot be followed: {error}. {_SENT_WRONG}"]) from None
        yield from (_event(each, zone) for each in found if each.get("STATUS") != "CANCELLED")


def _event(event: icalendar.Event, zone: ZoneInfo) -> _Event:
    title = str(event.get("SUMMARY", "")).strip()
    kind = _kind(title, [str(category) for category in event.categories] if "CATEGORIES" in event else [])
    starts, ends = event.start, event.end
    if not isinstance(starts, datetime):
        return _Event(title, kind, starts, max(starts, _plain(ends).date() - DAY))
    begins, ends = _local(starts, zone), _local(ends, zone)
    if kind == DayKind.EARLY_DISMISSAL:
        return _Event(title, kind, begins.date(), begins.date())
    whole = begins.date() if begins == _plain(begins.date()) else begins.date() + DAY
    return _Event(title, kind, whole, ends.date() - DAY)


def _local(moment: date | datetime, zone: ZoneInfo) -> datetime:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(zone)
    return _plain(moment)


# --- understanding -------------------------------------------------------------------------------------------


def _kind(title: str, categories: Iterable[str]) -> str | None:
    words = _words()
    named = {_folded(category) for category in categories}
    for kind, names in words["categories"].items():
        if named & {_folded(name) for name in names}:
            return kind
    said = f" {_folded(title)} "
    lists = ((kind, found["words"]) for kind, found in words.items() if kind != "categories")
    found = next((kind for kind, texts in lists if any(f" {_folded(text)} " in said for text in texts)), None)
    return None if found == "nothing" else found


@cache
def _words() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return tomllib.loads(resources.files(__package__).joinpath("calendar.toml").read_text("utf-8"))


@cache
def _folded(text: str) -> str:
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    return " ".join(re.findall(r"\w+", bare))
