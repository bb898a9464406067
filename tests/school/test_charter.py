from __future__ import annotations

from datetime import date

import pytest

from bot.dialogue.flow import Band
from bot.school import Helpline, Level, QuietHours, Term
from tests.school.folders import CHARTER, ROSTER, problems, school


def test_everything_a_school_says_about_itself_is_read() -> None:
    found = school()
    assert (found.name, found.time_zone, found.language) == ("Hillside School", "America/New_York", "en")
    assert (found.grade_band, found.level) == (Band.MIDDLE, Level.HALF)
    assert found.quiet == QuietHours("20:00", "07:00")
    assert found.counselors == ("bell", "ortiz")
    assert found.helplines == (Helpline("Lifeline", "988", "day and night"),)
    assert found.terms[0] == Term("Autumn 2026", date(2026, 9, 8), date(2026, 12, 18))
    assert found.workspace == "T0SCHOOL"


def test_a_term_and_an_advisor_can_have_a_level_of_their_own() -> None:
    own = CHARTER.replace("ends = 2026-12-18", 'ends = 2026-12-18\nlevel = "piece"')
    found = school(own + '[advisor_level]\nokafor = "full"\n')
    assert [term.level for term in found.terms] == [Level.PIECE, None]
    assert {person.key: person.level for person in found.people if person.level} == {"okafor": Level.FULL}


def test_what_may_be_left_out_has_a_default() -> None:
    lines = [line for line in CHARTER.splitlines() if not line.startswith(("level", "quiet", "workspace"))]
    found = school("\n".join(lines))
    assert (found.level, found.quiet, found.workspace) == (Level.FULL, QuietHours("20:00", "07:00"), None)
    assert found.keep_days == 90


@pytest.mark.parametrize("days", [1, 3650])
def test_a_school_says_for_how_long_a_years_words_are_kept(days: int) -> None:
    assert school(f"keep_days = {days}\n{CHARTER}").keep_days == days


@pytest.mark.parametrize("days", ["0", "3651", "-1", '"90"', "90.5", "true"])
def test_a_number_of_days_that_cannot_be_taken_is_told(days: str) -> None:
    (told,) = problems(f"keep_days = {days}\n{CHARTER}")
    assert told.startswith("school.toml, line 1, keep_days: ")
    assert "Write a number from 1 to 3650" in told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "America/New_York",
            "America/New York",
            "school.toml, line 2, time_zone: “America/New York” is not a time zone.",
        ),
        (
            'language = "en"',
            'language = "fr"',
            "school.toml, line 3, language: There are no words in the language “fr”.",
        ),
        ('"middle"', '"midle"', "school.toml, line 4, grade_band: “midle” is not known here."),
        ('"half"', '"most"', "school.toml, line 5, level: “most” is not known here. Write letter or piece or half or"),
        ('from = "20:00"', 'from = "8pm"', "school.toml, line 6, quiet_hours: “8pm” is not a time. Write 20:00."),
        ('until = "07:00"', 'until = "20:00"', "line 6, quiet_hours: Quiet hours begin and end at the same time."),
        ('{ from = "20:00", until = "07:00" }', '"20-07"', "quiet_hours: Quiet hours have a beginning and an end."),
        ('["bell", "ortiz"]', '"bell"', "school.toml, line 7, counselors: This is a list of ids."),
        ('"T0SCHOOL"', '"hillside"', "school.toml, line 8, workspace: “hillside” is not a workspace id."),
        ('number = "988"', "number = 988", "school.toml, line 12, helpline.number: This must be text."),
        ("starts = 2027-01-04", "starts = 2026-12-18", "line 22, term.starts: Winter 2027 starts before Autumn 2026"),
        ("ends = 2026-12-18", "ends = 2026-09-01", "line 18, term.ends: The term ends before it starts"),
        ("ends = 2026-12-18", 'ends = "18/12/2026"', "line 18, term.ends: “18/12/2026” is not a date"),
        ('"Winter 2027"', '"Autumn 2026"', "line 21, term.name: There are two terms “Autumn 2026”."),
        ('hours = "day and night"', "", "school.toml, line 10, helpline.hours: This is missing."),
        (
            "level =",
            "levle =",
            "school.toml, line 5, levle: This is not known here. Take it out, or rename it. Did you mean",
        ),
        (
            "[[helpline]]",
            '[advisor_level]\nokafor = "most"\n[[helpline]]',
            "school.toml, line 11, advisor_level.okafor: “most” is not known here. Write letter or piece or half",
        ),
        (
            "[[helpline]]",
            '[advisor_level]\nreyes = "half"\n[[helpline]]',
            "line 11, advisor_level.reyes: “reyes” is a teacher, not an advisor. Take the line out",
        ),
        (
            "[[helpline]]",
            '[advisor_level]\nokafr = "half"\n[[helpline]]',
            "advisor_level.okafr: “okafr” is not in the roster. Write ids of people with the role advisor. Did",
        ),
        ("workspace =", 'advisor_level = "half"\nworkspace =', "line 8, advisor_level: This is not a table."),
        ("ends = 2026-12-18", 'ends = 2026-12-18\nlevel = "al"', "line 19, term.level: “al” is not known here. Write"),
        ('name = "Hillside School"', "name = Hillside", "school.toml: This is not TOML: Invalid value (at line 1,"),
    ],
)
def test_a_fault_is_told_with_its_line_and_a_remedy(before: str, after: str, told: str) -> None:
    assert before in CHARTER
    assert any(told in problem for problem in problems(CHARTER.replace(before, after, 1)))


@pytest.mark.parametrize("line", ["counselors = []", "", 'counselors = ""'])
def test_a_school_without_a_counselor_is_refused(line: str) -> None:
    found = problems(CHARTER.replace('counselors = ["bell", "ortiz"]', line))
    assert any(
        "does not start for a school without one" in problem and "ids of roster.csv" in problem for problem in found
    )


@pytest.mark.parametrize(
    ("key", "told"),
    [("reyes", "“reyes” is a teacher, not a counselor."), ("bel", "“bel” is not in the roster. ")],
)
def test_alerts_go_to_counselors_of_the_roster_only(key: str, told: str) -> None:
    found = problems(CHARTER.replace('"bell"', f'"{key}"'))
    assert [problem for problem in found if told in problem and problem.startswith("school.toml, line 7, counselors")]


def test_a_counselor_whom_no_alert_can_reach_is_refused() -> None:
    found = problems(roster=ROSTER.replace("bell@school.example", ""))
    assert any("“bell” cannot be reached in Slack" in problem for problem in found)


def test_counselors_keep_the_order_in_which_they_are_asked() -> None:
    assert school(CHARTER.replace('"bell", "ortiz"', '"ortiz", "bell"')).counselors == ("ortiz", "bell")


def test_an_empty_file_names_everything_it_lacks() -> None:
    found = problems("")
    assert {problem.split(":")[0].removeprefix("school.toml, ") for problem in found} >= {
        "name",
        "time_zone",
        "language",
        "grade_band",
        "counselors",
        "term",
    }


def test_when_the_counselors_are_there_is_said_in_the_schools_own_words_and_briefly() -> None:
    hours = 'workspace = "T0SCHOOL"\nhours = "Monday to Friday, 8:00 to 15:30"'
    assert school(CHARTER.replace('workspace = "T0SCHOOL"', hours)).hours == "Monday to Friday, 8:00 to 15:30"
    assert school().hours == ""
    long = CHARTER.replace('workspace = "T0SCHOOL"', f'workspace = "T0SCHOOL"\nhours = "{"x" * 121}"')
    assert "hours: This is 121 characters long." in problems(long)[0]
