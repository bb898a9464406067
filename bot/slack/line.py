"""One connection of Socket Mode, from its opening to its end.

What comes by a line is answered by that line: Slack waits for the answer there. Slack says a while before that it will
close a line; until then it still brings things by it.
"""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

log = logging.getLogger("bot.slack")

OPEN_SECONDS = 10.0
CLOSE_SECONDS = 2.0
PING_SECONDS = 10.0
"""A line on which nobody answers is found in twice as long."""

LARGEST = 4_000_000
"""Bytes of an envelope: some ten times a view with all that is around it."""

ENDED = "ended"

Envelope = Mapping[str, Any]


class Standing(Enum):
    """How a line stands."""

    OPENING = auto()
    UP = auto()  # Slack has said hello
    LEAVING = auto()  # Slack has said that it will close it, and `reason`
    DOWN = auto()


class Line:
    """A connection with a thread of its own, which hands on what comes in.

    take: gets this line and each envelope; called in the line's thread, so it must be quick. changed: called whenever
    the line stands otherwise.
    """

    def __init__(
        self,
        url: str,
        take: Callable[[Line, Envelope], None],
        changed: Callable[[], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url
        self._take = take
        self._changed = changed
        self._tls = tls
        self._connection: ClientConnection | None = None
        self._answered = threading.Event()
        self._thread = threading.Thread(target=self._run, name="socket-line", daemon=True)
        self.standing = Standing.OPENING
        self.reason = ""
        self.stood = 0.0
        """Seconds for which it was up; 0 while it is."""
        self._up_since = 0.0

    def open(self) -> bool:
        """Connect, and wait until Slack says hello; False if it does not, with `reason`."""
        self._thread.start()
        self._answered.wait(2 * OPEN_SECONDS)
        if self.standing is Standing.OPENING:
            self.reason = "no hello"
            self.close()
        return self.standing is Standing.UP

    def answer(self, message: Mapping[str, Any]) -> bool:
        """Answer an envelope that came by this line; False if it has ended meanwhile: then Slack brings it again."""
        try:
            if self._connection is not None:
                self._connection.send(json.dumps(message))
                return True
        except (OSError, WebSocketException):
            pass
        return False

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()

    def _run(self) -> None:
        secure = self._url.startswith("wss:")
        try:
            with connect(
                self._url,
                ssl=(self._tls or ssl.create_default_context()) if secure else None,
                compression=None,
                max_size=LARGEST,
                open_timeout=OPEN_SECONDS,
                close_timeout=CLOSE_SECONDS,
                ping_interval=PING_SECONDS,
                ping_timeout=PING_SECONDS,
            ) as connection:
                self._connection = connection
                for text in connection:
                    self._read(text)
        except (OSError, WebSocketException) as error:
            self.reason = self.reason or type(error).__name__
        self._become(Standing.DOWN, self.reason or ENDED)

    def _read(self, text: str | bytes) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            log.warning("odd_envelope")
        elif message.get("type") == "hello":
            self._up_since = time.monotonic()
            self._become(Standing.UP, "")
        elif message.get("type") == "disconnect":
            self._become(Standing.LEAVING, str(message.get("reason") or ENDED))
        elif isinstance(message.get("envelope_id"), str) and isinstance(message.get("payload"), dict):
            self._take(self, message)

    def _become(self, standing: Standing, reason: str) -> None:
        if self.standing is Standing.UP:
            self.stood = time.monotonic() - self._up_since
        self.standing, self.reason = standing, reason
        self._answered.set()
        self._changed()
