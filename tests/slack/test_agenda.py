"""The agenda in the channel: what the student approved, in one message, and less at once when they take it back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from bot.dialogue.state import Spot
from bot.practice import Fault
from bot.practice.channel import Channel
from bot.practice.files import File
from bot.practice.stage import Stage
from bot.services.talk import review
from bot.slack.client import SlackApi
from bot.store.models import Answer, Item
from tests.stages import LETTER, STRENGTHS, Student, agenda, but_the_cards, conference_channels, everything_said, told

NAME = "conf-noor-12-10"


def channel_of(stage: Stage) -> Channel:
    """Noor's conference's channel."""
    found = stage.workspace.channel(NAME)
    assert found is not None
    return found


def held(stage: Stage) -> list[str]:
    """What the advisor was told about people who should not be in the channel."""
    return [text for text in told(stage, "okafor") if "not part of this conference" in text]


def before_posting(stage: Stage, act: Callable[[], object]) -> None:
    """Do something once, just before the members are read for the first time."""
    todo = [act]
    stage.workspace.fault("conversations.members", Fault.ERROR_500, 1, lambda _: bool(todo and todo.pop()() and False))


# -- posted, once, and pinned ----------------------------------------------------------------------------------------


def test_nothing_is_posted_before_the_student_approves(noor: Student) -> None:
    noor.answer()
    noor.stage.wait(days=2)
    assert conference_channels(noor.stage) == []
    assert LETTER["learner"] not in everything_said(noor.stage, but="UNOOR")


def test_not_yet_posts_nothing(noor: Student) -> None:
    noor.answer()
    noor.tap("Not yet")
    assert conference_channels(noor.stage) == []


@pytest.mark.parametrize("answer", ["no", "skip"])
def test_not_yet_says_so_and_the_agenda_does_not_count_as_done(noor: Student, answer: str) -> None:
    noor.answer()
    noor.say(answer)
    assert "Nothing goes up until you say so." in noor.last.shown
    assert noor.last.buttons == ("Look at my agenda",)
    noor.say("menu")
    assert "*Your agenda* · begun" in noor.last.shown
    noor.person.open_home()
    noor.let()
    assert noor.person.home is not None
    assert "you've done 2 of 3 parts" in noor.person.home.shown
    noor.say("go on")
    assert "That's my agenda" in noor.last.buttons


def test_the_approved_agenda_stands_in_one_pinned_message_in_the_students_words(noor: Student) -> None:
    noor.finish()
    channel = channel_of(noor.stage)
    (message,) = but_the_cards(channel)
    assert channel.pins == [message.ts]
    assert all(answer in message.shown for answer in (*LETTER.values(), *STRENGTHS.values()))
    assert "Adults: this is Noor's meeting. Listen first; your turn starts at 6." in message.shown
    assert message.pings == ()


def test_a_new_approval_changes_the_message_in_place(noor: Student) -> None:
    noor.finish()
    ts = but_the_cards(channel_of(noor.stage))[0].ts
    noor.edit(noor.said["learner"], "I learn by taking things apart.")
    noor.review_again()
    noor.approve()
    (message,) = but_the_cards(channel_of(noor.stage))
    assert message.ts == ts
    assert "I learn by taking things apart." in message.shown
    assert LETTER["learner"] not in message.shown
    assert channel_of(noor.stage).pins == [ts]


@pytest.mark.parametrize(
    "fault",
    [Fault.refused_after("fatal_error"), Fault.DROP_AFTER, Fault.ERROR_500_AFTER, Fault.HTML_200_AFTER, Fault.late(8)],
    ids=lambda fault: f"{fault.trouble}",
)
def test_a_lost_answer_never_makes_a_second_message(noor: Student, fault: Fault) -> None:
    noor.stage.workspace.fault("chat.postMessage", fault, when=lambda args: args["channel"].startswith("C"))
    noor.finish()
    for _ in range(4):
        noor.stage.wait(seconds=11)
    (message,) = but_the_cards(channel_of(noor.stage))
    assert LETTER["learner"] in message.shown
    assert channel_of(noor.stage).pins == [message.ts]


def test_an_agenda_that_did_not_arrive_is_posted_after_looking_twice(noor: Student) -> None:
    noor.stage.workspace.fault("chat.postMessage", Fault.DROP_BEFORE, when=lambda args: args["channel"].startswith("C"))
    noor.finish()
    assert but_the_cards(channel_of(noor.stage)) == []
    noor.stage.wait(seconds=11)
    noor.stage.wait(seconds=11)
    assert LETTER["learner"] in agenda(noor.stage)


def test_an_agenda_somebody_deleted_is_posted_and_pinned_again(noor: Student) -> None:
    noor.finish()
    channel = channel_of(noor.stage)
    channel.messages.clear()
    channel.pins.clear()
    noor.review_again()
    noor.approve()
    (message,) = but_the_cards(channel)
    assert LETTER["learner"] in message.shown
    assert channel.pins == [message.ts]


def test_a_long_agenda_stands_on_pages_and_gives_them_up_again(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    long = " ".join(["I measured the field again and wrote it down."] * 1_100)
    ts = [noor.say(f"{number} {long}") for number, _ in enumerate((*LETTER, *STRENGTHS))]
    noor.approve()
    channel = channel_of(noor.stage)
    assert len(but_the_cards(channel)) > 2
    assert channel.pins == [but_the_cards(channel)[0].ts]
    for each in ts[1:]:
        noor.delete(each)
    (message,) = but_the_cards(channel)
    assert "0 I measured the field again" in message.shown


# -- what does not get out -------------------------------------------------------------------------------------------


def test_an_answer_for_the_advisor_alone_is_not_on_it(noor: Student) -> None:
    noor.answer()
    noor.select("Me and my advisor", noor.lines(LETTER["learner"]))
    noor.approve()
    assert LETTER["learner"] not in agenda(noor.stage)
    assert LETTER["learning"] in agenda(noor.stage)


def test_an_answer_the_advisor_holds_back_is_not_on_it(noor: Student) -> None:
    noor.answer()
    with noor.stage.bot.house.store.write() as connection:
        conference = connection.scalars(select(Answer.conference_id).where(Answer.question == "learner")).one()
        assert conference is not None
        review.set_item(
            connection, noor.stage.workspace.team_id, conference, "letter", Spot("learner"),
            {Item.held_reason: "Let us talk about it first."},
        )  # fmt: skip
    noor.approve()
    assert LETTER["learner"] not in agenda(noor.stage)
    assert LETTER["learning"] in agenda(noor.stage)


def test_choosing_who_sees_a_line_changes_the_review_in_place(noor: Student) -> None:
    noor.answer()
    before = noor.lines(LETTER["learner"])
    count = len(noor.heard)
    noor.select("My teachers too", before)
    after = noor.lines(LETTER["learner"])
    assert after.ts == before.ts
    assert "Not on the agenda" not in before.shown
    assert "Not on the agenda. Ms. Okafor, Mr. Reyes and Ms. Lind can read it." in after.shown
    assert len(noor.heard) == count


def test_lowering_who_sees_a_line_takes_it_out_of_the_channel_at_once(noor: Student) -> None:
    noor.finish()
    noor.select("Me and my advisor", noor.lines(LETTER["learner"]))
    (message,) = but_the_cards(channel_of(noor.stage))
    assert LETTER["learner"] not in message.shown
    assert LETTER["learning"] in message.shown


def test_raising_who_sees_a_line_waits_for_the_next_approval(noor: Student) -> None:
    noor.answer()
    noor.select("Me and my advisor", noor.lines(LETTER["learner"]))
    noor.approve()
    noor.select("Everyone at my conference", noor.lines(LETTER["learner"]))
    assert LETTER["learner"] not in agenda(noor.stage)
    noor.review_again()
    noor.approve()
    assert LETTER["learner"] in agenda(noor.stage)


def test_an_edit_asks_for_approval_again_and_the_channel_keeps_the_approved_words(noor: Student) -> None:
    noor.finish()
    noor.edit(noor.said["learner"], "I learn by taking things apart.")
    assert LETTER["learner"] in agenda(noor.stage)
    assert "taking things apart" not in agenda(noor.stage)
    assert "You changed something after you approved your agenda" in noor.last.shown
    noor.tap("Look at my agenda")
    noor.approve()
    assert "I learn by taking things apart." in agenda(noor.stage)


def test_a_deleted_answer_leaves_the_channel_at_once(noor: Student) -> None:
    noor.finish()
    noor.delete(noor.said["learner"])
    (message,) = but_the_cards(channel_of(noor.stage))
    assert LETTER["learner"] not in message.shown
    assert LETTER["learning"] in message.shown


def test_say_it_differently_leads_to_the_question_and_back_to_the_review(noor: Student) -> None:
    noor.answer()
    noor.tap("Say it differently", noor.lines(LETTER["learner"]))
    assert "Think of the last time something clicked." in noor.last.shown
    assert LETTER["learner"] in noor.last.shown
    noor.say("I learn by taking things apart.")
    assert "That's my agenda" in noor.last.buttons
    noor.approve()
    assert "I learn by taking things apart." in agenda(noor.stage)
    assert LETTER["learner"] not in agenda(noor.stage)


def test_saying_another_line_differently_before_the_first_still_leads_back_to_the_review(noor: Student) -> None:
    noor.answer()
    review = noor.lines(LETTER["learner"])
    noor.tap("Say it differently", review)
    noor.tap("Say it differently", review)
    noor.say("I learn by taking things apart.")
    assert "That's my agenda" in noor.last.buttons


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_photo_is_copied_into_the_channel_and_linked_from_the_agenda(noor: Student) -> None:
    noor.finish(evidence="the timeline on the football field, I measured it")
    channel = channel_of(noor.stage)
    (copy,) = [message for message in but_the_cards(channel) if message.files]
    top = but_the_cards(channel)[0]
    assert copy.thread_ts == top.ts
    assert copy.files[0]["permalink"] in top.links
    assert copy.files[0]["id"] not in str([message.files for message in noor.person.sees()])
    assert "photo (I chose this)" in top.shown


def test_a_photo_leaves_the_channel_when_the_student_takes_it_back(noor: Student) -> None:
    noor.finish(evidence="the timeline on the football field, I measured it")
    noor.delete(noor.said["evidence"])
    channel = channel_of(noor.stage)
    assert [message for message in but_the_cards(channel) if message.files] == []
    assert all("/files/" not in link for message in channel.messages.values() for link in message.links)


def test_a_photo_leaves_the_channel_when_it_is_for_the_advisor_alone(noor: Student) -> None:
    noor.finish(evidence="the timeline on the football field, I measured it")
    noor.select("Me and my advisor", noor.lines("the timeline on the football field"), index=1)
    assert [message for message in but_the_cards(channel_of(noor.stage)) if message.files] == []


def test_editing_the_words_under_a_photo_keeps_the_photo(noor: Student) -> None:
    noor.finish(evidence="the timeline on the football field, I measured it")
    noor.edit(noor.said["evidence"], "the timeline on the football field, I measured every meter")
    noor.review_again()
    noor.approve()
    assert "photo (I chose this)" in agenda(noor.stage)
    assert [message for message in but_the_cards(channel_of(noor.stage)) if message.files]


def test_a_copy_whose_answer_was_lost_is_not_made_twice(noor: Student) -> None:
    noor.stage.workspace.fault("files.completeUploadExternal", Fault.DROP_AFTER)
    noor.finish(evidence="the timeline on the football field, I measured it")
    noor.stage.wait(seconds=11)
    assert len([message for message in but_the_cards(channel_of(noor.stage)) if message.files]) == 1


def test_a_file_that_cannot_be_fetched_does_not_hold_the_agenda_up(
    noor: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    noor.answer(evidence="the timeline on the football field, I measured it")
    monkeypatch.setattr(SlackApi, "download", lambda *_: None)
    noor.approve()
    noor.edit(noor.said["learner"], "I learn by taking things apart.")
    noor.review_again()
    noor.approve()
    for _ in range(6):
        noor.stage.wait(seconds=30)
    assert "I learn by taking things apart." in agenda(noor.stage)


def test_a_file_on_another_service_is_not_asked_for_with_the_bots_token(
    noor: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    payload = File.payload
    elsewhere = {"is_external": True, "mode": "external", "url_private": "https://drive.example/field.png"}
    monkeypatch.setattr(File, "payload", lambda file, files: {**payload(file, files), **elsewhere})
    monkeypatch.setattr(SlackApi, "download", lambda _api, url, _limit: asked.append(url))
    noor.finish(evidence="the timeline on the football field, I measured it")
    assert asked == []
    assert LETTER["learner"] in agenda(noor.stage)


# -- who is in the channel -------------------------------------------------------------------------------------------


def test_a_stranger_in_the_channel_holds_the_agenda_back_until_they_leave(noor: Student) -> None:
    stage = noor.stage
    robin = stage.workspace.person("Robin Vale", "UROBIN", "robin@elsewhere.example")
    before_posting(stage, lambda: channel_of(stage).members.update({robin.id: None}))
    noor.finish(evidence="the timeline on the football field, I measured it")
    assert but_the_cards(channel_of(stage)) == []
    (message,) = held(stage)
    assert "Robin Vale is in the channel" in message
    robin.leave(NAME)
    stage.run()
    assert LETTER["learner"] in agenda(stage)
    assert len(held(stage)) == 1


def test_somebody_of_the_roster_who_is_not_at_this_conference_is_a_stranger_there(noor: Student) -> None:
    stage = noor.stage
    before_posting(stage, lambda: channel_of(stage).members.update({"UTHEO": None}))
    noor.finish()
    assert but_the_cards(channel_of(stage)) == []
    assert "Theo Lindqvist is in the channel" in held(stage)[0]


def test_with_a_stranger_there_nothing_new_is_shown_and_what_is_taken_back_still_goes(noor: Student) -> None:
    noor.finish()
    stage = noor.stage
    robin = stage.workspace.person("Robin Vale", "UROBIN", "robin@elsewhere.example")
    stage.workspace.join(channel_of(stage), robin.id)
    noor.delete(noor.said["learner"])
    assert LETTER["learner"] not in agenda(stage)
    assert LETTER["learning"] in agenda(stage)
    noor.edit(noor.said["best_at"], "In science, I built the whole timeline.")
    noor.review_again()
    noor.approve()
    assert "the whole timeline" not in agenda(stage)
    robin.leave(NAME)
    stage.run()
    assert "In science, I built the whole timeline." in agenda(stage)
    assert len(set(held(stage))) == 1


def test_members_that_slack_does_not_tell_are_asked_for_again(noor: Student) -> None:
    noor.stage.workspace.fault("conversations.members", Fault.rate_limited(30))
    noor.finish()
    assert but_the_cards(channel_of(noor.stage)) == []
    noor.stage.wait(seconds=31)
    assert LETTER["learner"] in agenda(noor.stage)
