"""A school's calendar as plain tables, as they stand in a TOML file. Pure.

school_week = ["monday", "tuesday", "wednesday", "thursday", "friday"]

[[term]]
name = "Autumn 2026"
starts = 2026-09-08
ends = 2026-12-18

[[day]]
kind = "break"            # closed, break, student_free, early_dismissal, or school for a Saturday made up
name = "Thanksgiving"
starts = 2026-11-25
ends = 2026-11-27         # left out: one day
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from scheduler.calendar import SAYABLE, CalendarError, DayKind, Span, Term
from scheduler.problems import problems_of, some

_KINDS = ", ".join(SAYABLE)
_DATE = "Write a date without quotation marks: 2026-11-25."
REMEDIES = {
    "term": 'Write [[term]] with name = "Autumn 2026", starts = 2026-09-08 and ends = 2026-12-18.',
    "day": 'Write [[day]] with kind = "closed", name = "Snow day" and starts = 2026-11-25.',
    "school_week": 'Write school_week = ["monday", "tuesday"], or leave it out for Monday to Friday.',
    "kind": f"Write one of {_KINDS}.",
    "name": "Write a name between quotation marks.",
    "starts": _DATE,
    "ends": _DATE,
}


class Weekday(StrEnum):
    """The days of a week, in its order."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @property
    def number(self) -> int:
        """As `date.weekday()` has it: Monday is 0."""
        return list(Weekday).index(self)


@dataclass(frozen=True, slots=True)
class Days:
    """What one source says of the calendar. `ignored` are the names of what it holds and nobody needs, each once."""

    terms: tuple[Term, ...] = ()
    spans: tuple[Span, ...] = ()
    week: frozenset[int] = frozenset(range(5))
    ignored: tuple[str, ...] = ()


def parse_tables(tables: Mapping[str, Any], file: str = "school.toml") -> Days:
    """The terms and days of a file's `term`, `day` and `school_week`; its other keys are somebody else's.

    Raises CalendarError with every problem.
    """
    try:
        read = _Tables.model_validate({key: tables[key] for key in ("term", "day", "school_week") if key in tables})
    except ValidationError as error:
        raise CalendarError(problems_of(error, lambda _: file, REMEDIES)) from None
    return Days(
        terms=tuple(Term(term.name, term.starts, term.last) for term in read.term),
        spans=tuple(Span(day.kind, day.starts, day.last, day.name) for day in read.day),
        week=frozenset(day.number for day in read.school_week),
    )


def _plain_date(value: object) -> object:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError(f"“{value}” is not a date")
    return value


def _sayable(kind: str) -> str:
    if kind not in SAYABLE:
        raise ValueError(f"“{kind}” is not a kind of day")
    return kind


_Date = Annotated[date, BeforeValidator(_plain_date)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    starts: _Date
    ends: _Date | None = None

    @property
    def last(self) -> date:
        return self.ends or self.starts

    @model_validator(mode="after")
    def _in_order(self) -> _Row:
        if self.last < self.starts:
            raise ValueError(f"it ends on {self.last}, before it starts on {self.starts}: change one of them")
        return self


class _Term(_Row):
    name: Annotated[str, Field(min_length=1)]
    ends: _Date


class _Day(_Row):
    kind: Annotated[DayKind, BeforeValidator(_sayable)]
    name: str = ""


class _Tables(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    term: tuple[_Term, ...] = ()
    day: tuple[_Day, ...] = ()
    school_week: Annotated[tuple[Weekday, ...], AfterValidator(some)] = tuple(Weekday)[:5]
