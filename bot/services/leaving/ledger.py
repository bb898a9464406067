"""The ledger of erasures: a file outside the database, so that a restored copy does not bring back who was erased.

One line an entry: the workspace, a digest, the time, and "erased" or "allowed" (they were taken in again). There is
nothing in it by which somebody could be known who is not known already.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url

from bot.errors import CoachError
from bot.settings import HOW_TO_GET, Name, Settings

NAME = "conference-coach.erasures"
"""What the file is called unless ERASURES names another."""

_ERASED, _ALLOWED = "erased", "allowed"
_READABLE = 0o600


_WHOLE = re.compile(rb"([!-~]+) ([0-9a-f]{64}) ([0-9T:.+-]+) (erased|allowed)\r?")
_TORN = re.compile(rb"[!-~]*( ([0-9a-f]{0,64}|[0-9a-f]{64} [0-9T:.+-]*( [a-z]*)?))?")


class LedgerError(CoachError):
    """The ledger is damaged, or cannot be read or written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody was erased at that time; `allowed`: may come back from then on."""

    workspace: str
    digest: str
    at: datetime
    allowed: bool = False


def digest(workspace: str, key: str) -> str:
    """By what somebody is known again: SHA-256, as hex, of the workspace and their id in the roster."""
    return hashlib.sha256(f"{workspace}:{key}".encode()).hexdigest()


def place(settings: Settings) -> Path:
    """Where the ledger is: as the settings say, beside a SQLite file, else in the working directory."""
    if settings.erasures is not None:
        return settings.erasures
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return Path(url.database).resolve().parent / NAME
    return Path(NAME)


def read(path: Path, torn: Callable[[str], None] = lambda _line: None) -> tuple[Entry, ...]:
    """All entries, oldest first; none where there is no file. LedgerError, with its place, for a line that is none.

    A last line that a crash has cut off is passed over, and `torn` told so: what it told of was not finished, and
    writes it again.
    """
    try:
        *lines, last = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise LedgerError(_said(path, f"cannot be read: {error.strerror}.")) from None
    entries = [_entry(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if last and not _WHOLE.fullmatch(last) and _TORN.fullmatch(last):
        torn(f"{path.absolute()}, line {len(lines) + 1}: It was cut off while it was written, and is passed over.")
    elif last:
        entries.append(_entry(path, len(lines) + 1, last))
    return tuple(entries)


def require(path: Path) -> None:
    """Raise LedgerError, with the remedy, unless what is there can be read and an entry can be added."""
    read(path)
    os.close(_opened(path))


def append(path: Path, entry: Entry) -> None:
    """Add an entry; when this returns it is on the disk. LedgerError where that cannot be, or others are damaged."""
    read(path)
    line = f"{entry.workspace} {entry.digest} {entry.at.isoformat()} {_ALLOWED if entry.allowed else _ERASED}\n"
    file = _opened(path)
    try:
        os.write(file, f"{_mended(file)}{line}".encode())
        os.fsync(file)
    except OSError as error:
        raise LedgerError(_said(path, f"cannot be written: {error.strerror}.")) from None
    finally:
        os.close(file)


def _opened(path: Path) -> int:
    """The file, to be added to; made, with its name on the disk, where there is none."""
    new = not path.exists()
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _READABLE)
    except OSError as error:
        raise LedgerError(_said(path, f"cannot be written: {error.strerror}. Let this user write it.")) from None
    if new:
        _keep_name(path)
    return file


def _entry(path: Path, number: int, line: bytes) -> Entry:
    if found := _WHOLE.fullmatch(line):
        workspace, key, at, what = (part.decode() for part in found.groups())
        with contextlib.suppress(ValueError):
            if (instant := datetime.fromisoformat(at)).tzinfo is not None:
                return Entry(workspace, key, instant, what == _ALLOWED)
    raise LedgerError(
        f"{path.absolute()}, line {number}: This is no entry of the ledger of erasures: the file was damaged. Put "
        "it back as it was, from a copy of it; without it nobody knows who was erased."
    )


def _mended(file: int) -> str:
    """Take a last line off that was torn; what is to stand before the next one."""
    last = os.pread(file, size, 0).rpartition(b"\n")[2] if (size := os.fstat(file).st_size) else b""
    if last and not _WHOLE.fullmatch(last):
        os.ftruncate(file, size - len(last))
        return ""
    return "\n" if last else ""


def _said(path: Path, fault: str) -> str:
    return f"{path.absolute()}: The ledger of erasures {fault}\n{Name.ERASURES}: {HOW_TO_GET[Name.ERASURES]}"


def _keep_name(path: Path) -> None:
    """A new file's name is on the disk once its folder is."""
    folder = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
