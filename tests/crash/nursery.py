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
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from slack_bolt.adapter.wsgi import SlackRequestHandler

from bot.app import EVENTS_PATH, Bot, build, ready
from bot.settings import Settings
from bot.slack.guard import Guard
from bot.words import Words
from scheduler import dispatcher
from scheduler.pace import UNLIMITED
from tests.crash.clock import SharedClock
from tests.crash.steps import Steps

CALLERS = 4
GATHER = 0.001
"""Results are gathered for so many seconds only: a turn goes through the same steps, sooner."""
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
    bot = build(Settings(**order["settings"]), words, clock=clock, limits=UNLIMITED, tls=tls, workers=CALLERS)
    ready(bot)
    return bot


def _live(order: dict[str, Any], words: Words, tls: ssl.SSLContext) -> None:
    """Be a bot until the line to the test is cut."""
    control = socket.create_connection(("127.0.0.1", order["control"]))
    steps = Steps()
    bot = _build(order, words, tls)
    steps.watch_database(bot.house.store.engine)
    steps.watch_calls(bot.api)
    if order["blind"]:
        bot.dispatcher._sender.find = lambda _delivery: None  # type: ignore[method-assign]
    if order["die_at"] is not None:
        steps.arm(order["die_at"])
    bot.start()
    server = _serve(bot, steps)
    with control.makefile("rw") as line:
        _report(line, {"pid": os.getpid(), "port": server.server_port})
        for text in line:
            _report(line, _obey(bot, steps, json.loads(text)))


def _serve(bot: Bot, steps: Steps) -> _Server:
    """The way in. The guard takes real time here, as Bolt does: what the workspace sends is signed at the real time."""
    server = _Server(("127.0.0.1", 0), _Quiet)
    guarded = Guard(SlackRequestHandler(bot.app, path=EVENTS_PATH), bot.secret)
    server.set_app(steps.watch_answers(guarded))  # type: ignore[arg-type]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _obey(bot: Bot, steps: Steps, order: dict[str, Any]) -> dict[str, Any]:
    match order["do"]:
        case "arm":
            steps.arm(order["at"])
            return {}
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
