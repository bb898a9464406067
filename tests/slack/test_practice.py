"""Script, rehearsal and lead mode as a student goes through them; the clock is set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.practice.message import Message
from bot.practice.stage import Stage
from bot.services.nudges import holding
from bot.services.nudges.days import calendar_of
from bot.services.script import runs, scripting
from bot.services.talk import greeting
from bot.store.models import Cue, Person, Run
from tests.slack.test_beside import Sitting
from tests.slack.test_opening import conference_of
from tests.stages import LETTER, Student, everything_said, told

MEETING = datetime(2026, 12, 10, 22, 30, tzinfo=UTC)
"""17:30 at the sample school: Noor's conference. At this school's level ten of its twenty minutes are the student's."""

CARDS = 6
EXPLICIT = "honestly i want to kill myself and nobody knows"


def after(student: Student, seconds: float, label: str, message: Message | None = None) -> None:
    """Tap after so many seconds (one passes with each tap)."""
    student.stage.clock.advance(seconds - 1)
    student.tap(label, message)


def card(student: Student) -> Message:
    """The message in which the cards are."""
    return [one for one in student.heard if f" of {CARDS}" in one.shown][-1]


def rows(stage: Stage) -> Sequence[Any]:
    with stage.bot.house.store.read() as connection:
        return connection.execute(select(*Run.__table__.c).order_by(Run.id)).all()


def held(stage: Stage, key: str = "noor") -> set[str]:
    """The conditions about rehearsing that hold for a student's conference."""
    with stage.bot.house.store.read() as connection:
        team = stage.workspace.team_id
        student = connection.scalar(select(Person.id).where(Person.key == key))
        found = holding.holds(connection, team, calendar_of(connection, team), None, stage.clock())
    return {name.partition("@")[0] for name in found[student or 0] if name.startswith("rehearsed")}


def rehearse(student: Student, seconds: Sequence[float]) -> None:
    """From the first card to the question at the end."""
    for each in seconds:
        after(student, each, "Next")


def test_two_runs_card_by_card_against_the_clock(noor: Student) -> None:
    noor.arrive()
    assert held(noor.stage) == {"rehearsed", "rehearsed_twice"}, "there are other things to do first"
    noor.finish()
    assert "Next, say it out loud once" in noor.last.shown
    assert held(noor.stage) == set()
    noor.tap("Script and practice")
    assert "6 cards from your own words, 10 minutes" in noor.last.shown
    noor.tap("Run 1")
    before = len(noor.heard)
    noor.tap("2")
    assert "1 · Welcome" in card(noor).shown
    assert "card 1 of 6" in card(noor).shown
    after(noor, 100, "Next")
    assert "Welcome took 1:40 of 1 min" in card(noor).shown
    assert LETTER["learner"] in card(noor).shown
    first = card(noor)
    noor.tap("I paused here")
    assert "you paused here" in card(noor).shown
    noor.tap("Next", first)
    noor.tap("Next", first)  # the other of two taps of an impatient thumb
    assert "card 3 of 6" in card(noor).shown
    noor.tap("Stop")
    assert "Stopped at card 3 of 6" in noor.last.shown
    after(noor, 3600, "Go on")  # a break is nobody's time
    rehearse(noor, [60, 60, 60, 60])
    assert "That was run 1: 5:42 of 10 min. You paused at Who I am as a learner." in noor.last.shown.replace("*", "")
    noor.tap("4")
    assert "How sure you felt: 2 before, 4 now." in noor.last.shown
    assert len(noor.heard) == before, "one message, said anew"
    assert held(noor.stage) == {"rehearsed"}
    noor.tap("Run 2")
    noor.tap("3")
    rehearse(noor, [90] * CARDS)
    noor.tap("5")
    assert "The run before took 5:42 with 1 pause; this one 9:00 with none." in noor.last.shown
    assert held(noor.stage) == {"rehearsed", "rehearsed_twice"}
    with noor.stage.bot.house.store.read() as connection:
        done = scripting.runs_of(connection, noor.stage.workspace.team_id, conference_of(noor.stage, "noor"))
    assert [(run.number, run.before, run.after, run.seconds, run.paused) for run in done] == [
        (1, 2, 4, 342, 1), (2, 3, 5, 540, 0),
    ]  # fmt: skip
    noor.say("menu")
    assert "Script and practice · done" in noor.last.shown.replace("*", "")


def test_an_old_card_changes_nothing(noor: Student) -> None:
    noor.finish()
    noor.tap("Script and practice")
    offered = noor.last
    noor.tap("Run 1")
    noor.tap("Run 1", offered)
    assert len(rows(noor.stage)) == 1
    assert [one.shown for one in noor.heard].count(noor.last.shown) == 1
    noor.tap("1")
    noor.tap("Next")
    old = card(noor)
    noor.say("practice")
    offered = noor.last
    noor.tap("Go on at card 2")
    said = len(noor.heard)
    noor.tap("Go on at card 2", offered)
    assert len(noor.heard) == said
    noor.tap("Next")
    noor.tap("Next", old)
    assert noor.last.shown == "You're already on card 3 of 6, in a newer message. Nothing changed."
    assert rows(noor.stage)[0].position == 2
    assert "card 2 of 6" in next(one for one in noor.heard if one.ts == old.ts).shown


def test_what_was_left_half_way_goes_on_unless_it_is_begun_again(noor: Student) -> None:
    noor.finish()
    noor.tap("Script and practice")
    offered = noor.last
    noor.tap("Run 1")
    noor.tap("2")
    rehearse(noor, [60, 60])
    noor.tap("Stop")
    after(noor, 3600, "Run 1", offered)
    assert "card 3 of 6" in noor.last.shown
    assert [one["seconds"] for one in rows(noor.stage)[0].cards][:2] == [60, 60]
    noor.tap("Stop")
    noor.tap("Start again")
    assert rows(noor.stage)[0].cards == []


def test_what_is_typed_at_the_cards_is_a_tap_on_them(noor: Student) -> None:
    noor.finish()
    noor.say("rehearsal")
    noor.tap("Run 1")
    noor.say("2")
    assert "1 · Welcome" in noor.last.shown
    noor.say("Next!")
    assert "card 2 of 6" in noor.last.shown
    noor.say("stop")
    assert "Stopped at card 2 of 6" in noor.last.shown
    noor.tap("Go on")
    assert "card 2 of 6" in noor.last.shown
    for _ in range(5):
        noor.say("continue")
    assert "That was run 1" in noor.last.shown.replace("*", "")
    noor.say("like a 4")
    assert "How sure you felt: 2 before, 4 now." in noor.last.shown
    noor.tap("Run 2")
    noor.say(EXPLICIT)
    assert "Thank you for telling me" in noor.last.shown
    noor.say("3")
    assert rows(noor.stage)[1].before is None


def test_one_slip_of_the_thumb_does_not_end_the_meeting(noor: Student) -> None:
    noor.finish()
    noor.say("commitments")
    assert "Add what we agreed" in noor.last.buttons
    noor.stage.clock.set(MEETING)
    noor.say("lead")
    begin = noor.last
    noor.tap("Begin")
    noor.say("next")
    noor.say("im done")
    assert "1 minute, and you led it" in noor.last.shown
    noor.tap("Back to card 2")
    assert "Card 2 of 6" in noor.last.shown
    noor.say("stop")
    assert "Stopped at card 2 of 6" in noor.last.shown
    noor.tap("Go on")
    assert "Card 2 of 6" in noor.last.shown
    after(noor, 120, "Begin", begin)
    assert "Card 2 of 6" in noor.last.shown
    assert len(rows(noor.stage)) == 1


def test_a_card_is_changed_for_the_script_alone(noor: Student) -> None:
    noor.finish()
    noor.tap("Script and practice")
    noor.tap("Run 1")
    noor.tap("3")
    noor.tap("Next")
    mine = {"Who I am as a learner": "Hands first.\nMy cousin asks."}
    noor.person.tap("Change this card")
    noor.person.submit(values=mine)
    noor.let()
    assert "Hands first." in card(noor).shown
    assert LETTER["learner"] not in card(noor).shown
    noor.person.tap("Change this card")
    assert LETTER["learner"] not in str(noor.person.modal)
    noor.person.submit(values={"Who I am as a learner": ""})
    noor.let()
    assert LETTER["learner"] in card(noor).shown
    noor.person.tap("Change this card")
    noor.person.submit(values={"Who I am as a learner": EXPLICIT})
    noor.let()
    assert noor.person.modal is not None
    assert "Thank you for telling me, Noor." in noor.person.modal.shown
    assert "I've told Ms. Bell" in noor.last.shown, "the chat says so too, with the way on"
    assert noor.last.buttons == ("Go on",)
    assert any("Noor" in text for text in told(noor.stage, "bell"))
    waiting = noor.last
    before = rows(noor.stage)[0].position
    noor.tap("Next", card(noor))
    assert rows(noor.stage)[0].position == before, "a person reads first"
    noor.tap("Go on", waiting)
    noor.tap("Next", card(noor))
    assert rows(noor.stage)[0].position == before + 1
    assert EXPLICIT not in everything_said(noor.stage)
    with noor.stage.bot.house.store.read() as connection:
        assert connection.execute(select(Cue.text)).all() == []


def test_nobody_rehearses_while_a_person_is_to_read_first_nor_in_anothers_place(noor: Student) -> None:
    noor.finish()
    noor.tap("Script and practice")
    offered = noor.last
    noor.tap("Run 1")
    asked = noor.last
    theo = Student(noor.stage, "theo")
    theo.arrive()
    before = len(theo.heard)
    assert noor.person.workspace.people["UTHEO"].tap("2", asked).ok
    noor.stage.run()
    assert rows(noor.stage)[0].before is None
    assert len(theo.heard) == before
    noor.say(EXPLICIT)
    noor.tap("Run 1", offered)
    assert "Ms. Bell" in noor.last.shown
    noor.tap("2", asked)
    assert rows(noor.stage)[0].before is None


def test_the_cards_at_the_meeting_with_the_time_that_is_left(noor: Student) -> None:
    noor.finish()
    stage = noor.stage
    with stage.bot.house.store.write() as connection:
        person = greeting.person_in_slack(connection, stage.workspace.team_id, "UNOOR")
        assert person is not None
        early = scripting.lead(stage.bot.house, connection, person, stage.clock())
    assert early is not None
    assert early.template == "lead_not_now"
    stage.clock.set(MEETING)
    in_channel = len(noor.person.sees("conf-noor-12-10"))
    noor.person.command("/conference", "", "conf-noor-12-10")
    noor.tap("Script and practice", noor.person.ephemerals[-1])
    assert "your script is ready" in noor.last.shown
    noor.person.command("/conference", "lead", "conf-noor-12-10")
    assert "you lead now: 6 cards, 10 minutes" in noor.person.ephemerals[-1].shown
    noor.tap("Begin", noor.person.ephemerals[-1])
    up = noor.last
    assert len(noor.person.sees("conf-noor-12-10")) == in_channel, "the cards are for Noor alone"
    assert "Until 17:31 · 1 min for this, 9 for the rest" in up.shown.replace("*", "")
    after(noor, 180, "Next", up)
    assert "To end at 17:40, What I'm good at can take 2 min" in card(noor).shown.replace("*", "").replace("_", "")
    after(noor, 30, "Back")
    assert "Card 1 of 6" in noor.last.shown
    noor.tap("Next")
    rehearse(noor, [60, 200, 200, 60])
    assert "time is up" in noor.last.shown
    assert noor.last.ts == up.ts
    assert "Next" not in noor.last.buttons
    noor.tap("Finished")
    assert "That was your meeting, Noor: 12 minutes" in noor.last.shown
    assert noor.last.buttons == ("Add what we agreed",)
    noor.tap("Finished", up)
    assert rows(stage)[0].ended_at is not None
    assert len(rows(stage)) == 1
    stage.clock.advance(hours=3)
    with stage.bot.house.store.write() as connection:
        assert person is not None
        late = scripting.lead(stage.bot.house, connection, person, stage.clock())
    assert late is not None
    assert late.context["over"] is True
    noor.say("script")
    assert "your conference was on Thursday 10 December" in noor.last.shown


def test_beside_their_advisor_a_student_without_an_account_rehearses_too(stage: Stage) -> None:
    ravi = Sitting(stage)
    ravi.finish()
    ravi.tap("Script and practice")
    ravi.tap("Run 1")
    ravi.tap("3")
    ravi.tap("Next")
    assert "card 2 of 6" in ravi.heard[-1].shown
    ravi.person.tap("Change this card", ravi.heard[-1])
    ravi.person.submit(values={"Who I am as a learner": "Hands first."})
    ravi.let()
    assert "Hands first." in ravi.heard[-1].shown
    assert runs.Kind(rows(stage)[0].kind) is runs.Kind.REHEARSAL

    stage.plan()
    zone = ZoneInfo("America/New_York")
    list(stage.until(datetime(2026, 12, 14, 8, 0, tzinfo=zone)))
    eve, today = (
        one for one in ravi.person.sees() if one.app and "*Ravi leads" in f"*{one.shown}" and not one.thread_ts
    )
    assert "Monday 14" in eve.shown
    assert today.shown.startswith("Ravi leads today")
    assert "Lead mode" in eve.buttons
    list(stage.until(datetime(2026, 12, 14, 15, 50, tzinfo=zone)))
    ravi.person.tap("Lead mode", today)
    ravi.let()
    assert "you lead now" in ravi.heard[-1].shown
    ravi.person.command("/conference", "lead ravi")
    ravi.let()
    assert [one.shown for one in ravi.heard].count(ravi.heard[-1].shown) == 2
