"""What must change so that what waits is what is wished for. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from scheduler.deliveries import Draft, State

REPLANNED = "replanned"
"""The reason of a delivery that a replan took away, and that a later replan may bring back."""


class What(StrEnum):
    """What became of one delivery in a replan."""

    ADDED = "added"
    MOVED = "moved"  # due at another time
    ALTERED = "altered"  # due when it was, but not the same
    BACK = "back"  # it had been replanned away, or had expired
    DROPPED = "dropped"


class Change(NamedTuple):
    """One delivery that a replan changed: when it was due (None: it is new), and is now (None: it no longer is)."""

    dedupe_key: str
    what: What
    was: datetime | None
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a replan did, as numbers of deliveries, and one by one in the order of their keys."""

    added: int = 0
    moved: int = 0
    cancelled: int = 0
    kept: int = 0
    each: tuple[Change, ...] = field(default=(), compare=False)


class Planned(NamedTuple):
    """A row of an earlier plan, its payload as JSON text."""

    seq: int
    id: str
    dedupe_key: str
    kind: str
    recipient: str
    subject: str
    payload: str
    due_at: datetime
    expires_at: datetime | None
    state: str
    wanted: bool
    reason: str | None
    settled: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What is new, what changes (the row, its wish and how), what goes, and how many stay as they are."""

    added: tuple[Draft, ...]
    moved: tuple[tuple[Planned, Draft, What], ...]
    dropped: tuple[Planned, ...]
    kept: int

    def __bool__(self) -> bool:
        return bool(self.added or self.moved or self.dropped)

    def changes(self, added: int) -> Changes:
        """As they were carried out: so many were new indeed."""
        each = [
            *(Change(draft.dedupe_key, What.ADDED, None, draft.due_at) for draft in self.added),
            *(Change(row.dedupe_key, what, row.due_at, draft.due_at) for row, draft, what in self.moved),
            *(Change(row.dedupe_key, What.DROPPED, row.due_at, None) for row in self.dropped),
        ]
        ordered = tuple(sorted(each, key=lambda change: change.dedupe_key))
        return Changes(added, len(self.moved), len(self.dropped), self.kept, ordered)


def compare(planned: Iterable[Planned], wished: Sequence[Draft], now: datetime) -> Difference:
    """Match rows and wishes by dedupe_key. What was sent, refused or cancelled for another reason stays as it is."""
    rows = {row.dedupe_key: row for row in planned}
    wishes = {draft.dedupe_key: draft for draft in wished}
    added = tuple(draft for key, draft in wishes.items() if key not in rows)
    both = [(row, _unless_put_off(row, wishes[key], now)) for key, row in rows.items() if key in wishes]
    moved = tuple((row, draft, what) for row, draft in both if (what := _change(row, draft, now)))
    dropped = tuple(row for key, row in rows.items() if key not in wishes and row.wanted and not row.settled)
    return Difference(added, moved, dropped, len(both) - len(moved))


def _unless_put_off(row: Planned, draft: Draft, now: datetime) -> Draft:
    """The wish; one whose time had come and that was put off just before sending stays put off."""
    put_off = row.state == State.SCHEDULED and row.wanted and row.reason is not None
    return replace(draft, due_at=row.due_at) if put_off and draft.due_at <= now < row.due_at else draft


def _change(row: Planned, draft: Draft, now: datetime) -> What | None:
    if row.state == State.EXPIRED or not row.wanted:
        return What.BACK if _may_come_back(row, draft, now) else None
    if row.state != State.SCHEDULED:
        return None
    if row.due_at != draft.due_at:
        return What.MOVED
    return None if _same(row, draft) else What.ALTERED


def _may_come_back(row: Planned, draft: Draft, now: datetime) -> bool:
    if draft.expires_at is not None and draft.expires_at <= now:
        return False
    return row.state == State.EXPIRED or (row.reason == REPLANNED and row.state not in (State.SENT, State.DEAD))


def _same(row: Planned, draft: Draft) -> bool:
    """Whether all but the time is as it was."""
    if (row.kind, row.recipient, row.subject) != (draft.kind, draft.recipient, draft.subject):
        return False
    return row.expires_at == draft.expires_at and _same_payload(row.payload, json.dumps(draft.payload))


def _same_payload(stored: str, wished: str) -> bool:
    """By their text, which is cheap; or, if that differs, by what it says."""
    return stored == wished or json.loads(stored) == json.loads(wished)
