"""Bringing a database to the schema of this version, from wherever the package is installed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from bot.errors import StoreError
from bot.store.models import ALL_METADATA
from bot.store.scope import every_workspace
from bot.store.session import Store

LOCATION = "bot.store:migrations"
OPTIONS: dict[str, Any] = {
    "target_metadata": list(ALL_METADATA),
    "render_as_batch": True,  # SQLite changes a column by making the table anew
    "transactional_ddl": True,
    "compare_type": True,
}
_LOCK = 2_026_110_101  # PostgreSQL: several processes may start, and migrate, at once


def migrate(store: Store, to: str = "head") -> tuple[str, ...]:
    """Bring the database to the newest schema (or to a revision), in one transaction; the revisions that were run.

    Raises StoreError where a newer version of the program has made the database.
    """
    with connect(store) as connection:
        before = _revision(connection)
        _refuse_newer(before)
        command.upgrade(_config(connection), to)
        return _between(before, _revision(connection))


def downgrade(store: Store, to: str = "base") -> None:
    """Take the schema back to a revision; `base` takes out every table, with all that is in it."""
    with connect(store) as connection:
        _refuse_newer(_revision(connection))
        command.downgrade(_config(connection), to)


def current(store: Store) -> str | None:
    """The revision the database is at; None for one that has no schema yet."""
    with store.read() as connection, every_workspace(connection):
        return _revision(connection)


def newest() -> str:
    """The revision this version of the program works with."""
    return str(_scripts().get_current_head())


def revisions() -> tuple[str, ...]:
    """All there are, the oldest first."""
    return tuple(reversed([script.revision for script in _scripts().walk_revisions()]))


def require_current(store: Store) -> None:
    """Raise StoreError, with the remedy, unless the database is at the newest revision."""
    found = current(store)
    _refuse_newer(found)
    if found != newest():
        raise StoreError("The database has not been brought up to this version. Run: conference-coach migrate")


@contextlib.contextmanager
def connect(store: Store) -> Iterator[Connection]:
    """One connection in one transaction, fit for changing the schema, and alone in doing so."""
    if not store.sqlite:
        with store.write() as connection, every_workspace(connection):
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            yield connection
        return
    engine = store.engine.execution_options(begin="IMMEDIATE", every_workspace=True)
    with engine.connect() as connection, _without_foreign_keys(connection), connection.begin():
        yield connection
        _refuse_dangling(connection)


@contextlib.contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    # Making a table anew drops the old one, which with foreign keys on empties what refers to it. SQLite takes the
    # switch only outside a transaction, so it goes past SQLAlchemy, which would begin one.
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _refuse_dangling(connection: Connection) -> None:
    if dangling := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StoreError(
            f"The migration would leave rows of “{dangling[0]}” that refer to nothing; nothing was changed."
        )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", LOCATION)
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", LOCATION)
    return ScriptDirectory.from_config(config)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _between(before: str | None, after: str | None) -> tuple[str, ...]:
    if after == before or after is None:
        return ()
    run = _scripts().iterate_revisions(after, before or "base")
    return tuple(reversed([script.revision for script in run]))


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision not in revisions():
        raise StoreError(
            f"The database is at revision {revision}, which this version does not know: a newer version has made it. "
            "Install that version again, or restore a backup from before."
        )
