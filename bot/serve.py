"""The processes: `run` takes in through the socket and sends; `worker` only sends. Both end in good order."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType

from sqlalchemy import make_url

from bot import logs
from bot.app import SEVERAL, Bot, build, ready
from bot.errors import CoachError
from bot.settings import Settings
from bot.slack.socket import Socket
from bot.store import migrate as schema
from bot.store import sealing
from bot.store.alone import only_scheduler
from bot.store.session import Store
from bot.words import Words

log = logging.getLogger("bot")


def serve(settings: Settings, words: Words, stopping: threading.Event | None = None) -> None:
    """Run until SIGTERM, Ctrl-C, or `stopping`. First nothing more is taken in, then what is in hand is sent.

    CoachError says why it cannot start: no school, no counselor, a token Slack refuses, no way to Slack, or another
    process that sends from the same SQLite file.
    """
    logs.take_over(logging.INFO)
    ended = stopping or _signalled()
    with only_scheduler(settings.database_url):
        bot = _made(settings, words)
        socket = Socket(bot.app, settings.app_token, settings.api_url)
        bot.start()
        try:
            socket.open()
        except CoachError:
            socket.close()
            bot.stop()
            raise
        log.info("running workspace=%s", bot.workspace)
        ended.wait()
        log.info("stopping")
        socket.close()
        _stop(bot)


def work(settings: Settings, words: Words, stopping: threading.Event | None = None) -> None:
    """Send what other processes put, beside any number of others, until SIGTERM, Ctrl-C, or `stopping`.

    CoachError says why it cannot start: as for `serve`, and on SQLite.
    """
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        raise CoachError(f"A worker needs PostgreSQL: on SQLite, conference-coach run does it all. {SEVERAL}")
    logs.take_over(logging.INFO)
    ended = stopping or _signalled()
    bot = _made(settings, words)
    bot.start()
    log.info("working workspace=%s", bot.workspace)
    ended.wait()
    log.info("stopping")
    _stop(bot)


def _made(settings: Settings, words: Words) -> Bot:
    store = Store(settings.database_url, settings.keyring)
    schema.migrate(store)
    sealing.require_keys(store)
    store.close()
    bot = build(settings, words)
    ready(bot)
    return bot


def _stop(bot: Bot) -> None:
    if not bot.stop():
        log.warning("calls_not_ended")  # what became of them is looked up by whoever sends next


def _signalled() -> threading.Event:
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return ended
