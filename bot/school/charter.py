"""`school.toml`: what a school says about itself as a whole."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar

from bot.dialogue.flow import Band
from bot.school import values
from bot.school.days import TABLES, read_tables
from bot.school.model import KEEP_DAYS, Helpline, Level, QuietHours, Role, Term
from bot.school.oneroster import choice as bundled
from bot.school.oneroster.choice import Choice
from bot.school.problems import Place, Problems, Wrong
from bot.school.roster import Roster
from bot.school.sheet import SAVE_TEXT, decode
from scheduler.calendar import LONGEST_TERM
from scheduler.tables import Days

T = TypeVar("T")

CHARTER = "school.toml"
HOURS = 120
"""Characters in which a school says when its counselors are there."""
KEEP = range(1, 3651)
"""For how many days after a school year its words can be kept."""
NEEDED = ("name", "time_zone", "language", "grade_band", "counselors")
KNOWN = (
    *NEEDED, "term", "level", "advisor_level", "quiet_hours", "keep_days", "hours", "workspace", "helpline",
    "oneroster", *TABLES,
)  # fmt: skip
EXAMPLES = {
    "name": 'name = "Hillside School"',
    "time_zone": 'time_zone = "America/New_York"',
    "language": 'language = "en"',
    "grade_band": 'grade_band = "middle"',
    "counselors": 'counselors = ["bell", "ortiz"]',
    "term": '[[term]] with name = "Autumn 2026", starts = 2026-09-01, ends = 2026-12-18',
}
NO_COUNSELOR = Wrong(
    "No counselor is named, and the coach does not start for a school without one.",
    'Name the people safeguarding alerts go to, first first: counselors = ["bell", "ortiz"], ids of roster.csv.',
)
_SETS = re.compile(r"\s*[\"']?([^\"'=]*?)[\"']?\s*=")
_TABLE = re.compile(r"\s*\[\[?\s*([\w-]+)\s*\]\]?")


@dataclass(frozen=True)
class Charter:
    """What could be read of school.toml; None stands where it could not, with a problem noted.

    terms: none where the file names none; a bundle or calendar.ics may have them then, or else they are missing at
    `terms_at`. oneroster: None where the file has no such table.
    """

    name: str | None
    time_zone: str | None
    language: str | None
    grade_band: Band | None
    level: Level | None
    advisor_levels: Mapping[str, Level]
    advisor_levels_at: Mapping[str, Place]
    keep_days: int | None
    hours: str | None
    quiet: QuietHours | None
    counselors: tuple[str, ...]
    counselors_at: Place
    helplines: tuple[Helpline, ...]
    terms: tuple[Term, ...] | None
    terms_at: Place
    days: Days
    workspace: str | None
    oneroster: Choice | None


class _Table:
    """One table of the file: its values by key, and where they stand."""

    def __init__(self, text: str, name: str, index: int, data: Mapping[str, Any], problems: Problems) -> None:
        self.text, self.name, self.index, self.data, self.problems = text, name, index, data, problems

    def place(self, key: str) -> Place:
        label = f"{self.name}.{key}" if self.name else key
        return Place(CHARTER, _line(self.text, self.name, self.index, key), label)

    def take(self, key: str, parse: Callable[[object], T]) -> T | None:
        """The checked value of a key that must be there."""
        if key in self.data:
            return self.problems.take(self.place(key), self.data[key], parse)
        example = EXAMPLES.get(key, "") if not self.name else ""
        remedy = f"Add {example or f'{key} to each [[{self.name}]]'}."
        self.problems.add(Place(CHARTER, self.place("").row, self.place(key).column), Wrong("This is missing.", remedy))
        return None

    def take_if_there(self, key: str, parse: Callable[[object], T], default: T) -> T | None:
        return self.take(key, parse) if key in self.data else default

    def refuse_unknown(self, known: Sequence[str]) -> None:
        for key in self.data:
            if key not in known:
                remedy = f"Take it out, or rename it.{values.meant(key, known)}"
                self.problems.add(self.place(key), Wrong("This is not known here.", remedy))


def parse_charter(raw: bytes, languages: Collection[str], problems: Problems) -> Charter | None:
    """The charter, its faults noted; None where the file is not TOML at all."""
    text = problems.take(Place(CHARTER), raw, lambda _: decode(raw, SAVE_TEXT))
    data = problems.take(Place(CHARTER), text, lambda _: _toml(text)) if text is not None else None
    if text is None or data is None:
        return None
    top = _Table(text, "", 0, data, problems)
    top.refuse_unknown(KNOWN)
    advisors = _advisor_levels(top)
    return Charter(
        name=top.take("name", values.short(200)),
        time_zone=top.take("time_zone", values.time_zone),
        language=top.take("language", values.language(languages)),
        grade_band=top.take("grade_band", values.one_of(Band)),
        level=top.take_if_there("level", values.one_of(Level), Level.FULL),
        advisor_levels=advisors.levels,
        advisor_levels_at=advisors.places,
        hours=top.take_if_there("hours", values.short(HOURS), ""),
        keep_days=top.take_if_there("keep_days", values.days(KEEP), KEEP_DAYS),
        quiet=top.take_if_there("quiet_hours", _quiet_hours, QuietHours("20:00", "07:00")),
        counselors=_counselors(top),
        counselors_at=top.place("counselors"),
        helplines=_helplines(top),
        terms=_terms(top) if "term" in data else (),
        terms_at=top.place("term"),
        days=_days(top),
        workspace=top.take("workspace", values.workspace) if "workspace" in data else None,
        oneroster=_oneroster(top) if "oneroster" in data else None,
    )


def check_counselors(charter: Charter, roster: Roster, problems: Problems) -> None:
    """An alert must reach each counselor: they are in the roster, are counselors, and can be found in Slack."""
    reachable = {person.key: bool(person.email or person.slack_id) for person in roster.people}
    place = charter.counselors_at
    for key in charter.counselors:
        role = roster.roles.get(key)
        if key not in roster.roles:
            known = [other for other, held in roster.roles.items() if held is Role.COUNSELOR]
            remedy = f"Write ids of people with the role counselor.{values.meant(key, known)}"
            problems.add(place, Wrong(f"“{key}” is not in the roster.", remedy))
        elif role not in (Role.COUNSELOR, None):
            remedy = f"Give {key} the role counselor in roster.csv, or take the id out."
            problems.add(place, Wrong(f"“{key}” is a {role}, not a counselor.", remedy))
        elif not reachable.get(key, True):
            remedy = "Add their e-mail or slack_id in roster.csv: alerts go there."
            problems.add(place, Wrong(f"“{key}” cannot be reached in Slack.", remedy))


def check_advisors(charter: Charter, roster: Roster, problems: Problems) -> None:
    """A level of their own have advisors of the roster."""
    advisors = [key for key, role in roster.roles.items() if role is Role.ADVISOR]
    for key in charter.advisor_levels:
        role, place = roster.roles.get(key, ""), charter.advisor_levels_at[key]
        if role == "":
            remedy = f"Write ids of people with the role advisor.{values.meant(key, advisors)}"
            problems.add(place, Wrong(f"“{key}” is not in the roster.", remedy))
        elif role not in (Role.ADVISOR, None):
            remedy = "Take the line out: a level is an advisor's, a term's or the school's."
            problems.add(place, Wrong(f"“{key}” is a {role}, not an advisor.", remedy))


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        remedy = "Text stands between quotation marks, dates do not, and each key is there once."
        raise Wrong(f"This is not TOML: {error}.", remedy) from None


def _line(text: str, table: str, index: int, key: str) -> int | None:
    """The line a key of the nth table of that name stands on; for no key, the table's own."""
    return _lines(text).get((table, index if table else 0, key))


@lru_cache(maxsize=2)
def _lines(text: str) -> Mapping[tuple[str, int, str], int]:
    """Where each key of each table stands, by the table's name, its number among those of that name, and the key."""
    found: dict[tuple[str, int, str], int] = {}
    current, seen = "", Counter[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TABLE.match(line):
            current = match[1]
            found.setdefault((current, seen[current], ""), number)
            found.setdefault(("", 0, current), number)
            seen[current] += 1
        elif match := _SETS.match(line):
            found.setdefault((current, seen[current] - 1 if current else 0, match[1]), number)
    return found


def _quiet_hours(value: object) -> QuietHours:
    remedy = 'Write quiet_hours = { from = "20:00", until = "07:00" }.'
    if not isinstance(value, dict) or set(value) != {"from", "until"}:
        raise Wrong("Quiet hours have a beginning and an end.", remedy)
    begin, until = values.clock(value["from"]), values.clock(value["until"])
    if begin == until:
        raise Wrong("Quiet hours begin and end at the same time.", remedy)
    return QuietHours(begin, until)


def _counselors(top: _Table) -> tuple[str, ...]:
    if "counselors" not in top.data or top.data["counselors"] in ([], ""):
        top.problems.add(top.place("counselors"), NO_COUNSELOR)
        return ()

    def parse(value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise Wrong("This is a list of ids.", f"Write {EXAMPLES['counselors']}.")
        return tuple(dict.fromkeys(values.key(item) for item in value))

    return top.take("counselors", parse) or ()


@dataclass(frozen=True)
class _AdvisorLevels:
    """The table [advisor_level]: the levels by advisor's id, and where each stands."""

    levels: Mapping[str, Level]
    places: Mapping[str, Place]


def _advisor_levels(top: _Table) -> _AdvisorLevels:
    nothing: dict[str, Any] = {}
    found = top.take_if_there("advisor_level", _pairs('[advisor_level], and below it okafor = "half"'), nothing)
    table = _Table(top.text, "advisor_level", 0, found or {}, top.problems)
    taken = {key: table.take(key, values.one_of(Level)) for key in table.data}
    levels = {key: level for key, level in taken.items() if level is not None}
    return _AdvisorLevels(levels, {key: table.place(key) for key in levels})


def _pairs(example: str) -> Callable[[object], dict[str, Any]]:
    """Parses a table, of which this is the beginning."""

    def parse(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Wrong("This is not a table.", f"Write a line {example}.")
        return value

    return parse


def _oneroster(top: _Table) -> Choice:
    """What a bundle cannot tell."""
    nothing: dict[str, Any] = {}
    nobody: tuple[str, ...] = ()
    found = top.take("oneroster", _pairs('[oneroster], and below it school = "1888"')) or nothing
    table = _Table(top.text, "oneroster", 0, found, top.problems)
    table.refuse_unknown(bundled.KNOWN)
    return Choice(
        school=table.take_if_there("school", values.short(255), "") or "",
        advisory=table.take_if_there("advisory", bundled.advisory, bundled.Advisory()) or bundled.Advisory(),
        coordinators=table.take_if_there("coordinators", bundled.ids, nobody) or (),
        leave_out=frozenset(table.take_if_there("leave_out", bundled.ids, nobody) or ()),
        preferred=table.take_if_there("preferred_names", bundled.switch, False) or False,
        places={"oneroster": top.place("oneroster")} | {key: table.place(key) for key in bundled.KNOWN},
    )


def _tables(top: _Table, name: str, known: Sequence[str], more: Sequence[str] = ()) -> list[_Table] | None:
    def parse(value: object) -> list[dict[str, Any]]:
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            return value
        raise Wrong(f"This is not a list of tables with {', '.join(known)}.", f"Begin each with a line [[{name}]].")

    found = top.take(name, parse)
    if found is None:
        return None
    tables = [_Table(top.text, name, index, data, top.problems) for index, data in enumerate(found)]
    for table in tables:
        table.refuse_unknown((*known, *more))
    return tables


def _helplines(top: _Table) -> tuple[Helpline, ...]:
    if "helpline" not in top.data:
        return ()
    found = []
    for table in _tables(top, "helpline", ("name", "number", "hours")) or ():
        name, number = table.take("name", values.words), table.take("number", values.words)
        hours = table.take("hours", values.words)
        if name and number and hours:
            found.append(Helpline(name, number, hours))
    return tuple(found)


def _terms(top: _Table) -> tuple[Term, ...] | None:
    tables = _tables(top, "term", ("name", "starts", "ends"), ("level",))
    if tables is None:
        return None
    terms = [_term(table) for table in tables]
    _refuse_overlap(top, [(term, table) for term, table in zip(terms, tables, strict=True) if term])
    # With one term unreadable, conferences in it would all be reported as well: check them once the terms are whole.
    return tuple(term for term in terms if term) if all(terms) else None


def _days(top: _Table) -> Days:
    days, faults = read_tables(top.data, CHARTER)
    for fault in faults:
        table = _Table(top.text, fault.table, fault.number, {}, top.problems)
        at, label = table.place(fault.key), ".".join(filter(None, (fault.table, fault.key)))
        row = at.row or table.place("").row  # of a key that is missing it is the table's
        top.problems.tell(CHARTER, f"{Place(CHARTER, row, label)}: {fault.what}")
    return days


def _term(table: _Table) -> Term | None:
    name, starts = table.take("name", values.words), table.take("starts", values.day)
    ends = table.take("ends", values.day)
    if starts and ends and ends < starts:
        table.problems.add(table.place("ends"), Wrong(f"The term ends before it starts ({starts}).", "Swap the two."))
        return None
    if starts and ends and ends - starts > LONGEST_TERM:
        wrong = Wrong(f"The term is longer than {LONGEST_TERM.days} days.", "Look at the years of its dates.")
        table.problems.add(table.place("ends"), wrong)
        return None
    level = table.take_if_there("level", values.one_of(Level), None)
    return Term(name, starts, ends, level) if name and starts and ends else None


def _refuse_overlap(top: _Table, terms: list[tuple[Term, _Table]]) -> None:
    names: set[str] = set()
    for term, table in terms:
        if term.name in names:
            wrong = Wrong(f"There are two terms “{term.name}”.", "Give each its own name.")
            top.problems.add(table.place("name"), wrong)
        names.add(term.name)
    for (before, _), (after, table) in pairwise(sorted(terms, key=lambda item: (item[0].starts, item[0].ends))):
        if after.starts <= before.ends:
            what = f"{after.name} starts before {before.name} has ended ({before.ends})."
            top.problems.add(table.place("starts"), Wrong(what, "Terms do not overlap: correct one of the dates."))
