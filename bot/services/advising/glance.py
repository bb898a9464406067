"""One student at a glance: how far they are, for whoever may see that; for their other adults when and where it is."""

from __future__ import annotations

from typing import Any

from bot.conference.access import Action, Kind, Role, Thing, may
from bot.services.advising.progress import Progress, progress
from bot.services.command import deeds, meetings
from bot.services.command.reader import Reader
from bot.services.speech import Button, Saying
from bot.services.talk import beside
from bot.services.talk.greeting import person_known_as
from bot.services.talk.scene import first_name
from bot.taps import Tap
from prompts.splitting import shorten

LABEL = 20


def of(reader: Reader, student: int) -> Saying:
    """How far a student is, with what the reader can do about it; nothing of their words. For whoever may not see
    that: their conference, if there is one."""
    row = meetings.current(reader, [student]).get(student)
    taps = deeds.rows(reader, row) if row is not None else []
    if may(reader.who, Action.SEE, Thing(Kind.PROGRESS, student)):
        one = progress(reader.connection, reader.person.workspace, [student], reader.now)[0]
        return Saying("status_one", _far(reader, one), {"actions": [_advising(reader, one), *taps]})
    if row is None:
        known = person_known_as(reader.connection, reader.person.workspace, student)
        return Saying("nothing_to_show", {"student": first_name(known.name) if known is not None else ""})
    context = {**meetings.facts(row, meetings.today(reader)), "answer": deeds.answer(reader, row)}
    return Saying("conference_look", context, {"actions": taps})


def _far(reader: Reader, one: Progress) -> dict[str, Any]:
    advises = reader.who.role is Role.ADVISOR
    return {
        "name": one.name, "status": one.readiness.status.value, "done": one.readiness.done,
        "total": one.readiness.total, "date": one.date, "time": one.time,
        "flags": one.readiness.flags if advises else 0, "advisor": "" if advises else one.advisor,
    }  # fmt: skip


def _advising(reader: Reader, one: Progress) -> list[Button]:
    """An advisor opens the way so far, or sits down beside the student."""
    if not may(reader.who, Action.JOIN, Thing(Kind.CONVERSATION, one.student)):
        return []
    catalog, language = reader.house.words.catalog, reader.house.words.language(reader.person.language)
    name = shorten(first_name(one.name), LABEL)
    look = Button(Tap.LOOK, f"={catalog.label(language, 'digest.look', student=name)}", str(one.student), "primary")
    return [look, beside.button(reader.house, language, one.student, name)]
