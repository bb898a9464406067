"""A flow that comes again: its goals one by one, its end, and a new time of it."""

from __future__ import annotations

import json

import pytest

from bot.dialogue.events import Tapped
from bot.dialogue.flow import MAX_GOALS, parse_flow
from bot.dialogue.state import State
from bot.errors import FlowError
from tests.dialogue.talk import PHOTO, Talk, real

GOALS = ("read more", "", "raise my hand")


def checking() -> Talk:
    return Talk(real("en", "check_in")).begin(GOALS)


def test_a_check_in_goes_through_the_goals_that_have_a_name_and_asks_once_for_a_word() -> None:
    talk = checking()
    seen = [(talk.open, talk.ask.label, talk.ask.step, talk.ask.total)]
    for _ in range(2):
        talk.tap("started")
        seen.append((talk.open, talk.ask.label, talk.ask.step, talk.ask.total))
    assert seen == [
        ("progress#1", "read more", 1, 3),
        ("progress#3", "raise my hand", 2, 3),
        ("word#3", "", 3, 3),
    ]


@pytest.mark.parametrize("typed", ["no", "nope", "skip"])
def test_nothing_to_add_ends_it(typed: str) -> None:
    talk = checking()
    talk.tap("done")
    talk.tap("done")
    talk.say(typed)
    assert talk.finished
    assert "word#3" not in talk.given()


def test_a_question_once_needs_goals_to_go_through() -> None:
    asked = {"id": "word", "ask": "Anything?", "once": True}
    with pytest.raises(FlowError, match="once"):
        parse_flow("letter", {"title": "Letter", "about": "…", "question": [asked]})


def test_a_new_time_knows_nothing_of_the_last_but_how_far_prompts_and_rounds_were_counted() -> None:
    talk = checking()
    talk.tap("done")
    again = talk.state.again("2026-W48")
    assert (again.prompt, again.offset, again.period) == (talk.state.prompt, MAX_GOALS, "2026-W48")
    assert (again.replies, again.spot, again.labels, again.trail) == ({}, None, (), [])
    assert again.again("2026-W49").offset == 2 * MAX_GOALS
    assert State.from_json(again.to_json()) == again


def test_a_state_from_before_there_were_times_is_read() -> None:
    kept = json.loads(checking().json)
    assert "period" not in kept
    assert (State.from_json(json.dumps(kept)).period, State.from_json(json.dumps(kept)).offset) == ("", 0)


def test_a_piece_from_earlier_is_an_answer_where_work_is_asked_for_and_nowhere_else() -> None:
    talk = Talk(real("en", "strengths")).begin()
    piece = ((PHOTO,), "my timeline")
    talk.show()
    talk.feed(Tapped(talk.tick(), talk.state.prompt, ("piece:7",), *piece))
    assert (talk.open, talk.notes) == ("best_at#1", ["already_answered"])
    talk.say("In science, I measured the scale for the timeline.")
    talk.say("idk")
    talk.feed(Tapped(talk.tick(), talk.state.prompt, ("piece:7",), *piece))
    assert talk.open == "spot#1"
    assert (talk.given()["evidence#1"].evidence, talk.text("evidence#1")) == ((PHOTO,), "my timeline")
    talk.say("back")
    talk.feed(Tapped(talk.tick(), talk.state.prompt, ("piece:8",)))
    assert talk.notes == ["already_answered"]
