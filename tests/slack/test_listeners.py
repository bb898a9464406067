"""What Slack sends is taken once, whatever it is; what could not be stored is sent again."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from bot.practice.stage import Stage
from bot.practice.targets import Delivery, Sort
from bot.slack.listeners.messages import plain, read
from bot.store.models import Answer
from tests.stages import LETTER, Student, agenda


def emit(stage: Stage, event: dict[str, Any]) -> bool:
    """Send the bot an event; whether it was acked."""
    envelope = stage.workspace.events._envelope(event)
    return stage.workspace.events.bring(Delivery(Sort.EVENT, envelope)).ok


def answers(stage: Stage) -> int:
    """How many revisions are stored."""
    with stage.bot.house.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(Answer)) or 0


@pytest.mark.parametrize(
    "event",
    [
        {"type": "reaction_added", "user": "UNOOR", "reaction": "wave"},
        {"type": "message", "channel": "C1", "channel_type": "channel", "user": "UNOOR", "text": "hi", "ts": "1.0"},
        {"type": "message", "subtype": "channel_join", "channel": "D1", "channel_type": "im", "user": "U", "ts": "1.0"},
        {"type": "message", "subtype": "something_new", "channel": "D1", "channel_type": "im", "ts": "1.0"},
        {"type": "app_uninstalled"},
        {"type": "tokens_revoked", "tokens": {"bot": ["U1"]}},
        {"type": "something_slack_thought_of_later"},
    ],
    ids=lambda event: str(event.get("subtype", event["type"])),
)
def test_an_event_nobody_listens_to_is_acked_and_says_nothing(stage: Stage, event: dict[str, Any]) -> None:
    assert emit(stage, event)
    stage.run()
    assert [message for channel in stage.workspace.channels.values() for message in channel.messages.values()] == []


def button(action: str, value: str) -> list[dict[str, Any]]:
    """A message with one button."""
    label = {"type": "plain_text", "text": "Tap"}
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": "A message."}},
        {"type": "actions", "elements": [{"type": "button", "action_id": action, "text": label, "value": value}]},
    ]


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("of_an_older_version.1", "whatever"),
        ("answer.1", "no ref at all"),
        ("answer.1", "x:strengths:1:yes"),
        ("change.1", "1:strengths"),
        ("open.1", ""),
        ("alert_open.1", "seven"),
        ("alert_take.1", ""),
        ("alert_open.1", "999999999999"),
    ],
)
def test_a_button_that_is_none_of_ours_is_acked_and_does_nothing(noor: Student, action: str, value: str) -> None:
    noor.arrive()
    count = len(noor.heard)
    workspace = noor.stage.workspace
    blocks = button(action, value or "-")
    message = workspace.say(workspace.im("UNOOR").id, "A message.", blocks)
    assert noor.person.tap("Tap", message).ok
    noor.let()
    assert len(noor.heard) == count + 1


def test_an_event_the_database_could_not_take_is_sent_again_and_stored_once(
    noor: Student, caplog: pytest.LogCaptureFixture
) -> None:
    noor.arrive()
    noor.tap("Start")
    stage, before = noor.stage, answers(noor.stage)
    with caplog.at_level(logging.DEBUG), failing(stage, 2):
        ts = noor.person.dm(LETTER["learner"])
        assert answers(stage) == before
        stage.clock.advance(minutes=1)
        stage.workspace.tick()
    stage.run()
    stage.clock.advance(minutes=5)
    stage.workspace.tick()
    assert answers(stage) == before + 1
    assert "What are you learning right now?" in noor.last.shown
    assert "listener_failed" in caplog.text
    assert LETTER["learner"] not in caplog.text
    assert ts in [message.ts for message in noor.person.sees()]


def test_a_tap_the_database_could_not_take_is_shown_as_failed_and_can_be_repeated(noor: Student) -> None:
    noor.arrive()
    with failing(noor.stage, 1):
        assert not noor.person.tap("Start").ok
    noor.tap("Start")
    assert "Think of the last time something clicked." in noor.last.shown


@contextlib.contextmanager
def failing(stage: Stage, times: int) -> Iterator[None]:
    """Let the database fail at the commit of so many writes."""
    store, left = stage.bot.house.store, [None] * times
    write = store.write

    @contextlib.contextmanager
    def broken() -> Iterator[Connection]:
        with write() as connection:
            yield connection
            if left:
                left.pop()
                raise OperationalError("COMMIT", {}, Exception("the disk is full"))

    store.write = broken  # type: ignore[method-assign]
    try:
        yield
    finally:
        store.write = write  # type: ignore[method-assign]


def test_an_event_that_comes_twice_is_taken_once(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.stage.workspace.events.duplicate = True
    before, heard = answers(noor.stage), len(noor.heard)
    noor.say(LETTER["learner"])
    noor.say("help")
    assert answers(noor.stage) == before + 1
    assert len(noor.heard) == heard + 2


def test_one_gesture_that_arrives_as_two_messages_is_one_answer(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    before = answers(noor.stage)
    noor.person.dm(LETTER["learner"], twice=True)
    noor.let()
    assert answers(noor.stage) == before + 1
    assert "What are you learning right now?" in noor.last.shown


def test_an_unfurl_is_no_edit(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    ts = noor.say("Things click for me here: https://planets.example/scale and when I build them.")
    before = answers(noor.stage)
    noor.person.unfurl(ts)
    noor.let()
    assert answers(noor.stage) == before


def test_deleting_a_message_that_has_replies_withdraws_it(noor: Student) -> None:
    noor.finish()
    ts = noor.said["learner"]
    im = noor.stage.workspace.im("UNOOR")
    gone = {
        "type": "message",
        "subtype": "tombstone",
        "user": "USLACKBOT",
        "text": "This message was deleted.",
        "ts": ts,
    }
    old = {"type": "message", "user": "UNOOR", "text": LETTER["learner"], "ts": ts, "reply_count": 1}
    event = {
        "type": "message", "subtype": "message_changed", "channel": im.id, "channel_type": "im",
        "ts": noor.stage.workspace.next_ts(), "message": gone, "previous_message": old,
    }  # fmt: skip
    assert emit(noor.stage, event)
    noor.let()
    assert LETTER["learner"] not in agenda(noor.stage)


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
        ("see <https://planets.example/a?b=1&amp;c=2>", "see https://planets.example/a?b=1&c=2"),
        ("see <https://planets.example|planets.example>", "see planets.example"),
        ("write <mailto:noor@school.example|noor@school.example>", "write noor@school.example"),
        ("call <tel:+15550100|+1 555 0100>", "call +1 555 0100"),
        ("ask <@U0REYES|reyes> in <#C01|maths>", "ask reyes in maths"),
        ("<!channel> hi", "!channel hi"),
    ],
)
def test_what_was_typed_is_read_as_it_was_typed(sent: str, typed: str) -> None:
    assert plain(sent) == typed


def test_a_links_words_and_address_are_read_as_they_were_typed() -> None:
    text = "<https://planets.example/a?b=1&amp;c=2|Sun &amp; planets>"
    event = {"channel": "D1", "channel_type": "im", "user": "U1", "ts": "1.0", "text": text}
    incoming = read({"team_id": "T1", "event_id": "Ev1"}, event, "UBOT")
    assert incoming is not None
    (work,) = getattr(incoming.event, "works")  # noqa: B009
    assert (work.title, work.link) == ("Sun & planets", "https://planets.example/a?b=1&c=2")


def test_what_no_database_takes_is_left_out_and_the_rest_is_heard(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    event = {"type": "message", "channel": "D1", "channel_type": "im", "user": "UNOOR", "ts": "1795000000.000100",
             "text": "Things click \x00for me \ud83dwhen I build them.",
             "files": [{"id": "F1", "mimetype": "image/png", "title": "a\ud83d photo"}]}  # fmt: skip
    assert emit(noor.stage, event)
    with noor.stage.bot.house.store.read() as connection:
        (row,) = connection.execute(select(Answer.text, Answer.evidence)).all()
    assert row.text == "Things click for me when I build them."
    assert row.evidence[0]["title"] == "a photo"
