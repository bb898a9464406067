"""A school that has a nudge due at this very moment, its Slack, and the bot's processes as somebody starts them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from bot.practice import PracticeWorkspace
from bot.store.models import Person
from bot.store.session import Store
from scheduler.cadence import parse_cadence

ROOT = Path(__file__).parents[2]
WAIT = 60.0
"""Real seconds after which what has not happened has failed the test."""

PEOPLE = {
    "noor": ("student", "Noor Haddad"),
    "okafor": ("advisor", "Ms. Okafor"),
    "bell": ("counselor", "Ms. Bell"),
    "tan": ("coordinator", "Mr. Tan"),
}


def school_of_now(folder: Path, now: datetime) -> Path:
    """The folder of a school in which one nudge to Noor is due now, whatever the weekday and the hour."""
    folder.mkdir(parents=True)
    day, hour = now.date(), now.hour
    quiet = f'from = "{(hour + 8) % 24:02}:00", until = "{(hour + 9) % 24:02}:00"'
    (folder / "school.toml").write_text(
        f"""
name = "Hillside Middle School"
time_zone = "UTC"
language = "en"
grade_band = "middle"
level = "letter"
quiet_hours = {{ {quiet} }}
school_week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
counselors = ["bell"]
[[helpline]]
name = "A helpline"
number = "112"
hours = "day and night"
[[term]]
name = "This one"
starts = {day - timedelta(days=1)}
ends = {day + timedelta(days=80)}
"""
    )
    others = "".join(f"[nudge.{one.name}]\noff = true\n" for one in parse_cadence().nudges if one.name != "hello")
    (folder / "cadence.toml").write_text(f'{others}[nudge.hello]\nschool_days = 1\nat = "{now:%H:%M}"\n')
    rows = [
        f"{key},{role},{name},{key}@school.example,{'7,okafor' if role == 'student' else ','},,\n"
        for key, (role, name) in PEOPLE.items()
    ]
    (folder / "roster.csv").write_text("id,role,name,email,grade,advisor,students,language\n" + "".join(rows))
    (folder / "conferences.csv").write_text(
        f"student,term,date,time,minutes,place,adults\nnoor,This one,{day + timedelta(days=60)},12:00,20,room 12,\n"
    )
    return folder


def people_in(workspace: PracticeWorkspace) -> None:
    """The school's people are in Slack, and live in UTC."""
    for key, (_, name) in PEOPLE.items():
        workspace.person(name, f"U{key.upper()}", f"{key}@school.example", "UTC")


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@dataclass
class Process:
    """A process of the bot's. What it wrote is in `log`."""

    popen: subprocess.Popen[bytes]
    log: Path
    health: int

    def until(self, there: Callable[[], object]) -> None:
        """Wait until something is so; the process must not end meanwhile."""
        last = time.monotonic() + WAIT
        while not there():
            assert self.popen.poll() is None, self.log.read_text()
            assert time.monotonic() < last, self.log.read_text()
            time.sleep(0.02)

    def until_ready(self) -> Process:
        """Wait until it says that it may be given work."""
        self.until(lambda: self.get("/readyz")[0] == 200)
        return self

    def get(self, path: str, port: int | None = None) -> tuple[int, str]:
        """What it answers at its operator's address; 0 where nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.health}{path}", timeout=WAIT) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def reasons(self) -> list[str]:
        """Why it is not ready."""
        code, text = self.get("/readyz")
        found: list[str] = json.loads(text)["reasons"] if code else []
        return found

    def lines(self, event: str) -> list[dict[str, Any]]:
        """What it logged of this event, as JSON."""
        found = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def end(self, signal_: int = signal.SIGTERM) -> int:
        """Have it end; with which code it did."""
        self.popen.send_signal(signal_)
        return self.popen.wait(WAIT)


@dataclass
class Town:
    """The school's folder, its Slack, and the settings of every process."""

    workspace: PracticeWorkspace
    folder: Path
    settings: dict[str, str]
    port: int = field(default_factory=free_port)

    @property
    def environ(self) -> dict[str, str]:
        """What a process is started with."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "DISK_KEPT") if name in os.environ}
        bin_ = str(Path(sys.executable).parent)
        return {
            **kept,
            **self.workspace.environment,
            "PATH": f"{bin_}:{kept.get('PATH', '')}",
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "LOG_FORMAT": "json",
            **self.settings,
        }

    def do(self, command: str | Sequence[str], **settings: str) -> str:
        """Run a command to its end, which must be a good one; what it said."""
        words = command.split() if isinstance(command, str) else list(command)
        done = subprocess.run(words, cwd=self.folder, env=self.environ | settings, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def load(self, command: str | Sequence[str] = "conference-coach load") -> None:
        """Load the school, as somebody did the day before: what was due before that is not made up for."""
        self.do(command)
        store = Store(self.settings["DATABASE_URL"])
        with store.write() as connection:
            before = datetime.now(UTC) - timedelta(days=1)
            connection.execute(update(Person).where(Person.workspace == self.workspace.team_id).values(since=before))
        store.close()

    @contextmanager
    def started(self, command: str | Sequence[str], **settings: str) -> Iterator[Process]:
        """Start a process and have it in the context; killed at the end, if it is still there."""
        words = command.split() if isinstance(command, str) else list(command)
        health = free_port()
        log = self.folder / f"log-{health}"
        environ = self.environ | {"HEALTH_ADDRESS": f"127.0.0.1:{health}"} | settings
        with log.open("wb") as out:
            popen = subprocess.Popen(words, cwd=self.folder, env=environ, stdout=out, stderr=out)
        process = Process(popen, log, health)
        try:
            yield process
        finally:
            if popen.poll() is None:
                popen.kill()
            popen.wait()

    def nudged(self) -> bool:
        """Whether Noor was written to."""
        return bool(self.workspace.people["UNOOR"].sees())


@contextmanager
def town(workspace: PracticeWorkspace, folder: Path, database_url: str, **settings: str) -> Iterator[Town]:
    """A town on an empty database; `settings` beside those of its Slack."""
    school = school_of_now(folder / "school", datetime.now(UTC))
    people_in(workspace)
    given: Mapping[str, str] = {"DATABASE_URL": database_url, "SCHOOL_DIR": str(school), **settings}
    yield Town(workspace, folder, dict(given))
