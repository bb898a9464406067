"""A script of the demo: what a student says and does, as a TOML file."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.errors import CoachError


class ScriptError(CoachError):
    """The script cannot be played, or does not go with what the coach said."""


class Shows(StrEnum):
    """Where somebody looks at the end."""

    CHANNEL = "channel"
    DM = "dm"
    COMMAND = "command"
    HOME = "home"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Entry):
    """One thing the student does. `waits` is in days; `note` says what there is to see."""

    says: str = ""
    sends: str = ""
    taps: str = ""
    edits: str = ""
    line: str = ""
    to: str = ""
    waits: int = Field(0, ge=0, le=60)
    note: str = ""

    @model_validator(mode="after")
    def _one_deed(self) -> Step:
        deeds = [bool(self.sends or self.says), bool(self.taps), bool(self.edits), bool(self.line), bool(self.waits)]
        if sum(deeds) != 1:
            raise ValueError("a step is one of: says, sends (with says), taps, edits, line, waits")
        if bool(self.to) != bool(self.edits or self.line):
            raise ValueError('"to" belongs to edits and to line, and they need it')
        return self


class Scene(_Entry):
    """Steps that belong together: in one flow, or under a title. `meanwhile`: what other students tap or say."""

    title: str = ""
    flow: str = ""
    meanwhile: dict[str, tuple[str, ...]] = {}
    steps: tuple[Step, ...]


class Look(_Entry):
    """What is shown of somebody at the end."""

    who: str
    shows: Shows
    title: str


class Script(_Entry):
    """Everything the demo plays. People by their roster ids."""

    student: str
    away: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()
    scene: tuple[Scene, ...]
    view: tuple[Look, ...] = ()


def read_script(path: Path) -> Script:
    """The script in a TOML file; ScriptError names every problem and where it is."""
    try:
        return Script.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ScriptError("\n".join(f"{path.name}: {problem}" for problem in _problems(error))) from error


def _problems(error: Exception) -> list[str]:
    if not isinstance(error, ValidationError):
        return [str(error)]
    return [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
