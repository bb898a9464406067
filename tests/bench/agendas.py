"""Agendas of a whole school, from the database to Slack's blocks; and a packet, from its data to the PDF."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image
from sqlalchemy import event, insert, select

from bot.conference import agenda as compiling
from bot.conference.approval import approval_items
from bot.packet import Block, Chapter, Paper, Said, Work, render
from bot.services.agenda import agendas
from bot.services.agenda.materials import materials
from bot.services.house import House
from bot.services.talk import review
from bot.slack.blocks import messages
from bot.store.models import Answer, Approval, Conference, Conversation
from bot.store.session import Store
from bot.words import Words
from prompts import markdown
from scheduler import sealed
from scheduler.outbox import Outbox
from tests.bench import school
from tests.bench.figures import Figure, compared, hoped
from tests.bench.stub import TEAM
from tests.databases import create_tables
from tests.packet.bound import full

SECTION = "agenda"
STUDENTS, FEW = 1_000, 10
PICTURES, ANSWERS = 6, 20
TIMES = 3
_AT = datetime(2026, 11, 30, 15, tzinfo=UTC)

ANSWERED: Mapping[tuple[str, str], str] = {
    ("letter", "learning"): "I am learning how far apart the planets are on a football field.",
    ("letter", "matters"): "It matters to me because my cousin asks me about planets.",
    ("letter", "helps"): "It helps me when I get a minute before I answer.",
    ("strengths", "best_at"): "In science, I measured the scale for the timeline.",
    ("strengths", "evidence"): "You can see it in my lab notebook, page 12.",
    ("strengths", "spot"): "Look at the bottom, because that is where I found my own mistake.",
    ("strengths", "favourite"): "My favorite thing was when I ran the lights for the play.",
    ("struggles", "stuck"): "I get stuck when homework has a lot of parts.",
    ("struggles", "tried"): "I tried putting the phone in my backpack, and it worked for two days.",
    ("goals", "wish"): "Start homework before 5 at the kitchen table.",
    ("goals", "was"): "Last year I did it in the car on the way to school.",
    ("goals", "am"): "Now I start at 7 on most days.",
    ("goals", "know"): "My planner has a check before dinner on 4 days of the week.",
    ("goals", "plan"): "If I get home, then I put my phone in the kitchen drawer.",
    ("supports", "who"): "My mom.",
    ("supports", "how"): "You could help me by keeping my phone until 6 on school days.",
    ("gratitude", "helped"): "Mina helped me when she explained the scale to me twice.",
    ("gratitude", "thanks"): "Thanks Mina for not laughing when I got it wrong.",
}
"""What they said, beside what `school.fill` has them say. Each left out some of it, so that hardly two agendas have the
same parts: a page that was parsed for one student serves no other."""


def measure(folder: Path, words: Words) -> list[Figure]:
    """All figures about agendas and packets."""
    store = Store(f"sqlite:///{folder / 'agendas.db'}")
    create_tables(store)
    house = House(store, Outbox("bench"), words, lambda: datetime.now(UTC))
    school.fill(store, STUDENTS)
    _approve(house)
    with store.read() as connection:
        every = list(connection.scalars(select(Conference.id).order_by(Conference.id)))
    with _counted(store) as queries:
        made = _composed(house, every[:FEW])
        few = queries()
        made = _composed(house, every)
        many = queries() - few
    assert made == STUDENTS
    seconds = median(_timed(lambda: _composed(house, every)) for _ in range(TIMES))
    store.close()
    photo = _photo()
    packet = median(_timed(lambda: _bind(photo)) for _ in range(TIMES))
    return [
        compared(SECTION, f"queries for the agendas of {STUDENTS:,} students", many, "", f"of {FEW}", few, most=1),
        hoped(SECTION, "compiled, as Slack's blocks", STUDENTS / seconds, "agendas/s", least=300),
        hoped(SECTION, f"a packet with {PICTURES} pictures and {ANSWERS} answers", packet, "s", most=2),
    ]


def _composed(house: House, conferences: list[int]) -> int:
    """Compile agendas and make messages of them; how many."""
    label = house.words.catalog.label
    with house.store.read() as connection:
        contexts = (
            compiling.agenda_context(agenda, meeting, lambda key: label("en", key))
            for _, agenda, meeting in agendas.compiled(house, connection, TEAM, conferences)
        )
        return sum(bool(messages(house.words.catalog.render("en", "agenda", one), {})) for one in contexts)


def _approve(house: House) -> None:
    """Let every student answer, and approve what there is."""
    with house.store.write() as connection:
        there = connection.execute(select(Conversation.id, Conversation.conference_id)).all()
        rows = [row for one in there for row in _answers(one.id, one.conference_id)]
        connection.execute(insert(Answer), [sealed.row(Answer, row) for row in rows])
        flows = review.flows_of(house, "en")
        read = materials(connection, TEAM, [one.conference_id for one in there])
        connection.execute(
            insert(Approval),
            [
                {
                    "workspace": TEAM, "conference_id": conference, "number": 1, "opening": "", "at": _AT,
                    "items": approval_items(compiling.compile_agenda(one.given, one.settings, flows, 20)),
                }
                for conference, one in read.items()
            ],
        )  # fmt: skip


def _answers(conversation: int, conference: int) -> Iterator[dict[str, Any]]:
    left_out = random.Random(conversation).sample(range(len(ANSWERED)), conversation % 7)
    for number, ((flow, question), text) in enumerate(ANSWERED.items()):
        if number in left_out:
            continue
        yield {
            "workspace": TEAM, "conversation_id": conversation, "conference_id": conference, "flow": flow,
            "question": question, "round": 1, "ts": f"{1796060000 + number}.000100", "revised": "", "act": "said",
            "text": f"{text} {conversation}", "choices": "", "evidence": [], "alarm": "", "at": _AT,
        }  # fmt: skip


def _bind(photo: bytes) -> None:
    """A packet of the largest kind: photos as a phone takes them."""
    works = tuple(Work(f"photo {n}", "photo", picture=f"F{n}") for n in range(PICTURES))
    said = tuple(Block(said=(Said(f"I measured it {n} times, and wrote down what I saw."),)) for n in range(ANSWERS))
    chapter = Chapter("strengths", "What I'm good at", "4 min", (*said, Block(works=works)))
    assert render(full(chapters=(chapter,)), Paper.A4, dict.fromkeys((work.picture for work in works), photo))


def _photo() -> bytes:
    out = BytesIO()
    Image.effect_noise((4032, 3024), 40).convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()


def _timed(do: Callable[[], object]) -> float:
    """Seconds; what was parsed before is parsed anew, as by a process that has just started."""
    markdown._parse.cache_clear()
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


@contextmanager
def _counted(store: Store) -> Iterator[Callable[[], int]]:
    """Counts the queries that are made meanwhile."""
    seen: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", count)
    try:
        yield lambda: len(seen)
    finally:
        event.remove(store.engine, "before_cursor_execute", count)
