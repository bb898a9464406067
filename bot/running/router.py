"""One table of paths, each with the WSGI application behind it; and applications that only tell something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
_READS = ("GET", "HEAD")


class Router:
    """Goes by the whole path; what is not in the table is not there."""

    def __init__(self, table: Mapping[str, Wsgi]) -> None:
        self._table = dict(table)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Hand the request on."""
        behind = self._table.get(str(environ.get("PATH_INFO")))
        return _say(start_response, "404 Not Found", TEXT, b"") if behind is None else behind(environ, start_response)


class ByPort:
    """One table for whoever comes by one port, another for all others. The port is that of the listening socket, as the
    server has it, and nothing that a request says."""

    def __init__(self, port: int, there: Wsgi, elsewhere: Wsgi) -> None:
        self._port = str(port)
        self._there = there
        self._elsewhere = elsewhere

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Hand the request on."""
        there = str(environ.get("SERVER_PORT")) == self._port
        return (self._there if there else self._elsewhere)(environ, start_response)


def telling(tell: Callable[[], tuple[str, str, bytes]]) -> Wsgi:
    """An application that answers what is read with status, content type and content, and nothing else."""

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("REQUEST_METHOD") not in _READS:
            return _say(start_response, "405 Method Not Allowed", TEXT, b"")
        status, kind, content = tell()
        return _say(start_response, status, kind, content if environ["REQUEST_METHOD"] == "GET" else b"")

    return application


def _say(start_response: Callable[..., Any], status: str, kind: str, content: bytes) -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(content))), ("Cache-Control", "no-store")]
    start_response(status, headers)
    return [content]
