"""Which users of a bundle take part, once the school's own roster is laid over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from bot.school import values
from bot.school.model import Role
from bot.school.oneroster.unused import Unused, Why
from bot.school.oneroster.users import Users
from bot.school.problems import Wrong
from bot.school.roster import ROSTER
from bot.school.sheet import Row

STAFF = {Role.ADVISOR, Role.TEACHER, Role.COUNSELOR, Role.COORDINATOR}


def sifted(users: Users, rows: Sequence[Row], unused: Unused) -> list[Row]:
    """Those of a roster that take part, each with what goes with their role; why the others do not is noted.

    rows: the users', with the school's own roster over them.
    """
    known = {row["id"] for row in users.rows}
    staying = []
    for row in rows:
        if why := _reason(row, users, known):
            unused.add(why[0], row.lowest, why[1])
        else:
            staying.append(row)
    students = {row["id"] for row in staying if _is(row, Role.STUDENT)}
    advisors = {row["advisor"] for row in staying if _is(row, Role.STUDENT)}
    fitting = [row if row.lowest.file == ROSTER else _fitting(row, students, advisors, unused) for row in staying]
    return _addressed(users, [row for row in fitting if row is not None], unused)


def _is(row: Row, role: Role) -> bool:
    return row["role"].lower() == role


def _reason(row: Row, users: Users, known: Collection[str]) -> tuple[Why, str] | None:
    """Why somebody takes no part; None where they do, or where there is a fault to be told."""
    if row.lowest.file == ROSTER:
        return None if row["id"] in known or row["role"] or row["name"] else (Why.NOBODY, "")
    if not row["role"]:
        return users.apart[row["id"]]
    return (Why.NO_ADVISORY, "") if _is(row, Role.STUDENT) and not row["advisor"] else None


def _fitting(row: Row, students: Collection[str], advisors: Collection[str], unused: Unused) -> Row | None:
    """A user with what goes with their role; None, noted, for a family without a student."""
    if _is(row, Role.TEACHER) and row["id"] in advisors:
        row = row.below(role=Role.ADVISOR)
    if not _is(row, Role.STUDENT):
        row = row.below(advisor="", grade="")
    theirs = [one for one in row.lowest["students"].split() if one in students]
    if not _is(row, Role.FAMILY):
        if theirs and row["role"].lower() in STAFF:
            unused.add(Why.STAFF, row.lowest)
        return row.below(students="")
    row = row.below(students=" ".join(theirs))
    if row["students"]:
        return row
    unused.add(Why.NO_STUDENTS, row.lowest)
    return None


def _addressed(users: Users, rows: Sequence[Row], unused: Unused) -> list[Row]:
    """The same, without the addresses of the bundle that cannot be theirs alone."""
    usable = [_usable(row, users, unused) for row in rows]
    by_address: defaultdict[str, list[Row]] = defaultdict(list)
    for row in usable:
        if row["email"]:
            by_address[row["email"].lower()].append(row)
    owners = {address: _owner(sharing) for address, sharing in by_address.items()}
    found = []
    for row in usable:
        if row["email"] and not _own(row) and owners[row["email"].lower()] != row["id"]:
            unused.add(Why.SHARED, row.lowest)
            row = row.below(email="")
        found.append(row)
    return found


def _usable(row: Row, users: Users, unused: Unused) -> Row:
    """Without the address of somebody whose account is off, and without what is no address."""
    if _own(row):
        return row
    if row["id"] in users.off:
        unused.add(Why.OFF, row.lowest)
        return row.below(email="")
    try:
        return row if not row["email"] else row.below(email=values.email(row["email"]))
    except Wrong:
        unused.add(Why.ADDRESS, row.lowest)
        return row.below(email="")


def _own(row: Row) -> bool:
    """Whether the school's own roster says somebody's address."""
    return row.place("email").file == ROSTER


def _owner(sharing: Sequence[Row]) -> str:
    """The id of who an address is taken for: nobody where it might be a student's and somebody else's."""
    own = [row for row in sharing if _own(row)]
    staff = [row for row in sharing if row["role"].lower() in STAFF]
    if own or len(sharing) == 1:
        return (own or sharing)[0]["id"]
    if staff:
        return staff[0]["id"] if len(staff) == 1 else ""
    return sharing[0]["id"] if all(_is(row, Role.FAMILY) for row in sharing) else ""
