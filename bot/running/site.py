"""The bot behind gunicorn: processes that each have their own bot, made after the fork, and threads in them.

Several processes share one address and one set of figures (prometheus-client's files, kept in memory). Measured on two
cores that PostgreSQL and the client shared, 500 messages 64 at a time: 210 a second by one process of 16 threads, 196
by two of 8, 181 by one of 8, 175 by one of 32. So one of 16 is the default, and more are for more cores.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import struct
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from bot.errors import CoachError
from bot.running.aside import host_and_port
from bot.running.meter import Meter, forget
from bot.running.router import Wsgi
from scheduler.failures import named

log = logging.getLogger("bot")

LAST_SECONDS = 2.0
"""After SIGTERM it is not ready, and still takes in for so long: until nobody sends to it any more."""

DRAIN_SECONDS = 8
"""After SIGTERM, until what is still being answered is given up."""

KEPT_SECONDS = 75
"""How long an idle connection is kept: longer than load balancers keep theirs (60 s), so that none is closed here
at the very moment a request comes by it."""

SILENT_SECONDS = 30
"""A process that has not stirred for so long is started again."""

READ_SECONDS = 5
"""How long a client may be silent in the middle of a request: it has a thread meanwhile."""

FIELDS, FIELD_BYTES, LINE_BYTES = 60, 8_190, 4_094
"""Slack sends some 15 fields of 100 bytes, and a proxy its own; an installation comes back with a long query."""

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where there is no disk to wait for
_TIMEVAL = struct.pack("ll", READ_SECONDS, 0)


@dataclass(frozen=True)
class Made:
    """What serves in one process. stopping: told first; ended: told last."""

    application: Wsgi
    stopping: Callable[[], None]
    ended: Callable[[], object]


Make = Callable[[Meter], Made]
"""Makes it in a process, which then has threads and connections of its own."""


@dataclass(frozen=True)
class Place:
    """Where it serves, and with how much. beside: the operator's address, "" for none."""

    host: str
    port: int
    beside: str
    processes: int
    threads: int

    @property
    def listens(self) -> list[tuple[str, str, int]]:
        """Each variable that says where it listens, with host and port."""
        beside = [("HEALTH_ADDRESS", *host_and_port(self.beside))] if self.beside else []
        return [("PORT", self.host, self.port), *beside]

    @property
    def addresses(self) -> list[str]:
        """As gunicorn binds them."""
        return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for _, host, port in self.listens]


def serve(place: Place, make: Make) -> None:
    """Serve until SIGTERM or Ctrl-C. CoachError where an address cannot be had."""
    for name, host, port in place.listens:
        _try(name, host, port)
    with _kept(place) as shared:
        _Site(place, make, Path(shared) if shared else None).run()


def _try(name: str, host: str, port: int) -> None:
    """gunicorn tries for some seconds, and says nothing that helps."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as mine:
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            mine.bind((host, port))
        except OSError as error:
            raise CoachError(f"{name}: web cannot listen at {host}:{port} ({error.strerror}). Name another.") from None


class _kept:  # noqa: N801 - a context
    """A folder by which the processes share their figures, where there are several."""

    def __init__(self, place: Place) -> None:
        several = place.processes > 1
        self._folder = tempfile.mkdtemp(prefix="coach-figures-", dir=_memory()) if several else ""

    def __enter__(self) -> str:
        return self._folder

    def __exit__(self, *_error: object) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def _memory() -> str | None:
    return str(_SHARED_MEMORY) if os.access(_SHARED_MEMORY, os.W_OK) else None


class _Quiet(Logger):  # type: ignore[misc]
    """gunicorn's own lines go where ours go, in the same form. None of them tells who asked for what."""

    def setup(self, cfg: Any) -> None:
        """No handlers of its own."""
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(logging.WARNING)

    def access(self, *_what: Any) -> None:
        """Nothing: an address may be a person's, and the query of an installation holds a code."""


class _Process(ThreadWorker):  # type: ignore[misc]
    """As gunicorn's, only that it says first that it is not ready, and that nobody keeps a thread waiting."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: no longer ready, and after a moment no longer taking in."""
        self.app.stopping()
        leaving = threading.Timer(LAST_SECONDS, super().handle_exit, (sig, frame))
        leaving.daemon = True
        leaving.start()

    def enqueue_req(self, conn: Any) -> None:
        """A connection has something to say."""
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            conn.sock.setsockopt(socket.SOL_SOCKET, direction, _TIMEVAL)
        super().enqueue_req(conn)


class _Site(BaseApplication):  # type: ignore[misc]
    """The settings of gunicorn's that are ours, and what is served. Nothing is read from elsewhere."""

    def __init__(self, place: Place, make: Make, shared: Path | None) -> None:
        self._place = place
        self._make = make
        self._shared = shared
        self._made: Made | None = None
        super().__init__(prog="conference-coach")

    def load_config(self) -> None:
        """gunicorn asks for its settings."""
        for name, value in self._settings().items():
            self.cfg.set(name, value)

    def _settings(self) -> dict[str, Any]:
        place = self._place
        return {
            "bind": place.addresses,
            "workers": place.processes,
            "threads": place.threads,
            "worker_class": _Process,
            "timeout": SILENT_SECONDS,
            "graceful_timeout": DRAIN_SECONDS,
            "keepalive": KEPT_SECONDS,
            "limit_request_line": LINE_BYTES,
            "limit_request_fields": FIELDS,
            "limit_request_field_size": FIELD_BYTES,
            "forwarded_allow_ips": "",
            "worker_tmp_dir": _memory(),
            "control_socket_disable": True,
            "accesslog": None,
            "logger_class": _Quiet,
            "loglevel": "warning",
            "proc_name": "conference-coach",
            "when_ready": lambda _server: log.info("serving count=%d", place.processes),
            "worker_exit": lambda _server, _worker: self._end(),
            "child_exit": lambda _server, worker: self._forget(worker.pid),
        }

    def load(self) -> Wsgi:
        """What a process serves; where it cannot be made, all of them end."""
        try:
            self._made = self._make(Meter(self._shared))
        except CoachError as error:
            print(error, file=sys.stderr)  # noqa: T201 - as at the command line
            sys.exit(3)
        except Exception as error:
            log.critical("not_made error=%s", named(error))
            sys.exit(3)
        return self._made.application

    def stopping(self) -> None:
        """The process is about to end."""
        if self._made is not None:
            self._made.stopping()

    def _end(self) -> None:
        if self._made is not None:
            log.info("stopping")
            self._made.ended()

    def _forget(self, process: int) -> None:
        if self._shared is not None:
            forget(self._shared, process)
