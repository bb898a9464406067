"""A small HTTP server beside the bot, for its operator's eyes: one thread for each who asks, none of them for long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socket import AF_INET6
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from bot.errors import CoachError
from bot.running.router import Wsgi

SECONDS = 5
"""How long somebody may take over a request."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = SECONDS

    def log_message(self, *_what: Any) -> None:
        """Nothing: who asks, and for what, is not kept."""

    def address_string(self) -> str:
        """No name is looked up."""
        return self.client_address[0]


def host_and_port(address: str) -> tuple[str, int]:
    """The two parts of HEALTH_ADDRESS."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


@contextmanager
def served(address: str, application: Wsgi) -> Iterator[None]:
    """Serve there while the context lasts; where no address is given, not at all. CoachError where it cannot be."""
    if not address:
        yield
        return
    server = _open(address)
    server.set_app(application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _open(address: str) -> WSGIServer:
    host, port = host_and_port(address)
    try:
        return (_Server6 if ":" in host else _Server)((host, port), _Handler)
    except OSError as error:
        raise CoachError(
            f"HEALTH_ADDRESS: nothing can be served there ({error.strerror or 'no such host'}). "
            "Write an address of this machine with a port that is free, or leave it out."
        ) from None
