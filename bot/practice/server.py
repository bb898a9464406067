"""An HTTP/1.1 server with kept connections: a thread for each connection, used again for the next."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from io import BufferedReader

from bot.practice.wire import Ending, Reply, Request, read_request

_LINGER_RESET = struct.pack("ii", 1, 0)


class Server:
    """Serves `answer` on 127.0.0.1 until closed. With a TLS context it speaks https."""

    def __init__(self, answer: Callable[[Request], Reply], port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._waiting: queue.SimpleQueue[socket.socket | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._open: set[socket.socket] = set()
        self._closed = False
        self._threads = 0
        threading.Thread(target=self._accept, name="practice-accept", daemon=True).start()

    @property
    def address(self) -> str:
        """The server's root address, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening and hang up on everyone."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for _ in range(self._threads):
            self._waiting.put(None)

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._waiting.put(connection)
            if not self._idle.acquire(blocking=False):
                self._threads += 1
                threading.Thread(target=self._work, name="practice-http", daemon=True).start()

    def _work(self) -> None:
        while (connection := self._waiting.get()) is not None:
            self._open.add(connection)
            try:
                self._serve(connection)
            finally:
                self._open.discard(connection)
                connection.close()
            self._idle.release()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.add(connection)
            try:
                with connection.makefile("rb") as stream:
                    while (request := read_request(stream)) and not self._closed:
                        if not _send(connection, stream, self._answer(request)) or request.closes:
                            return
            finally:
                if self._tls:
                    self._open.discard(connection)
                    connection.close()


def _send(connection: socket.socket, stream: BufferedReader, reply: Reply) -> bool:
    """Send it, or fail to as it says; whether the connection can be kept."""
    if reply.ending is Ending.WHOLE:
        connection.sendall(reply.head() + reply.body)
        return True
    if reply.ending is Ending.DROPPED:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        return False
    if reply.ending is Ending.HALF:
        connection.sendall(reply.head() + reply.body[: len(reply.body) // 2])
    while stream.read(1):  # until the client gives up
        pass
    return False
