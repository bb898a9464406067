"""A process that forks one for each order: it erases somebody, or lets go of a school year, and dies at a given step.

Reads orders from its input, one JSON object a line, and answers each with a line when that process has ended: how many
steps it went, and whether it came to the end. Run as `python -m tests.crash.leaver`.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import ssl
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.services.leaving import erasing, foreseeing, ledger, purging
from bot.slack.client import SlackApi
from bot.slack.erasing import Eraser
from bot.store import residue
from bot.store.session import Store
from scheduler.pace import UNLIMITED
from tests.crash.steps import Steps

WATCHED: tuple[tuple[Any, str], ...] = ((ledger, "append"), (residue, "scrub"))
"""What else can be seen from outside, beside the database and the calls."""


def main() -> None:
    """Fork for every order, one after the other."""
    logging.basicConfig(level=logging.ERROR)
    tls = ssl.create_default_context()
    gc.freeze()
    for order in map(json.loads, sys.stdin):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _live(order, tls, writer)
            os._exit(0)
        os.close(writer)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reader) as line:
            steps = line.read()
        print(json.dumps({"ended": status == 0, "steps": json.loads(steps) if steps else []}), flush=True)


def _live(order: dict[str, Any], tls: ssl.SSLContext, writer: int) -> None:
    steps = Steps()
    store = Store(order["url"])
    api = SlackApi(order["token"], order["api_url"], tls=tls)
    steps.watch_database(store.engine)
    steps.watch_calls(api)
    for module, name in WATCHED:
        _watch(steps, module, name)
    now = datetime.fromisoformat(order["now"])
    steps.arm(order["die_at"])
    if order["do"] == "erase":
        _erase(order, store, api, now)
    else:
        purging.purge(store, order["workspace"], now)
    os.write(writer, json.dumps(steps.disarm()).encode())
    store.close()


def _watch(steps: Steps, module: Any, name: str) -> None:
    does: Callable[..., Any] = getattr(module, name)

    def stepping(*arguments: Any) -> Any:
        steps.step(f"before {name}")
        done = does(*arguments)
        steps.step(f"after {name}")
        return done

    setattr(module, name, stepping)


def _erase(order: dict[str, Any], store: Store, api: SlackApi, now: datetime) -> None:
    """Begin, unless it was begun; and go on with all that was."""
    workspace = order["workspace"]
    with store.write() as connection:
        if order["key"] and erasing.done_at(connection, workspace, order["key"]) is None:
            who = foreseeing.person(connection, workspace, order["key"], student=True)
            erasing.begin(connection, workspace, who, now)
    with store.read() as connection:
        begun = erasing.begun(connection, workspace)
    eraser = Eraser(store, api, order["bot_user"], lambda: now, _patient, UNLIMITED)
    for one in begun:
        eraser.erase(one)
        assert erasing.out_and_done(store, one, Path(order["ledger"]), now)


def _patient(_span: timedelta) -> bool:
    raise AssertionError("nobody has anything in hand")


if __name__ == "__main__":
    main()
