"""The agenda goes into the channel at its time: approved, as it is; not approved, only the frame, until it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.practice import Fault
from bot.practice.channel import Channel
from bot.practice.message import Message
from bot.practice.stage import Stage
from bot.services.channels import channel as conferences
from bot.services.channels import opening, standing
from bot.services.speech import Kind
from bot.store.models import Conference, Conversation, Person
from scheduler.outbox import Draft
from tests.stages import LETTER, STRENGTHS, Student, agenda, but_the_cards, conference_channels, told

NAME = "conf-noor-12-10"
TUESDAY = datetime(2026, 12, 8, 21, 0, tzinfo=UTC)
"""16:00 at the sample school, two days before Noor's conference."""


def noors(stage: Stage) -> Any:
    """The row of Noor's conference."""
    with stage.bot.house.store.read() as connection:
        return connection.execute(
            select(*Conference.__table__.c)
            .join(Person, Person.id == Conference.student_id)
            .where(Person.slack_id == "UNOOR", Conference.cancelled.is_(False))
        ).one()


def change(stage: Stage, **values: Any) -> None:
    """Change Noor's conference as a load, or the plan, does."""
    mine = noors(stage).id
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Conference).where(Conference.id == mine).values(**values))


def conference_of(stage: Stage, key: str) -> int:
    """The id of a student's conference."""
    with stage.bot.house.store.read() as connection:
        asked = select(Conference.id).join(Person, Person.id == Conference.student_id).where(Person.key == key)
        return connection.scalars(asked).one()


def plan(stage: Stage, due: datetime = TUESDAY, key: str = "noor") -> None:
    """The agenda is due in the channel: known to the conference, and waiting in the outbox."""
    conference = conference_of(stage, key)
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Conference).where(Conference.id == conference).values(agenda_at=due))
    draft = Draft(
        workspace=stage.workspace.team_id,
        kind=Kind.OPENING,
        recipient=f"conference:{conference}",
        subject="person:1",
        payload={"conference": conference, "step": "agenda"},
        dedupe_key=f"nudge:agenda:{conference}",
        due_at=due,
    )
    with stage.bot.house.store.write() as connection:
        stage.bot.house.outbox.put(connection, [draft], stage.clock())


def open_again(stage: Stage) -> None:
    """A second opening of the same conference, as after a conference has moved."""
    conference, now = noors(stage).id, stage.clock()
    draft = Draft(
        workspace=stage.workspace.team_id, kind=Kind.OPENING, recipient=f"conference:{conference}", subject="person:1",
        payload={"conference": conference}, dedupe_key=f"nudge:again:{now}", due_at=now,
    )  # fmt: skip
    with stage.bot.house.store.write() as connection:
        stage.bot.house.outbox.put(connection, [draft], now)
    stage.run()


def time_comes(stage: Stage, moment: datetime = TUESDAY) -> None:
    """Go on to the moment the agenda is due, and until the advisor has heard of it."""
    stage.clock.advance((moment - stage.clock()).total_seconds())
    stage.run()
    stage.wait(seconds=1)
    stage.wait(minutes=2)


def channel_of(stage: Stage) -> Channel:
    found = stage.workspace.channel(NAME)
    assert found is not None
    return found


def only(stage: Stage) -> Message:
    """The one message in the channel but for the family's cards, and for the frame in a language of theirs."""
    message, *others = but_the_cards(channel_of(stage))
    assert all("Noor dirige" in other.shown and LETTER["learner"] not in message.shown for other in others)
    return message


def notices(stage: Stage, key: str) -> list[str]:
    """What somebody was told of an agenda that is not approved."""
    return [text for text in told(stage, key) if "none of Noor's words" in text or "nothing of yours" in text]


def words_in(stage: Stage) -> bool:
    """Whether any answer of Noor's stands in a channel."""
    shown = "\n".join(one.shown for each in conference_channels(stage) for one in each.messages.values())
    return any(answer in shown for answer in (*LETTER.values(), *STRENGTHS.values()))


# -- approved before its time ----------------------------------------------------------------------------------------


def test_an_agenda_approved_early_waits_for_its_time_in_a_channel_that_is_ready(noor: Student) -> None:
    plan(noor.stage)
    noor.finish()
    channel = channel_of(noor.stage)
    assert {"UNOOR", "UOKAFOR", "UREYES", "ULIND", "UAMAL", "UYUSUF"} < set(channel.members)
    assert but_the_cards(channel) == []
    time_comes(noor.stage)
    assert all(answer in only(noor.stage).shown for answer in (*LETTER.values(), *STRENGTHS.values()))
    assert channel.pins == [only(noor.stage).ts]
    assert notices(noor.stage, "noor") == notices(noor.stage, "okafor") == []


def test_the_student_is_told_when_it_will_be_posted(noor: Student) -> None:
    plan(noor.stage)
    noor.finish()
    assert "into your conference channel on *Tuesday 8 December at 16:00*" in noor.last.shown
    assert "Post it now" in noor.last.buttons


def test_the_app_home_says_when_too_until_it_stands_there(noor: Student) -> None:
    plan(noor.stage)
    noor.finish()
    line = "It goes into the channel on Tuesday 8 December at 16:00."
    assert line in home(noor)
    time_comes(noor.stage)
    assert line not in home(noor)


def home(noor: Student) -> str:
    noor.person.open_home()
    noor.let()
    assert noor.person.home is not None
    return noor.person.home.shown


def test_in_spanish_too(noor: Student) -> None:
    plan(noor.stage)
    noor.answer()
    with noor.stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.slack_id == "UNOOR").values(language="es"))
    noor.approve()
    assert "Va al canal de tu conferencia el *martes 8 de diciembre a las 16:00*" in noor.last.shown
    assert "Publicar ahora" in noor.last.buttons


def test_who_cannot_come_into_the_channel_is_known_early(noor: Student) -> None:
    with noor.stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.slack_id == "UAMAL").values(slack_id=None))
    plan(noor.stage)
    noor.finish()
    assert any("couldn't bring everyone" in text for text in told(noor.stage, "okafor"))
    assert but_the_cards(channel_of(noor.stage)) == []


def test_what_changes_before_its_time_shows_nothing_and_is_in_it_then(noor: Student) -> None:
    plan(noor.stage)
    noor.finish()
    noor.delete(noor.said["learner"])
    noor.edit(noor.said["learning"], "I am learning how big the planets are.")
    noor.review_again()
    noor.approve()
    assert "Tuesday 8 December at 16:00" in noor.last.shown
    assert but_the_cards(channel_of(noor.stage)) == []
    time_comes(noor.stage)
    assert LETTER["learner"] not in only(noor.stage).shown
    assert "I am learning how big the planets are." in only(noor.stage).shown


def test_a_photo_comes_with_the_agenda_not_before(noor: Student) -> None:
    plan(noor.stage)
    noor.finish(evidence="the timeline on the football field, I measured it")
    assert but_the_cards(channel_of(noor.stage)) == []
    time_comes(noor.stage)
    (copy,) = [message for message in but_the_cards(channel_of(noor.stage)) if message.files]
    assert copy.files[0]["permalink"] in but_the_cards(channel_of(noor.stage))[0].links


def test_whoever_joins_before_its_time_does_not_set_it_off(noor: Student) -> None:
    with noor.stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.slack_id == "UAMAL").values(slack_id=None))
    plan(noor.stage)
    noor.finish()
    noor.stage.people["amal"].open_home()
    noor.let()
    assert "UAMAL" in channel_of(noor.stage).members
    assert but_the_cards(channel_of(noor.stage)) == []


def test_an_agenda_approved_after_its_time_is_posted_at_once(noor: Student) -> None:
    noor.answer()
    plan(noor.stage)
    time_comes(noor.stage)
    noor.approve()
    assert "Post it now" not in noor.last.buttons
    assert LETTER["learner"] in only(noor.stage).shown


def test_a_stranger_holds_the_agenda_at_its_time_until_they_leave(noor: Student) -> None:
    stage = noor.stage
    plan(stage)
    noor.finish()
    robin = stage.workspace.person("Robin Vale", "UROBIN", "robin@elsewhere.example")
    stage.workspace.join(channel_of(stage), robin.id)
    time_comes(stage)
    assert but_the_cards(channel_of(stage)) == []
    assert [text for text in told(stage, "okafor") if "Robin Vale is in the channel" in text]
    robin.leave(NAME)
    stage.run()
    assert LETTER["learner"] in only(stage).shown


# -- not approved by then --------------------------------------------------------------------------------------------


def test_without_approval_the_channel_gets_the_frame_pinned_and_nothing_of_the_students(noor: Student) -> None:
    noor.answer()
    plan(noor.stage)
    time_comes(noor.stage)
    frame = only(noor.stage)
    assert "Noor leads · Thursday 10 December, 17:30, room 12 · 20 minutes" in frame.shown
    assert "Where I get stuck (3)" in frame.shown
    assert channel_of(noor.stage).pins == [frame.ts]
    assert not words_in(noor.stage)
    assert "UAMAL" in channel_of(noor.stage).members


def test_student_and_advisor_are_told_once_each(noor: Student) -> None:
    noor.answer()
    plan(noor.stage)
    time_comes(noor.stage)
    assert noor.last.buttons == ("Look at my agenda",)
    assert "Noor hasn't approved the agenda for Thursday 10 December" in notices(noor.stage, "okafor")[0]
    open_again(noor.stage)
    noor.stage.wait(minutes=3)
    assert len(notices(noor.stage, "noor")) == len(notices(noor.stage, "okafor")) == 1


def test_the_frame_becomes_the_agenda_the_moment_it_is_approved_in_place_and_pinned(noor: Student) -> None:
    noor.answer()
    plan(noor.stage)
    time_comes(noor.stage)
    frame = only(noor.stage)
    noor.tap("Look at my agenda")
    noor.approve()
    assert "goes into your conference channel" in noor.last.shown
    assert only(noor.stage).ts == frame.ts
    assert LETTER["learner"] in only(noor.stage).shown
    assert channel_of(noor.stage).pins == [frame.ts]


def test_whoever_has_begun_can_go_on(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.say(LETTER["learner"])
    plan(noor.stage)
    time_comes(noor.stage)
    notice = noor.last
    assert notice.buttons == ("Go on",)
    noor.tap("Go on")
    assert noor.heard[-1].ts != notice.ts
    assert "Go on" not in noor.last.buttons


def test_whoever_was_never_greeted_can_start(noor: Student) -> None:
    plan(noor.stage)
    time_comes(noor.stage)
    assert noor.last.buttons == ("Start",)
    noor.tap("Start")
    assert "Conference Coach" in noor.last.shown


@pytest.mark.parametrize("wish", ["held", "quiet"])
def test_no_word_to_a_student_who_waits_for_a_person_or_wants_none(noor: Student, wish: str) -> None:
    noor.answer()
    with noor.stage.bot.house.store.write() as connection:
        if wish == "held":
            connection.execute(update(Conversation).values(status="held"))
        else:
            connection.execute(update(Person).where(Person.key == "noor").values(quiet_since=noor.stage.clock()))
    plan(noor.stage)
    time_comes(noor.stage)
    assert notices(noor.stage, "noor") == []
    assert len(notices(noor.stage, "okafor")) == 1


def test_beside_a_student_without_an_account_the_advisor_can_start_right_there(noor: Student) -> None:
    plan(noor.stage)
    student = noors(noor.stage).student_id
    with noor.stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.id == student).values(slack_id=None))
    time_comes(noor.stage)
    (message,) = [one for one in noor.stage.people["okafor"].sees() if "hasn't approved" in one.shown]
    (button,) = [one for block in message.blocks for one in block.get("elements", ()) if one["type"] == "button"]
    assert button["action_id"].startswith("beside.")
    assert button["value"] == str(student)


def test_the_frame_may_stand_before_a_stranger_but_the_agenda_may_not(noor: Student) -> None:
    stage = noor.stage
    noor.answer()
    plan(stage)
    time_comes(stage)
    robin = stage.workspace.person("Robin Vale", "UROBIN", "robin@elsewhere.example")
    stage.workspace.join(channel_of(stage), robin.id)
    noor.approve()
    assert not words_in(stage)
    assert "Where I get stuck (3)" in only(stage).shown
    assert [text for text in told(stage, "okafor") if "Robin Vale is in the channel" in text]
    robin.leave(NAME)
    stage.run()
    assert LETTER["learner"] in only(stage).shown


def test_a_frame_whose_answer_was_lost_stands_once_and_becomes_the_agenda(noor: Student) -> None:
    noor.answer()
    plan(noor.stage)
    noor.stage.workspace.fault(
        "chat.postMessage", Fault.DROP_AFTER, when=lambda arguments: arguments["channel"].startswith("C")
    )
    time_comes(noor.stage)
    for _ in range(3):
        noor.stage.wait(seconds=11)
    assert channel_of(noor.stage).pins == [only(noor.stage).ts]
    noor.approve()
    assert LETTER["learner"] in only(noor.stage).shown


@pytest.mark.parametrize("why", ["cancelled", "over"])
def test_nothing_opens_for_a_conference_that_is_cancelled_or_over(noor: Student, why: str) -> None:
    noor.answer()
    plan(noor.stage)
    day = noors(noor.stage).date
    change(noor.stage, **({"cancelled": True} if why == "cancelled" else {"date": day - timedelta(days=3)}))
    time_comes(noor.stage)
    assert conference_channels(noor.stage) == []
    assert notices(noor.stage, "noor") == notices(noor.stage, "okafor") == []


def test_an_advisor_hears_of_all_their_students_of_a_day_in_one_message_with_a_tap_for_each(noor: Student) -> None:
    stage = noor.stage
    noor.finish()
    for key in ("theo", "mina", "ravi", "noor"):
        plan(stage, key=key)
    time_comes(stage)
    (message,) = [one for one in stage.people["okafor"].sees() if "approved their agendas" in one.shown]
    assert "These 3" in message.shown
    for line in ("Theo: Thursday 10 December, 16:00", "Ravi: Monday 14 December, 16:00"):
        assert line in message.shown
    assert "Noor" not in message.shown
    assert message.buttons == ("Theo", "Mina", "Sit beside Ravi")
    assert stage.people["okafor"].tap("Theo", message).ok
    stage.run()
    assert told(stage, "theo")[-1] != told(stage, "theo")[0]


def test_an_advisor_hears_nothing_where_all_is_approved_meanwhile(noor: Student) -> None:
    noor.answer()
    plan(noor.stage)
    noor.stage.clock.advance((TUESDAY - noor.stage.clock()).total_seconds())
    noor.stage.run()
    noor.approve()
    noor.stage.wait(minutes=3)
    assert LETTER["learner"] in only(noor.stage).shown
    assert [text for text in told(noor.stage, "okafor") if "side by side" in text] == []


def test_an_advisor_hears_it_in_their_own_language(noor: Student) -> None:
    with noor.stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == "okafor").values(language="es"))
    plan(noor.stage)
    time_comes(noor.stage)
    assert "Noor todavía no aprueba la agenda del jueves 10 de diciembre" in told(noor.stage, "okafor")[-1]


def test_what_stands_is_only_known_in_its_own_workspace(noor: Student) -> None:
    plan(noor.stage)
    mine, later = noors(noor.stage), TUESDAY - timedelta(hours=1)
    with noor.stage.bot.house.store.write() as connection:
        standing.keep(connection, "TOTHER", mine.id, ["1.0"], frame=False)
        standing.no_longer_waits(connection, "TOTHER", mine.id, later)
        assert standing.waits_until(connection, "TOTHER", mine.id, later) is None
        assert opening.opened(connection, "TOTHER", mine.id, "key", TUESDAY) == []
    with noor.stage.bot.house.store.write() as connection:
        assert standing.waits_until(connection, mine.workspace, mine.id, later) == TUESDAY
        assert standing.of(connection, mine.workspace, mine.id).pages == ()


# -- when nobody is to be written to ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "opens"),
    [
        (datetime(2026, 12, 6, 21, 0, tzinfo=UTC), datetime(2026, 12, 7, 12, 0, tzinfo=UTC)),
        (datetime(2026, 12, 9, 2, 0, tzinfo=UTC), datetime(2026, 12, 9, 12, 0, tzinfo=UTC)),
    ],
    ids=["sunday", "night"],
)
def test_a_channel_is_opened_neither_at_night_nor_on_a_day_off(noor: Student, due: datetime, opens: datetime) -> None:
    plan(noor.stage, due)
    time_comes(noor.stage, due)
    assert conference_channels(noor.stage) == []
    assert told(noor.stage, "noor") == []
    time_comes(noor.stage, opens)
    assert "Noor leads" in only(noor.stage).shown
    assert len(told(noor.stage, "noor")) == 1


def test_a_channel_is_opened_at_night_where_the_conference_begins_before_the_morning_is_there(noor: Student) -> None:
    change(noor.stage, time="06:30")
    night = datetime(2026, 12, 10, 3, 0, tzinfo=UTC)
    plan(noor.stage, night)
    time_comes(noor.stage, night)
    assert "Noor leads" in only(noor.stage).shown


# -- before its time, because the student says so --------------------------------------------------------------------


def test_the_student_can_have_it_posted_now_and_its_time_changes_nothing(noor: Student) -> None:
    plan(noor.stage)
    noor.finish()
    noor.tap("Post it now")
    assert "On its way, Noor." in noor.last.shown
    posted = replace(only(noor.stage))
    assert LETTER["learner"] in posted.shown
    time_comes(noor.stage)
    assert only(noor.stage) == posted
    assert channel_of(noor.stage).pins == [posted.ts]


def test_post_it_now_after_it_was_posted_changes_nothing(noor: Student) -> None:
    plan(noor.stage)
    noor.finish()
    thanks = noor.last
    time_comes(noor.stage)
    posted = replace(only(noor.stage))
    noor.tap("Post it now", thanks)
    assert "nothing changed" in noor.last.shown
    assert only(noor.stage) == posted


def test_an_old_post_it_now_does_not_open_the_next_conference(noor: Student) -> None:
    plan(noor.stage)
    noor.finish()
    thanks, mine = noor.last, noors(noor.stage).id
    with noor.stage.bot.house.store.write() as connection:
        other = connection.scalars(select(Conference.id).where(Conference.id != mine).limit(1)).one()
        connection.execute(update(Conference).where(Conference.id == other).values(agenda_at=TUESDAY))
        connection.execute(update(Conversation).values(conference_id=other))
    noor.tap("Post it now", thanks)
    assert "nothing changed" in noor.last.shown
    with noor.stage.bot.house.store.read() as connection:
        waiting = select(Conference.id).where(Conference.agenda_at == TUESDAY)
        assert set(connection.scalars(waiting)) == {mine, other}


# -- a conference that moves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("approved", [True, False], ids=["agenda", "frame"])
def test_what_stands_gets_the_new_date_in_place(noor: Student, approved: bool) -> None:
    stage = noor.stage
    noor.answer()
    if approved:
        noor.approve()
    plan(stage)
    time_comes(stage)
    before = only(stage).ts
    change(stage, date=noors(stage).date + timedelta(days=1), time="18:00")
    with stage.bot.house.store.write() as connection:
        drafts = conferences.moved(connection, stage.workspace.team_id, noors(stage).id, stage.clock())
        stage.bot.house.outbox.put(connection, drafts, stage.clock())
    stage.run()
    assert only(stage).ts == before
    assert "Friday 11 December, 18:00" in agenda(stage)
    assert (LETTER["learner"] in agenda(stage)) is approved


def test_where_nothing_stands_a_move_says_nothing(noor: Student) -> None:
    plan(noor.stage)
    noor.finish()
    stage = noor.stage
    with stage.bot.house.store.read() as connection:
        assert conferences.moved(connection, stage.workspace.team_id, noors(stage).id, stage.clock()) == []


def test_a_frame_that_stands_becomes_the_agenda_even_when_the_conference_has_moved_on(noor: Student) -> None:
    noor.answer()
    plan(noor.stage)
    time_comes(noor.stage)
    change(noor.stage, agenda_at=TUESDAY + timedelta(days=7))
    noor.approve()
    assert LETTER["learner"] in only(noor.stage).shown
