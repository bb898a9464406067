"""More than one person may do in a while is left alone, and they are told; honest typing and alarms never are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.practice.stage import Stage
from bot.practice.targets import Ack, Delivery, Sort
from bot.slack.caps import DAY, LIMITS, MINUTE, Caps, Gesture, Limit
from bot.store.models import Answer
from bot.store.session import Store
from bot.words import Words
from scheduler.deliveries import State, deliveries
from scheduler.pace import Limits, Pace
from tests.stages import LETTER, Student, staged, told

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
MUCH = "more than I can take in at once"
MESSAGES, DAILY = LIMITS[Gesture.MESSAGE]
TAPS, COMMANDS, FORMS, HOMES = (
    LIMITS[one][0].most for one in (Gesture.TAP, Gesture.COMMAND, Gesture.FORM, Gesture.HOME)
)


def taken(caps: Caps, seconds: float, gesture: Gesture = Gesture.MESSAGE, who: str = "UNOOR") -> bool:
    return caps.take(gesture, "T1", who, NOON + timedelta(seconds=seconds)) is None


# -- the windows -----------------------------------------------------------------------------------------------------


def test_ten_short_messages_in_twenty_seconds_are_taken_all_day_long() -> None:
    caps = Caps()
    bursts = [3 * 60 * burst + 2 * one for burst in range(59) for one in range(10)]
    assert all(taken(caps, second) for second in bursts)


def test_the_thirty_first_message_of_a_minute_is_too_much_and_the_first_after_it_is_not() -> None:
    caps = Caps()
    assert [taken(caps, second) for second in range(MESSAGES.most + 1)] == [True] * MESSAGES.most + [False]
    assert not taken(caps, 59.9)
    assert taken(caps, 60)
    assert not taken(caps, 60.5)


def test_the_six_hundred_and_first_message_of_a_day_is_too_much() -> None:
    caps = Caps()
    assert all(taken(caps, 60 * number) for number in range(DAILY.most))
    over = caps.take(Gesture.MESSAGE, "T1", "UNOOR", NOON + timedelta(minutes=DAILY.most))
    assert over is not None
    assert over.limit.span == DAY
    assert taken(caps, DAY.total_seconds())


def test_each_person_workspace_and_gesture_counts_for_itself() -> None:
    caps = Caps({gesture: (Limit(1, MINUTE),) for gesture in Gesture})
    assert taken(caps, 0)
    assert not taken(caps, 0)
    assert taken(caps, 0, Gesture.TAP)
    assert taken(caps, 0, who="UTHEO")
    assert caps.take(Gesture.MESSAGE, "T2", "UNOOR", NOON) is None


def test_whoever_goes_on_is_told_once_in_a_minute() -> None:
    caps = Caps()
    found = [caps.take(Gesture.TAP, "T1", "UNOOR", NOON + timedelta(seconds=second / 4)) for second in range(4 * 150)]
    moments = [place / 4 for place, over in enumerate(found) if over is not None and over.first]
    assert len(moments) == 3
    assert min(later - sooner for sooner, later in pairwise(moments)) >= 60


@given(st.lists(st.floats(0, 20), max_size=200), st.integers(1, 5))
def test_no_span_of_time_ever_holds_more_than_the_limit(gaps: list[float], most: int) -> None:
    caps, second, kept = Caps({Gesture.TAP: (Limit(most, MINUTE),)}), 0.0, list[float]()
    for gap in gaps:
        second = round(second + gap, 3)
        if taken(caps, second, Gesture.TAP):
            kept.append(second)
        else:
            assert len([one for one in kept if one > second - 60.001]) >= most
    assert all(later - sooner >= 59.999 for sooner, later in zip(kept, kept[most:], strict=False))


def test_what_is_kept_is_bounded() -> None:
    caps = Caps(most=100)
    for number in range(1000):
        caps.take(Gesture.MESSAGE, "T1", f"U{number}", NOON)
    assert len(caps) == 100


# -- on stage --------------------------------------------------------------------------------------------------------


@pytest.fixture
def capped(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with staged(store, words, tmp_path / "school", caps=Caps()) as stage:
        yield stage


@pytest.fixture
def noor(capped: Stage) -> Student:
    student = Student(capped)
    student.arrive()
    student.tap("Start")
    return student


def answers(stage: Stage) -> list[str]:
    with stage.bot.house.store.read() as connection:
        return list(connection.scalars(select(Answer.text).order_by(Answer.id)))


def flood(noor: Student, count: int, words: str = "and then {}") -> None:
    """So many messages at one instant, all acked."""
    for number in range(count):
        noor.person.dm(words.format(number))
    noor.stage.workspace.events.settle()
    noor.stage.run()


def refusals(noor: Student) -> list[str]:
    return [one for one in told(noor.stage, noor.key) if MUCH in one or "más de lo que puedo" in one]


def test_ten_messages_in_twenty_seconds_are_all_heard(noor: Student) -> None:
    before = len(answers(noor.stage))
    for number in range(10):
        noor.person.dm(f"When I build part {number} with my hands it clicks.")
        noor.stage.clock.advance(2)
    noor.let()
    assert len(answers(noor.stage)) == before + 10
    assert refusals(noor) == []


def test_a_flood_is_told_once_and_not_taken_in(noor: Student) -> None:
    flood(noor, MESSAGES.most)
    before = answers(noor.stage)
    assert refusals(noor) == []
    flood(noor, 40, "too much {}")
    assert answers(noor.stage) == before
    assert len(refusals(noor)) == 1
    assert "tell an adult near you" in refusals(noor)[0]
    assert noor.person.trouble == []
    noor.stage.clock.advance(minutes=1)
    noor.say(LETTER["learner"])
    assert LETTER["learner"] in answers(noor.stage)


def test_a_flood_by_somebody_who_chose_spanish_is_told_in_spanish(noor: Student) -> None:
    noor.person.command("/conference", "language español")
    noor.let()
    flood(noor, MESSAGES.most + 5)
    (told_so,) = refusals(noor)
    assert "Fue más de lo que puedo recibir de una vez" in told_so


def test_a_flood_by_one_keeps_nobody_else_waiting(noor: Student) -> None:
    """At Slack's own pace, at one instant: most answers to the flood wait, each in its turn; Mina's does not."""
    stage = noor.stage
    mina = Student(stage, "mina")
    mina.arrive()
    mina.tap("Start")
    stage.bot.dispatcher._lanes._pace = Pace(Limits())
    heard = len(mina.heard)
    for _ in range(300):
        noor.person.dm("help")
    mina.person.dm(LETTER["learner"])
    stage.workspace.events.settle()
    stage.run()
    assert len(mina.heard) == heard + 1
    assert "What are you learning right now?" in mina.last.shown
    assert waiting(stage, "UNOOR") > 0
    assert waiting(stage, "UMINA") == 0
    assert waiting(stage, "UNOOR") <= MESSAGES.most + 1


def waiting(stage: Stage, slack_id: str) -> int:
    """How much has not gone out yet to somebody."""
    open_ = deliveries.c.state.in_([State.SCHEDULED, State.SENDING])
    with stage.bot.house.store.read() as connection:
        return connection.scalar(select(func.count()).where(deliveries.c.recipient == slack_id, open_)) or 0


def test_in_a_flood_an_alarm_is_heard_and_so_is_all_that_follows(noor: Student) -> None:
    flood(noor, MESSAGES.most + 5)
    noor.say("I want to kill myself")
    assert "I want to kill myself" in answers(noor.stage)
    assert [one for one in told(noor.stage, "bell") if "Noor" in one] != []
    noor.say("please can somebody come")
    assert "please can somebody come" in answers(noor.stage)


def test_in_a_flood_an_alarm_in_an_edit_is_heard(noor: Student) -> None:
    ts = noor.say("When I build it with my hands.")
    flood(noor, MESSAGES.most + 5)
    noor.edit(ts, "I want to kill myself")
    assert "I want to kill myself" in answers(noor.stage)


def test_in_a_flood_something_can_be_taken_back(noor: Student) -> None:
    ts = noor.say("When I build it with my hands it clicks for me.")
    flood(noor, MESSAGES.most + 5)
    before = len(answers(noor.stage))
    noor.delete(ts)
    assert len(answers(noor.stage)) == before + 1


def test_taking_much_back_leaves_room_for_new_words(noor: Student) -> None:
    sent = []
    for number in range(MESSAGES.most):
        sent.append(noor.say(f"When I build part {number} with my hands it clicks."))
        noor.stage.clock.advance(4)
    noor.stage.clock.advance(minutes=1)
    for ts in sent:
        noor.person.delete(ts)
    noor.let()
    before = len(noor.heard)
    noor.say("help")
    assert len(noor.heard) == before + 1
    assert refusals(noor) == []


def test_a_stranger_who_floods_is_told_in_the_schools_language(capped: Stage) -> None:
    stranger = capped.workspace.person("Sam Stranger", "USTRANGER", "sam@elsewhere.example")
    for number in range(MESSAGES.most + 5):
        stranger.dm(f"hello {number}")
    capped.workspace.events.settle()
    capped.run()
    heard = [message.shown for message in stranger.sees() if message.app]
    assert len([one for one in heard if MUCH in one]) == 1


def test_taps_beyond_the_cap_are_acked_and_told_once(noor: Student) -> None:
    message = noor.last
    label = message.buttons[0]
    for _ in range(TAPS + 20):
        assert noor.person.tap(label, message).ok
    noor.let()
    assert len(refusals(noor)) == 1


def test_a_counselors_taps_on_an_alert_are_never_too_many(noor: Student) -> None:
    noor.say("I want to kill myself")
    bell = Student(noor.stage, "bell")
    alert = next(one for one in reversed(bell.heard) if "Open it for you alone" in one.buttons)
    for _ in range(TAPS + 10):
        assert bell.person.tap("Open it for you alone", alert).ok
        bell.person.modals.clear()
    assert bell.person.tap("Open it for you alone", alert).ok
    assert bell.person.modal is not None


def test_commands_beyond_the_cap_are_answered_once_and_an_alarming_one_is_heard(noor: Student) -> None:
    for _ in range(COMMANDS + 5):
        assert noor.person.command("/conference", "help").ok
    shown = [one.text for one in noor.person.ephemerals]
    assert len([one for one in shown if MUCH in one]) == 1
    assert len(shown) == COMMANDS + 1
    assert noor.person.command("/conference", "I want to kill myself").ok
    noor.let()
    assert "I want to kill myself" in answers(noor.stage)


def test_homes_beyond_the_cap_stay_as_they_are(noor: Student) -> None:
    before = _published(noor.stage)
    for _ in range(HOMES + 10):
        noor.person.open_home("home")
    noor.let()
    assert _published(noor.stage) - before <= HOMES
    assert noor.person.home is not None


def test_a_window_beyond_the_cap_stays_open_with_a_word_and_an_alarming_one_is_taken(noor: Student) -> None:
    for _ in range(FORMS):
        assert "errors" not in submit(noor, "an idea").body
    refused = submit(noor, "an idea").body
    assert refused["response_action"] == "errors"
    assert MUCH in refused["errors"]["text.0"]
    assert "errors" not in submit(noor, "I want to kill myself").body


def submit(noor: Student, words: str) -> Ack:
    """A window of nobody's making, submitted by Noor."""
    state = {"values": {"text.0": {"text": {"type": "plain_text_input", "value": words}}}}
    view = {"callback_id": "form:commit", "private_metadata": "1", "state": state, "type": "modal"}
    payload = noor.person._interaction("view_submission", trigger_id="1.1.x")
    payload["view"] = view | {"id": noor.stage.workspace.new_id("V")}
    return noor.stage.workspace.events.bring(Delivery(Sort.INTERACTION, payload))


def _published(stage: Stage) -> int:
    return len([one for one in stage.workspace.calls if one.method == "views.publish"])
