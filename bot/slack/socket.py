"""Socket Mode: the bot's own connection to Slack, for a school with one machine and no public address."""

from __future__ import annotations

import time
from http.client import HTTPException

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.socket_mode.internals import send_response
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.errors import CoachError
from bot.slack.entry import enter


class Entrance(SocketModeHandler):
    """Takes what comes through the socket in like everything else, and acks it by what Bolt answers."""

    def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Answer one envelope."""
        begun = time.time()
        send_response(client, req, enter(self.app, req.payload), begun)


class Socket:
    """The connection; it reconnects by itself. Opened and closed here, for the SDK's own `start` handles no SIGTERM."""

    def __init__(self, app: App, app_token: str, api_url: str) -> None:
        client = WebClient(token=app_token, base_url=api_url)
        self._handler = Entrance(app, app_token, web_client=client)

    def open(self) -> None:
        """Connect. CoachError says why it cannot be done, never with the token."""
        try:
            self._handler.connect()  # type: ignore[no-untyped-call]
        except SlackApiError as error:
            raise CoachError(_refusal(error)) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise CoachError(
                f"The socket to Slack cannot be opened ({reason}). Look at this machine's connection, and run it again."
            ) from None

    def close(self) -> None:
        """Take nothing more in."""
        self._handler.close()  # type: ignore[no-untyped-call]


def _refusal(error: SlackApiError) -> str:
    code = error.response.get("error") if error.response is not None else None
    if code not in _REMEDIES:
        return f"Slack does not open a socket ({str(code or 'no reason given')[:60]}). Try again later."
    return f"Slack does not open a socket ({code}). {_REMEDIES[code]}"


_COPY = "Copy SLACK_APP_TOKEN again from your Slack app's page, Basic Information, App-Level Tokens."
_REMEDIES = {
    "invalid_auth": _COPY,
    "not_authed": _COPY,
    "token_revoked": _COPY,
    "token_expired": _COPY,
    "not_allowed_token_type": _COPY,
    "missing_scope": "SLACK_APP_TOKEN needs the scope connections:write: make a new one with it.",
    "forbidden_team": "SLACK_APP_TOKEN is of an app that is not installed in this workspace.",
    "socket_mode_disabled": "Turn Socket Mode on, on your Slack app's page.",
}
