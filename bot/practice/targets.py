"""Where the workspace delivers to: the bot's address, a WSGI application, a Bolt app."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import urllib3
from slack_bolt import App, BoltRequest

from bot.practice.message import Json

ACK_SECONDS = 3.0
"""How long Slack waits for an acknowledgement."""


class Sort(StrEnum):
    """What is delivered, in Socket Mode's words."""

    EVENT = "events_api"
    INTERACTION = "interactive"
    COMMAND = "slash_commands"


@dataclass(frozen=True)
class Delivery:
    """One thing brought to the bot; `attempt` counts from 0, `reason` says why it comes again."""

    sort: Sort
    payload: Json
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Ack:
    """The bot's answer: whether it took it, and what it answered with."""

    ok: bool
    status: int = 0
    body: Json = field(default_factory=dict)
    reason: str = ""
    no_retry: bool = False


class Target(Protocol):
    """Something that takes deliveries."""

    def deliver(self, delivery: Delivery) -> Ack:
        """Bring it there and wait for the answer."""


def signed(delivery: Delivery, secret: str) -> tuple[str, dict[str, str]]:
    """Body and headers as Slack sends them over HTTP. Signed at the real time, which the receiver compares."""
    body, kind = _encoded(delivery)
    stamp = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
    if delivery.attempt:
        headers |= {"X-Slack-Retry-Num": str(delivery.attempt), "X-Slack-Retry-Reason": delivery.reason}
    return body, headers


def _encoded(delivery: Delivery) -> tuple[str, str]:
    if delivery.sort is Sort.EVENT:
        return json.dumps(delivery.payload), "application/json"
    form = delivery.payload if delivery.sort is Sort.COMMAND else {"payload": json.dumps(delivery.payload)}
    return urlencode(form), "application/x-www-form-urlencoded"


def read_ack(status: int, body: str, headers: Mapping[str, Any]) -> Ack:
    """What an HTTP answer means: 200 is an acknowledgement, its JSON or text the answer."""
    no_retry = str(headers.get("x-slack-no-retry", "")) == "1"
    if status != 200:
        return Ack(False, status, reason="http_error", no_retry=no_retry)
    try:
        document = json.loads(body) if body.strip() else {}
    except ValueError:
        document = {"text": body}
    return Ack(True, status, document if isinstance(document, dict) else {}, no_retry=no_retry)


class HttpTarget:
    """The bot's request URL."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self._pool = urllib3.PoolManager(num_pools=2, maxsize=64, retries=False, timeout=ACK_SECONDS)

    def deliver(self, delivery: Delivery) -> Ack:
        body, headers = signed(delivery, self._secret)
        try:
            response = self._pool.request("POST", self._url, body=body.encode(), headers=headers)
        except urllib3.exceptions.TimeoutError:
            return Ack(False, reason="http_timeout")
        except urllib3.exceptions.HTTPError:
            return Ack(False, reason="connection_failed")
        return read_ack(response.status, response.data.decode(), response.headers)


class WsgiTarget:
    """A WSGI application in this process."""

    def __init__(self, application: Callable[..., Any], secret: str, path: str = "/slack/events") -> None:
        self._application = application
        self._secret = secret
        self._path = urlsplit(path).path

    def deliver(self, delivery: Delivery) -> Ack:
        body, headers = signed(delivery, self._secret)
        answered: dict[str, Any] = {}

        def start_response(status: str, names: list[tuple[str, str]], _error: Any = None) -> None:
            answered["status"] = int(status.split()[0])
            answered["headers"] = {name.lower(): value for name, value in names}

        content = b"".join(self._application(self._environ(body.encode(), headers), start_response))
        return read_ack(answered["status"], content.decode(), answered["headers"])

    def _environ(self, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": self._path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": headers["Content-Type"],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        return environ | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}


class BoltTarget:
    """A Bolt app in this process, signed requests as over HTTP."""

    def __init__(self, app: App, secret: str) -> None:
        self._app = app
        self._secret = secret

    def deliver(self, delivery: Delivery) -> Ack:
        body, headers = signed(delivery, self._secret)
        response = self._app.dispatch(BoltRequest(body=body, headers=dict(headers)))
        names = {name.lower(): value[0] for name, value in response.headers.items()}
        return read_ack(response.status, response.body or "", names)


def target_for(bot: str | App | Target | Callable[..., Any], secret: str) -> Target:
    """The target for an address, a Bolt app, a WSGI application, or a target itself."""
    if isinstance(bot, str):
        return HttpTarget(bot, secret)
    if isinstance(bot, App):
        return BoltTarget(bot, secret)
    if hasattr(bot, "deliver"):
        return bot
    return WsgiTarget(bot, secret)
