"""What goes into a packet: only what was approved; and that many agendas are read in as many queries as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select, update

from bot.conference import agenda as compiling
from bot.conference.approval import approval_items
from bot.packet.model import Block, Chapter, Packet
from bot.practice.stage import Stage
from bot.services.agenda import agendas
from bot.services.agenda.binder import binder
from bot.services.agenda.materials import materials
from bot.services.house import House
from bot.services.roster import levels
from bot.services.talk import review
from bot.store.models import Answer, Approval, Conference, Conversation, Note, Person
from bot.store.session import Store
from bot.words import Words
from scheduler import sealed
from tests.stages import staged

AT = datetime(2026, 11, 23, 15, tzinfo=UTC)
PHOTO = {"kind": "photo", "title": "timeline.jpg", "ref": "F0PHOTO", "link": "https://slack.example/p"}
SAID = (
    ("letter", "learner", 1, "I build things."),
    ("strengths", "best_at", 1, "I measured the scale."),
    ("strengths", "evidence", 1, ""),
    ("goals", "wish", 1, "start before five"),
    ("goals", "am", 1, "at seven"),
    ("goals", "obstacle", 1, "my phone"),
    ("goals", "wish", 2, "ask one question"),
    ("supports", "who", 1, "my mom"),
    ("gratitude", "helped", 1, "mina helped me"),
)


class School:
    """Students who answer and approve, without a word to the bot."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.house = stage.bot.house

    def answer(self, key: str) -> int:
        """Have a student say it all, approve, and check in once; their conference."""
        with self.house.store.write() as connection:
            student = connection.scalars(select(Person.id).where(Person.key == key)).one()
            conference = connection.scalars(select(Conference.id).where(Conference.student_id == student)).one()
            about = {"workspace": self.stage.bot.workspace, "conference_id": conference}
            conversation = connection.execute(
                insert(Conversation).values(person_id=student, updated_at=AT, **about).returning(Conversation.id)
            ).scalar_one()
            kept = {**about, "conversation_id": conversation, "revised": "", "act": "said", "at": AT}
            rows: list[dict[str, Any]] = [
                {"flow": flow, "question": question, "round": number, "text": text, "choices": "",
                 "evidence": [PHOTO] if question == "evidence" else []}
                for flow, question, number, text in SAID
            ]  # fmt: skip
            rows.append({**rows[0], "flow": "check_in", "question": "progress", "text": "", "choices": "started"})
            stamped = [{**kept, **row, "ts": f"{1796060000 + n}.000100"} for n, row in enumerate(rows)]
            connection.execute(insert(Answer), [sealed.row(Answer, row) for row in stamped])
            self._approve(connection, about, conference)
        return conference

    def _approve(self, connection: Any, about: dict[str, Any], conference: int) -> None:
        read = materials(connection, about["workspace"], [conference])[conference]
        flows = review.flows_of(self.house, "en", levels.of_conference(connection, about["workspace"], conference))
        items = approval_items(compiling.compile_agenda(read.given, read.settings, flows, 20))
        connection.execute(insert(Approval).values(number=1, opening="goals", items=items, at=AT, **about))

    def give(self, conference: int, who: str, kind: str, text: str, choice: str = "keep", **fields: Any) -> None:
        """Have an adult give something, which the student decided on."""
        with self.house.store.write() as connection:
            author = connection.scalars(select(Person.id).where(Person.key == who)).one()
            about = {"workspace": self.stage.bot.workspace, "conference_id": conference, "key": f"{who}:{text}"}
            note = {"author_id": author, "kind": kind, "text": text, "choice": choice, "at": AT, **about, **fields}
            connection.execute(insert(Note).values(**sealed.row(Note, note)))

    def packet(self, conference: int, house: House | None = None) -> Packet:
        """The student's packet."""
        with self.house.store.read() as connection:
            return binder(house or self.house, connection, self.stage.bot.workspace, conference)


@pytest.fixture
def school(store: Store, words: Words, tmp_path: Path) -> Iterator[School]:
    with staged(store, words, tmp_path / "school", {'level = "piece"': 'level = "full"'}) as stage:
        yield School(stage)


def chapter(packet: Packet, key: str) -> Chapter:
    return next(one for one in packet.chapters if one.key == key)


def words_of(block: Block) -> list[str]:
    return [f"{one.label}: {one.words}" if one.label else one.words for one in block.said]


def test_a_packet_has_what_was_approved_in_the_order_of_the_agenda(school: School) -> None:
    noor = school.answer("noor")
    school.give(noor, "okafor", "idea", "stay in room 12", flow="supports", round=1)
    school.give(noor, "reyes", "idea", "work harder", "no", flow="supports", round=1)
    school.give(noor, "reyes", "work", "three drafts", title="lab notebook", topic="strengths")
    school.give(noor, "amal", "pride", "you asked a question")
    packet = school.packet(noor)

    assert packet.letter == ("I build things.",)
    assert [one.key for one in packet.chapters] == ["goals", "strengths", "asks"]  # the student opens with the goals
    first, second = chapter(packet, "goals").blocks
    assert (first.title, words_of(first)) == ("Goal 1", ["Where I am: at seven", "What I want: start before five"])
    assert (second.title, words_of(second)) == ("Goal 2", ["What I want: ask one question"])
    said, shown, chosen = chapter(packet, "strengths").blocks
    assert words_of(said) == ["I measured the scale."]
    assert [(one.title, one.about, one.picture) for one in shown.works] == [
        ("timeline.jpg", "photo · I chose this", "F0PHOTO")
    ]
    assert [(one.title, one.about, one.why) for one in chosen.works] == [
        ("lab notebook", "Mr. Reyes chose this", "three drafts")
    ]
    assert [(one.by, one.words) for one in chapter(packet, "strengths").notes] == [
        ("Amal is proud", "you asked a question")
    ]
    (ask,) = chapter(packet, "asks").blocks
    assert ask.title == "For: start before five"
    assert [(one.by, one.words) for one in ask.ideas] == [("Ms. Okafor", "stay in room 12")]
    assert packet.thanks is not None
    assert "my phone" not in str(packet)  # what is in the way is for the advisor


def test_check_ins_are_shown_where_the_school_lets_everyone_see_them_and_else_ticked_by_hand(
    school: School, tmp_path: Path
) -> None:
    noor = school.answer("noor")
    goal = chapter(school.packet(noor), "goals").blocks[0]
    assert (goal.steps, goal.boxes) == ((), ("Not yet", "Started", "Getting there", "Done"))

    own = tmp_path / "prompts" / "en" / "flows" / "check_in.toml"
    own.parent.mkdir(parents=True)
    packaged = (files("prompts") / "en" / "flows" / "check_in.toml").read_text(encoding="utf-8")
    own.write_text(packaged.replace('visible = "advisor"', 'visible = "conference"'), encoding="utf-8")
    house = replace(school.house, words=Words.load(tmp_path / "prompts", hears=False))
    goal, other = chapter(school.packet(noor, house), "goals").blocks
    assert (goal.steps, goal.boxes) == ((("23 Nov", "Started"),), ())
    assert other.boxes


def test_many_agendas_are_read_in_as_many_queries_as_one(school: School) -> None:
    ids = {key: school.answer(key) for key in ("noor", "theo", "mina")}
    house, workspace = school.house, school.stage.bot.workspace
    with house.store.write() as connection:
        every = list(connection.scalars(select(Conference.id)))
        connection.execute(update(Conference).where(Conference.id == ids["mina"]).values(cancelled=True))
    seen: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(house.store.engine, "before_cursor_execute", count)
    try:
        with house.store.read() as connection:
            (alone,) = agendas.compiled(house, connection, workspace, [ids["noor"]])
            one = len(seen)
            found = {each: agenda for each, agenda, _ in agendas.compiled(house, connection, workspace, every)}
    finally:
        event.remove(house.store.engine, "before_cursor_execute", count)
    assert len(seen) == 2 * one
    assert found.keys() == {ids["noor"], ids["theo"]}  # Mina's is cancelled, and nobody else approved any
    assert found[ids["noor"]] == alone[1]
    assert alone[2].student == "Noor"
