"""`roster.csv`: everyone who takes part, one row each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.school import values
from bot.school.model import Contact, Person, Role
from bot.school.problems import Problems, Wrong
from bot.school.sheet import Columns, Row, read_sheet

ROSTER = "roster.csv"
COLUMNS = Columns(
    ("id", "role", "name", "email", "grade", "advisor", "students", "language"),
    ("slack_id", "household", "contact", "consent"),
)
OVER = Columns(("id",), COLUMNS.known[1:])
"""Of a roster that is laid over another: what it does not say stands there."""
HOUSEHOLD = 64
"""Characters of a household's name."""


@dataclass(frozen=True)
class Roster:
    """The people without a fault, and the role of everyone named, where it could be read."""

    people: tuple[Person, ...]
    roles: Mapping[str, Role | None]


def read_roster(raw: bytes, columns: Columns, problems: Problems) -> tuple[Row, ...] | None:
    """The rows of roster.csv; None, with the faults noted, where it cannot be read at all."""
    return read_sheet(ROSTER, raw, columns, problems)


def laid_over(under: Sequence[Row], over: Sequence[Row]) -> list[Row]:
    """Two rosters as one, by id: what the upper one has written goes, else what stands in the lower one.

    Of two rows of the upper one by the same id the second is left as it is, to be told.
    """
    there = {row["id"] for row in under}
    above: dict[str, Row] = {}
    more = [row for row in over if row["id"] not in there or above.setdefault(row["id"], row) is not row]
    return [replace(above[row["id"]], under=row) if row["id"] in above else row for row in under] + more


def check_roster(rows: Sequence[Row], language: str, languages: Collection[str], problems: Problems) -> Roster:
    """The roster these rows are, their faults noted.

    `language` is for who has none of their own, `languages` are those there are words for.
    """
    roles = _roles(rows, problems)
    for column, parse in (("email", values.email), ("slack_id", values.slack_person)):
        _refuse_twins(rows, column, parse, problems)
    people = [_person(row, roles, language, languages, problems) for row in rows]
    return Roster(tuple(person for person in people if person), roles)


def _roles(rows: Sequence[Row], problems: Problems) -> dict[str, Role | None]:
    roles: dict[str, Role | None] = {}
    first: dict[str, Row] = {}
    for row in rows:
        key = problems.take(row.place("id"), row["id"], values.key)
        role = problems.take(row.place("role"), row["role"], values.one_of(Role))
        if key is None:
            continue
        if key in roles:
            remedy = "Give each person an id of their own, or take one of the rows out."
            problems.add(row.place("id"), Wrong(f"The id “{key}” is already in {_where(first[key], row)}.", remedy))
            continue
        roles[key], first[key] = role, row
    return roles


def _refuse_twins(rows: Sequence[Row], column: str, parse: Callable[[object], str], problems: Problems) -> None:
    first: dict[str, Row] = {}
    for row in rows:
        value = problems.take(row.place(column), row[column], parse) if row[column] else None
        if value in first:
            wrong = Wrong(
                f"“{value}” is already in {_where(first[value], row)}.",
                "It tells people apart in Slack: leave it empty for one of them.",
            )
            problems.add(row.place(column), wrong)
        elif value:
            first[value] = row


def _where(one: Row, other: Row) -> str:
    """Where a row stands, as told at another one."""
    return f"row {one.number}" if one.file == other.file else f"{one.file}, row {one.number}"


def _person(
    row: Row, roles: Mapping[str, Role | None], language: str, languages: Collection[str], problems: Problems
) -> Person | None:
    def take(column: str, parse: Callable[[object], str]) -> str | None:
        return problems.take(row.place(column), row[column], parse) if row[column] else None

    key, role = take("id", values.key), problems.take(row.place("role"), row["role"], values.one_of(Role))
    name = problems.take(row.place("name"), row["name"], values.name)
    advisor = _advisor(row, role, roles, problems)
    students = _students(row, role, roles, problems)
    grade, spoken = take("grade", values.short(16)), take("language", values.language(languages))
    if key is None or role is None or name is None:
        return None
    email, slack_id = take("email", values.email), take("slack_id", values.slack_person)
    household, contact = take("household", values.short(HOUSEHOLD)), _contact(row, problems)
    for column in ("household", "contact"):
        _only_family(row, column, role, problems)
    return Person(
        key, role, name, email, grade, spoken or language, advisor, students, slack_id,
        household=household or "", contact=contact, row=row.lowest.number, file=row.lowest.file,
        consent=_consent(row, role, problems),
    )  # fmt: skip


def _contact(row: Row, problems: Problems) -> Contact:
    """How they may be reached: in any way where nothing is written."""
    found = problems.take(row.place("contact"), row["contact"], values.one_of(Contact)) if row["contact"] else None
    return found or Contact.ALL


def _consent(row: Row, role: Role, problems: Problems) -> bool | None:
    """Whether a student takes part. An empty cell says nothing: who is new does, for others it stays as it was."""
    if row["consent"] and role is not Role.STUDENT:
        wrong = Wrong(f"Only students have a consent; this is a {role}.", "Leave the cell empty.")
        problems.add(row.place("consent"), wrong)
        return None
    return problems.take(row.place("consent"), row["consent"], values.yes_or_no) if row["consent"] else None


def _only_family(row: Row, column: str, role: Role, problems: Problems) -> None:
    if row[column] and role is not Role.FAMILY:
        wrong = Wrong(f"Only family members have a {column}; this is a {role}.", "Leave the cell empty.")
        problems.add(row.place(column), wrong)


def _advisor(row: Row, role: Role | None, roles: Mapping[str, Role | None], problems: Problems) -> str | None:
    place = row.place("advisor")
    if role is not Role.STUDENT:
        if row["advisor"] and role:
            problems.add(place, Wrong(f"Only students have an advisor; this is a {role}.", "Leave the cell empty."))
        return None
    if not row["advisor"]:
        problems.add(place, Wrong("A student needs an advisor.", "Write the id of a person with the role advisor."))
        return None
    advisor = problems.take(place, row["advisor"], values.key)
    if advisor is None:
        return None
    if advisor not in roles:
        remedy = f"Write the id of a person with the role advisor.{_meant(advisor, Role.ADVISOR, roles)}"
        problems.add(place, Wrong(f"“{advisor}” is not in the roster.", remedy))
    elif roles[advisor] not in (Role.ADVISOR, None):
        remedy = f"Give {advisor} the role advisor, or write another id.{_meant(advisor, Role.ADVISOR, roles)}"
        problems.add(place, Wrong(f"“{advisor}” is a {roles[advisor]}, not an advisor.", remedy))
    return advisor


def _students(row: Row, role: Role | None, roles: Mapping[str, Role | None], problems: Problems) -> tuple[str, ...]:
    place = row.place("students")
    if role is not Role.FAMILY:
        if row["students"] and role:
            wrong = Wrong(f"Only family members list students; this is a {role}.", "Leave the cell empty.")
            problems.add(place, wrong)
        return ()
    students = problems.take(place, row["students"], values.keys)
    if students == ():
        problems.add(place, Wrong("A family member needs at least one student.", "Write ids separated by blanks."))
    for student in students or ():
        if student not in roles:
            remedy = f"Write the id of a student.{_meant(student, Role.STUDENT, roles)}"
            problems.add(place, Wrong(f"“{student}” is not in the roster.", remedy))
        elif roles[student] not in (Role.STUDENT, None):
            wrong = Wrong(f"“{student}” is a {roles[student]}, not a student.", "Write ids of students only.")
            problems.add(place, wrong)
    return students or ()


def _meant(key: str, role: Role, roles: Mapping[str, Role | None]) -> str:
    return values.meant(key, [other for other, held in roles.items() if held is role])
