"""What an operator may do with deliveries: look at what waits and why, try again, drop.

Every change names the state and the fence it was decided on, so that a dispatcher at work is never overruled: what it
has in hand stays its own. Nothing that may have arrived is sent again without looking for it first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    Select,
    Update,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)

from scheduler.deliveries import Delivery, Instant, State, deliveries
from scheduler.outbox import EMPTIED

DROPPED = "dropped by an operator"

RESTORED = "restored"
"""The reason of what was due, or being sent, before a restored copy was put to use: it has long been sent."""

_d = deliveries.c
_ID = re.compile(r"[0-9a-f-]{1,36}")


class Standing(StrEnum):
    """How a delivery stands, as an operator asks for it."""

    DUE = "due"  # to be claimed at the next tick
    HELD = "held"  # due, but refused for now, or behind another of its lane
    SENDING = "sending"
    UNKNOWN = "unknown"
    DEAD = "dead"
    SCHEDULED = "scheduled"  # its time has not come
    SENT = "sent"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


WAITING = (Standing.DUE, Standing.HELD, Standing.SENDING, Standing.UNKNOWN, Standing.DEAD)
"""What an operator may have to look at."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery, how it stands, and the id of the one of its lane that it waits for."""

    delivery: Delivery
    standing: Standing
    behind: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """So many of a kind in a state."""

    kind: str
    state: State
    number: int


class Done(StrEnum):
    """What became of an operator's wish. The values after DROPPED are reasons why nothing was done."""

    SCHEDULED = "scheduled"  # it goes out now
    PLANNED = "planned"  # it goes out at its time, which has not come
    LOOKED_FOR = "looked for"  # it is unknown, and looked for now
    DROPPED = "dropped"
    IN_HAND = "in hand"  # it is being sent at this moment
    WAITS = "waits"  # it is scheduled anyway
    ARRIVED = "arrived"
    OVER = "over"  # cancelled or expired
    EMPTIED = "emptied"  # what it was to say was let go of
    CHANGED = "changed"  # it changed at this very moment: ask again


# --- looking -----------------------------------------------------------------------------------------------------


def counts(connection: Connection, workspace: str) -> list[Count]:
    """How many deliveries there are, by kind and state."""
    rows = connection.execute(
        select(_d.kind, _d.state, func.count().label("number"))
        .where(_d.workspace == workspace)
        .group_by(_d.kind, _d.state)
        .order_by(_d.kind, _d.state)
    )
    return [Count(row.kind, State(row.state), row.number) for row in rows]


@dataclass(frozen=True, slots=True)
class Held:
    """So many of a kind stand in a state, in all workspaces; when the first of them was due."""

    kind: str
    state: State
    number: int
    first_due: datetime


def held(connection: Connection) -> list[Held]:
    """What is not settled, and what is dead."""
    return [Held(row.kind, State(row.state), row.number, row.first_due) for row in connection.execute(_HELD)]


def listed(
    connection: Connection,
    workspace: str,
    now: datetime,
    standings: Iterable[Standing] = WAITING,
    kind: str | None = None,
    limit: int = 50,
) -> list[Entry]:
    """Those that stand so, at most `limit` of each standing: the longest due first, of what is over the newest."""
    found: list[Entry] = []
    for standing in standings:
        over = standing in (Standing.DEAD, Standing.SENT, Standing.EXPIRED, Standing.CANCELLED)
        order = (_d.settled_at.desc(), _d.seq.desc()) if over else (_d.due_at, _d.seq)
        query = _looking(workspace, now).where(_stands(standing, now)).order_by(*order).limit(limit)
        rows = connection.execute(query.where(_d.kind == kind) if kind else query)
        found += [_entry(row, now) for row in rows]
    return found


def named(connection: Connection, workspace: str, text: str, now: datetime, limit: int = 10) -> list[Entry]:
    """Those whose id is, begins or ends with this; several only where it is short. Ids begin with the time they were
    put at, so that their ends tell more."""
    text = text.strip().lower()
    if not _ID.fullmatch(text):
        return []
    which = _d.id == text if len(text) == 36 else or_(_d.id.like(f"{text}%"), _d.id.like(f"%{text}"))
    rows = connection.execute(_looking(workspace, now).where(which).order_by(_d.seq).limit(limit))
    return [_entry(row, now) for row in rows]


_HELD = (
    select(_d.kind, _d.state, func.count().label("number"), func.min(_d.due_at, type_=Instant).label("first_due"))
    .where(or_(_d.settled_at.is_(None), _d.state == literal_column(f"'{State.DEAD.value}'")))
    .group_by(_d.kind, _d.state)
    .execution_options(every_workspace=True)
)
_other = deliveries.alias("before")
_EXPIRED = and_(_d.expires_at.is_not(None), _d.expires_at <= bindparam("now", type_=Instant))
_CHOSEN = and_(
    _d.workspace == bindparam("held_workspace"), _d.seq == bindparam("held_seq"), _d.fence == bindparam("held_fence")
)


def _is(*states: State) -> ColumnElement[bool]:
    return or_(*(_d.state == literal_column(f"'{state.value}'") for state in states))


def _behind(now: datetime) -> ScalarSelect[str]:
    """The id of the first of its lane that holds a delivery up: one in hand or unknown, or due and before it."""
    first = or_(_other.c.due_at < _d.due_at, and_(_other.c.due_at == _d.due_at, _other.c.seq < _d.seq))
    return (
        select(_other.c.id)
        .where(
            _other.c.workspace == _d.workspace,
            _other.c.recipient == _d.recipient,
            _other.c.settled_at.is_(None),
            _other.c.due_at <= now,
            _other.c.seq != _d.seq,
            or_(_other.c.state != literal_column(f"'{State.SCHEDULED.value}'"), first),
        )
        .order_by(_other.c.due_at, _other.c.seq)
        .limit(1)
        .correlate(deliveries)
        .scalar_subquery()
    )


def _looking(workspace: str, now: datetime) -> Select[Any]:
    waits = and_(_is(State.SCHEDULED), _d.due_at <= now)
    behind = case((waits, _behind(now)), else_=None).label("held_by")
    return select(*deliveries.c, behind).where(_d.workspace == workspace)


def _stands(standing: Standing, now: datetime) -> ColumnElement[bool]:
    waits = and_(_is(State.SCHEDULED), _d.due_at <= now)
    match standing:
        case Standing.SCHEDULED:
            return and_(_is(State.SCHEDULED), _d.due_at > now)
        case Standing.DUE:
            return and_(waits, _d.next_at <= now, _behind(now).is_(None))
        case Standing.HELD:
            return and_(waits, or_(_d.next_at > now, _behind(now).is_not(None)))
        case _:
            return _is(State(standing.value))


def _entry(row: Row[Any], now: datetime) -> Entry:
    values = dict(row._mapping)
    behind = values.pop("held_by")
    delivery = Delivery(**{**values, "state": State(values["state"])})
    return Entry(delivery, _standing(delivery, behind, now), behind)


def _standing(delivery: Delivery, behind: str | None, now: datetime) -> Standing:
    if delivery.state is not State.SCHEDULED:
        return Standing(delivery.state.value)
    if delivery.due_at > now:
        return Standing.SCHEDULED
    return Standing.HELD if behind or delivery.next_at > now else Standing.DUE


# --- doing -------------------------------------------------------------------------------------------------------

_AFRESH: dict[str, Any] = {
    "wanted": True, "owner": None, "lease_until": None, "reason": None, "missing": 0, "fence": _d.fence + 1,
}  # fmt: skip
_NOW = bindparam("now", type_=Instant)
_IN_TIME = case((_d.due_at > _NOW, _d.due_at), else_=_NOW)
_SEND_AGAIN: Update = (
    update(deliveries)
    .where(_CHOSEN, _is(State.DEAD, State.EXPIRED, State.CANCELLED))
    .values(
        **_AFRESH,
        state=literal_column(f"'{State.SCHEDULED.value}'"),
        due_at=_IN_TIME,
        next_at=_IN_TIME,
        expires_at=case((_EXPIRED, None), else_=_d.expires_at),
        attempts=0,
        ref_channel=None,
        ref_ts=None,
        checked_at=None,
        settled_at=None,
    )
)
# Never found twice means twice from now on: two looks at once would not give Slack the time it may take.
_LOOK_NOW: Update = (
    update(deliveries)
    .where(_CHOSEN, _is(State.UNKNOWN))
    .values(next_at=bindparam("now", type_=Instant), wanted=True, missing=0)
)
_DROP: Update = (
    update(deliveries)
    .where(_CHOSEN, _is(State.SCHEDULED, State.UNKNOWN, State.DEAD))
    .values(
        state=literal_column(f"'{State.CANCELLED.value}'"),
        reason=DROPPED,
        wanted=False,
        owner=None,
        lease_until=None,
        fence=_d.fence + 1,
        settled_at=func.coalesce(_d.settled_at, bindparam("now", type_=Instant)),
    )
)
_FREED: dict[str, Any] = {"reason": RESTORED, "owner": None, "lease_until": None, "fence": _d.fence + 1}
_LIES: dict[str, Any] = {**_FREED, "state": State.CANCELLED, "wanted": False}
_LOOKED_FOR: dict[str, Any] = {
    **_FREED, "state": State.UNKNOWN, "wanted": True, "missing": 0, "checked_at": None, "expires_at": None,
}  # fmt: skip
_NO_RETRY = {State.SCHEDULED: Done.WAITS, State.SENDING: Done.IN_HAND, State.SENT: Done.ARRIVED}
_NO_DROP = {
    State.SENDING: Done.IN_HAND,
    State.SENT: Done.ARRIVED,
    State.EXPIRED: Done.OVER,
    State.CANCELLED: Done.OVER,
}


def retry(connection: Connection, delivery: Delivery, now: datetime) -> Done:
    """Send again what is dead, expired or cancelled: as if it had just been put, at the end of its lane, and without an
    expiry that has passed. One whose time has not come goes out at its time. What is unknown is only looked for, now;
    not found twice, it is sent again as ever."""
    if delivery.state in _NO_RETRY:
        return _NO_RETRY[delivery.state]
    if delivery.payload.get(EMPTIED):
        return Done.EMPTIED
    if delivery.state is State.UNKNOWN:
        return _do(connection, _LOOK_NOW, delivery, now, Done.LOOKED_FOR)
    done = Done.PLANNED if delivery.due_at > now else Done.SCHEDULED
    return _do(connection, _SEND_AGAIN, delivery, now, done)


def drop(connection: Connection, delivery: Delivery, now: datetime) -> Done:
    """Cancel what is scheduled, unknown or dead; no replan brings it back. What is unknown may have arrived."""
    if delivery.state in _NO_DROP:
        return _NO_DROP[delivery.state]
    return _do(connection, _DROP, delivery, now, Done.DROPPED)


def let_lie(connection: Connection, workspace: str, now: datetime, but: Collection[str] = ()) -> list[Count]:
    """In a restored copy: cancel what was due by now, or may have been sent. No replan brings it back.

    but: ids of those that must arrive in any case. Each is looked for in Slack first, and sent if it is not found.
    Returns how many were cancelled, or are looked for (`State.UNKNOWN`), of each kind. May be done again.
    """
    old = _old(workspace, now)
    found = connection.execute(select(_d.seq, _d.id, _d.kind).where(*old)).all()
    looked_for = [row for row in found if row.id in but]
    lies = [row for row in found if row.id not in but]
    for row in looked_for:
        connection.execute(update(deliveries).where(*old, _d.seq == row.seq).values(**_LOOKED_FOR, next_at=now))
    kept = _d.seq.not_in([row.seq for row in looked_for]) if looked_for else true()
    connection.execute(update(deliveries).where(*old, kept).values(**_LIES, settled_at=now))
    return [*_counted(lies, State.CANCELLED), *_counted(looked_for, State.UNKNOWN)]


def due_by(connection: Connection, workspace: str, now: datetime, but: Collection[str] = ()) -> list[Count]:
    """What `let_lie` would do."""
    found = connection.execute(select(_d.id, _d.kind).where(*_old(workspace, now))).all()
    lies, looked_for = ([row for row in found if (row.id in but) is wanted] for wanted in (False, True))
    return [*_counted(lies, State.CANCELLED), *_counted(looked_for, State.UNKNOWN)]


def _old(workspace: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What was to be sent by now, or was in hand."""
    return _d.workspace == workspace, _d.settled_at.is_(None), or_(_d.due_at <= now, ~_is(State.SCHEDULED))


def _counted(rows: Iterable[Row[*tuple[Any, ...]]], state: State) -> list[Count]:
    return [Count(kind, state, number) for kind, number in sorted(Counter(row.kind for row in rows).items())]


def _do(connection: Connection, statement: Update, delivery: Delivery, now: datetime, done: Done) -> Done:
    held = {"held_workspace": delivery.workspace, "held_seq": delivery.seq, "held_fence": delivery.fence}
    values: dict[str, Any] = {**held, "now": now}
    return done if connection.execute(statement, values).rowcount == 1 else Done.CHANGED
