from __future__ import annotations

import pytest

from bot.school import Person, Role, School
from tests.school.oneroster.bundles import CHARTER, bundle, changed, problems, school

BOTH = pytest.mark.parametrize("version", ["1.1", "1.2"])
HOME = "g-amal,,,true,o-hill,guardian,,,Amal,Haddad,,,amal@home.example"


def person(found: School, key: str) -> Person:
    return next(one for one in found.people if one.key == key)


def keys(found: School, role: Role) -> list[str]:
    return [one.key for one in found.people if one.role is role]


def told(found: School, start: str) -> str:
    """The line of the report that begins so."""
    (line,) = (line.strip() for line in found.imported if line.strip().startswith(start))
    return line


def users(*changes: tuple[str, str]) -> School:
    return school(changed(bundle(), "users.csv", *changes))


def enrolled(*changes: tuple[str, str]) -> School:
    return school(changed(bundle(), "enrollments.csv", *changes))


@BOTH
def test_a_bundle_says_who_is_there_who_advises_whom_and_whose_family_is_whose(version: str) -> None:
    found = school(bundle(version))
    assert keys(found, Role.STUDENT) == ["s-noor", "s-theo"]
    assert keys(found, Role.ADVISOR) == ["u-okafor"]
    assert keys(found, Role.TEACHER) == ["u-reyes"]
    assert keys(found, Role.COUNSELOR) == ["u-bell"]
    assert keys(found, Role.COORDINATOR) == ["u-tan"]
    assert {one.key: one.students for one in found.people if one.role is Role.FAMILY} == {
        "g-amal": ("s-noor",),
        "g-anders": ("s-theo",),
    }
    assert person(found, "s-noor") == Person(
        "s-noor", Role.STUDENT, "Noor Haddad", "noor@school.example", "7", "en", "u-okafor", (), None
    )
    assert found.conferences[0].adults == ("u-reyes",)


@BOTH
def test_what_is_not_used_is_told_with_its_rows_and_nobodys_name(version: str) -> None:
    found = school(bundle(version))
    assert told(found, "oneroster (") == (
        f"oneroster (OneRoster {version}, “Hillside Middle School”): "
        "student 2, advisor 1, teacher 1, family 2, counselor 1, coordinator 1."
    )
    assert told(found, "Users who are marked tobedeleted: 1 (oneroster/users.csv, row 4).")
    assert told(found, "Users of other schools: 2 (oneroster/users.csv, rows 6, 9).")
    assert told(found, "Users with the role relative: 1 (oneroster/users.csv, row 15).")
    assert told(found, "Students without an advisory: 1 (oneroster/users.csv, row 5).")
    assert told(found, "Family without a student of this school: 1 (oneroster/users.csv, row 16).")
    said = " ".join(found.imported)
    assert not [name for name in ("Noor", "Lone", "Left", "Haddad", "example", "s-lone") if name in said]


def test_what_a_cell_would_do_to_a_terminal_is_not_done() -> None:
    files = changed(bundle(), "orgs.csv", ("Hillside Middle", "Hillside\x1b[2J Middle"))
    found = school(changed(files, "users.csv", ("o-hill,relative", "o-hill,rel\x1b[2Jative")))
    assert not [line for line in found.imported if "\x1b" in line]


def test_many_rows_are_counted_and_a_few_named() -> None:
    more = "".join(f"x{number},,,true,o-lake,teacher,,,X,Y,,,,,,,,\r\n" for number in range(9))
    files = bundle()
    found = school({**files, "users.csv": files["users.csv"] + more})
    assert told(found, "Users of other schools: 11 (oneroster/users.csv, rows 6, 9, 17, 18, 19, …).")


@BOTH
def test_who_is_marked_tobedeleted_is_not_in_the_roster(version: str) -> None:
    found = school(changed(bundle(version), "users.csv", ("s-theo,,,true", "s-theo,tobedeleted,,true")))
    assert keys(found, Role.STUDENT) == ["s-noor"]
    assert keys(found, Role.FAMILY) == ["g-amal"]


def test_an_enrollment_that_is_marked_tobedeleted_makes_nobody_an_advisor() -> None:
    found = enrolled(("e3,,", "e3,tobedeleted,"))
    assert keys(found, Role.STUDENT) == ["s-noor"]
    assert told(found, "Students without an advisory: 2 (oneroster/users.csv, rows 3, 5).")


def test_a_role_that_is_over_or_marked_tobedeleted_counts_no_more() -> None:
    theo = "r1,,,s-theo,primary,student,"
    files = bundle("1.2")
    assert keys(school(changed(files, "roles.csv", (theo, f"{theo}2026-08-24"))), Role.STUDENT) == ["s-noor", "s-theo"]
    for over in (f"{theo}2026-01-01,2026-06-30", theo.replace("r1,,", "r1,tobedeleted,") + ","):
        changes = (f"{theo},", over)
        assert keys(school(changed(files, "roles.csv", changes)), Role.STUDENT) == ["s-noor"]


@pytest.mark.parametrize(
    ("written", "students"),
    [
        ('{ title = "advisory *" }', ["s-noor", "s-theo"]),
        ('{ classCode = "ADV-*" }', ["s-noor", "s-theo"]),
        ('{ courseCode = "adv7" }', ["s-noor", "s-theo"]),
        ('{ classType = "homeroom" }', ["s-noor", "s-theo"]),
        ('{ title = "Science*" }', ["s-noor", "s-lone"]),
    ],
)
def test_the_school_says_how_an_advisory_is_known(written: str, students: list[str]) -> None:
    assert keys(school(bundle(), f"{CHARTER}advisory = {written}\n"), Role.STUDENT) == students


def test_the_primary_teacher_of_an_advisory_is_the_advisor() -> None:
    second = ("e1,,,c-adv,o-hill,u-okafor,teacher,true,,", "e1,,,c-adv,o-hill,u-okafor,teacher,false,,\n")
    found = enrolled((second[0], f"{second[1]}e0,,,c-adv,o-hill,u-reyes,teacher,true,,"))
    assert person(found, "s-noor").advisor == "u-reyes"
    assert keys(found, Role.TEACHER) == ["u-okafor"]


def test_of_several_teachers_the_first_is_the_advisor_and_the_advisory_is_told() -> None:
    found = enrolled(("e2,,", "e0,,,c-adv,o-hill,u-reyes,teacher,true,,\ne2,,"))
    assert person(found, "s-noor").advisor == "u-okafor"
    assert told(found, "Advisories with several teachers: 1 (oneroster/classes.csv, row 2).")


def test_a_teacher_who_has_gone_leaves_the_advisory_without_one() -> None:
    files = changed(bundle(), "users.csv", ("u-okafor,,", "u-okafor,tobedeleted,"))
    found = school(files, f'{CHARTER}advisory = {{ classCode = "*-1" }}\n')
    assert keys(found, Role.STUDENT) == ["s-noor", "s-lone"]
    assert told(found, "Advisories without a teacher: 1 (oneroster/classes.csv, row 2).")


@pytest.mark.parametrize(
    ("days", "advisor"),
    [
        (("2026-08-24,2026-10-15", "2026-10-16,2027-06-18"), "u-reyes"),
        (("2026-08-24,2027-01-22", "2027-01-25,2027-06-18"), "u-okafor"),
        (("2026-08-24T00:00:00Z,2026-10-15T00:00:00Z", ","), "u-reyes"),
        (("2026-08-24,2026-09-15", "2026-09-16,2026-10-01"), "u-reyes"),
    ],
)
def test_the_advisory_of_today_counts_else_the_last(days: tuple[str, str], advisor: str) -> None:
    everywhere = f'{CHARTER}advisory = {{ classCode = "*-1" }}\n'
    files = changed(
        bundle(), "enrollments.csv",
        ("e2,,,c-adv,o-hill,s-noor,student,false,,", f"e2,,,c-adv,o-hill,s-noor,student,false,{days[0]}"),
        ("e5,,,c-sci,o-hill,s-noor,student,false,,", f"e5,,,c-sci,o-hill,s-noor,student,false,{days[1]}"),
    )  # fmt: skip
    assert person(school(files, everywhere), "s-noor").advisor == advisor


def test_a_student_in_two_advisories_at_once_is_told() -> None:
    found = school(bundle(), f'{CHARTER}advisory = {{ classCode = "*-1" }}\n')
    assert told(found, "Students in several advisories: 1 (oneroster/enrollments.csv, row 6).")


def test_enrollments_of_nobody_are_told_and_passed_over() -> None:
    found = enrolled(("s-lone,student,false,,\ne7", "s-nobody,student,false,,\ne7"))
    assert told(
        found, "Enrollments of users or classes that are not in the bundle: 1 (oneroster/enrollments.csv, row 7)."
    )


def test_an_account_that_is_not_enabled_has_no_address_here() -> None:
    found = school(bundle())
    assert person(found, "g-anders").email is None
    assert told(found, "Users who are not enabled: 1 (oneroster/users.csv, row 14).")


def test_what_is_no_address_is_left_out_and_told() -> None:
    found = users(("amal@home.example", "call after six"))
    assert person(found, "g-amal").email is None
    assert told(found, "E-mail addresses that are none: 1 (oneroster/users.csv, row 13).")


@pytest.mark.parametrize(
    ("sharing", "owner"),
    [
        ({"g-amal": "amal@home.example", "g-anders": "anders@home.example"}, "g-amal"),
        ({"s-noor": "Noor@school.example", "g-amal": "amal@home.example"}, None),
        ({"u-okafor": "okafor@school.example", "g-amal": "amal@home.example"}, "u-okafor"),
        ({"u-okafor": "okafor@school.example", "u-reyes": "reyes@school.example"}, None),
    ],
)
def test_an_address_that_several_share_lets_nobody_be_taken_for_another(
    sharing: dict[str, str], owner: str | None
) -> None:
    changes = [(address, "one@home.example") for address in sharing.values()]
    found = users(*changes, ("g-anders,,,false", "g-anders,,,true"))
    assert [key for key in sharing if person(found, key).email] == [one for one in (owner,) if one]
    assert told(found, f"E-mail addresses of several people, taken for none but staff or the first of a family: "
                f"{len(sharing) - (owner is not None)} ")  # fmt: skip


def test_whoever_is_both_staff_and_family_is_staff_and_told() -> None:
    found = users((HOME, HOME.replace("guardian", "teacher")))
    assert person(found, "g-amal").role is Role.TEACHER
    assert person(found, "g-amal").students == ()
    assert told(found, "Staff who are also named as a student's family: 1 (oneroster/users.csv, row 13).")


def test_in_the_second_version_one_user_may_have_several_roles() -> None:
    files = bundle("1.2")
    files["roles.csv"] += "r99,,,u-reyes,secondary,parent,,,o-hill,\r\n"
    assert person(school(files), "u-reyes").role is Role.TEACHER


def test_preferred_names_are_used_only_where_the_school_says_so() -> None:
    files = changed(bundle("1.2"), "users.csv", (',"g-amal,g-aunt",07,,,,,,', ',"g-amal,g-aunt",07,,,,Nour,,'))
    assert person(school(files), "s-noor").name == "Noor Haddad"
    assert person(school(files, f"{CHARTER}preferred_names = true\n"), "s-noor").name == "Nour Haddad"


def test_a_student_of_another_school_who_helps_to_teach_here_is_no_teacher() -> None:
    found = enrolled(("e5,,,c-sci,o-hill,s-noor,student", "e5,,,c-sci,o-hill,s-lake,teacher"))
    assert "s-lake" not in {one.key for one in found.people}


def test_whom_the_school_leaves_out_is_left_out() -> None:
    found = school(bundle(), f'{CHARTER}leave_out = ["s-theo"]\n')
    assert keys(found, Role.STUDENT) == ["s-noor"]
    assert keys(found, Role.FAMILY) == ["g-amal"]
    assert told(found, "Users whom school.toml leaves out: 1 (oneroster/users.csv, row 3).")


@pytest.mark.parametrize("sourced", ["a" * 65, "with blanks in it", "-1204", "{9F5C-11}, 7", "=1+1"])
def test_a_sourced_id_that_can_be_no_id_has_one_made_from_it_that_stays(sourced: str) -> None:
    cell = f'"{sourced}"'
    files = {name: text.replace("s-theo", cell) for name, text in bundle().items()}
    files["users.csv"] = files["users.csv"].replace(
        f"anders@home.example,,,{cell}", f'anders@home.example,,,"{sourced}"'
    )
    found, again = school(files), school(files)
    theo = next(one for one in found.people if one.name == "Theo Lindqvist")
    assert len(theo.key) <= 64
    assert theo.key in keys(again, Role.STUDENT)
    assert theo.advisor == "u-okafor"


@pytest.mark.parametrize(
    ("table", "before", "after", "told"),
    [
        ("users.csv", "u-reyes,,,true,o-arts,teacher,,,Luis", "u-okafor,,,true,o-arts,teacher,,,Luis",
         "oneroster/users.csv, row 8, column sourcedId: The id “u-okafor” is already in row 7. Give each"),
        ("users.csv", "s-noor,,,true,o-hill,student,,,Noor,Haddad", "s-noor,,,true,o-hill,student,,,,",
         "oneroster/users.csv, row 2, column givenName: Nothing is written here."),
        ("users.csv", "Luis,Reyes", "=HYPERLINK(1),Reyes",
         "oneroster/users.csv, row 8, column givenName: A name does not begin with “=”."),
        ("users.csv", "s-noor,,,", "s-noor,gone,,", "oneroster/users.csv, row 2, column status: “gone” is not known"),
        ("users.csv", "familyName", "lastName", "oneroster/users.csv, row 1, column familyName: This column is"),
        ("users.csv", "Luis,Reyes", '"Luis"x,Reyes', "oneroster/users.csv, row 8: A quotation mark is opened and not"),
        ("enrollments.csv", "2026-08-24,2027-06-18", "8/24/2026,2027-06-18",
         "oneroster/enrollments.csv, row 4, column beginDate: “8/24/2026” is not a date that reads"),
        ("orgs.csv", "o-hill,,,", "o-hill,tobedeleted,,",
         "school.toml, line 9, oneroster.school: There is no school “o-hill” in orgs.csv. Write"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_file_row_column_and_remedy(table: str, before: str, after: str, told: str) -> None:
    found = problems(changed(bundle(), table, (before, after)))
    assert any(problem.startswith(told) for problem in found), found


def test_a_bundle_without_a_student_would_send_everybody_away_and_is_refused() -> None:
    found = problems(bundle(), f'{CHARTER}advisory = {{ classType = "Advisory" }}\n')
    assert found[0] == (
        "oneroster/classes.csv, column classType: No student is in an advisory with a teacher: a class with “Advisory” "
        "here (there are: “homeroom”, “scheduled”). Say in school.toml how one is known, below a line [oneroster]: "
        'advisory = { title = "Advisory *" }.'
    )
    none = {**bundle(), "users.csv": bundle()["users.csv"].replace(",student,", ",proctor,")}
    assert any("users.csv: There is no student of “Hillside Middle School”." in one for one in problems(none))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('school = "o-hill"\n', "", "oneroster/orgs.csv: There are 2 schools. Say which in school.toml, below a line"),
        (
            '"u-tan"',
            '"u-tam"',
            "school.toml, line 10, oneroster.coordinators: “u-tam” is not in users.csv. Write sourcedIds",
        ),
        (
            '"u-tan"',
            '"u-okafor"',
            "school.toml, line 10, oneroster.coordinators: “u-okafor” is a student or an advisor here.",
        ),
        (
            'coordinators = ["u-tan"]',
            'coordinators = "u-tan"',
            "school.toml, line 10, oneroster.coordinators: This is a list of",
        ),
        ("coordinators", "coordinator", "school.toml, line 10, oneroster.coordinator: This is not known here."),
        (
            'school = "o-hill"',
            'advisory = "homeroom"',
            "school.toml, line 9, oneroster.advisory: This does not say how an adv",
        ),
        (
            'school = "o-hill"',
            "preferred_names = 1",
            "school.toml, line 9, oneroster.preferred_names: “1” is neither true nor fa",
        ),
        ('counselors = ["u-bell"]', 'counselors = ["u-bel"]', "school.toml, line 5, counselors: “u-bel” is not in the"),
        (
            'counselors = ["u-bell"]',
            'counselors = ["s-noor"]',
            "school.toml, line 5, counselors: “s-noor” is a student",
        ),
    ],
)
def test_faults_of_what_the_school_says_about_it_are_told(before: str, after: str, told: str) -> None:
    assert before in CHARTER
    found = problems(bundle(), CHARTER.replace(before, after))
    assert any(problem.startswith(told) for problem in found), found
