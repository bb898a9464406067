"""Academic sessions become terms."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from bot.school import values
from bot.school.model import Term
from bot.school.problems import Problems, Wrong
from bot.school.sheet import Row
from scheduler.calendar import LONGEST_TERM

KINDS = ("gradingperiod", "term", "semester")
"""What may be a term: the first of these types that there is."""
_OWN = "Or write the terms as [[term]] in school.toml: then these are not read."
_YEAR = re.compile(r"(?:19|20)\d\d|\d\d[-/–]\d\d")


@dataclass(frozen=True)
class _Session:
    row: Row
    title: str
    starts: date
    ends: date


def terms_of(sessions: Sequence[Row], used: Collection[str] | None, problems: Problems) -> tuple[Term, ...] | None:
    """The terms, in the order of the year; their faults noted, and None then. Empty where no session can be one.

    used: the sourcedIds of the sessions in which the school has classes, None where all sessions are its own. A session
    counts with those it is a part of and those that are part of it.
    """
    counting = _related(sessions, used) if used is not None else {row["sourcedId"] for row in sessions}
    own = [row for row in sessions if row["sourcedId"] in counting]
    kind = next((kind for kind in KINDS if any(row["type"].lower() == kind for row in own)), None)
    read = [_session(row, problems) for row in own if row["type"].lower() == kind]
    found = [one for one in read if one is not None]
    if len(found) < len(read):
        return None
    once = {(one.title, one.starts, one.ends): one for one in reversed(found)}.values()
    ordered = _apart(sorted(once, key=lambda one: (one.starts, one.ends)))
    if _faulty(ordered, problems):
        return None
    return tuple(Term(_name(one), one.starts, one.ends) for one in ordered)


def _related(sessions: Iterable[Row], used: Collection[str]) -> set[str]:
    parents = {row["sourcedId"]: row["parentSourcedId"] for row in sessions}
    above = {parent for one in used for parent in _line(one, parents)}
    return above | {one for one in parents if not set(used).isdisjoint(_line(one, parents))}


def _line(one: str, parents: Mapping[str, str]) -> list[str]:
    """A session and those it is a part of, from the smallest on; each once, for the file may go in a circle."""
    line: list[str] = []
    while one and one not in line:
        line.append(one)
        one = parents.get(one, "")
    return line


def _session(row: Row, problems: Problems) -> _Session | None:
    title = problems.take(row.place("title"), row["title"], values.short(100))
    starts, ends = (
        problems.take(row.place(column), row[column][:10], values.day) for column in ("startDate", "endDate")
    )
    if title is None or starts is None or ends is None:
        return None
    if not starts <= ends <= starts + LONGEST_TERM:
        problems.add(row.place("endDate"), Wrong(f"It ends on {ends}, and starts on {starts}.", f"Mend it. {_OWN}"))
        return None
    return _Session(row, title, starts, ends)


def _apart(ordered: Sequence[_Session]) -> list[_Session]:
    """The standard means by `endDate` the day after; most files have the last day there. It is taken for the last day,
    except where another session begins on it."""
    starts = {one.starts for one in ordered}
    return [replace(one, ends=one.ends - timedelta(1)) if one.ends in starts - {one.starts} else one for one in ordered]


def _faulty(ordered: Sequence[_Session], problems: Problems) -> bool:
    faulty = False
    for before, after in pairwise(ordered):
        if after.starts <= before.ends:
            what = f"{_name(after)} starts before {_name(before)} has ended ({before.ends})."
            problems.add(after.row.place("startDate"), Wrong(what, f"Terms do not overlap: mend the days. {_OWN}"))
            faulty = True
    names = Counter(map(_name, ordered))
    for one in ordered:
        if names[_name(one)] > 1:
            remedy = f"Give each its own title. {_OWN}"
            problems.add(one.row.place("title"), Wrong(f"There are several terms “{_name(one)}”.", remedy))
            faulty = True
    return faulty


def _name(one: _Session) -> str:
    """The title, with a year: “Quarter 1” comes every year, and would be taken for the one before."""
    return one.title if _YEAR.search(one.title) else f"{one.title} {one.starts.year}"
