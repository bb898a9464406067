"""The processes of the load test, started and ended; and what CPU each has used."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.bench.machine import cores

PATIENCE = 60.0
"""Seconds after which a process that does not start, or does not end, has failed."""

WEB = (sys.executable, "-c", "from bot.cli.main import main; main()", "web")
WORKER = (sys.executable, "-m", "tests.bench.load.worker")

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True)
class Cast:
    """`web` and its worker, at work."""

    url: str
    web: int
    worker: int


@contextmanager
def at_work(environment: Mapping[str, str], folder: Path) -> Iterator[Cast]:
    """Start both, and end them in good order: first nothing more is taken in, then what is in hand is sent."""
    port = _free_port()
    given = {**os.environ, **environment, "HOST": "127.0.0.1", "PORT": str(port)}
    with _process(WORKER, given, folder / "worker.log") as worker, _process(WEB, given, folder / "web.log") as web:
        _until(lambda: "working workspace=" in (folder / "worker.log").read_text(), folder / "worker.log", worker)
        _until(lambda: _answers(port), folder / "web.log", web)
        yield Cast(f"http://127.0.0.1:{port}/slack/events", web.pid, worker.pid)


@contextmanager
def _process(command: Sequence[str], environ: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as written:
        process = subprocess.Popen(command, env=dict(environ), stdout=written, stderr=written)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, log.read_text()[-2_000:]
    finally:
        process.kill()
        process.wait()


def _until(true: Callable[[], bool], log: Path, process: subprocess.Popen[bytes]) -> None:
    last = time.monotonic() + PATIENCE
    while not true():
        assert process.poll() is None, log.read_text()[-2_000:]
        assert time.monotonic() < last, log.read_text()[-2_000:]
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    """Whether a request is answered, whatever with: gunicorn listens before the bot is built."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/livez")
        connection.getresponse()
    except OSError:
        return False
    finally:
        connection.close()
    return True


class Meter:
    """CPU by process, between `begin` and `end`."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self.shares: Mapping[str, float] = {}

    def begin(self) -> None:
        """From now on."""
        self._begun, self._before = time.perf_counter(), self._spent()

    def end(self) -> None:
        """Until now."""
        seconds = (time.perf_counter() - self._begun) * cores()
        self.shares = {name: (spent - self._before[name]) / seconds for name, spent in self._spent().items()}

    def _spent(self) -> dict[str, float]:
        return {
            **{name: cpu(pid) for name, pid in self._pids.items()},
            "PostgreSQL": cpu_of("postgres"),
            "students": time.process_time(),
        }


def cpu(pid: int) -> float:
    """CPU seconds a process has used so far, with those of its children that are there."""
    spent = _spent(_PROC / str(pid))
    return spent + sum(cpu(child) for child in _children(pid))


def cpu_of(name: str) -> float:
    """CPU seconds of all processes of this name."""
    return sum(_spent(one) for one in _PROC.glob("[0-9]*") if _name(one) == name)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in (_PROC / f"{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""


def _spent(process: Path) -> float:
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK
