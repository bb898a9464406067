"""Whether the disk under a SQLite database has room left. Asked without writing anything."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import URL

LEAST = 20_000_000
"""Free bytes below which it counts as full: SQLite's log beside the file takes some millions of them at a time."""


def free(url: URL) -> int | None:
    """How many bytes may still be written where the database is; None if it is no file, or nobody says."""
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or name in ("", ":memory:") or name.startswith("file:"):
        return None
    try:
        return shutil.disk_usage(Path(name).absolute().parent).free
    except OSError:
        return None
