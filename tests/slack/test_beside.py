"""Sit beside: an advisor and a student in a thread of the advisor's DM; what is said there is the student's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from bot.practice import Fault
from bot.practice.message import Message
from bot.practice.people import Person as Hands
from bot.practice.stage import Stage
from bot.services.talk import beside
from bot.store.models import Alert, Answer, Conversation, Person
from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import State, deliveries
from tests.slack.test_command import answer
from tests.slack.test_home import home
from tests.stages import LETTER, PHOTO, STRENGTHS, Student, agenda, but_the_cards, everything_said, staged, told

EXPLICIT = "honestly i want to kill myself and nobody knows"
NAMESAKE = {
    "ada,student,Ada Nowak": "ada,student,Ravi Patel",
    "noor,student,Noor Haddad,noor@school.example,7,okafor": "noor,student,Noor Haddad,noor@school.example,7,varga",
}


@dataclass
class Sitting(Student):
    """A student beside their advisor: what they do, they do in the advisor's thread."""

    key: str = "ravi"
    name: str = "Ravi Menon"
    advisor: str = "okafor"

    @property
    def person(self) -> Hands:
        return self.stage.people[self.advisor]

    @property
    def id(self) -> int:
        return person_id(self.stage, self.key)

    @property
    def root(self) -> Message:
        """The newest message that opens a thread for the two."""
        return [one for one in self.stage.people[self.advisor].sees() if f"You and {self.name}" in one.shown][-1]

    @property
    def heard(self) -> list[Message]:
        return [one for one in self.stage.people[self.advisor].sees() if one.app and one.thread_ts == self.root.ts]

    def arrive(self) -> None:
        """The advisor types the command."""
        answer(self.stage, self.advisor, f"beside {self.name}")
        self.let()

    def say(self, text: str) -> str:
        ts = self.stage.people[self.advisor].dm(text, thread=self.root.ts)
        self.let()
        return ts

    def share(self, text: str = "", name: str = "IMG_2231.png") -> str:
        ts = self.stage.people[self.advisor].share(PHOTO, name, "image/png", text, thread=self.root.ts)
        self.let()
        return ts

    def tap(self, label: str, message: Message | None = None) -> None:
        there = message or next(one for one in reversed(self.heard) if label in one.buttons)
        super().tap(label, there)

    def answers(self) -> list[str]:
        """The student's answers as they are kept, oldest first."""
        return kept(self.stage, self.key)


def person_id(stage: Stage, key: str) -> int:
    with stage.bot.house.store.read() as connection:
        return connection.execute(select(Person.id).where(Person.key == key)).scalar_one()


def kept(stage: Stage, key: str) -> list[str]:
    with stage.bot.house.store.read() as connection:
        rows = connection.scalars(
            select(Answer.text)
            .join(Conversation, Conversation.id == Answer.conversation_id)
            .join(Person, Person.id == Conversation.person_id)
            .where(Person.key == key, Answer.text != "")
            .order_by(Answer.id)
        )
        return list(rows)


def under(message: Message, root: str) -> Message:
    """The same message in a thread."""
    return replace(message, thread_ts=root)


def version(stage: Stage, key: str) -> int:
    with stage.bot.house.store.read() as connection:
        asked = select(Conversation.version).join(Person, Person.id == Conversation.person_id)
        return connection.execute(asked.where(Person.key == key)).scalar_one()


def outside(stage: Stage, key: str = "okafor") -> list[str]:
    """What the bot says in somebody's DM under no other message."""
    return [one.shown.replace("*", "") for one in stage.people[key].sees() if one.app and not one.thread_ts]


@pytest.fixture
def ravi(stage: Stage) -> Sitting:
    return Sitting(stage)


@pytest.fixture
def asked(ravi: Sitting) -> Sitting:
    """A student beside their advisor, with a question open."""
    ravi.arrive()
    ravi.tap("Start")
    return ravi


# -- sitting down ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["beside Ravi", "Beside ravi menon", "con RAVI"])
def test_the_command_opens_a_thread_in_which_the_student_is_greeted(ravi: Sitting, text: str) -> None:
    assert "thread with Ravi Menon" in answer(ravi.stage, "okafor", text)
    ravi.let()
    assert "counts as Ravi Menon's words" in ravi.root.shown
    assert [one.shown.startswith("Hi Ravi, I'm Conference Coach") for one in ravi.heard] == [True]
    assert len(outside(ravi.stage)) == 1  # the root and nothing else


def test_a_name_two_students_have_is_asked_about_and_a_tap_decides(store: Store, words: Words, tmp_path: Path) -> None:
    with staged(store, words, tmp_path / "school", NAMESAKE) as stage:
        shown = answer(stage, "okafor", "beside ravi")
        assert "Ravi Menon and Ravi Patel" in shown
        assert outside(stage) == []
        assert stage.people["okafor"].tap("Sit beside Ravi Patel").ok
        stage.run()
        assert ["You and Ravi Patel" in text for text in outside(stage)] == [True]


@pytest.mark.parametrize(("text", "says"), [("beside Zzz", "has that name"), ("beside Mateo", "has that name")])
def test_who_is_no_student_of_theirs_is_not_found_but_theirs_can_be_chosen(stage: Stage, text: str, says: str) -> None:
    assert says in answer(stage, "okafor", text)
    assert outside(stage) == []
    assert stage.people["okafor"].select("Sit beside …", "Ravi Menon").ok
    stage.run()
    assert ["You and Ravi Menon" in text for text in outside(stage)] == [True]


def test_without_a_name_the_students_can_be_chosen_from(stage: Stage) -> None:
    assert "Who is with you?" in answer(stage, "okafor", "beside")


@pytest.mark.parametrize("key", ["noor", "tan", "reyes", "amal", "varga"])
def test_nobody_but_the_students_own_advisor_sits_down(stage: Stage, key: str) -> None:
    answer(stage, key, "beside Ravi")
    ravi, person = person_id(stage, "ravi"), stage.people[key]
    said = beside.sit_down(stage.bot.house, stage.workspace.team_id, person.id, ravi, "tap:1")
    assert said == []
    assert told(stage, key) == []


def test_tapping_twice_before_the_thread_is_there_opens_one(ravi: Sitting) -> None:
    house, team = ravi.stage.bot.house, ravi.stage.workspace.team_id
    for key in ("tap:1", "tap:2", "tap:2"):
        ravi.stage.bot.dispatcher.hand_over(beside.sit_down(house, team, "UOKAFOR", ravi.id, key))
    ravi.let()
    assert len(outside(ravi.stage)) == 1
    assert len(ravi.heard) == 1


def test_sitting_down_again_goes_on_in_the_thread_at_the_open_question(asked: Sitting) -> None:
    asked.say(LETTER["learner"])
    before = len(asked.heard)
    asked.stage.wait(days=2)
    asked.arrive()
    again, question = asked.heard[before:]
    assert "Here we are again, Ravi." in again.shown
    assert again.broadcast
    assert "What are you learning right now?" in question.shown


def test_after_a_week_a_new_thread_is_opened_and_the_old_one_is_still_the_students(asked: Sitting) -> None:
    old = asked.root
    asked.stage.wait(days=8)
    asked.arrive()
    assert asked.root.ts != old.ts
    assert "Think of the last time something clicked." in asked.last.shown
    asked.stage.people["okafor"].dm(LETTER["learner"], thread=old.ts)
    asked.let()
    assert asked.answers() == [LETTER["learner"]]
    replies = [one for one in asked.stage.people["okafor"].sees() if one.app and one.thread_ts == old.ts]
    assert "What are you learning right now?" in replies[-1].shown


@pytest.mark.parametrize("before", [False, True], ids=["new-thread", "same-thread"])
def test_a_button_can_lead_into_one_flow(asked: Sitting, before: bool) -> None:
    stage = asked.stage
    if not before:
        stage.wait(days=8)
    said = beside.sit_down(stage.bot.house, stage.workspace.team_id, "UOKAFOR", asked.id, "tap:1", "strengths")
    stage.bot.dispatcher.hand_over(said)
    asked.let()
    asked.say(STRENGTHS["best_at"])
    with stage.bot.house.store.read() as connection:
        assert connection.execute(select(Answer.flow, Answer.question)).all() == [("strengths", "best_at")]


def test_a_student_without_a_date_is_told_so_in_the_thread(store: Store, words: Words, tmp_path: Path) -> None:
    row = "ravi,Autumn 2026,2026-12-14,16:00,20,room 12,reyes lind\n"
    with staged(store, words, tmp_path / "school", {row: ""}) as stage:
        ravi = Sitting(stage)
        ravi.arrive()
        assert "no date yet" in ravi.last.shown


def test_a_student_without_an_account_has_a_button_in_the_advisors_home_and_in_the_answer_to_the_command(
    ravi: Sitting,
) -> None:
    okafor = ravi.stage.people["okafor"]
    home(ravi.stage, "okafor")
    assert okafor.home is not None
    assert okafor.tap("Sit beside Ravi", okafor.home).ok
    ravi.let()
    assert ravi.last.shown.startswith("Hi Ravi")
    answer(ravi.stage, "okafor")
    assert okafor.tap("Sit beside Ravi", okafor.ephemerals[-1]).ok
    ravi.let()
    assert "Here we are again, Ravi." in [one.shown for one in ravi.heard][-2]


def test_in_a_class_without_accounts_the_student_is_chosen_from_a_menu(
    store: Store, words: Words, tmp_path: Path
) -> None:
    names = ["noor", "theo", "mina", "jules", "sami", "ines", "kofi", "lena", "ada", "tomas", "wren"]
    with staged(store, words, tmp_path / "school", {f"{name}@school.example": "" for name in names}) as stage:
        answer(stage, "okafor")
        okafor = stage.people["okafor"]
        assert okafor.select("Sit beside …", "Wren Calloway", okafor.ephemerals[-1]).ok
        stage.run()
        assert "You and Wren Calloway" in outside(stage)[0]


def test_the_thread_speaks_the_students_language_and_what_opens_it_the_advisors(stage: Stage) -> None:
    mateo = Sitting(stage, "mateo", name="Mateo Ríos", advisor="varga")
    answer(stage, "varga", "beside mateo")
    mateo.let()
    assert "You and Mateo Ríos" in mateo.root.shown
    assert mateo.last.shown.startswith("Hola, Mateo")


# -- in the thread ---------------------------------------------------------------------------------------------------


def test_from_the_first_tap_to_the_agenda_in_the_channel_with_an_edit_and_a_photo(ravi: Sitting) -> None:
    ravi.answer("this is the football field, I measured it")
    ravi.edit(ravi.said["learner"], "Things click for me when I take them apart first.")
    ravi.approve()
    shown = agenda(ravi.stage, "conf-ravi-12-14")
    assert "Things click for me when I take them apart first." in shown
    assert STRENGTHS["spot"] in shown
    channel = ravi.stage.workspace.channel("conf-ravi-12-14")
    assert channel is not None
    assert set(channel.members) == {"UOKAFOR", "UREYES", "ULIND", ravi.stage.workspace.bot_user}
    copies = [file for message in but_the_cards(channel) for file in message.files]
    assert len(copies) == 1
    assert not ravi.stage.people["okafor"].trouble


def test_all_that_is_said_to_the_student_stands_in_the_thread(ravi: Sitting) -> None:
    ravi.finish()
    assert len(ravi.heard) > 10
    others = [text for text in outside(ravi.stage) if "You and Ravi Menon" not in text]
    assert [text for text in others if "couldn't bring everyone" not in text] == []


def test_the_advisor_is_not_told_that_the_student_beside_them_is_not_in_the_channel(ravi: Sitting) -> None:
    ravi.finish()
    (report,) = [text for text in outside(ravi.stage) if "couldn't bring everyone" in text]
    assert "Deepa Menon" in report
    assert "Ravi Menon" not in report


def test_the_review_is_decided_in_the_thread(ravi: Sitting) -> None:
    ravi.answer()
    ravi.select("Me and my advisor", ravi.lines(STRENGTHS["spot"]), 2)
    ravi.tap("Say it differently", ravi.lines(LETTER["learner"]))
    ravi.say("Things click for me when I can draw them.")
    ravi.approve()
    shown = agenda(ravi.stage, "conf-ravi-12-14")
    assert "Things click for me when I can draw them." in shown
    assert STRENGTHS["spot"] not in shown


def test_deleting_a_message_takes_the_answer_back(ravi: Sitting) -> None:
    ravi.finish()
    assert STRENGTHS["favourite"] in agenda(ravi.stage, "conf-ravi-12-14")
    ravi.delete(ravi.said["favourite"])
    assert STRENGTHS["favourite"] not in agenda(ravi.stage, "conf-ravi-12-14")


def test_what_the_advisor_types_outside_the_thread_is_their_own(asked: Sitting) -> None:
    asked.stage.people["okafor"].dm(LETTER["learner"])
    asked.let()
    assert asked.answers() == []
    assert "a program" in outside(asked.stage)[-1]


def test_a_thread_under_any_other_message_is_the_advisors_own(asked: Sitting) -> None:
    okafor = asked.stage.people["okafor"]
    okafor.dm("hello", thread=okafor.dm("hi"))
    asked.let()
    assert asked.answers() == []


def test_two_students_in_two_threads_do_not_mix(asked: Sitting) -> None:
    ada = Sitting(asked.stage, "ada", name="Ada Nowak")
    ada.arrive()
    ada.tap("Start")
    for text in LETTER.values():
        asked.say(f"{text} Says Ravi.")
        ada.say(f"{text} Says Ada.")
    assert asked.answers() == [f"{text} Says Ravi." for text in LETTER.values()]
    assert ada.answers() == [f"{text} Says Ada." for text in LETTER.values()]
    assert not any("Ada" in one.shown for one in asked.heard)
    assert not any("Ravi" in one.shown for one in ada.heard)


def test_a_safety_alarm_goes_the_same_way(asked: Sitting) -> None:
    asked.say(EXPLICIT)
    assert "Thank you for telling me, Ravi." in asked.last.shown
    assert "call or text 988" in asked.last.shown
    (alert,) = told(asked.stage, "bell")
    assert "Ravi Menon" in alert
    assert EXPLICIT not in everything_said(asked.stage)
    with asked.stage.bot.house.store.read() as connection:
        assert connection.execute(select(Alert.student_id)).scalars().all() == [asked.id]


def test_sitting_down_again_while_a_person_is_awaited_does_not_go_on_with_questions(asked: Sitting) -> None:
    asked.say(EXPLICIT)
    asked.arrive()
    assert "988" in asked.last.shown
    assert asked.last.buttons == ("Go on",)
    with asked.stage.bot.house.store.read() as connection:
        assert connection.execute(select(Conversation.status)).scalar_one() == "held"


def test_progress_shows_like_anybodys(ravi: Sitting) -> None:
    ravi.finish()
    assert "Ravi Menon · ready, 3 of 3" in home(ravi.stage, "okafor")


# -- whose buttons ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["varga", "noor", "tan", "bell"])
@pytest.mark.parametrize("label", ["Start", "That's my agenda", "Say it differently"])
def test_a_button_in_anybody_elses_hands_does_nothing(ravi: Sitting, key: str, label: str) -> None:
    stage = ravi.stage
    ravi.answer()
    message = next(one for one in reversed(ravi.heard) if label in one.buttons)
    person = stage.people[key]
    root = stage.workspace.say(stage.workspace.im(person.id).id, "a thread")
    forged = stage.workspace.say(stage.workspace.im(person.id).id, message.text, message.blocks)
    assert person.tap(label, forged).ok
    with stage.workspace.changing:
        channel = stage.workspace.im(person.id)
        channel.messages[forged.ts] = under(forged, root.ts)
    assert person.tap(label, channel.messages[forged.ts]).ok
    before = version(stage, "ravi")
    ravi.let()
    assert len(told(stage, key)) == 2
    assert version(stage, "ravi") == before
    assert stage.workspace.channel("conf-ravi-12-14") is None


def test_a_button_of_the_student_outside_the_thread_does_nothing(asked: Sitting) -> None:
    stage = asked.stage
    before = version(stage, "ravi")
    forged = stage.workspace.say(stage.workspace.im("UOKAFOR").id, asked.last.text, asked.last.blocks)
    assert stage.people["okafor"].tap("Skip for now", forged).ok
    asked.let()
    assert version(stage, "ravi") == before


def test_who_is_no_longer_the_advisor_is_no_longer_the_student(asked: Sitting) -> None:
    stage = asked.stage
    with stage.bot.house.store.write() as connection:
        varga = select(Person.id).where(Person.key == "varga").scalar_subquery()
        connection.execute(update(Person).where(Person.key == "ravi").values(advisor_id=varga))
    asked.say(LETTER["learner"])
    asked.tap("Skip for now")
    assert asked.answers() == []
    answer(stage, "varga", "beside Ravi")
    asked.let()
    theirs = Sitting(stage, advisor="varga")
    theirs.say(LETTER["learner"])
    assert asked.answers() == [LETTER["learner"]]


# -- the student's own DM --------------------------------------------------------------------------------------------


def test_a_student_with_an_account_goes_on_in_their_own_dm_and_back(stage: Stage) -> None:
    noor, sitting = Student(stage), Sitting(stage, "noor", name="Noor Haddad")
    noor.arrive()
    noor.tap("Start")
    noor.say(LETTER["learner"])
    sitting.arrive()
    assert "What are you learning right now?" in sitting.last.shown
    sitting.say(LETTER["learning"])
    before = len(sitting.heard)
    noor.say(LETTER["matters"])
    assert len(sitting.heard) == before
    assert kept(stage, "noor") == [LETTER[one] for one in ("learner", "learning", "matters")]


def test_a_student_who_gets_an_account_later_goes_on_there_and_is_told_so_once(asked: Sitting) -> None:
    stage = asked.stage
    asked.say(LETTER["learner"])
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == "ravi").values(email="ravi@school.example"))
    stage.people["ravi"] = stage.workspace.person("Ravi Menon", "URAVI", "ravi@school.example")
    own = Student(stage, "ravi")
    own.arrive()
    hello, question = own.heard
    assert "What you began with Ms. Okafor is all here" in hello.shown
    assert "What are you learning right now?" in question.shown
    own.arrive()
    assert len(own.heard) == 2
    own.say(LETTER["learning"])
    assert asked.answers() == [LETTER["learner"], LETTER["learning"]]


def test_a_student_whose_advisor_sat_down_first_is_greeted_at_home_too(stage: Stage) -> None:
    Sitting(stage, "noor", name="Noor Haddad").arrive()
    noor = Student(stage)
    noor.arrive()
    assert [one.shown.startswith("Hi Noor, I'm Conference Coach. On Thursday") for one in noor.heard] == [True]
    noor.arrive()
    assert len(noor.heard) == 1


# -- what Slack does -------------------------------------------------------------------------------------------------


def in_thread(arguments: object) -> bool:
    return isinstance(arguments, dict) and "thread_ts" in arguments


def outstanding(stage: Stage) -> int:
    with stage.bot.house.store.read() as connection:
        over = [State.SENT, State.CANCELLED]
        return connection.execute(select(func.count()).where(deliveries.c.state.not_in(over))).scalar_one()


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.refused_after("fatal_error")], ids=["dropped", "fatal"])
@pytest.mark.parametrize("when", [in_thread, lambda arguments: not in_thread(arguments)], ids=["reply", "root"])
def test_a_message_whose_answer_was_lost_is_found_again(
    ravi: Sitting, fault: Fault, when: Callable[[object], bool]
) -> None:
    ravi.stage.workspace.fault("chat.postMessage", fault, when=when)
    ravi.arrive()
    ravi.stage.wait(seconds=11)
    ravi.stage.wait(seconds=11)
    assert len(outside(ravi.stage)) == 1
    assert [one.shown.startswith("Hi Ravi") for one in ravi.heard] == [True]
    assert outstanding(ravi.stage) == 0
    ravi.tap("Start")
    assert "Think of the last time something clicked." in ravi.last.shown


def test_a_reply_that_never_arrived_is_said_again(asked: Sitting) -> None:
    asked.stage.workspace.fault("chat.postMessage", Fault.DROP_BEFORE, when=in_thread)
    asked.say(LETTER["learner"])
    for _ in range(3):
        asked.stage.wait(seconds=11)
    assert [one.shown for one in asked.heard].count(asked.last.shown) == 1
    assert "What are you learning right now?" in asked.last.shown


def test_where_the_thread_is_gone_another_is_opened_and_the_student_goes_on(asked: Sitting) -> None:
    stage, gone = asked.stage, asked.root
    asked.say(LETTER["learner"])
    stage.workspace.withdraw(gone.channel, "UOKAFOR", gone.ts)
    answer(stage, "okafor", "beside Ravi")
    asked.let()
    asked.let()
    assert asked.root.ts != gone.ts
    assert "What are you learning right now?" in asked.last.shown
