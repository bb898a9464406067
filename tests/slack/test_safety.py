"""Words a person must read: the student is answered, a counselor told without a quote, and they go nowhere else."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.practice.stage import Stage
from bot.store.models import Answer, Person
from bot.store.session import Store
from bot.words import Words
from tests.stages import LETTER, Student, agenda, everything_said, staged, told

EXPLICIT = "honestly i want to kill myself and nobody knows"
LOOK = "i am scared to go home because of my dad"
SPANISH = "la verdad es que me quiero morir"


def alerts(stage: Stage, key: str = "bell") -> list[str]:
    """What a counselor was told about."""
    return [text for text in told(stage, key) if "a person" in text]


def nowhere(stage: Stage, words: str) -> bool:
    """Whether nobody but the student ever saw these words of the bot's."""
    return words not in everything_said(stage)


@pytest.fixture
def asked(noor: Student) -> Student:
    """A student with a question open."""
    noor.arrive()
    noor.tap("Start")
    return noor


@pytest.mark.parametrize("text", [EXPLICIT, LOOK, SPANISH], ids=["explicit", "look", "spanish"])
def test_the_student_is_thanked_and_shown_help_and_the_questions_pause(asked: Student, text: str) -> None:
    before = len(asked.heard)
    asked.say(text)
    (reply,) = asked.heard[before:]
    assert "Thank you for telling me, Noor." in reply.shown
    assert "Ms. Bell" in reply.shown
    assert "call or text 988" in reply.shown
    assert reply.buttons == ("Go on",)


@pytest.mark.parametrize(
    ("text", "says"),
    [(EXPLICIT, "needs to read now"), (LOOK, "a person should read"), (SPANISH, "needs to read now")],
    ids=["explicit", "look", "spanish"],
)
def test_the_counselor_is_told_at_once_without_a_quote(asked: Student, text: str, says: str) -> None:
    asked.say(text)
    (alert,) = alerts(asked.stage)
    assert "Noor Haddad" in alert
    assert says in alert
    assert "Monday 30 November, 10:00" in alert  # the school's time
    assert "Ms. Okafor" in alert
    assert nowhere(asked.stage, text)


def test_nobody_else_is_told(asked: Student) -> None:
    asked.say(EXPLICIT)
    others = [key for key in asked.stage.people if key not in ("noor", "bell")]
    assert [key for key in others if told(asked.stage, key)] == []


def test_words_in_an_edit_are_found(asked: Student) -> None:
    ts = asked.say(LETTER["learner"])
    asked.edit(ts, EXPLICIT)
    assert "Thank you for telling me" in asked.last.shown
    assert len(alerts(asked.stage)) == 1
    assert nowhere(asked.stage, EXPLICIT)


def test_words_under_a_file_are_found(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.share(LOOK)
    assert "Thank you for telling me, Noor." in noor.last.shown
    assert len(alerts(noor.stage)) == 1
    assert nowhere(noor.stage, LOOK)


def test_words_in_the_very_first_message_are_found(noor: Student) -> None:
    noor.say(EXPLICIT)
    assert "Thank you for telling me, Noor." in noor.last.shown
    assert len(alerts(noor.stage)) == 1


def test_words_of_a_student_nobody_has_met_are_found(stage: Stage) -> None:
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == "noor").values(slack_id=None))
    noor = Student(stage)
    noor.say(EXPLICIT)
    assert "Thank you for telling me, Noor." in noor.last.shown
    assert len(alerts(stage)) == 1


def test_words_in_the_second_message_of_a_student_nobody_has_met_are_found_too(stage: Stage) -> None:
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == "noor").values(slack_id=None))
    noor = Student(stage)
    noor.person.dm("hi")
    noor.person.dm(EXPLICIT)
    noor.let()
    assert [message.shown.startswith("Hi Noor, I'm Conference Coach") for message in noor.heard] == [True, False]
    assert "Thank you for telling me, Noor." in noor.last.shown
    assert len(alerts(stage)) == 1


def test_words_of_a_student_without_a_conference_are_found(store: Store, words: Words, tmp_path: Path) -> None:
    line = "noor,Autumn 2026,2026-12-10,17:30,20,room 12,reyes lind\n"
    with staged(store, words, tmp_path / "school", {line: ""}) as stage:
        noor = Student(stage)
        noor.say(EXPLICIT)
        assert "Thank you for telling me, Noor." in noor.last.shown
        assert len(alerts(stage)) == 1


def test_a_student_without_a_conference_is_let_go_on(store: Store, words: Words, tmp_path: Path) -> None:
    row = "noor,Autumn 2026,2026-12-10,17:30,20,room 12,reyes lind\n"
    with staged(store, words, tmp_path / "school", {row: ""}) as stage:
        noor = Student(stage)
        noor.arrive()
        noor.say(EXPLICIT)
        noor.say("go on")
        noor.say("thanks")
        assert "no date yet" in noor.last.shown


def test_help_lines_are_shown_again_while_no_question_is_open(noor: Student) -> None:
    noor.finish()
    noor.say(EXPLICIT)
    noor.say("jk")
    assert "call or text 988" in noor.last.shown


@pytest.mark.parametrize("text", [EXPLICIT, SPANISH], ids=["english", "spanish"])
def test_an_adult_and_a_stranger_are_shown_help_too(stage: Stage, text: str) -> None:
    robin = stage.workspace.person("Robin Vale", "UROBIN", "robin@elsewhere.example")
    for person in (stage.people["amal"], robin):
        person.dm(text)
        stage.run()
        assert "call or text 988" in person.sees()[-1].shown
        person.dm("hello")
        stage.run()
        assert "988" not in person.sees()[-1].shown
    (alert,) = alerts(stage)  # of a stranger nobody knows whom it is about; Amal has one student
    assert "Amal Haddad wrote something about Noor Haddad" in alert
    assert "names no student" not in alert


@pytest.mark.parametrize(
    ("text", "about", "sure"),
    [
        ("Noor told me she wants to kill herself", "Noor Haddad", True),
        ("one of my students said he wants to kill himself", "", False),
    ],
)
def test_what_an_adult_of_many_writes_is_told_of_who_is_named_or_of_one_of_theirs(
    stage: Stage, text: str, about: str, sure: bool
) -> None:
    assert stage.people["okafor"].command("/conference", text).ok
    stage.run()
    (alert,) = alerts(stage)
    assert f"Ms. Okafor wrote something about {about}" in alert
    assert ("names no student" in alert) is not sure
    bell = stage.people["bell"]
    assert bell.tap("Open it for you alone").ok
    assert bell.modal is not None
    assert text in bell.modal.shown


def test_words_while_no_question_is_open_are_found(noor: Student) -> None:
    noor.arrive()
    noor.say(LOOK)
    assert "Thank you for telling me, Noor." in noor.last.shown
    assert len(alerts(noor.stage)) == 1


def test_words_while_saying_it_differently_are_found(noor: Student) -> None:
    noor.finish()
    noor.tap("Say it differently", noor.lines(LETTER["learner"]))
    noor.say(EXPLICIT)
    assert len(alerts(noor.stage)) == 1
    assert EXPLICIT not in agenda(noor.stage)
    assert nowhere(noor.stage, EXPLICIT)


# -- the counselor ---------------------------------------------------------------------------------------------------


def test_the_counselor_opens_the_words_for_themselves_alone(asked: Student) -> None:
    asked.say(EXPLICIT)
    bell = asked.stage.people["bell"]
    assert bell.tap("Open it for you alone").ok
    assert bell.modal is not None
    assert EXPLICIT in bell.modal.shown
    assert "Noor Haddad" in bell.modal.shown
    assert "10:00" in bell.modal.shown
    assert nowhere(asked.stage, EXPLICIT)


@pytest.mark.parametrize("who", ["okafor", "tan", "theo", "noor", "amal"])
@pytest.mark.parametrize("button", ["Open it for you alone", "I'm on it"])
def test_nobody_else_can_open_or_take_it_not_even_with_the_button(asked: Student, who: str, button: str) -> None:
    stage = asked.stage
    asked.say(EXPLICIT)
    (alert,) = [message for message in stage.people["bell"].sees() if message.app]
    forged = stage.workspace.say(stage.workspace.im(stage.people[who].id).id, alert.text, alert.blocks)
    count = len(stage.people[who].sees())
    assert stage.people[who].tap(button, forged).ok
    stage.run()
    assert stage.people[who].modal is None
    assert len(stage.people[who].sees()) == count
    stage.wait(minutes=31)
    assert len(alerts(stage, "ortiz")) == 1


def test_an_alert_nobody_takes_up_goes_to_the_backup_after_half_an_hour(asked: Student) -> None:
    asked.say(EXPLICIT)
    asked.stage.wait(minutes=28)
    assert alerts(asked.stage, "ortiz") == []
    asked.stage.wait(minutes=3)
    (alert,) = alerts(asked.stage, "ortiz")
    assert "I told Ms. Bell at the time" in alert
    assert "Noor Haddad" in alert
    assert nowhere(asked.stage, EXPLICIT)


def test_an_alert_that_is_taken_up_does_not_go_to_the_backup(asked: Student) -> None:
    asked.say(EXPLICIT)
    asked.stage.people["bell"].tap("I'm on it")
    asked.stage.run()
    asked.stage.wait(minutes=31)
    assert told(asked.stage, "ortiz") == []
    assert told(asked.stage, "bell")[-1].startswith("Ms. Bell is on it, for Noor Haddad.")


def test_a_backup_who_was_asked_is_told_who_has_it(asked: Student) -> None:
    asked.say(EXPLICIT)
    asked.stage.wait(minutes=31)
    asked.stage.people["bell"].tap("I'm on it")
    asked.stage.run()
    assert told(asked.stage, "ortiz")[-1].startswith("Ms. Bell is on it, for Noor Haddad.")


def test_a_counselor_who_is_not_on_slack_is_not_named_as_told(stage: Stage) -> None:
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == "bell").values(slack_id=None))
    noor = Student(stage)
    noor.say(EXPLICIT)
    assert "I've told Mr. Ortiz" in noor.last.shown
    (alert,) = alerts(stage, "ortiz")
    assert "needs to read now" in alert


# -- where the words do not go, and how it goes on -------------------------------------------------------------------


def test_the_words_are_in_no_agenda_no_review_and_no_preview(asked: Student) -> None:
    asked.say(EXPLICIT)
    asked.tap("Go on")
    for answer in LETTER.values():
        asked.say(answer)
    for _ in range(3):  # the work is skipped, so nothing is asked about a spot in it
        asked.say("skip")
    asked.say("preview")
    asked.approve()
    assert LETTER["learner"] in agenda(asked.stage)
    assert all(EXPLICIT not in message.shown for message in asked.heard)
    assert nowhere(asked.stage, EXPLICIT)


def test_words_that_replace_an_approved_answer_take_it_off_the_agenda(noor: Student) -> None:
    noor.finish()
    noor.edit(noor.said["learner"], EXPLICIT)
    assert LETTER["learner"] not in agenda(noor.stage)
    assert LETTER["learning"] in agenda(noor.stage)
    assert nowhere(noor.stage, EXPLICIT)


def test_the_words_are_in_no_log(asked: Student, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        asked.say(EXPLICIT)
        asked.stage.people["bell"].tap("Open it for you alone")
        asked.tap("Go on")
    assert "kill myself" not in caplog.text


def test_go_on_asks_the_same_question_again(asked: Student) -> None:
    question = "Think of the last time something clicked."
    assert question in asked.last.shown
    asked.say(EXPLICIT)
    asked.tap("Go on")
    assert question in asked.last.shown
    asked.say(LETTER["learner"])
    assert "What are you learning right now?" in asked.last.shown


def test_the_words_are_kept_for_the_counselor(asked: Student) -> None:
    asked.say(EXPLICIT)
    with asked.stage.bot.house.store.read() as connection:
        kept = connection.execute(select(Answer.text, Answer.alarm).where(Answer.alarm != "")).all()
    assert [tuple(row) for row in kept] == [(EXPLICIT, "explicit")]


def test_deleting_the_message_does_not_delete_it_for_the_counselor(asked: Student) -> None:
    ts = asked.say(EXPLICIT)
    asked.delete(ts)
    bell = asked.stage.people["bell"]
    bell.tap("Open it for you alone")
    assert bell.modal is not None
    assert EXPLICIT in bell.modal.shown
