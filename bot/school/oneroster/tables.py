"""The tables of a bundle: what manifest.csv says of them, their columns, and which of their rows count."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bot.school import values
from bot.school.oneroster.archive import TABLES
from bot.school.oneroster.choice import Advisory
from bot.school.problems import Place, Problems, Wrong
from bot.school.sheet import Columns, Row, read_sheet

MOST_ROWS = 200_000
"""Of one table: ten times what a roster.csv may have, for a student is in several classes."""
VERSIONS = ("1.1", "1.2")
ACTIVE, GONE = ("", "active"), ("tobedeleted", "inactive")

_MANIFEST = TABLES[0]
_VERSION = "oneroster.version"
_ASK = "Ask for a OneRoster CSV export, version 1.1 or 1.2, in bulk (all of it, not the changes)."


@dataclass(frozen=True)
class Table:
    """One table: the rows that count, and those that are there and do not (`tobedeleted`)."""

    rows: tuple[Row, ...] = ()
    gone: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Tables:
    """A bundle, read: where it is, which version of the standard it is of, its tables by their names without `.csv`."""

    where: str
    version: str
    found: Mapping[str, Table] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Table:
        return self.found.get(name, Table())


def read_tables(files: Mapping[str, bytes], advisory: Advisory, problems: Problems) -> Tables | None:
    """The tables of a bundle, their faults noted; None where it cannot be used."""
    where = next(iter(files)).rpartition("/")[0]
    said = _manifest(files, where, problems)
    version = _version(said, where, problems) if said is not None else None
    if said is None or version is None:
        return None
    columns = _columns(version, advisory)
    there = {name: f"{where}/{name}.csv" for name in columns if _is_there(f"{where}/{name}.csv", name, said, files)}
    if not _is_whole(where, there, _needed(version, advisory), said, problems):
        return None
    read = {name: read_sheet(file, files[file], columns[name], problems, MOST_ROWS) for name, file in there.items()}
    found = {name: _sorted_out(rows, problems) for name, rows in read.items() if rows is not None}
    return Tables(where, version, found) if len(found) == len(read) else None


def _manifest(files: Mapping[str, bytes], where: str, problems: Problems) -> dict[str, Row] | None:
    """The rows of manifest.csv by property."""
    file = f"{where}/{_MANIFEST}"
    rows = read_sheet(file, files[file], Columns(("propertyName", "value"), others=True), problems)
    return {row["propertyName"].lower(): row for row in rows} if rows is not None else None


def _version(said: Mapping[str, Row], where: str, problems: Problems) -> str | None:
    """The version of the standard, without its last part; None, noted, where it is none that is read here."""
    row = said.get(_VERSION)
    version = ".".join(row["value"].split(".")[:2]) if row else ""
    if version in VERSIONS:
        return version
    place = row.place("value") if row else Place(f"{where}/{_MANIFEST}")
    what = f"{_VERSION} is “{values.shown(row['value'])}”." if row else f"{_VERSION} is missing."
    problems.add(place, Wrong(what, _ASK))
    return None


def _said(name: str, said: Mapping[str, Row]) -> tuple[Row | None, str]:
    """What manifest.csv has for a table: its row, if there is one, and bulk, delta or absent."""
    row = said.get(f"file.{name}".lower())
    return row, row["value"].lower() if row else ""


def _is_there(file: str, name: str, said: Mapping[str, Row], files: Mapping[str, bytes]) -> bool:
    return file in files and _said(name, said)[1] != "absent"


def _is_whole(
    where: str, there: Collection[str], needed: Collection[str], said: Mapping[str, Row], problems: Problems
) -> bool:
    """Whether the tables that are needed are there, and none holds only changes; else it is noted."""
    whole = True
    for name in sorted({*there, *needed}):
        row, value = _said(name, said)
        if row and value == "delta":
            problems.add(row.place("value"), Wrong(f"file.{name} is “delta”: it holds only what has changed.", _ASK))
        elif name not in there:
            absent = f" (manifest.csv, row {row.number}: {values.shown(value)})" if row else ""
            problems.add(Place(f"{where}/{name}.csv"), Wrong(f"This file is missing{absent}.", f"It is needed. {_ASK}"))
        else:
            continue
        whole = False
    return whole


def _needed(version: str, advisory: Advisory) -> set[str]:
    more = {"roles"} if version == "1.2" else set()
    return {"orgs", "classes", "users", "enrollments"} | more | ({"courses"} if advisory.of_course else set())


def _columns(version: str, advisory: Advisory) -> dict[str, Columns]:
    """The columns that are read of each table, in the order in which their faults are told."""
    by = {"courseSourcedId"} if advisory.of_course else {advisory.column}
    role = ("role", "orgSourcedIds") if version == "1.1" else ()
    preferred = ("preferredGivenName", "preferredFamilyName")
    written = {
        "orgs": (("sourcedId", "type"), ("name", "parentSourcedId")),
        "academicSessions": (("sourcedId", "title", "type", "startDate", "endDate"), ("parentSourcedId",)),
        "classes": (("sourcedId", "schoolSourcedId", *by), ("termSourcedIds",)),
        "users": (
            ("sourcedId", "givenName", "familyName", *role),
            ("enabledUser", "email", "agentSourcedIds", "grades", *preferred),
        ),
        "roles": (("userSourcedId", "role", "orgSourcedId"), ("endDate",)),
        "enrollments": (("classSourcedId", "userSourcedId", "role"), ("primary", "beginDate", "endDate")),
    }
    if advisory.of_course:
        written["courses"] = (("sourcedId", advisory.column), ())
    if version == "1.1":
        del written["roles"]
    return {name: Columns(needed, ("status", *more), others=True) for name, (needed, more) in written.items()}


def _sorted_out(rows: Sequence[Row], problems: Problems) -> Table:
    for row in rows:
        if row["status"].lower() not in ACTIVE + GONE:
            remedy = "The standard has active and tobedeleted, and in bulk nothing."
            problems.add(row.place("status"), Wrong(f"“{values.shown(row['status'])}” is not known here.", remedy))
    gone = tuple(row for row in rows if row["status"].lower() in GONE)
    return Table(tuple(row for row in rows if row["status"].lower() in ACTIVE), gone)
