"""Random zones, dates and school calendars."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

from scheduler.calendar import Calendar, DayKind, Span, Term
from scheduler.walltime import DAY, QuietHours

ZONES = sorted(available_timezones() - {"localtime"})

zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.dates(date(2024, 1, 1), date(2035, 12, 31))
clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
quiets = st.one_of(st.just(QuietHours()), st.builds(QuietHours, clocks, clocks))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """A term of up to five weeks somewhere in 2024 to 2035, with days off of every kind, and any school week."""
    first = draw(days)
    term = Term("term", first, first + DAY * draw(st.integers(0, 35)))
    off = st.builds(_span, st.just(first), st.integers(0, 35), st.integers(0, 6), st.sampled_from(list(DayKind)[:5]))
    week = draw(st.one_of(st.just(frozenset(range(5))), st.frozensets(st.integers(0, 6), min_size=1)))
    return Calendar(draw(zones), (term,), tuple(draw(st.lists(off, max_size=4))), week, draw(quiets))


def _span(first: date, after: int, length: int, kind: DayKind) -> Span:
    return Span(kind, first + DAY * after, first + DAY * (after + length))
