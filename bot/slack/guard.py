"""Before Bolt sees a request: it is read here, once, or answered 4xx. No body is ever logged.

Bolt answers a non-integer timestamp, a non-ASCII signature or a body that is not JSON with 500, and logs the whole body
of a request with a bad signature (tried out on slack-bolt 1.30).
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl

MAX_BODY = 1_000_000
MAX_AGE_SECONDS = 300
MOST_FIELDS = 60
"""Fields of a form; a command has some fifteen."""

MOST_ANSWERED = 20_000
"""Requests remembered, at 250 bytes each. Slack sends a workspace's bot at most 2,500 events in five minutes."""

LONGEST_PROBE = 500
BODY = "conference_coach.body"
"""Where in the environment the body is, as it was read."""

_STAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_LENGTH = re.compile(r"[0-9]{1,10}")
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_OK = "200 OK"

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Body = dict[str, Any]


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """A request is not let in. `status`: what it is answered."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(status)


@dataclass(frozen=True, slots=True)
class Seal:
    """The two headers that say who sent a request, and when."""

    stamp: str
    signature: str

    @property
    def until(self) -> int:
        """The last second, Unix time, in which it is taken."""
        return int(self.stamp) + MAX_AGE_SECONDS


class Guard:
    """WSGI middleware that lets through only what Slack signed in the last five minutes, and each of it until it was
    answered 200: a request that comes again after that is answered the same and runs nothing.

    What is remembered is this process's own; behind several, events are still told apart by their ids.
    """

    def __init__(self, app: Wsgi, signing_secret: str, clock: Callable[[], float] = time.time) -> None:
        self._app = app
        self._secret = signing_secret.encode()
        self._clock = clock
        self._answered = Answered()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass the request on, or answer it."""
        try:
            seal = self._let_in(environ)
        except Refused as refused:
            return _answer(start_response, refused.status)
        if seal is None or self._answered.knows(seal, self._clock()):
            return _answer(start_response, _OK)
        return self._app(environ, self._watched(seal, start_response))

    def _let_in(self, environ: Environ) -> Seal | None:
        """Look at a request, the cheap looks first, and put what was read beside it. Raises Refused.

        None where Slack only looks at the certificate (`ssl_check=1`): that need not be signed, and runs nothing.
        """
        kind, length, seal = _kind(environ), _length(environ), _seal(environ)
        if abs(self._clock() - int(seal.stamp)) > MAX_AGE_SECONDS if seal else length > LONGEST_PROBE:
            _refuse(401)
        content = _input(environ, length)
        if seal and not self._signed(seal, content):
            _refuse(401)
        body = _read(kind, content)
        if kind == _FORM and body.get("ssl_check") == "1" and "command" not in body:
            return None
        environ["wsgi.input"], environ["CONTENT_LENGTH"], environ[BODY] = io.BytesIO(content), str(len(content)), body
        return seal or _refuse(401)

    def _signed(self, seal: Seal, content: bytes) -> bool:
        wanted = hmac.new(self._secret, b"v0:" + seal.stamp.encode() + b":" + content, hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"v0={wanted}", seal.signature)

    def _watched(self, seal: Seal, start_response: Callable[..., Any]) -> Callable[..., Any]:
        def start(status: str, *more: Any) -> Any:
            if status.startswith("200"):  # anything else may come again
                self._answered.note(seal, self._clock())
            return start_response(status, *more)

        return start


class Answered:
    """The requests that were answered 200 and could still come again: a bounded number, the oldest forgotten first."""

    def __init__(self, most: int = MOST_ANSWERED) -> None:
        self._most = most
        self._until: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._until)

    def knows(self, seal: Seal, now: float) -> bool:
        """Whether it was answered."""
        with self._lock:
            return self._until.get(seal.signature, 0) >= now

    def note(self, seal: Seal, now: float) -> None:
        """It was answered."""
        with self._lock:
            self._until[seal.signature] = seal.until
            while len(self._until) > self._most or next(iter(self._until.values())) < now:
                self._until.popitem(last=False)
                if not self._until:
                    return


_STATUS = {
    400: "400 Bad Request",
    401: "401 Unauthorized",
    405: "405 Method Not Allowed",
    411: "411 Length Required",
    413: "413 Content Too Large",
    415: "415 Unsupported Media Type",
}


def _refuse(code: int) -> NoReturn:
    raise Refused(_STATUS[code])


def _kind(environ: Environ) -> str:
    """The content type: JSON or a form, posted as it is."""
    if environ.get("REQUEST_METHOD") != "POST":
        _refuse(405)
    kind = str(environ.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()
    packed = str(environ.get("HTTP_CONTENT_ENCODING") or "identity").strip().lower() != "identity"
    if packed or kind not in (_JSON, _FORM):
        _refuse(415)
    return kind


def _length(environ: Environ) -> int:
    """The declared length. What comes in chunks, or says two things, is nothing Slack sends."""
    declared = str(environ.get("CONTENT_LENGTH") or "")
    if environ.get("HTTP_TRANSFER_ENCODING"):
        _refuse(400 if declared else 411)
    if not declared:
        _refuse(411)
    if not _LENGTH.fullmatch(declared):
        _refuse(400)
    return int(declared) if int(declared) <= MAX_BODY else _refuse(413)


def _seal(environ: Environ) -> Seal | None:
    """The two headers if there are any. Each that comes twice is one with a comma in it, and is refused."""
    stamp, signature = environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP"), environ.get("HTTP_X_SLACK_SIGNATURE")
    if stamp is None and signature is None:
        return None
    if not _STAMP.fullmatch(str(stamp)) or not _SIGNATURE.fullmatch(str(signature)):
        _refuse(401)
    return Seal(str(stamp), str(signature))


def _input(environ: Environ, length: int) -> bytes:
    """The body: as many bytes as were declared."""
    stream = environ.get("wsgi.input")
    if stream is None:
        _refuse(400)
    try:
        content = stream.read(length)
    except (OSError, ValueError):  # hung up, or timed out
        _refuse(400)
    return content if isinstance(content, bytes) and len(content) == length else _refuse(400)


def _read(kind: str, content: bytes) -> Body:
    """The JSON object a body is, or has in its field `payload`; a command's fields."""
    try:
        text = content.decode()
        if kind == _JSON:
            return _object(text)
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
        fields = dict(pairs)
        if len(fields) < len(pairs):
            _refuse(400)  # which of the two was meant?
        return _object(fields["payload"]) if "payload" in fields else dict(fields)
    except (ValueError, RecursionError):
        _refuse(400)


def _object(text: str) -> Body:
    found = json.loads(text, parse_constant=_no_number)
    return found if isinstance(found, dict) else _refuse(400)


def _no_number(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _answer(start_response: Callable[..., Any], status: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return [b""]
