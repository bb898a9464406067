"""The process of `conference-coach run`: takes in through the socket, sends out, ends in good order."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType

from bot.app import build, ready
from bot.errors import CoachError
from bot.settings import Settings
from bot.slack.socket import Socket
from bot.store import migrate as schema
from bot.store.session import Store
from bot.words import Words

log = logging.getLogger("bot")


def serve(settings: Settings, words: Words, stopping: threading.Event | None = None) -> None:
    """Run until SIGTERM, Ctrl-C, or `stopping`. First nothing more is taken in, then what is in hand is sent.

    CoachError says why it cannot start: no school, no counselor, a token Slack refuses, no way to Slack.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for ours in ("bot", "scheduler"):
        logging.getLogger(ours).setLevel(logging.INFO)
    ended = stopping or _signalled()
    store = Store(settings.database_url)
    schema.migrate(store)
    store.close()
    bot = build(settings, words)
    ready(bot)
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
    if not bot.stop():
        log.warning("some calls had not ended; what became of them is looked up at the next start")


def _signalled() -> threading.Event:
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return ended
