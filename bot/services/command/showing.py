"""What opens in a window of its own: one conference, its agenda, what an adult is asked, what was agreed.

Each reader gets what the table of access allows them; for whoever may not see it, nothing opens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from bot.conference.access import Action, Kind, Role
from bot.conference.agenda import agenda_context
from bot.services import forms
from bot.services.adults import contributing
from bot.services.advising import glance
from bot.services.afterwards import committing, looking_back
from bot.services.agenda import agendas
from bot.services.audit import trail
from bot.services.channels import standing
from bot.services.command import deeds, meetings
from bot.services.command.reader import Reader
from bot.services.forms import Window
from bot.services.house import House
from bot.services.roster import school
from bot.services.roster.actors import actor
from bot.services.speech import Saying
from bot.services.talk import greeting
from bot.services.talk.scene import first_name
from bot.store.session import AnyRow
from bot.taps import Form


def opened(house: House, workspace: str, slack_id: str, value: str) -> Window | None:
    """The window a button or menu opens; `value`: what of which conference, "agenda:12"."""
    what, _, conference = value.partition(":")
    with house.store.read() as connection:
        person = greeting.person_in_slack(connection, workspace, slack_id)
        if person is None:
            return None
        reader = Reader(house, connection, person, actor(connection, person), house.clock())
        found, row = window(reader, what, int(conference)), meetings.one(reader, int(conference))
    if found is not None and row is not None and row.student_id != person.id:
        trail.seen(house.store, workspace, reader.now, person.id, what, row.student_id, f"conference:{row.id}")
    return found


def window(reader: Reader, what: str, conference: int) -> Window | None:
    """The same for somebody known, as a command opens it."""
    row = meetings.one(reader, conference)
    if row is None:
        return None
    if what == Form.COMMIT:
        return forms.window(reader.house, reader.connection, reader.person, what, str(conference))
    saying = SHOWN[what](reader, row) if what in SHOWN else None
    if saying is None:
        return None
    return Window("show", "", f"show_{what}_title", reader.person.language, saying=saying)


def _conference(reader: Reader, row: AnyRow) -> Saying | None:
    progress = meetings.allowed(reader.who, Action.SEE, Kind.PROGRESS, row)
    return glance.of(reader, row.student_id) if progress or row.student_id in reader.who.students else None


def _card(reader: Reader, row: AnyRow) -> Saying | None:
    if not meetings.allowed(reader.who, Action.GIVE, Kind.NOTE, row):
        return None
    return contributing.card(reader.house, reader.connection, reader.person, row.id, reader.now)


def _agenda(reader: Reader, row: AnyRow) -> Saying | None:
    """What was approved; for all but the student and their advisor once it stands in the channel."""
    if not meetings.allowed(reader.who, Action.SEE, Kind.AGENDA, row):
        return None
    if not deeds.agenda_there(reader.who, row):
        return _waits(reader, row)
    found = agendas.compiled(reader.house, reader.connection, reader.person.workspace, [row.id])
    for _, compiled, meeting in found:
        language = reader.house.words.language(reader.person.language)
        label = partial(reader.house.words.catalog.label, language)
        return Saying("agenda", agenda_context(compiled, meeting, label))
    return _waits(reader, row)


def _waits(reader: Reader, row: AnyRow) -> Saying:
    zone = school.time_zone(reader.connection, reader.person.workspace)
    about = (reader.connection, reader.person.workspace, row.id, zone, reader.now)
    context = {
        "own": reader.who.role is Role.STUDENT,
        "student": first_name(row.name),
        "goes_up": standing.goes_up(*about) if meetings.approved(row) else "",
    }
    return Saying("agenda_waits", context)


def _back(reader: Reader, row: AnyRow) -> Saying | None:
    """What a student takes with them from the conference before, for themselves."""
    if row.student_id != reader.who.id or not meetings.allowed(reader.who, Action.SEE, Kind.PROGRESS, row):
        return None
    found = looking_back.where_i_was(reader.house, reader.connection, reader.person, reader.now)
    return found or Saying("nothing_to_show", {"student": ""})


def _commitments(reader: Reader, row: AnyRow) -> Saying | None:
    if not meetings.allowed(reader.who, Action.SEE, Kind.COMMITMENT, row):
        return None
    return committing.list_of(reader.house, reader.connection, reader.person.workspace, row.id, reader.person.language)


SHOWN: Mapping[str, Callable[[Reader, AnyRow], Saying | None]] = {
    "conference": _conference,
    "card": _card,
    "agenda": _agenda,
    "commitments": _commitments,
    "back": _back,
}
