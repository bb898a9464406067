"""The quarter's nudges as data: what, to whom, when from which anchor, and how many a week. Pure.

`cadence.toml` has the defaults; a school's own file is laid over it by name: a table of the same name replaces only the
keys it holds, `off = true` takes a nudge out, a new name adds one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from functools import partial
from importlib import resources
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from scheduler.calendar import Audience
from scheduler.problems import Place, problems_of, some
from scheduler.tables import Weekday
from scheduler.walltime import week_number

DEFAULTS = "cadence.toml"
_DAY_KEYS = ("days", "school_days", "weekday")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class CadenceError(Exception):
    """A cadence cannot be used: every problem, with its file and remedy."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Receiver(StrEnum):
    """Who is written to."""

    STUDENT = "student"
    ADVISOR = "advisor"
    FAMILY = "family"
    ADULTS = "adults"  # teachers and others who come to the conference
    COORDINATOR = "coordinator"
    CHANNEL = "channel"

    @property
    def audience(self) -> Audience:
        """Whose open days count: the staff is at work on student-free days too."""
        staff = (Receiver.ADVISOR, Receiver.ADULTS, Receiver.COORDINATOR)
        return Audience.STAFF if self in staff else Audience.STUDENTS


class About(StrEnum):
    """What one nudge is about: one student's conference, an advisor's group, or the school."""

    STUDENT = "student"
    GROUP = "group"
    SCHOOL = "school"


class From(StrEnum):
    """What a nudge's day is counted from."""

    CONFERENCE = "conference"
    WEEKLY = "weekly"
    TERM = "term"  # its first school day


OWN = "conference"
"""In a nudge's `at`: at the conference's own time."""


def _clock(value: object) -> time | None:
    if value in (OWN, None):
        return None
    if isinstance(value, time) and not (value.second or value.microsecond):
        return value
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return time.fromisoformat(value)
    raise ValueError(f"“{value}” is not a time of day")


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Nudge(_Table):
    """One step of the quarter.

    name: what it is called in files and remembered by once sent: a school that renames one sends it anew.
    message, flow: the message's name, and the flow a tap starts ("" for none); both are the bot's to know.
    at: the hour on the receiver's clock; None: when the conference begins, by the school's.
    unless: conditions by name; when all of them hold it is not sent.
    lasts: through so many days after its own is it of use.
    yields: where a limit bites, it gives way to every nudge that does not.
    """

    name: str
    to: Annotated[tuple[Receiver, ...], BeforeValidator(_listed), AfterValidator(some)]
    about: About = About.STUDENT
    anchor: From
    days: Annotated[int, Field(ge=-200, le=200)] | None = None
    school_days: Annotated[int, Field(ge=-100, le=100)] | None = None
    weekday: Weekday | None = None
    at: Annotated[time | None, BeforeValidator(_clock)]
    message: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    flow: str = ""
    unless: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    lasts: Annotated[int, Field(ge=0, le=100)] = 3
    yields: bool = False

    @property
    def prepares(self) -> bool:
        """True if it is of no use once the conference has begun."""
        return self.anchor is From.CONFERENCE and (self.days or self.school_days or 0) < 0

    @property
    def yielding(self) -> int:
        """How many kinds of nudges it gives way to where a limit bites: 0 for none; what yields gives way to the rest,
        and of that what is about no conference to what is."""
        return int(self.yields) + int(self.yields and self.anchor is not From.CONFERENCE)

    @property
    def when(self) -> str:
        """When it is due, as people say it: "weekly friday", "T-14", "T-2 school days", "term+3"."""
        if self.anchor is From.WEEKLY:
            return f"weekly {self.weekday}"
        start = "T" if self.anchor is From.CONFERENCE else "term"
        return f"{start}{self.days:+}" if self.school_days is None else f"{start}{self.school_days:+} school days"

    @model_validator(mode="after")
    def _has_a_day(self) -> Nudge:
        given = {key for key in _DAY_KEYS if getattr(self, key) is not None}
        wanted = ({"weekday"},) if self.anchor is From.WEEKLY else ({"days"}, {"school_days"})
        if given not in wanted:
            ways = " or ".join(key for keys in wanted for key in sorted(keys))
            raise ValueError(f"anchor “{self.anchor}” goes with {ways}, and with nothing else that names a day")
        if self.at is None and self.anchor is not From.CONFERENCE:
            raise ValueError(f"at = “{OWN}” goes with anchor = “conference”")
        if self.anchor is From.TERM and (self.days or self.school_days or 0) < 0:
            raise ValueError("before the term there is no school day: count from 0 up")
        return self


class Near(_Table):
    """The limit near a conference: in its week, Monday to Sunday, and in so many days before it."""

    days: Annotated[int, Field(ge=0, le=60)]
    per_week: Annotated[int, Field(ge=0, le=50)]


class Limit(_Table):
    """How much one receiver is written to.

    per_week: nudges from Monday to Sunday. unanswered: after so many
    without an answer nothing that asks for something (that has a `flow`) is sent.
    """

    per_week: Annotated[int, Field(ge=0, le=50)] | None = None
    near: Near | None = None
    unanswered: Annotated[int, Field(ge=1, le=50)] | None = None

    def on(self, day: date, conferences: Iterable[date]) -> int | None:
        """How many a week on that day; None for no limit."""
        if self.near is None or self.per_week is None:
            return self.per_week
        week = week_number(day)
        near = any(0 <= (held - day).days <= self.near.days or week_number(held) == week for held in conferences)
        return self.near.per_week if near else self.per_week


@dataclass(frozen=True)
class Cadence:
    """All nudges in the order of the file, and the limit of each receiver that has one."""

    nudges: tuple[Nudge, ...]
    limits: Mapping[Receiver, Limit]


class _File(_Table):
    limits: dict[Receiver, Limit] = Field(default_factory=dict)
    nudge: dict[str, Nudge] = Field(default_factory=dict)


def parse_cadence(*overlays: tuple[str, str]) -> Cadence:
    """The packaged cadence with each (file name, TOML text) laid over it, the last on top.

    Raises CadenceError with every problem of every file.
    """
    packaged = resources.files(__package__).joinpath(DEFAULTS).read_text("utf-8")
    problems: list[str] = []
    files = {file: _toml(file, text, problems) for file, text in ((DEFAULTS, packaged), *overlays)}
    for file, tables in files.items():
        problems.extend(_misplaced(file, tables))
    if problems:
        raise CadenceError(problems)
    return _checked(_laid_over(files.values()), files)


# --- the files -----------------------------------------------------------------------------------------------

REMEDIES = {
    "to": f"Write one of {', '.join(Receiver)}, or several in [ ].",
    "about": f"Write one of {', '.join(About)}.",
    "anchor": f"Write one of {', '.join(From)}.",
    "days": "Write a whole number of days.",
    "school_days": "Write a whole number of school days, below zero for before.",
    "weekday": f"Write one of {', '.join(Weekday)}.",
    "at": 'Write at = "15:30". Or at = "conference": when it begins.',
    "message": "Write the name of a message: small letters, digits and _.",
    "flow": "Write the name of a flow, or leave it out.",
    "unless": 'Write unless = "letter_done", or several in [ ].',
    "lasts": "Write for how many days after its own it is of use.",
    "yields": "Write true or false.",
    "off": "Write true or false.",
    "per_week": "Write how many a week.",
    "near": "Write near = { days = 14, per_week = 3 }.",
    "unanswered": "Write after how many unanswered nudges to stop.",
    "limits": f"Write [limits.student], or another of {', '.join(Receiver)}.",
    "nudge": "Write [nudge.letter], with a name of small letters, digits and _.",
}


def _toml(file: str, text: str, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        problems.append(f"{file}: this is not TOML: {error}. Text stands between quotation marks, each key once.")
        return {}


def _misplaced(file: str, tables: Mapping[str, Any]) -> Iterable[str]:
    """What keeps a file from being laid over another."""
    for key, table in tables.items():
        if key not in _File.model_fields:
            yield f"{file}, {key}: is not known here. Take it out, or put it under [nudge.…] or [limits.…]."
        elif not isinstance(table, dict) or not all(isinstance(row, dict) for row in table.values()):
            yield f"{file}, {key}: is not a table of tables. {REMEDIES[key]}"
        elif key == "nudge":
            yield from (f"{file}, nudge.{name}: cannot be a name. {REMEDIES[key]}" for name in _misnamed(table))


def _misnamed(table: Mapping[str, Mapping[str, object]]) -> Iterable[str]:
    return (name if "name" not in row else f"{name}.name" for name, row in table.items() if _wrong_name(name, row))


def _wrong_name(name: str, row: Mapping[str, object]) -> bool:
    return "name" in row or not _NAME.fullmatch(name)


def _laid_over(files: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    merged: dict[str, dict[str, dict[str, Any]]] = {"limits": {}, "nudge": {}}
    for tables in files:
        for key, table in tables.items():
            for name, row in table.items():
                merged[key][name] = _without_another_day(merged[key].get(name, {}), row) | row
    return merged


def _without_another_day(row: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose day is counted anew is not also held to the day it had."""
    anew = any(key in over for key in _DAY_KEYS)
    return {key: value for key, value in row.items() if not (anew and key in _DAY_KEYS)}


def _checked(tables: dict[str, dict[str, dict[str, Any]]], files: Mapping[str, Mapping[str, Any]]) -> Cadence:
    nudges = {name: {**row, "name": name} for name, row in tables["nudge"].items() if row.get("off") is not True}
    for row in nudges.values():
        if row.get("off") is False:
            del row["off"]
    try:
        read = _File.model_validate({**tables, "nudge": nudges})
    except ValidationError as error:
        raise CadenceError(problems_of(error, partial(_file_of, files=files), REMEDIES)) from None
    return Cadence(tuple(read.nudge.values()), read.limits)


def _file_of(place: Place, files: Mapping[str, Mapping[str, Any]]) -> str:
    """The topmost file that has what the place names, or as much of the way to it as any file has."""
    for depth in range(len(place), 0, -1):
        for file in reversed([*files]):
            if _has(files[file], place[:depth]):
                return file
    return DEFAULTS


def _has(tables: Any, place: Place) -> bool:
    if not place:
        return True
    return isinstance(tables, dict) and place[0] in tables and _has(tables[place[0]], place[1:])
