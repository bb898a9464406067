"""A database that must be there: none is made by looking, and none is written without its keys."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.settings import HOW_TO_GET, Name
from bot.store import migrate as schema
from bot.store import sealing
from bot.store.keyring import NO_KEYS, Keyring
from bot.store.session import Store

_LOAD = "Load a school: conference-coach load DIR"


def existing(url: str, keyring: Keyring = NO_KEYS) -> Store:
    """The database, at this version's schema; StoreError, with the remedy, where it is not there, empty or older."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise StoreError(
            f"There is no database {parsed.database}. {_LOAD}\n{Name.DATABASE_URL}: {HOW_TO_GET[Name.DATABASE_URL]}"
        )
    store = Store(url, keyring)
    try:
        schema.require_current(store)
    except StoreError:
        if schema.current(store) is None:
            raise StoreError(f"Nothing has been loaded into this database. {_LOAD}") from None
        raise
    return store


def broken(error: DBAPIError) -> bool:
    """Whether it is SQLite saying that the file is damaged, or no database at all."""
    name = getattr(error.orig, "sqlite_errorname", "")
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def workable(url: str, keyring: Keyring) -> Store:
    """The same, to be written: KeyringError, before anything is, where a key is missing or is not the right one."""
    store = existing(url, keyring)
    try:
        sealing.require_keys(store)
    except Exception:
        store.close()
        raise
    return store
