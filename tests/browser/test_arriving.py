"""What a client may leave out of what it sends, and is understood all the same."""

from __future__ import annotations

from typing import Any

import pytest

from bot.dialogue.events import Deleted, Edited
from bot.slack.listeners.messages import read
from bot.slack.shapes import fault

SAID = {"user": "U1", "ts": "1795000000.000100", "text": "i like maps"}
CHANGED = {**SAID, "text": "i like old maps", "edited": {"user": "U1", "ts": "1795000001.000100"}}


def event(channel: str, **fields: Any) -> dict[str, Any]:
    inner = {"type": "message", "channel": channel, "ts": "1795000001.000200", "previous_message": SAID, **fields}
    return {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": inner}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"subtype": "message_changed", "message": CHANGED}, Edited),
        ({"subtype": "message_deleted", "deleted_ts": SAID["ts"]}, Deleted),
    ],
    ids=["edit", "deletion"],
)
def test_a_change_in_a_direct_message_is_known_by_the_channels_id(fields: dict[str, Any], kind: type) -> None:
    body = event("D1", **fields)
    assert fault(body) == ""
    heard = read(body, body["event"], "UBOT")
    assert heard is not None
    assert isinstance(heard.event, kind)
    elsewhere = event("C1", **fields)
    assert read(elsewhere, elsewhere["event"], "UBOT") is None


@pytest.mark.parametrize("place", [{}, {"channel": None}, {"channel": {"id": ""}}], ids=["none", "null", "empty"])
@pytest.mark.parametrize("at", ["1795000000", "1795000000.123456"], ids=["a whole second", "within one"])
def test_a_tap_in_a_home_is_in_no_channel_and_at_any_time(place: dict[str, Any], at: str) -> None:
    action = {"action_id": "answer.1", "block_id": "1:", "action_ts": at, "value": "1::0:cmd:start"}
    body = {
        "type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"}, "trigger_id": "1.2", "container": {},
        "actions": [action], **place,
    }  # fmt: skip
    assert fault(body) == ""
