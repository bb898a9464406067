"""What somebody can do about a conference, as rows of buttons: only what the table of access allows, in its time."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from bot.conference.access import Action, Actor, Kind, Role
from bot.services.afterwards import commitments, committing, looking_back, saw
from bot.services.agenda import binder
from bot.services.command import meetings
from bot.services.command.reader import Reader
from bot.services.family import attending
from bot.services.nudges.days import calendar_of
from bot.services.speech import Button
from bot.store.session import AnyRow
from bot.taps import Tap
from scheduler.walltime import resolve

_FIRST_READERS = (Role.STUDENT, Role.ADVISOR)
"""Those who see the agenda as soon as it is approved; all others once it is posted."""


def rows(reader: Reader, row: AnyRow) -> list[list[Any]]:
    """The buttons for one conference (a row of `meetings`): before it, what they can give and whether they come; from
    its day on, what was agreed; once it has begun, what they saw; and whenever it is there, the agenda."""
    calendar = calendar_of(reader.connection, reader.person.workspace)
    begins = resolve(row.date, time.fromisoformat(row.time), calendar.zone)
    taps: list[list[Button]] = []
    if reader.now < begins + timedelta(minutes=row.minutes):
        taps.append(_giving(reader.who, row))
    if reader.now < begins:
        taps.append(_coming(reader, row))
    taps.append(read(reader.who, row, calendar.today(reader.now)))
    if begins <= reader.now <= begins + saw.LASTS and meetings.allowed(reader.who, Action.GIVE, Kind.NOTE, row):
        taps.append([saw.button(row.id)])
    return [one for one in taps if one]


def read(who: Actor, row: AnyRow, day: date) -> list[Button]:
    """The buttons that open what there is to read of a conference, and to add to it from its day on."""
    agenda = agenda_there(who, row) and meetings.allowed(who, Action.SEE, Kind.AGENDA, row)
    found = [_show("agenda", row)] if agenda else []
    if agenda and meetings.allowed(who, Action.SEE, Kind.PACKET, row):
        found.append(binder.button(row.id))
    if row.date > day:
        return found
    if meetings.allowed(who, Action.SEE, Kind.COMMITMENT, row):
        found.append(_show("commitments", row))
    if meetings.allowed(who, Action.GIVE, Kind.COMMITMENT, row):
        found.append(committing.button(row.id))
    return found


def afterwards(reader: Reader, row: AnyRow) -> list[Button]:
    """What a student still has of a conference before the one to come: what was agreed, and where they were."""
    found = []
    agreed = commitments.of(reader.connection, reader.person.workspace, [row.id]).get(row.id)
    if agreed and meetings.allowed(reader.who, Action.SEE, Kind.COMMITMENT, row):
        found.append(_show("commitments", row))
    if looking_back.where_i_was(reader.house, reader.connection, reader.person, reader.now) is not None:
        found.append(Button(Tap.SHOW, "look_back", meetings.show_value("back", row.id)))
    return found


def agenda_there(who: Actor, row: AnyRow) -> bool:
    """Whether there is an agenda to read yet, for somebody who may read it."""
    return meetings.posted(row) or (who.role in _FIRST_READERS and meetings.approved(row))


def _giving(who: Actor, row: AnyRow) -> list[Button]:
    """What the student asks, and an idea, a note of pride, a piece of work in reply."""
    return [_show("card", row, "primary")] if meetings.allowed(who, Action.GIVE, Kind.NOTE, row) else []


def answer(reader: Reader, row: AnyRow) -> dict[str, str]:
    """Whether and how this adult said they come: coming, mode, interpreter; "" where they said nothing."""
    said = attending.presence(reader.connection, reader.person.workspace, row.id, reader.person.id)
    return {name: said[name] for name in ("coming", "mode", "interpreter")}


def _coming(reader: Reader, row: AnyRow) -> list[Button]:
    """Whether they come; an advisor is there anyway."""
    if reader.who.role is Role.ADVISOR or not meetings.allowed(reader.who, Action.GIVE, Kind.RSVP, row):
        return []
    if answer(reader, row)["coming"]:
        return [attending.button(row.id, label="rsvp_change")]
    if reader.who.role is Role.TEACHER:
        return [attending.button(row.id, label="rsvp_own")]
    return attending.question(row.id)[0]


def _show(what: str, row: AnyRow, style: str = "") -> Button:
    return Button(Tap.SHOW, what, meetings.show_value(what, row.id), style)
