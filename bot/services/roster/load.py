"""Loading a school: the folder's content becomes the database's, and what that changed is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, RowMapping

from bot.errors import SchoolError
from bot.school import Conference, Contact, Level, Person, Role, School, Term
from bot.school.roster import ROSTER
from bot.services.audit import trail
from bot.services.leaving.erasing import erased
from bot.services.nudges.rhythm import load_cadence, load_calendar
from bot.services.roster.changes import Change, Changes, Field, Ledger, Thing
from bot.services.roster.enrol import enrol
from bot.services.roster.school import day_in
from bot.store import models
from bot.store import roster as rows

__all__ = ["Change", "Changes", "Field", "Thing", "load_school"]

Spot = tuple[int, int]  # (student's id, term's id): one conference each
_TOLD = ("date", "time", "place", "cancelled")
"""What people are told of when it is another: not how long the meeting is."""


FEW = 2
"""So many students may leave by a bundle at once, however small the school."""


def load_school(
    connection: Connection, workspace: str, school: School, now: datetime, *, fewer: bool = False
) -> Changes:
    """Make the workspace's school what `school` says, within the caller's transaction; what that changed.

    Loading the same again changes nothing. A conference whose day is over stays as it is when the folder no longer
    has it: schools load one term after the other. A term stays for as long as it has conferences.
    Raises SchoolError where somebody in it was erased, or where it rests on a OneRoster bundle without most of the
    students who are here now, unless that is meant: `fewer`.
    """
    _refuse_erased(connection, workspace, school)
    if school.imported and not fewer:
        _refuse_fewer(connection, workspace, school)
    ledger = Ledger()
    _load_itself(connection, workspace, school, now, ledger)
    terms = _load_terms(connection, workspace, school.terms, ledger)
    load_calendar(connection, workspace, school, ledger)
    load_cadence(connection, workspace, school.cadence, ledger)
    people = enrol(connection, workspace, school.people, now, ledger)
    _Meetings(connection, workspace, school, terms, people, ledger).load(now)
    changes = ledger.changes()
    if changes:
        rows.change_school(connection, workspace, {"loaded_at": now})
        _note(connection, workspace, changes, now)
    return changes


def _note(connection: Connection, workspace: str, changes: Changes, now: datetime) -> None:
    """Into the audit trail: an entry for each thing, with which of its values are others now."""
    people = {row["key"]: row for row in rows.people(connection, workspace)}
    how = (("added", changes.added), ("changed", changes.changed), ("removed", changes.removed))
    entries = [_entry(one, f"{one.what}_{done}", people) for done, listed in how for one in listed]
    trail.note_all(connection, workspace, now, trail.CLI, entries)


def _entry(one: Change, kind: str, people: Mapping[str, RowMapping]) -> trail.Noted:
    key = one.name.rpartition(" ")[2].rstrip(")") if one.what is Thing.PERSON else one.name.partition(", ")[0]
    person = people.get(key)
    if one.what not in (Thing.PERSON, Thing.CONFERENCE) or person is None:
        return trail.Noted(trail.Act.CHANGED, kind)
    fields = ".".join(field.name for field in one.fields)
    thing = ":".join(filter(None, (trail.person(person["id"]), fields)))[: trail.LONGEST]
    return trail.Noted(trail.Act.CHANGED, kind, thing, person["id"] if person["role"] == Role.STUDENT else None)


def _refuse_erased(connection: Connection, workspace: str, school: School) -> None:
    """Raise SchoolError where the roster brings back somebody who was erased."""
    gone = erased(connection, workspace, [person.key for person in school.people])
    if gone:
        raise SchoolError(
            f"{_place(person)}: “{person.key}” was erased on {gone[person.key]:%Y-%m-%d}. "
            f"{_how_to_take_out(person)}; if they are to come back: conference-coach erase --allow {person.key}"
            for person in school.people
            if person.key in gone
        )


def _refuse_fewer(connection: Connection, workspace: str, school: School) -> None:
    """Raise SchoolError where most students would leave: an export that was cut short looks like that."""
    coming = {person.key for person in school.people if person.role is Role.STUDENT}
    here = [row["key"] for row in rows.people(connection, workspace) if row["role"] == Role.STUDENT and row["active"]]
    gone = [key for key in here if key not in coming]
    if len(gone) > FEW and len(gone) * 2 > len(here):
        bundle = next((person.file for person in school.people if person.file != ROSTER), ROSTER)
        raise SchoolError(
            [
                f"{bundle}: {len(gone)} of the {len(here)} students who are here now would leave. "
                "Look at whether the bundle is whole; if they are to leave: conference-coach load --fewer"
            ]
        )


def _place(person: Person) -> str:
    return f"{person.file}, row {person.row}, column {'id' if person.file == ROSTER else 'sourcedId'}"


def _how_to_take_out(person: Person) -> str:
    """The remedy: a bundle is the school's information system's, and has them again the next day."""
    if person.file == ROSTER:
        return "Take the row out"
    return f'Write leave_out = ["{person.key}"] below [oneroster] in school.toml'


def _load_itself(connection: Connection, workspace: str, school: School, now: datetime, ledger: Ledger) -> None:
    values = _school_values(school)
    stored = rows.school(connection, workspace)
    if stored is None:
        rows.add(connection, models.School, [{"workspace": workspace, **values, "loaded_at": now}])
        ledger.added(Thing.SCHOOL, school.name)
    elif ledger.compare(Thing.SCHOOL, school.name, dict(stored), values):
        rows.change_school(connection, workspace, values)


def _school_values(school: School) -> dict[str, Any]:
    lines = [{"name": line.name, "number": line.number, "hours": line.hours} for line in school.helplines]
    return {
        "name": school.name,
        "time_zone": school.time_zone,
        "language": school.language,
        "grade_band": school.grade_band.value,
        "level": school.level.value,
        "keep_days": school.keep_days,
        "hours": school.hours,
        "quiet_from": school.quiet.begin,
        "quiet_until": school.quiet.until,
        "counselors": {"keys": list(school.counselors)},
        "helplines": {"lines": lines},
    }


def _load_terms(connection: Connection, workspace: str, terms: Sequence[Term], ledger: Ledger) -> dict[str, int]:
    """Ids of terms by name. A term of another name and the same days is the same one, renamed."""
    stored = {row["name"]: row for row in rows.terms(connection, workspace)}
    names = {term.name for term in terms}
    spare = {(row["starts"], row["ends"]): row for name, row in stored.items() if name not in names}
    kept: set[int] = set()
    for term in terms:
        values = {"name": term.name, "starts": term.starts, "ends": term.ends, "level": _level(term.level)}
        row = stored.get(term.name) or spare.pop((term.starts, term.ends), None)
        if row is None:
            rows.add(connection, models.Term, [{"workspace": workspace, **values}])
            ledger.added(Thing.TERM, term.name)
            continue
        kept.add(row["id"])
        if ledger.compare(Thing.TERM, term.name, dict(row), values):
            rows.change(connection, workspace, models.Term, {row["id"]: values})
    _remove_terms(connection, workspace, [row for row in stored.values() if row["id"] not in kept], ledger)
    return {row["name"]: row["id"] for row in rows.terms(connection, workspace)}


def _level(level: Level | None) -> str | None:
    return level.value if level is not None else None


def _remove_terms(connection: Connection, workspace: str, gone: Sequence[RowMapping], ledger: Ledger) -> None:
    used = {row["term_id"] for row in rows.conferences(connection, workspace)} if gone else set()
    unused = [row for row in gone if row["id"] not in used]
    rows.remove_terms(connection, workspace, [row["id"] for row in unused])
    for row in unused:
        ledger.removed(Thing.TERM, row["name"])


@dataclass(frozen=True)
class _Meetings:
    """The conferences of one load, and who takes part in each."""

    connection: Connection
    workspace: str
    school: School
    terms: Mapping[str, int]
    people: Mapping[str, int]
    ledger: Ledger

    def load(self, now: datetime) -> None:
        stored = self._stored()
        wished = {(self.people[one.student], self.terms[one.term]): one for one in self.school.conferences}
        new = {spot: one for spot, one in wished.items() if spot not in stored}
        rows.add(self.connection, models.Conference, [self._new(spot, one) for spot, one in new.items()])
        for conference in new.values():
            self.ledger.added(Thing.CONFERENCE, _called(conference.student, conference.term))
        ids = {spot: row["id"] for spot, row in (self._stored() if new else stored).items()}
        circles = self._circles()
        here = {ids[spot]: circles[one.student] | self._ids(one.adults) for spot, one in wished.items()}
        there = self._taken_part()
        for spot, row in stored.items():
            if spot in wished:
                self._change(row, wished[spot], there[row["id"]], here[row["id"]])
        self._seat(there, here)
        self._cancel([row for spot, row in stored.items() if spot not in wished], now)

    def _stored(self) -> dict[Spot, RowMapping]:
        found = rows.conferences(self.connection, self.workspace)
        return {(row["student_id"], row["term_id"]): row for row in found}

    def _new(self, spot: Spot, conference: Conference) -> dict[str, Any]:
        student, term = spot
        return {"workspace": self.workspace, "student_id": student, "term_id": term, **_values(conference)}

    def _circles(self) -> dict[str, frozenset[int]]:
        """By student: themselves, their advisor and their family."""
        found: dict[str, set[str]] = {}
        for person in self.school.people:
            if person.role is Role.STUDENT:
                found.setdefault(person.key, set()).update(filter(None, (person.key, person.advisor)))
            for student in person.students:
                if person.contact is not Contact.NONE:
                    found.setdefault(student, set()).add(person.key)
        return {student: self._ids(keys) for student, keys in found.items()}

    @cached_property
    def _names(self) -> dict[int, str]:
        return {person: key for key, person in self.people.items()}

    def _keys(self, people: Iterable[int]) -> frozenset[str]:
        return frozenset(self._names[person] for person in people)

    def _ids(self, keys: Iterable[str]) -> frozenset[int]:
        return frozenset(self.people[key] for key in keys)

    def _taken_part(self) -> defaultdict[int, frozenset[int]]:
        found: defaultdict[int, frozenset[int]] = defaultdict(frozenset)
        for conference, person in rows.participants(self.connection, self.workspace):
            found[conference] |= {person}
        return found

    def _change(self, row: RowMapping, conference: Conference, there: frozenset[int], here: frozenset[int]) -> None:
        values = _values(conference)
        before = {**row, "people": self._keys(there)}
        after = {**values, "people": self._keys(here)}
        if self.ledger.compare(Thing.CONFERENCE, _called(conference.student, conference.term), before, after):
            rows.change(self.connection, self.workspace, models.Conference, {row["id"]: values})
        if any(row[name] != value for name, value in values.items()):
            self.ledger.moved(row["id"])
        if any(row[name] != values[name] for name in _TOLD):
            self.ledger.rescheduled(row["id"])

    def _seat(self, there: Mapping[int, frozenset[int]], here: Mapping[int, frozenset[int]]) -> None:
        before = {(conference, person) for conference in here for person in there.get(conference, ())}
        after = {(conference, person) for conference, people in here.items() for person in people}
        for conference, person in rows.still_in_channels(self.connection, self.workspace, before - after):
            self.ledger.unseated(conference, person)
        for conference in sorted({conference for conference, _ in after - before} & there.keys()):
            self.ledger.seated(conference)
        rows.remove_participants(self.connection, self.workspace, before - after)
        rows.add_participants(self.connection, self.workspace, after - before)

    def _cancel(self, gone: Sequence[RowMapping], now: datetime) -> None:
        today = day_in(self.school.time_zone, now)
        coming = [row for row in gone if not row["cancelled"] and row["date"] >= today]
        off = {row["id"]: {"cancelled": True} for row in coming}
        rows.change(self.connection, self.workspace, models.Conference, off)
        terms = {term: name for name, term in self.terms.items()}
        for row in coming:
            self.ledger.removed(Thing.CONFERENCE, _called(self._names[row["student_id"]], terms[row["term_id"]]))
            self.ledger.cancelled(row["id"])


def _values(conference: Conference) -> dict[str, Any]:
    return {
        "date": conference.date,
        "time": conference.time,
        "minutes": conference.minutes,
        "place": conference.place,
        "cancelled": False,
    }


def _called(student: str, term: str) -> str:
    return f"{student}, {term}"
