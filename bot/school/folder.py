"""The folder as a whole: its files checked one by one and against each other, all faults told at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.errors import SchoolError
from bot.school.cadence import CADENCE, check_cadence
from bot.school.charter import CHARTER, EXAMPLES, Charter, check_advisors, check_counselors, parse_charter
from bot.school.contents import LARGEST, content
from bot.school.days import CALENDAR, both, parse_calendar, terms_of
from bot.school.meetings import CONFERENCES, parse_conferences
from bot.school.model import Conference, School, Term
from bot.school.oneroster import archive
from bot.school.oneroster.choice import Choice
from bot.school.oneroster.school import Bundle, parse_bundle
from bot.school.problems import Place, Problems, Wrong
from bot.school.roster import COLUMNS, OVER, ROSTER, Roster, check_roster, read_roster
from bot.school.sheet import Row
from scheduler.tables import Days

NEEDED = (CHARTER, ROSTER, CONFERENCES)
FILES = (CHARTER, CALENDAR, CADENCE, ROSTER, CONFERENCES)
"""A school's own files."""

_ORDER = (CHARTER, CALENDAR, CADENCE, *archive.ORDER, ROSTER, CONFERENCES)
"""In which faults are told."""


def read_school(folder: Path, languages: Collection[str], now: datetime | None = None) -> School:
    """The school a folder describes; `languages` are those there are words for ("en", "es").

    now: when it is read, by which the enrollments of a OneRoster bundle count; None counts those of any day.
    Raises SchoolError with every fault of every file: file, row as a spreadsheet shows it, column, remedy.
    """
    if not folder.is_dir():
        raise SchoolError([f"{folder}: This is not a folder. Name the folder that holds {', '.join(NEEDED)}."])
    unreadable: list[str] = []
    files: dict[str, bytes] = {}
    for name, (called, largest) in _wanted(folder, unreadable).items():
        try:
            found = content(folder / called, largest)
        except Wrong as wrong:
            unreadable.append(f"{name}: {wrong}")
        except OSError as error:
            unreadable.append(_closed(name, error))
        else:
            files |= {name: found} if found is not None else {}
    if unreadable:
        raise SchoolError(unreadable)
    return parse_school(files, languages, now)


def _wanted(folder: Path, unreadable: list[str]) -> dict[str, tuple[str, int]]:
    """What is read: by its name, what it is called in the folder and how many bytes it may have."""
    wanted = {name: (name, LARGEST) for name in FILES} | {archive.ARCHIVE: (archive.ARCHIVE, archive.LARGEST_ARCHIVE)}
    try:
        tables = archive.in_folder(folder)
    except Wrong as wrong:
        unreadable.append(f"{archive.FOLDER}: {wrong}")
        return wanted
    except OSError as error:
        unreadable.append(_closed(archive.FOLDER, error))
        return wanted
    return wanted | {name: (called, archive.LARGEST_TABLE) for name, called in tables.items()}


def _closed(name: str, error: OSError) -> str:
    return f"{name}: This cannot be opened ({error.strerror}). Make it readable for this user."


def parse_school(files: Mapping[str, bytes], languages: Collection[str], now: datetime | None = None) -> School:
    """The same from the files' contents by name; reads nothing itself."""
    problems = Problems(_ORDER)
    bundled = _is_bundled(files)
    for name in NEEDED:
        if name not in files and not (bundled and name == ROSTER):
            problems.add(Place(name), Wrong("This file is missing.", "Put it in the school's folder."))
    charter = parse_charter(files[CHARTER], languages, problems) if CHARTER in files else None
    bundle = _bundle(files, charter, now, problems)
    rows = _rows(files, bundle, problems)
    # Where the school's own language is unknown, people without one get any: nothing is loaded in that case.
    language = (charter.language if charter else None) or ""
    roster = check_roster(rows, language, languages, problems) if rows is not None else None
    known = _known_terms(charter, bundle, bundled)
    calendar = _calendar(files, charter, known, problems)
    cadence = check_cadence(files[CADENCE], problems) if CADENCE in files else ""
    terms = _terms(charter, known, calendar, problems)
    conferences = parse_conferences(files[CONFERENCES], terms, roster, problems) if CONFERENCES in files else ()
    if charter and roster:
        check_counselors(charter, roster, problems)
        check_advisors(charter, roster, problems)
    if lines := problems.lines():
        raise SchoolError(lines)
    imported = tuple(bundle.lines(rows or ())) if bundle else ()
    return replace(_school(charter, roster, conferences, terms, calendar, cadence), imported=imported)


def _is_bundled(files: Iterable[str]) -> bool:
    """Whether there is a OneRoster bundle, of whatever kind."""
    return any(name == archive.ARCHIVE or name.startswith(f"{archive.FOLDER}/") for name in files)


def _bundle(
    files: Mapping[str, bytes], charter: Charter | None, now: datetime | None, problems: Problems
) -> Bundle | None:
    """The school a bundle describes; None where there is none, or where it cannot be read or understood."""
    choice = charter.oneroster if charter else None
    if not _is_bundled(files):
        if choice:  # what was there yesterday is not there today: with it would go everybody who is in it
            wrong = Wrong(
                f"There is neither {archive.ARCHIVE} nor {archive.FOLDER}/ in the school's folder.",
                "Put the bundle there, or take the table [oneroster] out.",
            )
            problems.add(choice.places["oneroster"], wrong)
        return None
    tables = {name: raw for name, raw in files.items() if name.startswith(f"{archive.FOLDER}/")}
    if tables and archive.ARCHIVE in files:
        problems.add(Place(archive.ARCHIVE), Wrong(f"There is {archive.FOLDER}/ as well.", "Take one of the two out."))
        return None
    found = tables or problems.take(Place(archive.ARCHIVE), files, lambda _: archive.unpacked(files[archive.ARCHIVE]))
    if charter is None or not found:
        return None
    today = _today(charter, now)
    return parse_bundle(found, choice or Choice(), charter.counselors, today, charter.terms == (), problems)


def _today(charter: Charter, now: datetime | None) -> date | None:
    return now.astimezone(ZoneInfo(charter.time_zone)).date() if now and charter.time_zone else None


def _rows(files: Mapping[str, bytes], bundle: Bundle | None, problems: Problems) -> Sequence[Row] | None:
    """The rows of the roster: the school's own, a bundle's, or its own laid over a bundle's; None where they cannot be
    read."""
    bundled = _is_bundled(files)
    own = read_roster(files[ROSTER], OVER if bundled else COLUMNS, problems) if ROSTER in files else ()
    if own is None or not bundled:
        return own if ROSTER in files else None
    return bundle.people(own, problems) if bundle else None


def _known_terms(charter: Charter | None, bundle: Bundle | None, bundled: bool) -> tuple[Term, ...] | None:
    """The terms of school.toml, or where it names none those of a bundle; none where calendar.ics may have them, None
    where they cannot be read."""
    if charter is None or charter.terms != ():
        return charter.terms if charter else None
    if bundle:
        return bundle.terms
    return None if bundled else ()


def _calendar(
    files: Mapping[str, bytes], charter: Charter | None, terms: tuple[Term, ...] | None, problems: Problems
) -> Days | None:
    """What calendar.ics says: nothing where there is none, None where it cannot be read."""
    if CALENDAR not in files:
        return Days()
    return parse_calendar(files[CALENDAR], charter.time_zone if charter else None, terms or (), problems)


def _terms(
    charter: Charter | None, known: tuple[Term, ...] | None, calendar: Days | None, problems: Problems
) -> tuple[Term, ...] | None:
    """The school's terms: those that are known, or else those of calendar.ics."""
    if charter is None or known != ():
        return known
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
