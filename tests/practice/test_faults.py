from __future__ import annotations

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.practice import Fault, HandClock, Limits, Person, PracticeWorkspace
from tests.practice.conftest import client_of, refusal


@pytest.fixture
def hasty(workspace: PracticeWorkspace) -> WebClient:
    return client_of(workspace, timeout=0.2)


@pytest.mark.parametrize(
    ("fault", "posted"),
    [
        (Fault.TIMEOUT_BEFORE, 0),
        (Fault.TIMEOUT_AFTER, 1),
        (Fault.DROP_BEFORE, 0),
        (Fault.DROP_AFTER, 1),
        (Fault.HANG, 1),
        (Fault.ERROR_500, 0),
        (Fault.ERROR_500_AFTER, 1),
        (Fault.HTML_200, 0),
        (Fault.HTML_200_AFTER, 1),
        (Fault.refused("fatal_error"), 0),
        (Fault.refused_after("fatal_error"), 1),
    ],
    ids=lambda value: value.trouble if isinstance(value, Fault) else None,
)
def test_a_call_fails_as_asked_once(
    workspace: PracticeWorkspace, hasty: WebClient, noor: Person, fault: Fault, posted: int
) -> None:
    workspace.fault("chat.postMessage", fault)
    with pytest.raises(Exception):  # noqa: B017, PT011 - each fault reaches the client in its own way
        hasty.chat_postMessage(channel=noor.id, text="Hi")
    assert len(noor.sees()) == posted
    assert hasty.chat_postMessage(channel=noor.id, text="Hi again")["ok"]


def test_a_late_call_takes_effect_when_its_time_comes(
    workspace: PracticeWorkspace, clock: HandClock, client: WebClient, noor: Person
) -> None:
    workspace.fault("chat.postMessage", Fault.late(8))
    with pytest.raises(OSError, match=r"."):
        client.chat_postMessage(channel=noor.id, text="Hi")
    clock.advance(7)
    workspace.tick()
    assert noor.sees() == []
    clock.advance(1)
    workspace.tick()
    assert [message.text for message in noor.sees()] == ["Hi"]


def test_a_429_holds_the_method_for_exactly_its_time(
    workspace: PracticeWorkspace, clock: HandClock, client: WebClient, noor: Person
) -> None:
    workspace.fault("chat.postMessage", Fault.rate_limited(30))
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=noor.id, text="Hi")
    assert caught.value.response.headers["Retry-After"] == "30"
    clock.advance(29)
    assert refusal(lambda: client.chat_postMessage(channel=noor.id, text="Hi")) == "ratelimited"
    assert client.auth_test()["ok"]
    clock.advance(1)
    assert client.chat_postMessage(channel=noor.id, text="Hi")["ok"]


def test_a_fault_can_wait_for_its_call(workspace: PracticeWorkspace, client: WebClient, noor: Person) -> None:
    workspace.fault("chat.postMessage", Fault.refused("restricted_action"), None, lambda args: args["text"] == "B")
    assert client.chat_postMessage(channel=noor.id, text="A")["ok"]
    for _ in range(3):
        assert refusal(lambda: client.chat_postMessage(channel=noor.id, text="B")) == "restricted_action"


@pytest.fixture
def limited(workspace: PracticeWorkspace) -> Limits:
    workspace.limits.enabled = True
    return workspace.limits


def test_a_tier_2_method_takes_20_calls_a_minute(limited: Limits, clock: HandClock, client: WebClient) -> None:
    for number in range(20):
        client.conversations_create(name=f"c{number}", is_private=True)
    clock.advance(15)
    with pytest.raises(SlackApiError) as caught:
        client.conversations_create(name="more", is_private=True)
    assert caught.value.response.headers["Retry-After"] == "45"
    clock.advance(45)
    assert client.conversations_create(name="more", is_private=True)["ok"]


def test_a_channel_takes_a_message_a_second_after_a_burst(
    limited: Limits, clock: HandClock, client: WebClient, noor: Person, okafor: Person
) -> None:
    for _ in range(limited.burst):
        client.chat_postMessage(channel=noor.id, text="Hi")
    assert refusal(lambda: client.chat_postMessage(channel=noor.id, text="Hi")) == "ratelimited"
    assert client.chat_postMessage(channel=okafor.id, text="Hi")["ok"]
    clock.advance(1)
    assert client.chat_postMessage(channel=noor.id, text="Hi")["ok"]
    assert refusal(lambda: client.chat_postMessage(channel=noor.id, text="Hi")) == "ratelimited"


def test_a_workspace_takes_so_many_messages_a_minute(
    workspace: PracticeWorkspace, limited: Limits, client: WebClient
) -> None:
    limited.posts_per_minute = 3
    people = [workspace.person(name) for name in ("Theo", "Mina", "Jules", "Sami")]
    for person in people[:3]:
        client.chat_postMessage(channel=person.id, text="Hi")
    assert refusal(lambda: client.chat_postMessage(channel=people[3].id, text="Hi")) == "ratelimited"
