"""The files of a bundle: in a folder, or in a zip file, which is only looked into and never unpacked on the disk."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from bot.school.problems import Wrong

FOLDER = "oneroster"
ARCHIVE = "oneroster.zip"
TABLES = (
    "manifest.csv", "orgs.csv", "academicSessions.csv", "courses.csv", "classes.csv", "users.csv", "roles.csv",
    "enrollments.csv",
)  # fmt: skip
"""Those that are read; the standard has more."""
ORDER = (ARCHIVE, FOLDER, *(f"{where}/{name}" for where in (ARCHIVE, FOLDER) for name in TABLES))
"""In which faults of a bundle are told."""

LARGEST_ARCHIVE = 20_000_000
"""Bytes of the zip file."""
LARGEST_TABLE = 40_000_000
"""Bytes of one table: some 200,000 enrollments."""
LARGEST_BUNDLE = 80_000_000
"""Bytes of all the tables."""
MOST_ENTRIES = 1_000
"""Files in the zip file."""

SMALLER = "Ask for an export of this school alone."
AGAIN = "Ask for the export again, as a zip file without a password."
_ENTRY = b"PK\x01\x02"
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CANONICAL = {name.lower(): name for name in TABLES}


def in_folder(folder: Path) -> dict[str, str]:
    """The tables in the unpacked bundle of a school's folder: its name for each, as `oneroster/users.csv`, and the
    path's. Empty where there is no such folder; raises `Wrong` where that is no folder, or OSError."""
    where = folder / FOLDER
    if not where.exists():
        return {}
    if not where.is_dir():
        raise Wrong("This is not a folder.", f"Put the unpacked bundle there, or the zip file as {ARCHIVE}.")
    found = {_CANONICAL[one.name.lower()]: one.name for one in where.iterdir() if one.name.lower() in _CANONICAL}
    if TABLES[0] not in found:
        raise Wrong(f"There is no {TABLES[0]} in it.", "Put all the files of the bundle there, in no further folder.")
    return {f"{FOLDER}/{name}": f"{FOLDER}/{called}" for name, called in found.items()}


def unpacked(raw: bytes) -> dict[str, bytes]:
    """The tables in a zip file, by names as `oneroster.zip/users.csv`; raises `Wrong` where it cannot be used."""
    if raw.count(_ENTRY) > MOST_ENTRIES:  # before any of them is looked at: a list of millions takes minutes
        raise Wrong(f"There are more than {MOST_ENTRIES:,} files in it.", "Look at whether it is the right file.")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return _tables(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError) as error:
        if isinstance(error, Wrong):
            raise
        raise Wrong("This is not a whole zip file.", AGAIN) from None


def _tables(archive: zipfile.ZipFile) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    room = LARGEST_BUNDLE
    for name, entry in _wanted(archive).items():
        found[f"{ARCHIVE}/{name}"] = content = _content(archive, entry, name, min(room, LARGEST_TABLE))
        room -= len(content)
    return found


def _wanted(archive: zipfile.ZipFile) -> Mapping[str, zipfile.ZipInfo]:
    """The entries that are tables, by name. They may all be in one folder: exports are often packed with theirs."""
    folders: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        name = _CANONICAL.get(path.name.lower())
        if name is None or entry.is_dir() or path.parts[0] == "__MACOSX":
            continue
        if name in folders.setdefault(str(path.parent), {}):
            raise Wrong(f"There are two files {name} in it.", AGAIN)
        folders[str(path.parent)][name] = entry
    bundles = [tables for tables in folders.values() if TABLES[0] in tables]
    if not bundles:
        raise Wrong(f"There is no {TABLES[0]} in it.", "Ask for a OneRoster CSV export, version 1.1 or 1.2.")
    if len(bundles) > 1:
        raise Wrong("There are several bundles in it.", "Put one of them there, as a zip file of its own.")
    return bundles[0]


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, room: int) -> bytes:
    """One table, read no further than there is room: what the zip file says of its size need not be true."""
    if entry.flag_bits & 0x1:
        raise Wrong(f"{name} needs a password.", AGAIN)
    if entry.compress_type not in _PACKED:
        raise Wrong(f"{name} is packed in a way that is not read here.", AGAIN)
    with archive.open(entry) as file:
        content = file.read(room + 1)
    if len(content) > room:
        raise Wrong(f"{name} is larger than {room // 1_000_000} MB.", SMALLER)
    return content
