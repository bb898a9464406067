"""A database that is only looked at: none is made by looking."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

from bot.errors import StoreError
from bot.settings import HOW_TO_GET, Name
from bot.store import migrate as schema
from bot.store.session import Store

_LOAD = "Load a school: conference-coach load DIR"


def existing(url: str) -> Store:
    """The database, at this version's schema; StoreError, with the remedy, where it is not there, empty or older."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise StoreError(
            f"There is no database {parsed.database}. {_LOAD}\n{Name.DATABASE_URL}: {HOW_TO_GET[Name.DATABASE_URL]}"
        )
    store = Store(url)
    try:
        schema.require_current(store)
    except StoreError:
        if schema.current(store) is None:
            raise StoreError(f"Nothing has been loaded into this database. {_LOAD}") from None
        raise
    return store
