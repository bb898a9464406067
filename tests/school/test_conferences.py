from __future__ import annotations

from datetime import date

import pytest

from bot.school import Conference
from tests.school.folders import CHARTER, CONFERENCES, ROSTER, problems, school


def test_a_conference_is_read() -> None:
    assert school().conferences[0] == Conference(
        "noor", "Autumn 2026", date(2026, 12, 10), "17:30", 20, "room 12", ("reyes", "lind")
    )


@pytest.mark.parametrize("written", ["9:05", "09:05", "9:05:00"])
def test_a_time_as_a_spreadsheet_leaves_it_is_taken(written: str) -> None:
    assert school(conferences=CONFERENCES.replace("17:30", written)).conferences[0].time == "09:05"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "2026-12-10",
            "12/10/2026",
            "Write 2026-12-10 for 10 December or 2026-10-12 for 12 October, and format the column as text.",
        ),
        ("2026-12-10", "25.12.2026", "Write 2026-12-25 for 25 December, and format the column as text."),
        ("2026-12-10", "46366", "row 2, column date: “46366” is not a date that reads the same everywhere."),
        ("2026-12-10", "2026-11-31", "row 2, column date: There is no day 2026-11-31. "),
        ("2026-12-10", "", "row 2, column date: Nothing is written here."),
        ("2026-12-10", "2026-12-19", "date: 2026-12-19 is outside Autumn 2026 (2026-09-08 to 2026-12-18)."),
        ("17:30", "5:30 PM", "row 2, column time: “5:30 PM” is not a time. Write 17:30."),
        ("17:30", "12am", "row 2, column time: “12am” is not a time. Write 00:00."),
        ("17:30", "24:00", "row 2, column time: “24:00” is not a time. "),
        ("17:30", "half past", "row 2, column time: “half past” is not a time. Write hours and minutes"),
        ("20,room", "4,room", "row 2, column minutes: “4” is not a length in minutes. Write a whole number from 5 to"),
        ("20,room", "20 min,room", "row 2, column minutes: “20 min” is not a length in minutes. "),
        ("room 12,reyes", ",reyes", "row 2, column place: Nothing is written here."),
        ("noor,A", "noora,A", "row 2, column student: “noora” is not in the roster. "),
        ("noor,A", "noora,A", "Write the id of a student in roster.csv. Did you mean “noor”?"),
        ("noor,A", "tan,A", "row 2, column student: “tan” is a coordinator, not a student. "),
        ("theo,", "noor,", "row 3, column student: noor already has a conference in Autumn 2026, in row 2. "),
        ("noor,Autumn 2026", "noor,Fall", "row 2, column term: “Fall” is not a term of the school. Its terms are"),
        ("reyes lind", "reyes lnd", "row 2, column adults: “lnd” is not in the roster. Write ids of roster.csv."),
        ("reyes lind", "reyes theo", "row 2, column adults: “theo” is a student. Only adults are listed here."),
        ("reyes lind", "anders", "row 2, column adults: “anders” is family, but not of “noor”. Add noor to the"),
    ],
)
def test_a_fault_is_told_with_row_column_and_remedy(before: str, after: str, told: str) -> None:
    assert before in CONFERENCES
    found = problems(conferences=CONFERENCES.replace(before, after, 1))
    assert len(found) == 1
    assert told in found[0]
    assert found[0].startswith("conferences.csv, ")


def test_a_roster_that_cannot_be_read_is_the_only_fault() -> None:
    assert len(problems(roster=ROSTER.replace(",students,", ",pupils,"))) == 2  # one column missing, one unknown


def test_terms_that_cannot_be_read_are_not_held_against_the_conferences() -> None:
    assert len(problems(CHARTER.replace("starts = 2026-09-08", "starts = 2026"))) == 1


def test_faults_of_all_three_files_come_together() -> None:
    found = problems(
        CHARTER.replace('"half"', '"most"'),
        ROSTER.replace("amal@home", "amal.home"),
        CONFERENCES.replace("17:30", "5pm"),
    )
    assert [problem.split(",")[0] for problem in found] == ["school.toml", "roster.csv", "conferences.csv"]
