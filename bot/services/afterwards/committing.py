"""Commitments are added at a conference and after it, read back to everybody who was there, and changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from html import escape
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.conference import access
from bot.conference.agenda import one_line
from bot.services import notes
from bot.services.afterwards import commitments
from bot.services.afterwards.commitments import Commitment, State
from bot.services.audit import trail
from bot.services.forms import Entries, Field, Taken, Window, value
from bot.services.house import House
from bot.services.roster import school
from bot.services.roster.actors import actor
from bot.services.speech import Button, Kind, Saying
from bot.services.talk.scene import first_name
from bot.store.models import Commitment as CommitmentRow
from bot.store.models import Conference, Participant, Person
from bot.store.session import AnyRow
from bot.taps import Form, Tap
from scheduler import sealed
from scheduler.outbox import Draft

BEGINS = "begins"
"""The nudge into the channel as the conference begins: where what is agreed is added."""
LASTS = timedelta(days=14)
"""So long after a conference commitments are added."""
LONGEST = 300
"""Characters of a commitment: one thing somebody does."""
NAME = 60
SHOWN, ROOM, BESIDE = 30, 3300, 40
"""A list shows the newest, whole: so many, in so many characters together, as it is one message of Slack's; of each so
many stand beside what is agreed."""
OTHER, KEEP, DROP, PICK = "other", "keep", "drop", "change"
_ROLES = ("student", "family", "advisor", "teacher")


def button(conference: int) -> Button:
    """Opens the window to add one."""
    return Button(Tap.FORM, "commit", value(Form.COMMIT, conference), "primary")


def begins(house: House, connection: Connection, conference: AnyRow, student: AnyRow) -> Saying:
    """What the channel is told as the conference begins, in each language of those who read there."""
    words = house.words
    spoken = _languages(house, connection, conference.workspace, conference.id, student.language)
    name = first_name(student.name)
    lines = [words.catalog.label(language, "commitments.begins", student=name) for language in spoken]
    return Saying("begins_channel", {"lines": lines}, {"actions": [[button(conference.id)]]})


# --- the list --------------------------------------------------------------------------------------------------


def list_of(house: House, connection: Connection, workspace: str, conference: int, language: str) -> Saying:
    """All commitments of a conference; its heading in `language` alone."""
    return _list(house, connection, workspace, conference, [house.words.language(language)])


def list_for_channel(house: House, connection: Connection, workspace: str, conference: int, language: str) -> Saying:
    """The same with a heading in each language of those who read in the channel; `language` is the student's."""
    spoken = _languages(house, connection, workspace, conference, language)
    return _list(house, connection, workspace, conference, spoken)


def _list(house: House, connection: Connection, workspace: str, conference: int, languages: Sequence[str]) -> Saying:
    name = connection.execute(
        select(Person.name)
        .join(Conference, Conference.student_id == Person.id)
        .where(Conference.workspace == workspace, Conference.id == conference)
    ).scalar_one()
    found = commitments.of(connection, workspace, [conference]).get(conference, [])
    newest = _fitting(found)
    titles = [house.words.catalog.label(language, "section.commitments") for language in languages]
    items = [_shown(one) for one in newest]
    context = {
        "student": first_name(name), "titles": list(dict.fromkeys(titles)), "items": items,
        "more": len(found) - len(newest),
    }  # fmt: skip
    change = [Button(Tap.FORM, "commit_change", value(Form.COMMIT, conference, PICK))] if found else []
    return Saying("commitments", context, {"actions": [[button(conference), *change]]})


def _fitting(found: Sequence[Commitment]) -> Sequence[Commitment]:
    """The last of them, as many as fit into one message; "&" takes five characters there."""
    sizes = [len(escape(one.name + one_line(one.what), quote=False)) + BESIDE for one in reversed(found)]
    fit = sum(together <= ROOM for together in accumulate(sizes[:SHOWN]))
    return found[len(found) - fit :]


def _shown(one: Commitment) -> dict[str, Any]:
    return {
        "who": one.name,
        "what": one_line(one.what),
        "due": one.due.isoformat() if one.due else "",
        "done": one.state is State.DONE,
    }


def _languages(house: House, connection: Connection, workspace: str, conference: int, first: str) -> list[str]:
    """The student's own language, and those of the others who can read in the channel."""
    spoken = connection.scalars(
        select(Person.language)
        .join(Participant, Participant.person_id == Person.id)
        .where(
            Participant.workspace == workspace, Participant.conference_id == conference, Person.slack_id.is_not(None),
            Person.active.is_(True),
        )
        .order_by(Person.id)
    )  # fmt: skip
    return list(dict.fromkeys(house.words.language(language) for language in (first, *spoken)))


def read_back(
    connection: Connection, conference: AnyRow, key: str, now: datetime, *, new: bool = True, aside: bool = False
) -> list[Draft]:
    """Read all of them back: into the channel, or where there is none (or `aside`: not into it) to the student and
    the advisor. `new`: something was added; else only what stands there already is brought up to date.

    `key` names the occasion. What is read is made when it goes.
    """
    if conference.channel and not aside:
        recipients = [(f"conference:{conference.id}", conference.language)]
    else:
        recipients = _student_and_advisor(connection, conference)
    return [
        Draft(
            conference.workspace, Kind.READ_BACK, recipient, f"conference:{conference.id}",
            {"conference": conference.id, "language": language, "new": new},
            f"{Kind.READ_BACK}:{conference.id}:{recipient}:{key}", now,
        )
        for recipient, language in recipients
    ]  # fmt: skip


def _student_and_advisor(connection: Connection, conference: AnyRow) -> list[tuple[str, str]]:
    """The Slack ids and languages of those of the two who are on Slack."""
    rows = connection.execute(
        select(Person.slack_id, Person.language)
        .where(Person.workspace == conference.workspace, Person.slack_id.is_not(None), Person.active.is_(True))
        .where(Person.id.in_([conference.student_id, conference.advisor_id]))
        .order_by(Person.id)
    )
    return [(row.slack_id, row.language) for row in rows]


# --- the window ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """What a window is about: a conference, and the commitment that is changed in it, if one is."""

    conference: AnyRow
    commitment: Commitment | None
    today: date

    @property
    def closed(self) -> bool:
        """Whether none is added now: the conference is still to come, or long over."""
        return not self.conference.date <= self.today <= self.conference.date + LASTS


class CommitForm:
    """Knows the form `commit`; it is about "<conference>", "<conference>:<commitment>", or, for those one may
    change, "<conference>:change[:<page>]"."""

    def open(self, house: House, connection: Connection, person: AnyRow, about: str) -> Window | None:
        """Whoever belongs to the conference may add one; who added one, does it, or advises the student, change it."""
        if PICK in about.split(":"):
            return _pick(house, connection, person, about)
        place = _place(connection, house, person, about)
        if place is None:
            return None
        if place.commitment is None and place.closed:
            context = {
                "student": first_name(place.conference.student), "date": place.conference.date.isoformat(),
                "before": place.today < place.conference.date,
            }  # fmt: skip
            closed = Saying("commit_closed", context)
            return Window(Form.COMMIT, about, "commit_title", person.language, saying=closed)
        return Window(
            Form.COMMIT, about, "commit_title", person.language, _fields(connection, place, person), submit="keep"
        )

    def take(
        self, house: House, connection: Connection, person: AnyRow, about: str, entries: Entries, key: str
    ) -> Taken | None:
        """Add it, change it or take it back; then all are read back."""
        place = _place(connection, house, person, about)
        if place is None or (place.commitment is None and place.closed):
            return None
        what, name = _text(entries, "what"), _text(entries, "name")
        flagged = notes.screened(house, connection, place.conference, person, Form.COMMIT, key, what, name)
        if flagged:
            return flagged
        errors = _errors(place, entries, what, name)
        if errors:
            return Taken(errors=errors)
        now, new = house.clock(), place.commitment is None
        _store(connection, place, person, key, now, _values(entries, what, name), entries)
        who = trail.person(person.id)
        which = f"commitment:{place.commitment.id}" if place.commitment is not None else ""
        trail.note_conference(
            connection, person.workspace, now, who, trail.Act.CHANGED, "commitment", place.conference.id, which
        )
        drafts = read_back(connection, place.conference, key, now, new=new)
        here = place.conference.channel or person.id in (place.conference.student_id, place.conference.advisor_id)
        return Taken(drafts, then=None if here else _noted(house, connection, place.conference, person), over=True)


def filled_in(window: Window, what: str) -> Window:
    """The window to add one, with what somebody typed already."""
    fields = [replace(one, initial=what) if one.id == "what" else one for one in window.fields]
    return replace(window, fields=tuple(fields))


def _place(connection: Connection, house: House, person: AnyRow, about: str) -> _Place | None:
    """What a window is about, for somebody who may open it; else None."""
    numbers = [int(part) if part.isdecimal() else 0 for part in about.split(":")]
    conference = notes.conference_of(connection, person.workspace, numbers[0])
    if conference is None:
        return None
    who, thing = actor(connection, person), access.Thing(access.Kind.COMMITMENT, conference.student_id)
    if not access.may(who, access.Action.GIVE, thing):
        return None
    today = school.today(connection, person.workspace, house.clock())
    if len(numbers) == 1:
        return _Place(conference, None, today)
    found = commitments.one(connection, person.workspace, numbers[1])
    if found is None or found.conference != conference.id or not _may_change(who, found):
        return None
    return _Place(conference, found, today)


def _may_change(who: access.Actor, one: Commitment) -> bool:
    """Whoever does it, whoever added it, and the student's advisor."""
    advises = who.role is access.Role.ADVISOR and one.student in who.students
    return advises or who.id in (one.owner, one.added_by)


def _pick(house: House, connection: Connection, person: AnyRow, about: str) -> Window | None:
    """The ones somebody may change, each with a button, the newest on the first page; the window of the only one, where
    there is one."""
    place = _place(connection, house, person, about.partition(":")[0])
    if place is None:
        return None
    who = actor(connection, person)
    every = commitments.of(connection, person.workspace, [place.conference.id]).get(place.conference.id, [])
    own = [one for one in every if _may_change(who, one)]
    if len(own) == 1:
        return CommitForm().open(house, connection, person, f"{place.conference.id}:{own[0].id}")
    last = about.rpartition(":")[2]
    saying = _page_of(own, place.conference.id, int(last) if last.isdecimal() else 0)
    return Window(Form.COMMIT, about, "commit_pick_title", person.language, saying=saying)


def _page_of(own: Sequence[Commitment], conference: int, page: int) -> Saying:
    """So many of them with a button each, the newest on page 0; a further page has a button too."""
    upto = max(0, len(own) - page * SHOWN)
    earlier = max(0, upto - SHOWN)
    shown = own[earlier:upto]

    def opens(label: str, *about: object) -> list[list[Button]]:
        return [[Button(Tap.FORM, label, value(Form.COMMIT, conference, *about))]]

    slots = {f"item-{one.id}": opens("commit_this", one.id) for one in shown}
    further = {"earlier": opens("commit_earlier", PICK, page + 1)} if earlier else {}
    return Saying("commit_pick", {"items": [{"n": one.id, **_shown(one)} for one in shown]}, {**slots, **further})


def _noted(house: House, connection: Connection, conference: AnyRow, person: AnyRow) -> Window:
    """All of them, for somebody who does not see where they are read back."""
    saying = list_of(house, connection, conference.workspace, conference.id, person.language)
    return Window(Form.COMMIT, str(conference.id), "noted", person.language, saying=saying)


def _fields(connection: Connection, place: _Place, person: AnyRow) -> tuple[Field, ...]:
    people, one = _people(connection, place.conference.workspace, place.conference.id), place.commitment
    ids = {id_ for id_, _ in people}
    chosen = str(one.owner or "") if one is not None else str(person.id)
    stranger = one is not None and chosen not in ids
    stays = ((KEEP, "commit_stays"), (DROP, "commit_dropped"))
    return (
        Field("who", "commit_who", initial=OTHER if stranger else chosen if chosen in ids else "",
              options=(*people, (OTHER, "commit_other"))),
        Field("name", "commit_name", initial=one.name if one is not None and stranger else "", long=False,
              optional=True),
        Field("what", "commit_what", initial=one.what if one is not None else "", hint="commit_what_hint"),
        Field("due", "commit_due", initial=one.due.isoformat() if one is not None and one.due else "", optional=True,
              date=True),
        *((Field("stays", "commit_keep", initial=KEEP, options=stays),) if one is not None else ()),
    )  # fmt: skip


def _people(connection: Connection, workspace: str, conference: int) -> list[tuple[str, str]]:
    """Everyone of the conference, as options: the student, the family, the advisor, the teachers."""
    rows = connection.execute(
        select(Person.id, Person.name, Person.role)
        .join(Participant, Participant.person_id == Person.id)
        .where(Participant.workspace == workspace, Participant.conference_id == conference, Person.active.is_(True))
    )
    placed = sorted(rows, key=lambda row: (_ROLES.index(row.role) if row.role in _ROLES else len(_ROLES), row.name))
    return [(str(row.id), f"={row.name}") for row in placed]


def _text(entries: Entries, field: str) -> str:
    entered = entries.get(field, "")
    return entered.strip() if isinstance(entered, str) else ""


def _chosen(entries: Entries, field: str) -> str:
    entered = entries.get(field, ())
    return entered[0] if isinstance(entered, tuple) and entered else ""


def _errors(place: _Place, entries: Entries, what: str, name: str) -> dict[str, str]:
    due, before = _day(entries), place.commitment.due if place.commitment is not None else None
    wrong = {
        "what": "needed" if not what else "commit_long" if len(what) > LONGEST else "",
        "name": _name_error(_chosen(entries, "who"), name),
        "due": "commit_past" if due is not None and due < place.today and due != before else "",
    }
    return {field: error for field, error in wrong.items() if error}


def _name_error(who: str, name: str) -> str:
    if who != OTHER:
        return "commit_one_name" if name else ""
    return "commit_no_name" if not name else "commit_long_name" if len(name) > NAME else ""


def _day(entries: Entries) -> date | None:
    entered = _text(entries, "due")
    return date.fromisoformat(entered) if entered else None


def _values(entries: Entries, what: str, name: str) -> dict[str, Any]:
    who = _chosen(entries, "who")
    owner = int(who) if who.isdecimal() else None
    return {"owner_id": owner, "owner_name": "" if owner else name, "what": what, "due": _day(entries)}


def _store(
    connection: Connection, place: _Place, person: AnyRow, key: str, now: datetime, values: dict[str, Any],
    entries: Entries,
) -> None:  # fmt: skip
    """One that is new; or the changed one, which may be taken back."""
    workspace, one = person.workspace, place.commitment
    if one is not None:
        dropped = {"state": State.DROPPED, "state_at": now} if _chosen(entries, "stays") == DROP else {}
        mine = CommitmentRow.workspace == workspace, CommitmentRow.id == one.id
        named = connection.execute(select(CommitmentRow.workspace, CommitmentRow.key).where(*mine)).one()
        changed = sealed.row(CommitmentRow, {**values, **dropped}, named._mapping)
        connection.execute(update(CommitmentRow).where(*mine).values(**changed))
        return
    known = select(CommitmentRow.id).where(CommitmentRow.workspace == workspace, CommitmentRow.key == key)
    if connection.scalar(known) is None:  # Slack may bring a submission twice
        new = {
            "workspace": workspace, "conference_id": place.conference.id, "key": key, "added_by": person.id,
            "added_at": now, "state": State.OPEN, **values,
        }  # fmt: skip
        connection.execute(insert(CommitmentRow).values(**sealed.row(CommitmentRow, new)))
