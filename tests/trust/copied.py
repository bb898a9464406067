"""Databases and copies of them: put back as an operator does, each into a database of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Table, make_url, select

from bot.store import copies
from bot.store.copies import CopyError, pg_tool, run_pg
from bot.store.models import ALL_METADATA, Copied
from bot.store.session import Store
from scheduler import sealed
from tests.databases import postgresql_url


def tools(store: Store) -> None:
    """PostgreSQL's programs are needed for its copies: missing ones fail in CI, and are a named skip elsewhere."""
    if store.sqlite:
        return
    try:
        pg_tool("pg_dump")
        pg_tool("pg_restore")
    except CopyError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def copied(store: Store, folder: Path, now: datetime) -> Path:
    """A copy of the database, made as `backup` makes it."""
    tools(store)
    file = folder / "copy"
    copies.copy(store, file, now, force=True)
    return file


@contextmanager
def put_back(store: Store, file: Path, folder: Path) -> Iterator[Store]:
    """A copy of that store's database, in a database of its own."""
    if store.sqlite:
        path = folder / "restored.db"
        for old in folder.glob("restored.db*"):
            old.unlink()
        shutil.copy(file, path)
        again = Store(f"sqlite:///{path}")
        yield again
        again.close()
        return
    with postgresql_url() as url:
        run_pg([pg_tool("pg_restore"), "--no-owner", "--exit-on-error", str(file)], make_url(url))
        again = Store(url)
        yield again
        again.close()


def tables() -> list[Table]:
    return [table for metadata in ALL_METADATA for table in metadata.sorted_tables]


def rows(store: Store, but: tuple[str, ...] = ()) -> dict[str, list[tuple[object, ...]]]:
    """All that is in a database, by table, as it stands there."""
    found = {}
    with store.read() as connection:
        connection.execution_options(every_workspace=True)
        for table in tables():
            if table.name not in but:
                columns = [sealed.raw(column) if sealed.is_sealed(column.type) else column for column in table.columns]
                asked = connection.execute(select(*columns))
                found[table.name] = sorted(tuple(map(str, row)) for row in asked)
        connection.execution_options(every_workspace=False)
    return found


def marks(store: Store) -> list[datetime]:
    with store.read() as connection:
        return list(connection.scalars(select(Copied.at).execution_options(every_workspace=True)))
