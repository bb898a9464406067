"""What is counted, and that no figure names anybody."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.app import Bot, premises, who, wire
from bot.logs import Json, Line
from bot.practice import Fault
from bot.practice.stage import Stage
from bot.practice.targets import Ack
from bot.running.meter import Meter
from bot.running.turns import Way, watched, way_of
from bot.services.speech import Kind
from bot.settings import Settings
from bot.slack.caps import UNCAPPED
from bot.words import Words
from scheduler.outbox import Draft, State
from scheduler.pace import UNLIMITED
from tests.stages import url_of

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def bot(stage: Stage, words: Words, meter: Meter) -> Iterator[Bot]:
    """Another bot beside the one on stage, whose doings are counted."""
    house = stage.bot.house
    environ = stage.workspace.environment | {"DATABASE_URL": url_of(house.store)}
    at = premises(Settings.read(environ), clock=stage.clock, limits=UNLIMITED, caps=UNCAPPED, watch=meter)
    made = wire(at, words, who(stage.workspace.bot_token, stage.workspace.api_url))
    stage.workspace.attach(made.app)
    yield made
    made.stop()


def figures(meter: Meter, bot: Bot) -> Figures:
    """What is shown, by name and labels."""
    application = meter.route(bot.house.store, bot, bot.house.clock)
    found = b"".join(application({"REQUEST_METHOD": "GET"}, lambda *_: None)).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(found)
        for sample in family.samples
    }


def of(found: Figures, name: str, **labels: str) -> float:
    return sum(
        value for (called, known), value in found.items() if called == name and labels.items() <= dict(known).items()
    )


def test_what_is_sent_refused_and_limited_is_counted(stage: Stage, bot: Bot, meter: Meter) -> None:
    noor, theo = stage.people["noor"], stage.people["theo"]
    noor.dm("hello")
    stage.clock.advance(seconds=20)
    bot.dispatcher.run_due()
    stage.workspace.fault("chat.postMessage", Fault.refused("channel_not_found"))
    theo.dm("hello")
    bot.dispatcher.run_due()
    stage.workspace.fault("chat.postMessage", Fault.rate_limited(30))
    stage.people["mina"].dm("hello")
    bot.dispatcher.run_due()
    found = figures(meter, bot)
    assert of(found, "coach_settled_total", outcome="sent", kind=Kind.SAY) >= 1
    assert of(found, "coach_settled_total", outcome="dead") == 1
    assert of(found, "coach_settled_total", outcome="later") == 1
    assert of(found, "coach_rate_limited_total", method="chat.postMessage") == 1
    assert of(found, "coach_dwell_seconds_count") == of(found, "coach_settled_total", outcome="sent")
    assert of(found, "coach_dwell_seconds_sum") >= 0
    assert of(found, "coach_tick_age_seconds") == 0


def put(stage: Stage, kind: str, recipient: str, **due: float) -> None:
    now = stage.clock()
    stage.clock.advance(**due)
    draft = Draft(stage.workspace.team_id, kind, recipient, "about", {}, f"{kind} {recipient}", stage.clock())
    stage.clock.set(now)
    with stage.bot.house.store.write() as connection:
        stage.bot.house.outbox.put(connection, [draft], now)


def test_what_waits_is_shown_by_state_and_kind_with_the_age_of_the_oldest(stage: Stage, bot: Bot, meter: Meter) -> None:
    put(stage, Kind.SAY, "U1", minutes=-5)
    put(stage, Kind.NUDGE, "U2", days=3)
    found = figures(meter, bot)
    assert of(found, "coach_deliveries", state=State.SCHEDULED, kind=Kind.SAY) >= 1
    assert of(found, "coach_deliveries", state=State.SCHEDULED, kind=Kind.NUDGE) >= 1
    assert of(found, "coach_oldest_due_seconds") == 300
    assert of(found, "coach_database_up") == 1


def test_what_is_asked_of_the_database_is_told_again_for_a_while(stage: Stage, bot: Bot, meter: Meter) -> None:
    application = meter.route(bot.house.store, bot, bot.house.clock)
    ask = lambda: b"".join(application({"REQUEST_METHOD": "GET"}, lambda *_: None))  # noqa: E731
    first = ask()
    put(stage, Kind.SAY, "U1")
    assert [line for line in ask().splitlines() if b"coach_deliveries" in line] == [
        line for line in first.splitlines() if b"coach_deliveries" in line
    ]


def test_no_label_holds_anything_but_names_of_ours(stage: Stage, bot: Bot, meter: Meter) -> None:
    bot_answer = watched(bot.answer, meter.turned)
    bot_answer({"type": "Noor Haddad", "command": 3})
    stage.people["noor"].dm("I like science")
    bot.dispatcher.run_due()
    known = {"way", "outcome", "kind", "method", "state", "le", "version"}
    for (name, labels), _ in figures(meter, bot).items():
        for label, value in labels:
            assert label in known, name
            assert value == value.lower() or value in ("+Inf", "chat.postMessage"), value
            assert not value.startswith(("u0", "c0", "d0", "t0")), value


@pytest.mark.parametrize(
    ("body", "way"),
    [
        ({"type": "event_callback"}, Way.EVENT),
        ({"type": "block_actions"}, Way.ACTION),
        ({"type": "view_submission"}, Way.VIEW),
        ({"command": "/conference"}, Way.COMMAND),
        ({"type": ["Noor"]}, Way.OTHER),
        ({}, Way.OTHER),
    ],
)
def test_a_body_has_one_of_a_few_ways(body: dict[str, Any], way: Way) -> None:
    assert way_of(body) is way


def test_one_can_follow_an_event_through_its_turn_and_its_delivery_to_slack(
    stage: Stage, bot: Bot, meter: Meter, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "bot")
    caplog.set_level(logging.INFO, "scheduler")
    monkeypatch.setattr(caplog.handler, "formatter", Json())
    answer = watched(bot.answer, meter.turned)
    stage.workspace.attach(_Direct(answer))
    stage.people["noor"].dm("hello from the greenhouse")
    bot.dispatcher.run_due()
    lines = [json.loads(line) for line in caplog.text.splitlines() if line.startswith("{")]
    (put_,) = [line for line in lines if line["event"] == "put"]
    (answered,) = [line for line in lines if line["event"] == "answered" and line["turn"] == put_["turn"]]
    sent = [line for line in lines if line["event"] == "sent"]
    assert answered["reference"] == stage.workspace.events.log[0].delivery.payload["event_id"]
    assert put_["deliveries"] != []
    assert set(put_["deliveries"]) <= {line["delivery"] for line in sent}
    assert all("turn" not in line for line in sent)
    assert "greenhouse" not in caplog.text
    assert "Noor" not in caplog.text


class _Direct:
    """Brings a body to the bot as the socket does."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def deliver(self, delivery: Any) -> Any:
        return Ack(self._answer(delivery.payload).status == 200, 200)


def test_a_line_of_json_has_stable_names_and_the_time_in_utc() -> None:
    record = logging.LogRecord("bot", logging.INFO, __file__, 7, "sent delivery=%s kind=%s attempts=%d waited=%s",
                               ("a-1", "say", 2, 0.25), None)  # fmt: skip
    record.created = 1_796_050_800.25
    assert Json().format(record) == (
        '{"time": "2026-11-30T15:00:00.250Z", "level": "info", "logger": "bot", "event": "sent", "delivery": "a-1", '
        '"kind": "say", "attempts": 2, "waited": 0.25}'
    )
    assert Line().format(record).endswith("INFO bot sent delivery=a-1 kind=say attempts=2 waited=0.25")


def test_how_much_room_is_left_is_told_of_a_file_only(stage: Stage, bot: Bot, meter: Meter) -> None:
    assert (of(figures(meter, bot), "coach_disk_free_bytes") > 0) == bot.house.store.sqlite
