"""Whether the process is alive, and whether it may be given work: for whoever starts it again, or sends to it."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping

from bot.errors import CoachError
from bot.running.router import JSON, TEXT, Wsgi, telling
from bot.running.service import Service
from bot.slack.socket import Socket
from bot.store import migrate as schema
from bot.store import room
from bot.store.session import Store
from scheduler.failures import named

log = logging.getLogger("bot")

LIVE, READY = "/livez", "/readyz"

PATIENCE = 3.0
"""Seconds after which a database that does not answer counts as one that cannot be reached."""


class Health:
    """Why a process is not to be given work, by name: `stopping`, `database`, `schema`, `school`, `disk`, `socket`.

    socket: where there is one. `stopping` is set by whoever ends the process, before anything else is.
    """

    def __init__(self, store: Store, service: Service, socket: Socket | None = None) -> None:
        self.stopping = False
        self._store = store
        self._service = service
        self._socket = socket
        self._asking: threading.Thread | None = None
        self._lock = threading.Lock()

    def routes(self) -> Mapping[str, Wsgi]:
        """The two that anybody may ask."""
        return {LIVE: telling(lambda: ("200 OK", TEXT, b"alive\n")), READY: telling(self._ready)}

    def reasons(self) -> list[str]:
        """All of them; none if it is ready."""
        found = ["stopping"] if self.stopping else []
        if self._socket is not None and not self._socket.connected:
            found.append(f"socket: {self._socket.trouble}")
        return [*found, *self._stored()]

    def _ready(self) -> tuple[str, str, bytes]:
        reasons = self.reasons()
        content = json.dumps({"ready": not reasons, "reasons": reasons}).encode() + b"\n"
        return "503 Service Unavailable" if reasons else "200 OK", JSON, content

    def _stored(self) -> tuple[str, ...]:
        """What the database says, in time. One asks it at once: where nothing comes back, threads must not pile up."""
        found: list[tuple[str, ...]] = []
        with self._lock:
            if self._asking is None or not self._asking.is_alive():
                self._asking = threading.Thread(target=lambda: found.append(self._ask()), name="ready", daemon=True)
                self._asking.start()
            self._asking.join(PATIENCE)
        return found[0] if found else ("database",)

    def _ask(self) -> tuple[str, ...]:
        try:
            schema.require_current(self._store)
            return (*self._service.lacks(), *self._full())
        except CoachError:
            return ("schema",)
        except Exception as error:
            log.warning("not_reached error=%s", named(error))
            return ("database",)

    def _full(self) -> tuple[str, ...]:
        """A full disk can be read from as ever, and nothing that comes in can be kept."""
        free = room.free(self._store.engine.url)
        if free is None or free >= room.LEAST:
            return ()
        log.warning("disk_full")
        return ("disk",)
