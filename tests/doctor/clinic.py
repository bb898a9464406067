"""A small school in good order, to plant one fault in: a practice workspace, a database, a folder, the variables."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bot.doctor.examination import examine
from bot.doctor.finding import Finding
from bot.doctor.look import Look, Machine
from bot.doctor.table import CHECKS
from bot.practice import HandClock, PracticeWorkspace
from bot.school import read_school
from bot.services.roster.load import load_school
from bot.services.roster.members import Member, match_members
from bot.slack.manifest import manifest
from bot.store import migrate as schema
from bot.store.session import Store
from tests.school.folders import CHARTER, CONFERENCES, LANGUAGES, ROSTER, ics

NOW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
TEAM = "T0SCHOOL"
FILES = {
    "school.toml": CHARTER,
    "roster.csv": ROSTER.replace("noor,es,", "noor,es,U0AMAL").replace(",,,,theo,,", ",,,,theo,,U0ANDERS"),
    "conferences.csv": CONFERENCES,
    "calendar.ics": ics("20261125/20261128 Thanksgiving break", "20270118/20270119 Martin Luther King Day: no school"),
}
MEMBERS = [
    *(Member(f"U0{key.upper()}", f"{key}@school.example") for key in ("noor", "okafor", "reyes", "lind", "tan")),
    *(Member(f"U0{key.upper()}", f"{key}@school.example") for key in ("bell", "ortiz")),
    *(Member(one) for one in ("U0THEO", "U0AMAL", "U0ANDERS")),
]
PLENTY = 5_000_000_000


def write_folder(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    """The school's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def load(url: str, folder: Path, now: datetime = NOW) -> None:
    """Bring a database to this version's shape, load the school into it, and find its people in Slack."""
    store = Store(url)
    schema.migrate(store)
    with store.write() as connection:
        load_school(connection, TEAM, read_school(folder, LANGUAGES), now)
        match_members(connection, TEAM, MEMBERS)
    store.close()


@dataclass
class Clinic:
    """What the doctor is shown. `environ`: the variables; `machine`: the clock, Python and disk of this machine."""

    workspace: PracticeWorkspace
    clock: HandClock
    folder: Path
    environ: dict[str, str]
    machine: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return Path(self.environ["DATABASE_URL"].removeprefix("sqlite:///"))

    def look(self, workspace: str = "", only: str = "") -> dict[str, Finding]:
        """What the doctor finds, by the name of the check; `only` that one, and those it needs."""
        machine = Machine(**{"clock": self.clock, "free": lambda _: PLENTY, **self.machine})
        look = Look(self.environ, machine, workspace)
        if not (self.folder / "prompts").is_dir():
            look.languages = LANGUAGES  # what reading all texts, each time, would come to
        wanted = _needed(only) if only else {check.name for check in CHECKS}
        found = examine(look, [check for check in CHECKS if check.name in wanted])
        return {one.check.name: one.finding for one in found}

    def set(self, **variables: str | None) -> None:
        """Set variables, or take them out (None)."""
        for name, value in variables.items():
            if value is None:
                self.environ.pop(name, None)
            else:
                self.environ[name] = value

    def write(self, name: str, content: str) -> None:
        """Write a file of the school's folder."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        """Replace words in a file of the school's folder."""
        content = (self.folder / name).read_text(encoding="utf-8")
        assert old in content
        self.write(name, content.replace(old, new))

    def load(self) -> None:
        """Load the folder as it is now."""
        load(self.environ["DATABASE_URL"], self.folder)

    def sql(self, statement: str, **values: Any) -> None:
        """Change something in the database that nothing of ours would."""
        store = Store(self.environ["DATABASE_URL"])
        with store.write() as connection:
            connection.execute(text(statement).execution_options(every_workspace=True), values)
        store.close()

    def store(self, act: Callable[[Store], None], keys: str = "") -> None:
        """Do something with the database."""
        from bot.store.keyring import Keyring

        store = Store(self.environ["DATABASE_URL"], Keyring.read(keys))
        act(store)
        store.close()


def _needed(name: str) -> set[str]:
    (check,) = (one for one in CHECKS if one.name == name)
    return {name}.union(*map(_needed, check.needs))


@contextmanager
def clinic(folder: Path, url: str, changed: Mapping[str, Any] | None = None) -> Iterator[Clinic]:
    """A clinic over a loaded database; `changed`: the manifest of the app in the workspace, if it is not ours."""
    clock = HandClock(NOW)
    with PracticeWorkspace(changed or manifest(), clock, team_id=TEAM) as workspace:
        environ = {
            **{name: value for name, value in workspace.environment.items() if name != "SLACK_SIGNING_SECRET"},
            "DATABASE_URL": url,
            "SCHOOL_DIR": str(folder),
            "ERASURES": str(folder.parent / "erasures"),
            "DISK_KEPT": "yes",  # of a folder for tests it is not said
        }
        yield Clinic(workspace, clock, folder, environ)


def contents(file: Path) -> list[str]:
    """All that is in a SQLite file, as statements."""
    with closing(sqlite3.connect(file)) as database:
        return list(database.iterdump())


def copy(template: Path, folder: Path) -> str:
    """The URL of a copy of a SQLite file."""
    shutil.copy(template, folder / "coach.db")
    return f"sqlite:///{folder / 'coach.db'}"


HOUR = timedelta(hours=1)
