"""One process at a time: a guard for what several would only do over again."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, func, select


def once(connection: Connection, name: str) -> bool:
    """True if no other process is at what goes by this name; none will be until the transaction ends.

    On SQLite whoever writes is alone already. It keeps two apart at one time, and does not keep one from doing later
    what another has just done.
    """
    if connection.dialect.name != "postgresql":
        return True
    key = int.from_bytes(hashlib.sha256(f"conference-coach:{name}".encode()).digest()[:8], "big", signed=True)
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock(key))))
