"""Databases for the tests: a SQLite file each, and one PostgreSQL database a test process, made and dropped here."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from bot.store.models import ALL_METADATA
from bot.store.session import Store

SERVER = os.environ.get("TEST_POSTGRESQL_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


def create_tables(store: Store) -> None:
    """Make the tables, by a copy: where PostgreSQL is given a foreign key afterwards (person.advisor_id), SQLAlchemy
    leaves it out of every CREATE TABLE that comes after, SQLite's too."""
    for metadata in ALL_METADATA:
        copied = MetaData(naming_convention=metadata.naming_convention)
        for table in metadata.sorted_tables:
            table.to_metadata(copied)
        copied.create_all(store.engine)


@contextmanager
def postgresql_url(*, lasting: bool = False) -> Iterator[str]:
    """The URL of a new database, dropped afterwards. Missing PostgreSQL fails in CI and is a named skip elsewhere.

    lasting: a commit waits for the disk, as it does at a school. Without it what was committed can be lost if the
    server dies, and in no other way: tests kill the bot, never the server.
    """
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    name = f"coach_test_{uuid.uuid4().hex[:12]}"
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            if not lasting:
                connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    except OperationalError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL at {SERVER}: {type(error.orig).__name__}")
    try:
        yield make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


def empty(store: Store) -> None:
    """Take every row out of a PostgreSQL database that is used again."""
    names = ", ".join(f'"{table.name}"' for metadata in ALL_METADATA for table in metadata.sorted_tables)
    with store.write() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


def sqlite_store(template: Path, path: Path) -> Store:
    """A store on a copy of an empty database that has its tables."""
    shutil.copy(template, path)
    return Store(f"sqlite:///{path}")
