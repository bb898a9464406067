"""What Slack refuses for good reaches the coordinators: what, to whom, why, what to do; once, at a decent hour."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.practice import Fault
from bot.practice.stage import Stage, set_up
from bot.services import deadletters
from bot.services.family.handing import Undelivered
from bot.services.speech import Kind, Saying
from bot.store.models import Conference, Person
from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import Draft, State
from tests.scheduler.fakes import stored
from tests.stages import school, told, url_of

MONDAY_NOON = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
FRIDAY_NIGHT = datetime(2026, 12, 5, 3, 0, tzinfo=UTC)
COORDINATOR = "tan"


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with set_up(url_of(store), school(tmp_path / "school"), words, MONDAY_NOON) as stage:
        yield stage


class Refusing:
    """Messages to people whom Slack does not take them for."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.count = 0

    def refuse(self, code: str, when: Callable[[Mapping[str, Any]], bool] | None = None) -> None:
        self.stage.workspace.fault("chat.postMessage", Fault.refused(code), None, when)

    def say(self, key: str, **fields: Any) -> None:
        self.count += 1
        values: dict[str, Any] = {
            "kind": Kind.SAY, "recipient": self.stage.people[key].id, "subject": "person:1",
            "payload": Saying("paused", {"student": key.title()}).payload("en"),
        }  # fmt: skip
        draft = Draft(
            self.stage.bot.workspace, dedupe_key=f"test:{self.count}", due_at=self.stage.clock(), **(values | fields)
        )
        house = self.stage.bot.house
        with house.store.write() as connection:
            house.outbox.put(connection, [draft], self.stage.clock())
        self.stage.run()

    def coordinators_hear(self) -> list[str]:
        self.stage.workspace.faults.clear()
        self.stage.wait(minutes=3)
        return told(self.stage, COORDINATOR)


@pytest.fixture
def refusing(stage: Stage) -> Refusing:
    return Refusing(stage)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("user_not_found", "switched off"),
        ("channel_not_found", "no longer knows the conversation"),
        ("not_in_channel", "took me out of the channel"),
        ("is_archived", "is archived"),
        ("restricted_action", "a setting of your Slack"),
        ("msg_too_long", "longer than Slack takes"),
        ("missing_scope", "lacks a right"),
        ("some_new_error", "Slack said some new error"),
    ],
)
def test_a_refusal_is_told_in_plain_words_with_what_to_do(refusing: Refusing, code: str, why: str) -> None:
    refusing.refuse(code)
    refusing.say("noor")
    (message,) = refusing.coordinators_hear()
    assert why in message.replace("`", "")
    assert "a message for Noor Haddad" in message
    assert "What to do:" in message
    assert "conference-coach outbox --state dead" in message.replace("`", "")


def test_what_could_not_be_put_into_words_is_told_as_such(refusing: Refusing) -> None:
    refusing.say("noor", payload=Saying("hello", {}).payload("en"))
    (message,) = refusing.coordinators_hear()
    assert "couldn't put it into words" in message
    assert "conference-coach prompts check" in message.replace("`", "")


def test_the_same_receiver_is_told_of_once_a_day(refusing: Refusing) -> None:
    refusing.refuse("user_not_found")
    refusing.say("noor")
    refusing.say("noor")
    assert len(refusing.coordinators_hear()) == 1
    refusing.refuse("user_not_found")
    refusing.say("noor")
    assert len(refusing.coordinators_hear()) == 1


def test_a_flood_is_one_message_with_a_count(refusing: Refusing) -> None:
    refusing.refuse("user_not_found")
    for key in ("noor", "theo", "mina", "jules", "sami", "ines", "kofi", "lena"):
        refusing.say(key)
    (message,) = refusing.coordinators_hear()
    assert "8 messages" in message
    assert message.count("a message for") == deadletters.NAMED
    assert "and 3 more" in message


def test_refusals_settled_together_are_all_counted(refusing: Refusing) -> None:
    refusing.refuse("user_not_found")
    house, stage = refusing.stage.bot.house, refusing.stage
    payload = Saying("paused", {"student": "N"}).payload("en")
    drafts = [
        Draft(stage.bot.workspace, Kind.SAY, stage.people[key].id, "s", payload, key, stage.clock())
        for key in ("noor", "theo", "mina")
    ]
    with house.store.write() as connection:
        house.outbox.put(connection, drafts, stage.clock())
    stage.run()
    (message,) = refusing.coordinators_hear()
    assert "3 messages" in message


def test_another_reason_is_another_message(refusing: Refusing) -> None:
    refusing.refuse("user_not_found", lambda arguments: True)
    refusing.say("noor")
    refusing.stage.workspace.faults.clear()
    refusing.refuse("msg_too_long")
    refusing.say("theo")
    assert len(refusing.coordinators_hear()) == 2


def test_what_comes_after_the_message_waits_for_the_next_school_morning(refusing: Refusing) -> None:
    refusing.refuse("user_not_found")
    refusing.say("noor")
    assert len(refusing.coordinators_hear()) == 1
    refusing.refuse("user_not_found")
    refusing.say("theo")
    refusing.say("mina")
    assert len(refusing.coordinators_hear()) == 1
    refusing.stage.wait(hours=20)
    assert "2 messages" in told(refusing.stage, COORDINATOR)[-1]


def test_nobody_is_told_on_a_friday_night(refusing: Refusing) -> None:
    refusing.stage.clock.advance(seconds=(FRIDAY_NIGHT - refusing.stage.clock()).total_seconds())
    refusing.refuse("user_not_found")
    refusing.say("noor")
    assert refusing.coordinators_hear() == []
    waiting = [row for row in stored(refusing.stage.bot.house.store).values() if row.state is State.SCHEDULED]
    assert [row.due_at for row in waiting] == [datetime(2026, 12, 7, 12, 0, tzinfo=UTC)]  # Monday, 7:00 there


def test_a_dead_letter_that_is_refused_itself_tells_nobody_but_the_log(
    refusing: Refusing, caplog: pytest.LogCaptureFixture
) -> None:
    refusing.refuse("user_not_found")
    refusing.say("noor")
    with caplog.at_level(logging.ERROR):
        refusing.stage.wait(minutes=3)
    rows = [row for row in stored(refusing.stage.bot.house.store).values() if row.subject == deadletters.SUBJECT]
    assert [row.state for row in rows] == [State.DEAD]
    assert "dead_letters_undeliverable" in caplog.text
    refusing.stage.wait(hours=30)
    assert len(stored(refusing.stage.bot.house.store)) == 2


def test_a_coordinator_who_cannot_be_reached_is_told_to_the_others(refusing: Refusing) -> None:
    store, stage = refusing.stage.bot.house.store, refusing.stage
    with store.write() as connection:
        connection.execute(update(Person).where(Person.key == "reyes").values(role="coordinator"))
    refusing.refuse("user_not_found")
    refusing.say(COORDINATOR)
    stage.workspace.faults.clear()
    stage.wait(minutes=3)
    assert "a message for Mr. Tan" in told(stage, "reyes")[-1]
    assert told(stage, COORDINATOR) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "alert:1"},
        {"kind": Kind.HOME, "payload": {"slack_id": "UNOOR"}},
        {
            "kind": Kind.UPDATE,
            "payload": {**Saying("paused", {"student": "N"}).payload("en"), "channel": "D1", "ts": "1"},
        },
        {"kind": Kind.AGENDA, "recipient": "conference:1", "payload": {"conference": 1, "page": 0}},
    ],
    ids=["an alert", "an App Home", "an old message said anew", "an agenda nobody approved"],
)
def test_what_has_its_own_handling_or_keeps_nobody_waiting_is_not_told(
    refusing: Refusing, fields: dict[str, Any]
) -> None:
    for method in ("chat.postMessage", "chat.update", "views.publish"):
        refusing.stage.workspace.fault(method, Fault.refused("user_not_found"), None)
    refusing.say("noor", **fields)
    states = [row.state for row in stored(refusing.stage.bot.house.store).values() if row.dedupe_key == "test:1"]
    assert states == [State.DEAD]
    assert refusing.coordinators_hear() == []


def test_a_coordinator_is_told_in_their_language_of_a_conference_s_channel(refusing: Refusing) -> None:
    with refusing.stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == COORDINATOR).values(language="es"))
        of_noor = select(Conference.id).join(Person, Person.id == Conference.student_id).where(Person.key == "noor")
        conference = connection.scalar(of_noor)
    refusing.refuse("is_archived")
    payload = {**Saying("paused", {"student": "N"}).payload("en"), "channel": "C1"}
    refusing.say("noor", recipient=f"conference:{conference}", payload=payload)
    (message,) = refusing.coordinators_hear()
    assert "el canal de la conferencia de Noor" in message
    assert "archivado" in message


@pytest.mark.parametrize(
    ("kind", "reason", "counted"),
    [
        ("say", "user_not_found", "user not found"),
        ("say", "could not be composed: UndefinedError", "could not be composed"),
        ("file", "the file could not be put", "the file could not be put"),
        ("mail", Undelivered.ADDRESS, "e-mail: the mail server does not take mail for this address"),
        ("file", "there is no channel", ""),
        ("agenda", "nothing is approved", ""),
    ],
)
def test_what_the_weeks_digest_counts(kind: str, reason: str, counted: str) -> None:
    assert deadletters.undelivered(kind, reason) == counted
