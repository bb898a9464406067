"""Socket Mode: the bot's own connection to Slack, for a school with one machine and no public address."""

from __future__ import annotations

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient


class Socket:
    """The connection; it reconnects by itself. Opened and closed here, for the SDK's own `start` handles no SIGTERM."""

    def __init__(self, app: App, app_token: str, api_url: str) -> None:
        client = WebClient(token=app_token, base_url=api_url)
        self._handler = SocketModeHandler(app, app_token, web_client=client)

    def open(self) -> None:
        """Connect."""
        self._handler.connect()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Take nothing more in."""
        self._handler.close()  # type: ignore[no-untyped-call]
