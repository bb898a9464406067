"""What must change so that what waits is what is wished for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.deliveries import Delivery, Draft, State

REPLANNED = "replanned"
"""The reason of a delivery that a replan took away, and that a later replan may bring back."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a replan did, as numbers of deliveries."""

    added: int = 0
    moved: int = 0
    cancelled: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """What is new, what changes (the row and its wish), what goes, and how many stay as they are."""

    added: tuple[Draft, ...]
    moved: tuple[tuple[Delivery, Draft], ...]
    dropped: tuple[Delivery, ...]
    kept: int


def compare(planned: Iterable[Delivery], wished: Sequence[Draft], now: datetime) -> Difference:
    """Match rows and wishes by dedupe_key. What was sent, refused or cancelled for another reason stays as it is."""
    rows = {each.dedupe_key: each for each in planned}
    keys = {draft.dedupe_key for draft in wished}
    added = tuple(draft for draft in wished if draft.dedupe_key not in rows)
    both = [(rows[draft.dedupe_key], draft) for draft in wished if draft.dedupe_key in rows]
    moved = tuple((row, draft) for row, draft in both if _changes(row, draft, now))
    dropped = tuple(row for key, row in rows.items() if key not in keys and row.settled_at is None and row.wanted)
    return Difference(added, moved, dropped, len(both) - len(moved))


def _changes(row: Delivery, draft: Draft, now: datetime) -> bool:
    if row.state is State.EXPIRED or not row.wanted:
        return _may_come_back(row, draft, now)
    return row.state is State.SCHEDULED and _wish_of(row) != _wish_of(draft)


def _may_come_back(row: Delivery, draft: Draft, now: datetime) -> bool:
    if draft.expires_at is not None and draft.expires_at <= now:
        return False
    return row.state is State.EXPIRED or (row.reason == REPLANNED and row.state not in (State.SENT, State.DEAD))


def _wish_of(each: Delivery | Draft) -> tuple[object, ...]:
    return each.kind, each.recipient, each.subject, dict(each.payload), each.due_at, each.expires_at
