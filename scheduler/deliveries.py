"""The deliveries table and its rows: everything that is ever said, from the wish to what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
    true,
)

from scheduler.sealed import SealedJSON

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)


class State(StrEnum):
    """Where a delivery stands. The last four are final."""

    SCHEDULED = "scheduled"
    SENDING = "sending"
    UNKNOWN = "unknown"  # it may have arrived: nobody has said
    SENT = "sent"
    DEAD = "dead"  # refused for good
    CANCELLED = "cancelled"  # no longer wanted
    EXPIRED = "expired"  # too late to be of use


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


_Key = BigInteger().with_variant(Integer, "sqlite")
# Compared by bytes, so that a range of the unique index finds all keys with a prefix.
_Prefixed = String(255).with_variant(String(255, collation="C"), "postgresql")

_SCHEDULED, _SENDING, _UNKNOWN = (text(f"state = '{state}'") for state in ("scheduled", "sending", "unknown"))


def _partial(name: str, *columns: str, where: Any) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", _Key, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("workspace", String(32), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("recipient", String(64), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("payload", SealedJSON(("id",)), nullable=False),
    Column("dedupe_key", _Prefixed, nullable=False),
    Column("due_at", Instant, nullable=False),  # its place in the lane, with seq
    Column("next_at", Instant, nullable=False),  # scheduled: not to be tried before; unknown: not to be checked before
    Column("expires_at", Instant),
    Column("state", String(16), nullable=False),
    Column("wanted", Boolean, nullable=False, server_default=true()),  # false: not to be tried again
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("owner", String(64)),
    Column("lease_until", Instant),
    Column("fence", Integer, nullable=False, server_default=text("0")),
    Column("ref_channel", String(64)),
    Column("ref_ts", Text),  # of a file it is the address, which is long
    Column("reason", Text),
    Column("missing", Integer, nullable=False, server_default=text("0")),
    Column("checked_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),  # set in the final states, and only there
    UniqueConstraint("workspace", "dedupe_key"),
    Index("ix_deliveries_subject", "workspace", "subject"),
    _partial("ix_deliveries_due", "workspace", "next_at", "due_at", "seq", where=_SCHEDULED),
    _partial("ix_deliveries_lane", "workspace", "recipient", "due_at", "seq", where=text("settled_at IS NULL")),
    _partial("ix_deliveries_lease", "lease_until", where=_SENDING),
    _partial("ix_deliveries_check", "next_at", where=_UNKNOWN),
    _partial("ix_deliveries_expiry", "expires_at", where=text("state = 'scheduled' AND expires_at IS NOT NULL")),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A delivery that is wished for.

    `recipient` names the lane: what goes to one recipient of one workspace arrives in the order of (due_at, put).
    `payload` is plain data, never rendered text. `dedupe_key` makes a second put of the same wish do nothing.
    """

    workspace: str
    kind: str
    recipient: str
    subject: str
    payload: Mapping[str, Any]
    dedupe_key: str
    due_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the table. `attempts` counts the calls that were made or may have been made."""

    seq: int
    id: str
    workspace: str
    kind: str
    recipient: str
    subject: str
    payload: Mapping[str, Any]
    dedupe_key: str
    due_at: datetime
    next_at: datetime
    expires_at: datetime | None
    state: State
    owner: str | None
    lease_until: datetime | None
    fence: int
    created_at: datetime
    wanted: bool = True
    attempts: int = 0
    ref_channel: str | None = None
    ref_ts: str | None = None
    reason: str | None = None
    missing: int = 0
    checked_at: datetime | None = None
    settled_at: datetime | None = None
    behind: tuple[tuple[int, int], ...] = ()
    """Not stored: (seq, fence) of what this process already had in hand for the lane when this one was put."""

    @property
    def lane(self) -> tuple[str, str]:
        """Workspace and recipient: within it, order is kept."""
        return self.workspace, self.recipient

    @property
    def claim(self) -> tuple[int, int]:
        """Which holding of which row: the fence grows each time a row changes hands."""
        return self.seq, self.fence


def from_row(row: Row[Any]) -> Delivery:
    """A whole row of the table as a Delivery."""
    values = dict(row._mapping)
    values["state"] = State(values["state"])
    return Delivery(**values)


def born(seq: int, values: Mapping[str, Any], behind: tuple[tuple[int, int], ...] = ()) -> Delivery:
    """The Delivery of a row just put, from what was written."""
    return Delivery(**{**values, "seq": seq, "state": State(values["state"]), "behind": behind})


def new_ids(now: datetime, count: int) -> list[str]:
    """UUIDs of version 7 (RFC 9562), in order: what is put together stands in one page of the index."""
    milliseconds = f"{int(now.timestamp() * 1000):012x}"
    head = f"{milliseconds[:8]}-{milliseconds[8:]}-7{secrets.randbits(12):03x}"
    first = 2 << 62 | secrets.randbits(61)
    tails = (f"{first + number:016x}" for number in range(count))
    return [f"{head}-{tail[:4]}-{tail[4:]}" for tail in tails]
