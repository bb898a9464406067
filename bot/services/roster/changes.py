"""What a load did, thing by thing, so that a person can read it before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum


class Thing(StrEnum):
    """What can be added, changed or removed."""

    SCHOOL = "school"
    TERM = "term"
    CALENDAR = "calendar"
    CADENCE = "cadence"
    PERSON = "person"
    CONFERENCE = "conference"


@dataclass(frozen=True)
class Field:
    """One value that is another now; "" is none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Change:
    """What happened to one thing; `name` tells a reader which."""

    what: Thing
    name: str
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Changes:
    """What a load did. Nothing a student wrote is ever deleted: removed people are set inactive, removed conferences
    are cancelled."""

    added: tuple[Change, ...] = ()
    changed: tuple[Change, ...] = ()
    removed: tuple[Change, ...] = ()
    moved: tuple[int, ...] = ()
    """Ids of the conferences with another date, time, place or length: what stands in their channels is to follow."""
    rescheduled: tuple[int, ...] = ()
    """Those of them with another date, time or place, or that take place after all: people are to be told."""
    cancelled: tuple[int, ...] = ()
    """Ids of the conferences that were still to come, and do not take place."""
    hushed: tuple[int, ...] = ()
    """Ids of the adults who may no longer be written to."""
    readdressed: tuple[int, ...] = ()
    """Ids of those who are reached in another way now: families at another address, anybody by a given Slack id."""
    unseated: tuple[tuple[int, int], ...] = ()
    """Who no longer belongs to a conference, but was brought into its channel: (conference's id, person's id)."""
    seated: tuple[int, ...] = ()
    """Ids of the stored conferences that somebody has come to belong to."""
    respoken: tuple[int, ...] = ()
    """Ids of those who are spoken to in another language now."""
    shut_out: tuple[tuple[int, str], ...] = ()
    """Who is not let in as what they are now with the account they have: (person's id, the Slack id they had)."""
    consented: tuple[tuple[int, bool], ...] = ()
    """Whose consent to take part was given (true) or withdrawn: (student's id, which)."""

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass
class Ledger:
    """Gathers the changes while a load is running."""

    _added: list[Change] = field(default_factory=list)
    _changed: list[Change] = field(default_factory=list)
    _removed: list[Change] = field(default_factory=list)
    _moved: list[int] = field(default_factory=list)
    _rescheduled: list[int] = field(default_factory=list)
    _cancelled: list[int] = field(default_factory=list)
    _hushed: list[int] = field(default_factory=list)
    _readdressed: list[int] = field(default_factory=list)
    _unseated: list[tuple[int, int]] = field(default_factory=list)
    _seated: list[int] = field(default_factory=list)
    _respoken: list[int] = field(default_factory=list)
    _shut_out: list[tuple[int, str]] = field(default_factory=list)
    _consented: list[tuple[int, bool]] = field(default_factory=list)

    def moved(self, conference: int) -> None:
        self._moved.append(conference)

    def rescheduled(self, conference: int) -> None:
        self._rescheduled.append(conference)

    def cancelled(self, conference: int) -> None:
        self._cancelled.append(conference)

    def hushed(self, person: int) -> None:
        self._hushed.append(person)

    def readdressed(self, person: int) -> None:
        self._readdressed.append(person)

    def unseated(self, conference: int, person: int) -> None:
        self._unseated.append((conference, person))

    def seated(self, conference: int) -> None:
        self._seated.append(conference)

    def respoken(self, person: int) -> None:
        self._respoken.append(person)

    def shut_out(self, person: int, slack_id: str) -> None:
        self._shut_out.append((person, slack_id))

    def consented(self, student: int, given: bool) -> None:
        self._consented.append((student, given))

    def added(self, what: Thing, name: str) -> None:
        self._added.append(Change(what, name))

    def removed(self, what: Thing, name: str) -> None:
        self._removed.append(Change(what, name))

    def compare(self, what: Thing, name: str, before: Mapping[str, object], after: Mapping[str, object]) -> bool:
        """Note the values that differ, if any do. Lists of ids are shown with blanks between them."""
        fields = tuple(Field(key, _show(before[key]), _show(after[key])) for key in after if before[key] != after[key])
        if fields:
            self._changed.append(Change(what, name, fields))
        return bool(fields)

    def compare_all(
        self, what: Thing, before: Mapping[str, Mapping[str, object]], after: Mapping[str, Mapping[str, object]]
    ) -> None:
        """Note what was added, changed and removed among things that are named."""
        for name, values in after.items():
            if name in before:
                self.compare(what, name, before[name], values)
            else:
                self.added(what, name)
        for name in before:
            if name not in after:
                self.removed(what, name)

    def changes(self) -> Changes:
        return Changes(
            tuple(self._added),
            tuple(self._changed),
            tuple(self._removed),
            tuple(self._moved),
            tuple(self._rescheduled),
            tuple(self._cancelled),
            tuple(self._hushed),
            tuple(self._readdressed),
            tuple(self._unseated),
            tuple(self._seated),
            tuple(self._respoken),
            tuple(self._shut_out),
            tuple(self._consented),
        )


def _show(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, Mapping):
        return ", ".join(_show(part) for part in value.values())
    if isinstance(value, tuple | list | frozenset):
        return " ".join(sorted(map(_show, value)) if isinstance(value, frozenset) else map(_show, value))
    return "" if value is None else str(value)
