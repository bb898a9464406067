from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.store.session import Store
from tests.databases import create_tables, empty, postgresql_url, sqlite_store

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    store = Store(f"sqlite:///{path}")
    create_tables(store)
    store.close()
    return path


@pytest.fixture(scope="session")
def postgresql_store() -> Iterator[Store]:
    with postgresql_url() as url:
        store = Store(url)
        create_tables(store)
        yield store
        store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """The same test on both databases, each starting empty."""
    if request.param == "postgresql":
        store = request.getfixturevalue("postgresql_store")
        empty(store)
        yield store
        return
    store = sqlite_store(request.getfixturevalue("sqlite_template"), tmp_path / "coach.db")
    yield store
    store.close()
