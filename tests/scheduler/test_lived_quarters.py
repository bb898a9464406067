"""A quarter lived through: planned, sent as it comes due, and planned anew as things change, again and again.

What was sent is what `plan()` is told was sent, as the bot does with the outbox's rows. Judged from outside: by the
minute, on the clock the receiver then had, on the calendar the school then had.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.cadence import Cadence, From, Nudge, Receiver
from scheduler.calendar import Calendar, DayKind, Span, Term
from scheduler.occurrences import Occurrence, Reason
from scheduler.plan import Anchor, Conference, Recipient, plan
from scheduler.walltime import DAY, QuietHours
from tests.scheduler import minutes
from tests.scheduler.calendars import ZONES, clocks, zones
from tests.scheduler.quarters import Quarter, may_write, quarters, sent_by, verdict, wishes

ALL_WEEK = frozenset(range(7))


@dataclass(frozen=True)
class Change:
    """What is different from some minute on: everybody's zone, a day off, when nudges are, when conferences are."""

    after: timedelta
    zone: ZoneInfo
    closed: int
    at: time
    later: int
    moved: int


changes = st.builds(
    Change,
    after=st.integers(0, 12 * 24 * 60).map(lambda minute: timedelta(minutes=minute)),
    zone=zones,
    closed=st.integers(0, 35),
    at=clocks,
    later=st.integers(-3, 3),
    moved=st.integers(-4, 4),
)


def changed(quarter: Quarter, change: Change) -> Quarter:
    day = quarter.calendar.terms[0].first + DAY * change.closed
    spans = (*quarter.calendar.spans, Span(DayKind.CLOSED, day, day))
    anchors = tuple(
        replace(
            anchor,
            conferences=tuple(replace(held, day=held.day + DAY * change.moved) for held in anchor.conferences),
            recipients={
                receiver: tuple(replace(who, zone=change.zone) for who in people)
                for receiver, people in anchor.recipients.items()
            },
        )
        for anchor in quarter.anchors
    )
    nudges = tuple(_at_another_time(nudge, change) for nudge in quarter.cadence.nudges)
    cadence = Cadence(nudges, quarter.cadence.limits)
    return replace(quarter, calendar=replace(quarter.calendar, spans=spans), anchors=anchors, cadence=cadence)


def _at_another_time(nudge: Nudge, change: Change) -> Nudge:
    offset = {} if nudge.days is None else {"days": nudge.days + (change.later if nudge.days < -3 else 0)}
    return nudge.model_copy(update={"at": change.at, **offset})


def _planned(quarter: Quarter) -> list[Occurrence]:
    return list(plan(quarter.cadence, quarter.calendar, quarter.anchors, quarter.now).due)


def lived(quarter: Quarter, coming: list[Change]) -> Iterator[tuple[Occurrence, datetime, Quarter]]:
    """Each nudge sent, the minute it was sent at, and the quarter as it then was: at once when it is due or overdue."""
    for change in [*coming, None]:
        until = quarter.now + (change.after if change else timedelta(days=80))
        due = [each for each in _planned(quarter) if each.due_at <= until]
        yield from ((each, max(each.due_at, quarter.now), quarter) for each in due)
        quarter = sent_by(quarter, plan(quarter.cadence, quarter.calendar, quarter.anchors, quarter.now), until)
        quarter = changed(quarter, change) if change else quarter


@given(quarters(), st.lists(changes, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_through_any_changes_nothing_is_sent_twice_nor_at_a_wrong_time(quarter: Quarter, coming: list[Change]) -> None:
    sent = list(lived(quarter, coming))
    times = Counter(each.key for each, _, _ in sent)
    assert all(count == 1 for count in times.values())
    on_dates = Counter((each.key.rpartition(":")[0], each.day) for each, _, _ in sent)
    assert all(count == 1 for count in on_dates.values())
    for each, at, then in sent:
        wish = {one.key: one for one in wishes(then)}[each.key]
        assert each.due_at <= at < each.expires_at
        assert (each.due_at, each.expires_at) == verdict(wish, then)
        assert may_write(wish, then, each.due_at)


@given(quarters(), st.lists(changes, min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_through_any_changes_what_is_not_sent_has_a_reason(quarter: Quarter, coming: list[Change]) -> None:
    sent = list(lived(quarter, coming))
    last = sent[-1][2] if sent else quarter
    end = sent_by(last, plan(last.cadence, last.calendar, last.anchors, last.now), last.now + timedelta(days=80))
    left = plan(end.cadence, end.calendar, end.anchors, last.now)
    named = {each.key: each.reason for each in left.skipped}
    keys = {wish.key for wish in wishes(end)}
    assert keys <= named.keys() | {each.key for each in left.due}
    assert {each.key for each, _, then in sent if then is last} <= {
        key for key, reason in named.items() if reason is Reason.SENT
    } | {each.key for each, _, _ in sent} - keys


# --- every zone, around each of its changes ------------------------------------------------------------------


def _changing_days() -> Iterator[tuple[ZoneInfo, date]]:
    """For each way in which some zone's clock changes in these years: the zone, and the date it does so on there."""
    seen: set[tuple[object, ...]] = set()
    for zone in map(ZoneInfo, ZONES):
        weeks = [datetime(2024, 1, 1, tzinfo=UTC) + n * 7 * DAY for n in range(627)]
        for monday, after in pairwise(weeks):
            before, now = monday.astimezone(zone).utcoffset(), after.astimezone(zone).utcoffset()
            if before != now and (before, now) not in seen:
                seen.add((before, now))
                yield zone, _first_with(now, monday, zone)


def _first_with(offset: timedelta | None, monday: datetime, zone: ZoneInfo) -> date:
    hours = (monday + timedelta(hours=n) for n in range(7 * 24 + 1))
    return minutes.shown(next(each for each in hours if each.astimezone(zone).utcoffset() == offset), zone).date()


CLOCKS = [time(0), time(0, 20), time(1, 45), time(2, 15), time(9), time(23, 30)]
QUIET = [QuietHours(time(0), time(0)), QuietHours(), QuietHours(time(22), time(2)), QuietHours(time(23), time(0, 30))]
"""None, the usual, and some that end within what is missing or comes twice."""


def _around(zone: ZoneInfo, day: date, quiet: QuietHours) -> Quarter:
    """A school of that zone, open every day, with a conference on that one, and nudges at all hours about it."""
    term = Term("term", day - 3 * DAY, day + 3 * DAY)
    rows = [(offset, at) for offset in (-1, 0, 1) for at in CLOCKS]
    nudges = tuple(_nudge(f"n{number}", offset, at) for number, (offset, at) in enumerate(rows))
    start = datetime.combine(day - 5 * DAY, time(), UTC)
    noor = Anchor("noor", start, {Receiver.STUDENT: (Recipient("noor", zone),)}, conferences=(Conference("c1", day),))
    return Quarter(Cadence(nudges, {}), Calendar(zone, (term,), week=ALL_WEEK, quiet=quiet), (noor,), start)


def _nudge(name: str, days: int, at: time) -> Nudge:
    row = {"name": name, "to": (Receiver.STUDENT,), "anchor": From.CONFERENCE, "days": days, "at": at, "message": name}
    return Nudge.model_validate({**row, "lasts": 2})


def _holds(quarter: Quarter) -> int:
    """Each nudge goes at the oracle's minute, or not for the oracle's reason; how many go."""
    planned = plan(quarter.cadence, quarter.calendar, quarter.anchors, quarter.now)
    wished = {wish.key: wish for wish in wishes(quarter)}
    assert sorted(each.key for each in (*planned.due, *planned.skipped)) == sorted(wished)
    for each in planned.due:
        assert (each.due_at, each.expires_at) == verdict(wished[each.key], quarter), each
        assert may_write(wished[each.key], quarter, each.due_at), each
    for skipped in planned.skipped:
        assert skipped.reason is verdict(wished[skipped.key], quarter), skipped
    return len(planned.due)


def test_a_conference_on_the_day_any_zone_changes_its_clock_has_its_nudges_by_the_minute() -> None:
    days = list(_changing_days())
    assert len(days) > 30
    assert all(_holds(_around(zone, day, QUIET[n % len(QUIET)])) > 11 for n, (zone, day) in enumerate(days))


@pytest.mark.parametrize("quiet", QUIET[:2], ids=["awake", "asleep"])
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Australia/Lord_Howe", date(2026, 10, 4)),  # half an hour is missing
        ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour comes twice
        ("Pacific/Apia", date(2011, 12, 31)),  # the day before is missing
        ("Pacific/Apia", date(2011, 12, 30)),  # the date itself is
        ("America/Santiago", date(2026, 9, 6)),  # midnight is missing
        ("America/Santiago", date(2026, 4, 5)),  # the hour before midnight comes twice
        ("Africa/Casablanca", date(2026, 2, 15)),  # Ramadan begins
        ("Africa/Casablanca", date(2026, 3, 22)),  # and is over
        ("America/New_York", date(2028, 2, 29)),
        ("Europe/London", date(2028, 3, 1)),  # the day before is the leap day
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
    ],
)
def test_a_conference_on_a_day_with_a_name_has_its_nudges_by_the_minute(
    zone: str, day: date, quiet: QuietHours
) -> None:
    assert _holds(_around(ZoneInfo(zone), day, quiet)) >= 10
