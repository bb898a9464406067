"""What the engine does with everything a student can do, one behaviour a test."""

from __future__ import annotations

from typing import Any

import pytest

from bot.dialogue.engine import CHOOSE, STARTER, develop
from bot.dialogue.events import Ask, Command, Deleted, Do, Edited, Event, Said, Tapped
from bot.dialogue.flow import Flow, parse_flow
from bot.dialogue.state import Spot
from tests.dialogue.talk import GOOD, PHOTO, Talk, stamp
from tests.dialogue.words import LANGUAGES

PROBES = ["harsh", "blame", "empty", "everything", "vague_goal", "label"]


def make(*questions: dict[str, Any], **more: Any) -> Flow:
    asked = [{"ask": "What?", **one} for one in questions]
    return parse_flow("test", {"title": "Test", "about": "A test.", "question": asked, **more})


OPTIONS = [{"id": "red", "label": "Deep red"}, {"id": "blue", "label": "Light blue"}, {"id": "none", "label": "None"}]
TEXTS = make(*({"id": name, "probes": PROBES} for name in ("one", "two", "three")))
KINDS = make(
    {"id": "choice", "kind": "choice", "options": OPTIONS},
    {"id": "choices", "kind": "choices", "options": OPTIONS},
    {"id": "scale", "kind": "scale", "scale": {"low": "no", "high": "yes"}},
    {"id": "confirm", "kind": "confirm"},
    {"id": "end"},
)
WORK = make(
    {"id": "piece", "kind": "evidence", "probes": ["empty", "evidence_bare"]},
    {"id": "end"},
)
BRANCH = make(
    {"id": "want", "kind": "choice", "options": [{"id": "yes", "label": "Yes"}, {"id": "off", "label": "Keep it off"}]},
    {"id": "what", "when": {"question": "want", "answered": ["yes"]}},
    {"id": "end"},
)
BRANCH_LATER = make(
    {"id": "want", "kind": "choice", "options": [{"id": "yes", "label": "Yes"}, {"id": "off", "label": "Keep it off"}]},
    {"id": "between"},
    {"id": "what", "when": {"question": "want", "answered": ["yes"]}},
    {"id": "end"},
)
GOALS = make(
    {"id": "wish", "label": True, "probes": PROBES},
    {"id": "was", "recall": "wish"},
    rounds="ask",
    another={"ask": "Another?", "yes": "One more", "no": "That's it"},
)
HELP = make({"id": "who"}, {"id": "how"}, rounds="goals")


def texts(language: str = "en") -> Talk:
    return Talk(TEXTS, language).begin()


def kinds(upto: str) -> Talk:
    """The flow of all kinds, at one of its questions."""
    talk = Talk(KINDS).begin()
    for question in ("choice", "choices", "scale", "confirm"):
        if question == upto:
            break
        talk.tap({"scale": "3", "confirm": "yes"}.get(question, "red"))
    return talk


# Answers, and the way through


def test_the_first_question_opens_the_flow_and_the_others_do_not() -> None:
    talk = texts()
    assert (talk.ask.spot.key(), talk.ask.opening, talk.ask.step, talk.ask.total) == ("one#1", True, 1, 3)
    talk.say(GOOD)
    assert (talk.ask.spot.key(), talk.ask.opening, talk.ask.step, talk.ask.total) == ("two#1", False, 2, 3)


def test_the_last_answer_finishes_the_flow() -> None:
    talk = texts()
    for _ in range(3):
        talk.say(GOOD)
    assert talk.finished
    assert (talk.state.done, talk.open) == (True, None)


def test_a_question_whose_condition_is_not_met_is_left_out_of_way_and_progress() -> None:
    talk = Talk(BRANCH).begin()
    assert talk.ask.total == 2
    talk.tap("off")
    assert (talk.open, talk.ask.step, talk.ask.total) == ("end#1", 2, 2)
    other = Talk(BRANCH).begin()
    other.tap("yes")
    assert (other.open, other.ask.step, other.ask.total) == ("what#1", 2, 3)


def test_coming_back_asks_the_open_question_again_with_what_was_said_so_far() -> None:
    talk = texts()
    talk.say(GOOD)
    talk.say("math")
    talk.begin()
    assert (talk.ask.spot.key(), talk.ask.rule, talk.ask.now, talk.ask.opening) == ("two#1", "", "math", False)


def test_beginning_a_finished_flow_goes_through_it_again_keeping_what_stands_until_it_is_replaced() -> None:
    talk = texts()
    for _ in range(3):
        talk.say(GOOD)
    talk.begin()
    assert (talk.ask.spot.key(), talk.ask.now, talk.ask.opening, talk.state.done) == ("one#1", GOOD, False, False)
    talk.say("skip")
    assert (talk.ask.spot.key(), talk.text("one#1")) == ("two#1", GOOD)
    talk.say("A new answer about how I wrote the poem")
    assert talk.kept == [("replaced", ""), ("said", "A new answer about how I wrote the poem")]
    talk.say("skip")
    assert talk.finished
    assert talk.text("two#1") == "A new answer about how I wrote the poem"


def test_the_last_conferences_answer_is_shown_with_the_question_that_recalls_it() -> None:
    talk = Talk(GOALS).begin(carried={"wish#1": "raise my hand once a day"})
    assert talk.ask.last == ""
    talk.say("I want to read for ten minutes before bed")
    assert (talk.ask.spot.key(), talk.ask.last) == ("was#1", "raise my hand once a day")


# Commands

TYPED = {
    "en": {"back": "back", "skip": "Skip", "pause": "pause!", "help": "help", "preview": "preview", "menu": "MENU"},
    "es": {
        "back": "atrás",
        "skip": "saltar",
        "pause": "pausa",
        "help": "ayuda",
        "preview": "vista previa",
        "menu": "menú",
    },
}
PASSED_ON = (Command.PAUSE, Command.HELP, Command.PREVIEW, Command.MENU)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("typed", LANGUAGES)
@pytest.mark.parametrize("command", PASSED_ON)
def test_what_is_not_the_flows_to_do_is_passed_on_with_the_question(
    language: str, typed: str, command: Command
) -> None:
    talk = texts(language)
    talk.say(TYPED[typed][command])
    assert talk.effects == [Do(command, talk.state.spot)]
    talk.tap(f"cmd:{command}")
    assert talk.effects == [Do(command, talk.state.spot)]


@pytest.mark.parametrize("typed", LANGUAGES)
def test_back_asks_the_question_before_with_its_answer(typed: str) -> None:
    talk = texts()
    talk.say(GOOD)
    talk.say(TYPED[typed]["back"])
    assert (talk.ask.spot.key(), talk.ask.now) == ("one#1", GOOD)
    talk.say("Another answer, about how I wrote the poem")
    assert (talk.open, talk.text("one#1")) == ("two#1", "Another answer, about how I wrote the poem")


def test_back_goes_as_far_as_the_first_question_and_then_to_the_other_parts() -> None:
    talk = texts()
    talk.say(GOOD)
    talk.say(GOOD)
    for expected in ("two#1", "one#1"):
        talk.tap("cmd:back")
        assert talk.ask.spot.key() == expected
    talk.tap("cmd:back")
    assert [effect.command for effect in talk.effects if isinstance(effect, Do)] == [Command.MENU]


def test_back_passes_over_a_question_that_is_no_longer_asked() -> None:
    talk = Talk(BRANCH).begin()
    talk.tap("yes")
    talk.say(GOOD)
    talk.revisit("want#1")
    talk.tap("off")
    assert talk.open == "end#1"
    talk.say("back")
    assert talk.open == "want#1"


def test_back_from_a_finished_flow_opens_its_last_question() -> None:
    talk = texts()
    for _ in range(3):
        talk.say(GOOD)
    talk.say("back")
    assert (talk.ask.spot.key(), talk.state.done) == ("three#1", False)


@pytest.mark.parametrize("typed", LANGUAGES)
def test_skip_goes_on_without_an_answer(typed: str) -> None:
    talk = texts()
    talk.say(TYPED[typed]["skip"])
    assert talk.open == "two#1"
    assert talk.kept == []
    assert talk.given() == {}


def test_skipping_a_probe_keeps_the_thin_answer_and_marks_it() -> None:
    talk = texts()
    talk.say("math")
    talk.tap("cmd:skip")
    assert (talk.open, talk.developed, talk.text("one#1")) == ("two#1", [("one#1", "label")], "math")


def test_skipping_a_probe_about_nothing_marks_nothing() -> None:
    talk = texts()
    talk.say("idk")
    talk.say("skip")
    assert (talk.open, talk.developed, develop(talk.state)) == ("two#1", [], {})


def test_start_and_next_ask_the_open_question_again() -> None:
    talk = texts()
    talk.say("next")
    assert talk.ask.spot.key() == "one#1"


def test_a_command_typed_before_the_open_question_was_shown_is_about_the_one_before() -> None:
    talk = texts()
    talk.say(GOOD)
    talk.say("skip", late=True)
    assert (talk.open, talk.notes) == ("two#1", ["already_answered"])
    talk.say(GOOD)
    talk.say("back", late=True)
    assert talk.open == "one#1"


# Probes


def test_a_thin_answer_is_probed_twice_and_then_taken_for_the_advisor_to_develop() -> None:
    talk = texts()
    talk.say("math")
    assert (talk.ask.rule, talk.ask.again, talk.ask.echo) == ("label", False, "math")
    talk.say("science")
    assert (talk.ask.spot.key(), talk.ask.rule, talk.ask.again, talk.ask.echo) == ("one#1", "label", True, "science")
    talk.say("art")
    assert (talk.open, talk.developed) == ("two#1", [("one#1", "label")])
    assert develop(talk.state) == {Spot("one"): "label"}
    assert talk.text("one#1") == "math\nscience\nart"


def test_an_answer_to_a_probe_completes_the_first() -> None:
    talk = texts()
    talk.say("math")
    talk.say("the fractions on fridays, I draw them first")
    assert (talk.open, talk.developed) == ("two#1", [])
    assert talk.text("one#1") == "math\nthe fractions on fridays, I draw them first"


def test_an_answer_that_says_nothing_is_kept_aside() -> None:
    talk = texts()
    talk.say("idk")
    assert (talk.ask.rule, talk.kept) == ("empty", [("aside", "idk")])
    talk.say(GOOD)
    assert talk.text("one#1") == GOOD


def test_a_vague_answer_gives_way_to_a_better_one_but_stands_alone() -> None:
    talk = texts()
    talk.say("be better")
    assert (talk.ask.rule, talk.kept, talk.text("one#1")) == ("vague_goal", [("vague", "be better")], "be better")
    talk.say("I start my homework at five at the kitchen table")
    assert talk.text("one#1") == "I start my homework at five at the kitchen table"


def test_blame_is_marked_at_once_so_that_it_stays_off_the_agenda() -> None:
    talk = texts()
    talk.say("the teacher hates me")
    assert (talk.ask.rule, talk.developed) == ("blame", [("one#1", "blame")])


def test_a_starter_that_was_tapped_is_put_to_be_completed() -> None:
    talk = texts()
    talk.say("idk")
    talk.tap("starter:1")
    assert (talk.ask.rule, talk.ask.starter) == (STARTER, 1)
    talk.say(GOOD)
    assert talk.open == "two#1"


@pytest.mark.parametrize("choice", ["starter:7", "starter:x", "starter:", "cmd:fly", "cmd:", "red", ""])
def test_a_button_the_open_question_does_not_have_changes_nothing(choice: str) -> None:
    talk = texts()
    talk.say("idk")
    before = talk.json
    talk.tap(choice)
    assert (talk.notes, talk.json) == (["already_answered"], before)


def test_a_starter_cannot_be_tapped_where_none_was_offered() -> None:
    talk = texts()
    talk.tap("starter:0")
    assert talk.notes == ["already_answered"]


# Kinds


@pytest.mark.parametrize("typed", ["Deep red", "deep RED!", "1", "deep"])
def test_a_choice_can_be_typed(typed: str) -> None:
    talk = Talk(KINDS).begin()
    talk.say(typed)
    assert (talk.open, talk.given()["choice#1"].choices) == ("choices#1", ("red",))


def test_typing_that_fits_no_option_is_asked_about_once_and_then_taken_as_it_is() -> None:
    talk = Talk(KINDS).begin()
    talk.say("green with dots")
    assert (talk.ask.rule, talk.open) == (CHOOSE, "choice#1")
    talk.say("no, green with dots")
    assert (talk.open, talk.developed, talk.given()["choice#1"].choices) == ("choices#1", [], ())
    assert talk.text("choice#1") == "green with dots\nno, green with dots"


def test_a_choice_after_other_words_takes_their_place() -> None:
    talk = Talk(KINDS).begin()
    talk.say("green with dots")
    talk.tap("blue")
    assert (talk.kept, talk.text("choice#1")) == ([("chosen", "Light blue")], "Light blue")
    assert talk.state.replies["choice#1"].choices == ("blue",)


def test_two_options_typed_to_a_single_choice_are_asked_about() -> None:
    talk = Talk(KINDS).begin()
    talk.say("1 and 2")
    assert talk.ask.rule == CHOOSE


@pytest.mark.parametrize("typed", ["1, 2", "deep red and light blue", "2 & 1"])
def test_several_choices_can_be_typed(typed: str) -> None:
    talk = kinds("choices")
    talk.say(typed)
    assert talk.given()["choices#1"].choices == ("red", "blue")


def test_several_choices_are_tapped_at_once_and_none_is_asked_about() -> None:
    talk = kinds("choices")
    talk.tap("boxes")
    assert (talk.open, talk.ask.rule) == ("choices#1", CHOOSE)
    talk.tap("blue", "red", "no_such_option")
    assert talk.given()["choices#1"].choices == ("red", "blue")
    assert talk.text("choices#1") == "Deep red, Light blue"


@pytest.mark.parametrize(("typed", "point"), [("4", "4"), ("like a 4", "4"), ("3/5", "3"), ("tres", "3")])
def test_a_scale_can_be_typed(typed: str, point: str) -> None:
    talk = kinds("scale")
    talk.say(typed)
    assert talk.given()["scale#1"].choices == (point,)


@pytest.mark.parametrize(("typed", "answer"), [("yes", "yes"), ("nope", "no"), ("sí", "yes"), ("claro", "yes")])
def test_a_confirmation_can_be_typed_in_both_languages(typed: str, answer: str) -> None:
    talk = kinds("confirm")
    talk.say(typed)
    assert (talk.open, talk.given()["confirm#1"].choices) == ("end#1", (answer,))


def test_work_alone_is_asked_what_it_shows_and_is_kept() -> None:
    talk = Talk(WORK).begin()
    talk.say("", PHOTO)
    assert talk.ask.rule == "evidence_bare"
    talk.say("it shows how I set the scale, that took three tries")
    assert talk.open == "end#1"
    assert talk.given()["piece#1"].evidence == (PHOTO,)


def test_work_with_its_why_is_enough() -> None:
    talk = Talk(WORK).begin()
    talk.say("look at the marks, I set the scale there after three tries", PHOTO)
    assert (talk.open, talk.given()["piece#1"].evidence) == ("end#1", (PHOTO,))


def test_a_file_named_like_a_command_is_work_and_no_command() -> None:
    talk = Talk(WORK).begin()
    talk.say("back", PHOTO)
    assert talk.kept == [("said", "back")]


# Rounds


def goal(talk: Talk, wish: str = "I want to raise my hand once in every class") -> None:
    talk.say(wish)
    talk.say("I never did in the fall")


def test_goals_go_on_for_up_to_three_as_long_as_another_is_wanted() -> None:
    talk = Talk(GOALS).begin()
    goal(talk)
    assert (talk.open, talk.ask.label) == ("another#1", "I want to raise my hand once in every class")
    talk.say("yes")
    assert (talk.open, talk.ask.label) == ("wish#2", "")
    goal(talk)
    talk.tap("yes")
    goal(talk)
    assert talk.finished


@pytest.mark.parametrize("answer", ["no", "That's it", "skip", "2"])
def test_no_other_goal_ends_the_flow(answer: str) -> None:
    talk = Talk(GOALS).begin()
    goal(talk)
    talk.say(answer)
    assert talk.finished


def test_help_is_asked_for_every_goal_that_has_a_name() -> None:
    talk = Talk(HELP).begin(labels=("read more", "", "raise my hand"))
    assert (talk.open, talk.ask.label) == ("who#1", "read more")
    talk.say("my aunt")
    talk.say("by asking me at dinner")
    assert (talk.open, talk.ask.label) == ("who#3", "raise my hand")
    talk.say("Ms. Lind")
    talk.say("by calling on me")
    assert talk.finished


def test_help_is_asked_once_where_no_goal_is_known() -> None:
    talk = Talk(HELP).begin()
    assert (talk.open, talk.ask.label) == ("who#1", "")
    talk.say("my aunt")
    talk.say("by asking me at dinner")
    assert talk.finished


# Edits and deletions


def test_an_edit_changes_the_answer_wherever_the_student_is_now() -> None:
    talk = texts()
    first = talk.say(GOOD)
    talk.say(GOOD)
    talk.edit(first, "I wrote the poem, four times")
    assert (talk.notes, talk.kept, talk.open) == (["edited"], [("edited", "I wrote the poem, four times")], "three#1")
    assert talk.text("one#1") == "I wrote the poem, four times"


def test_an_edit_that_makes_a_probed_answer_enough_goes_on() -> None:
    talk = texts()
    ts = talk.say("math")
    talk.edit(ts, "in math I draw the fractions first, then I count")
    assert talk.open == "two#1"


def test_an_edit_that_is_no_better_leaves_the_probe_open_and_asks_nothing() -> None:
    talk = texts()
    ts = talk.say("math")
    talk.edit(ts, "science")
    assert talk.open == "one#1"
    assert not [effect for effect in talk.effects if isinstance(effect, Ask)]


def test_an_edit_after_the_question_was_left_marks_or_clears_what_is_thin() -> None:
    talk = texts()
    ts = talk.say(GOOD)
    talk.edit(ts, "math")
    assert (talk.open, talk.developed) == ("two#1", [("one#1", "label")])
    talk.edit(ts, GOOD)
    assert (talk.developed, develop(talk.state)) == ([("one#1", "")], {})


def test_an_edit_before_the_next_question_was_shown_opens_the_question_again() -> None:
    talk = texts()
    ts = talk.say(GOOD)
    talk.edit(ts, "math", late=True)
    assert (talk.ask.spot.key(), talk.ask.rule) == ("one#1", "label")
    talk.say(GOOD)
    assert (talk.open, talk.ask.now) == ("two#1", "")


def test_an_edit_that_changes_what_follows_changes_the_open_question_while_it_is_not_shown() -> None:
    talk = Talk(BRANCH_LATER).begin()
    ts = talk.say("yes")
    talk.say(GOOD)
    assert talk.open == "what#1"
    talk.edit(ts, "keep it off", late=True)
    assert talk.ask.spot.key() == "end#1"


def test_an_edited_choice_is_another_choice() -> None:
    talk = Talk(KINDS).begin()
    ts = talk.say("deep red")
    talk.edit(ts, "light blue")
    assert talk.given()["choice#1"].choices == talk.state.replies["choice#1"].choices == ("blue",)


def test_an_edit_of_an_answer_that_was_replaced_is_kept_and_changes_nothing() -> None:
    talk = texts()
    ts = talk.say(GOOD)
    talk.say("back")
    talk.say("I wrote the poem, four times")
    talk.edit(ts, "too late now, but I wrote this")
    assert (talk.kept, talk.text("one#1")) == (
        [("edited", "too late now, but I wrote this")],
        "I wrote the poem, four times",
    )


def test_edits_count_in_the_order_they_were_made() -> None:
    talk = texts()
    ts = talk.say("first words about the football field")
    second = talk.edit(ts, "second words about the football field")
    earlier = stamp(float(second) - 1_796_400_000 - 5)
    talk.feed(Edited(ts, earlier, "words in between"))
    assert talk.text("one#1") == "second words about the football field"
    assert talk.kept == [("edited", "words in between")]


def test_edits_and_a_deletion_that_overtake_their_message_wait_for_it() -> None:
    talk = texts()
    talk.show()
    ts, first, second = talk.tick(), talk.tick(), talk.tick()
    talk.feed(Edited(ts, second, "and this is what I meant: I built it"))
    talk.feed(Edited(ts, first, "this, I built"))
    assert talk.effects == []
    talk.feed(Said(ts, "math", talk.asked_at))
    assert [text for _, text in talk.kept] == ["math", "this, I built", "and this is what I meant: I built it"]
    assert (talk.open, talk.text("one#1")) == ("two#1", "and this is what I meant: I built it")

    talk.show()
    ts, gone = talk.tick(), talk.tick()
    talk.feed(Deleted(ts, gone, talk.asked_at))
    talk.feed(Said(ts, "not this one, sorry about that", talk.asked_at))
    assert talk.kept == [("said", "not this one, sorry about that"), ("withdrawn", "")]
    assert (talk.open, talk.text("two#1")) == ("two#1", "")


def test_a_deleted_message_is_withdrawn_and_the_student_stays_where_they_are() -> None:
    talk = texts()
    ts = talk.say(GOOD)
    talk.say("math")
    talk.delete(ts)
    assert (talk.notes, talk.kept, talk.open) == (["withdrawn"], [("withdrawn", "")], "two#1")
    assert talk.text("one#1") == ""
    talk.delete(ts)
    assert talk.effects == []


def test_deleting_an_answer_before_the_next_question_was_shown_asks_it_again() -> None:
    talk = texts()
    talk.delete(talk.say(GOOD), late=True)
    assert (talk.ask.spot.key(), talk.ask.rule) == ("one#1", "")


def test_deleting_a_replaced_message_withdraws_it_too() -> None:
    talk = texts()
    ts = talk.say(GOOD)
    talk.say("back")
    talk.say("I wrote the poem, four times")
    talk.delete(ts)
    assert talk.kept == [("withdrawn", "")]


def test_deleting_the_part_that_was_thin_can_make_the_rest_enough() -> None:
    talk = texts()
    ts = talk.say("the teacher hates me")
    talk.say("we built the timeline and I measured it", late=True)
    talk.delete(ts)
    assert (talk.open, talk.developed) == ("two#1", [("one#1", "")])


# Order of arrival


def test_words_typed_before_the_open_question_was_shown_belong_to_the_one_before() -> None:
    talk = texts()
    talk.say(GOOD)
    talk.say("and then I painted it with Mina", late=True)
    assert (talk.open, talk.text("one#1")) == ("two#1", f"{GOOD}\nand then I painted it with Mina")


def test_a_message_that_comes_turns_late_belongs_to_the_question_it_was_written_to() -> None:
    talk = texts()
    talk.show()
    early = talk.tick()
    talk.say(GOOD)
    talk.say(GOOD)
    talk.show()
    talk.feed(Said(early, "first of all, we built it", talk.asked_at))
    assert (talk.open, talk.text("one#1")) == ("three#1", f"first of all, we built it\n{GOOD}")


def test_more_words_while_a_probe_is_on_its_way_can_be_enough() -> None:
    talk = texts()
    talk.say("math")
    talk.say("the fractions on fridays, I draw them first", late=True)
    assert talk.open == "two#1"


def test_a_repeated_message_edit_or_tap_changes_nothing() -> None:
    talk = Talk(KINDS).begin()
    events: list[Event] = [
        Said(stamp(10), "deep red", stamp(5)),
        Edited(stamp(10), stamp(11), "light blue"),
        Tapped(stamp(20), 2, ("red",)),
        Deleted(stamp(10), stamp(30)),
    ]
    for event in events:
        talk.feed(event)
    before = talk.json
    for event in events:
        talk.feed(event)
        assert talk.kept == []
    assert talk.json == before


def test_an_old_button_changes_nothing() -> None:
    talk = Talk(KINDS).begin()
    old = talk.state.prompt
    talk.tap("red")
    before = talk.json
    talk.tap("blue", prompt=old)
    assert (talk.notes, talk.json) == (["already_answered"], before)


def test_typed_after_the_end_nothing_is_open_and_what_was_typed_before_it_still_counts() -> None:
    talk = texts()
    for _ in range(3):
        talk.say(GOOD)
    talk.say("and Mina held the tape", late=True)
    assert talk.text("three#1") == f"{GOOD}\nand Mina held the tape"
    talk.say("hello again")
    assert (talk.notes, talk.kept) == (["nothing_open"], [])


# Changing one answer


def test_a_revisit_comes_back_to_the_open_question() -> None:
    talk = texts()
    talk.say(GOOD)
    talk.say(GOOD)
    talk.revisit("one#1")
    assert (talk.ask.spot.key(), talk.ask.now) == ("one#1", GOOD)
    talk.say("I wrote the poem, four times")
    assert (talk.open, talk.text("one#1")) == ("three#1", "I wrote the poem, four times")


def test_a_revisit_of_a_finished_flow_comes_back_to_its_end() -> None:
    talk = texts()
    for _ in range(3):
        talk.say(GOOD)
    talk.revisit("two#1")
    talk.tap("cmd:skip")
    assert (talk.finished, talk.text("two#1")) == (True, GOOD)


def test_a_revisit_of_the_open_question_is_no_detour() -> None:
    talk = texts()
    talk.say(GOOD)
    talk.revisit("two#1")
    talk.say(GOOD)
    assert talk.open == "three#1"


def test_a_revisit_that_changes_the_way_goes_on_where_there_is_something_to_ask() -> None:
    talk = Talk(BRANCH).begin()
    talk.tap("yes")
    talk.revisit("want#1")
    talk.tap("off")
    assert talk.open == "end#1"


@pytest.mark.parametrize("key", ["nowhere#1", "one#2", "one#0", "another#1"])
def test_a_revisit_of_what_is_not_there_changes_nothing(key: str) -> None:
    talk = texts()
    before = talk.json
    talk.revisit(key)
    assert (talk.notes, talk.json) == (["already_answered"], before)


# Safety


def test_words_a_person_must_read_hold_the_flow_and_are_no_answer() -> None:
    talk = texts()
    ts = talk.say("words for a person", alarm="explicit")
    (hold,) = talk.holds
    assert (hold.level, hold.ts, hold.revised, hold.first) == ("explicit", ts, ts, True)
    assert (talk.kept, talk.given()["one#1"].text) == ([("said", "words for a person")], "")
    assert talk.open == "one#1"


def test_what_is_said_while_the_flow_is_held_goes_to_the_person_too() -> None:
    talk = texts()
    talk.say("words for a person", alarm="look")
    talk.say("skip")
    assert [(hold.level, hold.first) for hold in talk.holds] == [("look", False)]
    talk.tap("cmd:skip")
    assert talk.notes == ["already_answered"]


@pytest.mark.parametrize("how", ["typed", "tapped", "begun"])
def test_going_on_asks_the_open_question_again(how: str) -> None:
    talk = texts()
    talk.say("words for a person", alarm="look")
    if how == "typed":
        talk.say("next")
    elif how == "tapped":
        talk.tap("cmd:next")
    else:
        talk.begin()
    assert talk.ask.spot.key() == "one#1"
    talk.say(GOOD)
    assert (talk.open, talk.text("one#1")) == ("two#1", GOOD)


def test_what_was_written_before_an_alarm_does_not_count_and_what_comes_after_does() -> None:
    talk = texts()
    talk.say("math")
    talk.say("words for a person", alarm="look")
    talk.say("next")
    assert talk.ask.now == ""
    talk.say(GOOD)
    assert talk.state.replies["one#1"].text() == talk.text("one#1") == GOOD


def test_going_on_after_the_end_goes_to_the_menu_and_opens_nothing_again() -> None:
    talk = texts()
    for _ in range(3):
        ts = talk.say(GOOD)
    talk.edit(ts, "words for a person", alarm="look")
    talk.say("next")
    assert talk.effects == [Do(Command.MENU)]
    assert (talk.state.done, talk.state.held) == (True, "")


def test_an_edit_can_alarm_and_a_later_harmless_one_does_not_take_that_back() -> None:
    talk = texts()
    ts = talk.say(GOOD)
    talk.edit(ts, "words for a person", alarm="explicit")
    assert [hold.level for hold in talk.holds] == ["explicit"]
    talk.edit(ts, GOOD)
    assert (talk.kept, talk.text("one#1"), talk.open) == ([("edited", GOOD)], "", "two#1")


@pytest.mark.parametrize("gone", ["replaced", "withdrawn"])
def test_an_alarming_edit_of_a_message_that_no_longer_counts_still_alarms(gone: str) -> None:
    talk = texts()
    ts = talk.say(GOOD)
    if gone == "replaced":
        talk.say("back")
        talk.say("I wrote the poem, four times")
    else:
        talk.delete(ts)
    talk.edit(ts, "words for a person", alarm="look")
    assert len(talk.holds) == 1


def test_an_alarming_edit_of_a_message_nobody_heard_alarms_at_once_and_the_message_is_kept_when_it_comes() -> None:
    talk = texts()
    talk.show()
    ts, revised = talk.tick(), talk.tick()
    talk.feed(Edited(ts, revised, "words for a person", "explicit"))
    (hold,) = talk.holds
    assert (hold.ts, hold.revised) == (ts, revised)
    talk.feed(Said(ts, "what I wrote first", talk.asked_at))
    assert (talk.kept, talk.text("one#1")) == ([("said", "what I wrote first")], "")


def test_deleting_a_flagged_message_hides_nothing_that_was_said_after_it() -> None:
    talk = texts()
    ts = talk.say("words for a person", alarm="look")
    talk.say("next")
    talk.say(GOOD)
    talk.delete(ts)
    assert talk.state.replies["one#1"].text() == talk.text("one#1") == GOOD


def test_an_edit_while_the_flow_is_held_asks_nothing() -> None:
    talk = texts()
    ts = talk.say("math")
    talk.say("words for a person", alarm="look", late=True)
    talk.edit(ts, GOOD)
    assert [type(effect).__name__ for effect in talk.effects] == ["Keep", "Say"]
