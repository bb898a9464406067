"""Handing a letter over to a mail server, which is a real one."""

from __future__ import annotations

import logging
import socket
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.mail.post import METHOD, MOST, Post
from bot.mailserver import Server
from bot.services.family.handing import Undelivered
from scheduler.outcomes import Later, Refused, Sent, Unknown
from tests.mail.servers import PASSWORD, USER, certificate, known, mail_server

AMAL = "amal@home.example"
FROM = "Hillside <coach@school.example>"
SECRET = quote(PASSWORD, safe="")


def letter(words: str = "Hola, ¿puedes venir?") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "coach@school.example", AMAL, "Reunión"
    mail.set_content(words)
    return mail


def post(at: str, scheme: str = "smtp") -> Post:
    return Post(Server.read(f"{scheme}://{at}", FROM))


def test_a_letter_arrives_with_its_signs_and_nobody_else_named() -> None:
    with mail_server() as (box, at):
        assert post(at).send(AMAL, letter(), 0) == Sent("", "")
    assert box.envelopes == [("coach@school.example", (AMAL,))]
    assert box.letters[0]["Subject"] == "Reunión"
    assert box.letters[0].get_content().strip() == "Hola, ¿puedes venir?"


def test_with_starttls_it_logs_in_and_only_trusts_who_it_should(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    theirs, ours = certificate(tmp_path)
    secure = {"tls_context": theirs, "require_starttls": True, "authenticator": known, "auth_required": True}
    with mail_server(**secure) as (box, at):
        server = Server.read(f"smtp://{USER}:{SECRET}@{at}", FROM)
        assert Post(server, ours).send(AMAL, letter(), 0) == Sent("", "")
        assert box.secured == [True]
        untrusted = Post(server).send(AMAL, letter(), 0)
        assert isinstance(untrusted, Later)
        assert untrusted.reason == "SSLCertVerificationError"
        wrong = Post(Server.read(f"smtp://{USER}:no@{at}", FROM), ours).send(AMAL, letter(), 0)
        assert isinstance(wrong, Later)
        assert wrong.method == METHOD  # it waits to be mended, and all other letters with it
        assert len(box.letters) == 1
    assert "code=535" in caplog.text
    assert PASSWORD not in repr(server)


def test_encrypted_from_the_first_byte(tmp_path: Path) -> None:
    theirs, ours = certificate(tmp_path)
    with mail_server(ssl_context=theirs) as (box, at):
        assert Post(Server.read(f"smtps://{at}", FROM), ours).send(AMAL, letter(), 0) == Sent("", "")
    assert len(box.letters) == 1


def test_a_password_never_goes_over_a_line_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(authenticator=known, auth_require_tls=False) as (box, at):
        monkeypatch.setattr(Server, "here", False)  # as if it were on another machine
        outcome = Post(Server.read(f"smtp://{USER}:{SECRET}@{at}", FROM)).send(AMAL, letter(), 0)
    assert isinstance(outcome, Later)
    assert box.letters == []


def test_what_the_server_says_decides(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with mail_server() as (box, at):
        box.answers = [f"451 {AMAL} try later", f"550 no such user {AMAL}", f"451 {AMAL}"]
        greylisted = post(at).send(AMAL, letter(), 0)
        assert greylisted == Later(60.0, "smtp 451")
        assert post(at).send(AMAL, letter(), 1) == Refused(Undelivered.ADDRESS)
        assert post(at).send(AMAL, letter(), MOST - 1) == Refused(Undelivered.LATE)
        box.drops = 1
        assert post(at).send(AMAL, letter("my own words"), 0) == Unknown(Undelivered.LOST)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("bot."))
    assert "code=550" in ours
    assert AMAL not in ours
    assert "my own words" not in ours


def test_where_nobody_listens_every_letter_waits_longer_each_time() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        gone = post(f"127.0.0.1:{taken.getsockname()[1]}")
        waits = [gone.send(AMAL, letter(), attempts) for attempts in (0, 3, 12, MOST - 1)]
    assert [one.seconds for one in waits if isinstance(one, Later)] == [60, 480, 3600]
    assert all(one.method == METHOD for one in waits if isinstance(one, Later))
    assert waits[-1] == Refused(Undelivered.LATE)  # after a day the advisor hears of it


def test_an_address_with_other_letters_goes_where_the_server_takes_such() -> None:
    with mail_server() as (box, at):
        assert post(at).send("josé@home.example", letter(), 0) == Sent("", "")
    assert box.envelopes == [("coach@school.example", ("josé@home.example",))]
    with mail_server(enable_SMTPUTF8=False) as (box, at):
        assert post(at).send("josé@home.example", letter(), 0) == Refused(Undelivered.ADDRESS)
