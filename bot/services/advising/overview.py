"""What a coordinator is told every week: each group, what could not be delivered, and who cannot be reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from bot.conference import access
from bot.services import safeguarding
from bot.services.advising.progress import Progress, actor_of, count, progress
from bot.services.deadletters import undelivered
from bot.services.house import House
from bot.services.speech import Kind, Saying
from bot.store.models import Person, School
from bot.store.session import AnyRow
from scheduler.outbox import State, deliveries

WEEK = timedelta(days=7)
GROUPS = 15
BARS = 40
REASONS = 5
NAMES = 12
_NOBODY_WAITS = (Kind.HOME, Kind.MEET, Kind.UPDATE, Kind.CHANNEL, Kind.INVITE)
_STAFF = ("advisor", "teacher", "counselor", "coordinator")


def coordinator_digest(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    """The whole school at a glance. `bars` are for the picture: as many groups as it has room for."""
    school = connection.execute(
        select(School.name, School.counselors).where(School.workspace == person.workspace)
    ).one()
    found = progress(connection, person.workspace, _students(connection, person), now)
    groups = group_counts(found)
    failed = _failed(connection, person.workspace, now)
    counselors = safeguarding.counselors(connection, person.workspace, school.counselors["keys"])
    context = {
        "school": school.name,
        "totals": count(found),
        "groups": groups[:GROUPS],
        "groups_more": len(groups[GROUPS:]),
        "bars": groups[:BARS],
        "failed": failed[:REASONS],
        "failed_total": sum(one["count"] for one in failed),
        "missing": _missing(connection, person.workspace),
        "counselors": [one.name for one in safeguarding.reachable(counselors)],
        "unreachable": [one.name for one in counselors if not one.slack_id],
    }
    return Saying("digest_coordinator", context)


def group_counts(found: Collection[Progress]) -> list[dict[str, Any]]:
    """How many of each advisor's students stand where; the group with the most left to do first."""
    advisors = {one.advisor for one in found}
    groups = [{"advisor": name, **count([one for one in found if one.advisor == name])} for name in advisors]
    return sorted(groups, key=lambda one: (-_left(one), one["advisor"]))


def _left(group: dict[str, Any]) -> float:
    return 1 - float(group["ready"] + group["met"]) / float(group["total"])


def _students(connection: Connection, person: AnyRow) -> list[int]:
    """The students whose progress a coordinator may see: all of the school."""
    rows = connection.scalars(
        select(Person.id).where(Person.workspace == person.workspace, Person.role == "student", Person.active.is_(True))
    )
    actor = actor_of(person, ())
    return [one for one in rows if access.may(actor, access.Action.SEE, access.Thing(access.Kind.PROGRESS, one))]


def _failed(connection: Connection, workspace: str, now: datetime) -> list[dict[str, Any]]:
    """What Slack or the mail server refused for good within a week, by reason; conditions of our own have messages of
    their own."""
    times = func.count().label("times")
    rows = connection.execute(
        select(deliveries.c.kind, deliveries.c.reason, times)
        .where(
            deliveries.c.workspace == workspace,
            deliveries.c.state == State.DEAD,
            deliveries.c.settled_at > now - WEEK,
            deliveries.c.kind.not_in(_NOBODY_WAITS),
        )
        .group_by(deliveries.c.kind, deliveries.c.reason)
    )
    found: Counter[str] = Counter()
    for row in rows:
        if why := undelivered(row.kind, row.reason or ""):
            found[why] += row.times
    return [{"reason": reason, "count": times} for reason, times in found.most_common()]


def _missing(connection: Connection, workspace: str) -> dict[str, Any]:
    """Who of the roster was not found in Slack: staff by name, students and families by number."""
    rows: Sequence[AnyRow] = connection.execute(
        select(Person.role, Person.name)
        .where(Person.workspace == workspace, Person.active.is_(True), Person.slack_id.is_(None))
        .order_by(Person.name)
    ).all()
    staff = [row.name for row in rows if row.role in _STAFF]
    return {
        "students": sum(row.role == "student" for row in rows),
        "families": sum(row.role == "family" for row in rows),
        "staff": staff[:NAMES],
        "staff_more": len(staff[NAMES:]),
    }
