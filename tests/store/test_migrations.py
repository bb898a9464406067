from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, inspect, text

from bot.errors import StoreError
from bot.store.migrate import OPTIONS, connect, current, downgrade, migrate, newest, require_current
from bot.store.models import ALL_METADATA
from bot.store.session import Store
from tests.databases import create_tables, postgresql_url

EVERY = ("0001", "0002", "0003", "0004", "0005")
DAY, AT = date(2026, 12, 10), datetime(2026, 12, 10, 17, 30, tzinfo=UTC)


@contextmanager
def empty_store(kind: str, path: Path) -> Iterator[Store]:
    if kind == "sqlite":
        store = Store(f"sqlite:///{path}")
        yield store
        store.close()
        return
    with postgresql_url() as url:
        store = Store(url)
        yield store
        store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bare(kind: str, tmp_path: Path) -> Iterator[Store]:
    with empty_store(kind, tmp_path / "bare.db") as store:
        yield store


def differences(store: Store) -> list[Any]:
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts=OPTIONS | {"compare_server_default": True})
        everything: Any = list(ALL_METADATA)  # Alembic takes several, its annotation does not say so
        return list(compare_metadata(context, everything))


def indexes(store: Store) -> dict[str, str]:
    """Every index as the database describes it: conditions of partial ones too, which Alembic does not compare."""
    described = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    }[store.engine.dialect.name]
    with store.read() as connection:
        return {name: sql for name, sql in connection.execute(text(described)) if name != "alembic_version_pkc"}


def tables(store: Store) -> set[str]:
    return set(inspect(store.engine).get_table_names())


def test_the_migrations_make_what_the_models_say(bare: Store) -> None:
    migrate(bare)
    assert differences(bare) == []


def test_the_migrations_make_the_indexes_of_the_models(kind: str, bare: Store, tmp_path: Path) -> None:
    migrate(bare)
    with empty_store(kind, tmp_path / "models.db") as modelled:
        create_tables(modelled)
        assert indexes(bare) == indexes(modelled)


def test_down_takes_everything_out_and_up_brings_it_back(bare: Store) -> None:
    migrate(bare)
    downgrade(bare)
    assert tables(bare) == {"alembic_version"}
    assert migrate(bare) == EVERY
    assert differences(bare) == []


def test_migrating_tells_what_it_ran_and_then_has_nothing_to_do(bare: Store) -> None:
    assert current(bare) is None
    assert migrate(bare)[-1] == newest()
    assert migrate(bare) == ()
    assert current(bare) == newest()


def test_rows_outlive_a_second_migration(bare: Store) -> None:
    migrate(bare)
    with bare.write() as connection:
        connection.execute(
            text(
                "INSERT INTO term (id, workspace, name, starts, ends) "
                "VALUES (1, 'T1', 'Autumn', '2026-09-01', '2026-12-18')"
            )
        )
    migrate(bare)
    with bare.read() as connection:
        assert connection.execute(text("SELECT name FROM term")).scalar() == "Autumn"


def add(connection: Connection, table: str, **values: Any) -> None:
    """A row of a table as it is in the database now; what must be there and is not given is of no interest."""
    there = Table(table, MetaData(), autoload_with=connection)
    anything = {int: 0, str: "", bool: True, date: DAY, datetime: AT, object: {}, dict: {}}
    needed = [column for column in there.columns if not column.nullable and column.server_default is None]
    filled = {column.name: anything[column.type.python_type] for column in needed if column.name != "id"}
    connection.execute(there.insert().values({**filled, "workspace": "T1", **values}))


def test_what_a_school_has_already_outlives_the_meeting_and_after(bare: Store) -> None:
    migrate(bare, "0002")
    with bare.write() as connection:
        add(connection, "term", id=1, name="Autumn")
        add(connection, "person", id=1, key="noor", role="student", name="Noor", language="es")
        add(connection, "person", id=2, key="amal", role="family", name="Amal", language="en")
        add(connection, "guardian", adult_id=2, student_id=1)
        add(connection, "conference", id=1, student_id=1, term_id=1)
        add(connection, "participant", conference_id=1, person_id=2, invite="joined")
        add(connection, "conversation", id=1, person_id=1)
        add(connection, "answer", id=1, conversation_id=1, conference_id=1, text="Bridges.")
        add(connection, "alert", id=1, student_id=1, answer_id=1, level="worry")
    assert migrate(bare, "0003") == ("0003",)
    kept = {
        "SELECT name, level FROM term": ("Autumn", None),
        "SELECT name, language, level, chosen_language FROM person WHERE id = 1": ("Noor", "es", None, None),
        "SELECT adult_id, student_id, household, contact FROM guardian": (2, 1, "", "all"),
        "SELECT invite, coming, mode, interpreter, answered_at FROM participant": ("joined", "", "", "", None),
        "SELECT level, answer_id, note_id FROM alert": ("worry", 1, None),
        "SELECT text FROM answer": ("Bridges.",),
    }
    with bare.read() as connection:
        assert {asked: tuple(connection.execute(text(asked)).one()) for asked in kept} == kept
    downgrade(bare, "0002")
    with bare.read() as connection:
        assert connection.execute(text("SELECT level, answer_id FROM alert")).one() == ("worry", 1)


def test_what_a_school_has_already_outlives_trust(bare: Store) -> None:
    migrate(bare, "0003")
    with bare.write() as connection:
        add(connection, "school", workspace="T1", name="Hillside")
        add(connection, "person", id=1, key="noor", role="student", name="Noor", language="es")
    assert migrate(bare, "0004") == ("0004",)
    kept = {
        "SELECT name, hours, keep_days FROM school": ("Hillside", "", 90),
        "SELECT name, consent, account FROM person": ("Noor", True, ""),
    }
    with bare.read() as connection:
        assert {asked: tuple(connection.execute(text(asked)).one()) for asked in kept} == kept
    downgrade(bare, "0003")
    with bare.read() as connection:
        assert connection.execute(text("SELECT name FROM person")).one() == ("Noor",)


@pytest.mark.parametrize("verb", [migrate, downgrade, require_current])
def test_a_database_of_a_newer_version_is_left_alone(bare: Store, verb: Any) -> None:
    migrate(bare)
    with bare.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"9999.*newer version"):
        verb(bare)
    assert "person" in tables(bare)


def test_a_database_that_was_not_migrated_says_how_to(bare: Store) -> None:
    with pytest.raises(StoreError, match="conference-coach migrate"):
        require_current(bare)


def test_a_failing_migration_leaves_nothing_behind(bare: Store) -> None:
    with pytest.raises(RuntimeError), connect(bare) as connection:
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        raise RuntimeError
    assert "half" not in tables(bare)


def test_the_place_it_is_started_from_does_not_matter(
    bare: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "else where %"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert migrate(bare) == EVERY


def test_sqlite_checks_foreign_keys_again_after_a_migration(tmp_path: Path) -> None:
    with empty_store("sqlite", tmp_path / "coach.db") as store:
        migrate(store)
        with store.read() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_migration_that_leaves_rows_hanging_is_undone(tmp_path: Path) -> None:
    with empty_store("sqlite", tmp_path / "coach.db") as store:
        migrate(store)
        with pytest.raises(StoreError, match="guardian"), connect(store) as connection:
            connection.execute(text("INSERT INTO guardian (adult_id, student_id, workspace) VALUES (7, 8, 'T1')"))
        with store.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM guardian")).scalar() == 0
