"""What the databases do with the outbox's statements: by an index, whatever is pending."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from bot.store.session import Store
from scheduler import prepared
from scheduler.outbox import Outbox
from scheduler.prepared import execute
from tests.scheduler.fakes import NOON, draft

outbox = Outbox("ours")


@pytest.fixture
def pending(store: Store) -> Store:
    """Three thousand for next week, and the database knows it."""
    with store.write() as connection:
        drafts = [draft(f"d{n}", f"R{n % 300}", due=NOON + timedelta(days=7)) for n in range(3000)]
        outbox.put(connection, drafts, NOON)
    with store.write() as connection:
        connection.execute(text("ANALYZE"))
    return store


def plans(store: Store, verb: Any) -> list[str]:
    """How the database goes about each statement of a verb, in its own words."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    def noted(connection: Any, sql: str, values: Any = (), **rest: Any) -> Any:
        seen.append((sql, tuple(values) if store.sqlite else values))
        return execute(connection, sql, values, **rest)

    with store.write() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepared, "execute", noted)
        event.listen(connection, "before_cursor_execute", note)
        verb(connection)
        event.remove(connection, "before_cursor_execute", note)
        explain = "EXPLAIN QUERY PLAN" if store.sqlite else "EXPLAIN"
        return [
            "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {sql}", parameters))
            for sql, parameters in seen
        ]


VERBS = {
    "claim": (lambda c: outbox.claim(c, NOON, 100, "T1"), "ix_deliveries_due"),
    "claimable": (lambda c: outbox.claimable(c, NOON), "ix_deliveries_due"),
    "put": (lambda c: outbox.put(c, [draft("new", "R1")], NOON, claim=True), "ix_deliveries_lane"),
    "sweep": (lambda c: outbox.sweep(c, NOON), "ix_deliveries_lease"),
    "look": (lambda c: outbox.due_for_check(c, NOON, 20), "ix_deliveries_check"),
    "expire": (lambda c: outbox.expire(c, NOON), "ix_deliveries_expiry"),
    "cancel": (lambda c: outbox.cancel(c, "T1", NOON, "why", prefix="d17"), "dedupe_key"),
    "forget": (lambda c: outbox.forget(c, "T1", "nobody"), "ix_deliveries_subject"),
    "purge": (lambda c: outbox.purge(c, NOON), r"INTEGER PRIMARY KEY|pk_deliveries"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_goes_by_its_index_and_never_through_the_table(pending: Store, verb: str) -> None:
    call, index = VERBS[verb]
    found = "\n".join(plans(pending, call))
    if verb == "purge":  # it walks the key from the oldest row to the first that is kept, and stops
        found = found.replace("SCAN other", "WALK other")
    assert re.search(index, found)
    assert not re.search(r"Seq Scan on deliveries|SCAN (deliveries|d|other)\b(?! USING)", found), found


def test_a_lane_is_looked_up_by_its_index_when_claiming(pending: Store) -> None:
    (plan,) = plans(pending, VERBS["claim"][0])
    assert "ix_deliveries_lane" in plan
    assert "SORT" not in plan.upper().replace("SORT KEY", "") or not pending.sqlite
