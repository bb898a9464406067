"""Owners are asked how far their commitments are, a week after the conference and two weeks later; and what they say.

Adults are asked as the student is, each about their own, in one message. For an owner who is not on Slack, the
student's advisor is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.conference import access
from bot.conference.agenda import one_line
from bot.services import notes
from bot.services.advising.digest import called
from bot.services.afterwards import commitments, committing
from bot.services.afterwards.commitments import Commitment, State
from bot.services.audit import trail
from bot.services.house import House
from bot.services.roster import school
from bot.services.roster.actors import actor
from bot.services.speech import Button, Kind, Saying
from bot.services.talk.greeting import person_in_slack, voice_for
from bot.services.talk.hearing import first_time
from bot.services.talk.scene import first_name
from bot.store.models import Commitment as CommitmentRow
from bot.store.models import CommitmentCheck, Person
from bot.store.session import AnyRow
from bot.taps import Tap
from prompts.splitting import shorten
from scheduler.outbox import Delivery, Draft

MESSAGE = "commitments_due"
"""The message of the nudges that ask."""
ASKED = 12
"""So many are asked about in one message."""
ROOM = 8
"""So many in a message about several conferences of one day."""
DAY = "commitments_day"
"""That message."""
SLOT = 20
"""Letters of a nudge's name, from its end, by which its answers are told from those of another."""
QUOTE = 120


def slot_of(step: str) -> str:
    """What the buttons under a nudge carry of its name."""
    return step[-SLOT:]


def question(connection: Connection, conference: AnyRow, student: AnyRow, person: AnyRow, slot: str, now: datetime,
             below: Sequence[Button] = ()) -> Saying:  # fmt: skip
    """What somebody is asked about a conference: everything that is open, and what they have said in this slot.

    `below`: buttons under it all.
    """
    found = _asked_of(connection, conference, person, slot)
    today = school.today(connection, conference.workspace, now)
    context = {
        "student": first_name(student.name), "own": student.id == person.id, "date": conference.date.isoformat(),
        "advisor": "" if person.id == student.advisor_id else _advisor(connection, student),
        "items": [_item(one, today) for one in found],
        "all_done": bool(found) and all(one.state is State.DONE for one in found),
    }  # fmt: skip
    buttons = {f"item-{one.id}": [_states(one, slot)] for one in found}
    return Saying(MESSAGE, context, {**buttons, **({"actions": [[*below]]} if below else {})})


def questions(
    connection: Connection, meetings: Sequence[tuple[AnyRow, AnyRow]], person: AnyRow, slot: str, now: datetime,
    below: Sequence[Button] = (),
) -> Saying:  # fmt: skip
    """The same about several conferences of one day, each with its student, in one message."""
    today = school.today(connection, person.workspace, now)
    ordered = sorted(meetings, key=lambda each: (each[0].time, each[0].id))
    of_each = [_asked_of(connection, conference, person, slot) for conference, _ in ordered]
    names = called([student.name for _, student in ordered])
    found = [one for each in of_each for one in each]
    scope = ".".join(str(conference.id) for conference, _ in ordered)
    context = {
        "date": ordered[0][0].date.isoformat(),
        "students": [
            {"student": name, "items": [_item(one, today) for one in each],
             "advisor": "" if person.id == student.advisor_id else _advisor(connection, student)}
            for name, each, (_, student) in zip(names, of_each, ordered, strict=True) if each
        ],
        "own": any(one.owner_asked for one in found), "others": any(not one.owner_asked for one in found),
        "all_done": bool(found) and all(one.state is State.DONE for one in found),
    }  # fmt: skip
    buttons = {f"item-{one.id}": [_states(one, slot, scope)] for one in found}
    return Saying(DAY, context, {**buttons, **({"actions": [[*below]]} if below else {})})


def many(connection: Connection, workspace: str, conference: int, person: int, slot: str) -> int:
    """How many commitments of a conference somebody is asked about."""
    row = notes.conference_of(connection, workspace, conference)
    who = select(*Person.__table__.c).where(Person.workspace == workspace, Person.id == person)
    asked = connection.execute(who).one_or_none()
    return len(_asked_of(connection, row, asked, slot)) if row is not None and asked is not None else 0


def _advisor(connection: Connection, student: AnyRow) -> str:
    named = select(Person.name).where(Person.workspace == student.workspace, Person.id == student.advisor_id)
    return connection.scalar(named) or ""


def _asked_of(connection: Connection, conference: AnyRow, person: AnyRow, slot: str) -> list[Commitment]:
    every = commitments.of(connection, conference.workspace, [conference.id]).get(conference.id, [])
    said = commitments.said_in(connection, conference.workspace, person.id, slot)
    mine = [one for one in every if one.asked == person.id and (one.pending or one.id in said)]
    return sorted(mine, key=lambda one: not one.owner_asked)[:ASKED]


def _item(one: Commitment, today: date) -> dict[str, Any]:
    return {
        "n": one.id, "who": "" if one.owner_asked else one.name, "what": one.what,
        "due": one.due.isoformat() if one.due else "", "over": one.overdue(today), "state": one.state.value,
    }  # fmt: skip


def _states(one: Commitment, slot: str, scope: str = "") -> list[Button]:
    """What can be said; what was said last is marked. `scope`: the conferences its message is about, if several."""
    told = f":{scope}" if scope else ""
    return [
        Button(
            Tap.COMMITMENT, f"commitment_{said}", f"{one.id}:{slot}:{said}{told}",
            "primary" if said is one.state else "",
        )
        for said in (State.DONE, State.NOT_YET, State.HELP)
    ]  # fmt: skip


def tapped(house: House, workspace: str, key: str, slack_id: str, channel: str, value: str, ts: str) -> list[Delivery]:
    """Somebody says how far a commitment is. The message says so in its place; help that is needed is told the advisor.

    `value`: "<commitment>:<slot>:<state>", and ":<conferences>" where it is one of several the message is about. From
    anybody who is not asked about it, nothing.
    """
    number, slot, said, *scope = value.split(":")
    now = house.clock()
    with house.store.write() as connection:
        person = person_in_slack(connection, workspace, slack_id)
        one = commitments.one(connection, workspace, int(number))
        if person is None or one is None or one.asked != person.id or said not in commitments.SAID:
            return []
        conference = notes.conference_of(connection, workspace, one.conference)
        if conference is None or not _may(connection, person, one):
            return []
        if not first_time(connection, workspace, (key,), now):
            return []
        _keep(connection, person, one, f"{slot}:{key}", State(said), now)
        voice = voice_for(person, channel, f"commitment:{key}", now)
        anew = _anew(connection, conference, person, slot, "".join(scope), now)
        drafts = [voice.draft(Kind.UPDATE, {**anew.payload(person.language), "ts": ts})]
        drafts += committing.read_back(connection, conference, key, now, new=False)
        if State(said) is State.HELP and one.state is not State.HELP:
            drafts += _tell_advisor(connection, conference, person, one, key, now)
        return house.outbox.put(connection, drafts, now, claim=True)


def _anew(
    connection: Connection, conference: AnyRow, person: AnyRow, slot: str, scope: str, now: datetime
) -> Saying:  # fmt: skip
    """What the message asks now, of all the conferences it is about."""
    ids = {conference.id, *map(int, filter(None, scope.split(".")))}
    held = [notes.conference_of(connection, person.workspace, one) for one in sorted(ids)]
    there = [(row, _student(connection, row)) for row in held if row is not None]
    if len(ids) > 1:
        return questions(connection, there, person, slot, now)
    return question(connection, conference, _student(connection, conference), person, slot, now)


def _student(connection: Connection, conference: AnyRow) -> AnyRow:
    who = select(*Person.__table__.c)
    return connection.execute(
        who.where(Person.workspace == conference.workspace, Person.id == conference.student_id)
    ).one()


def _may(connection: Connection, person: AnyRow, one: Commitment) -> bool:
    thing = access.Thing(access.Kind.COMMITMENT, one.student)
    return access.may(actor(connection, person), access.Action.SEE, thing)


def _keep(connection: Connection, person: AnyRow, one: Commitment, key: str, state: State, now: datetime) -> None:
    mine = CommitmentRow.workspace == person.workspace, CommitmentRow.id == one.id
    connection.execute(update(CommitmentRow).where(*mine).values(state=state, state_at=now))
    check = insert(CommitmentCheck).values(
        workspace=person.workspace, commitment_id=one.id, key=key[:128], by_id=person.id, state=state, at=now
    )
    connection.execute(check)
    who, about = trail.person(person.id), (one.conference, f"commitment:{one.id}")
    trail.note_conference(connection, person.workspace, now, who, trail.Act.CHANGED, "commitment", *about)
    heard = update(Person).where(Person.workspace == person.workspace, Person.id == person.id)
    connection.execute(heard.values(heard_at=now))


def _tell_advisor(
    connection: Connection, conference: AnyRow, person: AnyRow, one: Commitment, key: str, now: datetime
) -> list[Draft]:
    """Somebody needs help with theirs: a word to the advisor, at once, unless it is the advisor who says so."""
    advisor = connection.execute(
        select(*Person.__table__.c).where(
            Person.workspace == person.workspace, Person.id == conference.advisor_id, Person.slack_id.is_not(None),
            Person.active.is_(True), Person.id != person.id,
        )
    ).one_or_none()  # fmt: skip
    if advisor is None:
        return []
    context = {
        "student": first_name(conference.student), "who": one.name, "own": one.owner == conference.student_id,
        "what": shorten(one_line(one.what), QUOTE),
    }  # fmt: skip
    return [voice_for(advisor, None, f"commitment_help:{key}", now).say(Saying("commitment_help", context))]
