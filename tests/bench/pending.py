"""A table with so many deliveries pending, put there by the database itself."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from bot.store.session import Store
from tests.databases import create_tables

WORKSPACE = "T0PENDING"
START = datetime(2100, 1, 4, 12, tzinfo=UTC)
"""After any run, so that nothing of it is due by the real time."""
EACH = 33
"""Deliveries of one recipient: a quarter."""

_NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count)",
    "postgresql": "WITH numbers(n) AS (SELECT generate_series(0, :count - 1))",
}
_AT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', :start, '+' || ({}) || ' minutes') || '.000000'",
    "postgresql": "CAST(:start AS timestamptz) + ({}) * interval '1 minute'",
}
# In the order of their text, as keys made by time are: they come to stand one after another in the indexes.
_PADDED = {"sqlite": "printf('%08d', {})", "postgresql": "lpad(CAST({} AS text), 8, '0')"}
_PAYLOAD = '{"step": "evidence", "message": "nudge_evidence", "flow": "evidence", "receiver": "student", "person": 1}'


def fill(store: Store, count: int) -> None:
    """Make the tables, with so many due in the nine weeks after `START`, from tomorrow on."""
    create_tables(store)
    at = _AT[store.engine.dialect.name]
    due = at.format(f"1440 + (n % {EACH}) * 2700 + n % 7")
    ends = at.format(f"10080 + (n % {EACH}) * 2700 + n % 7")
    number, who = (_PADDED[store.engine.dialect.name].format(each) for each in ("n", f"n / {EACH}"))
    start = START.strftime("%Y-%m-%d %H:%M:%S") if store.sqlite else START
    rows = text(
        f"""
        INSERT INTO deliveries (id, workspace, kind, recipient, subject, payload, dedupe_key, due_at, next_at,
                                expires_at, state, created_at)
        {_NUMBERS[store.engine.dialect.name]}
        SELECT {number} || '-pending', '{WORKSPACE}', 'nudge', 'U' || {who}, 'person:' || {who},
               CAST(:payload AS {"text" if store.sqlite else "json"}), 'pending:' || {number},
               {due}, {due}, {ends}, 'scheduled', {at.format("0")}
          FROM numbers
        """
    )
    with store.write() as connection:
        if not store.sqlite:
            connection.execute(text("SET LOCAL synchronous_commit = off"))
        connection.execute(rows, {"count": count, "start": start, "payload": _PAYLOAD})
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)" if store.sqlite else "VACUUM ANALYZE deliveries"))
