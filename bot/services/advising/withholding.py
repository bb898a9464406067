"""What an advisor holds back from an agenda: an answer, or what an adult gave; with a reason the student reads.

The words are never changed. What is held back leaves the agenda at once, and can be put back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from bot.conference import access
from bot.conference.agenda import in_flows, kept_off, line_words, on_agenda, one_line, still_asked
from bot.conference.answers import NOTHING_SET
from bot.dialogue import state
from bot.dialogue.flow import Flow
from bot.services import notes
from bot.services.adults import given
from bot.services.agenda import booked
from bot.services.agenda.materials import Material
from bot.services.audit import trail
from bot.services.channels import channel
from bot.services.forms import Entries, Field, Taken, Window, value
from bot.services.house import House
from bot.services.roster import levels
from bot.services.roster.actors import actor
from bot.services.speech import Button, Saying
from bot.services.talk import review
from bot.services.talk.scene import first_name
from bot.store.models import Conversation, Item, Note, Person
from bot.store.session import AnyRow
from bot.taps import Choice, Form, Ref, Tap
from bot.words import APPROVE
from prompts.splitting import shorten
from scheduler import sealed
from scheduler.outbox import Draft

HELD_BACK = "held_back"
"""The message by which a student hears of it."""

NOTE, BACK = "note", "back"
OPTION, WORDS = 70, 500
"""Characters of an item in a choice, and in a message."""


@dataclass(frozen=True, slots=True)
class Held:
    """Something that is on the agenda, or would be but for the `reason`. `id`: a question's, or a note's number."""

    id: str
    words: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it stands: an answer of a flow's round, or a note. As a button carries it: "12:supports:1", "12:note:34";
    with ":back" it is to be put back."""

    conference: int
    flow: str
    number: int
    back: bool = False

    @classmethod
    def parse(cls, about: str) -> Place | None:
        """From what a button carries; None where it is none of ours."""
        conference, _, rest = about.partition(":")
        flow, _, rest = rest.partition(":")
        number, _, back = rest.partition(":")
        if not (conference.isdecimal() and number.isdecimal() and back in ("", BACK)):
            return None
        return cls(int(conference), flow, int(number), bool(back))

    @property
    def about(self) -> str:
        """As a button carries it."""
        return ":".join((str(self.conference), self.flow, str(self.number), *((BACK,) if self.back else ())))


# --- what can be held back -----------------------------------------------------------------------------------


def rounds(read: Material, flows: Mapping[str, Flow]) -> dict[tuple[str, int], list[Held]]:
    """By flow and round: the answers that are on the agenda or held back. What is not on it needs no holding back."""
    found: dict[tuple[str, int], list[Held]] = {}
    for answer, question in in_flows(read.given, {name: flow for name, flow in flows.items() if name != APPROVE}):
        setting = read.settings.get(answer.spot, NOTHING_SET)
        words = line_words(answer, question) or ", ".join(work.title or work.kind for work in answer.evidence)
        shown = (
            on_agenda(answer, question, setting)
            and still_asked(answer.spot, flows[answer.flow], read.given)
            and not kept_off(answer.spot, flows[answer.flow], read.given, read.settings)
        )
        if words and not answer.alarm and (shown or setting.held_reason):
            held = Held(answer.question, words, setting.held_reason)
            found.setdefault((answer.flow, answer.round), []).append(held)
    return found


def buttons(conference: int, flow: str, number: int, items: list[Held]) -> list[Button]:
    """To hold back what is on the agenda, and to put back what is not."""
    place, row = Place(conference, flow, number), []
    if any(not one.reason for one in items):
        row.append(Button(Tap.FORM, "hold", value(Form.HOLD, place.about)))
    if any(one.reason for one in items):
        row.append(Button(Tap.FORM, "put_back", value(Form.HOLD, Place(conference, flow, number, True).about)))
    return row


def _items(house: House, connection: Connection, held: AnyRow, place: Place, language: str) -> list[Held]:
    """What stands at a place, as things are now."""
    if place.flow == NOTE:
        rows = given.notes_of(connection, held.workspace, held.id, [place.number])
        return [Held(str(row.id), row.title or row.text, row.held_reason) for row in rows if holdable(row)]
    level = levels.of_conference(connection, held.workspace, held.id)
    flows = review.flows_of(house, house.words.language(language), level)
    return rounds(review.material(connection, held.workspace, held.id), flows).get((place.flow, place.number), [])


def holdable(note: AnyRow) -> bool:
    """Whether what an adult gave is on the agenda, or may get there; not what the student said no to."""
    return note.choice != Choice.NO or bool(note.held_reason)


# --- the window ----------------------------------------------------------------------------------------------


class HoldForm:
    """An advisor's window: what is to be held back, and why; or what is to be put back. About: a `Place`."""

    def open(self, house: House, connection: Connection, person: AnyRow, about: str) -> Window | None:
        """The window; where there is nothing to hold back or put back any more, one that says so."""
        place, held = _place(connection, person, about)
        if place is None or held is None or not _may(connection, person, held, place):
            return None
        items = _wanted(house, connection, held, place, person.language)
        context = {"student": first_name(held.student), "back": place.back}
        if not items:
            context |= {"done": False, "told": False}
            return Window(Form.HOLD, "", "hold_title", person.language, saying=Saying("form_held", context))
        told = items if place.back or len(items) == 1 else []  # several stand as the choices
        lines = [{"words": shorten(one.words, WORDS), "reason": one_line(one.reason)} for one in told]
        title, submit = ("back_title", "put_back") if place.back else ("hold_title", "hold")
        fields = tuple(_fields(place, items))
        saying = Saying("form_hold", {**context, "lines": lines})
        return Window(Form.HOLD, place.about, title, person.language, fields, saying, submit)

    def take(
        self, house: House, connection: Connection, person: AnyRow, about: str, entries: Entries, key: str
    ) -> Taken | None:
        """Hold it back, or put it back; tell the student, and change what stands in the channel."""
        place, held = _place(connection, person, about)
        if place is None or held is None or not _may(connection, person, held, place):
            return None
        reason = "".join(entries.get("reason", "")).strip()
        if flagged := notes.screened(house, connection, held, person, Form.HOLD, key, reason):
            return flagged
        items = _wanted(house, connection, held, place, person.language)
        chosen = [one for one in items if len(items) == 1 or one.id in entries.get("which", ())]
        if items and not chosen:
            return Taken(errors={"which": "needed"})
        if items and not (reason or place.back):
            return Taken(errors={"reason": "needed"})
        told = _has_account(connection, held)
        context = {"student": first_name(held.student), "back": place.back, "done": bool(items), "told": told}
        then = Window(Form.HOLD, "", "noted", person.language, saying=Saying("form_held", context))
        drafts = _hold(house, connection, held, place, chosen, reason, key) if chosen else []
        if chosen:
            act, what = trail.Act.CHANGED, "put_back" if place.back else "held_back"
            spot = f"{place.flow}:{place.number}"
            who = trail.person(person.id)
            trail.note_conference(connection, held.workspace, house.clock(), who, act, what, held.id, spot)
        return Taken(drafts, then=then)


def _fields(place: Place, items: list[Held]) -> Iterator[Field]:
    options = tuple((one.id, f"={shorten(one_line(one.words), OPTION)}") for one in items)
    if len(items) > 1:
        yield Field("which", "back_which" if place.back else "hold_which", options=options, several=True)
    elif place.back:
        yield Field("which", "back_which", initial=items[0].id, options=options, several=True)
    if not place.back:
        yield Field("reason", "hold_reason", hint="hold_reason_hint")


def _place(connection: Connection, person: AnyRow, about: str) -> tuple[Place | None, AnyRow | None]:
    place = Place.parse(about)
    held = booked.conference_of(connection, person.workspace, place.conference) if place is not None else None
    return place, held


def _may(connection: Connection, person: AnyRow, held: AnyRow, place: Place) -> bool:
    kind = access.Kind.NOTE if place.flow == NOTE else access.Kind.ANSWER
    return access.may(actor(connection, person), access.Action.HOLD, access.Thing(kind, held.student_id))


def _wanted(house: House, connection: Connection, held: AnyRow, place: Place, language: str) -> list[Held]:
    """What can be held back here, or put back."""
    return [one for one in _items(house, connection, held, place, language) if bool(one.reason) == place.back]


def _hold(
    house: House, connection: Connection, held: AnyRow, place: Place, chosen: list[Held], reason: str, key: str
) -> list[Draft]:
    now, drafts = house.clock(), list[Draft]()
    for one in chosen:
        if place.flow == NOTE:
            _hold_note(connection, held.workspace, place.number, reason)
        else:
            spot = state.Spot(one.id, place.number)
            review.set_item(connection, held.workspace, held.id, place.flow, spot, {Item.held_reason: reason})
        drafts += _told(connection, held, place, one, f"{HELD_BACK}:{held.id}:{place.about}:{one.id}:{key}", now)
    if channel.latest_approval(connection, held.workspace, held.id) is not None:
        drafts += channel.again(connection, held.workspace, held.id, f"{HELD_BACK}:{key}", now)
    return drafts


def _hold_note(connection: Connection, workspace: str, note: int, reason: str) -> None:
    mine = Note.workspace == workspace, Note.id == note
    key = connection.execute(select(Note.key).where(*mine)).scalar_one()
    kept = sealed.cell(Note.held_reason, reason, workspace=workspace, key=key)
    connection.execute(update(Note).where(*mine).values(held_reason=kept))


def _told(connection: Connection, held: AnyRow, place: Place, one: Held, key: str, now: datetime) -> list[Draft]:
    """The student hears of it in their own DM; beside a student without an account the advisor sits, who knows."""
    if not _has_account(connection, held):
        return []
    about = {"place": place.about, "item": one.id}
    return given.to_student(connection, held, HELD_BACK, key, now, about=about)


def _has_account(connection: Connection, held: AnyRow) -> bool:
    who = select(Person.slack_id).where(Person.workspace == held.workspace, Person.id == held.student_id)
    return bool(connection.scalar(who))


# --- what the student is told --------------------------------------------------------------------------------


def still_so(house: House, connection: Connection, payload: Mapping[str, Any], held: AnyRow) -> bool:
    """Whether what a student is to be told is still so."""
    return _told_of(house, connection, payload, held) is not None


def message(house: House, connection: Connection, payload: Mapping[str, Any], held: AnyRow) -> Saying:
    """What a student is told: what was held back and why, or that it was put back."""
    place = Place.parse(payload["about"]["place"])
    one = _told_of(house, connection, payload, held)
    named = select(Person.name).where(Person.workspace == held.workspace, Person.id == held.advisor_id)
    advisor = connection.scalar(named) or ""
    context = {
        "student": first_name(held.student), "advisor": advisor, "back": place is not None and place.back,
        "note": place is not None and place.flow == NOTE,
        "words": shorten(one.words, WORDS) if one is not None else "", "reason": one.reason if one is not None else "",
    }  # fmt: skip
    here = Conversation.workspace == held.workspace, Conversation.conference_id == held.id
    talk = connection.scalar(select(Conversation.id).where(*here))
    look = [Button(Tap.OPEN, "review", Ref(talk, APPROVE, 0, "open").text())] if talk is not None else []
    return Saying(HELD_BACK, context, {"actions": [look]})


def _told_of(house: House, connection: Connection, payload: Mapping[str, Any], held: AnyRow) -> Held | None:
    """What it is about, while it is held back, or back again."""
    place, item = Place.parse(payload["about"]["place"]), payload["about"]["item"]
    if place is None:
        return None
    found = _items(house, connection, held, place, held.language)
    return next((one for one in found if one.id == item and bool(one.reason) != place.back), None)
