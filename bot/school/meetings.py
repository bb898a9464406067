"""`conferences.csv`: who meets when and where, one row for each student and term."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.school import values
from bot.school.model import Conference, Contact, Role, Term
from bot.school.problems import Problems, Wrong
from bot.school.roster import Roster
from bot.school.sheet import Columns, Row, read_sheet

CONFERENCES = "conferences.csv"
COLUMNS = Columns(("student", "term", "date", "time", "minutes", "place", "adults"))


def parse_conferences(
    raw: bytes, terms: Sequence[Term] | None, roster: Roster | None, problems: Problems
) -> tuple[Conference, ...]:
    """The conferences, their faults noted. What refers to terms or a roster that could not be read is not checked."""
    rows = read_sheet(CONFERENCES, raw, COLUMNS, problems) or ()
    known = {term.name: term for term in terms} if terms is not None else None
    families = {person.key: person.students for person in roster.people} if roster else {}
    roles = roster.roles if roster else None
    found = [_conference(row, known, roles, families, problems) for row in rows]
    _refuse_twins(rows, problems)
    _refuse_no_contact(rows, roster, problems)
    return tuple(conference for conference in found if conference)


def _refuse_no_contact(rows: Sequence[Row], roster: Roster | None, problems: Problems) -> None:
    """Who is not to be contacted is invited nowhere: being listed by name is a contradiction somebody must settle."""
    silent = {person.key for person in roster.people if person.contact is Contact.NONE} if roster else set()
    for row in rows:
        for adult in silent & set(row["adults"].split()):
            remedy = f"Take the id out, or change the contact of {adult} in roster.csv."
            problems.add(row.place("adults"), Wrong(f"“{adult}” is not to be contacted.", remedy))


def _conference(
    row: Row,
    terms: Mapping[str, Term] | None,
    roles: Mapping[str, Role | None] | None,
    families: Mapping[str, tuple[str, ...]],
    problems: Problems,
) -> Conference | None:
    student = problems.take(row.place("student"), row["student"], values.key)
    term = problems.take(row.place("term"), row["term"], values.words)
    date = problems.take(row.place("date"), row["date"], values.day)
    time = problems.take(row.place("time"), row["time"], values.clock)
    minutes = problems.take(row.place("minutes"), row["minutes"], values.minutes)
    place = problems.take(row.place("place"), row["place"], values.short(200))
    adults = problems.take(row.place("adults"), row["adults"], values.keys)
    _check_student(row, student, roles, problems)
    for adult in adults or ():
        _check_adult(row, adult, student, roles, families, problems)
    found = _check_term(row, term, terms, problems)
    if date and found and not found.starts <= date <= found.ends:
        wrong = Wrong(
            f"{date} is outside {found.name} ({found.starts} to {found.ends}).",
            "Correct the date, name another term, or change the days of that one.",
        )
        problems.add(row.place("date"), wrong)
    if student is None or term is None or date is None or time is None or minutes is None or place is None:
        return None
    return Conference(student, term, date, time, minutes, place, adults or ())


def _check_student(row: Row, student: str | None, roles: Mapping[str, Role | None] | None, problems: Problems) -> None:
    if student is None or roles is None:
        return
    if student not in roles:
        known = [key for key, role in roles.items() if role is Role.STUDENT]
        remedy = f"Write the id of a student in roster.csv.{values.meant(student, known)}"
        problems.add(row.place("student"), Wrong(f"“{student}” is not in the roster.", remedy))
    elif roles[student] not in (Role.STUDENT, None):
        wrong = Wrong(f"“{student}” is a {roles[student]}, not a student.", "Write the id of a student.")
        problems.add(row.place("student"), wrong)


def _check_adult(
    row: Row,
    adult: str,
    student: str | None,
    roles: Mapping[str, Role | None] | None,
    families: Mapping[str, tuple[str, ...]],
    problems: Problems,
) -> None:
    if roles is None:
        return
    place = row.place("adults")
    if adult not in roles:
        remedy = f"Write ids of roster.csv.{values.meant(adult, roles.keys())}"
        problems.add(place, Wrong(f"“{adult}” is not in the roster.", remedy))
    elif roles[adult] is Role.STUDENT:
        problems.add(place, Wrong(f"“{adult}” is a student.", "Only adults are listed here."))
    elif roles[adult] is Role.FAMILY and adult in families and student and student not in families[adult]:
        # A stranger's family in the room would read what the student wrote: never by a slip of the id.
        remedy = f"Add {student} to the students of {adult} in roster.csv, or take the id out."
        problems.add(place, Wrong(f"“{adult}” is family, but not of “{student}”.", remedy))


def _check_term(row: Row, name: str | None, terms: Mapping[str, Term] | None, problems: Problems) -> Term | None:
    if name is None or terms is None:
        return None
    if name not in terms:
        have = ", ".join(terms) or "none"
        wrong = Wrong(f"“{name}” is not a term of the school.", f"Its terms are: {have}.{values.meant(name, terms)}")
        problems.add(row.place("term"), wrong)
    return terms.get(name)


def _refuse_twins(rows: Sequence[Row], problems: Problems) -> None:
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        spot = (row["student"], " ".join(row["term"].split()))
        if not all(spot):
            continue
        if spot in first:
            wrong = Wrong(
                f"{spot[0]} already has a conference in {spot[1]}, in row {first[spot]}.",
                "One conference a term: take one of the rows out.",
            )
            problems.add(row.place("student"), wrong)
        else:
            first[spot] = row.number
