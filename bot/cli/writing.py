"""Files that hold people's data: readable for their owner alone, and never there by half."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from bot.errors import CoachError


def write(
    files: Mapping[Path, bytes],
    *,
    force: bool,
    first: Callable[[], None] = lambda: None,
    folders: Collection[Path] = (),
) -> None:
    """Write files, each under another name first; then all of them get their names.

    force: those that are there already are replaced. first: done when all is written and nothing has its name yet; if
    it raises, nothing is left. folders: those that may be made; any other has to be there, for a name that was mistyped
    is no place for people's words. CoachError, with the remedy, where one is there or cannot be written.
    """
    for path in files:
        if path.parent not in folders and not path.parent.exists():
            raise CoachError(f"{path.parent}: There is no such folder. Make it, or give another place: --out")
        if path.is_dir():
            raise CoachError(f"{path}: It is a folder. Give another place: --out")
        if path.exists() and not force:
            raise CoachError(f"{path}: It is there already. Give another place with --out, or replace it with --force.")
    written: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            written[path] = _beside(path, content)
        first()
        for path, temporary in written.items():
            temporary.replace(path)
    except OSError as error:
        raise CoachError(
            f"{error.filename}: It cannot be written: {error.strerror}. Give another place: --out"
        ) from None
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)


def _beside(path: Path, content: bytes) -> Path:
    """The content in a new file beside the wanted one (mode 0600, as `mkstemp` makes it)."""
    path.parent.mkdir(exist_ok=True)  # one that may be made
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        Path(name).unlink()
        raise
    return Path(name)
