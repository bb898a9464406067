from __future__ import annotations

from datetime import date

import pytest

from bot.school import Term
from scheduler.calendar import DayKind, Span
from tests.school.folders import CHARTER, ics, problems, school

WITHOUT_TERMS = CHARTER[: CHARTER.index("[[term]]")]
TERMS = ("20260908/20261219 Autumn 2026 #term", "20270104/20270327 Winter 2027 #term")
BREAK = Span(DayKind.BREAK, date(2026, 11, 25), date(2026, 11, 27), "Thanksgiving")
SNOW = Span(DayKind.CLOSED, date(2026, 12, 1), date(2026, 12, 1), "Snow day")


def day(kind: str = "closed", name: str = "Snow day", starts: str = "2026-12-01", more: str = "") -> str:
    return f'\n[[day]]\nkind = "{kind}"\nname = "{name}"\nstarts = {starts}\n{more}'


def test_a_school_without_a_calendar_has_ordinary_weeks() -> None:
    found = school()
    assert (found.days, found.week, found.cadence) == ((), frozenset(range(5)), "")


def test_days_and_the_school_week_are_read_from_the_charter() -> None:
    found = school('school_week = ["monday", "saturday"]\n' + CHARTER + day())
    assert (found.days, found.week) == ((SNOW,), frozenset({0, 5}))


def test_days_of_both_sources_are_the_school_s_each_once() -> None:
    found = school(CHARTER + day(), calendar=ics("20261201/20261202 Snow day", "20261125/20261128 Thanksgiving break"))
    assert [(one.name, one.last) for one in found.days] == [
        ("Thanksgiving break", date(2026, 11, 27)),
        ("Snow day", date(2026, 12, 1)),
    ]


def test_what_of_a_calendar_changes_no_day_is_told() -> None:
    assert school(calendar=ics("20261119/20261120 Fall concert")).unread == ("Fall concert",)


def test_terms_may_come_from_the_calendar_alone() -> None:
    found = school(WITHOUT_TERMS, calendar=ics(*TERMS))
    assert found.terms == school().terms


def test_the_terms_of_the_charter_hold_before_those_of_the_calendar() -> None:
    found = school(calendar=ics("20260101/20261231 A year of our own #term"))
    assert found.terms == school().terms


def test_a_school_without_any_term_is_told_both_ways_to_name_one() -> None:
    (told,) = problems(WITHOUT_TERMS, calendar=ics("20261125/20261128 Thanksgiving break"))
    assert told.startswith("school.toml, term: No term is named. Add [[term]] with name")
    assert "category “term”" in told


def test_a_conference_outside_of_the_calendar_s_terms_is_refused() -> None:
    found = problems(WITHOUT_TERMS, calendar=ics("20260908/20261201 Autumn 2026 #term"))
    assert [line.split(":")[0] for line in found] == [
        "conferences.csv, row 2, column date",
        "conferences.csv, row 3, column date",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (day("snow"), "school.toml, line 26, day.kind: “snow” is not a kind of day. Write one of school, early"),
        (day(starts='"2026-12-01"'), "school.toml, line 28, day.starts: “2026-12-01” is not a date. Write a date"),
        (day(more="ends = 2026-11-01"), "school.toml, line 25, day: it ends on 2026-11-01, before it starts"),
        (day(more='until = "then"'), "school.toml, line 29, day.until: is not known here."),
        (day() + '\n[[day]]\nname = "Fog"\n', "school.toml, line 30, day.kind: is missing."),
        ("\nday = 3\n", "school.toml, line 25, term.day: This is not known here."),
    ],
)
def test_a_faulty_day_is_told_with_its_line_and_a_remedy(text: str, told: str) -> None:
    assert [line for line in problems(CHARTER + text) if line.startswith(told)], problems(CHARTER + text)


def test_a_faulty_week_is_told_with_its_line() -> None:
    (told,) = problems('school_week = ["mon"]\n' + CHARTER)
    assert told.startswith("school.toml, line 1, school_week: ")


def test_a_term_of_years_is_a_slip_of_the_pen() -> None:
    (told,) = problems(CHARTER.replace("ends = 2027-03-26", "ends = 2028-03-26"))
    assert told.startswith("school.toml, line 23, term.ends: The term is longer than 400 days. Look at the years")


@pytest.mark.parametrize(
    ("calendar", "told"),
    [
        ("no calendar at all", "calendar.ics: "),
        (ics("20261128/20261125 Thanksgiving break"), "calendar.ics, “Thanksgiving break”: it ends before it begins."),
    ],
)
def test_a_calendar_that_cannot_be_used_is_told_beside_all_other_faults(calendar: str, told: str) -> None:
    found = problems(CHARTER.replace('"middle"', '"midle"') + day("snow"), calendar=calendar, cadence="[nudge")
    assert any(line.startswith(told) for line in found)
    assert {line.split(",")[0].split(":")[0] for line in found} == {"school.toml", "calendar.ics", "cadence.toml"}


def test_terms_of_the_calendar_must_go_together() -> None:
    overlapping = ics(TERMS[0], "20261201/20270327 Winter 2027 #term")
    assert problems(WITHOUT_TERMS, calendar=overlapping) == (
        "calendar.ics: “Winter 2027” begins before “Autumn 2026” has ended. Change one of their dates.",
    )


def test_a_calendar_of_another_zone_is_read_as_the_school_s_clock_shows_it() -> None:
    text = (
        ics("20261125/20261126 x")
        .replace("DTSTART;VALUE=DATE:20261125", "DTSTART:20261125T050000Z")
        .replace("DTEND;VALUE=DATE:20261126", "DTEND:20261126T050000Z")
        .replace("SUMMARY:x", "SUMMARY:Snow day")
    )
    assert [(one.first, one.last) for one in school(calendar=text).days] == [(date(2026, 11, 25), date(2026, 11, 25))]


def test_terms_are_the_calendar_s_words_and_days() -> None:
    (term, *_) = school(WITHOUT_TERMS, calendar=ics(*TERMS)).terms
    assert term == Term("Autumn 2026", date(2026, 9, 8), date(2026, 12, 18))
