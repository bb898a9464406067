"""A school of any size in a database, term under way: what a turn has to find its student in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bot.store.models import Answer, Base, Conference, Conversation, FlowState, Person, School, SeenEvent, Term
from bot.store.session import Store
from scheduler import sealed
from scheduler.cadence import parse_cadence
from scheduler.outbox import Draft, Outbox, deliveries
from tests.bench.stub import TEAM

ADVISEES = 20
HISTORY = 10
"""Answers, deliveries and seen events of each student from before."""

SAID = "Things click for me when I explain them to my brother."

_CHUNK = 2_000
_BEFORE = datetime(2026, 9, 14, 15, tzinfo=UTC)


def fill(store: Store, students: int, *, nudges: bool = False) -> None:
    """Put a school with so many students there, each with a conversation and some past.

    nudges: whether the quarter's are sent. Without them what is measured does not hang on the day and the hour.
    """
    with store.write() as connection:
        connection.execute(insert(School), _school("" if nudges else _no_nudges()))
        connection.execute(insert(Term), _term())
        term = connection.scalars(select(Term.id)).one()
        advisors = _people(connection, "advisor", students // ADVISEES + 1)
        pupils = _people(connection, "student", students, advisors)
        _add(connection, Conference, (_conference(pupil, term) for pupil in pupils))
        conferences = connection.scalars(select(Conference.id).order_by(Conference.student_id)).all()
        _add(connection, Conversation, map(_conversation, pupils, conferences))
        conversations = connection.scalars(select(Conversation.id).order_by(Conversation.person_id)).all()
        _past(connection, list(zip(conversations, conferences, strict=True)))


def restart(store: Store) -> None:
    """Let every student begin again: conversations as on the first day. What was answered stays."""
    with store.write() as connection:
        connection.execute(delete(FlowState))
        fresh = {"flow": "", "state": "", "back_to": "", "came_from": "", "prompt_delivery": None, "status": "open"}
        connection.execute(update(Conversation).values(**fresh))


def unsettled(store: Store) -> int:
    """How many deliveries are not settled."""
    with store.read() as connection:
        return len(connection.execute(select(deliveries.c.seq).where(deliveries.c.settled_at.is_(None))).all())


def flows(store: Store) -> set[str]:
    """The flows that students who have begun are in."""
    with store.read() as connection:
        return set(connection.scalars(select(Conversation.flow).where(Conversation.flow != "").distinct()))


def slack_id(number: int) -> str:
    """The Slack user of a student, the first being 1."""
    return f"U{number:07}"


def channel(number: int) -> str:
    """The student's DM with the bot."""
    return f"D{number:07}"


def _no_nudges() -> str:
    return "\n".join(f"[nudge.{one.name}]\noff = true" for one in parse_cadence().nudges)


def _school(cadence: str) -> dict[str, Any]:
    return {
        "workspace": TEAM, "name": "Harbor School", "time_zone": "America/New_York", "language": "en",
        "grade_band": "middle", "level": "full", "quiet_from": "20:00", "quiet_until": "07:00",
        "counselors": {"keys": ["a1"]}, "helplines": {"lines": []}, "loaded_at": _BEFORE,
        "cadence": cadence or None,
    }  # fmt: skip


def _term() -> dict[str, Any]:
    return {"workspace": TEAM, "name": "Q2", "starts": _day(-30), "ends": _day(60)}


def _day(days: int) -> date:
    """So many days from today: the bot under test goes by the real time."""
    return (datetime.now(UTC) + timedelta(days=days)).date()


def _people(connection: Connection, role: str, count: int, advisors: Sequence[int] = ()) -> Sequence[int]:
    def person(number: int) -> dict[str, Any]:
        student = role == "student"
        return {
            "workspace": TEAM, "key": f"{role[0]}{number}", "role": role, "name": f"Noor Haddad-{number}",
            "email": f"{role}{number}@school.example", "grade": "7" if student else None, "language": "en",
            "advisor_id": advisors[number // ADVISEES] if student else None,
            "slack_id": slack_id(number) if student else f"W{number:07}",
            "im": channel(number) if student else None, "active": True,
        }  # fmt: skip

    _add(connection, Person, map(person, range(1, count + 1)))
    return connection.scalars(select(Person.id).where(Person.role == role).order_by(Person.id)).all()


def _conference(student: int, term: int) -> dict[str, Any]:
    return {
        "workspace": TEAM, "student_id": student, "term_id": term, "date": _day(10), "time": "17:30",
        "minutes": 20, "place": "Room 12", "cancelled": False,
    }  # fmt: skip


def _conversation(student: int, conference: int) -> dict[str, Any]:
    return {
        "workspace": TEAM, "person_id": student, "conference_id": conference, "flow": "", "state": "", "back_to": "",
        "status": "new", "version": 0, "updated_at": _BEFORE,
    }  # fmt: skip


def _past(connection: Connection, conversations: Sequence[tuple[int, int]]) -> None:
    _add(connection, Answer, (_answer(*one, number) for one in conversations for number in range(HISTORY)))
    seen = ((one, number) for one, _ in conversations for number in range(HISTORY))
    _add(connection, SeenEvent, ({"workspace": TEAM, "id": f"Ev{one}-{n}", "at": _BEFORE} for one, n in seen))
    said = (_said(one, number) for one, _ in conversations for number in range(HISTORY))
    outbox = Outbox("before")
    for drafts in _chunks(said):
        outbox.put(connection, drafts, _BEFORE)
    connection.execute(
        update(deliveries).values(
            state="sent", attempts=1, fence=1, settled_at=_BEFORE, ref_channel="D", ref_ts="1796050000.000100"
        )
    )


def _answer(conversation: int, conference: int, number: int) -> dict[str, Any]:
    return {
        "workspace": TEAM, "conversation_id": conversation, "conference_id": conference, "flow": "letter",
        "question": "learner", "round": 1, "ts": f"{1796050000 + number}.000100", "revised": "", "act": "said",
        "text": SAID, "choices": "", "evidence": [], "alarm": "",
        "at": _BEFORE,
    }  # fmt: skip


def _said(conversation: int, number: int) -> Draft:
    payload = {"template": "paused", "language": "en", "context": {"student": "Noor"}, "buttons": {}}
    key = f"past:{conversation}:{number}"
    return Draft(TEAM, "say", slack_id(conversation), f"person:{conversation}", payload, key, _BEFORE)


def _add(connection: Connection, model: type[Base], rows: Iterator[dict[str, Any]]) -> None:
    for chunk in _chunks(rows):
        connection.execute(insert(model), [sealed.row(model, row) for row in chunk])


def _chunks(items: Iterator[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
