"""The App Home: to each what concerns them, with buttons that work."""

from __future__ import annotations

from sqlalchemy import update

from bot.practice.stage import Stage
from bot.store.models import Person
from tests.stages import LETTER, Student, told


def home(stage: Stage, key: str) -> str:
    """What somebody's home shows once they have opened it."""
    stage.people[key].open_home()
    stage.run()
    view = stage.people[key].home
    assert view is not None
    return view.shown.replace("*", "")


def test_a_student_sees_when_it_is_how_far_they_are_and_what_comes_next(noor: Student) -> None:
    shown = home(noor.stage, "noor")
    assert "Thursday 10 December, 17:30 · room 12" in shown
    assert "there are 3 parts" in shown
    assert "Next: Your letter." in shown.replace("_", "")
    noor.arrive()
    noor.tap("Start")
    for answer in LETTER.values():
        noor.say(answer)
    shown = home(noor.stage, "noor")
    assert "you've done 1 of 3 parts" in shown
    assert "✓ Your letter · done" in shown


def test_the_button_in_a_home_greets_a_new_student(noor: Student) -> None:
    home(noor.stage, "noor")
    noor.tap("Start")
    assert noor.last.shown.startswith("Hi Noor")


def test_the_button_in_a_home_goes_on_with_the_open_question(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.say(LETTER["learner"])
    noor.say("pause")
    home(noor.stage, "noor")
    assert noor.person.home is not None
    assert noor.person.tap("Go on", noor.person.home).ok
    noor.let()
    assert "What are you learning right now?" in noor.last.shown


def test_the_button_in_a_home_leads_to_the_agenda_when_all_is_done(noor: Student) -> None:
    noor.finish()
    home(noor.stage, "noor")
    assert noor.person.home is not None
    assert noor.person.tap("Look at my agenda", noor.person.home).ok
    noor.let()
    assert noor.last.buttons


def test_an_advisor_sees_their_own_students_and_no_words_of_theirs(noor: Student) -> None:
    noor.finish()
    shown = home(noor.stage, "okafor")
    assert "Your 12 students" in shown
    assert "1 ready" in shown
    assert "Noor Haddad · ready, 3 of 3 · Thursday 10 December, 17:30" in shown
    assert "Theo Lindqvist · not started, 0 of 3" in shown
    assert "Mateo" not in shown
    assert LETTER["learner"] not in shown


def test_a_student_who_has_been_silent_for_a_week_is_quiet(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.say(LETTER["learner"])
    assert "Noor Haddad · on the way" in home(noor.stage, "okafor")
    noor.stage.wait(days=8)
    assert "Noor Haddad · quiet for a while" in home(noor.stage, "okafor")


def test_a_coordinator_sees_every_group_of_the_school(noor: Student) -> None:
    noor.finish()
    shown = home(noor.stage, "tan")
    assert "Hillside Middle School" in shown
    assert "24 in all" in shown
    assert "Ms. Okafor · 1 of 12 ready" in shown
    assert "Mr. Varga · 0 of 12 ready" in shown


def test_family_and_teachers_see_when_and_where(stage: Stage) -> None:
    assert "Noor leads on Thursday 10 December at 17:30, room 12" in home(stage, "yusuf")
    shown = home(stage, "reyes")
    assert "Theo leads" in shown
    assert "Noor leads" in shown


def test_family_reads_its_home_in_its_own_language(stage: Stage) -> None:
    assert "jueves 10 de diciembre" in home(stage, "lucia")


def test_a_stranger_is_told_whom_to_ask(stage: Stage) -> None:
    stage.people["robin"] = stage.workspace.person("Robin Vale", "UROBIN", "robin@elsewhere.example")
    assert "tell Mr. Tan" in home(stage, "robin")


def test_opening_the_home_finds_somebody_nobody_had_met(stage: Stage) -> None:
    forget(stage, "noor")
    assert "Thursday 10 December" in home(stage, "noor")


def test_opening_the_messages_greets_a_student_nobody_had_met(stage: Stage) -> None:
    forget(stage, "noor")
    noor = Student(stage)
    noor.arrive()
    assert [message.shown.startswith("Hi Noor") for message in noor.heard] == [True]


def test_opening_the_messages_says_nothing_to_anybody_else(stage: Stage) -> None:
    stage.people["robin"] = stage.workspace.person("Robin Vale", "UROBIN", "robin@elsewhere.example")
    for key in ("okafor", "yusuf", "tan", "robin"):
        stage.people[key].open_home("messages")
        stage.run()
        assert told(stage, key) == []


def forget(stage: Stage, key: str) -> None:
    """Make somebody of the roster one who was never seen in Slack."""
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == key).values(slack_id=None))


def test_a_teacher_of_many_picks_one_and_finds_what_there_is_to_do(stage: Stage) -> None:
    home(stage, "reyes")
    reyes = stage.people["reyes"]
    assert reyes.home is not None
    menu = next(one for block in reyes.home.blocks for one in block.get("elements", ()) if "select" in one["type"])
    assert reyes.select(menu["action_id"], "Noor Haddad", reyes.home).ok
    assert reyes.modal is not None
    assert "Noor leads on Thursday 10 December at 17:30" in reyes.modal.shown.replace("*", "")
    assert reyes.tap("What I can give").ok
    assert reyes.tap("A piece of work I choose").ok
    assert len(reyes.modals) == 3  # as deep as Slack lets windows stand on each other


def test_the_language_of_a_home_is_one_tap_away(stage: Stage) -> None:
    assert "No hay que preparar nada" in home(stage, "lucia")
    lucia = stage.people["lucia"]
    assert lucia.home is not None
    assert lucia.tap("English", lucia.home).ok
    stage.run()
    assert lucia.home is not None
    assert "You don't need to prepare" in lucia.home.shown
    assert "From now on I write to you in English." in told(stage, "lucia")[-1]
