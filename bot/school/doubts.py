"""What in a school's folder can be loaded, and is yet likely a slip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from bot.school.model import School
from scheduler import calendar as scheduled
from scheduler.calendar import Calendar, Day, DayKind

SHOWN = 10
"""Days that are named; of the others, how many they are."""


def doubts(school: School) -> Iterator[str]:
    """Conferences on days that are closed for students, homes of one student that are called nearly the same, and terms
    without an open school day: a line for each."""
    terms = tuple(scheduled.Term(term.name, term.starts, term.ends) for term in school.terms)
    calendar = Calendar(ZoneInfo(school.time_zone), terms, school.days, school.week)
    held = Counter(one.date for one in school.conferences if not calendar.is_open(one.date))
    if held:
        days = [f"{day:%a} {day} ({_called(calendar.day(day))}): {number}" for day, number in sorted(held.items())]
        more = f"; … and on {len(days) - SHOWN} more days" if len(days) > SHOWN else ""
        yield (
            f"Conferences on days that are closed for students: {'; '.join(days[:SHOWN])}{more}. "
            "If that is a slip, mend the date in conferences.csv, or the day in school.toml or calendar.ics."
        )
    yield from _homes(school)
    for term in terms:
        first = calendar.first_open(term.first)
        if first is None or first > term.last:
            yield (
                f"{term.name} has no open school day, so that nobody is written to in it. "
                "Look at school_week and [[day]] in school.toml, and at calendar.ics."
            )


def _homes(school: School) -> Iterator[str]:
    """Households of one student whose names differ in capitals or blanks alone: a binder would be made for each."""
    found: dict[tuple[str, str], set[str]] = {}
    for person in school.people:
        for student in person.students:
            found.setdefault((student, "".join(person.household.split()).casefold()), set()).add(person.household)
    for (student, _), names in found.items():
        if len(names) > 1:
            called = " and ".join(f"“{name}”" for name in sorted(names))
            yield f"{student} has the households {called}. If they are one home, write it the same way in roster.csv."


def _called(day: Day) -> str:
    kind = DayKind(day.kind).value.replace("_", " ")
    return f"{kind}, “{day.name}”" if day.name else kind
