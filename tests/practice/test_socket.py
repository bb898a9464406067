from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.practice import Person, PracticeWorkspace
from tests.practice.conftest import actions, bolt_app, button


@pytest.fixture
def app(workspace: PracticeWorkspace) -> Iterator[App]:
    made = bolt_app(workspace)
    web = WebClient(workspace.app_token, base_url=workspace.api_url)
    handler = SocketModeHandler(made, workspace.app_token, web_client=web)
    handler.connect()
    assert workspace.wait_until(lambda: workspace.sockets.count == 1)
    yield made
    hang_up(workspace, handler.client)


def hang_up(workspace: PracticeWorkspace, client: BaseSocketModeClient) -> None:
    """Close a client at once: of itself it waits for seconds for what may still come in."""
    client.auto_reconnect_enabled = False
    workspace.sockets.drop()
    client.close()


def test_a_bolt_app_talks_through_a_socket(workspace: PracticeWorkspace, app: App, noor: Person) -> None:
    @app.event("message")
    def hear(event: dict[str, Any], client: WebClient) -> None:
        client.chat_postMessage(channel=event["channel"], text="Heard", blocks=[actions(button("Go"))])

    @app.action("act.1")
    def act(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.chat_postMessage(channel=body["channel"]["id"], text="Went")

    @app.command("/conference")
    def command(ack: Any) -> None:
        ack("On its way")

    noor.dm("hello")
    assert workspace.wait_until(lambda: len(noor.sees()) == 2)
    assert noor.tap("Go").ok
    assert workspace.wait_until(lambda: noor.sees()[-1].text == "Went")
    assert noor.command("/conference").ok
    assert [message.text for message in noor.ephemerals] == ["On its way"]


def test_a_refreshed_socket_comes_back(workspace: PracticeWorkspace, app: App) -> None:
    workspace.sockets.refresh()
    assert workspace.wait_until(lambda: workspace.sockets.count == 1, 20)


def test_an_eleventh_socket_is_turned_away(workspace: PracticeWorkspace) -> None:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(connect(workspace.sockets.ticket())) for _ in range(10)]
        assert all('"hello"' in str(one.recv()) for one in opened)
        extra = stack.enter_context(connect(workspace.sockets.ticket()))
        with pytest.raises(ConnectionClosed):
            extra.recv()


def test_a_ticket_opens_one_socket(workspace: PracticeWorkspace) -> None:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    ticket = workspace.sockets.ticket()
    with connect(ticket) as first:
        first.recv()
        with connect(ticket) as again, pytest.raises(ConnectionClosed):
            again.recv()


def test_the_plain_socket_client_acknowledges(workspace: PracticeWorkspace, noor: Person) -> None:
    web = WebClient(workspace.app_token, base_url=workspace.api_url)
    client = SocketModeClient(workspace.app_token, web_client=web)
    client.socket_mode_request_listeners.append(
        lambda socket, request: socket.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
    )
    client.connect()
    assert workspace.wait_until(lambda: workspace.sockets.count == 1)
    noor.dm("hello")
    assert workspace.events.log[0].ack.ok
    hang_up(workspace, client)
