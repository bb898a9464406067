"""Asking Slack, with what it says beside its answers: its clock, and what a token may do."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException
from websockets.sync.client import connect

from bot.slack.client import Reply, read_reply
from bot.slack.connections import Answer, Connections, HttpError

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
HELLO_SECONDS = 10.0
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Heard:
    """Slack's reply. `scopes`: those of the token, None where it does not say. `ahead`: by how much our clock is ahead
    of Slack's (below zero: behind), to the second; None where it does not say."""

    reply: Reply
    scopes: frozenset[str] | None = None
    ahead: timedelta | None = None


class SlackLine:
    """One way to Slack's Web API. Each call is made once, and never raises for what Slack or the network does."""

    def __init__(self, base_url: str, clock: Callable[[], datetime]) -> None:
        self.address = urlsplit(base_url)._replace(netloc=urlsplit(base_url).netloc.rpartition("@")[2]).geturl()
        self._clock = clock
        self._path = urlsplit(base_url).path.rstrip("/") + "/"
        tls = ssl.create_default_context()
        self._connections = Connections(base_url, tls, connect=CONNECT_SECONDS, read=READ_SECONDS, kept=1)

    def ask(self, method: str, token: str = "", arguments: Mapping[str, str] | None = None) -> Heard:
        """Call a method; without a token as nobody."""
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        head = self._connections.head(f"{self._path}{method}", {**bearer, "Content-Type": _FORM})
        try:
            answer = self._connections.post(head, urlencode(arguments or {}).encode())
        except (OSError, HttpError) as error:
            return Heard(Reply(fault=_named(error)))
        later = answer.headers.get(b"retry-after", b"").decode("latin-1")
        return Heard(read_reply(answer.status, later, answer.body), _scopes(answer), self._ahead(answer))

    def close(self) -> None:
        """Hang up."""
        self._connections.close()

    def _ahead(self, answer: Answer) -> timedelta | None:
        with suppress(ValueError):
            said = parsedate_to_datetime(answer.headers.get(b"date", b"").decode("latin-1"))
            theirs = said if said.tzinfo else said.replace(tzinfo=UTC)
            return self._clock().replace(microsecond=0) - theirs
        return None


def _scopes(answer: Answer) -> frozenset[str] | None:
    said = answer.headers.get(b"x-oauth-scopes")
    if said is None:
        return None
    return frozenset(scope.strip() for scope in said.decode("latin-1").split(",") if scope.strip())


def _named(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or getattr(error, "verify_message", None) or str(error)
    return f"{type(error).__name__}: {reason}" if reason else type(error).__name__


def hello(url: str) -> Mapping[str, Any] | str:
    """What Slack says first on a socket at this address, which is closed again at once; or why nothing was heard.

    What Slack would bring through it in that moment is not acknowledged: an event comes again by another socket.
    """
    try:
        with connect(url, open_timeout=HELLO_SECONDS, close_timeout=1, compression=None, ping_interval=None) as socket:
            said = json.loads(socket.recv(timeout=HELLO_SECONDS))
    except TimeoutError:
        return "nothing came in time"
    except (InvalidHandshake, InvalidURI):
        return "what answers there is no socket of Slack's"
    except (OSError, WebSocketException) as error:
        return _named(error) if isinstance(error, OSError) else "Slack closed it"
    except ValueError:
        return "what answers there is no socket of Slack's"
    return said if isinstance(said, dict) else "what answers there is no socket of Slack's"
