"""One school out of a bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.school import values
from bot.school.model import Role, Term
from bot.school.oneroster.advisories import advisories
from bot.school.oneroster.choice import Advisory, Choice
from bot.school.oneroster.participants import sifted
from bot.school.oneroster.tables import Table, Tables, read_tables
from bot.school.oneroster.terms import terms_of
from bot.school.oneroster.unused import Unused, Why
from bot.school.oneroster.users import Users, Whole, held_in, key, listed
from bot.school.problems import Place, Problems, Wrong
from bot.school.roster import laid_over
from bot.school.sheet import Row

SHOWN = 20
"""Schools that are named where it is not clear which is meant."""


@dataclass(frozen=True)
class Bundle:
    """What a bundle says of one school. terms: none where they are not asked for, None where they have a fault;
    `unused` is filled further by `people`."""

    where: str
    version: str
    school: str
    users: Users
    terms: tuple[Term, ...] | None
    unused: Unused
    known_by: Advisory
    classes: tuple[Row, ...]

    def people(self, own: Sequence[Row], problems: Problems) -> list[Row]:
        """The roster: the users, with the rows of the school's own roster laid over them, without who takes no part.

        Without any student it is a fault: with it everybody would leave who is there now.
        """
        rows = sifted(self.users, laid_over(self.users.rows, own), self.unused)
        if not any(row["role"].lower() == Role.STUDENT for row in rows):
            problems.add(*self._nobody())
        return rows

    def _nobody(self) -> tuple[Place, Wrong]:
        if not any(row["role"] == Role.STUDENT for row in self.users.rows):
            remedy = "Look at whether it is the right bundle, and at the orgs of its users."
            return Place(f"{self.where}/users.csv"), Wrong(f"There is no student of “{self.school}”.", remedy)
        column, pattern = self.known_by.column, self.known_by.pattern
        there = "" if self.known_by.of_course else _examples({row[column] for row in self.classes})
        return Place(f"{self.where}/classes.csv", column=column), Wrong(
            f"No student is in an advisory with a teacher: a class with “{pattern}” here{there}.",
            'Say in school.toml how one is known, below a line [oneroster]: advisory = { title = "Advisory *" }.',
        )

    def lines(self, people: Sequence[Row]) -> Iterator[str]:
        """What it brought to the roster of these people, and what of it is not used."""
        known = {row["id"] for row in self.users.rows}
        roles = Counter(row["role"].lower() for row in people if row["id"] in known)
        counts = ", ".join(f"{role} {roles[role]:,}" for role in Role if roles[role])
        yield f"{self.where} (OneRoster {self.version}, “{self.school}”): {counts or 'nobody'}."
        if self.terms:
            days = "; ".join(f"{term.name} ({term.starts} to {term.ends})" for term in self.terms)
            yield f"Its academic sessions are the terms: {days}."
        if told := [f"  {line}" for line in self.unused.lines()]:
            yield from ("To look at:", *told)


def parse_bundle(
    files: Mapping[str, bytes],
    choice: Choice,
    counselors: Collection[str],
    today: date | None,
    with_terms: bool,
    problems: Problems,
) -> Bundle | None:
    """The school a bundle describes, its faults noted; None where it cannot be read.

    files: its tables by name, all of one folder or zip file. counselors: ids of users. today: on which day enrollments
    and roles count; None for those of any day. with_terms: whether its academic sessions are looked at.
    """
    tables = read_tables(files, choice.advisory, problems)
    school = _school(tables, choice, problems) if tables else None
    if tables is None or school is None:
        return None
    unused = Unused()
    tables = _without(tables, choice.leave_out, unused)
    schools = _with_parts(school["sourcedId"], tables["orgs"].rows)
    classes = [row for row in tables["classes"].rows if row["schoolSourcedId"] in schools]
    advised = advisories(tables, classes, choice.advisory, today, unused, problems)
    coordinators = map(key, choice.coordinators)
    named = dict.fromkeys(coordinators, Role.COORDINATOR) | dict.fromkeys(counselors, Role.COUNSELOR)
    whole = Whole(tables, held_in(tables, today, problems), schools, advised, named, choice.preferred)
    terms = _terms(tables, classes, problems) if with_terms else ()
    users = whole.users()
    _check_coordinators(users, choice, problems)
    return Bundle(
        tables.where,
        tables.version,
        values.shown(school["name"], 100),
        users,
        terms,
        unused,
        choice.advisory,
        tuple(classes),
    )


def _examples(found: Collection[str]) -> str:
    """A few of the values that are there instead."""
    return f" (there are: {', '.join(f'“{values.shown(one)}”' for one in sorted(found)[:5])})" if found else ""


def _terms(tables: Tables, classes: Sequence[Row], problems: Problems) -> tuple[Term, ...] | None:
    """Sessions belong to no school: where there are several schools, those of its classes are taken for its own."""
    several = len(_schools(tables)) > 1
    used = {one for row in classes for one in listed(row["termSourcedIds"])} if several else set()
    return terms_of(tables["academicSessions"].rows, used or None, problems)


def _schools(tables: Tables) -> list[Row]:
    return [row for row in tables["orgs"].rows if row["type"].lower() == "school"]


def _school(tables: Tables, choice: Choice, problems: Problems) -> Row | None:
    """The one that is meant; None, noted, where that is not clear."""
    schools = {row["sourcedId"]: row for row in _schools(tables)}
    if choice.school in schools:
        return schools[choice.school]
    if not choice.school and len(schools) == 1:
        return next(iter(schools.values()))
    if choice.school:
        remedy = f"Write the sourcedId of one of: {_named(schools)}.{values.meant(choice.school, schools)}"
        problems.add(choice.places["school"], Wrong(f"There is no school “{choice.school}” in orgs.csv.", remedy))
        return None
    remedy = "Ask for an export with the school in it, as an org of the type “school”."
    if schools:
        remedy = f'Say which in school.toml, below a line [oneroster]: school = "…". There are: {_named(schools)}.'
    problems.add(Place(f"{tables.where}/orgs.csv"), Wrong(f"There are {len(schools)} schools.", remedy))
    return None


def _named(schools: Mapping[str, Row]) -> str:
    """The first schools, by id and name."""
    first = list(schools.items())[:SHOWN]
    named = "; ".join(f"{values.shown(one, 255)} ({values.shown(row['name'])})" for one, row in first)
    return f"{named}; …" if len(schools) > SHOWN else named


def _check_coordinators(users: Users, choice: Choice, problems: Problems) -> None:
    """Those that are named are among the users, and nothing else here."""
    roles = {row["id"]: row["role"] for row in users.rows}
    for one in choice.coordinators:
        role = roles.get(key(one))
        if role is None:
            remedy = (
                f"Write sourcedIds of users.csv; or give somebody the role in roster.csv.{values.meant(one, roles)}"
            )
            problems.add(choice.places["coordinators"], Wrong(f"“{one}” is not in users.csv.", remedy))
        elif role not in (Role.COORDINATOR, Role.COUNSELOR):
            what = f"“{one}” is a student or an advisor here."
            problems.add(choice.places["coordinators"], Wrong(what, "One has one role: name somebody else."))


def _with_parts(school: str, orgs: Sequence[Row]) -> set[str]:
    """A school and what belongs to it, such as its departments."""
    found: set[str] = set()
    more = {school}
    while more:
        found |= more
        more = {row["sourcedId"] for row in orgs if row["parentSourcedId"] in more} - found
    return found


def _without(tables: Tables, leave_out: Collection[str], unused: Unused) -> Tables:
    """The same without the users that are left out; they and those who are gone are noted."""
    users = tables["users"]
    for row in users.gone:
        unused.add(Why.GONE, row)
    staying, out = [], list(users.gone)
    for row in users.rows:
        if row["sourcedId"] in leave_out or key(row["sourcedId"]) in leave_out:
            unused.add(Why.CHOSEN, row)
            out.append(row)
        else:
            staying.append(row)
    return replace(tables, found={**tables.found, "users": Table(tuple(staying), tuple(out))})
