"""Claiming the head of one lane: what somebody waits for does not stand in line behind all that is due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Update, bindparam, literal_column, update

from scheduler.bell import LaneKey
from scheduler.deliveries import Delivery, Instant, State, deliveries, from_row
from scheduler.statements import HEADS

_d = deliveries.c
_heads = HEADS.where(_d.recipient == bindparam("in_recipient"), _d.settled_at.is_(None)).cte("head")
CLAIM_HEAD: Update = (
    update(deliveries)
    .where(_d.seq.in_(_heads.select()))
    .values(
        state=literal_column(f"'{State.SENDING.value}'"),
        owner=bindparam("me"),
        lease_until=bindparam("new_lease", type_=Instant),
        fence=_d.fence + 1,
        reason=None,
    )
    .returning(*deliveries.c)
    .execution_options(every_workspace=True)
)


def claim_heads(
    connection: Connection, lanes: Iterable[LaneKey], now: datetime, owner: str, lease: timedelta
) -> list[Delivery]:
    """Take the first of each of these lanes into the owner's hands, where it is due and the lane is free."""
    values: dict[str, Any] = {"now": now, "limit": 1, "me": owner, "new_lease": now + lease}
    return [
        from_row(row)
        for workspace, recipient in sorted(lanes)
        for row in connection.execute(CLAIM_HEAD, {**values, "in_workspace": workspace, "in_recipient": recipient})
    ]
