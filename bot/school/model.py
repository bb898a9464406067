"""What a school says about itself: plain, frozen, checked. People are named by their id in the roster."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from bot.dialogue.flow import Band
from scheduler.calendar import Span

KEEP_DAYS = 90
"""For how long after a school year what was said in it is kept, where a school says nothing else."""


class Role(StrEnum):
    """What a person is to the school; one role each."""

    STUDENT = "student"
    ADVISOR = "advisor"
    TEACHER = "teacher"
    FAMILY = "family"
    COUNSELOR = "counselor"
    COORDINATOR = "coordinator"


class Contact(StrEnum):
    """How somebody of a family may be reached."""

    ALL = "all"
    PRINT = "print"  # on paper only, by way of the advisor
    NONE = "none"  # not at all: never invited, written to, nor shown anything


class Level(StrEnum):
    """How much of the meeting students lead; a school starts small."""

    LETTER = "letter"
    PIECE = "piece"
    HALF = "half"
    FULL = "full"


@dataclass(frozen=True)
class QuietHours:
    """Local wall times, "HH:MM", between which nobody is written to; they may span midnight."""

    begin: str
    until: str


@dataclass(frozen=True)
class Helpline:
    """Help that can be reached at once, as the student is told of it."""

    name: str
    number: str
    hours: str


@dataclass(frozen=True)
class Term:
    """A quarter; both days belong to it. `level`: how much students lead in it, None where it is as everywhere."""

    name: str
    starts: date
    ends: date
    level: Level | None = None


@dataclass(frozen=True)
class Person:
    """One row of the roster. `email` is in lower case; `advisor` is a student's, `students`, `household` ("" where
    there is only one) and `contact` a family member's, `level` an advisor's: how much their students lead, whatever the
    term and the school say. `row`: in the `file`, as a spreadsheet numbers it; 0 where it is not known."""

    key: str
    role: Role
    name: str
    email: str | None
    grade: str | None
    language: str
    advisor: str | None
    students: tuple[str, ...]
    slack_id: str | None
    level: Level | None = None
    household: str = ""
    contact: Contact = Contact.ALL
    consent: bool | None = None  # whether a student takes part; None where nothing is said of it
    row: int = field(default=0, compare=False)
    file: str = field(default="roster.csv", compare=False)


@dataclass(frozen=True)
class Conference:
    """One student's meeting: local date and wall time ("HH:MM"), its length in minutes, and adults beside the usual."""

    student: str
    term: str
    date: date
    time: str
    minutes: int
    place: str
    adults: tuple[str, ...]


@dataclass(frozen=True)
class School:
    """A whole, consistent school. `counselors` are in the order in which they are asked; there is at least one.

    days: those that differ from an ordinary one; week: the days of the school week, Monday 0; cadence: the text of its
    own cadence.toml, "" if it has none; keep_days: for how long after a school year its words are kept; hours: when the
    counselors are there, as people are told; unread: the titles in calendar.ics that change no day; imported: what a
    OneRoster bundle brought, and what of it is not used, as lines for whoever loads it.
    """

    name: str
    time_zone: str
    language: str
    grade_band: Band
    level: Level
    quiet: QuietHours
    counselors: tuple[str, ...]
    helplines: tuple[Helpline, ...]
    terms: tuple[Term, ...]
    people: tuple[Person, ...]
    conferences: tuple[Conference, ...]
    workspace: str | None
    days: tuple[Span, ...] = ()
    week: frozenset[int] = frozenset(range(5))
    cadence: str = ""
    keep_days: int = KEEP_DAYS
    hours: str = ""
    unread: tuple[str, ...] = ()
    imported: tuple[str, ...] = field(default=(), compare=False)
