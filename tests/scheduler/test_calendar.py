"""The school's days, and the clocks of every zone, held against a look at each minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calendar import Audience, Calendar, CalendarError, Day, DayKind, Span, Term
from scheduler.ics import parse_ics
from scheduler.tables import parse_tables
from scheduler.walltime import DAY, QuietHours, resolve, zone_of
from tests.scheduler import minutes
from tests.scheduler.calendars import ZONES, calendars, clocks, days, zones

NEW_YORK = ZoneInfo("America/New_York")
AUTUMN = Term("Autumn", date(2026, 9, 8), date(2026, 12, 18))


# --- clocks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "clock", "instant"),
    [
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:30+00:00"),  # half an hour is missing
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), "2026-04-04T14:45+00:00"),  # half an hour comes twice
        ("Pacific/Apia", date(2011, 12, 30), time(15, 30), "2011-12-30T10:00+00:00"),  # the whole date is missing
        ("America/Santiago", date(2026, 9, 6), time(0, 30), "2026-09-06T04:00+00:00"),  # midnight is missing
        ("America/Santiago", date(2026, 4, 4), time(23, 30), "2026-04-05T02:30+00:00"),  # the last hour comes twice
        ("Africa/Casablanca", date(2026, 3, 22), time(2, 30), "2026-03-22T02:00+00:00"),  # after Ramadan
        ("Africa/Casablanca", date(2026, 2, 15), time(2, 30), "2026-02-15T01:30+00:00"),  # before it
        ("America/New_York", date(2026, 3, 8), time(2, 30), "2026-03-08T07:00+00:00"),
        ("America/New_York", date(2026, 11, 1), time(1, 30), "2026-11-01T05:30+00:00"),
        ("Europe/London", date(2028, 2, 29), time(9, 0), "2028-02-29T09:00+00:00"),
        ("Asia/Kathmandu", date(2026, 5, 4), time(7, 0), "2026-05-04T01:15+00:00"),
    ],
)
def test_a_time_on_the_wall_is_its_first_instant_or_the_first_after_the_gap(
    zone: str, day: date, clock: time, instant: str
) -> None:
    assert resolve(day, clock, ZoneInfo(zone)) == datetime.fromisoformat(instant)


@given(zones, days, clocks)
@settings(max_examples=100, deadline=None)
def test_a_time_in_any_zone_is_the_first_minute_its_clock_gets_there(zone: ZoneInfo, day: date, clock: time) -> None:
    assert resolve(day, clock, zone) == minutes.first_reached(day, clock, zone)


def test_around_every_change_of_every_zone_the_clock_is_read_right() -> None:
    seen: set[tuple[datetime, timedelta | None, timedelta | None]] = set()
    for zone in map(ZoneInfo, ZONES):
        for before, after in _changes(zone):
            change = (before, before.astimezone(zone).utcoffset(), after.astimezone(zone).utcoffset())
            if change not in seen:
                seen.add(change)
                _read_around(before, zone)
    assert len(seen) > 100


def _changes(zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The days, midnight to midnight UTC, between which the zone's offset changes."""
    weeks = [datetime(2024, 1, 1, tzinfo=UTC) + n * 7 * DAY for n in range(627)]
    for monday, next_monday in pairwise(weeks):
        if monday.astimezone(zone).utcoffset() != next_monday.astimezone(zone).utcoffset():
            midnights = pairwise(monday + n * DAY for n in range(8))
            yield from (two for two in midnights if len({each.astimezone(zone).utcoffset() for each in two}) == 2)


def _read_around(midnight: datetime, zone: ZoneInfo) -> None:
    """Every quarter of an hour the clock should show on the day after that midnight, UTC."""
    first, latest = minutes.latest_shown(midnight - timedelta(hours=2), 30 * 60, zone)
    start = minutes.shown(midnight, zone).replace(minute=0)
    for wall in (start + timedelta(minutes=15) * quarter for quarter in range(26 * 4)):
        assert resolve(wall.date(), wall.time(), zone) == minutes.first_at(wall, first, latest), (zone, wall)


def test_a_zone_slack_makes_up_is_the_schools() -> None:
    for name in ("", "Mars/Olympus", "America", "../etc", "nul\0l"):
        assert zone_of(name, NEW_YORK) is NEW_YORK
    assert zone_of("Asia/Tokyo", NEW_YORK) is ZoneInfo("Asia/Tokyo")


# --- moments -------------------------------------------------------------------------------------------------


@given(calendars(), st.integers(-3, 40), clocks, zones, st.sampled_from(Audience))
@settings(max_examples=120, deadline=None)
def test_a_moment_is_the_first_open_and_waking_one_of_that_hour(
    calendar: Calendar, after: int, clock: time, zone: ZoneInfo, audience: Audience
) -> None:
    term, quiet = calendar.terms[0], (calendar.quiet.start, calendar.quiet.end)
    day = term.first + DAY * after
    found = calendar.moment(day, clock, zone, audience)
    seen = minutes.moment(day, clock, zone, lambda when: calendar.is_open(when, audience), quiet, term.last)
    assert (found and found.instant) == seen
    if found:
        assert datetime.combine(found.day, found.clock) == minutes.shown(found.instant, zone)


@given(calendars(), st.integers(-24 * 60, 30 * 24 * 60), zones, st.sampled_from(Audience))
@settings(max_examples=80, deadline=None)
def test_from_now_is_the_first_minute_somebody_may_be_written_to(
    calendar: Calendar, after: int, zone: ZoneInfo, audience: Audience
) -> None:
    now = datetime.combine(calendar.terms[0].first, time(), UTC) + after * minutes.MINUTE
    quiet = (calendar.quiet.start, calendar.quiet.end)
    seen = minutes.first_allowed(now, zone, lambda when: calendar.is_open(when, audience), quiet)
    assert calendar.from_now(now, zone, audience) == seen


def test_in_the_second_run_of_an_hour_quiet_hours_end_once_more() -> None:
    calendar = Calendar(NEW_YORK, (AUTUMN,), week=frozenset(range(7)), quiet=QuietHours(time(22), time(1, 30)))
    again = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)  # 01:10 for the second time
    assert calendar.from_now(again, NEW_YORK, Audience.STUDENTS) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_what_falls_on_the_date_apia_left_out_goes_the_morning_after() -> None:
    apia = ZoneInfo("Pacific/Apia")
    calendar = Calendar(apia, (Term("term", date(2011, 12, 1), date(2012, 1, 31)),), week=frozenset(range(7)))
    moment = calendar.moment(date(2011, 12, 30), time(15, 30), apia, Audience.STUDENTS)
    assert moment is not None
    assert (moment.day, moment.clock) == (date(2011, 12, 31), time(7))


# --- days ----------------------------------------------------------------------------------------------------


def _school(*spans: Span) -> Calendar:
    return Calendar(NEW_YORK, (AUTUMN,), spans)


def test_days_have_kinds_and_names() -> None:
    calendar = _school(
        Span(DayKind.BREAK, date(2026, 11, 25), date(2026, 11, 27), "Thanksgiving"),
        Span(DayKind.STUDENT_FREE, date(2026, 11, 20), date(2026, 11, 23), "Conferences"),
        Span(DayKind.EARLY_DISMISSAL, date(2026, 11, 24), date(2026, 11, 25), "Early"),
        Span(DayKind.SCHOOL, date(2026, 12, 5), date(2026, 12, 5), "Snow made up"),
    )
    assert calendar.day(date(2026, 11, 25)) == Day(DayKind.BREAK, "Thanksgiving")
    assert calendar.day(date(2026, 11, 24)) == Day(DayKind.EARLY_DISMISSAL, "Early")
    assert calendar.day(date(2026, 11, 21)).kind is DayKind.WEEKEND
    assert calendar.day(date(2026, 12, 5)).kind is DayKind.SCHOOL
    assert calendar.day(date(2026, 12, 19)).kind is DayKind.OUT_OF_TERM
    assert [calendar.is_open(date(2026, 11, 23), audience) for audience in Audience] == [False, True]


def test_school_days_are_counted_over_a_break_both_ways() -> None:
    calendar = _school(Span(DayKind.BREAK, date(2026, 11, 25), date(2026, 11, 27)))
    monday, tuesday, saturday = date(2026, 11, 30), date(2026, 11, 24), date(2026, 11, 28)
    assert calendar.shift(monday, -1) == tuesday
    assert calendar.shift(tuesday, 1) == monday
    assert calendar.shift(saturday, 1) == monday
    assert calendar.shift(saturday, -1) == tuesday
    assert calendar.shift(AUTUMN.last, 1) is None
    assert calendar.shift(AUTUMN.first, -1) is None


@given(calendars(), st.integers(-2, 38), st.integers(-8, 8))
@settings(max_examples=150, deadline=None)
def test_so_many_school_days_on_lie_so_many_school_days_between(calendar: Calendar, after: int, number: int) -> None:
    day = calendar.terms[0].first + DAY * after
    found = calendar.shift(day, number)
    if found is not None and number:
        low, high = sorted((day, found))
        between = sum(calendar.is_open(low + DAY * n) for n in range((high - low).days + 1))
        assert calendar.is_open(found)
        assert between == abs(number) + calendar.is_open(day)


def test_todays_date_is_the_schools() -> None:
    late = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
    assert _school().today(late) == date(2026, 11, 1)


def test_terms_that_cannot_be_are_all_named() -> None:
    terms = (
        Term("A", date(2026, 9, 1), date(2026, 8, 1)),
        Term("B", date(2026, 10, 1), date(2029, 10, 1)),
        Term("B", date(2026, 11, 1), date(2026, 12, 1)),
    )
    with pytest.raises(CalendarError) as raised:
        Calendar(NEW_YORK, terms)
    assert [problem.split("“")[1][0] for problem in raised.value.problems] == ["A", "B", "B", "B"]


# --- tables --------------------------------------------------------------------------------------------------


def test_tables_give_terms_days_and_the_school_week() -> None:
    found = parse_tables(
        {
            "name": "Hillside",
            "term": [{"name": "Autumn", "starts": AUTUMN.first, "ends": AUTUMN.last}],
            "day": [{"kind": "closed", "starts": date(2026, 10, 12)}],
            "school_week": ["sunday", "monday"],
        }
    )
    assert found.terms == (AUTUMN,)
    assert found.spans == (Span(DayKind.CLOSED, date(2026, 10, 12), date(2026, 10, 12)),)
    assert found.week == {6, 0}


def test_every_problem_of_the_tables_is_named_with_its_remedy() -> None:
    rows = [
        {"kind": "holiday", "starts": date(2026, 10, 12)},
        {"kind": "closed", "starts": "12 October", "nme": "x"},
        {"kind": "closed", "starts": date(2026, 10, 12), "ends": date(2026, 10, 2)},
        {"kind": "weekend", "starts": date(2026, 10, 12)},
    ]
    with pytest.raises(CalendarError) as raised:
        parse_tables({"day": rows, "school_week": ["mon"]})
    problems = raised.value.problems
    assert len(problems) == 6
    assert problems[0].startswith("school.toml, day.1.kind: “holiday” is not a kind of day. Write one of school, early")
    assert "day.2.nme: is not known here. Take it out, or rename it. Is “name” meant?" in "\n".join(problems)


# --- .ics ----------------------------------------------------------------------------------------------------


def _ics(*events: str, head: str = "") -> str:
    body = "".join(f"BEGIN:VEVENT\nUID:{n}\n{event.strip()}\nEND:VEVENT\n" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//School//EN\n{head}{body}END:VCALENDAR\n"


def _all_day(title: str, first: str, after_last: str = "", more: str = "") -> str:
    end = f"DTEND;VALUE=DATE:{after_last}\n" if after_last else ""
    return f"SUMMARY:{title}\nDTSTART;VALUE=DATE:{first}\n{end}{more}"


def _spans(*events: str, head: str = "") -> list[tuple[str, str, str]]:
    found = parse_ics(_ics(*events, head=head), NEW_YORK, [AUTUMN]).spans
    return sorted((str(span.first), str(span.last), span.kind.value) for span in found)


def test_the_end_of_an_all_day_event_is_the_day_after_its_last() -> None:
    assert _spans(_all_day("Thanksgiving Break", "20261125", "20261128")) == [("2026-11-25", "2026-11-27", "break")]
    assert _spans(_all_day("No School", "20261111")) == [("2026-11-11", "2026-11-11", "closed")]
    assert _spans(_all_day("No School", "20261111", "20261111")) == [("2026-11-11", "2026-11-11", "closed")]
    assert _spans(_all_day("No School", "20261111", more="DURATION:P2D")) == [("2026-11-11", "2026-11-12", "closed")]


def test_what_repeats_is_expanded_with_its_exceptions() -> None:
    rule = "RRULE:FREQ=MONTHLY;BYDAY=1WE\nEXDATE;VALUE=DATE:20261104"
    found = _spans(_all_day("Early Dismissal", "20260902", more=rule))
    assert found == [(day, day, "early_dismissal") for day in ("2026-10-07", "2026-12-02")]


def test_one_time_of_a_series_can_be_moved_or_called_off() -> None:
    series = _all_day("Early release", "20261007", more="RRULE:FREQ=WEEKLY;COUNT=3").replace(
        "SUMMARY", "UID:s\nSUMMARY"
    )
    moved = "UID:s\nRECURRENCE-ID;VALUE=DATE:20261014\n" + _all_day("Early release", "20261015")
    off = "UID:s\nSTATUS:CANCELLED\nRECURRENCE-ID;VALUE=DATE:20261021\n" + _all_day("Early release", "20261021")
    text = _ics(series, moved, off)
    for number in range(3):
        text = text.replace(f"UID:{number}\n", "")
    found = parse_ics(text, NEW_YORK, [AUTUMN]).spans
    assert sorted(span.first.day for span in found) == [7, 15]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("NO SCHOOL - Veterans Day", "closed"),
        ("Winter Break", "break"),
        ("No school for students: Professional Development", "student_free"),
        ("Half-day (conferences)", "early_dismissal"),
        ("Early dismissal before Thanksgiving break", "early_dismissal"),
        ("Día festivo", "closed"),
        ("Vacaciones de invierno", "break"),
        ("Jornada docente - sin clases", "student_free"),
        ("Spring break camp sign-up", None),
        ("Holiday concert", None),
        ("Classes resume after winter break", None),
        ("Picture day", None),
        ("Breakfast with the principal", None),
        ("Disclosed budget", None),
    ],
)
def test_a_title_says_what_sort_of_day_it_is(title: str, kind: str | None) -> None:
    found = parse_ics(_ics(_all_day(title, "20261111")), NEW_YORK, [AUTUMN])
    assert [span.kind.value for span in found.spans] == ([kind] if kind else [])
    assert list(found.ignored) == ([] if kind else [title])


def test_a_category_outweighs_the_title() -> None:
    assert _spans(_all_day("Founders’ Day", "20261111", more="CATEGORIES:Holiday"))[0][2] == "closed"
    assert _spans(_all_day("Holiday", "20261111", more="CATEGORIES:Early Release,x"))[0][2] == "early_dismissal"


def test_only_whole_days_close_a_school() -> None:
    evening = "SUMMARY:Holiday sing-along\nDTSTART;TZID=America/New_York:20261210T180000\nDURATION:PT2H"
    whole = "SUMMARY:School closed\nDTSTART;TZID=America/New_York:20261211T000000\nDURATION:PT24H"
    noon = "SUMMARY:Early dismissal\nDTSTART:20261209T170000Z\nDTEND:20261209T200000Z"
    assert _spans(evening, whole, noon) == [
        ("2026-12-09", "2026-12-09", "early_dismissal"),
        ("2026-12-11", "2026-12-11", "closed"),
    ]


def test_times_of_another_zone_are_read_by_the_schools_clock() -> None:
    late = "SUMMARY:Early dismissal\nDTSTART:20261210T013000Z\nDURATION:PT1H"
    assert _spans(late) == [("2026-12-09", "2026-12-09", "early_dismissal")]


def test_terms_can_come_from_the_file() -> None:
    text = _ics(
        _all_day("Quarter 2", "20261116", "20270130", "CATEGORIES:Term"),
        _all_day("No school", "20270118"),
        _all_day("No school", "20270301"),
    )
    found = parse_ics(text, NEW_YORK)
    assert found.terms == (Term("Quarter 2", date(2026, 11, 16), date(2027, 1, 29)),)
    assert [span.first for span in found.spans] == [date(2027, 1, 18)]


def test_every_event_that_cannot_be_read_is_named_with_a_remedy() -> None:
    text = _ics(
        _all_day("Torn", "2026091x"),
        "SUMMARY:Lost",
        _all_day("Backwards", "20261112", "20261110"),
        _all_day("Ticking", "20261112", more="RRULE:FREQ=SECONDLY"),
        _all_day("Fine", "20261112"),
    )
    with pytest.raises(CalendarError) as raised:
        parse_ics(text, NEW_YORK, [AUTUMN])
    assert [problem.split("”")[0] for problem in raised.value.problems] == [
        f"calendar.ics, “{name}" for name in ("Torn", "Lost", "Backwards", "Ticking")
    ]
    assert all("Export the calendar again" in problem for problem in raised.value.problems)


@pytest.mark.parametrize("text", ["", "hello", "<html>sign in</html>", "BEGIN:VEVENT\nEND:VEVENT\n"])
def test_what_is_no_calendar_is_said_to_be_none(text: str) -> None:
    with pytest.raises(CalendarError, match=r"calendar\.ics: .* Export it again"):
        parse_ics(text, NEW_YORK, [AUTUMN])


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("FREQ=DAILY;INTERVAL=0", "it repeats every 0 times (INTERVAL)"),
        ("FREQ=WEEKLY;INTERVAL=-1", "it repeats every -1 times (INTERVAL)"),
        ("FREQ=DAILY;BYHOUR=9,10", "it repeats more often than daily."),
        ("FREQ=DAILY;BYHOUR=9;BYMINUTE=0,30", "it repeats more often than daily."),
        ("FREQ=DAILY;BYSECOND=0,1", "it repeats more often than daily."),
    ],
)
def test_a_rule_that_no_school_day_follows_is_refused_and_not_followed(rule: str, told: str) -> None:
    with pytest.raises(CalendarError) as raised:
        parse_ics(_ics(_all_day("Ticking", "20261112", more=f"RRULE:{rule}")), NEW_YORK, [AUTUMN])
    (problem,) = raised.value.problems
    assert problem.startswith(f"calendar.ics, “Ticking”: {told}")
    assert "Export the calendar again" in problem


@pytest.mark.parametrize(
    ("number", "more", "told"),
    [(5_001, "", "there are 5,001 events in it"), (501, "RRULE:FREQ=DAILY", "501 events in it repeat")],
)
def test_a_calendar_of_far_too_many_events_is_refused(number: int, more: str, told: str) -> None:
    events = (_all_day("Practice", "20261112", more=more) for _ in range(number))
    with pytest.raises(CalendarError, match=rf"calendar\.ics: {told}.*Export only"):
        parse_ics(_ics(*events), NEW_YORK, [AUTUMN])
