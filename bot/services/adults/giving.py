"""Windows in which adults give something for a conference: an idea, a word of pride, a piece of work they choose."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, func, select

from bot.conference.agenda import one_line, web_address
from bot.conference.asks import Ask
from bot.conference.minutes import Topic
from bot.services import notes
from bot.services.adults import contributing, given
from bot.services.adults.asks import asks_of
from bot.services.agenda import booked
from bot.services.forms import Entries, Field, Taken, Window
from bot.services.house import House
from bot.services.speech import Saying
from bot.services.talk.scene import first_name
from bot.store.models import Note
from bot.store.session import AnyRow
from bot.taps import Form

ENOUGH = 5
"""Ideas of one adult for one ask, and words or works of one adult for one student: from more nobody chooses."""

PART = "part"
PARTS = (Topic.STRENGTHS, Topic.STRUGGLES)
"""The parts of the meeting to which an adult can add a piece of work."""

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Visit:
    """Somebody at a window: for which conference (a row of `booked.conference_of`), and what the window is about."""

    house: House
    connection: Connection
    person: AnyRow
    held: AnyRow
    about: str

    @property
    def student(self) -> str:
        """What the student is called."""
        return first_name(self.held.student)

    @property
    def place(self) -> tuple[str, int]:
        """The flow and round in "12:supports:1"; ("", 0) where it names none."""
        _, _, place = self.about.partition(":")
        flow, _, number = place.partition(":")
        return (flow, int(number)) if number.isdecimal() else ("", 0)

    def ask(self) -> Ask | None:
        """The ask the window is about, if it stands and this person may see it."""
        found = asks_of(self.house, self.connection, self.person, self.held)
        return next((one for one in found if (one.flow, one.round) == self.place), None)


class _Giving(ABC):
    """What the three windows have in common: who may write in them, until when, how much, and what follows."""

    form: ClassVar[Form]

    def open(self, house: House, connection: Connection, person: AnyRow, about: str) -> Window | None:
        """The window; where nothing can be given any more, one that says so. It says the same to whoever may not give:
        not even that there is a conference."""
        visit = _visit(house, connection, person, about)
        if visit is None or not contributing.may_give(connection, person, visit.held):
            return self._closed(person, "gone")
        return self._shut(visit) or self.window(visit)

    def take(
        self, house: House, connection: Connection, person: AnyRow, about: str, entries: Entries, key: str
    ) -> Taken | None:
        """Keep what was written, and see to it that the student hears of it."""
        visit = _visit(house, connection, person, about)
        if visit is None or not contributing.may_give(connection, person, visit.held):
            return Taken(then=self._closed(person, "gone"))
        texts = {name: "".join(entry).strip() for name, entry in entries.items()}
        written = [text for name, text in texts.items() if name != PART]
        if flagged := notes.screened(house, connection, visit.held, person, self.form, key, *written):
            return flagged
        if shut := self._shut(visit):
            return Taken(then=shut)
        if errors := self.errors(texts):
            return Taken(errors=errors)
        return self._kept(visit, texts, key)

    def _kept(self, visit: _Visit, texts: Texts, key: str) -> Taken:
        now, held = visit.house.clock(), visit.held
        columns = self.columns(visit, texts)
        note = notes.keep(
            visit.connection, held.workspace, held.id, visit.person.id, self.form, key, now, texts["words"], **columns
        )
        saying = Saying("form_noted", {"student": visit.student, "kind": self.form.value})
        then = Window(self.form, "", "noted", visit.person.language, saying=saying)
        return Taken(given.tell(visit.connection, held, note, now), then=then)

    def _shut(self, visit: _Visit) -> Window | None:
        """The window that says why nothing can be given; None where it can."""
        if booked.is_over(visit.connection, visit.held, visit.house.clock()):
            return self._closed(visit.person, "over", visit.student)
        if not self.wanted(visit):
            return self._closed(visit.person, "not_asked", visit.student)
        if self.had(visit) >= ENOUGH:
            return self._closed(visit.person, "enough", visit.student)
        return None

    def _closed(self, person: AnyRow, why: str, student: str = "") -> Window:
        saying = Saying("form_closed", {"why": why, "student": student, "kind": self.form.value, "most": ENOUGH})
        return Window(self.form, "", "closed_title", person.language, saying=saying)

    @abstractmethod
    def window(self, visit: _Visit) -> Window:
        """The window, to be filled in."""

    def wanted(self, _visit: _Visit) -> bool:
        """Whether the student wants it. Nobody has to ask for a word of pride, nor for a piece of work."""
        return True

    def had(self, visit: _Visit) -> int:
        """How many of these they gave already."""
        own = select(func.count()).where(
            Note.workspace == visit.held.workspace, Note.conference_id == visit.held.id,
            Note.author_id == visit.person.id, Note.kind == self.form, Note.alarm == "",
        )  # fmt: skip
        return visit.connection.scalar(own) or 0

    def errors(self, texts: Texts) -> dict[str, str]:
        """What has to be filled in otherwise, by field."""
        return {} if texts.get("words") else {"words": "needed"}

    def columns(self, _visit: _Visit, _texts: Texts) -> dict[str, Any]:
        """What is stored with the words."""
        return {}


class IdeaForm(_Giving):
    """An idea for one ask; about "12:supports:1": the conference, and the ask's flow and round."""

    form = Form.IDEA

    def window(self, visit: _Visit) -> Window:
        """With the ask above the field."""
        ask = visit.ask()
        said = {"words": ask.words, "goal": one_line(ask.goal), "how": ask.how} if ask is not None else {}
        fields = (Field("words", "idea", hint="idea_hint"),)
        saying = Saying("form_idea", {"student": visit.student, **said})
        return Window(self.form, visit.about, "idea_title", visit.person.language, fields, saying)

    def wanted(self, visit: _Visit) -> bool:
        """Whether the ask stands."""
        return visit.ask() is not None

    def had(self, visit: _Visit) -> int:
        """How many ideas they gave for this ask."""
        return contributing.ideas_by(visit.connection, visit.person, visit.held)[visit.place]

    def columns(self, visit: _Visit, _texts: Texts) -> dict[str, Any]:
        """The ask."""
        flow, number = visit.place
        return {"flow": flow, "round": number}


class PrideForm(_Giving):
    """A word of pride; about is the conference's id."""

    form = Form.PRIDE

    def window(self, visit: _Visit) -> Window:
        """One field."""
        fields, saying = (Field("words", "pride", hint="pride_hint"),), Saying("form_pride", {"student": visit.student})
        return Window(self.form, visit.about, "pride_title", visit.person.language, fields, saying)


class WorkForm(_Giving):
    """A piece of work an adult chooses; about is the conference's id."""

    form = Form.WORK

    def window(self, visit: _Visit) -> Window:
        """What it is, why, in which part of the meeting, and where it can be seen."""
        fields = (
            Field("title", "work_name", placeholder="work_name_example", long=False),
            Field("words", "work_why", hint="work_why_hint"),
            Field(
                PART, "work_part", initial=PARTS[0].value, options=tuple((one.value, f"work_{one}") for one in PARTS)
            ),
            Field("link", "work_link", placeholder="work_link_example", long=False, optional=True),
        )
        saying = Saying("form_work", {"student": visit.student})
        return Window(self.form, visit.about, "work_title", visit.person.language, fields, saying)

    def errors(self, texts: Texts) -> dict[str, str]:
        """Of the title and the reason, that they are missing; of the link, that it is none."""
        errors = {name: "needed" for name in ("title", "words", PART) if not texts.get(name)}
        if texts.get("link") and not web_address(texts["link"]):
            errors["link"] = "no_address"
        return errors

    def columns(self, _visit: _Visit, texts: Texts) -> dict[str, Any]:
        """Title, part of the meeting, and the address."""
        return {"title": one_line(texts["title"]), "topic": Topic(texts[PART]).value,
                "url": web_address(texts.get("link", ""))}  # fmt: skip


def _visit(house: House, connection: Connection, person: AnyRow, about: str) -> _Visit | None:
    """None where the conference does not take place any more."""
    number = about.partition(":")[0]
    held = booked.conference_of(connection, person.workspace, int(number)) if number.isdecimal() else None
    return _Visit(house, connection, person, held, about) if held is not None else None
