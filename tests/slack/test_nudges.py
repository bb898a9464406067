"""Nudges as their receivers get them: once, when they are due, with the reason, and not when they are not wanted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from bot.practice.message import Message
from bot.practice.stage import MONDAY, Stage, set_up
from bot.services.nudges.foretelling import page
from bot.services.nudges.foretelling import told as explained
from bot.services.nudges.quarter import quarter_of, replan
from bot.services.nudges.snoozing import remind, snooze
from bot.store.models import Answer, Conference, Conversation, Person, School, Term
from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import State, deliveries
from tests.stages import Student, school, url_of

NEW_YORK = ZoneInfo("America/New_York")
WHY = "Why you get this"


def at(stage: Stage, day: int, clock: str, month: int = 12) -> None:
    """Let it be a moment of the school's clock, and the bot do what has come due by then."""
    hour, minute = map(int, clock.split(":"))
    moment = datetime(2026, month, day, hour, minute, tzinfo=NEW_YORK)
    stage.clock.advance(seconds=(moment - stage.clock()).total_seconds())
    stage.run()


def plan(stage: Stage) -> list[str]:
    """Plan the quarter; what that changed, in words."""
    house = stage.bot.house
    return explained(replan(house.store, house.outbox, stage.workspace.team_id, house.clock()))


def nudges(stage: Stage, key: str = "noor") -> list[Message]:
    """What somebody was nudged by."""
    return [one for one in stage.people[key].sees() if one.app and WHY in one.text]


def reasons(stage: Stage, step: str, key: str = "noor") -> set[tuple[str, str | None]]:
    """State and reason of the deliveries of a step about somebody."""
    with stage.bot.house.store.read() as connection:
        person = connection.scalar(select(Person.id).where(Person.key == key))
        rows = connection.execute(
            select(deliveries.c.state, deliveries.c.reason).where(
                deliveries.c.subject == f"person:{person}", deliveries.c.dedupe_key.contains(f":{step}:")
            )
        )
        return {(row.state, row.reason) for row in rows}


def change(stage: Stage, key: str, **values: object) -> None:
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == key).values(**values))


KEPT = ("noor", "theo", "ravi", "mateo", "zara")
"""A school of five: every nudge goes to all students of a school, and one is looked at."""


def _is_kept(row: str) -> bool:
    """Whether a row of the roster or of the conferences is about nobody but these five."""
    key, role, *_ = cells = row.split(",")
    if role == "family":
        return set(cells[6].split()) <= set(KEPT)
    return key in KEPT or role in ("advisor", "teacher", "counselor", "coordinator")


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    folder = school(tmp_path / "school")
    for name in ("roster.csv", "conferences.csv"):
        head, *rows = (folder / name).read_text(encoding="utf-8").splitlines()
        (folder / name).write_text("\n".join([head, *filter(_is_kept, rows)]), encoding="utf-8")
    with set_up(url_of(store), folder, words, MONDAY) as stage:
        yield stage


@pytest.fixture
def met(noor: Student) -> Student:
    """A student who has said hello, in a school whose quarter is planned."""
    noor.arrive()
    plan(noor.stage)
    return noor


def test_a_nudge_says_why_it_came_and_starts_the_flow_with_one_tap(met: Student) -> None:
    at(met.stage, 30, "15:29", 11)
    assert nudges(met.stage) == []
    at(met.stage, 30, "15:30", 11)
    (nudge,) = nudges(met.stage)
    assert "Noor, your conference is on Thursday 10 December. It starts with a short letter" in nudge.text
    met.tap("Start" if "Start" in nudge.buttons else "Go on", nudge)
    assert "Your letter · 1 of" in met.last.shown


def test_of_two_steps_on_one_date_the_second_comes_on_the_next(met: Student) -> None:
    at(met.stage, 30, "15:30", 11)
    assert len(nudges(met.stage)) == 1
    assert plan(met.stage) == []
    at(met.stage, 30, "19:59", 11)
    assert len(nudges(met.stage)) == 1
    at(met.stage, 1, "15:30")
    assert len(nudges(met.stage)) == 2
    at(met.stage, 1, "23:00")
    assert len(nudges(met.stage)) == 2


def test_what_was_done_meanwhile_is_not_asked_for(met: Student) -> None:
    met.answer()
    at(met.stage, 30, "15:30", 11)
    assert ("cancelled", "done") in reasons(met.stage, "letter")
    assert not [one for one in nudges(met.stage) if "letter" in one.text]


def test_before_the_first_word_a_nudge_introduces_the_coach(stage: Stage, noor: Student) -> None:
    plan(stage)
    at(stage, 30, "15:30", 11)
    (nudge,) = nudges(stage)
    assert "I'm Conference Coach, a program" in nudge.text
    noor.tap("Start", nudge)
    assert "I'm a program, not a person" in noor.last.shown


def test_put_off_till_tomorrow_it_comes_tomorrow_at_the_same_hour(met: Student) -> None:
    at(met.stage, 30, "15:30", 11)
    (nudge,) = nudges(met.stage)
    met.tap("Tomorrow", nudge)
    (changed,) = [one for one in met.person.sees() if one.ts == nudge.ts]
    assert changed.text == "Okay, later. I'll ask again on Tuesday 1 December at 15:30."
    assert changed.buttons == ()
    met.tap("Tomorrow", nudge)  # the other of two taps of an impatient thumb
    plan(met.stage)
    at(met.stage, 1, "15:29")
    assert nudges(met.stage) == []
    at(met.stage, 1, "15:31")
    at(met.stage, 3, "20:00")
    assert len([one for one in nudges(met.stage) if "a short letter" in one.text]) == 1


def test_no_more_reminders_means_none_until_they_are_wanted_again(met: Student) -> None:
    at(met.stage, 30, "15:30", 11)
    (nudge,) = nudges(met.stage)
    met.tap("No more reminders", nudge)
    plan(met.stage)
    at(met.stage, 7, "20:00")
    assert nudges(met.stage) == []
    (changed,) = [one for one in met.person.sees() if one.ts == nudge.ts]
    met.tap("Remind me again", changed)
    plan(met.stage)
    at(met.stage, 9, "16:00")
    assert len(nudges(met.stage)) == 1


def test_two_without_an_answer_are_enough_and_the_advisor_is_told_once(met: Student) -> None:
    for day in (1, 2, 3):
        at(met.stage, day, "16:00")
        plan(met.stage)
    assert len(nudges(met.stage)) == 2
    at(met.stage, 4, "12:00")
    plan(met.stage)
    at(met.stage, 7, "20:00")
    plan(met.stage)
    assert len(nudges(met.stage)) == 2
    heard = [one for one in met.stage.people["okafor"].sees() if "unanswered" in one.text]
    assert len([one for one in heard if "Noor" in one.text]) == 1


def test_a_word_brings_the_reminders_back(met: Student) -> None:
    for day in (1, 2, 3, 4):
        at(met.stage, day, "16:00")
        plan(met.stage)
    assert len(nudges(met.stage)) == 2
    met.tap("Start", met.person.sees()[0])
    plan(met.stage)
    at(met.stage, 9, "16:00")
    assert len(nudges(met.stage)) > 2


def test_what_comes_due_at_night_waits_for_the_morning(met: Student) -> None:
    stopped = datetime(2026, 11, 30, 21, 0, tzinfo=NEW_YORK)
    met.stage.clock.advance(seconds=(stopped - met.stage.clock()).total_seconds())  # nobody was there to send it
    met.stage.run()
    assert nudges(met.stage) == []
    at(met.stage, 1, "06:59")
    assert nudges(met.stage) == []
    at(met.stage, 1, "07:00")
    assert len(nudges(met.stage)) == 1


def test_the_buttons_of_somebody_elses_nudge_do_nothing(met: Student) -> None:
    at(met.stage, 30, "15:30", 11)
    (nudge,) = nudges(met.stage)
    elements = [one for block in nudge.blocks for one in block.get("elements", ())]
    value = next(one["value"] for one in elements if ":off" in one.get("value", ""))
    theo = met.stage.people["theo"]
    assert snooze(met.stage.bot.house, met.stage.workspace.team_id, "x", theo.id, nudge.channel, value, nudge.ts) == []
    with met.stage.bot.house.store.read() as connection:
        assert connection.scalars(select(Person.key).where(Person.quiet_since.is_not(None))).all() == []


def test_while_a_person_is_to_read_what_was_written_no_nudge_comes(met: Student) -> None:
    met.say("honestly i want to kill myself and nobody knows")
    at(met.stage, 30, "15:30", 11)
    at(met.stage, 2, "20:00")
    assert nudges(met.stage) == []


def test_a_student_without_an_account_is_reminded_through_the_advisor(stage: Stage) -> None:
    plan(stage)
    at(stage, 4, "15:30")
    mine = [one for one in nudges(stage, "okafor") if "Ravi" in one.text]
    assert mine
    assert "Sit beside Ravi" in mine[0].buttons


def test_whoever_has_left_gets_nothing_more(met: Student) -> None:
    change(met.stage, "noor", active=False)
    at(met.stage, 9, "20:00")
    assert nudges(met.stage) == []
    plan(met.stage)
    assert {state for state, _ in reasons(met.stage, "reminder")} <= {State.CANCELLED.value}


def test_a_conference_that_moves_takes_along_what_is_not_sent_yet(met: Student) -> None:
    at(met.stage, 30, "15:30", 11)
    with met.stage.bot.house.store.write() as connection:
        noor = connection.scalar(select(Person.id).where(Person.key == "noor"))
        moved = update(Conference).where(Conference.student_id == noor)
        connection.execute(moved.values(date=date(2026, 12, 16)))
    lines = plan(met.stage)
    assert "  ~ Noor Haddad: approval Mon 7 Dec 15:30 → Fri 11 Dec 15:30" in lines
    assert not [line for line in lines if "letter" in line and "Noor" in line]
    assert plan(met.stage) == []
    for day in range(1, 11):
        at(met.stage, day, "15:45")
        met.say("menu")
    at(met.stage, 11, "15:30")
    assert reasons(met.stage, "approval") == {("sent", None)}
    (approval,) = [one for one in nudges(met.stage) if "line by line" in one.text]
    assert "Wednesday 16 December" in approval.text


def test_another_zone_moves_the_hour(met: Student) -> None:
    change(met.stage, "noor", time_zone="America/Los_Angeles")
    plan(met.stage)
    at(met.stage, 30, "18:29", 11)
    assert nudges(met.stage) == []
    at(met.stage, 30, "18:30", 11)
    assert len(nudges(met.stage)) == 1


def test_families_are_welcomed_and_reminded_in_their_language(stage: Stage) -> None:
    plan(stage)
    at(stage, 30, "17:30", 11)
    assert [one for one in stage.people["lucia"].sees() if one.app] == []  # it is said in the conference's channel
    (welcome, _) = stage.people["lucia"].sees("conf-mateo-12-10")
    assert "Mateo va a dirigir una reunión" in welcome.text
    at(stage, 9, "16:00")
    assert "Venga tal como es" in stage.people["lucia"].sees()[-1].text


def test_an_advisor_has_somebody_nudged_now_once_a_day(met: Student) -> None:
    stage, okafor = met.stage, met.stage.people["okafor"]
    with stage.bot.house.store.read() as connection:
        ids = dict(connection.execute(select(Person.key, Person.id)).all())

    def asks(key: str, tapped: str) -> str:
        put = remind(stage.bot.house, stage.workspace.team_id, tapped, okafor.id, "", str(ids[key]))
        stage.bot.dispatcher.hand_over(put)
        stage.run()
        said = [one for one in okafor.sees() if one.app]
        return said[-1].text if said else ""

    assert asks("noor", "1") == "I'm reminding Noor now."
    (nudge,) = [one for one in met.person.sees() if "asked me to check in" in one.text]
    assert "Go on" in nudge.buttons
    assert "already got a nudge" in asks("noor", "2")
    assert "Sit beside" in asks("ravi", "3")
    before = len(okafor.sees())
    asks("zara", "4")  # another advisor's
    assert len(okafor.sees()) == before
    change(stage, "theo", quiet_since=stage.clock())
    assert "asked for no reminders" in asks("theo", "5")


def test_the_agenda_goes_up_at_its_time(met: Student) -> None:
    met.answer()
    met.tap("That's my agenda") if "That's my agenda" in met.last.buttons else None
    with met.stage.bot.house.store.read() as connection:
        found = connection.execute(
            select(Conference.agenda_at, Conference.agenda_ts, Conversation.approved)
            .join(Conversation, Conversation.conference_id == Conference.id)
            .join(Person, Person.id == Conversation.person_id)
            .where(Person.key == "noor")
        ).one()
    assert found.agenda_at == datetime(2026, 12, 8, 16, 0, tzinfo=NEW_YORK)
    assert found.agenda_ts is None
    at(met.stage, 8, "16:00")
    with met.stage.bot.house.store.read() as connection:
        noor = connection.scalar(select(Person.id).where(Person.key == "noor"))
        assert connection.scalar(select(Conference.agenda_ts).where(Conference.student_id == noor))


def test_planning_again_changes_nothing(met: Student) -> None:
    assert plan(met.stage) == []
    met.stage.clock.advance(seconds=timedelta(hours=1).total_seconds())
    assert plan(met.stage) == []


def test_reminders_are_paused_and_resumed_by_a_command(met: Student) -> None:
    assert met.person.command("/conference", "pause").ok
    assert "no more reminders" in met.person.ephemerals[-1].text
    plan(met.stage)
    at(met.stage, 3, "20:00")
    assert nudges(met.stage) == []
    assert met.person.command("/conference", "resume").ok
    assert "I'll remind you again" in met.person.ephemerals[-1].text
    plan(met.stage)
    at(met.stage, 9, "16:00")
    assert len(nudges(met.stage)) == 1


def test_the_page_of_a_student_shows_what_comes_and_what_does_not(met: Student) -> None:
    stage = met.stage
    with stage.bot.house.store.read() as connection:
        noor = connection.scalar(select(Person.id).where(Person.key == "noor"))
        quarter = quarter_of(connection, stage.workspace.team_id, stage.clock(), noor, foretold=True)
    lines = page(quarter, noor, stage.clock()).splitlines()
    assert lines[0] == "Week of 30 November 2026"
    assert "  Mon 30 Nov  15:30  student  Noor Haddad   choose_evidence" in lines
    assert "  Tue  8 Dec  16:00  channel  the channel   agenda" in lines
    assert any("family_welcome" in line and "moved from Thu 26 Nov" in line for line in lines)
    assert any("not sent: limit (3 a week: choose_evidence, letter, next_step)" in line for line in lines)


def test_the_page_of_the_school_counts_who_is_alike(met: Student) -> None:
    stage = met.stage
    with stage.bot.house.store.read() as connection:
        quarter = quarter_of(connection, stage.workspace.team_id, stage.clock(), foretold=True)
    lines = page(quarter, None, stage.clock()).splitlines()
    assert any(line.split()[-5:] == ["16:00", "channel", "4", "channels", "agenda"] for line in lines)
    assert not any("Haddad" in line for line in lines)


@pytest.mark.parametrize("asking", [True, False])
def test_no_more_reminders_can_be_typed_and_is_no_answer(met: Student, asking: bool) -> None:
    if asking:
        met.tap("Start", met.person.sees()[0])
    met.say("stop remindng me")
    assert "no more reminders" in met.last.shown
    with met.stage.bot.house.store.read() as connection:
        assert connection.scalars(select(Answer.text)).all() == []
        assert connection.scalars(select(Person.key).where(Person.quiet_since.is_not(None))).all() == ["noor"]
    met.say("remind me again")
    with met.stage.bot.house.store.read() as connection:
        assert connection.scalars(select(Person.key).where(Person.quiet_since.is_not(None))).all() == []


def test_put_off_and_done_meanwhile_it_does_not_come(met: Student) -> None:
    at(met.stage, 30, "15:30", 11)
    (letter,) = nudges(met.stage)
    met.tap("Tomorrow", letter)
    met.answer()
    at(met.stage, 1, "15:45")
    assert not [one for one in nudges(met.stage) if "a short letter" in one.text]


def test_the_button_of_a_nudge_that_is_settled_says_so(met: Student) -> None:
    at(met.stage, 30, "15:30", 11)
    (letter,) = nudges(met.stage)
    met.answer()
    met.tap("Tomorrow", letter)
    assert "That one is settled" in next(one.text for one in met.person.sees() if one.ts == letter.ts)


def test_what_an_advisor_asked_for_takes_the_days_place_and_counts_for_no_silence(met: Student) -> None:
    stage, okafor = met.stage, met.stage.people["okafor"]
    with stage.bot.house.store.read() as connection:
        noor = connection.scalar(select(Person.id).where(Person.key == "noor"))
    put = remind(stage.bot.house, stage.workspace.team_id, "1", okafor.id, "", str(noor))
    stage.bot.dispatcher.hand_over(put)
    stage.run()
    at(stage, 30, "15:30", 11)
    assert len([one for one in met.person.sees() if WHY in one.text]) == 1
    for day in (1, 2):
        at(stage, day, "16:00")
        plan(stage)
    assert not [one for one in okafor.sees() if "unanswered" in one.text]


def test_near_the_conference_a_silent_student_is_asked_anew(stage: Stage, noor: Student) -> None:
    house = stage.bot.house
    stage.clock.set(datetime(2026, 11, 2, 9, 0, tzinfo=NEW_YORK))
    change(stage, "noor", since=stage.clock())
    noor.arrive()
    for day in (6, 13, 20, 24):
        at(stage, day, "16:00", 11)
        replan(house.store, house.outbox, stage.workspace.team_id, stage.clock())
    assert len(nudges(stage)) == 2
    for day in (1, 2):
        replan(house.store, house.outbox, stage.workspace.team_id, stage.clock())
        at(stage, day, "16:00")
    assert len(nudges(stage)) > 2


def test_a_familys_welcome_stays_when_they_want_no_more(stage: Stage) -> None:
    own = '[nudge.family_welcome]\nto = "family"\n'  # a school that writes to each of the family instead
    with stage.bot.house.store.write() as connection:
        connection.execute(update(School).values(cadence=own))
    plan(stage)
    at(stage, 30, "17:30", 11)
    lucia = stage.people["lucia"]
    (welcome,) = [one for one in lucia.sees() if one.app]
    lucia.tap("No más avisos", welcome)
    stage.run()
    assert welcome.text in [one.text for one in lucia.sees()]
    assert "No le escribiré más" in lucia.sees()[-1].text


def test_a_term_may_be_called_by_a_number(met: Student) -> None:
    with met.stage.bot.house.store.write() as connection:
        connection.execute(update(Term).values(name=Term.id))
        connection.execute(update(School).values(loaded_at=met.stage.clock()))
    plan(met.stage)
    with met.stage.bot.house.store.read() as connection:
        payloads = connection.scalars(
            select(deliveries.c.payload).where(deliveries.c.dedupe_key.contains(":hello:"))
        ).all()
    assert {payload["conference"] for payload in payloads} <= {0}


def test_what_an_advisor_asked_for_can_be_put_off_and_comes(met: Student) -> None:
    stage, okafor = met.stage, met.stage.people["okafor"]
    with stage.bot.house.store.read() as connection:
        noor = connection.scalar(select(Person.id).where(Person.key == "noor"))
    stage.bot.dispatcher.hand_over(remind(stage.bot.house, stage.workspace.team_id, "1", okafor.id, "", str(noor)))
    stage.run()
    (asked,) = nudges(stage)
    met.tap("Tomorrow", asked)
    at(stage, 1, "12:00")
    assert [one for one in nudges(stage) if "asked me to check in" in one.text]


def test_practice_is_called_for_when_all_is_written_and_the_cards_lead_on_the_day(met: Student) -> None:
    met.answer()
    met.approve()
    plan(met.stage)
    at(met.stage, 3, "15:30")
    nudge = nudges(met.stage)[-1]
    assert "say your conference out loud once" in nudge.text
    assert nudge.buttons[0] == "Script and practice"
    met.tap("Script and practice", nudge)
    assert "6 cards from your own words" in met.last.shown
    at(met.stage, 9, "16:00")
    assert "Lead mode" in nudges(met.stage)[-1].buttons
    at(met.stage, 10, "07:45")
    today = nudges(met.stage)[-1]
    assert "today you lead: 17:30, room 12" in today.text
    met.tap("Lead mode", today)
    assert "It opens on Thursday 10 December at 17:00" in met.last.shown
