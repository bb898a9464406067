"""Kept-alive HTTP/1.1 connections to one host, each request made once: nothing here ever sends anything again.

A post to Slack is small and its answer smaller; urllib3 and http.client spend more on them than Bolt does on the whole
event. So this knows only what such a call needs: a body with a length, an answer with a length, in chunks, or up to the
end of the connection (RFC 9112). Connecting, TLS and its verification are http.client's and ssl's.
"""

from __future__ import annotations

import select
import ssl
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from socket import socket
from typing import BinaryIO
from urllib.parse import urlsplit

IDLE_SECONDS = 25.0
"""A connection that has rested so long is not used again: the other side may be about to close it."""

LINE = 65_536
HEADERS = 100
_READABLE = select.POLLIN | select.POLLERR | select.POLLHUP
_NO_BODY = frozenset({204, 304})


class HttpError(Exception):
    """What came back is no HTTP that could be relied on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: names of headers are in lower case."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes


class Connections:
    """A pool for one scheme, host and port. Safe to share between threads, each of which has a connection to itself.

    connect, read: seconds to wait for a connection, and for each piece of an answer. kept: idle connections at most.
    """

    def __init__(self, base_url: str, tls: ssl.SSLContext, *, connect: float, read: float, kept: int) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "", parts.port
        self._tls = tls if parts.scheme == "https" else None
        self._connect, self._read, self._kept = connect, read, kept
        self._idle: deque[Line] = deque()
        self._head = f" HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\nAccept-Encoding: identity\r\n"

    def head(self, path: str, headers: Mapping[str, str]) -> bytes:
        """The beginning of a POST, for `post`; made once for each path."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if any(sign in path + "".join(headers.values()) for sign in "\r\n"):
            raise ValueError("a path or header with a line break in it")
        return f"POST {path}{self._head}{lines}Content-Length: ".encode("latin-1")

    def post(self, head: bytes, body: bytes) -> Answer:
        """Make a request, once. Raises OSError or HttpError where no whole answer came."""
        line = self._line()
        try:
            answer = line.exchange(b"%b%d\r\n\r\n%b" % (head, len(body), body))
        except BaseException:
            line.close()
            raise
        if line.open and len(self._idle) < self._kept:
            self._idle.append(line)
        else:
            line.close()
        return answer

    def close(self) -> None:
        """Close the connections that rest."""
        while self._idle:
            self._idle.pop().close()

    def _line(self) -> Line:
        """The connection used last that still stands, or a new one."""
        while True:
            try:
                line = self._idle.pop()
            except IndexError:
                return Line(self._new(), self._read)
            if line.usable():
                return line
            line.close()

    def _new(self) -> HTTPConnection:
        if self._tls is None:
            return HTTPConnection(self._host, self._port, timeout=self._connect)
        return HTTPSConnection(self._host, self._port, timeout=self._connect, context=self._tls)


class Line:
    """One connection, on which one request at a time is made. Any error leaves it of no use."""

    def __init__(self, connection: HTTPConnection, read: float) -> None:
        connection.connect()
        self._socket: socket = connection.sock
        self._socket.settimeout(read)
        self._file: BinaryIO = self._socket.makefile("rb")
        self._poll = select.poll()
        self._poll.register(self._socket, _READABLE)
        self._since = time.monotonic()
        self.open = True

    def usable(self) -> bool:
        """Whether the other side has not closed it, as far as can be seen."""
        return time.monotonic() - self._since < IDLE_SECONDS and not self._poll.poll(0)

    def exchange(self, request: bytes) -> Answer:
        """Send a whole request, read the whole answer."""
        self._socket.sendall(request)
        answer = self.answer()
        self._since = time.monotonic()
        return answer

    def close(self) -> None:
        """Close it."""
        self._file.close()
        self._socket.close()

    def answer(self) -> Answer:
        """Read a whole answer."""
        version, status = self._status()
        headers = self._headers()
        while 100 <= status < 200:
            version, status = self._status()
            headers = self._headers()
        asked = headers.get(b"connection", b"").lower()
        self.open = b"close" not in asked and (version == b"HTTP/1.1" or b"keep-alive" in asked)
        return Answer(status, headers, self._body(status, headers))

    def _status(self) -> tuple[bytes, int]:
        version, _, rest = self._text_line().partition(b" ")
        if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
            raise HttpError("no status line")
        return version, int(rest[:3])

    def _headers(self) -> dict[bytes, bytes]:
        headers: dict[bytes, bytes] = {}
        for _ in range(HEADERS):
            line = self._text_line()
            if not line:
                return headers
            name, colon, value = line.partition(b":")
            if not colon:
                raise HttpError("a header without a colon")
            headers[name.lower()] = value.strip()
        raise HttpError("too many headers")

    def _body(self, status: int, headers: Mapping[bytes, bytes]) -> bytes:
        if status in _NO_BODY:
            return b""
        coding = headers.get(b"transfer-encoding", b"").lower()
        if coding == b"chunked":
            return b"".join(iter(self._chunk, b""))
        length = headers.get(b"content-length")
        if coding or (length is not None and not length.isdigit()):
            raise HttpError("a body of no known length")
        if length is None:
            self.open = False
            return self._file.read()
        return self._exactly(int(length))

    def _chunk(self) -> bytes:
        """The next chunk; b"" at the end, with what trails it read."""
        size = self._text_line().partition(b";")[0].strip()
        try:
            length = int(size, 16)
        except ValueError:
            raise HttpError("a chunk of no size") from None
        if length == 0:
            self._headers()
            return b""
        data = self._exactly(length)
        if self._text_line():
            raise HttpError("a chunk that does not end")
        return data

    def _exactly(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) != length:
            raise HttpError("the connection ended inside an answer")
        return data

    def _text_line(self) -> bytes:
        line = self._file.readline(LINE)
        if not line.endswith(b"\n"):
            raise HttpError("the connection ended" if len(line) < LINE else "a line too long")
        return line.rstrip(b"\r\n")
