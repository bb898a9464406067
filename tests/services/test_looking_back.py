"""The first minute of the next quarter: what the last conference left its student with, in words and as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.practice.stage import Stage
from bot.services.afterwards.looking_back import where_i_was
from bot.services.speech import Saying
from bot.store.models import Answer, Conversation, Run
from bot.store.session import Store
from bot.words import Words
from scheduler import sealed
from tests.slack.afterwards import add, around, at, conference_of, person, saw
from tests.stages import Student

GOAL, OTHER = "Start homework before six.", "Raise my hand once a week."


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with around(store, words, tmp_path / "school", winter=True) as stage:
        yield stage


def said(stage: Stage, place: str, text: str = "", choices: str = "", days_ago: int = 0) -> None:
    """An answer of Noor's about the first conference, to "flow.question.round"."""
    flow, question, number = place.split(".")
    at_ = stage.clock() - timedelta(days=days_ago)
    with stage.bot.house.store.write() as connection:
        conversation = connection.scalar(select(Conversation.id))
        count = len(connection.execute(select(Answer.id)).all())
        ts = f"{at_.timestamp() + count:.6f}"
        new = {
            "workspace": stage.workspace.team_id, "conversation_id": conversation,
            "conference_id": conference_of(stage), "flow": flow, "question": question,
            "round": int(number), "ts": ts, "revised": ts, "act": "chosen" if choices else "said",
            "text": text, "choices": choices, "evidence": [], "at": at_,
        }  # fmt: skip
        connection.execute(insert(Answer).values(**sealed.row(Answer, new)))


def rehearsed(stage: Stage, number: int, before: int, after: int) -> None:
    """A rehearsal of hers that was finished."""
    with stage.bot.house.store.write() as connection:
        values: dict[str, Any] = {"kind": "rehearsal", "number": number, "before": before, "after": after, "cards": []}
        times = {"started_at": stage.clock(), "card_at": stage.clock(), "ended_at": stage.clock()}
        about = {"workspace": stage.workspace.team_id, "conference_id": conference_of(stage)}
        connection.execute(insert(Run).values(**about, **values, **times))


def looked_back(stage: Stage) -> Saying | None:
    """Where Noor was, as it would be said now."""
    with stage.bot.house.store.read() as connection:
        return where_i_was(stage.bot.house, connection, person(stage, "noor"), stage.clock())


def test_the_next_hello_begins_where_the_last_conference_ended(stage: Stage) -> None:
    noor = Student(stage)
    noor.arrive()
    said(stage, "goals.wish.1", GOAL, days_ago=30)
    said(stage, "goals.wish.2", OTHER, days_ago=30)
    for week, (first, second) in enumerate((("not_yet", "started"), ("started", "started"), ("getting_there", ""))):
        said(stage, f"check_in.progress.{3 * week + 1}", choices=first, days_ago=21 - 7 * week)
        if second:
            said(stage, f"check_in.progress.{3 * week + 2}", choices=second, days_ago=21 - 7 * week)
    rehearsed(stage, 1, before=2, after=3)
    rehearsed(stage, 2, before=3, after=4)
    at(stage, 10, "17:31")
    add(stage, stage.people["okafor"], "Ms. Okafor", "Room 12 is open until four")
    add(stage, noor.person, "Noor Haddad", "Start in room 12")
    said(stage, "reflection.use.1", "Mr. Reyes said to start with the easy one.")
    at(stage, 17, "15:31")
    noor.tap("Done")

    at(stage, 5, "09:00", 1, 2027)
    noor.say("hi")
    stage.wait(seconds=3)
    was, hello = noor.heard[-2:]
    assert "Where you were · Thursday 10 December" in was.shown
    assert GOAL in was.shown
    assert "from Not yet to Getting there" in was.shown
    assert "Check-ins: Started" in was.shown
    assert "You: Start in room 12 · done" in was.shown.replace("*", "")
    assert "Ms. Okafor: Room 12 is open until four · open" in was.shown.replace("*", "")
    assert "2 before you practiced, 4 after" in was.shown
    assert "Mr. Reyes said to start with the easy one." in was.shown
    (image,) = [block for block in was.blocks if block["type"] == "image"]
    assert f"{GOAL}: Not yet, Started, Getting there." in image["alt_text"]
    assert "Your next conference is on Thursday 18 March" in hello.shown
    assert len(saw(stage, "noor", "Where you were")) == 1


def test_where_the_last_conference_left_nothing_nothing_is_said_of_it(stage: Stage) -> None:
    noor = Student(stage)
    noor.arrive()
    assert looked_back(stage) is None  # there was none yet
    at(stage, 5, "09:00", 1, 2027)
    assert looked_back(stage) is None
    noor.say("hi")
    assert "Your next conference is on Thursday 18 March" in noor.last.shown
    assert saw(stage, "noor", "Where you were") == []
