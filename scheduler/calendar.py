"""A school's days: terms, school days, days off, and the next moment at which somebody may be written to. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo

from scheduler.walltime import DAY, USUAL_QUIET, QuietHours, resolve

LONGEST_TERM = timedelta(days=400)
"""A longer term is a slip of the pen in its year."""


class CalendarError(Exception):
    """A calendar cannot be used: every problem, with its file and remedy."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class DayKind(StrEnum):
    """What sort of day it is. Of several said of one day the later in this list holds."""

    SCHOOL = "school"  # also said of a Saturday that makes up for a day lost
    EARLY_DISMISSAL = "early_dismissal"  # a school day, only shorter
    STUDENT_FREE = "student_free"  # the staff is at work
    CLOSED = "closed"
    BREAK = "break"
    WEEKEND = "weekend"  # not said, but worked out
    OUT_OF_TERM = "out_of_term"  # likewise


SAYABLE = tuple(kind for kind in DayKind if kind not in (DayKind.WEEKEND, DayKind.OUT_OF_TERM))

_EVEN_AT_WEEKENDS = frozenset({DayKind.SCHOOL, DayKind.CLOSED, DayKind.BREAK})
"""A student-free Friday to Monday does not put the staff to work on Sunday."""


class Audience(StrEnum):
    """For whom a day is open or closed."""

    STUDENTS = "students"  # and their families
    STAFF = "staff"


_OPEN = {
    Audience.STUDENTS: frozenset({DayKind.SCHOOL, DayKind.EARLY_DISMISSAL}),
    Audience.STAFF: frozenset({DayKind.SCHOOL, DayKind.EARLY_DISMISSAL, DayKind.STUDENT_FREE}),
}


@dataclass(frozen=True, slots=True)
class Term:
    """A quarter, from its first day through its last. Its name is part of what is remembered as sent."""

    name: str
    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Span:
    """Days of one kind, from the first through the last."""

    kind: DayKind
    first: date
    last: date
    name: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """What one day is, and what the calendar calls it ("" if nothing)."""

    kind: DayKind
    name: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant (UTC) at which somebody may be written to, and the date and time their clock then shows."""

    instant: datetime
    day: date
    clock: time


@dataclass(frozen=True)
class Calendar:
    """A school's calendar.

    zone: the school's; it decides which day it is.
    week: the days of an ordinary school week, Monday 0 to Sunday 6.
    quiet: the hours in which a receiver without quiet hours of their own is left alone.
    Raises CalendarError for terms that overlap, end before they begin, or are longer than 400 days.
    """

    zone: ZoneInfo
    terms: tuple[Term, ...] = ()
    spans: tuple[Span, ...] = ()
    week: frozenset[int] = frozenset(range(5))
    quiet: QuietHours = USUAL_QUIET

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", tuple(sorted(self.terms, key=lambda term: term.first)))
        if problems := [*_wrong_terms(self.terms)]:
            raise CalendarError(problems)

    # --- days ------------------------------------------------------------------------------------------------

    def today(self, now: datetime) -> date:
        """The date at the school."""
        return now.astimezone(self.zone).date()

    def day(self, day: date) -> Day:
        """What the day is."""
        return self._days.get(day, Day(DayKind.OUT_OF_TERM))

    def is_open(self, day: date, audience: Audience = Audience.STUDENTS) -> bool:
        """True on a school day; for the staff also on a student-free one."""
        return self.day(day).kind in _OPEN[audience]

    def first_open(self, day: date, audience: Audience = Audience.STUDENTS) -> date | None:
        """That day if it is open, or else the next that is; None when the calendar ends before."""
        days = self._open_days[audience]
        place = bisect_left(days, day)
        return days[place] if place < len(days) else None

    def shift(self, day: date, school_days: int) -> date | None:
        """So many school days after (or, below zero, before) a date, which need not be one itself; None if too few."""
        days = self._open_days[Audience.STUDENTS]
        place = bisect_left(days, day) + school_days
        if school_days > 0 and not self.is_open(day):
            place -= 1
        return days[place] if 0 <= place < len(days) else None

    def term(self, day: date) -> Term | None:
        """The term the day is in, or else the next one; None after the last."""
        return next((term for term in self.terms if term.last >= day), None)

    # --- moments ---------------------------------------------------------------------------------------------

    def moment(
        self, day: date, clock: time, zone: ZoneInfo, audience: Audience, quiet: QuietHours | None = None
    ) -> Moment | None:
        """When somebody in `zone` may be written to who should be at that date and time: then, or later.

        Out of quiet hours one moves to their end; from a closed day to the same time of the next open one; from a time
        or date the zone leaves out to the first instant after. None when no open day is left.
        """
        hours = quiet or self.quiet
        open_day, clock = self._leave(day, clock, hours, audience)
        while open_day is not None:
            instant = resolve(open_day, clock, zone)
            shown = instant.astimezone(zone)
            moment = Moment(instant, shown.date(), shown.time())
            if self.is_open(moment.day, audience) and not hours.covers(moment.clock):
                return moment
            open_day, clock = self._leave(moment.day, moment.clock, hours, audience)
        return None

    def from_now(
        self, now: datetime, zone: ZoneInfo, audience: Audience, quiet: QuietHours | None = None
    ) -> datetime | None:
        """`now` if somebody in `zone` may be written to at once, or the first instant (UTC) at which they may."""
        hours, shown = quiet or self.quiet, now.astimezone(zone)
        if self.is_open(shown.date(), audience) and not hours.covers(shown.time()):
            return now
        day, clock = hours.leave(shown.date(), shown.time())
        moment = self.moment(day, clock if self.is_open(day, audience) else time(), zone, audience, hours)
        if moment is None or moment.instant >= now:
            return moment.instant if moment else None
        # In the second run of an hour that comes twice, the first end of the quiet hours is over already.
        return datetime.combine(moment.day, moment.clock.replace(fold=1), zone).astimezone(UTC)

    def _leave(self, day: date, clock: time, quiet: QuietHours, audience: Audience) -> tuple[date | None, time]:
        day, clock = quiet.leave(day, clock)
        return self.first_open(day, audience), clock

    # --- worked out once -------------------------------------------------------------------------------------

    @cached_property
    def _days(self) -> dict[date, Day]:
        days = {
            day: Day(DayKind.SCHOOL if day.weekday() in self.week else DayKind.WEEKEND)
            for term in self.terms
            for day in _through(term.first, term.last)
        }
        for span in sorted(self.spans, key=lambda span: SAYABLE.index(span.kind)):
            for day in self._in_term(span):
                if days[day].kind is not DayKind.WEEKEND or span.kind in _EVEN_AT_WEEKENDS:
                    days[day] = Day(span.kind, span.name)
        return days

    def _in_term(self, span: Span) -> Iterable[date]:
        for term in self.terms:
            yield from _through(max(term.first, span.first), min(term.last, span.last))

    @cached_property
    def _open_days(self) -> dict[Audience, list[date]]:
        return {
            audience: sorted(day for day, what in self._days.items() if what.kind in kinds)
            for audience, kinds in _OPEN.items()
        }


def _through(first: date, last: date) -> Iterable[date]:
    return (first + DAY * count for count in range((last - first).days + 1))


def _wrong_terms(terms: tuple[Term, ...]) -> Iterable[str]:
    for term in terms:
        if term.last < term.first:
            yield f"calendar: “{term.name}” ends before it begins. Change one of its dates."
        elif term.last - term.first > LONGEST_TERM:
            yield f"calendar: “{term.name}” is longer than {LONGEST_TERM.days} days. Look at the years of its dates."
    for before, after in pairwise(terms):
        if after.first <= before.last:
            yield f"calendar: “{after.name}” begins before “{before.name}” has ended. Change one of their dates."
    names = [term.name for term in terms]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"calendar: two terms are called “{name}”. Give each a name of its own."
