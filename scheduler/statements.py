"""The outbox's SQL, built once. States stand in it as literals, so that both databases can use the partial indexes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    ScalarSelect,
    Select,
    String,
    Update,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.selectable import NamedFromClause

from scheduler.deliveries import Instant, State, deliveries
from scheduler.prepared import Prepared

_d = deliveries.c
_NOW = bindparam("now", type_=Instant)


def is_state(state: State, table: Any = deliveries) -> ColumnElement[bool]:
    """`state = '…'` with the state written out."""
    column: ColumnElement[str] = table.c.state
    return column == literal_column(f"'{state.value}'")


def literal(state: State) -> ColumnElement[str]:
    """The state written out."""
    return literal_column(f"'{state.value}'")


# --- put ---------------------------------------------------------------------------------------------------------

BORN_WITH = (
    *("id", "workspace", "kind", "recipient", "subject", "payload", "dedupe_key", "due_at", "next_at", "expires_at"),
    *("state", "owner", "lease_until", "fence", "created_at"),
)
"""The columns of a new row that are written; the others have their defaults."""

_WRITTEN = {name: bindparam(name, type_=deliveries.c[name].type) for name in BORN_WITH}
INSERT: dict[str, Executable] = {
    "sqlite": sqlite.insert(deliveries).values(_WRITTEN).on_conflict_do_nothing().returning(_d.seq, _d.id),
    "postgresql": postgresql.insert(deliveries).values(_WRITTEN).on_conflict_do_nothing().returning(_d.seq, _d.id),
}

_other = deliveries.alias("other")
_IN_LANE = and_(
    _other.c.workspace == bindparam("workspace"),
    _other.c.recipient == bindparam("recipient"),
    _other.c.settled_at.is_(None),
    _other.c.due_at <= _NOW,
)
# Something of the lane waits, is unknown, or is in another's hands.
_blocked = select(
    exists()
    .where(_IN_LANE, or_(_other.c.state != literal(State.SENDING), _other.c.owner != bindparam("owner")))
    .label("blocked")
).subquery("lane")
_lane_blocked = _blocked.c.blocked
_BORN = {
    **_WRITTEN,
    "state": case((_lane_blocked, literal(State.SCHEDULED)), else_=literal(State.SENDING)),
    "owner": case((_lane_blocked, None), else_=_WRITTEN["owner"]),
    "lease_until": case((_lane_blocked, None), else_=_WRITTEN["lease_until"]),
    "fence": case((_lane_blocked, literal_column("0")), else_=literal_column("1")),
}
_CLAIM_TEXT = cast(_other.c.seq, String) + literal_column("':'") + cast(_other.c.fence, String)


def _behind(join: Any) -> ScalarSelect[str]:
    """What is in hand for the lane: "seq:fence,seq:fence"."""
    joined: ColumnElement[str] = join(_CLAIM_TEXT, literal_column("','"))
    return select(joined).where(_IN_LANE, _other.c.id != bindparam("id")).scalar_subquery()


def _insert_claimed(dialect: Any, join: Any) -> Executable:
    born = select(*(_BORN[name].label(name) for name in BORN_WITH)).select_from(_blocked).where(text("1 = 1"))
    insert = dialect.insert(deliveries).from_select(list(BORN_WITH), born, include_defaults=False)
    claimed: Executable = insert.on_conflict_do_nothing().returning(_d.seq, _d.state, _behind(join).label("behind"))
    return claimed


INSERT_CLAIMED = Prepared(
    {
        "sqlite": _insert_claimed(sqlite, func.group_concat),
        "postgresql": _insert_claimed(postgresql, func.string_agg),
    }
)
"""One row, in the hands of `owner` unless its lane is blocked."""


# --- claim -------------------------------------------------------------------------------------------------------

# The workspaces that have something due, each found by one step along the index however much is pending. The whole
# order of the index is asked for: PostgreSQL, planning without the values, would else come to walk through the table.
DUE_WORKSPACES = (
    text(
        """
    WITH RECURSIVE pending(workspace) AS (
        SELECT workspace FROM (SELECT workspace FROM deliveries WHERE state = 'scheduled'
                                ORDER BY workspace, next_at, due_at, seq LIMIT 1) AS least
        UNION ALL
        SELECT (SELECT d.workspace FROM deliveries d
                 WHERE d.state = 'scheduled' AND d.workspace > pending.workspace
                 ORDER BY d.workspace, d.next_at, d.due_at, d.seq LIMIT 1)
          FROM pending WHERE pending.workspace IS NOT NULL)
    SELECT pending.workspace FROM pending
     WHERE pending.workspace IS NOT NULL
       AND (SELECT d.next_at FROM deliveries d
             WHERE d.state = 'scheduled' AND d.workspace = pending.workspace
             ORDER BY d.workspace, d.next_at, d.due_at, d.seq LIMIT 1) <= :now
    """
    )
    .bindparams(_NOW)
    .execution_options(every_workspace=True)
)


def _held_up(other: NamedFromClause[Any]) -> ColumnElement[bool]:
    """Another of the lane is in hand or unknown, or is due and comes first."""
    before = or_(other.c.due_at < _d.due_at, and_(other.c.due_at == _d.due_at, other.c.seq < _d.seq))
    return exists().where(
        other.c.workspace == _d.workspace,
        other.c.recipient == _d.recipient,
        other.c.settled_at.is_(None),
        other.c.due_at <= _NOW,
        other.c.seq != _d.seq,
        or_(other.c.state != literal(State.SCHEDULED), before),
    )


HEADS: Select[Any] = (
    select(_d.seq)
    .where(
        _d.workspace == bindparam("in_workspace"),
        is_state(State.SCHEDULED),
        _d.next_at <= _NOW,
        or_(_d.expires_at.is_(None), _d.expires_at > _NOW),
        ~_held_up(deliveries.alias("other")),
    )
    .order_by(_d.next_at, _d.due_at, _d.seq)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)

_heads = HEADS.cte("heads")
# One tick claims for every workspace, each its own.
CLAIM: Update = (
    update(deliveries)
    .where(_d.seq.in_(select(_heads.c.seq)))
    .values(
        state=literal(State.SENDING),
        owner=bindparam("me"),
        lease_until=bindparam("new_lease", type_=Instant),
        fence=_d.fence + 1,
        reason=None,
    )
    .returning(*deliveries.c)
    .execution_options(every_workspace=True)
)


# --- settle: only by who holds it --------------------------------------------------------------------------------

# By the id too: SQLite gives the number of the newest row again once that is erased.
_MINE = and_(
    _d.workspace == bindparam("held_workspace"),
    _d.seq == bindparam("held_seq"),
    _d.id == bindparam("held_id"),
    _d.fence == bindparam("held_fence"),
)
_HELD = and_(_MINE, is_state(State.SENDING))
# Why it is no longer wanted is kept: a replan that wants it again goes by that.
_REASON = case((_d.wanted, bindparam("new_reason")), else_=_d.reason)

FINISH = Prepared(
    update(deliveries)
    .where(_HELD)
    .values(
        state=bindparam("new_state"),
        ref_channel=bindparam("new_channel"),
        ref_ts=bindparam("new_ts"),
        reason=bindparam("new_reason"),
        attempts=_d.attempts + bindparam("tried"),
        lease_until=None,
        settled_at=_NOW,
    )
)

GIVE_BACK = Prepared(
    update(deliveries)
    .where(_HELD)
    .values(
        state=case((_d.wanted, literal(State.SCHEDULED)), else_=literal(State.CANCELLED)),
        settled_at=case((_d.wanted, None), else_=_NOW),
        due_at=bindparam("new_due", type_=Instant),
        next_at=bindparam("new_next", type_=Instant),
        reason=_REASON,
        attempts=_d.attempts + bindparam("tried"),
        owner=None,
        lease_until=None,
    )
)

DOUBT = Prepared(
    update(deliveries)
    .where(_HELD)
    .values(
        state=literal(State.UNKNOWN),
        next_at=bindparam("new_next", type_=Instant),
        reason=_REASON,
        attempts=_d.attempts + 1,
        missing=0,
        lease_until=None,
    )
)


# --- leases that ran out, and looking for what is unknown --------------------------------------------------------


def _lost(found: ColumnElement[bool]) -> Update:
    chosen = select(_d.seq).where(is_state(State.SENDING), found).with_for_update(skip_locked=True).cte("lost")
    return (
        update(deliveries)
        .where(_d.seq.in_(select(chosen.c.seq)))
        .values(
            state=literal(State.UNKNOWN),
            fence=_d.fence + 1,
            attempts=_d.attempts + 1,
            next_at=bindparam("new_next", type_=Instant),
            reason=_REASON,
            missing=0,
            lease_until=None,
        )
        .returning(_d.seq)
        .execution_options(every_workspace=True)
    )


SWEEP = _lost(_d.lease_until <= _NOW)
RECOVER = _lost(_d.owner != bindparam("me"))

_UNSURE = (
    select(_d.seq)
    .where(is_state(State.UNKNOWN), _d.next_at <= _NOW)
    .order_by(_d.next_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)


def _claim_check(unsure: Select[int]) -> Update:
    chosen = unsure.cte("unsure")
    return (
        update(deliveries)
        .where(_d.seq.in_(select(chosen.c.seq)))
        .values(fence=_d.fence + 1, owner=bindparam("me"), next_at=bindparam("new_next", type_=Instant))
        .returning(*deliveries.c)
        .execution_options(every_workspace=True)
    )


CLAIM_CHECK = _claim_check(_UNSURE)
CLAIM_CHECK_OF_ONE = _claim_check(_UNSURE.where(_d.workspace == bindparam("in_workspace")))

_CHECKING = and_(_MINE, is_state(State.UNKNOWN))

FOUND: Update = (
    update(deliveries)
    .where(_CHECKING)
    .values(
        state=literal(State.SENT),
        ref_channel=bindparam("new_channel"),
        ref_ts=bindparam("new_ts"),
        reason=None,
        checked_at=_NOW,
        settled_at=_NOW,
    )
)
LOOK_AGAIN: Update = (
    update(deliveries)
    .where(_CHECKING)
    .values(
        missing=_d.missing + bindparam("missed"),
        checked_at=_NOW,
        next_at=bindparam("new_next", type_=Instant),
        reason=_REASON,
    )
)
NOT_THERE: Update = (
    update(deliveries)
    .where(_CHECKING)
    .values(
        state=case((_d.wanted, literal(State.SCHEDULED)), else_=literal(State.CANCELLED)),
        settled_at=case((_d.wanted, None), else_=_NOW),
        next_at=_NOW,
        checked_at=_NOW,
        missing=0,
        owner=None,
    )
)


# --- expire, cancel, forget, purge -------------------------------------------------------------------------------

EXPIRE: Update = (
    update(deliveries)
    .where(is_state(State.SCHEDULED), _d.expires_at.is_not(None), _d.expires_at <= _NOW)
    .values(state=literal(State.EXPIRED), settled_at=_NOW)
    .execution_options(every_workspace=True)
)

_BY_SUBJECT = and_(_d.workspace == bindparam("in_workspace"), _d.subject == bindparam("of_subject"))
_BY_PREFIX = and_(
    _d.workspace == bindparam("in_workspace"),
    _d.dedupe_key >= bindparam("prefix"),
    _d.dedupe_key < bindparam("prefix_end"),
)
_BY_LANE = and_(
    _d.workspace == bindparam("in_workspace"),
    _d.recipient == bindparam("to_recipient"),
    _d.settled_at.is_(None),
    or_(_d.dedupe_key < bindparam("spare"), _d.dedupe_key >= bindparam("spare_end")),
)


def _cancel(chosen: ColumnElement[bool]) -> tuple[Update, Update]:
    """What waits is cancelled; what is in hand or unknown is not to be tried again."""
    waiting = (
        update(deliveries)
        .where(chosen, is_state(State.SCHEDULED))
        .values(state=literal(State.CANCELLED), reason=bindparam("new_reason"), settled_at=_NOW, wanted=False)
    )
    in_hand = (
        update(deliveries).where(chosen, _d.settled_at.is_(None)).values(wanted=False, reason=bindparam("new_reason"))
    )
    return waiting, in_hand


CANCEL_SUBJECT = _cancel(_BY_SUBJECT)
CANCEL_PREFIX = _cancel(_BY_PREFIX)
CANCEL_LANE = _cancel(_BY_LANE)
FORGET = delete(deliveries).where(_BY_SUBJECT)
_BEFORE = bindparam("before", type_=Instant)
_SINCE = select(_other.c.seq).where(_other.c.created_at >= _BEFORE).order_by(_other.c.seq).limit(1).scalar_subquery()
# By the key, in which old rows come first: an index on settled_at would cost every reply a page.
PURGE = (
    delete(deliveries)
    .where(_d.seq < func.coalesce(_SINCE, literal_column("9223372036854775807")), _d.settled_at < _BEFORE)
    .execution_options(every_workspace=True)
)

_IN_TIME = and_(_d.settled_at >= bindparam("since", type_=Instant), _d.settled_at < _BEFORE)
HEAVY = (
    select(_d.seq, _d.id, _d.payload)
    .where(_d.workspace == bindparam("in_workspace"), _d.seq > bindparam("after"), _IN_TIME)
    .order_by(_d.seq)
    .limit(bindparam("limit"))
)
LIGHTEN: Update = (
    update(deliveries)  # not what a replan has revived since
    .where(_d.workspace == bindparam("in_workspace"), _d.seq == bindparam("held_seq"), _d.settled_at < _BEFORE)
    .values(payload=bindparam("new_payload", type_=_d.payload.type))
)
