"""Calls to Slack's Web API over kept-alive connections, each made once. Only a parsed reply says what became of it.

slack_sdk's client opens a connection, and over TLS builds a context, for every call, repeats a call on a dropped
connection (one post became two), and logs a body it cannot parse. The bot's own calls go this way instead.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from bot.slack.connections import Connections, HttpError

SLACK_API = "https://slack.com/api/"
CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
_JSON = "application/json; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_LATER = frozenset({"ratelimited", "rate_limited", "service_unavailable", "team_added_to_org", "request_timeout"})
_UNCLEAR = frozenset({"fatal_error", "internal_error"})


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `fault` names why it is not known what became of the call; then nothing else counts."""

    data: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    retry_after: float | None = None
    fault: str = ""

    @property
    def ok(self) -> bool:
        """Slack said yes."""
        return not (self.error or self.fault or self.retry_after is not None)


class SlackApi:
    """Slack's Web API with one bot token. `limited` is told of each method that is answered 429."""

    def __init__(
        self,
        token: str,
        base_url: str = SLACK_API,
        *,
        connections: int = 50,
        tls: ssl.SSLContext | None = None,
        limited: Callable[[str], None] = lambda _method: None,
    ) -> None:
        tls = tls or ssl.create_default_context()
        self._limited = limited
        self._path = urlsplit(base_url).path.rstrip("/") + "/"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._heads: dict[tuple[str, str], bytes] = {}
        self._connections = Connections(base_url, tls, connect=CONNECT_SECONDS, read=READ_SECONDS, kept=connections)
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), ssl_context=tls
        )

    def call(self, method: str, arguments: Mapping[str, Any]) -> Reply:
        """Call a method with a JSON body, once. Never raises for what Slack or the network does."""
        return self._send(method, _encode(arguments).encode(), _JSON)

    def ask(self, method: str, arguments: Mapping[str, Any]) -> Reply:
        """Call a method that only takes form fields (`users.info`, `conversations.members` and other reads), once."""
        form = {key: _field(value) for key, value in arguments.items()}
        return self._send(method, urlencode(form).encode(), _FORM)

    def download(self, url: str, limit: int) -> bytes | None:
        """A file of Slack's, up to `limit` bytes; None where it is larger or cannot be had."""
        try:
            response = self._pool.request("GET", url, headers=self._headers, preload_content=False)
            data = response.read(limit + 1)
            response.release_conn()
        except urllib3.exceptions.HTTPError:
            return None
        return data if response.status == 200 and len(data) <= limit else None

    def upload(self, url: str, data: bytes) -> bool:
        """Put a file where `files.getUploadURLExternal` said."""
        try:
            response = self._pool.request("POST", url, body=data, headers={"Content-Type": "application/octet-stream"})
        except urllib3.exceptions.HTTPError:
            return False
        return response.status == 200

    def close(self) -> None:
        """Close the kept connections."""
        self._connections.close()
        self._pool.clear()

    def _send(self, method: str, body: bytes, content: str) -> Reply:
        try:
            answer = self._connections.post(self._head(method, content), body)
        except (OSError, HttpError) as error:
            return Reply(fault=type(error).__name__)
        if answer.status == 429:
            self._limited(method)
        return read_reply(answer.status, answer.headers.get(b"retry-after", b"").decode("latin-1"), answer.body)

    def _head(self, method: str, content: str) -> bytes:
        head = self._heads.get((method, content))
        if head is None:
            headers = {**self._headers, "Content-Type": content}
            head = self._heads[method, content] = self._connections.head(f"{self._path}{method}", headers)
        return head


def read_reply(status: int, retry_after: str | None, body: bytes) -> Reply:
    """What a response says: yes, an error code, not now, or nothing that could be relied on."""
    if status == 429:
        return Reply(error="ratelimited", retry_after=_seconds(retry_after))
    if status >= 500:
        return Reply(fault=f"HTTP {status}")
    try:
        data = json.loads(body)
    except ValueError:
        return Reply(fault=f"HTTP {status}, not JSON")
    if not isinstance(data, dict) or not isinstance(data.get("ok"), bool):
        return Reply(fault=f"HTTP {status}, no answer in it")
    if data["ok"]:
        return Reply(data)
    error = str(data.get("error") or "unknown_error")
    if error in _UNCLEAR:
        return Reply(fault=error)
    return Reply(data, error, _seconds(retry_after) if error in _LATER else None)


def _seconds(header: str | None) -> float:
    """Slack's Retry-After in seconds; 30 where it gives none that can be read."""
    return float(header) if header is not None and header.strip().isdecimal() else 30.0


def _field(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)
