"""Loading a school's calendar and cadence: what is stored, and what that changed, day by day and nudge by nudge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from bot.school import School
from bot.services.nudges.days import OWN_CADENCE, days_in, stored, week_in
from bot.services.roster.changes import Ledger, Thing
from bot.store import roster as rows
from scheduler.cadence import Cadence, CadenceError, parse_cadence
from scheduler.calendar import Span
from scheduler.tables import Weekday

Described = dict[str, dict[str, object]]


def load_calendar(connection: Connection, workspace: str, school: School, ledger: Ledger) -> None:
    """Make the stored days and school week those of the school."""
    row = rows.school(connection, workspace)
    before = row["calendar"] if row is not None else None
    after = stored(school.week, school.days, (term.name for term in school.terms))
    if before == after:
        return
    ledger.compare_all(Thing.CALENDAR, _days(days_in(before)), _days(school.days))
    ledger.compare(Thing.CALENDAR, "school week", _week(week_in(before)), _week(school.week))
    rows.change_school(connection, workspace, {"calendar": after})


def load_cadence(connection: Connection, workspace: str, text: str, ledger: Ledger) -> None:
    """Make the stored cadence the school's own, "" for none."""
    row = rows.school(connection, workspace)
    before = (row["cadence"] if row is not None else None) or ""
    if before == text:
        return
    ledger.compare_all(Thing.CADENCE, _nudges(before), _nudges(text))
    rows.change_school(connection, workspace, {"cadence": text or None})


def _days(spans: Iterable[Span]) -> Mapping[str, Mapping[str, object]]:
    return {_called(span): {} for span in spans}


def _called(span: Span) -> str:
    """ "closed Snow day 2026-12-01", "break Thanksgiving 2026-11-25 to 2026-11-27"."""
    until = f"to {span.last}" if span.last != span.first else ""
    return " ".join(f"{span.kind.replace('_', ' ')} {span.name} {span.first} {until}".split())


def _week(week: frozenset[int]) -> dict[str, object]:
    return {"days": [day.value for day in Weekday if day.number in week]}


def _nudges(text: str) -> Described:
    """The nudges and limits of a cadence by name; of one that an older version took and this one does not, none."""
    try:
        cadence = parse_cadence((OWN_CADENCE, text)) if text else parse_cadence()
    except CadenceError:
        return {}
    return _described(cadence)


def _described(cadence: Cadence) -> Described:
    nudges: Described = {nudge.name: nudge.model_dump(exclude={"name"}) for nudge in cadence.nudges}
    limits: Described = {f"limits.{who}": limit.model_dump() for who, limit in cadence.limits.items()}
    return nudges | limits
