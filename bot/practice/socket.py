"""Socket Mode's server side: tickets, connections, envelopes and their acknowledgements."""

from __future__ import annotations

import contextlib
import itertools
import json
import secrets
import socket
import ssl
import threading
import uuid
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from bot.practice.message import Json
from bot.practice.targets import ACK_SECONDS, Ack, Delivery, Sort

if TYPE_CHECKING:
    from bot.practice.workspace import PracticeWorkspace

MOST_CONNECTIONS = 10


class Reason(StrEnum):
    """Why Slack closes a socket, in its words."""

    WARNING = "warning"  # it will, in some ten seconds
    REFRESH = "refresh_requested"
    DISABLED = "link_disabled"  # Socket Mode was turned off


class Sockets:
    """The open sockets of an app. A delivery goes to any one of them, in turn, and is answered by that one or not at
    all. `enabled`: whether Socket Mode is turned on."""

    def __init__(self, workspace: PracticeWorkspace, tls: ssl.SSLContext | None = None) -> None:
        self._workspace = workspace
        self._tls = tls
        self._server: Server | None = None
        self._tickets: set[str] = set()
        self._open: list[ServerConnection] = []
        self._acks: dict[str, Json] = {}
        self._asked: dict[str, ServerConnection] = {}
        self.enabled = True
        self._turn = itertools.count()
        self.refreshes = 0

    @property
    def count(self) -> int:
        """How many sockets are open."""
        return len(self._open)

    def ticket(self) -> str:
        """An address to open one socket at."""
        self._start()
        assert self._server is not None
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        port = self._server.socket.getsockname()[1]
        return (
            f"{'wss' if self._tls else 'ws'}://127.0.0.1:{port}/link/?ticket={ticket}&app_id={self._workspace.app_id}"
        )

    def deliver(self, delivery: Delivery) -> Ack:
        """Send to one socket and wait up to 3 s for its acknowledgement."""
        changing = self._workspace.changing
        with changing:
            if not self._open:
                return Ack(False, reason="connection_failed")
            connection = self._open[next(self._turn) % len(self._open)]
            envelope_id = str(uuid.uuid4())
            self._asked[envelope_id] = connection
        try:
            connection.send(json.dumps(_envelope(delivery, envelope_id)))
        except ConnectionClosed:
            return Ack(False, reason="connection_failed")
        with changing:
            arrived = changing.wait_for(lambda: envelope_id in self._acks, ACK_SECONDS)
            del self._asked[envelope_id]
            return Ack(True, 200, self._acks.pop(envelope_id)) if arrived else Ack(False, reason="http_timeout")

    def refresh(self) -> None:
        """Ask every socket to come back, then close it, as Slack does every few hours."""
        self.refreshes += 1
        self._leave(Reason.REFRESH)

    def warn(self) -> None:
        """Say to every socket that it will be closed soon, and go on with it meanwhile."""
        for connection in list(self._open):
            self._say(connection, Reason.WARNING)

    def disable(self) -> None:
        """Turn Socket Mode off: every socket is told so and closed, and no more are given."""
        self.enabled = False
        self._leave(Reason.DISABLED)

    def drop(self) -> None:
        """Cut every connection, without a word."""
        with self._workspace.changing:
            connections = list(self._open)
            self._open.clear()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

    def close_oldest(self) -> None:
        """Close the socket that has been open for longest."""
        self._open[0].close()

    def _leave(self, reason: Reason) -> None:
        with self._workspace.changing:
            connections = list(self._open)
            self._open.clear()
        for connection in connections:
            self._say(connection, reason)
            with contextlib.suppress(ConnectionClosed):
                connection.close()

    def _say(self, connection: ServerConnection, reason: Reason) -> None:
        with contextlib.suppress(ConnectionClosed):
            connection.send(json.dumps({"type": "disconnect", "reason": reason, "debug_info": {}}))

    def close(self) -> None:
        """Close every socket and stop listening."""
        for connection in list(self._open):
            with contextlib.suppress(ConnectionClosed):
                connection.close()
        if self._server is not None:
            self._server.shutdown()

    def _start(self) -> None:
        if self._server is None:
            self._server = serve(self._serve, "127.0.0.1", 0, ssl=self._tls, compression=None)
            threading.Thread(target=self._server.serve_forever, name="practice-sockets", daemon=True).start()

    def _serve(self, connection: ServerConnection) -> None:
        if not self._admit(connection):
            connection.close(4001, "too many connections or a used ticket")
            return
        try:
            for text in connection:
                self._acknowledge(connection, json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            with self._workspace.changing:
                if connection in self._open:
                    self._open.remove(connection)
                self._workspace.changing.notify_all()

    def _admit(self, connection: ServerConnection) -> bool:
        query = urlsplit(connection.request.path if connection.request else "").query
        ticket = parse_qs(query).get("ticket", [""])[0]
        with self._workspace.changing:
            if ticket not in self._tickets or len(self._open) >= MOST_CONNECTIONS:
                return False
            self._tickets.discard(ticket)
            connection.send(json.dumps(self._hello()))
            self._open.append(connection)
            self._workspace.changing.notify_all()
        return True

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._open) + 1,
            "debug_info": {"host": "practice", "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._workspace.app_id},
        }

    def _acknowledge(self, connection: ServerConnection, message: Json) -> None:
        with self._workspace.changing:
            if self._asked.get(message["envelope_id"]) is connection:
                self._acks[message["envelope_id"]] = message.get("payload") or {}
            self._workspace.changing.notify_all()


def _envelope(delivery: Delivery, envelope_id: str) -> Json:
    body: Json = {
        "envelope_id": envelope_id,
        "type": delivery.sort.value,
        "accepts_response_payload": delivery.sort is not Sort.EVENT,
        "payload": delivery.payload,
    }
    if delivery.sort is Sort.EVENT:
        body |= {"retry_attempt": delivery.attempt, "retry_reason": delivery.reason}
    return body
