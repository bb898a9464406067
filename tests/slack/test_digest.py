"""Digests as they arrive: one message each, readable, whole, and nobody's words where they do not belong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.practice import Fault
from bot.practice.stage import Stage
from bot.services.advising.digest import advisor_digest, coordinator_digest, silent
from bot.services.speech import Kind
from bot.services.talk.greeting import person_in_slack
from bot.store.models import Conversation
from bot.store.session import Store
from bot.taps import Tap
from bot.words import Words
from scheduler.outbox import Draft, State, deliveries
from tests.slack.groups import (
    ask_for_ideas,
    begin,
    counted,
    digest_of,
    group_of,
    heard,
    nudge,
    person,
    plain,
    quiet,
    say,
    saying,
    settle,
)

SECRET = "some words that only a counselor may read"


@pytest.fixture
def twelve(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with group_of(12, store, words, tmp_path / "school") as stage:
        yield stage


def home(stage: Stage, key: str = "okafor") -> str:
    stage.people[key].open_home()
    stage.run()
    view = stage.people[key].home
    assert view is not None
    return plain(view)


def everywhere(stage: Stage) -> str:
    """All that an advisor can read of their students: digests, home, list, and the way of each."""
    okafor = stage.people["okafor"]
    read = [plain(digest_of(stage)), plain(digest_of(stage, message="digest_before")), home(stage)]
    assert okafor.tap("Open the whole list", heard(stage, "okafor")[-1]).ok
    read.append(plain(okafor.modals[-1]))
    menu = next(one for one in elements(okafor.home) if one["type"] == "static_select" and Tap.LOOK in one["action_id"])
    for option in menu["options"]:
        okafor.modals.clear()
        assert okafor.select(menu["action_id"], option["value"], okafor.home).ok
        read.append(plain(okafor.modals[-1]))
    return "\n".join(read)


def elements(place: object) -> list[dict[str, object]]:
    return [one for block in place.blocks for one in block.get("elements", ()) if "action_id" in one]  # type: ignore[attr-defined]


# --- what it says -----------------------------------------------------------------------------------------


def test_a_digest_names_who_wants_something_who_is_quiet_and_who_needs_somebody_beside_them(twelve: Stage) -> None:
    ask_for_ideas(twelve, "noor", "getting started on homework")
    conversation = begin(twelve, "sami")
    say(twelve, conversation, "goals.wish.1", "do better", develop="vague_goal")
    quiet(twelve, "theo", "mina", "jules")
    settle(twelve, "kofi", slack_id=None)
    for key in ("ines", "lena", "ravi", "ada", "tomas", "wren"):
        begin(twelve, key)
    twelve.clock.advance(days=1)
    assert plain(digest_of(twelve)).split("\n") == [
        "Your 12 students · conferences start in 7 school days",
        "▱▱▱▱▱▱▱▱▱▱ 0 ready · 8 on the way · 3 quiet · 1 new",
        "Wants you",
        "• Noor asked for ideas: “getting started on homework”",
        "Give Noor an idea",
        "Open Noor",
        "Worth a conversation",
        "• Sami's goal is still “do better”",
        "Open Sami",
        "Quiet for a week: Theo, Mina and Jules",
        "Nudge Theo, Mina, Jules",
        "No Slack account: Kofi and Ravi",
        "Sit beside Kofi",
        "Sit beside Ravi",
        "Nothing else needs you today.",
        "Open the whole list",
    ]


def test_a_digest_of_a_calm_group_is_three_lines(twelve: Stage) -> None:
    for key in ("noor", "theo", "mina", "jules", "sami", "ines", "kofi", "lena", "ravi", "ada", "tomas", "wren"):
        begin(twelve, key, approved=1)
    assert plain(digest_of(twelve)).split("\n") == [
        "Your 12 students · conferences start in 8 school days",
        "▰▰▰▰▰▰▰▰▰▰ 12 ready",
        "Nothing needs you today.",
        "Open the whole list",
    ]


def test_what_is_read_aloud_has_all_that_stands_in_the_blocks(twelve: Stage) -> None:
    ask_for_ideas(twelve, "noor", "getting started on homework")
    message = digest_of(twelve)
    for part in ("12 students", "getting started on homework", "0 ready", "Nothing else"):
        assert part in message.text


def test_before_the_conferences_it_says_who_is_not_ready_and_when(twelve: Stage) -> None:
    begin(twelve, "noor", approved=1)
    quiet(twelve, "theo")
    shown = plain(digest_of(twelve, message="digest_before"))
    assert "Not ready yet\n• Thursday 10 December\n    • 16:00 Theo · quiet for a week, 0 of 7" in shown
    assert "Noor" not in shown
    assert "Quiet for a week:" not in shown


def test_after_the_last_conference_nobody_is_called_quiet(twelve: Stage) -> None:
    quiet(twelve, "theo", "mina")
    ask_for_ideas(twelve, "noor", "getting started on homework")
    twelve.clock.advance(days=15)
    shown = plain(digest_of(twelve))
    assert "12 had theirs" in shown
    assert "Nothing needs you today." in shown


def test_two_students_with_one_first_name_are_told_apart(twelve: Stage) -> None:
    settle(twelve, "theo", name="Noor Lindqvist")
    quiet(twelve, "theo", "noor", "mina")
    assert "Noor Lindqvist, Mina and Noor Haddad" in plain(digest_of(twelve))


def test_a_digest_speaks_the_advisors_language(twelve: Stage) -> None:
    settle(twelve, "okafor", language="es")
    quiet(twelve, "theo", "mina")
    shown = plain(digest_of(twelve))
    assert "Tus 12 estudiantes · las conferencias empiezan en 8 días de clases" in shown
    assert "Recordar a los 2" in shown or "Recordar a los" in shown


def test_reminders_without_an_answer_are_told_until_the_student_is_heard_again(twelve: Stage) -> None:
    begin(twelve, "theo", days_ago=3)
    remind(twelve, "theo", days_ago=2)
    assert "so I stopped" not in plain(digest_of(twelve))
    remind(twelve, "theo", days_ago=1)
    twelve.clock.advance(days=7)
    assert "so I stopped: Theo" in plain(digest_of(twelve))
    with twelve.bot.house.store.write() as connection:
        connection.execute(update(Conversation).values(updated_at=twelve.clock()))
    twelve.clock.advance(days=7)
    assert "so I stopped" not in plain(digest_of(twelve))


def remind(stage: Stage, key: str, days_ago: int) -> None:
    """A nudge that somebody was sent."""
    one, at = person(stage, key), stage.clock() - timedelta(days=days_ago)
    draft = Draft(one.workspace, Kind.NUDGE, one.slack_id, f"person:{one.id}", {},
                  f"nudge:{one.id}:next_step:student:{one.id}:{days_ago}", at)  # fmt: skip
    with stage.bot.house.store.write() as connection:
        stage.bot.house.outbox.put(connection, [draft], at)
        sent = {"state": State.SENT, "settled_at": at}
        connection.execute(update(deliveries).where(deliveries.c.dedupe_key == draft.dedupe_key).values(**sent))


# --- how much -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [30, 120])
@pytest.mark.parametrize("message", ["digest_advisor", "digest_before"])
def test_a_large_group_fits_into_one_message_and_stays_useful(
    store: Store, words: Words, tmp_path: Path, size: int, message: str
) -> None:
    with group_of(size, store, words, tmp_path / "school") as stage:
        for n in range(1, size - 11):
            if n % 3 == 0:
                ask_for_ideas(stage, f"s{n}", "a long question about homework " * 20, days_ago=9)
            elif n % 3 == 1:
                conversation = begin(stage, f"s{n}", days_ago=9)
                say(stage, conversation, "goals.wish.1", "do better " * 200, develop="vague_goal")
            if n % 5 == 0:
                settle(stage, f"s{n}", slack_id=None)
        sent = digest_of(stage, message=message)
        assert len(sent.blocks) <= 50
        assert "more" in plain(sent)
        assert len(plain(sent)) < 3000
        assert len(sent.text) < 4000
        view = stage.people["okafor"]
        home(stage)
        assert view.home is not None
        assert len(view.home.blocks) <= 100
        assert view.tap("Open the whole list", sent).ok
        assert f"Student{size - 12} Someone" in plain(view.modals[-1])


def test_the_number_of_queries_does_not_grow_with_the_students(store: Store, words: Words, tmp_path: Path) -> None:
    with group_of(60, store, words, tmp_path / "school") as stage:
        seen = []
        for keys in (("noor", "theo"), tuple(f"s{n}" for n in range(1, 40))):
            for key in keys:
                ask_for_ideas(stage, key, "x", days_ago=9, develop="empty")
            with counted(stage) as statements:
                saying(stage, lambda *args: advisor_digest(*args, before=False))
                saying(stage, coordinator_digest, "tan")
            seen.append(len(statements))
        assert seen[0] == seen[1]


# --- whose -----------------------------------------------------------------------------------------


def test_what_was_flagged_appears_nowhere(twelve: Stage) -> None:
    conversation = ask_for_ideas(twelve, "noor", SECRET, alarm="explicit", develop="empty")
    say(twelve, conversation, "goals.wish.1", SECRET, alarm="look", develop="vague_goal")
    say(twelve, conversation, "strengths.best_at.1", "I measured the scale.")
    read = everywhere(twelve)
    assert SECRET not in read
    assert "Noor asked" not in read
    assert "Noor's goal" not in read
    assert "I measured the scale." in read


def test_an_ask_that_is_kept_off_held_back_or_taken_back_is_not_passed_on(twelve: Stage) -> None:
    conversation = begin(twelve, "noor")
    say(twelve, conversation, "struggles.want_ideas.1", choices="off")
    say(twelve, conversation, "struggles.ideas_on.1", "first thing")
    ask_for_ideas(twelve, "theo", "second thing", held_reason="Let's talk.")
    ask_for_ideas(twelve, "mina", "third thing", act="withdrawn")
    ask_for_ideas(twelve, "jules", "fourth thing", visible="advisor")
    shown = plain(digest_of(twelve))
    assert [one for one in ("first", "second", "third", "fourth") if f"{one} thing" in shown] == ["fourth"]


def test_another_advisors_students_never_appear(twelve: Stage) -> None:
    ask_for_ideas(twelve, "mateo", "an ask of another group")
    read = everywhere(twelve)
    assert "Mateo" not in read
    assert "an ask of another group" not in read
    assert "an ask of another group" in plain(digest_of(twelve, "varga"))


def test_nudge_all_reaches_the_students_the_button_counts(twelve: Stage) -> None:
    quiet(twelve, "theo", "mina", "jules")
    settle(twelve, "mina", quiet_since=twelve.clock())
    settle(twelve, "jules", slack_id=None)
    begin(twelve, "noor")
    house, workspace = twelve.bot.house, twelve.workspace.team_id
    with house.store.read() as connection:
        okafor = person_in_slack(connection, workspace, twelve.people["okafor"].id)
        assert okafor is not None
        reached = silent(house, connection, okafor, twelve.clock())
    assert person(twelve, "theo").id in reached
    assert not {person(twelve, key).id for key in ("noor", "mina", "jules", "mateo")} & set(reached)
    assert f"Nudge all {len(reached)}" in digest_of(twelve).buttons


# --- the look -----------------------------------------------------------------------------------------


def test_an_advisor_opens_a_students_way_so_far(twelve: Stage) -> None:
    conversation = ask_for_ideas(twelve, "noor", "getting started on homework")
    say(twelve, conversation, "goals.wish.1", "start before six", develop="vague_goal")
    say(twelve, conversation, "struggles.before.1", "home, phone, then it's seven")
    assert twelve.people["okafor"].tap("Open Noor", digest_of(twelve)).ok
    shown = plain(twelve.people["okafor"].modals[-1])
    for part in ("Noor Haddad", "0 of 7 parts", "start before six", "getting started on homework",
                 "home, phone, then it's seven", "Worth a conversation", "Thursday 10 December, 17:30"):  # fmt: skip
        assert part in shown


def test_a_student_can_be_nudged_from_their_window(twelve: Stage) -> None:
    ask_for_ideas(twelve, "noor", "getting started on homework")
    okafor = twelve.people["okafor"]
    assert okafor.tap("Open Noor", digest_of(twelve)).ok
    assert okafor.tap("Nudge Noor").ok
    twelve.run()
    assert len(heard(twelve, "noor")) == 1


def test_a_long_way_is_cut_to_what_a_window_holds_and_says_so(twelve: Stage) -> None:
    conversation = ask_for_ideas(twelve, "noor", "x" * 4000)
    for number in range(1, 4):
        for question in ("wish", "was", "am", "best", "know", "obstacle", "plan"):
            say(twelve, conversation, f"goals.{question}.{number}", f"{question} words " * 300)
    assert twelve.people["okafor"].tap("Open Noor", digest_of(twelve)).ok
    assert "There is more than fits here." in plain(twelve.people["okafor"].modals[-1])


@pytest.mark.parametrize("who", ["okafor", "tan", "noor", "amal", "reyes", "bell"])
def test_a_forged_tap_opens_nothing_whether_there_is_such_a_student_or_not(twelve: Stage, who: str) -> None:
    for key in ("mateo", "noor"):
        begin(twelve, key)
    own = () if who == "okafor" else (str(person(twelve, "noor").id), "all")
    for value in (str(person(twelve, "mateo").id), "987654321", "1; drop", "", *own):
        forge(twelve, who, value)
        assert twelve.people[who].modals == []


def test_the_same_tap_by_their_advisor_opens_the_window(twelve: Stage) -> None:
    begin(twelve, "noor")
    forge(twelve, "okafor", str(person(twelve, "noor").id))
    assert "Noor Haddad" in plain(twelve.people["okafor"].modals[-1])


def forge(stage: Stage, who: str, value: str) -> None:
    """Tap a button that the bot never gave this person."""
    button = {"type": "button", "action_id": f"{Tap.LOOK}.1", "value": value}
    block = {"type": "actions", "elements": [{**button, "text": {"type": "plain_text", "text": "Look"}}]}
    message = stage.workspace.say(stage.workspace.im(stage.people[who].id).id, "Look", [block])
    assert stage.people[who].tap("Look", message).ok


# --- the picture -----------------------------------------------------------------------------------------


def images(message: object) -> list[dict[str, object]]:
    return [block for block in message.blocks if block["type"] == "image"]  # type: ignore[attr-defined]


def test_a_coordinators_digest_shows_each_group_and_a_picture_in_words_too(twelve: Stage) -> None:
    quiet(twelve, "theo", "mina")
    message = digest_of(twelve, "tan", "digest_coordinator")
    (image,) = images(message)
    assert "Ms. Okafor: 0 ready, 0 on the way, 2 quiet, 10 new, 0 had theirs." in str(image["alt_text"])
    assert "Mr. Varga" in str(image["alt_text"])
    assert "• Ms. Okafor: 0 of 12 ready · 2 quiet · 10 new" in plain(message)
    assert "Safety alerts go to Ms. Bell and Mr. Ortiz." in plain(message)


def test_the_picture_is_shared_nowhere_but_in_the_message(twelve: Stage) -> None:
    digest_of(twelve, "tan", "digest_coordinator")
    (file,) = twelve.workspace.files.all()
    assert file.content.startswith(b"\x89PNG")
    assert twelve.workspace.files.shares(file.id) == {}


@pytest.mark.parametrize(
    "method", ["files.getUploadURLExternal", "files.completeUploadExternal", "files.info", "chat.postMessage"]
)
def test_without_its_picture_a_digest_still_goes(twelve: Stage, method: str) -> None:
    fault = Fault.refused("invalid_blocks") if method == "chat.postMessage" else Fault.refused("access_denied")
    for _ in range(1 if method == "chat.postMessage" else 3):
        twelve.workspace.fault(method, fault)
    nudge(twelve, "tan", "digest_coordinator")
    for _ in range(3):
        twelve.wait(seconds=3)
    (message,) = heard(twelve, "tan")
    assert images(message) == []
    assert "Ms. Okafor" in plain(message)


def test_while_slack_takes_the_picture_in_the_digest_waits_a_moment(twelve: Stage) -> None:
    twelve.workspace.files.processing = 3.0
    nudge(twelve, "tan", "digest_coordinator")
    assert heard(twelve, "tan") == []
    for _ in range(2):
        twelve.wait(seconds=2.5)
    (message,) = heard(twelve, "tan")
    assert len(images(message)) == 1


def test_a_picture_slack_never_takes_in_does_not_hold_the_digest_up(twelve: Stage) -> None:
    twelve.workspace.files.processing = 10_000.0
    nudge(twelve, "tan", "digest_coordinator")
    for _ in range(4):
        twelve.wait(seconds=3)
    (message,) = heard(twelve, "tan")
    assert images(message) == []


@pytest.mark.parametrize(
    "fault", [Fault.DROP_AFTER, Fault.ERROR_500_AFTER, Fault.ERROR_500], ids=lambda one: one.trouble
)
def test_a_digest_with_a_picture_is_posted_once_whatever_becomes_of_the_answer(twelve: Stage, fault: Fault) -> None:
    twelve.workspace.fault("chat.postMessage", fault)
    nudge(twelve, "tan", "digest_coordinator")
    for _ in range(6):
        twelve.wait(seconds=20)
    assert len(heard(twelve, "tan")) == 1


# --- the coordinator -----------------------------------------------------------------------------------------


def test_a_coordinator_is_told_what_was_not_delivered_and_who_is_not_found(twelve: Stage) -> None:
    settle(twelve, "lind", slack_id=None)
    now = twelve.clock()
    with twelve.bot.house.store.write() as connection:
        for number, days in enumerate((1, 2, 9)):
            at = now - timedelta(days=days)
            draft = Draft(twelve.workspace.team_id, Kind.SAY, "U1", "x", {}, f"gone:{number}", at)
            twelve.bot.house.outbox.put(connection, [draft], at)
            dead = {"state": State.DEAD, "settled_at": at, "reason": "channel_not_found"}
            connection.execute(update(deliveries).where(deliveries.c.dedupe_key == draft.dedupe_key).values(**dead))
    shown = plain(digest_of(twelve, "tan", "digest_coordinator"))
    assert "Not delivered this week: 2" in shown
    assert "• 2 × channel not found" in shown
    assert "conference-coach outbox" in shown
    assert "• Ms. Lind: they get nothing from me" in shown


def test_a_coordinator_is_warned_when_no_counselor_can_be_reached(twelve: Stage) -> None:
    settle(twelve, "bell", slack_id=None)
    settle(twelve, "ortiz", slack_id=None)
    assert "a safety alert would reach nobody" in plain(digest_of(twelve, "tan", "digest_coordinator"))


def test_a_coordinator_reads_no_students_words(twelve: Stage) -> None:
    ask_for_ideas(twelve, "noor", "getting started on homework")
    shown = plain(digest_of(twelve, "tan", "digest_coordinator"))
    assert "getting started" not in shown
    assert "Noor" not in shown
