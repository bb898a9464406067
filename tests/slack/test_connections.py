"""Kept-alive connections: each request goes out once, and only a whole answer is one."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.slack import connections
from bot.slack.client import SlackApi
from bot.slack.connections import Connections, HttpError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers requests with what it is given, one after the other; None ends the connection without an answer."""

    def __init__(self, answers: list[bytes | None], tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.closed = threading.Event()
        self._answers = iter(answers)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
                if self._tls is not None:
                    connection = self._tls.wrap_socket(connection, server_side=True)
            except ssl.SSLError:
                continue
            except OSError:
                return
            self.connections += 1
            with connection:
                while self._answer(connection):
                    pass
            self.closed.set()

    def _answer(self, connection: socket.socket) -> bool:
        """One request; whether the connection goes on."""
        with connection.makefile("rb") as file:
            head = b"".join(iter(file.readline, b"\r\n")) if file.peek(1) else b""
            if not head:
                return False
            self.requests.append(head + b"\r\n" + file.read(int(head.lower().partition(b"content-length:")[2])))
        answer = next(self._answers)
        if answer is None:
            return False
        connection.sendall(answer)
        return not any(word in answer for word in (b"close", b"to the end"))


@contextmanager
def serving(*answers: bytes | None, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(list(answers), tls)
    yield server
    server.close()


def pool(server: Server, read: float = 5.0) -> Connections:
    context = ssl.create_default_context()
    return Connections(f"http://127.0.0.1:{server.port}/api/", context, connect=5.0, read=read, kept=10)


def post(pool: Connections, body: bytes = b"{}") -> connections.Answer:
    return pool.post(pool.head("/api/x", {"A": "b"}), body)


def test_a_connection_is_used_again() -> None:
    with serving(OK, OK, OK) as server:
        one = pool(server)
        assert [post(one).body for _ in range(3)] == [b"ok"] * 3
    assert server.connections == 1


def test_a_request_says_what_it_is_and_how_long() -> None:
    with serving(OK) as server:
        post(pool(server), b"{}")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /api/x HTTP/1.1", f"Host: 127.0.0.1:{server.port}".encode(), b"Accept-Encoding: identity", b"A: b",
        b"Content-Length: 2",
    ]  # fmt: skip
    assert body == b"{}"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: 1\r\n\r\n"


def test_an_answer_comes_whole_in_chunks_and_after_a_hundred() -> None:
    with serving(CHUNKED, b"HTTP/1.1 100 Continue\r\n\r\n" + OK) as server:
        one = pool(server)
        assert (post(one).body, post(one).body) == (b"abcd", b"ok")
    assert server.connections == 1


def test_an_answer_of_no_length_ends_with_its_connection() -> None:
    with serving(b"HTTP/1.1 200 OK\r\n\r\nto the end", OK) as server:
        one = pool(server)
        assert (post(one).body, post(one).body) == (b"to the end", b"ok")
    assert server.connections == 2


def test_headers_are_found_whatever_their_case() -> None:
    with serving(b"HTTP/1.1 429 Too Many\r\nRETRY-after:  7 \r\ncontent-LENGTH: 0\r\n\r\n") as server:
        answer = post(pool(server))
    assert (answer.status, answer.headers[b"retry-after"], answer.body) == (429, b"7", b"")


def test_a_connection_that_says_close_is_closed() -> None:
    with serving(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", OK) as server:
        one = pool(server)
        post(one), post(one)
    assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close",
        b"SMTP ready\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_no_whole_answer_is_an_error_and_nothing_is_sent_again(answer: bytes | None) -> None:
    with serving(answer, OK) as server:
        one = pool(server)
        with pytest.raises((HttpError, OSError)):
            post(one)
        assert len(server.requests) == 1
        assert post(one).body == b"ok"


def test_a_connection_the_other_side_has_closed_meanwhile_is_not_used() -> None:
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: closes without a word\r\n\r\nok", OK) as server:
        one = pool(server)
        post(one)
        assert server.closed.wait(5)
        assert post(one).body == b"ok"
    assert server.connections == 2


def test_a_connection_that_has_rested_too_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.0)
    with serving(OK, OK) as server:
        one = pool(server)
        post(one), post(one)
    assert server.connections == 2


def test_an_answer_that_does_not_come_is_waited_for_so_long() -> None:
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n") as server, pytest.raises(TimeoutError):
        post(pool(server, read=0.05))


def test_a_line_break_cannot_get_into_a_header() -> None:
    with serving() as server, pytest.raises(ValueError, match="line break"):
        pool(server).head("/api/x", {"Authorization": "Bearer x\r\nX: y"})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "key"), "-out", str(folder / "pem")]
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*request, *names], check=True, capture_output=True)
    return folder


def encrypted(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "pem", folder / "key")
    return context


@pytest.mark.parametrize(
    ("host", "trusts", "fault"),
    [("localhost", True, ""), ("localhost", False, "SSLCertVerificationError"),
     ("127.0.0.1", True, "SSLCertVerificationError")],
)  # fmt: skip
def test_over_tls_only_the_host_that_proves_its_name_is_spoken_to(
    certificate: Path, host: str, trusts: bool, fault: str
) -> None:
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok":true}'
    client = ssl.create_default_context(cafile=str(certificate / "pem") if trusts else None)
    with serving(answer, tls=encrypted(certificate)) as server:
        api = SlackApi("xoxb-1", f"https://{host}:{server.port}/api/", tls=client)
        reply = api.call("x", {})
    assert (reply.ok, reply.fault) == (not fault, fault)
