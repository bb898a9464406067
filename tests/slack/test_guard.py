"""What comes in over HTTP and is not what Slack signed is refused, and nothing of it is logged."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import logging
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.slack.guard import MAX_BODY, Guard

SECRET = "practice-signing-secret"
NOW = 1_796_050_800
WORDS = "the teacher said something to me"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def request(
    body: bytes,
    content: str = JSON,
    *,
    timestamp: str = str(NOW),
    signature: str | None = None,
    length: str | None = None,
) -> tuple[str, bytes | None]:
    """The status that is answered, and the body as it is passed on, if it is."""
    passed: list[bytes] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        passed.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return [b""]

    digest = hmac.new(SECRET.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content,
        "CONTENT_LENGTH": str(len(body)) if length is None else length,
        "HTTP_X_SLACK_REQUEST_TIMESTAMP": timestamp,
        "HTTP_X_SLACK_SIGNATURE": f"v0={digest}" if signature is None else signature,
        "wsgi.input": io.BytesIO(body),
    }
    statuses: list[str] = []
    list(Guard(app, SECRET, lambda: float(NOW))(environ, lambda status, _headers: statuses.append(status)))
    return statuses[0], passed[0] if passed else None


EVENT = json.dumps({"type": "event_callback", "event": {"text": WORDS}}).encode()


def test_what_slack_signed_passes_unchanged() -> None:
    assert request(EVENT) == ("200 OK", EVENT)


def test_an_interaction_passes() -> None:
    body = urlencode({"payload": json.dumps({"type": "block_actions"})}).encode()
    assert request(body, FORM) == ("200 OK", body)


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1e9", "１７９６０５０８００", "9" * 40, f"{NOW}.5"])
def test_a_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    assert request(EVENT, timestamp=timestamp) == ("401 Unauthorized", None)


@pytest.mark.parametrize("timestamp", [NOW - 301, NOW + 301])
def test_a_request_of_another_time_is_refused_though_its_signature_is_right(timestamp: int) -> None:
    assert request(EVENT, timestamp=str(timestamp)) == ("401 Unauthorized", None)


@pytest.mark.parametrize("signature", ["", "v0=", "v0=" + "0" * 64, "v0=ünïcödé", "v1=" + "a" * 64, "v0=" + "A" * 64])
def test_a_signature_that_does_not_hold_is_refused(signature: str) -> None:
    assert request(EVENT, signature=signature) == ("401 Unauthorized", None)


def test_a_changed_body_is_refused() -> None:
    digest = hmac.new(SECRET.encode(), f"v0:{NOW}:".encode() + EVENT, hashlib.sha256).hexdigest()
    assert request(EVENT.replace(b"said", b"sang"), signature=f"v0={digest}") == ("401 Unauthorized", None)


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b"{not json", JSON),
        (b"[]", JSON),
        (b'"text"', JSON),
        (b"", JSON),
        (b"\xff\xfe", JSON),
        (b"[" * 200_000, JSON),
        (b"payload=%7Bnot+json", FORM),
        (b"payload=[]", FORM),
        (b"\xff=\xfe", FORM),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body: bytes, content: str) -> None:
    assert request(body, content) == ("400 Bad Request", None)


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "-5", "many"])
def test_a_body_that_is_too_large_or_of_no_length_is_refused(length: str) -> None:
    assert request(EVENT, length=length) == ("413 Content Too Large", None)


@pytest.mark.parametrize("wrong", [{"signature": "v0=bad"}, {"timestamp": "bad"}, {"content": "application/json;"}])
def test_nothing_of_a_refused_body_is_logged(wrong: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    body = EVENT if "content" not in wrong else EVENT[:-1]
    with caplog.at_level(logging.DEBUG):
        status, _ = request(body, **wrong)
    assert status.startswith("4")
    assert caplog.text == ""
