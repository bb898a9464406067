"""Whether and how somebody comes: told by a tap or in a window, kept, and passed on where somebody has to do something.

The family answers for themselves, staff too; the student's advisor can record it for an adult who told them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.conference import access
from bot.conference.access import Role
from bot.services import notes
from bot.services.audit import trail
from bot.services.family import attending, invitation
from bot.services.family.attending import AWAY, Coming, Mode
from bot.services.forms import Entries, Field, Taken, Window
from bot.services.house import House
from bot.services.nudges.days import calendar_of
from bot.services.roster.actors import actor
from bot.services.speech import Saying, Voice
from bot.services.talk import greeting, hearing
from bot.services.talk.scene import first_name
from bot.store.session import AnyRow
from bot.taps import Form
from prompts.splitting import shorten
from scheduler.calendar import Audience
from scheduler.outbox import Delivery, Draft
from scheduler.walltime import zone_of

LANGUAGE = 60
"""Characters of the language an interpreter is asked for."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Somebody's place at a conference, which `by` may say something about: an answer of `answers_of`."""

    conference: AnyRow
    by: AnyRow
    seat: dict[str, Any]

    @property
    def own(self) -> bool:
        return bool(self.seat["person"] == self.by.id)

    @property
    def about(self) -> str:
        """As the window carries it."""
        return str(self.conference.id) if self.own else f"{self.conference.id}:{self.seat['person']}"


class RsvpForm:
    """Form `rsvp`, about "<conference>" or "<conference>:<person>"."""

    def open(self, house: House, connection: Connection, person: AnyRow, about: str) -> Window | None:
        """The window, filled in with what was said before; what is in the way where there is something."""
        place = _place(house, connection, person, about)
        if place is None or isinstance(place, Window):
            return place
        return _window(house, connection, place)

    def take(
        self, house: House, connection: Connection, person: AnyRow, about: str, entries: Entries, key: str
    ) -> Taken | None:
        """Keep it, and tell the advisor what has to be got ready, or what was written to them."""
        place = _place(house, connection, person, about)
        if place is None or isinstance(place, Window):
            return Taken(then=place) if place is not None else None
        words, language = _entered(entries, "message"), _entered(entries, "interpreter")
        if flagged := notes.screened(house, connection, place.conference, person, Form.RSVP, key, language, words):
            return flagged
        mode = _entered(entries, "mode")
        coming = _meant(_entered(entries, "coming"), mode, place.seat["mode"])
        answer = _answer(coming, mode, language)
        if not answer["coming"]:
            return Taken(errors={"coming": "needed"})
        drafts = _kept(connection, place, answer, words, key, house.clock())
        if words:
            notes.keep(
                connection, person.workspace, place.conference.id, person.id, Form.RSVP, key, house.clock(), words
            )
        return Taken(drafts, then=_thanks(connection, place, answer))


def tapped(house: House, workspace: str, key: str, slack_id: str, value: str) -> tuple[Window | None, list[Delivery]]:
    """One of the two buttons under the invitation: "<conference>:yes" or ":no". The window says that it was taken in,
    and that there is more that could be said."""
    conference, _, coming = value.partition(":")
    with house.store.write() as connection:
        person = greeting.person_in_slack(connection, workspace, slack_id)
        place = _place(house, connection, person, conference) if person is not None else None
        if place is None or isinstance(place, Window):
            return place, []
        if place.seat["role"] != Role.FAMILY:
            return _for_family(place.conference, place.by, seat=True), []
        answer = _answer(coming, place.seat["mode"], place.seat["interpreter"])
        drafts: list[Draft] = []
        if hearing.first_time(connection, workspace, (key,), house.clock()):
            drafts = _kept(connection, place, answer, "", key, house.clock())
        put = house.outbox.put(connection, drafts, house.clock(), claim=True)
        taken = replace(place, seat={**place.seat, **answer})
        return _window(house, connection, taken, noted=coming), put


# --- whose place it is ---------------------------------------------------------------------------------------


def _place(house: House, connection: Connection, person: AnyRow, about: str) -> _Place | Window | None:
    """What `about` names, if it is theirs to say; else the window that tells them why not, None for what is nothing."""
    number, _, whose = about.partition(":")
    if not number.isdecimal() or not (whose or "0").isdecimal():
        return None
    held = notes.conference_of(connection, person.workspace, int(number))
    if held is None or not _belongs(connection, person, held) or invitation.begins(connection, held) <= house.clock():
        return Window(Form.RSVP, "", "rsvp_title", person.language, saying=Saying("family_too_late"))
    theirs = access.Thing(access.Kind.RSVP, held.student_id)
    seats = {one["person"]: one for one in attending.answers_of(connection, person.workspace, held.id)}
    seat = seats.get(int(whose or person.id))
    if not access.may(actor(connection, person), access.Action.GIVE, theirs) or seat is None:
        return _for_family(held, person)
    if seat["person"] != person.id and person.id != held.advisor_id:
        return _for_family(held, person)
    return _Place(held, person, seat)


def _belongs(connection: Connection, person: AnyRow, held: AnyRow) -> bool:
    """Whether somebody has anything to do with a conference. To all others it is as if there were none."""
    who, theirs = actor(connection, person), access.Thing(access.Kind.RSVP, held.student_id)
    return any(access.may(who, action, theirs) for action in (access.Action.SEE, access.Action.GIVE))


def _for_family(held: AnyRow, person: AnyRow, *, seat: bool = False) -> Window:
    """These buttons are the family's; staff with a `seat` at the conference are shown theirs."""
    own = {"actions": [[attending.button(held.id, label="rsvp_own")]]} if seat else {}
    context = {"student": first_name(held.student), "staff": seat}
    return Window(Form.RSVP, "", "rsvp_title", person.language, saying=Saying("family_only", context, own))


# --- the windows ---------------------------------------------------------------------------------------------


def _window(house: House, connection: Connection, place: _Place, noted: str = "") -> Window:
    """What is to be filled in; `noted`: the answer that was just taken in by a tap."""
    seat, held = place.seat, place.conference
    context = {**_meeting(connection, place), "noted": noted}
    fields = [_choice("coming", Coming, seat["coming"] or Coming.YES)]
    if seat["role"] == Role.FAMILY:
        fields.append(_choice("mode", Mode, seat["mode"] or Mode.IN_PERSON))
        fields.append(Field(
            "interpreter", "rsvp_interpreter", seat["interpreter"], "rsvp_interpreter_hint", long=False, optional=True
        ))  # fmt: skip
    if place.own and place.by.id != held.advisor_id:
        fields.append(Field("message", "rsvp_message", optional=True))
    return Window(
        Form.RSVP, place.about, "rsvp_title", place.by.language, tuple(fields), Saying("family_rsvp", context)
    )


def _choice(name: str, options: type[Coming | Mode], chosen: str) -> Field:
    listed = tuple((one.value, f"{name}_{one.value}") for one in options)
    return Field(name, f"rsvp_{name}", chosen, options=listed)


def _thanks(connection: Connection, place: _Place, answer: dict[str, str]) -> Window:
    """What was taken in."""
    saying = Saying("family_answered", {**_meeting(connection, place), **answer})
    return Window(Form.RSVP, "", "rsvp_title", place.by.language, saying=saying)


def _meeting(connection: Connection, place: _Place) -> dict[str, Any]:
    held = place.conference
    advisor = greeting.person_known_as(connection, held.workspace, held.advisor_id or 0)
    return {
        "student": first_name(held.student), "who": "" if place.own else place.seat["name"],
        "begins": invitation.begins(connection, held).isoformat(), "place": held.place,
        "advisor": advisor.name if advisor is not None else "", "family": place.seat["role"] == Role.FAMILY,
    }  # fmt: skip


# --- what is kept, and who hears of it -----------------------------------------------------------------------


def _entered(entries: Entries, field: str) -> str:
    """A text, or the id of the one thing that was chosen; "" for nothing."""
    found = entries.get(field, "")
    return found.strip() if isinstance(found, str) else next(iter(found), "")


def _meant(coming: str, mode: str, before: str) -> str:
    """Who chooses a telephone or a video comes that way, whatever stands above it; `before`: how they were to come."""
    return Coming.YES if coming and mode in AWAY and mode != before else coming


def _answer(coming: str, mode: str, interpreter: str) -> dict[str, str]:
    """As it is stored. Who does not come needs neither a telephone nor an interpreter."""
    if coming != Coming.YES:
        return {"coming": coming if coming == Coming.NO else "", "mode": "", "interpreter": ""}
    return {
        "coming": coming,
        "mode": mode if mode in set(Mode) else "",
        "interpreter": shorten(interpreter, LANGUAGE),
    }


def _kept(
    connection: Connection, place: _Place, answer: dict[str, str], words: str, key: str, now: datetime
) -> list[Draft]:
    """Store it; a word to the advisor where it is news that asks for something, or where they are written to."""
    held, seat = place.conference, place.seat
    changed = attending.keep(connection, held.workspace, held.id, seat["person"], now, **answer)
    if changed:
        who, whose = trail.person(place.by.id), trail.person(seat["person"])
        trail.note_conference(connection, held.workspace, now, who, trail.Act.CHANGED, "rsvp", held.id, whose)
    advisor = greeting.person_known_as(connection, held.workspace, held.advisor_id or 0)
    back = seat["coming"] == Coming.NO and answer["coming"] == Coming.YES
    asks = back or answer["coming"] == Coming.NO or answer["mode"] in AWAY or bool(answer["interpreter"])
    if advisor is None or not advisor.slack_id or advisor.id == place.by.id or not (words or (changed and asks)):
        return []
    context = {
        **answer, "back": back, "student": first_name(held.student), "who": seat["name"], "words": words,
        "family": seat["role"] == Role.FAMILY, "date": held.date.isoformat(), "time": held.time, "place": held.place,
        "nobody": invitation.nobody_comes(invitation.family(connection, held.workspace, held.id)),
    }  # fmt: skip
    change = {"actions": [[attending.button(held.id, seat["person"], "rsvp_record")]]}
    voice = Voice(
        held.workspace, advisor.slack_id, advisor.language, f"conference:{held.id}", f"rsvp:{held.id}:{key}",
        _due(connection, held, advisor, now),
    )  # fmt: skip
    return [voice.say(Saying("rsvp_told", context, change))]


def _due(connection: Connection, held: AnyRow, advisor: AnyRow, now: datetime) -> datetime:
    """At once, or when the advisor is next at work, if that is before the conference."""
    calendar = calendar_of(connection, held.workspace)
    due = calendar.from_now(now, zone_of(advisor.time_zone or "", calendar.zone), Audience.STAFF)
    return due if due is not None and due < invitation.begins(connection, held) else now
