"""What advisors and coordinators are told every week: made from the database when it is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.conference import access
from bot.conference.agenda import one_line
from bot.conference.answers import NOTHING_SET, visibility
from bot.conference.asks import READ, Ask
from bot.conference.digest import ASKS, BESIDE, HELPED, Digest, Owed, Student, Thin, digest, digest_context
from bot.conference.readiness import Status
from bot.services.adults.asks import found_in, seen_by
from bot.services.adults.given import answered
from bot.services.advising.excerpts import NOTHING, Excerpt, excerpts
from bot.services.advising.overview import coordinator_digest
from bot.services.advising.progress import Progress, actor_of, advisees, progress
from bot.services.afterwards import commitments
from bot.services.afterwards.commitments import Commitment, State
from bot.services.house import House
from bot.services.leaving import apart
from bot.services.nudges import reminders
from bot.services.nudges.days import cadence_of, calendar_of
from bot.services.speech import Button, Saying
from bot.services.talk.scene import first_name
from bot.store.session import AnyRow
from bot.taps import Form, Tap
from prompts.splitting import shorten
from scheduler.cadence import Receiver
from scheduler.calendar import Calendar

__all__ = ["advisor_digest", "called", "coordinator_digest", "group", "sections", "silent", "unanswered"]

QUOTE = 80
"""Characters of a student's words in a digest: one short line."""
NEAR = 10
"""School days before a conference from which not having begun is worth a word."""
NAMED = 4
"""So many students stand on one button by their names."""
GOAL = ("goals", "wish")
FOLLOWED = timedelta(days=60)
"""So long after a conference a digest still counts what was agreed there."""
GROUP = "group"
ALL = "all"


def advisor_digest(house: House, connection: Connection, person: AnyRow, now: datetime, *, before: bool) -> Saying:
    """The digest of one advisor's group. `before`: the conferences are close, and the accent is on who is not ready."""
    calendar = calendar_of(connection, person.workspace)
    found = group(house, connection, person, now, calendar)
    context = {**digest_context(found, before=before), "starts": _starts(found.students, calendar, now)}
    taps = buttons(house, person.language, found)
    if before and "quiet" in taps:
        taps["late"] = taps.pop("quiet")
    return Saying("digest_before" if before else "digest_advisor", context, taps)


def group(house: House, connection: Connection, advisor: AnyRow, now: datetime, calendar: Calendar) -> Digest:
    """An advisor's students by what they need, in a number of queries that does not depend on how many they are."""
    found = progress(connection, advisor.workspace, advisees(connection, advisor), now)
    return needs(house, connection, advisor, found, now, calendar)


def needs(
    house: House, connection: Connection, advisor: AnyRow, found: Sequence[Progress], now: datetime, calendar: Calendar
) -> Digest:
    """The same for students whose progress was read already."""
    actor = actor_of(advisor, [one.student for one in found])
    said = excerpts(connection, advisor.workspace, [one.conversation for one in found if one.conversation], READ)
    had = answered(connection, advisor.workspace, [one.conference for one in found if one.conference])
    stopped = unanswered(connection, advisor.workspace, found, now)
    names = called([one.name for one in found])
    owed = _owed(connection, advisor, actor, [one.student for one in found], calendar.today(now))
    soon = calendar.shift(calendar.today(now), NEAR)
    language = house.words.language(advisor.language)
    sorted_out = digest(
        [
            Student(
                one.student, name, one.readiness.status, one.readiness.done, one.readiness.total, one.date, one.time,
                near=bool(one.date) and (soon is None or one.date <= soon.isoformat()),
                on_slack=bool(one.slack_id), stopped=one.student in stopped, reminders=one.wants_reminders,
                asks=tuple(shorten(one_line(ask.words), QUOTE) for ask in wanted),
                ask=f"{one.conference}:{wanted[0].about}" if wanted else "",
                thin=tuple(_thin(house, language, actor, one, said.get(one.conference, NOTHING))),
                owed=owed.get(one.student, Owed()),
            )
            for one, name in zip(found, names, strict=True)
            for wanted in [_asks(house, language, actor, one, said.get(one.conference, NOTHING), had)]
        ]
    )  # fmt: skip
    return replace(sorted_out, apart=tuple(first_name(name) for name in apart.names(connection, advisor)))


def sections(
    house: House, connection: Connection, advisor: AnyRow, found: Sequence[Progress], now: datetime
) -> tuple[dict[str, Any], dict[str, list[list[Any]]]]:
    """A digest's context and buttons for the App Home, with a menu to open any student."""
    calendar = calendar_of(connection, advisor.workspace)
    sorted_out = needs(house, connection, advisor, found, now, calendar)
    context = {**digest_context(sorted_out, before=False), "starts": _starts(sorted_out.students, calendar, now)}
    options = [[str(one.student), f"={one.name}"] for one in sorted(found, key=lambda one: one.name)]
    menu = {"select": Tap.LOOK, "value": "open", "options": options, "chosen": "", "hint": "look_one"}
    return context, {**buttons(house, advisor.language, sorted_out), "open": [[menu]] if options else []}


def silent(house: House, connection: Connection, advisor: AnyRow, now: datetime) -> list[int]:
    """Whom "nudge all" reaches: the students of the group who are quiet, or have not begun and soon must."""
    found = group(house, connection, advisor, now, calendar_of(connection, advisor.workspace))
    return [one.id for one in found.silent]


def buttons(house: House, language: str, found: Digest) -> dict[str, list[list[Button]]]:
    """The buttons of a digest, by slot: a row for each kind of need."""
    spoken = house.words.language(language)

    def named(key: str, tap: Tap, value: str, **values: object) -> Button:
        return Button(tap, f"={house.words.catalog.label(spoken, f'digest.{key}', **values)}", value)

    def looks(students: Sequence[Student]) -> list[Button]:
        return [named("look", Tap.LOOK, str(one.id), student=one.name) for one in students[:BESIDE]]

    reached = found.silent
    several, names = len(reached) > 1, ", ".join(one.name for one in reached)
    if several and len(reached) <= NAMED:
        nudge = [named("nudge", Tap.REMIND, GROUP, student=names)]
    elif several:
        nudge = [named("nudge_all", Tap.REMIND, GROUP, count=len(reached))]
    else:
        nudge = [named("nudge", Tap.REMIND, str(one.id), student=one.name) for one in reached]
    ideas = [named("idea", Tap.FORM, f"{Form.IDEA}:{one.ask}", student=one.name) for one in found.asking[:ASKS]]
    rows = {
        "ideas": ideas,
        "asking": looks(_once([*found.asking, *found.stopped])),
        "thin": looks(found.thin),
        "quiet": nudge,
        "beside": [named("beside", Tap.BESIDE, str(one.id), student=one.name) for one in found.beside[:BESIDE]],
        "owed": [
            named("owed", Tap.SHOW, f"commitments:{one.owed.conference}", student=one.name)
            for one in found.helped[:HELPED]
        ],
        "all": [named("look_all", Tap.LOOK, ALL)] if found.students else [],
    }
    return {slot: [row] for slot, row in rows.items() if row}


def unanswered(connection: Connection, workspace: str, found: Collection[Progress], now: datetime) -> set[int]:
    """The students who get no more nudges of the plan: they left as many unanswered as the cadence allows."""
    over = (Status.READY, Status.MET)
    asked = [one.student for one in found if one.slack_id and one.readiness.status not in over]
    cadence = cadence_of(connection, workspace)
    limit = cadence.limits.get(Receiver.STUDENT)
    if not asked or limit is None or limit.unanswered is None:
        return set()
    left = reminders.unanswered(connection, workspace, cadence, now, asked)
    return {one for one in asked if left.get((Receiver.STUDENT, str(one)), 0) >= limit.unanswered}


def called(names: Sequence[str]) -> list[str]:
    """What an advisor calls each: the first name, or the whole where two in the group share it."""
    first = Counter(map(first_name, names))
    return [first_name(name) if first[first_name(name)] == 1 else name for name in names]


def _asks(
    house: House, language: str, actor: access.Actor, one: Progress, said: Excerpt, had: set[tuple[int, str, int]]
) -> list[Ask]:
    """The asks that the advisor may see and nobody has given an idea for. `had`: those for which there is one."""
    found = seen_by(actor, one.student, found_in(house, language, said))
    return [ask for ask in found if (one.conference, ask.flow, ask.round) not in had]


def _thin(house: House, language: str, actor: access.Actor, one: Progress, said: Excerpt) -> Iterator[Thin]:
    for spot, _ in one.readiness.develop:
        flow = house.words.flow(language, spot.flow)
        setting = said.settings.get(spot, NOTHING_SET)
        thing = access.Thing(access.Kind.ANSWER, one.student, visibility(flow.question(spot.question), setting))
        if access.may(actor, access.Action.SEE, thing):
            words = said.given[spot].text if (spot.flow, spot.question) == GOAL and spot in said.given else ""
            yield Thin(flow.title, shorten(one_line(words), QUOTE))


def _owed(
    connection: Connection, advisor: AnyRow, actor: access.Actor, students: Collection[int], today: date
) -> Mapping[int, Owed]:
    """By student what is still to be done of what was agreed at their conferences."""
    own: dict[int, list[Commitment]] = {}
    for one in commitments.of_students(connection, advisor.workspace, students):
        seen = access.may(actor, access.Action.SEE, access.Thing(access.Kind.COMMITMENT, one.student))
        if seen and today - one.held <= FOLLOWED:
            own.setdefault(one.student, []).append(one)
    return {student: _owing(each, today) for student, each in own.items()}


def _owing(found: Sequence[Commitment], today: date) -> Owed:
    stuck = [one for one in found if one.state is State.HELP]
    overdue = sum(one.overdue(today) for one in found)
    names = tuple(dict.fromkeys(one.name for one in stuck))
    return Owed(len(found), overdue, names, stuck[0].conference if stuck else 0)


def _starts(students: Sequence[Student], calendar: Calendar, now: datetime) -> Mapping[str, Any]:
    """When the next conference of the group is: its date, and in how many school days (0: today, or not to be said)."""
    today = calendar.today(now)
    dates = [one.date for one in students if one.date >= today.isoformat()]
    if not dates:
        return {"date": "", "days": 0, "today": False, "begun": False}
    first = min(dates)
    days = 0
    while (ahead := calendar.shift(today, days)) is not None and ahead.isoformat() < first:
        days += 1
    known = ahead is not None
    return {
        "date": first,
        "days": days if known else 0,
        "today": first == today.isoformat(),
        "begun": any(one.status is Status.MET for one in students),
    }


def _once(students: Sequence[Student]) -> list[Student]:
    return list({one.id: one for one in students}.values())
