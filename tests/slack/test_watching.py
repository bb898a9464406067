"""What a counselor does about an alert: all is kept, with who and when, and nothing a student does takes it away."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.practice import Fault
from bot.practice.stage import Stage
from bot.services import watching
from bot.store.models import Alert, AlertEvent, Audit, Note, Person
from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import State, deliveries
from tests.stages import LETTER, Student, everything_said, load, staged, told

ALARM = "honestly i want to kill myself and nobody knows"
OPEN, TAKE, HAND = "Open it for you alone", "I'm on it", "alert_hand"


@pytest.fixture
def noor(stage: Stage) -> Student:
    """A student with a question open."""
    noor = Student(stage)
    noor.arrive()
    noor.tap("Start")
    return noor


def opened(stage: Stage, key: str = "bell") -> str:
    """What a counselor reads who opens the newest alert."""
    person = stage.people[key]
    assert person.tap(OPEN).ok
    assert person.modal is not None
    shown = person.modal.shown
    person.close()
    return shown


def hand(stage: Stage, by: str, to: str) -> None:
    """Choose another counselor in the menu of the newest alert."""
    name = {"bell": "Ms. Bell", "ortiz": "Mr. Ortiz"}[to]
    message = next(one for one in reversed(stage.people[by].sees()) if one.app and OPEN in one.buttons)
    menus = [one for block in message.blocks for one in block.get("elements", ()) if one["type"] == "static_select"]
    assert stage.people[by].select(menus[0]["action_id"], name, message).ok
    stage.run()


def history(stage: Stage) -> list[tuple[str, str, str]]:
    """What was done about all alerts: act, by whom, to whom."""
    with stage.bot.house.store.read() as connection:
        names = {row.id: row.key for row in connection.execute(select(Person.id, Person.key))}
        rows = connection.execute(select(AlertEvent).order_by(AlertEvent.id)).all()
        return [(row.act, names.get(row.by_id, ""), names.get(row.to_id, "")) for row in rows]


def audited(stage: Stage) -> list[tuple[str, str]]:
    with stage.bot.house.store.read() as connection:
        rows = connection.execute(select(Audit.act, Audit.actor).where(Audit.kind == "alert").order_by(Audit.id))
        names = {f"person:{row.id}": row.key for row in connection.execute(select(Person.id, Person.key))}
        return [(row.act, names[row.actor]) for row in rows]


def refuse(stage: Stage, *keys: str) -> None:
    """From now on Slack takes no message to these people."""
    ims = {stage.workspace.im(stage.people[key].id).id for key in keys}

    def theirs(arguments: Mapping[str, Any]) -> bool:
        return arguments.get("channel") in ims

    stage.workspace.fault("chat.postMessage", Fault.refused("user_disabled"), None, theirs)


# -- history ---------------------------------------------------------------------------------------------------------


def test_whoever_was_told_opened_and_took_it_is_kept_in_order(noor: Student) -> None:
    noor.say(ALARM)
    opened(noor.stage)
    noor.stage.people["bell"].tap(TAKE)
    assert history(noor.stage) == [
        ("raised", "noor", ""), ("told", "", "bell"), ("opened", "bell", ""), ("taken", "bell", ""),
    ]  # fmt: skip
    assert audited(noor.stage) == [("saw", "bell"), ("changed", "bell")]


def test_the_counselor_reads_what_was_done_and_by_whom(noor: Student) -> None:
    noor.say(ALARM)
    noor.stage.wait(minutes=31)
    noor.stage.people["ortiz"].tap(TAKE)
    shown = opened(noor.stage)
    assert shown.index("Ms. Bell was told") < shown.index("Mr. Ortiz was told") < shown.index("Mr. Ortiz took it up")


def test_a_message_that_did_not_arrive_told_nobody(noor: Student) -> None:
    refuse(noor.stage, "bell")
    noor.say(ALARM)
    assert ("told", "", "bell") not in history(noor.stage)


def test_what_stood_there_before_a_flagged_edit_is_shown_too(noor: Student) -> None:
    ts = noor.say(LETTER["learner"])
    noor.edit(ts, ALARM)
    shown = opened(noor.stage)
    assert shown.index(LETTER["learner"]) < shown.index("changed to this") < shown.index(ALARM)


@pytest.mark.parametrize("flow", ["open", "none"])
def test_an_edit_after_an_alarm_takes_nothing_away(stage: Stage, flow: str) -> None:
    noor = Student(stage)
    noor.arrive()
    if flow == "open":
        noor.tap("Start")
    ts = noor.say(ALARM)
    noor.edit(ts, "i am fine")
    shown = opened(stage)
    assert shown.index(ALARM) < shown.index("changed to this") < shown.index("i am fine")
    assert len([one for one in told(stage, "bell") if "needs to read now" in one]) == 1


@pytest.mark.parametrize("flow", ["open", "none"])
def test_a_message_that_is_deleted_after_an_alarm_stays_and_is_shown_as_taken_back(stage: Stage, flow: str) -> None:
    noor = Student(stage)
    noor.arrive()
    if flow == "open":
        noor.tap("Start")
    ts = noor.say(ALARM)
    noor.edit(ts, "i am fine")
    noor.delete(ts)
    shown = opened(stage)
    assert shown.index(ALARM) < shown.index("i am fine") < shown.index("taken back in the chat")


def test_nothing_of_a_history_is_ever_changed(noor: Student) -> None:
    ts = noor.say(ALARM)
    opened(noor.stage)
    before = history(noor.stage)
    noor.edit(ts, "i am fine")
    noor.delete(ts)
    opened(noor.stage)
    assert history(noor.stage)[: len(before)] == before


# -- handing over ----------------------------------------------------------------------------------------------------


def test_whoever_is_handed_an_alert_is_told_by_whom_and_has_to_take_it_up(noor: Student) -> None:
    stage = noor.stage
    noor.say(ALARM)
    stage.people["bell"].tap(TAKE)
    hand(stage, "bell", "ortiz")
    assert told(stage, "ortiz")[-1].startswith("Ms. Bell handed you an alert about Noor Haddad.")
    assert told(stage, "bell")[-1].startswith("You handed the alert about Noor Haddad to Mr. Ortiz")
    assert ALARM not in everything_said(stage)
    with stage.bot.house.store.read() as connection:
        assert connection.scalar(select(Alert.taken_by)) is None
    stage.people["ortiz"].tap(TAKE)
    stage.run()
    assert told(stage, "bell")[-1].startswith("Mr. Ortiz is on it")
    assert history(stage)[-3:] == [("handed", "bell", "ortiz"), ("told", "", "ortiz"), ("taken", "ortiz", "")]
    assert audited(stage) == [("changed", "bell"), ("changed", "bell"), ("changed", "ortiz")]


def test_the_half_hour_begins_anew_and_whoever_handed_it_over_is_asked_last(noor: Student) -> None:
    stage = noor.stage
    noor.say(ALARM)
    stage.wait(minutes=20)
    hand(stage, "bell", "ortiz")
    bell = len(told(stage, "bell"))
    stage.wait(minutes=28)  # the first half hour, which would have asked Mr. Ortiz, is long over
    assert len([one for one in told(stage, "ortiz") if "Noor Haddad" in one]) == 1
    assert len(told(stage, "bell")) == bell
    stage.wait(minutes=3)
    assert "I told Mr. Ortiz at the time" in told(stage, "bell")[-1]


def test_what_was_handed_over_and_taken_up_asks_nobody_else(noor: Student) -> None:
    stage = noor.stage
    noor.say(ALARM)
    hand(stage, "bell", "ortiz")
    stage.people["ortiz"].tap(TAKE)
    stage.run()
    bell = len(told(stage, "bell"))
    stage.wait(minutes=65)
    assert len(told(stage, "bell")) == bell


def test_an_alert_can_be_handed_back_and_on_again(noor: Student) -> None:
    stage = noor.stage
    noor.say(ALARM)
    for by, to in (("bell", "ortiz"), ("ortiz", "bell"), ("bell", "ortiz")):
        stage.wait(minutes=1)
        hand(stage, by, to)
    assert [row for row in history(stage) if row[0] == "handed"] == [
        ("handed", "bell", "ortiz"), ("handed", "ortiz", "bell"), ("handed", "bell", "ortiz"),
    ]  # fmt: skip
    assert told(stage, "ortiz")[-1].startswith("Ms. Bell handed you an alert")


@pytest.mark.parametrize("to", ["okafor", "noor", "bell", "tan", ""])
def test_it_is_handed_only_to_another_counselor_who_can_be_told(noor: Student, to: str) -> None:
    stage = noor.stage
    noor.say(ALARM)
    with stage.bot.house.store.read() as connection:
        number = connection.scalar(select(Person.id).where(Person.key == to)) if to else 999_999
        alert = connection.scalar(select(Alert.id))
    assert number is not None
    assert alert is not None
    bell = stage.people["bell"].id
    assert watching.hand_over(stage.bot.house, stage.bot.workspace, bell, alert, number, "forged") == []
    assert "handed" not in [act for act, *_ in history(stage)]


@pytest.mark.parametrize("who", ["okafor", "tan", "noor", "amal"])
def test_nobody_but_a_counselor_hands_one_over(noor: Student, who: str) -> None:
    stage = noor.stage
    noor.say(ALARM)
    with stage.bot.house.store.read() as connection:
        ortiz = connection.scalar(select(Person.id).where(Person.key == "ortiz"))
        alert = connection.scalar(select(Alert.id))
    assert ortiz is not None
    assert alert is not None
    slack_id = stage.people[who].id
    assert watching.hand_over(stage.bot.house, stage.bot.workspace, slack_id, alert, ortiz, "forged") == []
    assert "handed" not in [act for act, *_ in history(stage)]


def test_a_tap_that_comes_twice_hands_over_once(noor: Student) -> None:
    stage = noor.stage
    noor.say(ALARM)
    with stage.bot.house.store.read() as connection:
        ortiz = connection.scalar(select(Person.id).where(Person.key == "ortiz")) or 0
        alert = connection.scalar(select(Alert.id)) or 0
    for _ in range(2):
        house, bell = stage.bot.house, stage.people["bell"].id
        watching.hand_over(house, stage.bot.workspace, bell, alert, ortiz, "tap:1")
    assert [act for act, *_ in history(stage)].count("handed") == 1


def test_who_is_a_counselor_no_more_can_neither_open_nor_take_it(noor: Student) -> None:
    stage = noor.stage
    noor.say(ALARM)
    load(stage, {'counselors = ["bell", "ortiz"]': 'counselors = ["ortiz"]'})
    stage.people["bell"].tap(OPEN)
    stage.people["bell"].tap(TAKE)
    assert stage.people["bell"].modal is None
    assert [act for act, *_ in history(stage)] == ["raised", "told"]


# -- counselors who cannot be reached --------------------------------------------------------------------------------


def test_a_refused_alert_is_told_to_the_next_at_once_and_once_only(noor: Student) -> None:
    stage = noor.stage
    refuse(stage, "bell")
    noor.say(ALARM)
    stage.wait(minutes=1)
    assert len(told(stage, "ortiz")) == 1
    assert "My message to Ms. Bell did not arrive." in told(stage, "ortiz")[0]
    stage.wait(minutes=65)
    assert len(told(stage, "ortiz")) == 1


def test_an_alert_that_reaches_nobody_is_told_to_the_coordinators_without_words_or_name(
    noor: Student, caplog: pytest.LogCaptureFixture
) -> None:
    stage = noor.stage
    refuse(stage, "bell", "ortiz")
    with caplog.at_level(logging.INFO):
        noor.say(ALARM)
        stage.wait(minutes=1)
    (letter,) = told(stage, "tan")
    assert letter.startswith("A safeguarding alert reached none of your counselors.")
    assert "Noor" not in letter
    assert "kill" not in letter
    assert "alert_reached_nobody" in caplog.text
    assert "Noor" not in caplog.text
    stage.wait(minutes=65)
    assert len(told(stage, "tan")) == 1


def test_with_no_counselor_on_slack_at_all_the_coordinators_are_told(stage: Stage) -> None:
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key.in_(("bell", "ortiz"))).values(slack_id=None))
    Student(stage).say(ALARM)
    assert told(stage, "tan")[-1].startswith("A safeguarding alert reached none of your counselors.")


def test_where_one_counselor_has_it_another_who_is_refused_is_nobodys_business(noor: Student) -> None:
    stage = noor.stage
    refuse(stage, "ortiz")
    noor.say(ALARM)
    stage.wait(minutes=31)
    assert told(stage, "tan") == []


def test_handed_to_somebody_who_cannot_be_reached_it_comes_back_at_once(noor: Student) -> None:
    stage = noor.stage
    noor.say(ALARM)
    refuse(stage, "ortiz")
    hand(stage, "bell", "ortiz")
    stage.wait(minutes=1)
    assert "My message to Mr. Ortiz did not arrive." in told(stage, "bell")[-1]


# -- everything that is written --------------------------------------------------------------------------------------


def alarms(stage: Stage) -> int:
    """How many alerts there are."""
    with stage.bot.house.store.read() as connection:
        return len(connection.scalars(select(Alert.id)).all())


Way = Callable[[Student], object]
WAYS: Mapping[str, Way] = {
    "a message": lambda noor: noor.say(ALARM),
    "an edit": lambda noor: noor.edit(noor.say(LETTER["learner"]), ALARM),
    "/me": lambda noor: noor.person.dm(ALARM, subtype="me_message"),
    "the name of a file": lambda noor: noor.share("", f"{ALARM}.png"),
    "the words with a file": lambda noor: noor.share(ALARM),
    "a link's words": lambda noor: noor.say(f"<https://school.example/a|{ALARM}>"),
    "a reply in a thread": lambda noor: noor.person.dm(ALARM, thread=noor.last.ts),
    "a reply that is sent to the chat as well": lambda noor: noor.person.dm(ALARM, thread=noor.last.ts, broadcast=True),
    "a command": lambda noor: noor.person.command("/conference", ALARM),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_words_are_found_wherever_a_student_writes_them(noor: Student, way: str) -> None:
    WAYS[way](noor)
    noor.let()
    assert alarms(noor.stage) == 1
    assert ALARM in opened(noor.stage)
    assert ALARM not in everything_said(noor.stage)


def test_an_adults_edit_is_read_too(stage: Stage) -> None:
    amal = stage.people["amal"]
    ts = amal.dm("hello")
    amal.edit(ts, "noor told me she wants to kill herself")
    stage.run()
    assert alarms(stage) == 1
    assert "wants to kill herself" in opened(stage)
    assert "call or text 988" in amal.sees()[-1].shown


def test_an_adults_edit_that_is_nothing_is_not_answered(stage: Stage) -> None:
    amal = stage.people["amal"]
    ts = amal.dm("hello")
    stage.run()
    count = len(amal.sees())
    amal.edit(ts, "hello there")
    stage.run()
    assert len(amal.sees()) == count


@pytest.mark.parametrize("way", ["message", "edit", "command"])
def test_words_of_a_student_nobody_has_met_are_found_in_every_way(stage: Stage, way: str) -> None:
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == "noor").values(slack_id=None))
    noor = Student(stage)
    if way == "command":
        noor.person.command("/conference", ALARM)
    else:
        ts = noor.person.dm(ALARM if way == "message" else "hi")
        if way == "edit":
            noor.person.edit(ts, ALARM)
    noor.let()
    assert alarms(stage) == 1
    assert ALARM in opened(stage)


def test_a_strangers_edit_and_command_show_where_help_is(stage: Stage) -> None:
    robin = stage.workspace.person("Robin Vale", "UROBIN", "robin@elsewhere.example")
    ts = robin.dm("hello")
    stage.run()
    robin.edit(ts, ALARM)
    stage.run()
    assert "call or text 988" in robin.sees()[-1].shown
    count = len(robin.sees())
    robin.command("/conference", ALARM)
    stage.run()
    assert len(robin.sees()) > count
    assert "call or text 988" in robin.sees()[-1].shown


def test_an_adults_words_are_kept_of_a_student_who_never_had_a_conference(
    store: Store, words: Words, tmp_path: Path
) -> None:
    line = "noor,Autumn 2026,2026-12-10,17:30,20,room 12,reyes lind\n"
    with staged(store, words, tmp_path / "school", {line: ""}) as stage:
        stage.people["amal"].dm("noor told me she wants to kill herself")
        stage.run()
        assert "wants to kill herself" in opened(stage)
        with store.read() as connection:
            kept = connection.execute(select(Note.conference_id, Person.key).join(Person, Person.id == Note.student_id))
            assert [tuple(row) for row in kept] == [(None, "noor")]


# -- hours -----------------------------------------------------------------------------------------------------------


def test_the_hours_of_the_school_are_told_at_the_start_and_with_an_alarm(stage: Stage) -> None:
    noor = Student(stage)
    noor.arrive()
    assert "Monday to Friday, 8:00 to 15:30" in noor.last.shown
    noor.say(ALARM)
    assert "There is somebody at school for this Monday to Friday, 8:00 to 15:30." in noor.last.shown


def test_a_school_that_says_no_hours_promises_none(store: Store, words: Words, tmp_path: Path) -> None:
    line = 'hours = "Monday to Friday, 8:00 to 15:30"\n'
    with staged(store, words, tmp_path / "school", {line: ""}) as stage:
        noor = Student(stage)
        noor.say(ALARM)
        assert "There is somebody" not in noor.last.shown
        assert "nobody watches this chat round the clock" in noor.last.shown


def test_what_waits_of_an_alert_bears_no_words(noor: Student) -> None:
    noor.say(ALARM)
    with noor.stage.bot.house.store.read() as connection:
        rows = connection.execute(select(deliveries.c.payload, deliveries.c.subject, deliveries.c.state)).all()
    of_alerts = [row for row in rows if row.subject.startswith("alert:")]
    assert {row.state for row in of_alerts} == {State.SENT, State.SCHEDULED}
    assert "kill myself" not in str([row.payload for row in of_alerts])
