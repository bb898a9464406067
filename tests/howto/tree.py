"""A copy of the house in which a guide is followed, with a school beside it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from tests.howto.guide import Do, GuideError, Step, changed, printed

HOUSE = Path(__file__).resolve().parents[2]
PARTS = ("bot", "prompts", "scheduler", "tests", "pyproject.toml", "alembic.ini", "manifest.json")
SCHOOL = "our-school"
CHARTER = """\
name = "Hillside School"
time_zone = "America/New_York"
language = "en"
grade_band = "middle"
level = "full"
quiet_hours = {{ from = "20:00", until = "07:00" }}
counselors = ["bell", "ortiz"]
workspace = "T0SCHOOL"

[[helpline]]
name = "Lifeline"
number = "988"
hours = "day and night"

[[term]]
name = "This term"
starts = {starts}
ends = {ends}
"""
ROSTER = """\
id,role,name,email,grade,advisor,students,language,slack_id
noor,student,Noor Haddad,noor@school.example,7,okafor,,,U0NOOR
okafor,advisor,Ms. Okafor,okafor@school.example,,,,,U0OKAFOR
bell,counselor,Ms. Bell,bell@school.example,,,,,U0BELL
ortiz,counselor,Mr. Ortiz,ortiz@school.example,,,,,U0ORTIZ
"""
CONFERENCES = "student,term,date,time,minutes,place,adults\nnoor,This term,{date},17:30,20,room 12,\n"


class Tree:
    """The copy. What is done to it is done to nothing else.

    today: the school's term has just begun, and Noor's conference is four weeks off, on a Thursday.
    """

    def __init__(self, root: Path, today: date) -> None:
        self.root = root
        self.today = today
        self.told = ""
        for part in PARTS:
            copy = shutil.copytree if (HOUSE / part).is_dir() else shutil.copy2
            copy(HOUSE / part, root / part)
        (root / ".venv").symlink_to(sys.prefix)
        self._school(root / SCHOOL)

    def _school(self, folder: Path) -> None:
        folder.mkdir()
        held = self.today + timedelta(days=28 + (3 - self.today.weekday()) % 7)
        starts, ends = self.today - timedelta(days=7), held + timedelta(days=60)
        files = {
            "school.toml": CHARTER.format(starts=starts, ends=ends), "roster.csv": ROSTER,
            "conferences.csv": CONFERENCES.format(date=held),
        }  # fmt: skip
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")

    def follow(self, steps: Iterable[Step]) -> None:
        """Do what the steps say; GuideError names the line at which it does not go on."""
        for step in steps:
            try:
                self._do(step)
            except (GuideError, FileNotFoundError) as error:
                raise GuideError(f"line {step.line}, {step.path or step.do}: {error}") from None

    def _do(self, step: Step) -> None:
        path = self.root / step.path
        match step.do:
            case Do.RUN:
                self.told = "\n".join(map(self.run, step.text.splitlines()))
            case Do.PRINTS if not printed(step.text, self.told):
                raise GuideError(f"this was printed instead:\n{self.told}")
            case Do.NEW:
                if path.exists():
                    raise GuideError("it is there already")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step.text, encoding="utf-8")
            case Do.APPEND:
                path.write_text(path.read_text(encoding="utf-8") + step.text, encoding="utf-8")
            case Do.CHANGE:
                path.write_text(changed(path.read_text(encoding="utf-8"), step.text), encoding="utf-8")
            case Do.SHOWS if step.text not in path.read_text(encoding="utf-8"):
                raise GuideError(f"the file is otherwise:\n{path.read_text(encoding='utf-8')}")

    def run(self, command: str) -> str:
        """What a command prints; GuideError where it fails."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "PYTEST_XDIST"))}
        for name in ("DATABASE_URL", "SCHOOL_DIR", "ENCRYPTION_KEYS", "PYTEST_ADDOPTS"):
            kept.pop(name, None)
        done = subprocess.run(
            shlex.split(command), cwd=self.root, env={**kept, "PYTHONPATH": str(self.root)}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise GuideError(f"`{command}` failed:\n{done.stdout}{done.stderr}")
        return done.stdout
