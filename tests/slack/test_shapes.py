"""What comes in is cleaned and held against its shape before anybody reads it; what is dropped says where it is odd."""

from __future__ import annotations

import copy
import logging
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult

from bot.practice.stage import Stage
from bot.practice.targets import Delivery, Sort, WsgiTarget
from bot.slack.entry import DEEPEST, LARGEST, OddError, clean, enter
from bot.slack.shapes import UNKNOWN, fault
from tests.stages import LETTER, Student

WORDS = "zinnia in the greenhouse"
MESSAGE = {
    "type": "event_callback",
    "team_id": "T1",
    "event_id": "Ev1",
    "event": {
        "type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "ts": "1795000000.000100",
        "text": WORDS, "files": [{"id": "F1", "title": WORDS}],
        "client_msg_id": "a8744611-0210-4f85-9f15-5faf7fb225c8",
    },
}  # fmt: skip
DELETED = {**MESSAGE, "event": {**MESSAGE["event"], "subtype": "message_deleted", "deleted_ts": "1.1"}}  # type: ignore[dict-item]
TAP = {
    "type": "block_actions",
    "team": {"id": "T1"},
    "user": {"id": "U1"},
    "trigger_id": "1.2.abc",
    "container": {"type": "message", "message_ts": "1.1", "channel_id": "D1"},
    "channel": {"id": "D1"},
    "actions": [{"action_id": "visible.1", "block_id": "b", "action_ts": "1.1", "selected_option": {"value": "x"}}],
}
WINDOW = {
    "type": "view_submission",
    "team": {"id": "T1"},
    "user": {"id": "U1"},
    "view": {
        "type": "modal", "id": "V1", "callback_id": "form:idea", "private_metadata": "",
        "state": {"values": {"text.0": {"text": {"type": "plain_text_input", "value": WORDS}}}},
    },
}  # fmt: skip
COMMAND = {"command": "/conference", "team_id": "T1", "user_id": "U1", "trigger_id": "1.2.abc", "text": WORDS}


def changed(body: Any, path: str, value: Any) -> Any:
    """A copy with one value changed; without it where the value is Ellipsis."""
    made = place = copy.deepcopy(body)
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in way:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return made


@pytest.mark.parametrize("body", [MESSAGE, DELETED, TAP, WINDOW, COMMAND])
def test_what_slack_sends_fits(body: dict[str, Any]) -> None:
    assert fault(body) == ""


@pytest.mark.parametrize(
    ("body", "path", "value", "at"),
    [
        (MESSAGE, "event_id", ..., "event_id"),
        (MESSAGE, "event_id", "e" * 81, "event_id"),
        (MESSAGE, "team_id", 7, "team_id"),
        (MESSAGE, "event", [], "event"),
        (MESSAGE, "event/type", None, "event.type"),
        (MESSAGE, "event/subtype", {}, "event.subtype"),
        (MESSAGE, "event/ts", "yesterday", "event.ts"),
        (MESSAGE, "event/user", {"id": "U1"}, "event.user"),
        (MESSAGE, "event/channel", ..., "event.channel"),
        (MESSAGE, "event/text", [WORDS], "event.text"),
        (MESSAGE, "event/files/0", WORDS, "event.files"),
        (MESSAGE, "event/files/0/id", "F" * 33, "event.files.id"),
        (MESSAGE, "event/client_msg_id", "x" * 200, "event.client_msg_id"),
        (DELETED, "event/deleted_ts", ..., "event.deleted_ts"),
        (TAP, "actions", [], "actions"),
        (TAP, "actions/0/action_id", 1, "actions.action_id"),
        (TAP, "actions/0/action_id", "answer." + "1" * 200, "actions.action_id"),
        (TAP, "actions/0/selected_option", ..., "actions.selected_option"),
        (TAP, "container/message_ts", ..., "container.message_ts"),
        (TAP, "user/id", "U1\n", "user.id"),
        (TAP, "team", None, "team"),
        (TAP, "trigger_id", ..., "trigger_id"),
        (WINDOW, "view/type", "workflow_step", "view.type"),
        (WINDOW, "view/state/values/text.0/text", WORDS, "view.state.values.text"),
        (WINDOW, "view/private_metadata", None, "view.private_metadata"),
        (COMMAND, "user_id", "", "user_id"),
        (COMMAND, "command", ..., UNKNOWN),
        (MESSAGE, "type", WORDS, UNKNOWN),
        (MESSAGE, "type", [], UNKNOWN),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_a_field_of_ours(body: Any, path: str, value: Any, at: str) -> None:
    assert fault(changed(body, path, value)) == at


@pytest.mark.parametrize(
    "body",
    [
        changed(MESSAGE, "event/channel_type", "channel"),
        changed(changed(MESSAGE, "event/type", "reaction_added"), "event/user", 7),
        changed(MESSAGE, "event/something_new", {"a": [None]}),
        changed(MESSAGE, "event/files", None),
        changed(MESSAGE, "event/bot_id", None),
    ],
)
def test_what_nobody_reads_may_be_as_it_likes(body: Any) -> None:
    assert fault(body) == ""


@pytest.mark.parametrize(
    ("tap", "change"),
    [("beside.1", {"value": "12"}), ("beside.1", {"selected_option": {"value": "12:goals"}}), ("answer.1", {})],
)
def test_a_tap_carries_what_its_listener_reads(tap: str, change: dict[str, Any]) -> None:
    action = {"action_id": tap, "block_id": "b", "action_ts": "1.1", **change}
    assert fault(changed(TAP, "actions", [action])) == ""


@pytest.mark.parametrize("change", [{}, {"value": "x"}, {"selected_option": {"value": "all"}}])
def test_a_seat_is_a_students_number(change: dict[str, Any]) -> None:
    action = {"action_id": "beside.1", "block_id": "b", "action_ts": "1.1", **change}
    assert fault(changed(TAP, "actions", [action])) != ""


# -- cleaning --------------------------------------------------------------------------------------------------------


def test_what_no_database_takes_is_taken_out_everywhere() -> None:
    assert clean({"a\x00": ["\ud83dx", {"b": "\U0001f600 é"}], "n": 1.5, "t": True, "z": None}) == {
        "a": ["x", {"b": "\U0001f600 é"}], "n": 1.5, "t": True, "z": None
    }  # fmt: skip


@pytest.mark.parametrize("value", [LARGEST + 1, -(10**400), float("inf"), float("nan"), "deep", "wide and deep"])
def test_what_nobody_can_count_to_is_odd(value: Any) -> None:
    nested: Any = "x"
    for number in range(DEEPEST + 2):
        nested = [nested] if number % 2 or value == "deep" else {"a": nested}
    with pytest.raises(OddError):
        clean({"a": nested if isinstance(value, str) else value})


def bolt(seen: list[Any]) -> App:
    who = AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="UBOT", bot_token="xoxb-1")
    app = App(signing_secret="s", authorize=lambda **_: who, process_before_response=True)

    @app.middleware
    def every(req: BoltRequest, next: Any) -> None:
        seen.append(req.body)
        next()

    app.event("message")(lambda: None)
    return app


@pytest.mark.parametrize(
    "odd",
    [{"enterprise": 5}, {"authorizations": [7]}, {"authorizations": "xyz"}, {"response_urls": [5]}, {"channel": 5}],
    ids=str,
)
def test_what_bolt_itself_trips_over_is_dropped(odd: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []
    with caplog.at_level(logging.WARNING, "bot"):
        assert enter(bolt(seen), {**MESSAGE, **odd}).status == 200
    assert seen == []
    assert "odd_shape field=context" in caplog.text
    assert WORDS not in caplog.text


def test_what_is_dropped_is_logged_by_its_field_alone(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []
    with caplog.at_level(logging.DEBUG):
        assert enter(bolt(seen), changed(MESSAGE, "event/user", WORDS)).status == 200
    assert seen == []
    assert "odd_shape field=event.user" in caplog.text
    assert WORDS not in caplog.text


def test_half_an_emoji_costs_nobody_their_message(stage: Stage) -> None:
    noor = Student(stage)
    stage.workspace.attach(stage.bot.wsgi())
    noor.arrive()
    noor.tap("Start")
    event = {"type": "message", "channel_type": "im", "channel": stage.workspace.im("UNOOR").id, "user": "UNOOR",
             "ts": stage.workspace.next_ts(), "text": f"{LETTER['learner']} \ud83d\x00"}  # fmt: skip
    target = WsgiTarget(stage.bot.wsgi(), stage.bot.secret)
    assert target.deliver(Delivery(Sort.EVENT, stage.workspace.events._envelope(event))).ok
    noor.let()
    assert "What are you learning right now?" in noor.last.shown
