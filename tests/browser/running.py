"""`conference-coach demo --browser` in a process of its own, and what a browser needs to look at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.practice.browser.program import ProgramError, program

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_READY = "Ctrl-C ends it"
_COMMAND = "from bot.cli.main import main; main()"
PATIENCE = 60.0
"""Real seconds after which a demo that does not end has failed the test."""


def chromium() -> str:
    """The system's Chromium. Missing it fails in CI and is a named skip elsewhere; none is ever downloaded."""
    return next(filter(None, map(shutil.which, _NAMES)), None) or lacking("no Chromium on PATH")


def local_slack() -> Path:
    """The stand-in, fetched by npm if need be; the same where it cannot be had."""
    try:
        return program(os.environ, lambda _: None)
    except ProgramError as error:
        return Path(lacking(str(error)))


def lacking(what: str) -> str:
    """What the browser's tests need is not there."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


class Running:
    """The demo's process. `url`: its page; `told`: what it has written so far."""

    def __init__(self, process: subprocess.Popen[str], port: int, folder: Path) -> None:
        self.process, self.folder = process, folder
        self.url = f"http://127.0.0.1:{port}"
        self.told = ""
        out = process.stdout
        assert out is not None
        while _READY not in self.told and (line := out.readline()):
            self.told += line
        assert self.url in self.told, self.told

    def children(self) -> list[int]:
        """The processes it has started."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(one) for one in found.split()]

    def ends_well(self, by: signal.Signals) -> None:
        """End it by a signal; assert that it went in good order and took everything with it."""
        children = self.children()
        self.process.send_signal(by)
        assert self.ended() == 0, self.told
        assert "Ended. Nothing was kept." in self.told
        assert children
        assert not any(Path(f"/proc/{one}").exists() for one in children)
        assert not list(self.folder.iterdir())

    def ended(self) -> int:
        """Wait until it has ended; its exit code."""
        self.told += self.process.communicate(timeout=PATIENCE)[0]
        return self.process.returncode


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """The demo, once its page can be opened. `folder`: for its temporary files."""
    port = free_port()
    environ = {**os.environ, "LOCAL_SLACK": str(local_slack()), "TMPDIR": str(folder)}
    with subprocess.Popen(
        [sys.executable, "-c", _COMMAND, "demo", "--browser", "--port", str(port)],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            yield Running(process, port, folder)
        finally:
            if process.poll() is None:
                process.terminate()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
