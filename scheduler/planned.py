"""The rows a plan stands in: read for many scopes at once, and written in bulk.

A quarter of a school is a hundred thousand rows. So they are read by one statement, without making anything of their
payloads, and what is new goes in by one statement, on SQLite in one loop of the driver's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Text,
    Update,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from scheduler import sealed
from scheduler.deliveries import Draft, Instant, State, deliveries, new_ids
from scheduler.prepared import Prepared
from scheduler.replan import REPLANNED, Difference, Planned, compare
from scheduler.statements import is_state, literal

_d = deliveries.c
_BEYOND = "\U0010ffff"
"""Sorts after all that can stand in a key."""


def difference(
    connection: Connection, workspace: str, wishes: Mapping[str, Sequence[Draft]], now: datetime
) -> Difference:
    """What must change for what stands under each scope to be what is wished for. Reads, and locks nothing.

    ValueError if a wish is of another workspace, or stands outside of its scope.
    """
    for scope, drafts in wishes.items():
        if any(draft.workspace != workspace or not draft.dedupe_key.startswith(scope) for draft in drafts):
            raise ValueError(f"a wish stands outside of workspace {workspace!r} and scope {scope!r}")
    wished = [draft for drafts in wishes.values() for draft in drafts]
    return compare(_planned(connection, workspace, list(wishes)), wished, now)


def _planned(connection: Connection, workspace: str, scopes: Sequence[str]) -> list[Planned]:
    where = {"in_workspace": workspace, "beyond": _BEYOND}
    if connection.dialect.name == "postgresql":
        return _UNDER_ALL.all(connection, where | {"scopes": json.dumps(scopes)})
    return [row for scope in scopes for row in _UNDER_ONE.all(connection, where | {"scope": scope})]


def carry_out(connection: Connection, workspace: str, change: Difference, now: datetime) -> int:
    """Write a difference down; returns how many rows were new. What has left meanwhile stays as it is."""
    if change.dropped:
        rows = [{**_held(workspace, row), "new_reason": REPLANNED, "now": now} for row in change.dropped]
        _DROP.many(connection, rows)
        _UNWANT.many(connection, rows)
    if change.moved:
        _REVIVE.many(connection, [_held(workspace, row) for row, _, _ in change.moved])
        _MOVE.many(connection, [{**_held(workspace, row), **_wish(draft, row.id)} for row, draft, _ in change.moved])
    return _add(connection, workspace, change.added, now) if change.added else 0


def _held(workspace: str, row: Planned) -> dict[str, Any]:
    return {"in_workspace": workspace, "held_seq": row.seq}


def _wish(draft: Draft, id_: str) -> dict[str, Any]:
    return {
        "new_kind": draft.kind,
        "new_recipient": draft.recipient,
        "new_subject": draft.subject,
        "new_payload": sealed.cell(_d.payload, draft.payload, id=id_),
        "new_due": draft.due_at,
        "new_expiry": draft.expires_at,
    }


def _add(connection: Connection, workspace: str, drafts: Sequence[Draft], now: datetime) -> int:
    ids = new_ids(now, len(drafts))
    same = {"workspace": workspace, "created_at": now}
    if connection.dialect.name == "postgresql":
        sealer = sealed.sealer_of(connection.dialect)
        rows = [_row(draft, id_) for id_, draft in zip(ids, drafts, strict=True)]
        rows = [{**row, "payload": sealed.as_json(row["payload"], sealer)} for row in rows]
        return _ADD_ALL.run(connection, same | {"rows": json.dumps(rows, default=datetime.isoformat)})
    return _ADD.many(connection, [{**same, **_row(draft, id_)} for id_, draft in zip(ids, drafts, strict=True)])


def _row(draft: Draft, id_: str) -> dict[str, Any]:
    values = {
        "id": id_,
        "kind": draft.kind,
        "recipient": draft.recipient,
        "subject": draft.subject,
        "payload": draft.payload,
        "dedupe_key": draft.dedupe_key,
        "due_at": draft.due_at,
        "expires_at": draft.expires_at,
    }
    return sealed.row(deliveries, values)


# --- the statements ----------------------------------------------------------------------------------------------


def _under(scope: ColumnElement[str]) -> Select[Any]:
    """The rows under a scope, as `Planned`."""
    return select(
        _d.seq,
        _d.id,
        _d.dedupe_key,
        _d.kind,
        _d.recipient,
        _d.subject,
        sealed.text_of(_d.payload).label("payload"),
        _d.due_at,
        _d.expires_at,
        _d.state,
        _d.wanted,
        _d.reason,
        _d.settled_at.is_not(None).label("settled"),
    ).where(
        _d.workspace == bindparam("in_workspace"),
        _d.dedupe_key >= scope,
        _d.dedupe_key < scope + bindparam("beyond", type_=Text),
    )


_UNDER_ONE = Prepared(_under(bindparam("scope", type_=Text)))
_scopes = func.json_array_elements_text(cast(bindparam("scopes", type_=Text), postgresql.JSON)).table_valued("value")
# LATERAL, and not to be taken apart: for each scope by the index, whatever the table's statistics say.
_rows = _under(_scopes.c.value).offset(literal_column("0")).lateral("planned")
_UNDER_ALL = Prepared(select(*_rows.c).select_from(_scopes.join(_rows, true())))

_FRESH = (
    *("id", "workspace", "kind", "recipient", "subject", "payload", "dedupe_key"),
    *("due_at", "expires_at", "created_at"),
)
_ADD = Prepared(
    sqlite.insert(deliveries)
    .values({name: bindparam(name, type_=_d[name].type) for name in _FRESH})
    .values(next_at=bindparam("due_at", type_=Instant), state=literal(State.SCHEDULED))
    .on_conflict_do_nothing()
)
_fresh = (
    func.json_to_recordset(cast(bindparam("rows", type_=Text), postgresql.JSON))
    .table_valued(
        *(column(name, Text) for name in ("id", "kind", "recipient", "subject", "payload", "dedupe_key")),
        *(column(name, Instant) for name in ("due_at", "expires_at")),
    )
    .render_derived("fresh", with_types=True)
)
_ADDED = {column.key: column for column in _fresh.c} | {
    "workspace": bindparam("workspace", type_=String),
    "payload": cast(_fresh.c.payload, postgresql.JSON),
    "next_at": _fresh.c.due_at.label("next_at"),
    "created_at": bindparam("created_at", type_=Instant),
    "state": literal(State.SCHEDULED),
}
_ADD_ALL = Prepared(
    postgresql.insert(deliveries)
    .from_select([*_ADDED], select(*_ADDED.values()), include_defaults=False)
    .on_conflict_do_nothing()
)


def _row_of(values: dict[str, Any], *where: Any) -> Update:
    mine = and_(_d.workspace == bindparam("in_workspace"), _d.seq == bindparam("held_seq"))
    return update(deliveries).where(mine, *where).values(values)


_NOW = bindparam("now", type_=Instant)
_REASON = bindparam("new_reason", type_=Text)
_GONE = _d.settled_at.is_not(None)

# What waits is cancelled; what is in hand or unknown is not to be tried again.
_DROP = Prepared(
    _row_of(
        {"state": literal(State.CANCELLED), "reason": _REASON, "settled_at": _NOW, "wanted": False},
        is_state(State.SCHEDULED),
    )
)
_UNWANT = Prepared(_row_of({"wanted": False, "reason": _REASON}, _d.settled_at.is_(None)))
_REVIVE = Prepared(
    _row_of(
        {
            "state": case((_GONE, literal(State.SCHEDULED)), else_=_d.state),
            "wanted": True,
            "reason": None,
            "settled_at": None,
        },
        # Not what was settled otherwise since it was read: it may have been sent.
        is_state(State.CANCELLED) | is_state(State.EXPIRED) | (~_d.wanted & ~_GONE),
    )
)
_MOVE = Prepared(
    _row_of(
        {
            "kind": bindparam("new_kind"),
            "recipient": bindparam("new_recipient"),
            "subject": bindparam("new_subject"),
            "payload": bindparam("new_payload", type_=_d.payload.type),
            "due_at": bindparam("new_due", type_=Instant),
            "next_at": bindparam("new_due", type_=Instant),
            "expires_at": bindparam("new_expiry", type_=Instant),
        },
        is_state(State.SCHEDULED),
    )
)
