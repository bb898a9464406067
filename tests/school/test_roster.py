from __future__ import annotations

import pytest

from bot.school import Contact, Person, Role
from tests.school.folders import CONFERENCES, ROSTER, problems, school

HOMES = "".join(
    f"{line},{more}\n" for line, more in zip(ROSTER.splitlines(), ["household,contact", *[","] * 10], strict=True)
)


def person(key: str, roster: str = ROSTER) -> Person:
    return next(person for person in school(roster=roster).people if person.key == key)


def test_a_student_has_an_advisor_and_the_schools_language_unless_told_otherwise() -> None:
    assert person("noor") == Person(
        "noor", Role.STUDENT, "Noor Haddad", "noor@school.example", "7", "en", "okafor", (), None
    )
    assert (person("theo").language, person("theo").slack_id, person("theo").email) == ("es", "U0THEO", None)


def test_a_family_member_may_have_several_students() -> None:
    assert person("amal", ROSTER.replace(",noor,es", ",noor  theo noor,es")).students == ("noor", "theo")


def test_family_may_live_in_several_homes_and_wish_not_to_be_written_to() -> None:
    roster = HOMES.replace(",noor,es,,,", ",noor,es,,Elm  Street,Print")
    assert (person("amal", roster).household, person("amal", roster).contact) == ("Elm Street", Contact.PRINT)
    assert (person("anders", roster).household, person("anders", roster).contact) == ("", Contact.ALL)
    assert person("anders").contact is Contact.ALL


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (",noor,es,,,", ",noor,es,,,never", "roster.csv, row 7, column contact: “never” is not known here. Write"),
        (",noor,es,,,", f",noor,es,,{'a' * 65},", "roster.csv, row 7, column household: This is 65 characters long."),
        ("reyes@school.example,,,,,,", "reyes@school.example,,,,,,Elm Street",
         "row 5, column household: Only family members have a household; this is a teacher. Leave the cell empty."),
        ("7,okafor,,,,,", "7,okafor,,,,,none", "row 2, column contact: Only family members have a contact; this is a"),
    ],
)  # fmt: skip
def test_faults_of_homes_and_contact_are_told(before: str, after: str, told: str) -> None:
    assert before in HOMES
    found = problems(roster=HOMES.replace(before, after, 1))
    assert any(told in problem for problem in found), found


def test_who_is_not_to_be_contacted_is_listed_nowhere() -> None:
    roster = HOMES.replace(",noor,es,,,", ",noor,es,,,none")
    assert problems(roster=roster) == ()
    (problem,) = problems(roster=roster, conferences=CONFERENCES.replace("reyes lind", "reyes amal"))
    assert problem == (
        "conferences.csv, row 2, column adults: “amal” is not to be contacted. "
        "Take the id out, or change the contact of amal in roster.csv."
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("reyes,teacher", "reyes,techer", "roster.csv, row 5, column role: “techer” is not known here. "),
        ("reyes,teacher", "reyes,", "roster.csv, row 5, column role: Nothing is written here. Fill it in."),
        ("lind,teacher", "reyes,teacher", "roster.csv, row 6, column id: The id “reyes” is already in row 5. "),
        ("lind,teacher", "ms lind,teacher", "roster.csv, row 6, column id: “ms lind” cannot be an id. "),
        ("lind,teacher", ",teacher", "roster.csv, row 6, column id: Nothing is written here."),
        ("Mr. Reyes", "", "roster.csv, row 5, column name: Nothing is written here."),
        ("reyes@school.example", "reyes@school", "row 5, column email: “reyes@school” is not an e-mail address. Write"),
        ("reyes@school.example", "Reyes <r@s.example>", "row 5, column email: “Reyes <r@s.example>” is not an e-mail"),
        (
            "reyes@school.example",
            "LIND@school.example",
            "roster.csv, row 6, column email: “lind@school.example” is already",
        ),
        (
            "Ms. Lind,lind@school.example,,,,,",
            "Ms. Lind,,,,,,U0THEO",
            "row 6, column slack_id: “U0THEO” is already in row 3",
        ),
        ("U0THEO", "theo.l", "roster.csv, row 3, column slack_id: “theo.l” is not a Slack member id. "),
        (
            "7,okafor,,,",
            "7,okafr,,,",
            "row 2, column advisor: “okafr” is not in the roster. Write the id of a person with "
            "the role advisor. Did you mean “okafor”?",
        ),
        ("7,okafor,,,", "7,reyes,,,", "row 2, column advisor: “reyes” is a teacher, not an advisor. "),
        ("7,okafor,,,", "7,,,,", "roster.csv, row 2, column advisor: A student needs an advisor. "),
        (
            "amal@home.example,,,noor",
            "amal@home.example,,,nor",
            "row 7, column students: “nor” is not in the roster. Write",
        ),
        (
            "amal@home.example,,,noor",
            "amal@home.example,,,tan",
            "row 7, column students: “tan” is a coordinator, not a st",
        ),
        (
            "amal@home.example,,,noor",
            'amal@home.example,,,"noor,theo"',
            "row 7, column students: “noor,theo” has commas",
        ),
        (
            "amal@home.example,,,noor",
            "amal@home.example,,,",
            "row 7, column students: A family member needs at least one",
        ),
        (
            "lind@school.example,,,,,",
            "lind@school.example,,,noor,,",
            "row 6, column students: Only family members list",
        ),
        (
            "lind@school.example,,,,,",
            "lind@school.example,,okafor,,,",
            "row 6, column advisor: Only students have an adv",
        ),
        ("noor,es", "noor,fr", "roster.csv, row 7, column language: There are no words in the language “fr”. "),
        (",email,", ",e-mail,", "roster.csv, row 1, column email: This column is missing. "),
        (
            ",email,",
            ",e-mail,",
            "column e-mail: This column is not known. Take it out, or rename it. Did you mean “email”?",
        ),
        ("Mr. Reyes", "Mr.\x00Reyes", "roster.csv, row 5, column name: There is an invisible character (U+0000) here."),
        ("Mr. Reyes", '"Mr. "Rey', "roster.csv, row 5: A quotation mark is opened and not closed"),
        ("Mr. Reyes", "Reyes, Mr.", "row 5, column email: “Mr.” is not an e-mail address."),
        (
            "tan@school.example,,,,,",
            "tan@school.example,,,,,,,x",
            "roster.csv, row 11: “x” stands beyond the last column. ",
        ),
    ],
)
def test_a_fault_is_told_with_row_column_and_remedy(before: str, after: str, told: str) -> None:
    assert before in ROSTER
    found = problems(roster=ROSTER.replace(before, after, 1))
    assert any(told in problem for problem in found), found


def test_all_faults_are_told_at_once_in_the_order_of_the_rows() -> None:
    roster = (
        ROSTER.replace("tan@school", "tan.school").replace("reyes,teacher", "reyes,boss").replace("7,okafor", "7,x", 1)
    )
    assert [problem.split(":")[0] for problem in problems(roster=roster)] == [
        "roster.csv, row 2, column advisor",
        "roster.csv, row 5, column role",
        "roster.csv, row 11, column email",
    ]


def test_a_role_that_cannot_be_read_is_not_held_against_who_refers_to_it() -> None:
    assert len(problems(roster=ROSTER.replace("okafor,advisor", "okafor,adviser"))) == 1


def test_rows_are_numbered_as_the_spreadsheet_shows_them() -> None:
    roster = ROSTER.replace("okafor,advisor,Ms. Okafor", '\n\nokafor,advisor,"Ms.\nOkafor"').replace("reyes@", "reyes")
    assert [problem.split(":")[0] for problem in problems(roster=roster)] == ["roster.csv, row 7, column email"]
