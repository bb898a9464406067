"""Workspaces apart: what is not kept to one workspace is not run, and a transaction stays in the one it began with."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, insert, select, text, update

from bot.errors import ScopeError
from bot.store import scope
from bot.store.models import ALL_METADATA, Conference, Person, Term
from bot.store.session import Store
from scheduler.prepared import WATCH, Prepared
from tests.looking import ENTER, REFUSE

HERE, THERE = "T0HERE", "T0THERE"
LOOSE = select(Term.id)
BY_NAME = Prepared(select(Term.id).where(Term.workspace == bindparam("w"), Term.name == bindparam("name")))
BY_NAME_ALONE = Prepared(select(Term.id).where(Term.name == bindparam("name")))
ADD = Prepared(insert(Term).values({name: bindparam(name) for name in ("workspace", "name", "starts", "ends")}))
CODE = [path for room in ("bot", "scheduler") for path in Path(room).rglob("*.py")]
DAY = {"starts": date(2026, 9, 1), "ends": date(2026, 12, 18)}


@pytest.fixture(autouse=True)
def looked_at(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here, what a test asks is no less looked at than what the program asks."""
    monkeypatch.setattr(scope.Watch, "enter", ENTER)
    monkeypatch.setattr(scope.Watch, "refuse", REFUSE)


@pytest.fixture
def terms(store: Store) -> Store:
    """Two workspaces, each with a term of the same name."""
    for workspace in (HERE, THERE):
        with store.write() as connection:
            connection.execute(insert(Term).values(workspace=workspace, name="Q1", **DAY))
    return store


def in_(workspace: str) -> Any:
    return select(Term.name).where(Term.workspace == workspace)


def named(connection: Connection, workspace: str) -> list[Any]:
    return BY_NAME.all(connection, {"w": workspace, "name": "Q1"})


# --- one statement -------------------------------------------------------------------------------------------


def test_a_statement_that_is_tied_to_no_workspace_is_not_run(terms: Store) -> None:
    with terms.write() as connection:
        with pytest.raises(ScopeError, match="term"):
            connection.execute(update(Term).values(name="gone"))
        assert connection.scalars(in_(HERE)).all() == ["Q1"]


@pytest.mark.parametrize("sql", [text("SELECT name FROM term"), "SELECT name FROM term"], ids=["text", "the driver's"])
def test_sql_as_text_is_not_run(terms: Store, sql: Any) -> None:
    with terms.read() as connection, pytest.raises(ScopeError, match="text"):
        connection.exec_driver_sql(sql) if isinstance(sql, str) else connection.execute(sql)


def test_a_prepared_statement_that_is_tied_to_no_workspace_is_not_run(terms: Store) -> None:
    with terms.read() as connection, pytest.raises(ScopeError, match="term"):
        BY_NAME_ALONE.all(connection, {"name": "Q1"})


def test_the_refusal_shows_no_values(terms: Store) -> None:
    with terms.read() as connection, pytest.raises(ScopeError) as refused:
        connection.execute(select(Person.id).where(Person.name == "Noor Haddad"))
    assert "Noor" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("workspace", [None, "", 7])
def test_a_statement_without_a_workspaces_name_is_not_run(terms: Store, workspace: Any) -> None:
    with terms.read() as connection, pytest.raises(ScopeError, match="names no workspace"):
        connection.execute(select(Term.name).where(Term.workspace == bindparam("w")), {"w": workspace})


def test_the_same_statement_is_looked_at_each_time_it_is_run(terms: Store) -> None:
    for _ in range(2):
        with terms.read() as connection, pytest.raises(ScopeError):
            connection.execute(LOOSE)


# --- one transaction -----------------------------------------------------------------------------------------


def test_a_transaction_stays_in_its_workspace(terms: Store) -> None:
    with terms.write() as connection:
        connection.execute(in_(HERE))
        with pytest.raises(ScopeError, match=THERE):
            connection.execute(in_(THERE))
        with pytest.raises(ScopeError, match=THERE):
            named(connection, THERE)
        assert connection.scalars(in_(HERE)).all() == ["Q1"]


def test_a_transaction_that_began_with_a_prepared_statement_stays_in_its_workspace_too(terms: Store) -> None:
    with terms.read() as connection:
        assert len(named(connection, HERE)) == 1
        with pytest.raises(ScopeError, match=THERE):
            connection.execute(in_(THERE))


def test_each_transaction_chooses_anew(terms: Store) -> None:
    for workspace in (HERE, THERE, HERE):
        with terms.write() as connection:
            assert connection.scalars(in_(workspace)).all() == ["Q1"]
        with terms.read() as connection:
            assert len(named(connection, workspace)) == 1


def test_a_transaction_that_failed_leaves_nothing_of_its_workspace_behind(terms: Store) -> None:
    with pytest.raises(ZeroDivisionError), terms.write() as connection:
        connection.execute(in_(HERE))
        1 / 0  # noqa: B018
    with terms.write() as connection:
        assert connection.scalars(in_(THERE)).all() == ["Q1"]


def test_a_savepoint_is_in_its_transactions_workspace(terms: Store) -> None:
    with terms.write() as connection:
        connection.execute(in_(HERE))
        with connection.begin_nested(), pytest.raises(ScopeError, match=THERE):
            connection.execute(in_(THERE))


def test_two_workspaces_in_one_statement_are_refused(terms: Store) -> None:
    both = select(Term.id).where(Term.workspace == HERE, Term.id.in_(select(Conference.term_id).where(
        Conference.workspace == THERE)))  # fmt: skip
    with terms.read() as connection, pytest.raises(ScopeError, match="One transaction"):
        connection.execute(both)


@pytest.mark.parametrize("rows", [1, 2], ids=["with another workspace", "with another among its rows"])
def test_rows_of_another_workspace_are_not_put(terms: Store, rows: int) -> None:
    values = [{"workspace": HERE, "name": "Q2", **DAY}, {"workspace": THERE, "name": "Q2", **DAY}][-rows:]
    with terms.write() as connection:
        connection.execute(in_(HERE))
        for put in (lambda: connection.execute(insert(Term), values), lambda: ADD.many(connection, values)):
            with pytest.raises(ScopeError, match=THERE):
                put()
        assert connection.scalars(in_(HERE)).all() == ["Q1"]


def test_many_rows_in_batches_are_all_looked_at(terms: Store) -> None:
    rows = [{"workspace": HERE, "name": str(n), **DAY} for n in range(3000)]
    rows[2900]["workspace"] = THERE
    with pytest.raises(ScopeError, match=THERE), terms.write() as connection:
        connection.execute(insert(Term).returning(Term.id), rows)
    with terms.read() as connection:
        assert connection.scalars(in_(HERE)).all() == ["Q1"]


# --- of every workspace --------------------------------------------------------------------------------------


def test_what_is_of_every_workspace_says_so(terms: Store) -> None:
    marked = LOOSE.execution_options(every_workspace=True)
    with terms.read() as connection:
        assert len(connection.execute(marked).all()) == 2
        with pytest.raises(ScopeError):
            connection.execute(LOOSE)


def test_a_statement_of_every_workspace_does_not_choose_the_transactions(terms: Store) -> None:
    with terms.read() as connection:
        connection.execute(in_(THERE).execution_options(every_workspace=True))
        assert connection.scalars(in_(HERE)).all() == ["Q1"]


def test_a_connection_is_of_every_workspace_for_as_long_as_it_is_said(terms: Store) -> None:
    with terms.write() as connection:
        with scope.every_workspace(connection):
            assert len(connection.execute(LOOSE).all()) == 2
            assert [len(named(connection, workspace)) for workspace in (HERE, THERE)] == [1, 1]
            assert connection.exec_driver_sql("SELECT count(*) FROM term").scalar() == 2
        with pytest.raises(ScopeError):
            connection.execute(LOOSE)
    with terms.write() as connection, pytest.raises(ScopeError):
        connection.execute(LOOSE)


def test_a_connection_that_is_new_is_watched(terms: Store) -> None:
    terms.engine.dispose()
    with terms.read() as connection:
        assert isinstance(connection.info[WATCH], scope.Watch)
        with pytest.raises(ScopeError):
            connection.execute(LOOSE)


# --- the closed list of what is of every workspace -----------------------------------------------------------

MARKED = {
    "bot/services/installing.py": 1,  # the workspaces that have the app
    "bot/services/restoring.py": 1,  # looking a restored database over
    "bot/services/roster/school.py": 2,  # the schools there are
    "bot/services/talk/hearing.py": 1,  # letting go of old events' ids
    "bot/store/copies.py": 1,  # whether the database is a copy
    "bot/store/migrate.py": 3,  # the schema
    "bot/store/scope.py": 2,  # the option itself; looking for what leads from one workspace into another
    "bot/store/sealing.py": 1,  # keys are of the whole database
    "scheduler/lane_claim.py": 1,  # claiming what is due, whosever it is
    "scheduler/operating.py": 1,  # how much waits, for whoever looks after the process
    "scheduler/statements.py": 6,  # the same; leases, checks, expiry, purge
}
"""Where something is of every workspace by its nature, and how often it says so."""


def test_what_is_of_every_workspace_is_a_short_list() -> None:
    says = re.compile(r'every_workspace(=True|": True|\(connection\))')
    found = Counter({str(path): len(says.findall(path.read_text("utf-8"))) for path in CODE})
    assert {path: number for path, number in found.items() if number} == MARKED


# --- what leads from one workspace into another --------------------------------------------------------------


def test_every_table_bears_its_workspace() -> None:
    tables = [table for metadata in ALL_METADATA for table in metadata.sorted_tables]
    assert [table.name for table in tables if "workspace" not in table.c] == []


def test_a_row_that_refers_into_another_workspace_is_found(terms: Store) -> None:
    with terms.write() as connection, scope.every_workspace(connection):
        assert scope.strays(connection) == []
        people = [{"workspace": one, "key": "noor", "role": "student", "name": "Noor", "language": "en"}
                  for one in (HERE, THERE)]  # fmt: skip
        connection.execute(insert(Person), people)
        ids = dict(connection.execute(select(Person.workspace, Person.id)).all())
        term = connection.scalars(in_id(HERE)).one()
        held = {"date": date(2026, 12, 10), "time": "17:30", "minutes": 20, "place": "Room 12", "term_id": term}
        connection.execute(insert(Conference).values(workspace=HERE, student_id=ids[HERE], **held))
        assert scope.strays(connection) == []
        connection.execute(update(Person).where(Person.workspace == HERE).values(advisor_id=ids[THERE]))
        connection.execute(insert(Conference).values(workspace=HERE, student_id=ids[THERE], **held))
        assert set(scope.strays(connection)) == {
            scope.Stray("conference", "student_id", "person", 1), scope.Stray("person", "advisor_id", "person", 1)
        }  # fmt: skip


def in_id(workspace: str) -> Any:
    return select(Term.id).where(Term.workspace == workspace)
