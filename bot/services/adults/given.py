"""What adults gave for a conference: ideas, notes of pride, pieces of work. The student hears of each, and decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, select, update

from bot.conference.access import Role
from bot.conference.agenda import Added, Idea, Piece, Pride, one_line
from bot.conference.minutes import Topic
from bot.dialogue.flow import Visibility
from bot.services.adults import asks
from bot.services.agenda.booked import conference_of, is_over
from bot.services.house import House
from bot.services.nudges.days import calendar_of
from bot.services.speech import Button, Kind, Saying
from bot.services.talk.scene import first_name
from bot.store.models import Note, Person
from bot.store.session import AnyRow
from bot.taps import Choice, Form, Tap
from prompts.splitting import shorten
from scheduler import sealed
from scheduler.cadence import Receiver
from scheduler.calendar import Audience
from scheduler.deliveries import State, deliveries
from scheduler.outbox import Draft
from scheduler.walltime import zone_of

GIVEN = "given"
"""The message by which a student hears of it."""

GATHER = timedelta(minutes=2)
"""So long after the first note the student is told of it, and of those that came meanwhile."""

TOGETHER = 5
"""Notes in one message: each takes four or five of a Slack message's 50 blocks, and more are not read."""

ASK = 150
"""Characters of an ask above an idea for it: the student knows what they asked."""

KINDS = (Form.IDEA, Form.PRIDE, Form.WORK)


# --- on the agenda -------------------------------------------------------------------------------------------


def added_of(connection: Connection, workspace: str, conferences: Collection[int]) -> Mapping[int, Added]:
    """What adults put on the agendas of these conferences, each of which is a key: what the student kept, and nobody
    held back. One query, however many they are."""
    kept = _notes(workspace, conferences).where(Note.choice == Choice.KEEP, Note.held_reason == "")
    found: dict[int, list[AnyRow]] = {conference: [] for conference in conferences}
    for row in connection.execute(kept):
        found[row.conference_id].append(row)
    return {conference: _added(rows) for conference, rows in found.items()}


def _added(rows: Sequence[AnyRow]) -> Added:
    pieces: dict[Topic, tuple[Piece, ...]] = {}
    for row in rows:
        if row.kind == Form.WORK:
            piece = Piece("link" if row.url else "described", row.title, row.url, called(row), row.text)
            pieces[Topic(row.topic)] = (*pieces.get(Topic(row.topic), ()), piece)
    return Added(
        pieces,
        tuple(Idea(row.flow, row.round, called(row), row.text) for row in rows if row.kind == Form.IDEA),
        tuple(Pride(called(row), row.text) for row in rows if row.kind == Form.PRIDE),
    )


def called(row: AnyRow) -> str:
    """Whoever gave a note, as the student knows them: the family by the first name."""
    return first_name(row.author) if row.role == Role.FAMILY else str(row.author)


# --- what there is -------------------------------------------------------------------------------------------


def notes_of(connection: Connection, workspace: str, conference: int, only: Collection[int] = ()) -> list[AnyRow]:
    """What was given for a conference, oldest first, with its `author` and their `role`; nothing that was flagged.

    only: these notes, where some are named.
    """
    asked = _notes(workspace, [conference])
    return list(connection.execute(asked.where(Note.id.in_(only)) if only else asked))


def answered(connection: Connection, workspace: str, conferences: Collection[int]) -> set[tuple[int, str, int]]:
    """The asks for which there is an idea already: conference, flow and round. One query."""
    rows = connection.execute(_notes(workspace, conferences).where(Note.kind == Form.IDEA))
    return {(row.conference_id, row.flow, row.round) for row in rows}


def _notes(workspace: str, conferences: Collection[int]) -> Select[Any]:
    return (
        select(*Note.__table__.c, Person.name.label("author"), Person.role)
        .join(Person, Person.id == Note.author_id)
        .where(
            Note.workspace == workspace, Note.conference_id.in_(conferences), Note.alarm == "", Note.kind.in_(KINDS)
        )
        .order_by(Note.id)
    )  # fmt: skip


# --- the student hears of it ---------------------------------------------------------------------------------


def tell(connection: Connection, conference: AnyRow, note: int, now: datetime) -> list[Draft]:
    """See to it that the student hears of a note: with others that wait to be told, else in a message of its own.

    It answers what they asked, so no limit of nudges counts; the hours of the night and days off do. `conference`: a
    row of `booked.conference_of`.
    """
    workspace, begins = conference.workspace, f"{GIVEN}:{conference.id}:"
    waiting = connection.execute(
        select(deliveries.c.seq, deliveries.c.id, deliveries.c.payload)
        .where(
            deliveries.c.workspace == workspace, deliveries.c.state == State.SCHEDULED,
            deliveries.c.dedupe_key >= begins, deliveries.c.dedupe_key < f"{GIVEN}:{conference.id};",
        )
        .with_for_update()
    )  # fmt: skip
    for row in waiting:
        if len(row.payload["notes"]) < TOGETHER:
            payload = {**row.payload, "notes": [*row.payload["notes"], note]}
            kept = sealed.cell(deliveries.c.payload, payload, id=row.id)
            this = deliveries.c.workspace == workspace, deliveries.c.seq == row.seq
            connection.execute(update(deliveries).where(*this).values(payload=kept))
            return []
    return to_student(connection, conference, GIVEN, f"{begins}{note}", now + GATHER, notes=[note])


def to_student(
    connection: Connection, conference: AnyRow, message: str, key: str, at: datetime, **about: Any
) -> list[Draft]:  # fmt: skip
    """A message to the student of a conference, or, for one without an account, to their advisor; due at the first
    waking moment of a school day, and said as things stand then. Nothing where neither is on Slack."""
    people = connection.execute(
        select(Person.id, Person.slack_id, Person.time_zone).where(
            Person.workspace == conference.workspace, Person.id.in_([conference.student_id, conference.advisor_id or 0])
        )
    )
    by_id = {row.id: row for row in people}
    readers = [by_id[one] for one in (conference.student_id, conference.advisor_id) if one in by_id]
    reader = next((one for one in readers if one.slack_id), None)
    if reader is None:
        return []
    calendar = calendar_of(connection, conference.workspace)
    due = calendar.from_now(at, zone_of(reader.time_zone or "", calendar.zone), Audience.STUDENTS) or at
    payload = {
        "step": message, "message": message, "flow": "", "receiver": Receiver.STUDENT.value,
        "person": conference.student_id, "student": conference.student_id, "conference": conference.id, "slot": "",
        **about,
    }  # fmt: skip
    subject = f"person:{conference.student_id}"
    return [Draft(conference.workspace, Kind.NUDGE, reader.slack_id, subject, payload, key, due)]


def undecided(connection: Connection, workspace: str, conference: int, only: Collection[int]) -> bool:
    """Whether the student has still something to say to any of these notes."""
    return any(not row.choice and not row.held_reason for row in notes_of(connection, workspace, conference, only))


def messages(house: House, connection: Connection, workspace: str, conference: int, language: str) -> list[Saying]:
    """All that was given for a conference, for the student to look through, so many notes a message."""
    rows = notes_of(connection, workspace, conference)
    chunks = [rows[start : start + TOGETHER] for start in range(0, len(rows), TOGETHER)]
    return [message(house, connection, workspace, conference, [row.id for row in chunk], language) for chunk in chunks]


def _advisor(connection: Connection, held: AnyRow) -> str:
    named = select(Person.name).where(Person.workspace == held.workspace, Person.id == held.advisor_id)
    return connection.scalar(named) or ""


def message(
    house: House, connection: Connection, workspace: str, conference: int, notes: Collection[int], language: str,
    *, beside: bool = False,
) -> Saying:  # fmt: skip
    """Some notes as the student reads them, each with what they can do with it, and what they did.

    beside: their advisor reads them, who sits beside a student without an account.
    """
    rows = notes_of(connection, workspace, conference, notes)
    held = conference_of(connection, workspace, conference)
    found = asks.standing(house, connection, held) if held is not None and any(row.flow for row in rows) else []
    asked = {(one.flow, one.round): one.words for one in found}
    shown_to_all = {(one.flow, one.round) for one in found if one.visible is Visibility.CONFERENCE}
    advisor = _advisor(connection, held) if held is not None else ""
    spoken, over = house.words.language(language), held is None or is_over(connection, held, house.clock())
    context = {
        "student": first_name(held.student) if held is not None else "",
        "advisor": advisor,
        "beside": beside,
        "over": over,
        "notes": [
            {
                "n": n, "kind": row.kind, "by": called(row), "words": row.text, "title": row.title, "url": row.url,
                "ask": shorten(one_line(asked.get((row.flow, row.round), "")), ASK), "choice": row.choice,
                "held": one_line(row.held_reason),
                "off": row.kind == Form.IDEA and (row.flow, row.round) not in shown_to_all,
                "part": house.words.catalog.label(spoken, f"section.{row.topic}") if row.topic else "",
            }
            for n, row in enumerate(rows, 1)
        ],
    }  # fmt: skip
    shown = ".".join(str(row.id) for row in rows)
    slots = {f"note-{n}": [_choices(row, shown)] for n, row in enumerate(rows, 1) if not row.held_reason}
    return Saying(GIVEN, context, {} if over else slots)


def _choices(row: AnyRow, shown: str) -> list[Button]:
    """What the student can do with a note; `shown`: all that stand in the message, which is said anew afterwards."""
    labels = {Choice.KEEP: "put_on", Choice.NO: "keep_for_me"}
    if row.kind == Form.IDEA:
        labels = {Choice.KEEP: "keep_idea", Choice.MAYBE: "maybe", Choice.NO: "not_for_me"}
    return [
        Button(Tap.DECIDE, label, f"{row.id}:{choice.value}:{shown}", "primary" if row.choice == choice else "")
        for choice, label in labels.items()
    ]
