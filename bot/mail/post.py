"""Handing one letter to the mail server. Only a parsed reply decides; what the server says in words is never kept, for
it repeats addresses.
"""

from __future__ import annotations

import contextlib
import logging
import smtplib
import ssl
import time
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY

from bot.mailserver import Server
from bot.services.family.handing import Undelivered
from scheduler.outcomes import Later, Outcome, Refused, Sent, Unknown

log = logging.getLogger("bot.mail")

METHOD = "smtp"
PER_MINUTE = 20.0
"""Letters a minute: well below what mail providers allow a school (Gmail's relay takes 60 a minute and more)."""

WITHIN = 25.0
"""Seconds in which it is over: less than half the lease of a delivery."""

CONNECT_SECONDS = 8.0
FIRST_WAIT, LONGEST_WAIT = 60.0, 3600.0
MOST = 30
"""Attempts, over a good day, until a letter is given up and the advisor told: where there is so much time."""

HOLD, HOLD_LOCKED = 10.0, 60.0
"""Seconds for which no letter is tried when the server is not there, or does not let the bot in. Then it is another's
turn: each is asked in time whether it can wait any longer."""

_NO_ENTRY = "the mail server does not let the bot in"


class ClearTextError(smtplib.SMTPException):
    """The password would have to go over the line for all to read."""


class _InTime(smtplib.SMTP):
    """A session that waits for replies only as long as there is time left."""

    until: float = 0.0

    def getreply(self) -> tuple[int, bytes]:
        """The next reply, or TimeoutError."""
        if self.until and self.sock is not None:
            self.sock.settimeout(max(0.1, self.until - time.monotonic()))
        return super().getreply()


class _InTimeTls(smtplib.SMTP_SSL, _InTime):
    """The same, encrypted from the first byte."""


class Post:
    """The way to one mail server; a session for each letter."""

    def __init__(self, server: Server, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._tls = tls or ssl.create_default_context()

    def send(self, to: str, letter: EmailMessage, attempts: int) -> Outcome:
        """Hand a letter over to be taken to one address; `attempts`: how often that was tried before."""
        try:
            session = self._open()
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError, ClearTextError) as error:
            log.error("mail_not_let_in host=%s error=%s code=%s", self._server.host, type(error).__name__,
                      getattr(error, "smtp_code", ""))  # fmt: skip
            return self._not_now(attempts, _NO_ENTRY, hold=HOLD_LOCKED)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            return self._not_now(attempts, type(error).__name__, hold=HOLD)
        try:
            return self._hand_over(session, to, letter, attempts)
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                session.quit()
            session.close()

    def knock(self) -> bool:
        """Be let in as for a letter, and leave again; whether what is said there is encrypted.

        Raises what smtplib and the network raise, and ClearTextError.
        """
        session = self._open()
        try:
            return isinstance(session.sock, ssl.SSLSocket)
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                session.quit()
            session.close()

    def _open(self) -> smtplib.SMTP:
        """A session that may send. Raises what smtplib and the network raise."""
        server, ours, until = self._server, self._server.address.rpartition("@")[2], time.monotonic() + WITHIN
        session: _InTime
        if server.tls:
            session = _InTimeTls(server.host, server.port, ours, timeout=CONNECT_SECONDS, context=self._tls)
        else:
            session = _InTime(server.host, server.port, ours, timeout=CONNECT_SECONDS)
        session.until = until
        try:
            self._log_in(session, server)
        except BaseException:
            session.close()
            raise
        return session

    def _log_in(self, session: smtplib.SMTP, server: Server) -> None:
        session.ehlo_or_helo_if_needed()
        secured = server.tls
        if not secured and session.has_extn("starttls"):
            session.starttls(context=self._tls)
            session.ehlo()
            secured = True
        if not server.user:
            return
        if not (secured or server.here):
            raise ClearTextError
        session.login(server.user, server.password)

    def _hand_over(self, session: smtplib.SMTP, to: str, letter: EmailMessage, attempts: int) -> Outcome:
        plain = to.isascii()
        if not plain and not session.has_extn("smtputf8"):
            return Refused(Undelivered.ADDRESS)
        content = letter.as_bytes(policy=SMTP_POLICY.clone(cte_type="7bit" if plain else "8bit", utf8=not plain))
        try:
            code, _ = session.mail(self._server.address, () if plain else ("SMTPUTF8", "BODY=8BITMIME"))
            if code >= 500:
                log.error("mail_sender_refused host=%s code=%s", self._server.host, code)
                return self._not_now(attempts, _NO_ENTRY, hold=HOLD_LOCKED)
            if code == 250:
                code, _ = session.rcpt(to)
        except (OSError, smtplib.SMTPException) as error:  # nothing was handed over yet
            return self._not_now(attempts, type(error).__name__)
        if code not in (250, 251):
            return self._verdict(code, attempts, Undelivered.ADDRESS)
        try:
            code, _ = session.data(content)
        except smtplib.SMTPDataError as error:
            code = error.smtp_code
        except (OSError, smtplib.SMTPException):
            return Unknown(Undelivered.LOST)
        return Sent("", "") if code == 250 else self._verdict(code, attempts, Undelivered.LETTER)

    def _verdict(self, code: int, attempts: int, refused: Undelivered) -> Outcome:
        log.warning("mail_refused host=%s code=%s", self._server.host, code)
        return Refused(refused) if code >= 500 else self._not_now(attempts, f"{METHOD} {code}")

    def _not_now(self, attempts: int, reason: str, *, hold: float | None = None) -> Outcome:
        """Later, ever later; `hold`: seconds for which all letters stop, where what keeps this one back keeps all."""
        log.warning("mail_not_now host=%s attempts=%s reason=%s", self._server.host, attempts, reason)
        if attempts + 1 >= MOST:
            return Refused(Undelivered.LATE)
        wait = min(FIRST_WAIT * 2**attempts, LONGEST_WAIT)
        return Later(wait, reason, METHOD if hold is not None else None, hold)
