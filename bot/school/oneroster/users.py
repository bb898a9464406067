"""The users of a bundle, as rows of a roster."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.school import values
from bot.school.model import Role
from bot.school.oneroster.advisories import Advisories
from bot.school.oneroster.tables import Tables
from bot.school.oneroster.unused import Why
from bot.school.problems import Problems, Wrong
from bot.school.sheet import Row

TITLES = {"id": "sourcedId", "name": "givenName", "grade": "grades", "students": "agentSourcedIds"}
"""What users.csv calls the columns of a roster."""
FAMILY = {"guardian", "parent"}
"""A relative is not: whom a student has beside their parents, the school says itself."""

_GRADE = 16
_NO = ("false", "0", "no")
_NOT_IN_A_KEY = re.compile(r"[^\w.]+")
_BETWEEN = re.compile(r"[,;]")

Held = Mapping[str, Sequence[tuple[str, str]]]
"""By user: their roles, in small letters, each with the org where they have it."""


@dataclass(frozen=True)
class Users:
    """Every user of a bundle as a row of a roster. apart: by id, why those without a role have none; off: the ids of
    those who are not enabled."""

    rows: tuple[Row, ...]
    apart: Mapping[str, tuple[Why, str]]
    off: frozenset[str]


@dataclass(frozen=True)
class Whole:
    """What is known of the users of one school. schools: the orgs that are it; named: roles school.toml gives, by id;
    preferred: whether they go by the names they prefer."""

    tables: Tables
    held: Held
    schools: Collection[str]
    advisories: Advisories
    named: Mapping[str, Role]
    preferred: bool

    def users(self) -> Users:
        rows = self.tables["users"].rows
        roles = {row["sourcedId"]: self._role(row["sourcedId"]) for row in rows}
        agents = _agents(rows, roles)
        apart = {key(user): self._apart(user) for user, role in roles.items() if not role}
        off = frozenset(key(row["sourcedId"]) for row in rows if row["enabledUser"].lower() in _NO)
        return Users(tuple(self._row(row, roles, agents) for row in rows), apart, off)

    def _here(self, user: str) -> list[str]:
        return [role for role, org in self.held.get(user, ()) if org in self.schools]

    def _role(self, user: str) -> str:
        """What somebody is here: a student, wherever they are one, is nothing else; who teaches is first of all a
        teacher."""
        here, anywhere = self._here(user), {role for role, _ in self.held.get(user, ())}
        if "student" in anywhere:
            return Role.STUDENT if "student" in here else ""
        if key(user) in self.named and user not in self.advisories.advisors.values():
            return self.named[key(user)]
        if "teacher" in here or user in self.advisories.teachers:
            return Role.TEACHER
        return Role.FAMILY if FAMILY & anywhere else ""

    def _apart(self, user: str) -> tuple[Why, str]:
        here = self._here(user)
        return (Why.ROLE, values.shown(sorted(here)[0])) if here else (Why.ELSEWHERE, "")

    def _row(self, row: Row, roles: Mapping[str, str], agents: Mapping[str, Collection[str]]) -> Row:
        user = row["sourcedId"]
        cells = {
            "id": key(user),
            "role": roles[user],
            "name": " ".join(filter(None, (self._called(row, "Given"), self._called(row, "Family")))),
            "email": row["email"],
            "grade": _grade(row["grades"]),
            "advisor": key(self.advisories.advisors.get(user, "")),
            "students": " ".join(map(key, agents.get(user, ()))),
        }
        return Row(row.file, row.number, cells, titles=TITLES)

    def _called(self, row: Row, which: str) -> str:
        return (self.preferred and row[f"preferred{which}Name"]) or row[f"{which.lower()}Name"]


def key(sourced: str) -> str:
    """The id in the roster of a sourcedId: itself, or where it has blanks or is too long one made from it, always the
    same."""
    if not sourced:
        return ""
    try:
        return values.key(sourced)
    except Wrong:
        digest = hashlib.sha256(sourced.encode()).hexdigest()[:12]
        return "-".join(filter(None, (_NOT_IN_A_KEY.sub("-", sourced)[:48].strip("-"), digest)))


def held_in(tables: Tables, today: date | None, problems: Problems) -> Held:
    """The roles of the users: in 1.1 theirs, in 1.2 those of roles.csv that are not over."""
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in tables["users"].rows if tables.version == "1.1" else ():
        found[row["sourcedId"]] += [(row["role"].lower(), org) for org in listed(row["orgSourcedIds"])]
    for row in tables["roles"].rows:
        ends = problems.take(row.place("endDate"), row["endDate"][:10], values.day) if row["endDate"] else None
        if today is None or ends is None or today <= ends:
            found[row["userSourcedId"]].append((row["role"].lower(), row["orgSourcedId"]))
    return found


def listed(cell: str) -> tuple[str, ...]:
    """The sourcedIds in a cell."""
    return tuple(filter(None, (one.strip() for one in _BETWEEN.split(cell))))


def _agents(rows: Iterable[Row], roles: Mapping[str, str]) -> dict[str, dict[str, None]]:
    """By adult: their students, in the order of the file. Some files name the adult with the student, some the other
    way round."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        for other in listed(row["agentSourcedIds"]):
            pair = (row["sourcedId"], other)
            student, adult = pair if roles[pair[0]] == Role.STUDENT else pair[::-1]
            if roles.get(student) == Role.STUDENT and roles.get(adult, Role.STUDENT) != Role.STUDENT:
                found[adult][student] = None
    return found


def _grade(cell: str) -> str:
    """The first grade of a list, without the nought that the standard writes before it."""
    first = next(iter(listed(cell)), "")
    return first.lstrip("0") or first if len(first) <= _GRADE else ""
