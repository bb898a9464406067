from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import update

from bot.services.nudges.days import cadence_of, calendar_of
from bot.services.roster.load import load_school
from bot.store import models
from bot.store.session import Store
from scheduler.cadence import Cadence, CadenceError
from scheduler.calendar import Calendar, DayKind, Term
from scheduler.walltime import QuietHours
from tests.school.folders import CHARTER, CONFERENCES, ics, school

HERE = "T0SCHOOL"
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
AUTUMN = Term("Autumn 2026", date(2026, 9, 8), date(2026, 12, 18))
WINTER = Term("Winter 2027", date(2027, 1, 4), date(2027, 3, 26))


def load(store: Store, charter: str = CHARTER, conferences: str = CONFERENCES, **more: str) -> None:
    with store.write() as connection:
        load_school(connection, HERE, school(charter, conferences=conferences, **more), NOW)


def calendar(store: Store, workspace: str = HERE) -> Calendar:
    with store.read() as connection:
        return calendar_of(connection, workspace)


def cadence(store: Store) -> Cadence:
    with store.read() as connection:
        return cadence_of(connection, HERE)


def test_a_calendar_is_what_was_loaded(store: Store) -> None:
    week = 'school_week = ["monday", "thursday", "saturday"]\n'
    load(store, week + CHARTER.replace("07:00", "06:30"), calendar=ics("20261126/20261128 Thanksgiving break"))
    found = calendar(store)
    assert (found.zone.key, found.terms, found.week) == ("America/New_York", (AUTUMN, WINTER), frozenset({0, 3, 5}))
    assert found.quiet == QuietHours(time(20), time(6, 30))
    assert found.day(date(2026, 11, 26)).kind is DayKind.BREAK
    assert [found.is_open(date(2026, 11, day)) for day in (19, 20, 21)] == [True, False, True]


def test_a_school_loaded_before_there_were_calendars_has_ordinary_weeks(store: Store) -> None:
    load(store)
    with store.write() as connection:
        connection.execute(update(models.School).values(calendar=None, cadence=None))
    assert calendar(store).terms == (AUTUMN, WINTER)
    assert calendar(store).is_open(date(2026, 12, 1))
    assert cadence(store).nudges


def test_where_there_is_no_school_no_day_is_open(store: Store) -> None:
    assert calendar(store, "T0NOBODY").first_open(date(2026, 12, 1)) is None


def test_asked_twice_nothing_is_parsed_again_until_something_changes(store: Store) -> None:
    load(store)
    first, own = calendar(store), cadence(store)
    assert (calendar(store), cadence(store)) == (first, own)
    assert calendar(store) is first
    assert cadence(store) is own
    load(store, calendar=ics("20261126/20261128 Thanksgiving break"), cadence="[nudge.letter]\ndays = -12\n")
    assert not calendar(store).is_open(date(2026, 11, 26))
    assert [nudge.days for nudge in cadence(store).nudges if nudge.name == "letter"] == [-12]


def test_a_term_that_left_the_folder_counts_while_no_other_takes_its_days(store: Store) -> None:
    load(store)
    only_winter = CHARTER[: CHARTER.index("[[term]]")] + CHARTER[CHARTER.rindex("[[term]]") :]
    there = "student,term,date,time,minutes,place,adults\n"
    load(store, only_winter, there)
    assert calendar(store).terms == (AUTUMN, WINTER)
    early = only_winter.replace("2027-01-04", "2026-12-14")
    load(store, early, there)
    assert calendar(store).terms == (Term("Winter 2027", date(2026, 12, 14), WINTER.last),)


def test_a_cadence_that_does_not_fit_this_version_names_its_faults(store: Store) -> None:
    load(store)
    with store.write() as connection:
        connection.execute(update(models.School).values(cadence='[nudge.of_old]\nat = "14:00"\n'))
    with pytest.raises(CadenceError, match=r"the school's cadence\.toml, nudge\.of_old\.anchor: is missing"):
        cadence(store)
