"""A school's calendar and cadence as they are stored, and as the scheduler takes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Text, cast, select

from bot.store.models import School
from bot.store.models import Term as TermRow
from scheduler.cadence import Cadence, parse_cadence
from scheduler.calendar import Calendar, DayKind, Span, Term
from scheduler.walltime import QuietHours

WEEK = frozenset(range(5))
OWN_CADENCE = "the school's cadence.toml"
"""What the school's own file is called in errors: the packaged one has the same name."""

_School = tuple[str, str, str, str]  # time zone, quiet from, quiet until, calendar as JSON
_Term = tuple[int, str, date, date]  # id, name, first and last day


def calendar_of(connection: Connection, workspace: str) -> Calendar:
    """The calendar of the workspace's school; one of UTC without a school day where there is none.

    Terms that are no longer in the school's folder count too, as long as they overlap with none that is: the days
    after a term's last conference are school days still when the next term has been loaded.
    """
    asked = select(School.time_zone, School.quiet_from, School.quiet_until, cast(School.calendar, Text))
    school = connection.execute(asked.where(School.workspace == workspace)).first()
    if school is None:
        return Calendar(ZoneInfo("UTC"))
    terms = connection.execute(
        select(TermRow.id, TermRow.name, TermRow.starts, TermRow.ends)
        .where(TermRow.workspace == workspace)
        .order_by(TermRow.id)
    )
    zone, quiet_from, quiet_until, calendar = school
    return _calendar((zone, quiet_from, quiet_until, calendar or ""), tuple((*row,) for row in terms))


def cadence_of(connection: Connection, workspace: str) -> Cadence:
    """The packaged cadence with the school's own laid over it.

    Raises scheduler.cadence.CadenceError if the two do not fit, as after an update; loading the school tells so too.
    """
    return _cadence(connection.scalar(select(School.cadence).where(School.workspace == workspace)) or "")


def stored(week: Iterable[int], days: Iterable[Span], terms: Iterable[str]) -> dict[str, Any]:
    """What is kept in school.calendar: the school week (Monday 0), the days that differ, the terms of the folder."""
    return {
        "week": sorted(week),
        "days": [
            {"kind": day.kind.value, "first": day.first.isoformat(), "last": day.last.isoformat(), "name": day.name}
            for day in days
        ],
        "terms": list(terms),
    }


def week_in(calendar: Mapping[str, Any] | None) -> frozenset[int]:
    """The school week of a school.calendar."""
    return frozenset((calendar or {}).get("week", WEEK))


def days_in(calendar: Mapping[str, Any] | None) -> tuple[Span, ...]:
    """The days of a school.calendar."""
    return tuple(
        Span(DayKind(day["kind"]), date.fromisoformat(day["first"]), date.fromisoformat(day["last"]), day["name"])
        for day in (calendar or {}).get("days", ())
    )


@lru_cache(maxsize=64)
def _calendar(school: _School, terms: tuple[_Term, ...]) -> Calendar:
    zone, quiet_from, quiet_until, text = school
    calendar = json.loads(text or "null") or {}
    return Calendar(
        zone=ZoneInfo(zone),
        terms=_apart(terms, calendar.get("terms", ())),
        spans=days_in(calendar),
        week=week_in(calendar),
        quiet=QuietHours(time.fromisoformat(quiet_from), time.fromisoformat(quiet_until)),
    )


def _apart(terms: Iterable[_Term], current: Sequence[str]) -> tuple[Term, ...]:
    """The terms of the folder, and of the others, the newest first, each that overlaps with none taken so far."""
    taken: list[Term] = []
    for _, name, first, last in sorted(terms, key=lambda term: (term[1] not in current, -term[0])):
        if all(last < other.first or first > other.last for other in taken):
            taken.append(Term(name, first, last))
    return tuple(taken)


@lru_cache(maxsize=64)
def _cadence(text: str) -> Cadence:
    return parse_cadence((OWN_CADENCE, text)) if text else parse_cadence()
