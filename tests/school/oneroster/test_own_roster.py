"""The school's own roster.csv, laid over a bundle."""

from __future__ import annotations

import pytest

from bot.errors import SchoolError
from bot.school import Contact, Role, parse_school
from tests.school.folders import CHARTER as PLAIN
from tests.school.folders import LANGUAGES
from tests.school.oneroster.bundles import CHARTER, bundle, problems, school
from tests.school.oneroster.test_people import keys, person, told


def test_what_it_says_goes_and_what_it_leaves_empty_stands_in_the_bundle() -> None:
    roster = "id,name,language,household,contact\ng-amal,,es,Elm Street,print\nu-okafor,Ms. Okafor,,,\n"
    found = school(bundle(), roster=roster)
    amal = person(found, "g-amal")
    assert (amal.name, amal.language, amal.household, amal.contact) == (
        "Amal Haddad",
        "es",
        "Elm Street",
        Contact.PRINT,
    )
    assert amal.students == ("s-noor",)
    assert person(found, "u-okafor").name == "Ms. Okafor"


def test_it_adds_people_who_are_not_in_the_bundle() -> None:
    charter = CHARTER.replace('["u-bell"]', '["ortiz"]')
    found = school(bundle(), charter, "id,role,name,email\nortiz,counselor,Mr. Ortiz,ortiz@school.example\n")
    assert keys(found, Role.COUNSELOR) == ["ortiz"]
    assert "u-bell" not in {one.key for one in found.people}


@pytest.mark.parametrize(
    ("row", "key", "role"),
    [
        ("u-prin,coordinator,,", "u-prin", Role.COORDINATOR),
        ("g-aunt,family,,", "g-aunt", Role.FAMILY),
        ("s-lone,,u-reyes,", "s-lone", Role.STUDENT),
        ("s-lake,student,u-okafor,", "s-lake", Role.STUDENT),
        ("u-reyes,Counselor,,", "u-reyes", Role.COUNSELOR),
    ],
)
def test_it_brings_in_who_is_in_the_bundle_and_would_be_left_out(row: str, key: str, role: Role) -> None:
    found = school(bundle(), roster=f"id,role,advisor,students\n{row}\n")
    assert person(found, key).role is role


def test_an_advisor_it_names_becomes_one_and_whose_students_have_another_is_a_teacher() -> None:
    found = school(bundle(), roster="id,advisor\ns-noor,u-reyes\ns-theo,u-reyes\n")
    assert keys(found, Role.ADVISOR) == ["u-reyes"]
    assert keys(found, Role.TEACHER) == ["u-okafor"]


def test_the_address_it_says_is_theirs_whoever_has_it_in_the_bundle() -> None:
    found = school(bundle(), roster="id,email\ns-theo,amal@home.example\n")
    assert person(found, "s-theo").email == "amal@home.example"
    assert person(found, "g-amal").email is None
    assert told(found, "E-mail addresses of several people")


def test_a_row_about_somebody_who_has_gone_from_the_bundle_is_told_and_stops_nothing() -> None:
    found = school(bundle(), roster="id,role,name,language\ng-gone,,,es\n")
    assert told(found, "Rows without role and name whose id is not in the bundle: 1 (roster.csv, row 2).")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("x-new,teacher,,", "roster.csv, row 2, column name: Nothing is written here. Fill it in."),
        ("s-noor,,,not an address", "roster.csv, row 2, column email: “not an address” is not an e-mail address."),
        ("s-noor,,Noor,\ns-noor,,Nour,", "roster.csv, row 3, column id: The id “s-noor” is already in row 2."),
        ("s-noor,,,a@b.example\ns-theo,,,a@b.example", "roster.csv, row 3, column email: “a@b.example” is already in"),
        ("u-okafor,teacher,,", "oneroster/users.csv, row 2, column advisor: “u-okafor” is a teacher, not an advisor."),
    ],
)  # fmt: skip
def test_its_faults_are_told_where_they_stand(row: str, told: str) -> None:
    found = problems(bundle(), roster=f"id,role,name,email\n{row}\n")
    assert any(problem.startswith(told) for problem in found), found


def test_a_roster_beside_no_bundle_needs_all_its_columns() -> None:
    files = {"school.toml": PLAIN.encode(), "roster.csv": b"id,role\n", "conferences.csv": b"student,term\n"}
    with pytest.raises(SchoolError, match=r"roster\.csv, row 1, column name: This column is missing"):
        parse_school(files, LANGUAGES)
