from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import StatementError

from bot.store.models import SeenEvent
from bot.store.session import Store

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def count(store: Store) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(SeenEvent)) or 0


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as connection:
        connection.execute(insert(SeenEvent).values(workspace="T1", id="Ev1", at=NOW))
        raise RuntimeError
    assert count(store) == 0


def test_a_transaction_that_ends_well_is_there_for_others(store: Store) -> None:
    with store.write() as connection:
        connection.execute(insert(SeenEvent).values(workspace="T1", id="Ev1", at=NOW))
    assert count(store) == 1


def test_an_instant_without_a_zone_is_refused(store: Store) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError), store.write() as connection:
        connection.execute(insert(SeenEvent).values(workspace="T1", id="Ev1", at=naive))


def test_instants_come_back_aware_and_in_utc(store: Store) -> None:
    with store.write() as connection:
        connection.execute(insert(SeenEvent).values(workspace="T1", id="Ev1", at=NOW))
    with store.read() as connection:
        assert connection.scalar(select(SeenEvent.at)) == NOW


def test_sqlite_keeps_what_it_commits() -> None:
    store = Store("sqlite://")
    with store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_sqlite_file_it_makes_is_for_this_user_alone_and_one_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path, shared = tmp_path / "coach.db", tmp_path / "shared.db"
    shared.touch(0o640)
    shared.chmod(0o640)
    usual = os.umask(0o022)
    try:
        for file, mode in ((path, 0o600), (shared, 0o640)):
            store = Store(f"sqlite:///{file}")
            SeenEvent.metadata.create_all(store.engine)
            assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.glob(f"{file.name}*")} == {mode}
            assert len([*tmp_path.glob(f"{file.name}*")]) == 3
            store.close()
    finally:
        os.umask(usual)
