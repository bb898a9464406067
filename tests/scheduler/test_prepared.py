"""Prepared statements do what executing them through SQLAlchemy does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from bot.store.session import Store
from scheduler import sealed
from scheduler.deliveries import deliveries
from scheduler.prepared import Prepared
from tests.scheduler.fakes import NOON

_d = deliveries.c
FIELDS = ("id", "workspace", "kind", "recipient", "subject", "payload", "dedupe_key", "due_at", "next_at", "state",
          "created_at")  # fmt: skip
PUT = Prepared(insert(deliveries).values({name: bindparam(name, type_=_d[name].type) for name in FIELDS}))
GET = Prepared(
    select(_d.id, _d.payload, _d.due_at, _d.expires_at)
    .where(_d.workspace == bindparam("workspace"), _d.kind == "say")
    .order_by(_d.seq)
)
MOVE = Prepared(update(deliveries).where(_d.id == bindparam("which")).values(kind="moved", due_at=bindparam("to")))
EAST = timezone(timedelta(hours=9))


def row(name: str, due: datetime = NOON) -> dict[str, object]:
    values = {
        "id": name, "workspace": "T1", "kind": "say", "recipient": "U1", "subject": "s", "payload": {"ñ": [1, None]},
        "dedupe_key": name, "due_at": due, "next_at": due, "state": "sent", "created_at": due,
    }  # fmt: skip
    return sealed.row(deliveries, values)


def test_values_and_rows_are_converted_by_their_types(store: Store) -> None:
    with store.write() as connection:
        assert PUT.run(connection, row("a", NOON.astimezone(EAST))) == 1
        found = GET.first(connection, {"workspace": "T1"})
    assert (found.id, found.payload, found.due_at, found.expires_at) == ("a", {"ñ": [1, None]}, NOON, None)
    assert found.due_at.utcoffset() == timedelta(0)


def test_many_are_run_and_counted(store: Store) -> None:
    with store.write() as connection:
        assert PUT.many(connection, [row("a"), row("b"), row("c")]) == 3
        later = [{"which": name, "to": NOON + timedelta(hours=1)} for name in ("a", "b", "nobody")]
        assert MOVE.many(connection, later) == 2
        assert [one.id for one in GET.all(connection, {"workspace": "T1"})] == ["c"]


def test_it_is_part_of_the_transaction(store: Store) -> None:
    with pytest.raises(KeyError), store.write() as connection:
        PUT.run(connection, row("a"))
        raise KeyError
    with store.read() as connection:
        assert GET.first(connection, {"workspace": "T1"}) is None


def test_an_error_is_sqlalchemys_and_shows_no_values(store: Store) -> None:
    secret = row("a") | {"payload": sealed.cell(_d.payload, {"text": "a student's words"}, id="a")}
    with pytest.raises(IntegrityError) as caught, store.write() as connection:
        PUT.run(connection, secret)
        PUT.run(connection, secret)
    assert "words" not in str(caught.value)
    assert "parameters hidden" in str(caught.value) or "[SQL:" in str(caught.value)


def test_a_naive_instant_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="naive"), store.write() as connection:
        PUT.run(connection, row("a", datetime(2026, 12, 1, 12)))  # noqa: DTZ001


def test_a_connection_that_is_gone_is_given_up(store: Store) -> None:
    if store.sqlite:
        pytest.skip("SQLite has no server to lose")
    with pytest.raises(OperationalError), store.write() as connection:
        victim = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with store.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": victim})
        GET.first(connection, {"workspace": "T1"})
    with store.write() as connection:
        assert PUT.run(connection, row("a")) == 1


def test_a_wrong_statement_is_named(store: Store) -> None:
    with pytest.raises(SQLAlchemyError, match="nowhere"), store.write() as connection:
        Prepared(text("SELECT 1 FROM nowhere")).all(connection, {})


def test_instants_of_one_moment_are_equal_in_all_columns(store: Store) -> None:
    now = datetime(2026, 12, 1, 12, 0, 0, 123456, tzinfo=UTC)
    with store.write() as connection:
        PUT.run(connection, row("a", now))
        stored = connection.execute(select(_d.due_at, _d.next_at, _d.created_at)).one()
    assert tuple(stored) == (now, now, now)
