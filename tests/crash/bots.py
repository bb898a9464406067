"""Bots in processes of their own, as the test holds them: started, told, killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any

from bot.settings import Settings
from scheduler.outbox import Changes, Draft

_ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0
"""Real seconds after which a bot that says nothing has failed the test."""


class BotGoneError(Exception):
    """The bot's process has ended."""


class Flaw(StrEnum):
    """What can be wrong with a bot, for the tests to see that they would notice."""

    BLIND = "blind"  # when it looks for a delivery it never finds it
    NEVER_LOOKS = "never looks"  # it leaves alone what is unknown
    SENDS_AGAIN = "sends again"  # it takes what is unknown for not sent


class LivingBot:
    """One bot process; `url` takes events."""

    def __init__(self, line: socket.socket) -> None:
        line.settimeout(_PATIENCE)
        self._socket = line
        self._line = line.makefile("rw")
        hello = self._read()
        self.pid: int = hello["pid"]
        self.url = f"http://127.0.0.1:{hello['port']}/slack/events"

    def arm(self, at: int | None, of: str | None = None) -> None:
        """Count steps from here on, and die at step `at`, of all or of one phase."""
        self._ask(do="arm", at=at, of=of)

    def steps(self) -> list[str]:
        """The steps since `arm`; they are not counted any longer."""
        steps: list[str] = self._ask(do="steps")["steps"]
        return steps

    def rest(self) -> None:
        """Wait until all in hand is sent and settled. Raises BotGoneError if it dies of it."""
        assert self._ask(do="rest")["idle"], "the bot is still busy"

    def tick(self) -> None:
        """Let it do what is due, and rest."""
        assert self._ask(do="tick")["idle"], "the bot is still busy"

    def plan(self, workspace: str, chunks: Sequence[Mapping[str, Sequence[Draft]]]) -> list[Changes]:
        """Replan chunks of scopes, each in a transaction of its own; what that changed."""
        plain = [{scope: [_plain(draft) for draft in drafts] for scope, drafts in chunk.items()} for chunk in chunks]
        return [Changes(**one) for one in self._ask(do="plan", workspace=workspace, chunks=plain)["changes"]]

    def kill(self) -> None:
        """SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait_for_end()

    def wait_for_end(self) -> None:
        """Until the process is no more."""
        try:
            while self._line.readline():
                pass
        except OSError:
            pass
        self._socket.close()

    def _ask(self, **order: Any) -> dict[str, Any]:
        try:
            self._line.write(json.dumps(order) + "\n")
            self._line.flush()
        except OSError as error:
            raise BotGoneError from error
        return self._read()

    def _read(self) -> dict[str, Any]:
        try:
            text = self._line.readline()
        except ConnectionError as error:
            raise BotGoneError from error
        if not text:
            raise BotGoneError
        answer: dict[str, Any] = json.loads(text)
        return answer


class Nursery:
    """Forks bots out of a process that has everything imported. What they log is in `log`."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_PATIENCE)
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.nursery"],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def bot(
        self,
        settings: Settings,
        clock: Path,
        *,
        die_at: int | None = None,
        flaw: Flaw | None = None,
        patience: float | None = None,
    ) -> LivingBot:
        """A new bot, started, that goes by the clock in that file.

        `die_at`: it dies at this step of its start and what follows; BotGoneError if that is at once. `flaw`: what is
        wrong with it. `patience`: real seconds it waits for Slack's answer, if not the usual ones.
        """
        order = {
            "settings": {name: value for name, value in asdict(settings).items() if value is not None},
            "control": self._listener.getsockname()[1],
            "clock": str(clock),
            "die_at": die_at,
            "flaw": flaw,
            "patience": patience,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line, _ = self._listener.accept()
        return LivingBot(line)

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_PATIENCE)
        self._listener.close()


def _plain(draft: Draft) -> dict[str, Any]:
    return {name: _text(value) for name, value in asdict(draft).items()}


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
