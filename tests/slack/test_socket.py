"""The socket against whatever happens to it: dropped, renewed, turned off, unreachable; nothing lost, nothing twice."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from slack_bolt import BoltResponse

from bot.errors import CoachError
from bot.practice import Fault, Person, PracticeWorkspace
from bot.slack import socket as sockets
from bot.slack.socket import Socket
from tests.practice.conftest import MANIFEST

LARGE = "x" * 200_000


class Bot:
    """Answers everything with 200, and remembers what came."""

    def __init__(self) -> None:
        self.came: list[Mapping[str, Any]] = []
        self.answers: Callable[[Mapping[str, Any]], BoltResponse] = lambda _body: BoltResponse(status=200, body="")

    def __call__(self, body: Mapping[str, Any]) -> BoltResponse:
        self.came.append(body)
        return self.answers(body)

    @property
    def events(self) -> Counter[str]:
        """How often each event came."""
        return Counter(body["event_id"] for body in self.came)


@pytest.fixture
def workspace() -> Iterator[PracticeWorkspace]:
    with PracticeWorkspace(MANIFEST) as made:
        yield made


@pytest.fixture
def noor(workspace: PracticeWorkspace) -> Person:
    return workspace.person("Noor Haddad", "U0NOOR")


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds takes moments."""
    monkeypatch.setattr(sockets, "STEADY", 0.0)


@pytest.fixture
def socket(workspace: PracticeWorkspace, bot: Bot) -> Iterator[Socket]:
    made = Socket(bot, workspace.app_token, workspace.api_url)
    made.open()
    yield made
    made.close()


def asked(workspace: PracticeWorkspace) -> int:
    return sum(call.method == "apps.connections.open" for call in list(workspace.calls))


def test_what_comes_by_a_line_is_answered_by_that_line(
    workspace: PracticeWorkspace, noor: Person, bot: Bot, socket: Socket
) -> None:
    bot.answers = lambda body: BoltResponse(status=200, body="Seen" if "command" in body else "")
    noor.dm("hello")
    assert noor.command("/conference").ok
    assert [one.ack.ok for one in workspace.events.log] == [True, True]
    assert [message.text for message in noor.ephemerals] == ["Seen"]


def test_an_answer_of_hundreds_of_kilobytes_arrives(
    workspace: PracticeWorkspace, noor: Person, bot: Bot, socket: Socket
) -> None:
    document = BoltResponse(status=200, body=json.dumps({"text": LARGE}), headers={"content-type": "application/json"})
    bot.answers = lambda _body: document
    noor.dm("hello")
    assert len(workspace.events.log[0].ack.body["text"]) == len(LARGE)


def test_what_the_bot_refuses_or_fails_at_is_not_answered_so_that_it_comes_again(
    workspace: PracticeWorkspace, noor: Person, bot: Bot, socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.practice.socket.ACK_SECONDS", 0.2)

    def fail(_body: Mapping[str, Any]) -> BoltResponse:
        raise ValueError

    bot.answers = fail
    noor.dm("hello")
    bot.answers = lambda _body: BoltResponse(status=500)
    noor.dm("hello again")
    assert {one.ack.ok for one in workspace.events.log} == {False}
    assert socket.connected


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("happens", ["drop", "refresh"])
def test_a_line_that_ends_is_followed_by_another_at_once(
    workspace: PracticeWorkspace, noor: Person, bot: Bot, socket: Socket, happens: str
) -> None:
    getattr(workspace.sockets, happens)()
    assert workspace.wait_until(lambda: workspace.sockets.count == 1)
    noor.dm("hello")
    assert workspace.events.log[-1].ack.ok
    assert len(bot.came) == 1
    assert asked(workspace) == 2


@pytest.mark.usefixtures("quick")
def test_while_two_lines_overlap_nothing_is_lost_and_nothing_comes_twice(
    workspace: PracticeWorkspace, noor: Person, bot: Bot, socket: Socket
) -> None:
    under_way, go_on = threading.Event(), threading.Event()

    def wait(_body: Mapping[str, Any]) -> BoltResponse:
        under_way.set()
        go_on.wait(10)
        return BoltResponse(status=200, body="")

    bot.answers = wait
    writing = threading.Thread(target=noor.dm, args=("hello",))
    writing.start()
    under_way.wait(10)
    workspace.sockets.warn()
    assert workspace.wait_until(lambda: workspace.sockets.count == 2)
    go_on.set()
    writing.join()
    for number in range(6):
        noor.dm(f"and {number}")
    workspace.sockets.close_oldest()
    assert workspace.wait_until(lambda: workspace.sockets.count == 1)
    noor.dm("goodbye")
    assert all(one.ack.ok for one in workspace.events.log)
    assert set(bot.events.values()) == {1}
    assert len(bot.events) == 8


@pytest.mark.usefixtures("quick")
def test_a_line_that_slack_forgot_to_close_is_not_kept(
    workspace: PracticeWorkspace, socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "OVERLAP", 0.05)
    workspace.sockets.warn()
    assert workspace.wait_until(lambda: asked(workspace) == 2 and workspace.sockets.count == 1)


def test_socket_mode_turned_off_is_said_plainly_and_asked_for_only_now_and_then(
    workspace: PracticeWorkspace, socket: Socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sockets, "REFUSED_AGAIN", 0.3)
    workspace.sockets.disable()
    assert workspace.wait_until(lambda: asked(workspace) >= 3)
    assert (socket.connected, socket.trouble) == (False, "link_disabled")
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == [
        "socket_refused code=link_disabled"
    ]
    workspace.sockets.enabled = True
    with socket._changed:
        assert socket._changed.wait_for(lambda: socket.connected, 10)
    assert socket.trouble == ""


def test_the_tries_after_a_refusal_or_a_quick_end_come_slower_and_slower(
    workspace: PracticeWorkspace, socket: Socket
) -> None:
    socket._hasty, pauses = 0, []
    for _ in range(8):
        socket._newest = None
        pauses.append(socket._pause())
    assert all(later <= sockets.LONGEST for later in pauses)
    assert pauses[0] >= 0.5
    assert pauses[7] >= sockets.LONGEST / 2
    socket._refused = True
    assert socket._pause() == sockets.REFUSED_AGAIN


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "fault", [Fault.ERROR_500, Fault.DROP_BEFORE, Fault.rate_limited(1), Fault.refused("internal_error")]
)
def test_where_slack_gives_no_line_for_a_while_there_is_one_afterwards(
    workspace: PracticeWorkspace, noor: Person, socket: Socket, fault: Fault
) -> None:
    workspace.fault("apps.connections.open", fault)
    workspace.sockets.drop()
    assert workspace.wait_until(lambda: workspace.sockets.count == 1)
    noor.dm("hello")
    assert workspace.events.log[-1].ack.ok
    assert socket.connected


def test_closing_answers_what_is_under_way_and_takes_nothing_more_in(
    workspace: PracticeWorkspace, noor: Person, bot: Bot, socket: Socket
) -> None:
    under_way, go_on = threading.Event(), threading.Event()

    def wait(_body: Mapping[str, Any]) -> BoltResponse:
        under_way.set()
        go_on.wait(10)
        return BoltResponse(status=200, body="")

    bot.answers = wait
    writing = threading.Thread(target=noor.dm, args=("hello",))
    writing.start()
    under_way.wait(10)
    closing = threading.Thread(target=socket.close)
    closing.start()
    assert socket._stopping.wait(10)
    go_on.set()
    closing.join()
    writing.join()
    assert [one.ack.ok for one in workspace.events.log] == [True]
    assert workspace.wait_until(lambda: workspace.sockets.count == 0)
    noor.dm("goodbye")
    assert len(bot.came) == 1


@pytest.mark.parametrize(
    ("token", "address", "told"),
    [
        ("xapp-other", "", "Slack does not open a socket (invalid_auth). Copy SLACK_APP_TOKEN again"),
        ("", "http://127.0.0.1:1/api/", "The socket to Slack cannot be opened (ConnectionRefusedError). Look at"),
    ],
)
def test_a_socket_that_cannot_be_opened_says_why_and_never_by_which_token(
    workspace: PracticeWorkspace, token: str, address: str, told: str
) -> None:
    socket = Socket(Bot(), token or workspace.app_token, address or workspace.api_url)
    with pytest.raises(CoachError) as caught:
        socket.open()
    socket.close()
    assert told in str(caught.value)
    assert (token or workspace.app_token) not in str(caught.value)
