"""What goes into a student's packet: only what they approved; before that, the frame of the meeting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from bot.conference import agenda as compiling
from bot.conference.access import Role
from bot.conference.agenda import Agenda, Idea, Line, Part, Piece
from bot.conference.answers import Revision
from bot.conference.minutes import Topic
from bot.dialogue.flow import Visibility
from bot.errors import CoachError
from bot.packet.model import Block, Captions, Chapter, Lines, Packet, PlanRow, Said, Work
from bot.packet.model import Idea as Note
from bot.packet.words import isolated
from bot.services.agenda import agendas
from bot.services.family import households
from bot.services.family.households import Household
from bot.services.house import House
from bot.services.speech import Button
from bot.services.talk import gathered
from bot.services.talk.scene import first_name
from bot.store.models import Conference, Conversation, Participant, Person, School
from bot.store.session import AnyRow
from bot.taps import Tap

QUESTIONS = 4
COLUMNS = ("who", "what", "by_when")
_CHAPTERS = frozenset({Topic.STRENGTHS, Topic.STRUGGLES, Topic.GOALS, Topic.ASKS})
_ON_PAPER = frozenset({"link"})
"""What a family can look up by its address; a file of Slack's cannot be opened from paper."""
_TO_SHOW = frozenset({"photo", "file"})


def button(conference: int, household: str = "") -> Button:
    """Has the packet sent to whoever taps it; for one household, where a student has several."""
    if household:
        return Button(Tap.PACKET, f"=PDF: {household}", f"{conference}:{household}")
    return Button(Tap.PACKET, "packet", str(conference))


def binder(
    house: House, connection: Connection, workspace: str, conference: int, household: str | None = None,
    language: str = "",
) -> Packet:  # fmt: skip
    """The packet of a conference; for a household, naming only its own adults. Its words are in `language`: "" is the
    household's, or else the student's. The student's words are as they wrote them.

    CoachError for a household the student does not have, NoResultFound for a conference there is not.
    """
    facts = _facts(connection, workspace, conference)
    homes = households.of(connection, facts.workspace, facts.student_id)
    home = _home(homes, household) if household is not None else None
    spoken = house.words.language(language or (home.adults[0].language if home else facts.language))
    found = next(agendas.approved(house, connection, facts.workspace, [conference], spoken), None)
    check_ins = _check_ins(house, connection, facts, spoken) if found else {}
    return _Binding(house, spoken, facts, check_ins).packet(_guests(connection, facts, homes, home), found)


def _home(homes: Sequence[Household], name: str) -> Household:
    found = next((home for home in homes if home.name == name), None)
    if found is None:
        known = ", ".join(f"“{home.name}”" for home in homes if home.name) or "none with a name"
        raise CoachError(f"This student has no household “{name}”. The roster has: {known}.")
    return found


@dataclass(frozen=True, slots=True)
class _Guests:
    family: tuple[str, ...]
    others: tuple[str, ...]


def _guests(connection: Connection, facts: AnyRow, homes: Sequence[Household], home: Household | None) -> _Guests:
    """Who is invited, by name. Where there are several homes, neither is named to the other."""
    named = [home] if home else homes if len(homes) == 1 else []
    others = connection.scalars(
        select(Person.name)
        .join(Participant, Participant.person_id == Person.id)
        .where(
            Participant.workspace == facts.workspace, Participant.conference_id == facts.id,
            Person.role.not_in((Role.STUDENT, Role.FAMILY)),
            Person.active.is_(True),
        )
        .order_by(Person.role, Person.name)
    )  # fmt: skip
    return _Guests(tuple(adult.name for one in named for adult in one.adults), tuple(others))


def _facts(connection: Connection, workspace: str, conference: int) -> AnyRow:
    return connection.execute(
        select(
            Conference.id, Conference.workspace, Conference.student_id, Conference.date, Conference.time,
            Conference.minutes, Conference.place, Person.name, Person.language, School.name.label("school"),
        )
        .join(Person, Person.id == Conference.student_id)
        .join(School, School.workspace == Conference.workspace)
        .where(Conference.workspace == workspace, Conference.id == conference)
    ).one()  # fmt: skip


_Steps = Mapping[int, tuple[tuple[str, str], ...]]
"""By goal: day and step of each check-in."""


def _check_ins(house: House, connection: Connection, facts: AnyRow, language: str) -> _Steps:
    """How far the student was with the goals of this conference, where the school lets everyone see check-ins: by
    default only the advisor does."""
    question = house.words.flow(language, gathered.CHECK_IN).question(gathered.PROGRESS)
    conversation = select(Conversation.id).where(
        Conversation.workspace == facts.workspace, Conversation.person_id == facts.student_id
    )
    if question.visible is not Visibility.CONFERENCE:
        return {}
    options = {option.id: option.label for option in question.options}
    known = gathered.progress_of(connection, facts.workspace, connection.scalar(conversation) or 0)
    return {
        goal.round: tuple((_monday(week), options[step]) for week, step in goal.weeks if step in options)
        for goal in known
        if goal.conference == facts.id
    }


def _monday(week: str) -> str:
    """The first day of a week ("2026-W47"), ISO."""
    year, _, number = week.partition("-W")
    return date.fromisocalendar(int(year), int(number), 1).isoformat()


class _Binding:
    """Puts one packet together, in one language."""

    def __init__(self, house: House, language: str, facts: AnyRow, check_ins: _Steps) -> None:
        self._house = house
        self._language = language
        self._facts = facts
        self._check_ins = check_ins
        self._student = first_name(facts.name)

    def packet(self, guests: _Guests, found: agendas.Approved | None) -> Packet:
        facts = self._facts
        agenda = found.agenda if found else compiling.frame(facts.minutes)
        works = _Works(found.revisions if found else ())
        bound = [self._chapter(part, works) for part in agenda.sections if part.section in _CHAPTERS and _says(part)]
        return Packet(
            language=self._language,
            title=self._own("title"),
            student=self._student,
            school=facts.school,
            when=_begun(self._own("when", date=facts.date.isoformat(), time=facts.time)),
            where=" · ".join(filter(None, (self._part(facts.place), self._own("minutes", minutes=facts.minutes)))),
            invited=tuple(map(self._part, guests.family)),
            also=tuple(map(self._part, guests.others)),
            about=tuple(self._own(key) for key in ("about", "shows", "at_ease" if found else "not_yet")),
            plan=tuple(PlanRow(self._title(part), self._minutes(part)) for part in agenda.sections),
            questions=self._questions(),
            commitments=self._commitments(),
            captions=self._captions(agenda),
            letter=tuple(line.words for line in _lines(agenda, Topic.LETTER) if line.words),
            letter_title=self._label(f"section.{Topic.LETTER}"),
            chapters=tuple(bound),
            thanks=self._thanks(agenda, works),
        )

    def _chapter(self, part: Part, works: _Works) -> Chapter:
        groups = compiling.together(part.lines)
        several = len({lines[0].spot.round for lines in groups}) > 1
        blocks = [self._block(part, lines, works, numbered=several) for lines in groups]
        if part.pieces:
            blocks.append(Block(works=tuple(self._work(piece) for piece in part.pieces)))
        notes = tuple(Note(self._own("proud", name=pride.by), pride.words) for pride in part.prides)
        return Chapter(part.section.value, self._title(part), self._minutes(part), tuple(blocks), notes)

    def _block(self, part: Part, lines: Sequence[Line], works: _Works, *, numbered: bool) -> Block:
        spot, goals = lines[0].spot, part.section is Topic.GOALS
        steps = self._steps(spot.round) if goals else ()
        return Block(
            self._block_title(lines[0], goals=goals, numbered=numbered),
            tuple(Said(one.words, self._label(one.label) if one.label else "") for one in lines if one.words),
            tuple(self._work(piece, file) for one in lines for piece, file in works.of(one)),
            tuple(Note(idea.by, idea.words) for idea in _ideas(part, spot.flow, spot.round)),
            steps,
            self._boxes() if goals and not steps else (),
        )

    def _block_title(self, line: Line, *, goals: bool, numbered: bool) -> str:
        if goals:
            return self._own("goal", n=line.spot.round) if numbered else ""
        return self._own("for_goal", goal=line.goal) if line.goal else ""

    def _steps(self, goal: int) -> tuple[tuple[str, str], ...]:
        return tuple((self._own("day", date=day), step) for day, step in self._check_ins.get(goal, ()))

    def _boxes(self) -> tuple[str, ...]:
        """What a student could say of a goal at a check-in."""
        question = self._house.words.flow(self._language, gathered.CHECK_IN).question(gathered.PROGRESS)
        return tuple(option.label for option in question.options)

    def _work(self, piece: Piece, file: str = "") -> Work:
        shown = compiling.work_context(piece, self._label)
        by = self._part(shown["by"])
        chosen = self._label("work.chosen_by", name=by) if by else self._label("work.chosen_by_me")
        return Work(
            shown["title"],
            " · ".join(filter(None, (shown["kind"], chosen))),
            address=shown["url"] if piece.kind in _ON_PAPER else "",
            why=shown["why"],
            picture=file if piece.kind == "photo" else "",
            instead=self._own("show_it") if piece.kind in _TO_SHOW else "",
        )

    def _thanks(self, agenda: Agenda, works: _Works) -> Chapter | None:
        part = next((part for part in agenda.sections if part.section is Topic.THANKS and part.lines), None)
        return self._chapter(part, works) if part else None

    def _questions(self) -> Lines:
        asked = tuple(self._own(f"question_{n}") for n in range(1, QUESTIONS + 1))
        return Lines(self._label(f"section.{Topic.QUESTIONS}"), self._own("questions"), items=asked)

    def _commitments(self) -> Lines:
        columns = tuple(self._own(column) for column in COLUMNS)
        return Lines(self._label(f"section.{Topic.COMMITMENTS}"), self._own("commitments"), columns)

    def _captions(self, agenda: Agenda) -> Captions:
        asks = next((part for part in agenda.sections if part.section is Topic.ASKS), None)
        return Captions(
            leads=self._own("leads"),
            invited=self._own("invited"),
            also=self._own("also"),
            contents=self._own("contents"),
            plan=self._own("plan"),
            plan_note=self._own("turn", part=self._title(asks)) if asks else self._own("turn_later"),
            page=self._own("page", n="{n}", of="{of}"),
            image=self._own("image"),
            ideas=self._own("ideas"),
            check_ins=self._own("check_ins"),
            now=self._own("now"),
        )

    def _title(self, part: Part) -> str:
        return self._label(f"section.{part.section}")

    def _minutes(self, part: Part) -> str:
        return self._own("min", minutes=part.minutes)

    def _own(self, key: str, **values: object) -> str:
        """Words of ours. What stands in them of others' does not turn their direction round."""
        parts = {"student": self._student, **values}
        return self._label(
            f"packet.{key}", **{name: self._part(one) if isinstance(one, str) else one for name, one in parts.items()}
        )

    def _part(self, text: str) -> str:
        return isolated(text, self._language)

    def _label(self, key: str, **values: object) -> str:
        return self._house.words.catalog.label(self._language, key, **values)


class _Works:
    """The pieces of work of a line, each with the id of its file, "" where it has none."""

    def __init__(self, revisions: Iterable[Revision]) -> None:
        self._evidence: Mapping[int, Sequence[Mapping[str, Any]]] = {one.id: one.evidence for one in revisions}

    def of(self, line: Line) -> Iterator[tuple[Piece, str]]:
        came = (work for number in line.revisions for work in self._evidence.get(number, ()))
        return zip(line.works, (str(work.get("ref") or "") for work in came), strict=True)


def _begun(line: str) -> str:
    """With a capital: it stands by itself."""
    return line[:1].upper() + line[1:]


def _says(part: Part) -> bool:
    return bool(part.lines or part.pieces or part.prides)


def _lines(agenda: Agenda, topic: Topic) -> Iterator[Line]:
    return (line for part in agenda.sections if part.section is topic for line in part.lines)


def _ideas(part: Part, flow: str, number: int) -> Iterator[Idea]:
    return (idea for idea in part.ideas if (idea.flow, idea.round) == (flow, number))
