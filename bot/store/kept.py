"""Whether the disk under a SQLite file is there again after a restart. In a container it often is not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from sqlalchemy import make_url

from bot.errors import StoreError

OVERRIDE = "DISK_KEPT"
MOUNTS = Path("/proc/self/mountinfo")
_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
_PLATFORMS = ("DYNO", "K_SERVICE", "RENDER", "FLY_APP_NAME", "KUBERNETES_SERVICE_HOST")
_PREFIXES = ("RAILWAY_",)
_LAYERS = frozenset({"overlay", "tmpfs", "ramfs", "aufs", "rootfs", "devtmpfs", "squashfs"})
_DISKS = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "bcachefs"})
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a file system is mounted, and of what type it is."""

    point: PurePath
    type: str


def lost(environ: Mapping[str, str], contained: bool, mounts: str, folder: PurePath) -> bool:
    """Whether what is in a folder (absolute, no links in it) is gone after a restart.

    contained: whether this is a container, by what it looks like. mounts: the text of /proc/self/mountinfo (proc(5)).
    A platform that starts machines anew keeps only what is mounted; a container's own root may be a real disk.
    """
    platform = any(environ.get(name) for name in _PLATFORMS) or any(name.startswith(_PREFIXES) for name in environ)
    if environ.get(OVERRIDE, "").strip().lower() == "yes" or not (platform or contained):
        return False
    mount = _under(folder, mounts)
    if mount is None or mount.point == PurePath("/"):
        return platform or mount is None or mount.type not in _DISKS
    return mount.type in _LAYERS


def fault(url: str, environ: Mapping[str, str]) -> str:
    """What is wrong with where the database is, and what to do; "" if nothing, or it is no SQLite file."""
    parsed = make_url(url)
    name = parsed.database or ""
    if parsed.get_backend_name() != "sqlite" or name in ("", ":memory:") or name.startswith("file:"):
        return ""
    folder = Path(name).resolve().parent
    if not lost(environ, any(mark.exists() for mark in _MARKS), _mounts(), folder):
        return ""
    return (
        f"The database {Path(name).name} is on a disk that is not kept: it is gone when this machine starts anew. "
        "Mount a volume and name a file on it in DATABASE_URL (sqlite:////data/conference-coach.db), or set "
        f"DATABASE_URL to a PostgreSQL database. If this disk does stay, say so: {OVERRIDE}=yes"
    )


def require(url: str, environ: Mapping[str, str]) -> None:
    """Raise StoreError, with the remedy, where the database would be lost."""
    if wrong := fault(url, environ):
        raise StoreError(wrong)


def _mounts() -> str:
    try:
        return MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:  # no Linux
        return ""


def _under(folder: PurePath, mounts: str) -> Mount | None:
    """The mount a folder is on: the innermost, and of several at one point the last."""
    found = [one for line in mounts.splitlines() if (one := _read(line)) and folder.is_relative_to(one.point)]
    return max(reversed(found), key=lambda one: len(one.point.parts)) if found else None


def _read(line: str) -> Mount | None:
    fields, dash, rest = line.partition(" - ")
    parts, kind = fields.split(), rest.split()
    if not dash or len(parts) < 5 or not kind:
        return None
    return Mount(PurePath(_OCTAL.sub(lambda sign: chr(int(sign[1], 8)), parts[4])), kind[0])
