"""A process that has everything imported and read, and makes bots by forking: one costs milliseconds.

Reads orders from its input, one JSON object a line; ends when that ends. A bot reports on the socket it is told of and
takes orders there; when that closes, it ends too. Run as `python -m tests.crash.nursery`.
"""

from __future__ import annotations

import gc
import itertools
import json
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from sqlalchemy import Connection, update

from bot.app import EVENTS_PATH, Bot, build, ready
from bot.settings import Settings
from bot.slack import client
from bot.slack.caps import UNCAPPED
from bot.slack.guard import Guard
from bot.slack.http import Http
from bot.words import Words
from scheduler import dispatcher
from scheduler.outbox import Changes, Draft, State, deliveries
from scheduler.pace import UNLIMITED
from tests.crash.bots import Flaw
from tests.crash.clock import SharedClock
from tests.crash.steps import Phase, Steps

CALLERS = 4
GATHER = 0.001
"""Results are gathered for so many seconds only: a turn goes through the same steps, sooner."""
INSTANTS = ("due_at", "expires_at")
PATIENCE = 20.0
"""Real seconds after which a bot that is still busy is reported as such."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: Any) -> None:
        """Nothing: the test knows what it sent."""

    def address_string(self) -> str:
        return "127.0.0.1"


def main() -> None:
    """Fork a bot for every order."""
    logging.basicConfig(level=logging.WARNING)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    words, tls = Words.load(), ssl.create_default_context()
    dispatcher.GATHER = GATHER
    orders = map(json.loads, sys.stdin)
    first = next(orders, None)
    if first is not None:
        _warm_up(first, words, tls)
        for order in itertools.chain([first], orders):
            if os.fork() == 0:
                _live(order, words, tls)
                os._exit(0)


def _warm_up(order: dict[str, Any], words: Words, tls: ssl.SSLContext) -> None:
    """Wire a bot and throw it away: what is made at the first time only is inherited. No thread may have started."""
    bot = _build(order, words, tls)
    bot.api.close()
    bot.house.store.close()
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()


def _build(order: dict[str, Any], words: Words, tls: ssl.SSLContext) -> Bot:
    clock = SharedClock(Path(order["clock"]))
    bot = build(
        Settings(**order["settings"]), words, clock=clock, limits=UNLIMITED, tls=tls, workers=CALLERS, caps=UNCAPPED
    )
    ready(bot)
    return bot


def _live(order: dict[str, Any], words: Words, tls: ssl.SSLContext) -> None:
    """Be a bot until the line to the test is cut."""
    control = socket.create_connection(("127.0.0.1", order["control"]))
    steps = Steps()
    client.READ_SECONDS = order["patience"] or client.READ_SECONDS
    bot = _build(order, words, tls)
    steps.watch_database(bot.house.store.engine)
    steps.watch_calls(bot.api)
    steps.watch_phases(bot.dispatcher, bot.house.outbox)
    if order["flaw"] is not None:
        _spoil(bot, Flaw(order["flaw"]))
    if order["die_at"] is not None:
        steps.arm(order["die_at"])
    bot.start()
    server = _serve(bot, steps)
    with control.makefile("rw") as line:
        _report(line, {"pid": os.getpid(), "port": server.server_port})
        for text in line:
            _report(line, _obey(bot, steps, json.loads(text)))


def _spoil(bot: Bot, flaw: Flaw) -> None:
    """Break what the tests are to notice."""
    outbox, sender = bot.house.outbox, bot.dispatcher._sender
    match flaw:
        case Flaw.BLIND:
            sender.find = lambda _delivery: None  # type: ignore[method-assign]
        case Flaw.NEVER_LOOKS:
            outbox.due_for_check = lambda *_: []  # type: ignore[method-assign]
        case Flaw.SENDS_AGAIN:
            sweep, unknown = outbox.sweep, deliveries.c.state == State.UNKNOWN
            again = update(deliveries).where(unknown).values(state=State.SCHEDULED, next_at=deliveries.c.due_at)

            def sweep_all(connection: Connection, now: datetime) -> int:
                return sweep(connection, now) + connection.execute(again).rowcount

            outbox.sweep = sweep_all  # type: ignore[method-assign]


def _plan(bot: Bot, workspace: str, chunk: Mapping[str, Any]) -> Changes:
    """One chunk of scopes, in a transaction of its own."""
    wished = {scope: [_draft(one) for one in drafts] for scope, drafts in chunk.items()}
    with bot.house.store.write() as connection:
        return bot.house.outbox.replan_many(connection, workspace, wished, bot.house.clock())


def _draft(plain: Mapping[str, Any]) -> Draft:
    return Draft(**{**plain, **{name: _instant(plain[name]) for name in INSTANTS}})


def _numbers(changes: Changes) -> dict[str, int]:
    return {name: getattr(changes, name) for name in ("added", "moved", "cancelled", "kept")}


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _serve(bot: Bot, steps: Steps) -> _Server:
    """The way in. The guard takes real time here, as Bolt does: what the workspace sends is signed at the real time."""
    server = _Server(("127.0.0.1", 0), _Quiet)
    guarded = Guard(Http(bot.answer, EVENTS_PATH), bot.secret)
    server.set_app(steps.watch_answers(guarded))  # type: ignore[arg-type]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _obey(bot: Bot, steps: Steps, order: dict[str, Any]) -> dict[str, Any]:
    match order["do"]:
        case "arm":
            steps.arm(order["at"], order["of"])
            return {}
        case "plan":
            with steps.during(Phase.PLAN):
                return {"changes": [_numbers(_plan(bot, order["workspace"], chunk)) for chunk in order["chunks"]]}
        case "rest":
            return {"idle": bot.dispatcher.idle(PATIENCE)}
        case "tick":
            with bot.dispatcher._ticking:  # a tick beside another does nothing: let that one end
                pass
            bot.dispatcher.tick()
            return {"idle": bot.dispatcher.idle(PATIENCE)}
        case "steps":
            return {"steps": steps.disarm()}
        case other:
            raise ValueError(other)


def _report(line: Any, what: dict[str, Any]) -> None:
    line.write(json.dumps(what) + "\n")
    line.flush()


if __name__ == "__main__":
    main()
