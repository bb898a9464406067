"""What is in a file of a school's folder: the whole of it, or why it is not read."""

from __future__ import annotations

import stat
from pathlib import Path

from bot.school.problems import Wrong

LARGEST = 5_000_000
"""Bytes of a file."""


def content(file: Path, largest: int = LARGEST) -> bytes | None:
    """The bytes of a file, None where there is none; raises `Wrong`, or OSError. Only whole files: a pipe would never
    end."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise Wrong("This is not a file.", f"Put a file by the name {file.name} there.")
    if found.st_size > largest:
        raise Wrong(
            f"This is {found.st_size // 1_000_000} MB large, more than {largest // 1_000_000}.",
            "Look at whether it is the right file; a school of thousands has a far smaller one.",
        )
    return file.read_bytes()
