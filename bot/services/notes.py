"""What people write in windows about a student. Flagged words are kept for a person to read, and used for nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from bot.dialogue.safety import Level
from bot.services import safeguarding
from bot.services.agenda.booked import conference_of
from bot.services.audit import trail
from bot.services.forms import Taken, Window
from bot.services.house import House
from bot.services.speech import Saying
from bot.services.talk import greeting
from bot.services.talk.scene import first_name, scene_by_id
from bot.store.models import Note
from bot.store.session import AnyRow
from bot.taps import Form
from scheduler import sealed

__all__ = ["conference_of", "keep", "screened"]

_STUDENTS_OWN = frozenset({Form.THANKS, Form.CUE, Form.PAUSED})
"""What is written there is the student's, whoever of the two types it who sit beside each other."""


def keep(
    connection: Connection, workspace: str, conference: int, author: int, form: Form, key: str, now: datetime,
    text: str, **fields: Any,
) -> int:  # fmt: skip
    """Store a note; `key` names the submission it came in, `fields` are further columns. Returns its id."""
    values = {
        "workspace": workspace, "conference_id": conference, "author_id": author, "kind": form.value, "key": key,
        "at": now, "text": text, **fields,
    }  # fmt: skip
    note = connection.execute(insert(Note).values(**sealed.row(Note, values)).returning(Note.id)).scalar_one()
    who = trail.person(author)
    trail.note_conference(connection, workspace, now, who, trail.Act.CHANGED, form.value, conference, f"note:{note}")
    return note


def screened(
    house: House, connection: Connection, conference: AnyRow, author: AnyRow, form: Form, key: str, *texts: str
) -> Taken | None:
    """Everything somebody wrote in a window, before it is used for anything: None where nothing in it is flagged.

    Else it is kept, the counselors are told, and its author sees so: what is returned answers the submission. A
    student is answered as in the chat, which is held.
    """
    found = [match.value for text in texts if (match := house.words.safety.screen(text)) is not None]
    if not found:
        return None
    now, workspace = house.clock(), conference.workspace
    level = next((one for one in found if one == Level.EXPLICIT), found[0])
    text = "\n".join(filter(None, texts))
    students = author.id == conference.student_id or form in _STUDENTS_OWN
    if students and (held := _held(house, connection, conference, author, form, key, text, level)) is not None:
        return held
    note = keep(connection, workspace, conference.id, author.id, form, key, now, text, alarm=level)
    by = "" if author.id == conference.student_id else author.name
    drafts = safeguarding.raise_about_note(connection, workspace, conference.student_id, note, by, level, now)
    context = {
        "student": first_name(conference.student),
        "counselor": greeting.first_counselor(connection, workspace),
        "lines": safeguarding.lines(connection, workspace),
    }
    window = Window(form, "", "flagged_title", author.language, saying=Saying("note_flagged", context))
    return Taken(drafts, then=window)


def _held(
    house: House, connection: Connection, conference: AnyRow, author: AnyRow, form: Form, key: str, text: str,
    level: str,
) -> Taken | None:  # fmt: skip
    """The fixed words for a student, in the window and where the chat is, which waits; None where there is none."""
    from bot.services.talk.turn import Turn  # which others need that need this one

    student = greeting.person_known_as(connection, conference.workspace, conference.student_id)
    if student is None:
        return None
    now = house.clock()
    scene = scene_by_id(connection, conference.workspace, greeting.begin(connection, student, now))
    if scene is not None and scene.seat is not None and (not scene.slack_id or author.id != student.id):
        scene = scene.as_found_by(*scene.seat)  # the two are in the thread where the advisor sits beside them
    if scene is None or not scene.slack_id:
        return None
    first, channel = scene.status != "held", scene.seat.channel if scene.thread and scene.seat else student.im or ""
    said = Turn(house, connection, scene, channel, key, now).hold(text, level)
    saying = safeguarding.fixed_words(connection, scene, level, first=first, in_window=True)
    return Taken(deliveries=said, then=Window(form, "", "flagged_title", author.language, saying=saying))
