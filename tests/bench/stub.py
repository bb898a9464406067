"""Slack as far as a turn needs it, in a process of its own: takes `chat.postMessage` and says where the message stands.

As little as possible is done for each call, so that a benchmark never waits for the stub. Run as
`python -m tests.bench.stub [--certificate PEM] [--delay SECONDS]`; it prints its port and serves until it is ended.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TEAM = "T0BENCH"
BOT_USER = "U0BOT"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CHANNEL = re.compile(rb"""channel(?:=|": ?")(\w+)""")
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_IDENTITY = f'{{"ok":true,"team_id":"{TEAM}","user_id":"{BOT_USER}","bot_id":"B0BOT","url":"x","team":"x","user":"x"}}'
_count = itertools.count()


@dataclass(frozen=True)
class Stub:
    """A running stub, and the certificate it is to be known by, if it speaks TLS."""

    url: str
    certificate: Path | None


@contextmanager
def stub(folder: Path, *, tls: bool = False, delay: float = 0.0) -> Iterator[Stub]:
    """Start the stub in its own process; `delay`: seconds it takes to answer."""
    certificate = _certificate(folder) if tls else None
    command = [sys.executable, "-m", "tests.bench.stub", "--delay", str(delay)]
    command += ["--certificate", str(certificate)] if certificate else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield Stub(f"{'https' if tls else 'http'}://localhost:{port}/api/", certificate)
        finally:
            process.kill()


def trusted(folder: Path, certificate: Path) -> Path:
    """A file with the certificates this machine trusts and the stub's: what a client would really load."""
    bundle = folder / "trusted.pem"
    known = Path(ssl.get_default_verify_paths().cafile or CERTIFICATES)
    bundle.write_bytes((known.read_bytes() if known.exists() else b"") + b"\n" + certificate.read_bytes())
    return bundle


def _certificate(folder: Path) -> Path:
    """A self-made certificate for localhost, with its key in the same file."""
    path, key = folder / "stub.pem", folder / "stub.key"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(path)]
    subprocess.run([*request, *names], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


class _Connection(asyncio.Protocol):
    """One connection: HTTP/1.1, kept alive unless the request says otherwise; one request at a time."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        length = _LENGTH.search(head)
        if len(body) < (int(length[1]) if length else 0):
            return
        self._received = b""
        method = head.partition(b" HTTP/")[0].rpartition(b"/")[2]
        posts = method == b"chat.postMessage"
        answer = _posted(body) if posts else _IDENTITY.encode()
        if posts and self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._answer, answer, bool(_CLOSE.search(head)))
        else:
            self._answer(answer, bool(_CLOSE.search(head)))

    def _answer(self, body: bytes, close: bool) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % len(body) + body)
        if close:
            self._transport.close()


def _posted(body: bytes) -> bytes:
    channel = _CHANNEL.search(body)
    seconds, number = time.time(), next(_count) % 1000
    ts = f"{int(seconds)}.{int(seconds % 1 * 1000):03}{number:03}"
    return b'{"ok":true,"channel":"%s","ts":"%s"}' % (channel[1] if channel else b"", ts.encode())


async def _serve(certificate: str | None, delay: float) -> None:
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(delay), "localhost", 0, ssl=context, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args()
    asyncio.run(_serve(options.certificate, options.delay))


if __name__ == "__main__":
    main()
