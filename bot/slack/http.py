"""The HTTP way in behind the guard: what it has read goes to Bolt, Bolt's answer goes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from slack_bolt import BoltResponse

from bot.slack.guard import BODY, Environ

Answer = Callable[[Mapping[str, Any]], BoltResponse]
"""Takes in a body that Slack sent."""


class Http:
    """A WSGI application. The guard has checked who sent it and read it, once: nothing is parsed a second time, in
    another way (Bolt's own parser takes a command's text for a payload if that word is in it)."""

    def __init__(self, answer: Answer, path: str) -> None:
        self._answer = answer
        self._path = path

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer what came to the bot's one address."""
        there = environ.get("PATH_INFO") == self._path
        return send(self._answer(environ[BODY]) if there else BoltResponse(status=404, body=""), start_response)


def send(response: BoltResponse, start_response: Any) -> Iterable[bytes]:
    """Answer with what Bolt answered."""
    content = (response.body or "").encode()
    headers = [(name, value) for name, values in response.headers.items() for value in values]
    status = HTTPStatus(response.status)
    length = ("content-length", str(len(content)))
    start_response(
        f"{status.value} {status.phrase}", [*(one for one in headers if one[0].lower() != "content-length"), length]
    )
    return [content]
