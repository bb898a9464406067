"""The processes: `run` takes in through the socket and sends; `web` only takes in, by HTTP; `worker` only sends. All of
them end in good order."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from bot import logs
from bot.app import EVENTS_PATH, SEVERAL, Premises, fit, premises, who, wire
from bot.district import District
from bot.errors import CoachError
from bot.running import aside
from bot.running.health import Health
from bot.running.meter import METRICS, Meter
from bot.running.router import ByPort, Router, Wsgi
from bot.running.service import Service
from bot.running.turns import watched
from bot.settings import Settings
from bot.slack.guard import Guard
from bot.slack.http import Http
from bot.slack.oauth import PATHS
from bot.slack.socket import Socket
from bot.store import copies, kept, sealing
from bot.store import migrate as schema
from bot.store.alone import only_scheduler
from bot.store.session import Store
from bot.words import Words

if TYPE_CHECKING:
    from bot.running.site import Made

log = logging.getLogger("bot")

ONE = "For several, start web and worker; for one, leave out SLACK_CLIENT_ID and SLACK_CLIENT_SECRET."

Wording = Callable[[str], Words]
"""What the bot of a workspace says."""


def serve(settings: Settings, words: Wording, stopping: threading.Event | None = None) -> None:
    """Run until SIGTERM, Ctrl-C, or `stopping`. First nothing more is taken in, then what is in hand is sent.

    CoachError says why it cannot start: no school, no counselor, a token Slack refuses, no way to Slack, another
    process that sends from the same SQLite file, or a disk that is not kept.
    """
    if settings.several:
        raise CoachError(f"run is for one workspace. {ONE}")
    logs.take_over(settings.log_level, settings.log_format)
    ended = stopping or _signalled()
    kept.require(settings.database_url, os.environ)
    with only_scheduler(settings.database_url):
        workspace, make = _prepared(settings, words)
        meter = Meter()
        at = premises(settings, watch=meter)
        service = make(at)
        socket = Socket(watched(service.answer, meter.turned), settings.app_token, settings.api_url)
        health = Health(at.store, service, socket)
        with aside.served(settings.health_address, _for_the_operator(health, meter, at, service, socket)):
            service.start()
            try:
                socket.open()
            except CoachError:
                socket.close()
                service.stop()
                raise
            log.info("running workspace=%s", workspace)
            ended.wait()
            log.info("stopping")
            health.stopping = True
            socket.close()
            _stop(service)


def work(settings: Settings, words: Wording, stopping: threading.Event | None = None) -> None:
    """Send what other processes put, beside any number of others, until SIGTERM, Ctrl-C, or `stopping`.

    CoachError says why it cannot start: as for `serve`, and on SQLite.
    """
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        raise CoachError(f"A worker needs PostgreSQL: on SQLite, conference-coach run does it all. {SEVERAL}")
    logs.take_over(settings.log_level, settings.log_format)
    ended = stopping or _signalled()
    workspace, make = _prepared(settings, words)
    meter = Meter()
    at = premises(settings, watch=meter)
    service = make(at)
    health = Health(at.store, service)
    with aside.served(settings.health_address, _for_the_operator(health, meter, at, service)):
        service.start()
        log.info("working workspace=%s", workspace)
        ended.wait()
        log.info("stopping")
        health.stopping = True
        _stop(service)


def web(settings: Settings, words: Wording) -> None:
    """Take in by HTTP, in processes and threads, until SIGTERM or Ctrl-C. Sends nothing: workers do.

    CoachError says why it cannot start: as for `work`.
    """
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        raise CoachError(f"web needs PostgreSQL: on SQLite, conference-coach run does it all. {SEVERAL}")
    if settings.health_address and aside.host_and_port(settings.health_address)[1] == settings.port:
        raise CoachError("HEALTH_ADDRESS: It has the port that web itself has. Name another.")
    logs.take_over(settings.log_level, settings.log_format)
    _, make = _prepared(settings, words)
    from bot.running import site  # gunicorn reads the environment at its import: only once that has been checked

    def made(meter: Meter) -> Made:
        at = premises(settings, sends=False, watch=meter)
        service = make(at)
        service.start()
        return _made(settings, at, service, meter)

    place = site.Place(
        settings.host, settings.port, settings.health_address, settings.web_concurrency, settings.web_threads
    )
    site.serve(place, made)


def routes(settings: Settings, service: Service, meter: Meter, health: Health) -> Mapping[str, Wsgi]:
    """What `web` answers: every path there is, and what is behind it."""
    answer = watched(service.answer, meter.turned)
    installing = service.installing() if isinstance(service, District) else None
    return {
        EVENTS_PATH: Guard(Http(answer, EVENTS_PATH), settings.signing_secret),
        **(dict.fromkeys(PATHS, installing) if installing else {}),
        **health.routes(),
    }


def _made(settings: Settings, at: Premises, service: Service, meter: Meter) -> Made:
    """What one process of `web` serves: the figures only at the operator's address."""
    from bot.running.site import Made

    health = Health(at.store, service)
    public: Wsgi = Router(routes(settings, service, meter, health))
    if settings.health_address:
        port = aside.host_and_port(settings.health_address)[1]
        public = ByPort(port, _for_the_operator(health, meter, at, service), public)

    def stopping() -> None:
        health.stopping = True

    return Made(public, stopping, service.stop)


def _for_the_operator(
    health: Health, meter: Meter, at: Premises, service: Service, socket: Socket | None = None
) -> Wsgi:
    return Router({**health.routes(), METRICS: meter.route(at.store, service, at.clock, socket)})


def _prepared(settings: Settings, words: Wording) -> tuple[str, Callable[[Premises], Service]]:
    """The workspace, "several" where there are; and what makes its bot, or theirs, on the premises of a process.

    What can be wrong is found here, once, before anything is served: the database and its keys, the token, the school.
    Of several workspaces each bot is there once all it needs is.
    """
    store = Store(settings.database_url, settings.keyring)
    try:
        schema.migrate(store)
        sealing.require_keys(store)
        if settings.several:
            with store.read() as connection:
                copies.refuse_copy(connection)
            return "several", lambda at: District(at, words)
        known = who(settings.bot_token, settings.api_url)
        workspace = known.team_id or ""
        fit(store, workspace)
    finally:
        store.close()
    return workspace, lambda at: wire(at, words(workspace), known)


def _stop(service: Service) -> None:
    if not service.stop():
        log.warning("calls_not_ended")  # what became of them is looked up by whoever sends next


def _signalled() -> threading.Event:
    """Set by SIGTERM or Ctrl-C. A second Ctrl-C ends it at once: what was in hand is looked for at the next start."""
    ended = threading.Event()

    def end(signal_: int, _frame: FrameType | None) -> None:
        if ended.is_set() and signal_ == signal.SIGINT:
            os._exit(130)
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return ended
