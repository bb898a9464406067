"""Nudges in the outbox: how they are named there, which have gone, and who has left them without an answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Connection, select, update

from bot.services.nudges.days import calendar_of
from bot.services.speech import Button, Kind, Saying, Voice
from bot.services.talk.scene import first_name
from bot.store.models import Conference, Conversation, Person
from bot.store.session import AnyRow
from bot.taps import Tap
from scheduler.cadence import Cadence, Receiver
from scheduler.calendar import Audience, Calendar
from scheduler.outbox import Draft, State, deliveries
from scheduler.walltime import week_number, zone_of

PLANNED, AGAIN, ASKED = "nudge:", "again:", "asked:"
"""What dedupe_keys begin with: nudges of the plan, those put off by their receiver, those an advisor asked for."""

ASKED_STEP = "nudge_asked"
"""The step, and the message, of a nudge that an advisor asked for."""

TIME_TO_ANSWER = timedelta(hours=20)
"""A nudge that is younger than this is not unanswered yet."""

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_GONE = (State.SENT.value, State.SENDING.value, State.UNKNOWN.value)
Who = tuple[str, str]
"""Receiver and recipient, as a plan has them."""


def dedupe_key(key: str) -> str:
    """The outbox's key of a plan's `step:subject:…`: the subject first, so that all about one stand together."""
    step, subject, rest = key.split(":", 2)
    return f"{PLANNED}{subject}:{step}:{rest}"


def plan_key(dedupe: str) -> str:
    """The plan's key of one of the outbox's, of any of the three kinds."""
    _, subject, step, rest = dedupe.split(":", 3)
    return f"{step}:{subject}:{rest}"


def scope(subject: str) -> str:
    """What the dedupe_keys of all planned nudges about a subject begin with."""
    return f"{PLANNED}{subject}:"


def scopes(connection: Connection, workspace: str) -> set[str]:
    """The scopes of all nudges that are still to go."""
    waiting = select(deliveries.c.dedupe_key).where(
        deliveries.c.workspace == workspace,
        *_between(PLANNED),
        deliveries.c.settled_at.is_(None),
    )
    return {scope(key.split(":", 2)[1]) for key in connection.scalars(waiting)}


def sent(connection: Connection, workspace: str, only: int | None) -> Mapping[Who, Mapping[str, datetime]]:
    """What of the plan has gone, by whom it went to: its key and when.

    What is in hand, or unknown, the plan goes on wishing for: else it would not be tried again where it did not arrive.
    """
    found: dict[Who, dict[str, datetime]] = defaultdict(dict)
    for row in _rows(connection, workspace, (PLANNED,), only, (State.SENT.value,)):
        key = plan_key(row.dedupe_key)
        found[_who(key)][key] = row.settled_at or row.due_at
    return found


def unanswered(
    connection: Connection, workspace: str, cadence: Cadence, now: datetime, only: int | Collection[int] | None
) -> Mapping[Who, int]:
    """How many nudges that ask for something each has had since they were last heard of.

    What an advisor asked for is the advisor's. For a student the count begins anew when a conference comes near, and
    when it is over: somebody who had no time in September is still told of the approval in December.
    """
    asking = {nudge.name for nudge in cadence.nudges if nudge.flow}
    gone: dict[Who, list[datetime]] = defaultdict(list)
    for row in _rows(connection, workspace, (PLANNED, AGAIN), only):
        key = plan_key(row.dedupe_key)
        at = row.settled_at or row.due_at
        if key.split(":", 1)[0] in asking and at <= now - TIME_TO_ANSWER:
            gone[_who(key)].append(at)
    heard = _heard(connection, workspace, {int(who[1]) for who in gone})
    limit = cadence.limits.get(Receiver.STUDENT)
    near = timedelta(days=limit.near.days if limit is not None and limit.near is not None else 0)
    anew = _phases(connection, workspace, near, now, only)
    return {who: sum(at > max(_since(who, heard), _since(who, anew)) for at in times) for who, times in gone.items()}


def _since(who: Who, times: Mapping[int, datetime]) -> datetime:
    return times.get(int(who[1]), _EVER)


def _phases(
    connection: Connection, workspace: str, near: timedelta, now: datetime, only: int | Collection[int] | None
) -> dict[int, datetime]:
    """When what counts for each student began: their conference came near, or the one before was over."""
    zone = calendar_of(connection, workspace).zone
    asked = select(Conference.student_id, Conference.date).where(
        Conference.workspace == workspace, Conference.cancelled.is_(False)
    )
    if only is not None:
        asked = asked.where(Conference.student_id.in_([only] if isinstance(only, int) else only))
    rows = connection.execute(asked)
    found: dict[int, datetime] = {}
    for row in rows:
        for day in (row.date - near, row.date + timedelta(days=1)):
            begins = datetime.combine(day, time(), zone)
            if begins <= now:
                found[row.student_id] = max(begins, found.get(row.student_id, begins))
    return found


@dataclass(frozen=True, slots=True)
class Had:
    """What a student has had, by the school's date: steps of today, those of the plan this week, what waits today."""

    today: frozenset[str]
    week: tuple[str, ...]
    waiting: frozenset[str]
    promised: bool
    """Whether one that was put off till today still waits."""


def had(connection: Connection, workspace: str, student: int, calendar: Calendar, now: datetime) -> Had:
    """The nudges a student themselves got, and those they are still to get today."""
    waits = (*_GONE, State.SCHEDULED.value)
    gone, waiting = list[tuple[str, date]](), set[str]()
    week: list[str] = []
    promised = False
    today = calendar.today(now)
    for row in _rows(connection, workspace, (PLANNED, AGAIN, ASKED), student, waits):
        key = plan_key(row.dedupe_key)
        if _who(key) != (Receiver.STUDENT, str(student)):
            continue
        step = key.split(":", 1)[0]
        if row.settled_at is not None:
            day = calendar.today(row.settled_at)
            gone.append((step, day))
            if planned(row.dedupe_key) and week_number(day) == week_number(today):
                week.append(step)
        elif calendar.today(row.due_at) == today:
            waiting.add(step)
            promised = promised or row.dedupe_key.startswith(AGAIN)
    return Had(frozenset(step for step, day in gone if day == today), tuple(week), frozenset(waiting), promised)


def stopped(
    connection: Connection,
    workspace: str,
    people: Mapping[int, AnyRow],
    silent: Iterable[tuple[int, Who]],
    now: datetime,
) -> list[Draft]:
    """Tell advisors who has left two reminders unanswered and gets no more: each silence once, those of a day together.

    silent: student's id, and who of theirs it is. A student without an account is reminded through the advisor, who
    knows.
    """
    news: dict[int, list[tuple[AnyRow, AnyRow, str]]] = defaultdict(list)
    for student, who in silent:
        about, quiet = people.get(student), people.get(int(who[1]))
        if about is None or quiet is None or about.advisor_id not in people or not quiet.slack_id:
            continue
        last = max(_times(connection, workspace, student, who), default=now)
        news[about.advisor_id].append((about, quiet, f"{student}:{quiet.id}:{last.timestamp():.0f}"))
    return [
        draft
        for advisor, rows in sorted(news.items())
        if people[advisor].slack_id
        for draft in _tell(connection, workspace, people[advisor], rows, now)
    ]


def _tell(
    connection: Connection, workspace: str, advisor: AnyRow, news: list[tuple[AnyRow, AnyRow, str]], now: datetime
) -> list[Draft]:
    """A message for those of whom it was not said yet; which those are stands in its payload."""
    said = f"stopped:{advisor.id}:"
    asked = select(deliveries.c.payload).where(deliveries.c.workspace == workspace, *_between(said))
    told = {key for payload in connection.scalars(asked) for key in payload["silences"]}
    fresh = [row for row in news if row[2] not in told]
    if not fresh:
        return []
    calendar = calendar_of(connection, workspace)
    due = calendar.from_now(now, zone_of(advisor.time_zone or "", calendar.zone), Audience.STAFF) or now
    students = [about for about, quiet, _ in fresh if about.id == quiet.id]
    family = [f"{quiet.name} ({first_name(about.name)})" for about, quiet, _ in fresh if about.id != quiet.id]
    buttons = [
        [Button(Tap.REMIND, f"={first_name(one.name)}", str(one.id)) for one in students[start : start + 5]]
        for start in range(0, min(len(students), 20), 5)
    ]
    context = {"students": [first_name(one.name) for one in students], "family": family}
    voice = Voice(workspace, advisor.slack_id, advisor.language, f"person:{advisor.id}", said + now.isoformat(), due)
    draft = voice.say(Saying("nudge_stopped", context, {"actions": buttons}))
    return [replace(draft, payload={**draft.payload, "silences": [row[2] for row in fresh]})]


def nudged_before(connection: Connection, workspace: str, student: int) -> bool:
    """Whether a student has had a nudge already."""
    rows = _rows(connection, workspace, (PLANNED, AGAIN, ASKED), student)
    mine = (Receiver.STUDENT, str(student))
    return any(row.settled_at is not None and _who(plan_key(row.dedupe_key)) == mine for row in rows)


def _times(connection: Connection, workspace: str, student: int, who: Who) -> list[datetime]:
    rows = _rows(connection, workspace, (PLANNED, AGAIN), student)  # not what the advisor asked for since
    return [row.settled_at or row.due_at for row in rows if _who(plan_key(row.dedupe_key)) == who]


def _rows(
    connection: Connection,
    workspace: str,
    kinds: Sequence[str],
    only: int | Collection[int] | None,
    states: Collection[str] = _GONE,
) -> list[AnyRow]:
    """What has gone of some kinds (or is in other states): about one student, about several, or about all."""
    asked = select(deliveries.c.dedupe_key, deliveries.c.settled_at, deliveries.c.due_at).where(
        deliveries.c.workspace == workspace, deliveries.c.state.in_(states)
    )
    if only is not None and not isinstance(only, int):
        about = deliveries.c.subject.in_([f"person:{student}" for student in only])
        rows = connection.execute(asked.where(about, deliveries.c.kind == Kind.NUDGE))
        return [row for row in rows if row.dedupe_key.startswith(tuple(kinds))]
    prefixes = kinds if only is None else [f"{kind}{only}:" for kind in kinds]
    return [row for prefix in prefixes for row in connection.execute(asked.where(*_between(prefix)))]


def _between(prefix: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return deliveries.c.dedupe_key >= prefix, deliveries.c.dedupe_key < prefix + "\U0010ffff"


def _who(key: str) -> Who:
    _, _, receiver, recipient, _ = key.split(":", 4)
    return Receiver(receiver), recipient


def _heard(connection: Connection, workspace: str, people: Collection[int]) -> dict[int, datetime]:
    """When each was last heard of: a word, a tap."""
    found: dict[int, datetime] = {}
    rows = connection.execute(
        select(Person.id, Person.heard_at, Conversation.updated_at)
        .outerjoin(Conversation, (Conversation.person_id == Person.id) & (Conversation.workspace == Person.workspace))
        .where(Person.workspace == workspace, Person.id.in_(people))
    )
    for row in rows:
        times = [at for at in (row.heard_at, row.updated_at) if at is not None]
        if times:
            found[row.id] = max(times)
    return found


def planned(dedupe: str) -> bool:
    """Whether a nudge is one of the plan, and not put off by its receiver or asked for by an advisor."""
    return dedupe.startswith(PLANNED)


def asked(dedupe: str) -> bool:
    """Whether an advisor asked for a nudge."""
    return dedupe.startswith(ASKED)


def of_a_step(dedupe: str) -> bool:
    """Whether a nudge is a step of the cadence, in its time or put off."""
    return dedupe.startswith((PLANNED, AGAIN))


def wish(connection: Connection, workspace: str, person: int, wanted: bool, now: datetime) -> None:
    """Keep whether somebody wants reminders."""
    mine = update(Person).where(Person.workspace == workspace, Person.id == person)
    connection.execute(mine.values(quiet_since=None if wanted else now, heard_at=now))


def wishes(role: str, name: str, wanted: bool) -> Saying:
    """What somebody is told who wants no more reminders, or wants them again; by their role."""
    return Saying("nudge_wishes", {"own": True, "who": name, "off": not wanted, "role": role})
