"""One clock for several processes, set by hand: eight bytes in a file they all have mapped."""

from __future__ import annotations

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = struct.Struct("<q")


class SharedClock:
    """Call it for the time (aware, UTC); moved with `advance`, in every process at once."""

    def __init__(self, path: Path, start: datetime | None = None) -> None:
        self.path = path
        if start is not None:
            path.write_bytes(_MICROSECONDS.pack((start - _EPOCH) // timedelta(microseconds=1)))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _MICROSECONDS.size)

    def __call__(self) -> datetime:
        return _EPOCH + timedelta(microseconds=_MICROSECONDS.unpack_from(self._shared)[0])

    def advance(self, seconds: float) -> None:
        """Move on."""
        now = _MICROSECONDS.unpack_from(self._shared)[0]
        _MICROSECONDS.pack_into(self._shared, 0, now + int(seconds * 1_000_000))
