"""The folder as a whole: its files checked one by one and against each other, all faults told at once."""

from __future__ import annotations

import stat
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from bot.errors import SchoolError
from bot.school.cadence import CADENCE, check_cadence
from bot.school.charter import CHARTER, EXAMPLES, Charter, check_advisors, check_counselors, parse_charter
from bot.school.days import CALENDAR, both, parse_calendar, terms_of
from bot.school.meetings import CONFERENCES, parse_conferences
from bot.school.model import Conference, School, Term
from bot.school.problems import Place, Problems, Wrong
from bot.school.roster import ROSTER, Roster, parse_roster
from scheduler.tables import Days

NEEDED = (CHARTER, ROSTER, CONFERENCES)
FILES = (CHARTER, CALENDAR, CADENCE, ROSTER, CONFERENCES)
"""In the order in which their faults are told."""

LARGEST = 5_000_000
"""Bytes of a file."""


def read_school(folder: Path, languages: Collection[str]) -> School:
    """The school a folder describes; `languages` are those there are words for ("en", "es").

    Raises SchoolError with every fault of every file: file, row as a spreadsheet shows it, column, remedy.
    """
    if not folder.is_dir():
        raise SchoolError([f"{folder}: This is not a folder. Name the folder that holds {', '.join(NEEDED)}."])
    unreadable: list[str] = []
    files: dict[str, bytes] = {}
    for name in FILES:
        try:
            content = _content(folder / name)
        except Wrong as wrong:
            unreadable.append(f"{name}: {wrong}")
            continue
        except OSError as error:
            unreadable.append(f"{name}: This cannot be opened ({error.strerror}). Make it readable for this user.")
            continue
        if content is not None:
            files[name] = content
    if unreadable:
        raise SchoolError(unreadable)
    return parse_school(files, languages)


def _content(file: Path) -> bytes | None:
    """The bytes of a file, None where there is none. Only whole files: a pipe would never end."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise Wrong("This is not a file.", f"Put a file by the name {file.name} there.")
    if found.st_size > LARGEST:
        raise Wrong(
            f"This is {found.st_size // 1_000_000} MB large, more than {LARGEST // 1_000_000}.",
            "Look at whether it is the right file; a school of thousands has one of less than 1 MB.",
        )
    return file.read_bytes()


def parse_school(files: Mapping[str, bytes], languages: Collection[str]) -> School:
    """The same from the files' contents by name; reads nothing itself."""
    problems = Problems(FILES)
    for name in NEEDED:
        if name not in files:
            problems.add(Place(name), Wrong("This file is missing.", "Put it in the school's folder."))
    charter = parse_charter(files[CHARTER], languages, problems) if CHARTER in files else None
    # Where the school's own language is unknown, people without one get any: nothing is loaded in that case.
    language = (charter.language if charter else None) or ""
    roster = parse_roster(files[ROSTER], language, languages, problems) if ROSTER in files else None
    calendar = _calendar(files, charter, problems)
    cadence = check_cadence(files[CADENCE], problems) if CADENCE in files else ""
    terms = _terms(charter, calendar, problems)
    conferences = parse_conferences(files[CONFERENCES], terms, roster, problems) if CONFERENCES in files else ()
    if charter and roster:
        check_counselors(charter, roster, problems)
        check_advisors(charter, roster, problems)
    if lines := problems.lines():
        raise SchoolError(lines)
    return _school(charter, roster, conferences, terms, calendar, cadence)


def _calendar(files: Mapping[str, bytes], charter: Charter | None, problems: Problems) -> Days | None:
    """What calendar.ics says: nothing where there is none, None where it cannot be read."""
    if CALENDAR not in files:
        return Days()
    zone, terms = (charter.time_zone, charter.terms) if charter else (None, None)
    return parse_calendar(files[CALENDAR], zone, terms or (), problems)


def _terms(charter: Charter | None, calendar: Days | None, problems: Problems) -> tuple[Term, ...] | None:
    """The school's terms: those of school.toml, or where it names none those of calendar.ics."""
    if charter is None or charter.terms != ():
        return charter.terms if charter else None
    return terms_of(calendar, problems, charter.terms_at, EXAMPLES["term"]) if calendar else None


def _school(
    charter: Charter | None,
    roster: Roster | None,
    conferences: tuple[Conference, ...],
    terms: tuple[Term, ...] | None,
    calendar: Days | None,
    cadence: str,
) -> School:
    """With no problem noted everything is there; the type checker is told so."""
    if not (charter and roster and charter.name and charter.time_zone and charter.language and charter.grade_band):
        raise AssertionError("a fault was not noted")
    if not (charter.level and charter.quiet and charter.keep_days and terms and calendar):
        raise AssertionError("a fault was not noted")
    return School(
        name=charter.name,
        time_zone=charter.time_zone,
        language=charter.language,
        grade_band=charter.grade_band,
        level=charter.level,
        quiet=charter.quiet,
        keep_days=charter.keep_days,
        hours=charter.hours or "",
        counselors=charter.counselors,
        helplines=charter.helplines,
        terms=terms,
        people=tuple(replace(one, level=charter.advisor_levels.get(one.key)) for one in roster.people),
        conferences=conferences,
        workspace=charter.workspace,
        days=both(charter.days.spans, calendar.spans),
        week=charter.days.week,
        cadence=cadence,
        unread=calendar.ignored,
    )
