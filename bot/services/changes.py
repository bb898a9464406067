"""What a load did, thing by thing, so that a person can read it before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Thing(StrEnum):
    """What can be added, changed or removed."""

    SCHOOL = "school"
    TERM = "term"
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

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass
class Ledger:
    """Gathers the changes while a load is running."""

    _added: list[Change] = field(default_factory=list)
    _changed: list[Change] = field(default_factory=list)
    _removed: list[Change] = field(default_factory=list)

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

    def changes(self) -> Changes:
        return Changes(tuple(self._added), tuple(self._changed), tuple(self._removed))


def _show(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(_show(part) for part in value.values())
    if isinstance(value, tuple | list | frozenset):
        return " ".join(sorted(map(_show, value)) if isinstance(value, frozenset) else map(_show, value))
    return "" if value is None else str(value)
