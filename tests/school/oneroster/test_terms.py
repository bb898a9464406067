from __future__ import annotations

import pytest

from bot.school import School, parse_school
from tests.school.folders import LANGUAGES, ics
from tests.school.oneroster.bundles import CHARTER, CONFERENCES, bundle, changed, folder_of, problems, school

HEAD = "sourcedId,title,type,startDate,endDate,parentSourcedId\n"
NONE = CONFERENCES.splitlines()[0] + "\n"
ALONE = CHARTER.replace(
    "[oneroster]\n", "[[term]]\nname = 'Autumn'\nstarts = 2026-09-08\nends = 2026-12-18\n\n[oneroster]\n"
)


def with_sessions(*rows: str) -> dict[str, str]:
    """The bundle with these sessions: title,type,startDate,endDate."""
    listed = "".join(f"x{number},{row},\n" for number, row in enumerate(rows))
    classes = bundle()["classes.csv"].replace("s1", '"x0,x1,x2,x3"')
    return {**bundle(), "academicSessions.csv": HEAD + listed, "classes.csv": classes}


def days(found: School) -> list[str]:
    return [f"{term.name} {term.starts} {term.ends}" for term in found.terms]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_grading_periods_of_the_school_become_its_terms(version: str) -> None:
    assert days(school(bundle(version))) == [
        "Quarter 1 2026 2026-08-24 2026-10-29",
        "Quarter 2 2026 2026-10-30 2027-01-22",
    ]


@pytest.mark.parametrize(
    ("types", "first"),
    [
        (("gradingPeriod", "term", "semester", "schoolYear"), "One 2026"),
        (("schoolYear", "term", "semester", "semester"), "Two 2026"),
        (("schoolYear", "semester", "schoolYear", "schoolYear"), "Two 2026"),
    ],
)
def test_the_smallest_kind_of_session_there_is_goes(types: tuple[str, ...], first: str) -> None:
    rows = [
        f"{title},{kind},2026-09-01,2026-12-18"
        for title, kind in zip(("One", "Two", "Three", "Four"), types, strict=True)
    ]
    (term, *_) = school(with_sessions(*rows[:2]), conferences=NONE).terms
    assert term.name == first


def test_with_school_years_alone_the_terms_are_missing() -> None:
    (problem,) = problems(with_sessions("2026-27,schoolYear,2026-09-01,2027-06-18"), conferences=NONE)
    assert problem.startswith("school.toml, term: No term is named. Add [[term]] with name")


def test_terms_that_school_toml_names_are_the_terms_and_sessions_are_not_looked_at() -> None:
    files = with_sessions("One,term,never,never")
    found = school(files, ALONE, conferences=NONE)
    assert days(found) == ["Autumn 2026-09-08 2026-12-18"]
    assert not [line for line in found.imported if "academic sessions" in line]


def test_a_calendar_lays_its_days_over_the_terms_of_the_sessions() -> None:
    files = folder_of(bundle()) | {"calendar.ics": ics("20261125/20261128 Thanksgiving break").encode()}
    found = parse_school(files, LANGUAGES)
    assert len(found.terms) == 2
    assert [day.name for day in found.days] == ["Thanksgiving break"]


def test_a_title_that_has_its_year_keeps_its_name() -> None:
    found = school(with_sessions("Autumn 2026,term,2026-09-01,2026-12-18", "Q2 26-27,term,2027-01-04,2027-03-26"),
                   conferences=NONE)  # fmt: skip
    assert [term.name for term in found.terms] == ["Autumn 2026", "Q2 26-27"]


def test_the_same_session_listed_for_each_school_is_one_term() -> None:
    found = school(with_sessions(*["Q1,term,2026-09-01,2026-12-18"] * 3), conferences=NONE)
    assert days(found) == ["Q1 2026 2026-09-01 2026-12-18"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["Q1,term,2026-09-01,2026-12-18", "Q2,term,2026-12-01,2027-03-26"],
         "row 3, column startDate: Q2 2026 starts before Q1 2026 has ended (2026-12-18). Terms do not overlap"),
        (["Q1,term,2026-09-01,2026-10-01", "Q1,term,2026-11-01,2026-12-01"],
         "row 2, column title: There are several terms “Q1 2026”."),
        (["Q1,term,09/01/2026,2026-10-01"], "row 2, column startDate: “09/01/2026” is not a date"),
        (["Q1,term,2026-09-01,2025-10-01"], "row 2, column endDate: It ends on 2025-10-01, and starts on 2026-09-01."),
        (["Q1,term,2026-09-01,2036-10-01"], "row 2, column endDate: It ends on 2036-10-01"),
        ([",term,2026-09-01,2026-10-01"], "row 2, column title: Nothing is written here."),
    ],
)  # fmt: skip
def test_sessions_that_cannot_be_terms_are_told_with_a_way_round(rows: list[str], told: str) -> None:
    found = problems(with_sessions(*rows), conferences=NONE)
    assert any(problem.startswith(f"oneroster/academicSessions.csv, {told}") for problem in found), found
    assert not [problem for problem in found if problem.startswith("school.toml")]


def test_sessions_that_go_in_a_circle_come_to_an_end() -> None:
    circle = (
        "y27,,,2026-27,schoolYear,2026-08-24,2027-06-18,,2027",
        "y27,,,2026-27,schoolYear,2026-08-24,2027-06-18,q1,2027",
    )
    assert len(school(changed(bundle(), "academicSessions.csv", circle)).terms) == 2
