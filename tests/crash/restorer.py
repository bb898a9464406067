"""A process that looks restored copies over by forking, and dies where it is told to: one try costs milliseconds.

Reads orders from its input, one JSON object a line, and answers each with the steps that were taken, or null where it
was killed. A step is a statement or a commit. Run as `python -m tests.crash.restorer`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bot.services import restoring
from bot.services.leaving import ledger
from bot.store.session import Store
from scheduler.outbox import Outbox


class Steps:
    """Counts, and kills the process before a step is taken."""

    def __init__(self, die_at: int | None) -> None:
        self.taken = 0
        self._die_at = die_at

    def __call__(self, *_: Any) -> None:
        if self.taken == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.taken += 1


def main() -> None:
    """One child for each order."""
    for order in map(json.loads, sys.stdin):
        reader, writer = os.pipe()
        if (child := os.fork()) == 0:
            os.write(writer, json.dumps(_restore(order)).encode())
            os._exit(0)
        os.close(writer)
        os.waitpid(child, 0)
        print(os.read(reader, 100).decode() or "null", flush=True)
        os.close(reader)


def _restore(order: dict[str, Any]) -> int:
    steps, store = Steps(order["die_at"]), Store(order["url"])
    event.listen(store.engine, "before_cursor_execute", steps)
    event.listen(store.engine, "commit", steps)
    entries = ledger.read(Path(order["ledger"]))
    restoring.restored(store, Outbox("restore"), entries, datetime.fromisoformat(order["now"]))
    return steps.taken


if __name__ == "__main__":
    main()
