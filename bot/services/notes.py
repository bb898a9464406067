"""What people write in windows about a student. Flagged words are kept for a person to read, and used for nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from bot.dialogue.safety import Level
from bot.services import greeting, safeguarding
from bot.services.booked import conference_of
from bot.services.forms import Taken, Window
from bot.services.house import House
from bot.services.scene import first_name
from bot.services.speech import Saying
from bot.store.models import Note
from bot.store.session import AnyRow
from bot.taps import Form

__all__ = ["conference_of", "keep", "screened"]


def keep(
    connection: Connection, workspace: str, conference: int, author: int, form: Form, key: str, now: datetime,
    text: str, **fields: Any,
) -> int:  # fmt: skip
    """Store a note; `key` names the submission it came in, `fields` are further columns. Returns its id."""
    return connection.execute(
        insert(Note)
        .values(
            workspace=workspace, conference_id=conference, author_id=author, kind=form.value, key=key, at=now,
            text=text, **fields,
        )
        .returning(Note.id)
    ).scalar_one()  # fmt: skip


def screened(
    house: House, connection: Connection, conference: AnyRow, author: AnyRow, form: Form, key: str, *texts: str
) -> Taken | None:
    """Everything somebody wrote in a window, before it is used for anything: None where nothing in it is flagged.

    Else it is kept, the counselors are told, and its author sees so: what is returned answers the submission.
    """
    found = [match.value for text in texts if (match := house.words.safety.screen(text)) is not None]
    if not found:
        return None
    now, workspace = house.clock(), conference.workspace
    level = next((one for one in found if one == Level.EXPLICIT), found[0])
    text = "\n".join(filter(None, texts))
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
