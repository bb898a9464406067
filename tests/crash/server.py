"""A PostgreSQL server of the test's own, which may be knocked over."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SUPERUSER = "postgres"


class Server:
    """A running server. Its data is in a temporary folder."""

    def __init__(self, programs: Path, data: Path, port: int) -> None:
        self._programs, self._data = programs, data
        self._options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1"
        self.url = f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{port}/postgres"

    def set_up(self) -> None:
        """Make an empty one and start it."""
        self._run("initdb", "-A", "trust", "-U", SUPERUSER, "-D", str(self._data))
        self._control("start")

    def knock_over(self) -> None:
        """Stop it as a crash does, in the middle of everything, and start it again."""
        self._control("restart", "-m", "immediate")

    def stop(self) -> None:
        """For good."""
        self._control("stop", "-m", "immediate")

    def _control(self, *what: str) -> None:
        self._run("pg_ctl", "-w", "-D", str(self._data), "-l", str(self._data / "log"), "-o", self._options, *what)

    def _run(self, program: str, *arguments: str) -> None:
        runuser = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "runuser"
        as_postgres = [runuser, "-u", SUPERUSER, "--"] if os.getuid() == 0 else []
        subprocess.run(
            [*as_postgres, str(self._programs / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._data,
        )


@contextmanager
def own_server() -> Iterator[Server]:
    """A server while the context lasts. A named skip where PostgreSQL's programs are not on this machine."""
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server to knock over: initdb is not on this machine")
    data = Path(tempfile.mkdtemp(prefix="coach-postgresql-"))
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        os.chown(data, pwd.getpwnam(SUPERUSER).pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    server = Server(programs, data, port)
    try:
        server.set_up()
        yield server
        server.stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _programs() -> Path | None:
    """Where initdb is, the newest there is."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: float(one.parts[-3]))
    found = str(installed[-1]) if installed else shutil.which("initdb")
    return Path(found).parent if found else None
