"""`/conference`: answered at once, to the one who typed it alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.practice.stage import Stage
from tests.slack.test_home import forget, home
from tests.stages import LETTER, Student, load, told


def answer(stage: Stage, key: str, text: str = "") -> str:
    """What somebody is shown for the command."""
    person = stage.people[key]
    assert person.command("/conference", text).ok
    stage.run()
    assert not person.trouble
    return person.ephemerals[-1].shown.replace("*", "")


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("noor", "Noor, your conference is on Thursday 10 December, 17:30, room 12. There are 3 parts"),
        ("okafor", "Your 12 students"),
        ("tan", "Hillside Middle School"),
        ("yusuf", "Noor leads on Thursday 10 December at 17:30, room 12"),
        ("reyes", "Noor leads on Thursday 10 December at 17:30, room 12"),
        ("robin", "I don't know you yet"),
        ("mateo", "Mateo, tu conferencia es el jueves 10 de diciembre"),
    ],
)
def test_alone_it_says_where_things_stand_for_whoever_asks(stage: Stage, key: str, says: str) -> None:
    stage.people["robin"] = stage.workspace.person("Robin Vale", "UROBIN", "robin@elsewhere.example")
    assert says in answer(stage, key)


@pytest.mark.parametrize("text", ["help", "ayuda", "  HELP ", "nonsense"])
def test_help_and_what_is_no_command_say_what_can_be_typed(stage: Stage, text: str) -> None:
    assert "/conference preview" in answer(stage, "noor", text)


@pytest.mark.parametrize("key", ["okafor", "tan"])
def test_the_help_of_an_adult_has_nothing_only_students_can_do(stage: Stage, key: str) -> None:
    shown = answer(stage, key, "help")
    assert "/conference help" in shown
    assert "preview" not in shown


@pytest.mark.parametrize("text", ["start", "empezar", "Start now"])
def test_start_goes_on_in_the_chat(noor: Student, text: str) -> None:
    noor.arrive()
    answer(noor.stage, "noor", text)
    assert "Think of the last time something clicked." in noor.last.shown


def test_start_greets_a_student_who_never_opened_the_chat(noor: Student) -> None:
    answer(noor.stage, "noor", "start")
    assert noor.last.shown.startswith("Hi Noor")


@pytest.mark.parametrize("text", ["preview", "vista previa", "Vista  Previa"])
def test_preview_shows_the_agenda_in_the_chat(noor: Student, text: str) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.say(LETTER["learner"])
    answer(noor.stage, "noor", text)
    assert LETTER["learner"] in noor.last.shown
    assert "Nothing of it is posted until you say so." in noor.last.shown


@pytest.mark.parametrize("text", ["menú", "menu"])
def test_the_menu_is_found_with_and_without_its_accent(noor: Student, text: str) -> None:
    noor.arrive()
    answer(noor.stage, "noor", text)
    assert "Pick one" in noor.last.shown


@pytest.mark.parametrize("text", ["start", "preview", "menu"])
def test_what_is_for_students_does_nothing_for_an_adult(stage: Stage, text: str) -> None:
    assert "/conference help" in answer(stage, "okafor", text)
    assert told(stage, "okafor") == []


def test_typing_it_finds_a_student_nobody_had_met(stage: Stage) -> None:
    forget(stage, "noor")
    answer(stage, "noor")
    assert "your conference is on Thursday 10 December" in answer(stage, "noor")


def test_nobody_else_sees_the_answer(stage: Stage) -> None:
    answer(stage, "okafor")
    assert [message for one in stage.workspace.channels.values() for message in one.messages.values()] == []


def test_a_word_may_name_a_student_and_a_slip_gets_the_nearest_word(stage: Stage) -> None:
    for key, text, says in (
        ("okafor", "status @noor.haddad", "Noor Haddad · not started, 0 of 3 parts · Thursday 10 December, 17:30"),
        ("okafor", "estado theo lind", "Theo Lindqvist · not started"),
        ("okafor", "Ravi", "Ravi Menon · not started"),
        ("okafor", "status mateo", "I don't find that name here. Pick one"),
        ("tan", "status Mateo Rios", "Mateo Ríos · not started, 0 of 3 parts · Thursday 10 December, 18:00 · with Mr."),
        ("lucia", "estado mateo", "Mateo dirige el jueves 10 de diciembre a las 18:00"),
        ("noor", "status theo", "here you see only your own conference"),
        ("noor", "prevew", "I don't know that word. Did you mean /conference preview?"),
        ("bell", "", "nothing waits for you right now"),
        ("noor", "practice", "There are 3 parts"),
    ):
        assert says in answer(stage, key, text).replace("`", ""), text


def test_the_channel_says_which_conference_is_meant(noor: Student) -> None:
    noor.finish()
    reyes, stage = noor.stage.people["reyes"], noor.stage
    answer(stage, "reyes", "agenda")
    assert reyes.modal is None  # he is at twelve
    assert reyes.command("/conference", "agenda", "conf-noor-12-10").ok
    assert reyes.modal is not None
    assert LETTER["learner"] in reyes.modal.shown
    assert stage.people["okafor"].command("/conference", "", "conf-noor-12-10").ok
    assert "Noor Haddad" in stage.people["okafor"].ephemerals[-1].shown
    assert noor.person.command("/conference", "compromiso", "conf-noor-12-10").ok
    assert noor.person.modal is not None
    noor.person.close()
    stage.clock.set(datetime(2026, 12, 10, 23, 0, tzinfo=UTC))
    assert noor.person.command("/conference", "commit me: finish the map by friday").ok
    assert noor.person.modal is not None
    assert "finish the map by friday" in str(noor.person.modal)


def test_a_language_of_ones_own_is_kept_and_all_that_follows_is_in_it(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    assert "I can't write in that language yet" in answer(noor.stage, "noor", "language klingon")
    assert "Desde ahora los mensajes van en español" in answer(noor.stage, "noor", "language Español")
    noor.tap("Seguir")
    assert "Piensa en la última vez" in noor.last.shown
    load(noor.stage)
    assert "tu conferencia" in answer(noor.stage, "noor", "estado")
    answer(noor.stage, "noor", "idioma")
    noor.tap("English")
    assert "From now on I write to you in English" in noor.last.shown


def test_what_the_safety_screen_matches_in_a_command_goes_to_a_person(noor: Student) -> None:
    noor.arrive()
    shown = answer(noor.stage, "noor", "I want to kill myself")
    assert "I've answered in our chat" in shown
    assert "988" in noor.last.shown
    assert any("Noor Haddad wrote something a person needs to read" in message for message in told(noor.stage, "bell"))
    assert "988" in answer(noor.stage, "yusuf", "I want to kill myself")
    bell = noor.stage.people["bell"]
    answer(noor.stage, "bell")
    assert "Noor Haddad" in bell.ephemerals[-1].shown
    assert "kill" not in bell.ephemerals[-1].shown
    assert bell.tap("I'm on it", bell.ephemerals[-1]).ok
    noor.let()
    assert "Ms. Bell is on it" in home(noor.stage, "ortiz")
