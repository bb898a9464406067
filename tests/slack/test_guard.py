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

from bot.practice.stage import Stage
from bot.practice.targets import Delivery, Sort, WsgiTarget
from bot.slack.guard import BODY, MAX_AGE_SECONDS, MAX_BODY, Answered, Guard, Seal
from tests.stages import LETTER, Student, agenda

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
    **more: Any,
) -> tuple[str, bytes | None]:
    """The status that is answered, and the body as it is passed on, if it is. `more`: of the environment; None is
    taken out."""
    behind = Behind()
    status = behind.take(environ(body, content, timestamp=timestamp, signature=signature, length=length, **more))
    return status, behind.passed[0] if behind.passed else None


def environ(
    body: bytes,
    content: str = JSON,
    *,
    timestamp: str = str(NOW),
    signature: str | None = None,
    length: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A request as a server hands it on."""
    digest = hmac.new(SECRET.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    usual = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content,
        "CONTENT_LENGTH": str(len(body)) if length is None else length,
        "HTTP_X_SLACK_REQUEST_TIMESTAMP": timestamp,
        "HTTP_X_SLACK_SIGNATURE": f"v0={digest}" if signature is None else signature,
        "wsgi.input": io.BytesIO(body),
    }
    return {name: value for name, value in {**usual, **more}.items() if value is not None}


class Behind:
    """What stands behind a guard: it keeps what it is passed, and answers as it is told."""

    def __init__(self, answers: str = "200 OK") -> None:
        self.passed: list[bytes] = []
        self.read: list[Any] = []
        self.answers = answers
        self.now = float(NOW)
        self.guard = Guard(self._take, SECRET, lambda: self.now)

    def take(self, environ: dict[str, Any]) -> str:
        """Have the guard answer; its status."""
        statuses: list[str] = []
        list(self.guard(environ, lambda status, _headers: statuses.append(status)))
        return statuses[0]

    def _take(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.passed.append(environ["wsgi.input"].read())
        self.read.append(environ[BODY])
        start_response(self.answers, [])
        return [b""]


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


def test_a_body_that_is_too_large_is_refused_unread() -> None:
    assert request(EVENT, length=str(MAX_BODY + 1), **{"wsgi.input": Unreadable()}) == ("413 Content Too Large", None)


@pytest.mark.parametrize("length", ["-5", "many", "1e3", "５０", "5, 5", "9" * 40, " 5"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    assert request(EVENT, length=length) == ("400 Bad Request", None)


def test_a_body_as_large_as_can_be_passes() -> None:
    body = b'{"type": "' + b"a" * (MAX_BODY - 12) + b'"}'
    assert request(body) == ("200 OK", body)


@pytest.mark.parametrize(("claimed", "status"), [(1, "401"), (3, "401"), (23, "400"), (MAX_BODY, "400")])
def test_a_length_that_is_not_the_bodys_is_refused(claimed: int, status: str) -> None:
    answer, passed = request(b"{}" + b" " * 20, length=str(claimed))
    assert (answer[:3], passed) == (status, None)


class Unreadable(io.BytesIO):
    """A client that has hung up."""

    def read(self, *_: Any) -> bytes:
        raise TimeoutError("timed out")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"REQUEST_METHOD": "GET"}, "405 Method Not Allowed"),
        ({"REQUEST_METHOD": "post"}, "405 Method Not Allowed"),
        ({"REQUEST_METHOD": None}, "405 Method Not Allowed"),
        ({"CONTENT_TYPE": "text/plain"}, "415 Unsupported Media Type"),
        ({"CONTENT_TYPE": "application/jsonp"}, "415 Unsupported Media Type"),
        ({"CONTENT_TYPE": "multipart/form-data; boundary=x"}, "415 Unsupported Media Type"),
        ({"CONTENT_TYPE": None}, "415 Unsupported Media Type"),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, "415 Unsupported Media Type"),
        ({"CONTENT_LENGTH": None}, "411 Length Required"),
        ({"CONTENT_LENGTH": ""}, "411 Length Required"),
        ({"CONTENT_LENGTH": None, "HTTP_TRANSFER_ENCODING": "chunked"}, "411 Length Required"),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, "400 Bad Request"),
        ({"wsgi.input": None}, "400 Bad Request"),
        ({"wsgi.input": Unreadable()}, "400 Bad Request"),
        ({"wsgi.input": io.StringIO("{}")}, "400 Bad Request"),
        ({"HTTP_X_SLACK_SIGNATURE": None}, "401 Unauthorized"),
        ({"HTTP_X_SLACK_REQUEST_TIMESTAMP": None}, "401 Unauthorized"),
        ({"HTTP_X_SLACK_SIGNATURE": None, "HTTP_X_SLACK_REQUEST_TIMESTAMP": None}, "401 Unauthorized"),
        ({"HTTP_X_SLACK_REQUEST_TIMESTAMP": f"{NOW},{NOW}"}, "401 Unauthorized"),
        ({"HTTP_X_SLACK_SIGNATURE": "v0=" + "a" * 64 + ",v0=" + "b" * 64}, "401 Unauthorized"),
        ({"HTTP_X_SLACK_SIGNATURE": "v0=" + "a" * 64 + "\n"}, "401 Unauthorized"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_is_no_request_of_slacks_is_refused(more: dict[str, Any], status: str) -> None:
    assert request(EVENT, **more) == (status, None)


def test_the_type_of_the_content_may_be_written_as_headers_may() -> None:
    assert request(EVENT, "Application/JSON; charset=utf-8") == ("200 OK", EVENT)


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b"&".join(b"a%d=1" % n for n in range(100_000)), FORM),
        (b"&" * 900_000, FORM),
        (b"payload=%7B%7D&payload=%7B%7D", FORM),
        (b"command=/a&command=/b", FORM),
        (b'{"a": NaN}', JSON),
        (b'{"a": -Infinity}', JSON),
        (b'{"a": ' + b"1" * 4301 + b"}", JSON),
        ('{"a": 1}'.encode("utf-16"), JSON),
        (b"\xef\xbb\xbf{}", JSON),
        (b'{"a": "\x00"}', JSON),
        (b'{"a":' * 150_000, JSON),
    ],
    ids=["fields", "blanks", "payloads", "commands", "nan", "infinity", "huge", "utf-16", "bom", "nul", "deep"],
)
def test_a_body_meant_to_be_hard_to_read_is_refused(body: bytes, content: str) -> None:
    assert request(body, content) == ("400 Bad Request", None)


def test_a_body_is_read_once_and_handed_on_as_it_was_read() -> None:
    behind = Behind()
    behind.take(environ(b'{"a": 1, "a": 2}'))
    behind.take(environ(urlencode({"payload": '{"type": "x"}'}).encode(), FORM))
    behind.take(environ(urlencode({"command": "/conference", "text": "payload"}).encode(), FORM))
    assert behind.read == [{"a": 2}, {"type": "x"}, {"command": "/conference", "text": "payload"}]


def test_a_look_at_the_certificate_is_answered_signed_or_not_and_runs_nothing() -> None:
    probe = urlencode({"ssl_check": "1", "token": "x"}).encode()
    bare = {"HTTP_X_SLACK_SIGNATURE": None, "HTTP_X_SLACK_REQUEST_TIMESTAMP": None}
    assert request(probe, FORM) == ("200 OK", None)
    assert request(probe, FORM, **bare) == ("200 OK", None)
    assert request(probe, FORM, signature="v0=" + "0" * 64) == ("401 Unauthorized", None)
    assert request(probe + b"&command=/conference", FORM, **bare) == ("401 Unauthorized", None)
    assert request(probe + b"&a=" + b"a" * 500, FORM, **bare) == ("401 Unauthorized", None)


# -- once answered, a request runs nothing more ----------------------------------------------------------------------


def test_a_request_that_was_answered_runs_nothing_when_it_is_played_again() -> None:
    behind = Behind()
    assert [behind.take(environ(EVENT)) for _ in range(3)] == ["200 OK"] * 3
    assert behind.passed == [EVENT]


@pytest.mark.parametrize("answers", ["500 Internal Server Error", "404 Not Found"])
def test_a_request_that_was_not_taken_may_come_again(answers: str) -> None:
    behind = Behind(answers)
    assert behind.take(environ(EVENT)) == answers
    behind.answers = "200 OK"
    assert behind.take(environ(EVENT)) == "200 OK"
    assert len(behind.passed) == 2


def test_the_same_words_signed_at_another_time_are_another_request() -> None:
    behind = Behind()
    behind.take(environ(EVENT))
    behind.take(environ(EVENT, timestamp=str(NOW + 1)))
    assert len(behind.passed) == 2


def test_a_request_from_a_clock_that_is_ahead_is_known_as_long_as_it_is_taken() -> None:
    behind = Behind()
    ahead = str(NOW + MAX_AGE_SECONDS)
    behind.take(environ(EVENT, timestamp=ahead))
    behind.now += 2 * MAX_AGE_SECONDS
    assert behind.take(environ(EVENT, timestamp=ahead)) == "200 OK"
    assert len(behind.passed) == 1
    behind.now += 1
    assert behind.take(environ(EVENT, timestamp=ahead)) == "401 Unauthorized"


def test_what_is_remembered_is_bounded_and_let_go_when_it_could_not_come_again() -> None:
    answered = Answered(most=10)
    for number in range(1000):
        answered.note(Seal(str(NOW), f"v0={number:064d}"), NOW)
    assert len(answered) == 10
    answered.note(Seal(str(NOW + MAX_AGE_SECONDS + 1), "v0=" + "a" * 64), NOW + MAX_AGE_SECONDS + 1)
    assert len(answered) == 1


# -- behind the guard ------------------------------------------------------------------------------------------------


def test_the_whole_way_over_http_is_gone_with_slacks_own_requests(noor: Student) -> None:
    noor.stage.workspace.attach(noor.stage.bot.wsgi())
    noor.finish()
    assert LETTER["learner"] in agenda(noor.stage)
    assert noor.person.trouble == []


def test_a_command_with_the_word_payload_in_it_is_a_command(noor: Student) -> None:
    noor.arrive()
    noor.stage.workspace.attach(noor.stage.bot.wsgi())
    assert noor.person.command("/conference", "payload").ok
    assert "/conference" in noor.person.ephemerals[-1].text


def test_only_the_bots_one_address_is_answered(stage: Stage) -> None:
    target = WsgiTarget(stage.bot.wsgi(), stage.bot.secret, "/elsewhere")
    assert target.deliver(Delivery(Sort.COMMAND, {"command": "/conference"})).status == 404


def test_slack_is_told_that_the_address_is_ours(stage: Stage) -> None:
    target = WsgiTarget(stage.bot.wsgi(), stage.bot.secret)
    asked = {"type": "url_verification", "challenge": "3eZbrw1aB", "token": "x"}
    assert target.deliver(Delivery(Sort.EVENT, asked)).body == {"challenge": "3eZbrw1aB"}


@pytest.mark.parametrize("wrong", [{"signature": "v0=bad"}, {"timestamp": "bad"}, {"content": "application/json;"}])
def test_nothing_of_a_refused_body_is_logged(wrong: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    body = EVENT if "content" not in wrong else EVENT[:-1]
    with caplog.at_level(logging.DEBUG):
        status, _ = request(body, **wrong)
    assert status.startswith("4")
    assert caplog.text == ""
