"""A script of the demo: what a student says and does, as a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bot.errors import CoachError


class ScriptError(CoachError):
    """The script cannot be played, or does not go with what the coach said."""


class Shows(StrEnum):
    """Where somebody looks."""

    CHANNEL = "channel"
    DM = "dm"
    COMMAND = "command"
    HOME = "home"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Entry):
    """One thing the student does. `waits` is in days; `note` says what there is to see.

    `commands`: what is typed after /conference. `fills`: what is filled in, by label, in the window that a tap or a
    command opens. `in_channel`: the button stands in the conference's channel. `after`: seconds that pass before.
    """

    says: str = ""
    sends: str = ""
    taps: str = ""
    commands: str = ""
    fills: dict[str, str] = {}
    in_channel: bool = False
    after: int = Field(0, ge=0, le=3600)
    edits: str = ""
    line: str = ""
    to: str = ""
    waits: int = Field(0, ge=0, le=60)
    note: str = ""

    @model_validator(mode="after")
    def _one_deed(self) -> Step:
        typed = self.sends or self.says
        deeds = [bool(one) for one in (typed, self.taps, self.commands, self.edits, self.line, self.waits)]
        if sum(deeds) != 1:
            raise ValueError("a step is one of: says, sends (with says), taps, commands, edits, line, waits")
        if self.fills and not (self.taps or self.commands):
            raise ValueError('"fills" belongs to taps and commands')
        if self.in_channel and not self.taps:
            raise ValueError('"in_channel" belongs to taps')
        if bool(self.to) != bool(self.edits or self.line):
            raise ValueError('"to" belongs to edits and to line, and they need it')
        return self


class Look(_Entry):
    """What is shown of somebody. `last`: only so many messages, the newest; `lines`: only so many lines, the first."""

    who: str
    shows: Shows
    title: str
    last: int = Field(0, ge=0)
    lines: int = Field(0, ge=0)


class Scene(_Entry):
    """Steps that belong together: in one flow, or under a title.

    `at`: when, on the school's clock; until then time passes. `who`: whose steps they are, if not the student's; the
    last thing the coach told them is shown first. `name`: whose words they are, where an adult sits beside a student.
    `books`: conferences that the school loads then, by student, on the school's clock.
    `brief`: told in a line. `meanwhile`: what other students tap or say. `look`: what is shown of others afterwards.
    """

    title: str = ""
    at: datetime | None = None
    who: str = ""
    name: str = ""
    flow: str = ""
    brief: bool = False
    meanwhile: dict[str, tuple[str, ...]] = {}
    steps: tuple[Step, ...] = ()
    look: tuple[Look, ...] = ()
    books: dict[str, datetime] = {}

    @field_validator("at")
    @classmethod
    def _on_the_wall(cls, at: datetime | None) -> datetime | None:
        return _local(at)


class Script(_Entry):
    """Everything the demo plays. People by their roster ids.

    `starts`, `ends`: on the school's clock. `answering`: students who follow every nudge with its first button.
    """

    student: str
    starts: datetime | None = None
    ends: datetime | None = None
    away: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()
    answering: tuple[str, ...] = ()
    scene: tuple[Scene, ...]
    view: tuple[Look, ...] = ()

    @field_validator("starts", "ends")
    @classmethod
    def _on_the_wall(cls, at: datetime | None) -> datetime | None:
        return _local(at)

    @model_validator(mode="after")
    def _in_order(self) -> Script:
        before = self.starts
        for number, scene in enumerate(self.scene):
            if before is not None and scene.at is not None and scene.at < before:
                raise ValueError(f"scene.{number}.at: {scene.at} is before {before}, and time only passes")
            before = scene.at or before
        if before is not None and self.ends is not None and self.ends < before:
            raise ValueError(f"ends: {self.ends} is before {before}")
        return self


def strangers(script: Script, known: Collection[str]) -> list[str]:
    """Every place of a script that names somebody who is not among the known roster ids."""
    named = [("student", script.student), *((f"guests.{n}", one) for n, one in enumerate(script.guests))]
    named += [(f"answering.{n}", one) for n, one in enumerate(script.answering)]
    for number, scene in enumerate(script.scene):
        named += [(f"scene.{number}.who", scene.who)] if scene.who else []
        named += [(f"scene.{number}.meanwhile", one) for one in scene.meanwhile]
        named += [(f"scene.{number}.books", one) for one in scene.books]
        named += [(f"scene.{number}.look.{n}.who", look.who) for n, look in enumerate(scene.look)]
    named += [(f"view.{n}.who", look.who) for n, look in enumerate(script.view)]
    return [f"{place}: nobody with the id “{one}” is on Slack here" for place, one in named if one not in known]


def _local(at: datetime | None) -> datetime | None:
    if at is not None and at.tzinfo is not None:
        raise ValueError("write it without a zone: it is the school's clock")
    return at


def read_script(path: Path) -> Script:
    """The script in a TOML file; ScriptError names every problem and where it is."""
    try:
        return Script.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ScriptError("\n".join(f"{path.name}: {problem}" for problem in _problems(error))) from error


def _problems(error: Exception) -> list[str]:
    if not isinstance(error, ValidationError):
        return [str(error)]
    return [": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"]))) for one in error.errors()]
