"""A process that seals a database anew, and is killed at a step of it: a statement, or a commit about to be or done.

Forks one child for each order, so that everything is imported once. Run as `python -m tests.store.rotating`; an order
is a line of JSON, and so is what became of it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from sqlalchemy import event

from bot.store import sealing
from bot.store.keyring import Keyring
from bot.store.session import Store


def main() -> None:
    """Carry out each order in a child."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _live(order)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print(json.dumps({"killed": killed, "code": 0 if killed else os.WEXITSTATUS(status)}), flush=True)


def _live(order: dict[str, Any]) -> None:
    sealing.BATCH = order["batch"]
    keyring = Keyring.read(order["keys"])
    store = Store(order["url"], keyring.only_opening() if order["plain"] else keyring)
    if order["die_at"] is not None:
        _arm(store, order["die_at"])
    for _ in sealing.reseal(store):
        pass


def _arm(store: Store, die_at: int) -> None:
    """Die at the step of that number, from 0."""
    left = [die_at]

    def step(*_: Any) -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    commit = store.engine.dialect.do_commit

    def committed(connection: Any) -> None:
        step()
        commit(connection)
        step()

    store.engine.dialect.do_commit = committed  # type: ignore[method-assign]
    event.listen(store.engine, "after_cursor_execute", step)


if __name__ == "__main__":
    main()
