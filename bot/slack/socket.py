"""Socket Mode: the bot's own connection to Slack, for a school with one machine and no public address.

slack_sdk's own client hangs up the old connection before it has answered what came by it, asks for a new one every few
seconds for as long as Socket Mode is turned off, and cannot send an answer of 64 kB. So lines are kept here, on the
`websockets` library: a new one is opened beside one that Slack is about to close, and none is asked for in a hurry.
"""

from __future__ import annotations

import json
import logging
import random
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import BoltResponse

from bot.errors import CoachError
from bot.slack.client import Reply, SlackApi
from bot.slack.line import Envelope, Line, Standing
from scheduler.failures import named

log = logging.getLogger("bot.slack")

AT_ONCE = 10
"""Envelopes answered at once."""

STEADY = 10.0
"""Seconds after which a line counts as one that stood: the next is opened at once."""

LONGEST = 30.0
"""Seconds between two tries, at most, while Slack cannot be reached."""

REFUSED_AGAIN = 60.0
"""Seconds until it is tried again where Slack refuses for good, until somebody mends it."""

OVERLAP = 60.0
"""Seconds for which a line that Slack is about to close is kept beside the next one."""

LAST_ANSWERS = 3.0
"""Seconds Slack waits for an answer: for as long those under way are waited for at the end."""

DISABLED = "link_disabled"

Answer = Callable[[Mapping[str, Any]], BoltResponse]


class Socket:
    """Opened and closed here; it stays open by itself meanwhile."""

    def __init__(self, answer: Answer, app_token: str, api_url: str, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._api = SlackApi(app_token, api_url, connections=1, tls=tls)
        self._tls = tls
        self._newest: Line | None = None
        self._leaving: list[Line] = []
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, "socket-turn")
        self._at_work = 0
        self._hasty = 0
        self._keeper = threading.Thread(target=self._keep, name="socket", daemon=True)
        self._reason = "closed"
        self._refused = False

    @property
    def connected(self) -> bool:
        """Whether what Slack sends comes in."""
        return any(_brings(line) for line in (self._newest, *self._leaving))

    @property
    def trouble(self) -> str:
        """Why it is not connected, in one word: a code of Slack's, or the name of an error. "" while it is."""
        return "" if self.connected else self._reason

    def open(self) -> None:
        """Connect. CoachError says why it cannot be done, never with the token."""
        reply = self._ask()
        if reply.error:
            raise CoachError(refusal(reply.error))
        if not self._dial(reply):
            raise CoachError(
                f"The socket to Slack cannot be opened ({self._reason}). Look at this machine's connection, and run it "
                "again."
            )
        self._keeper.start()

    def close(self) -> None:
        """Take nothing more in, let what is being answered be answered, hang up."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._at_work, LAST_ANSWERS)
        if self._keeper.is_alive():
            self._keeper.join(LAST_ANSWERS)
        for line in (self._newest, *self._leaving):
            if line is not None:
                line.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._api.close()

    # --- keeping it open ---------------------------------------------------------------------------------------

    def _keep(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping.is_set() or not self._stands())
            if self._stopping.is_set() or self._stopping.wait(self._pause()):
                return
            try:
                self._renew()
            except Exception as error:  # the way in must not close for good
                log.error("socket_failed error=%s", named(error))

    def _stands(self) -> bool:
        """Whether the newest line is to stay."""
        return self._newest is not None and self._newest.standing is Standing.UP

    def _pause(self) -> float:
        """Seconds to wait before the next try: none after a line that stood for a while."""
        last, self._newest = self._newest, None
        if last is not None:
            self._leaving = [line for line in (*self._leaving, last) if line.standing is not Standing.DOWN]
            self._note(last.reason)
        if self._refused:
            return REFUSED_AGAIN
        self._hasty = 0 if last is not None and last.stood >= STEADY else self._hasty + 1
        return min(LONGEST, 2.0 ** (self._hasty - 1)) * random.uniform(0.5, 1) if self._hasty else 0.0  # noqa: S311

    def _renew(self) -> None:
        """Open a line, beside those that Slack is about to close."""
        reply = self._ask()
        if reply.retry_after is not None:
            log.warning("socket_not_opened reason=%s", reply.error)
            self._stopping.wait(reply.retry_after)
        elif self._dial(reply):
            log.info("socket_opened")
            self._hang_up_later()
        elif not self._refused:
            log.warning("socket_not_opened reason=%s", self._reason)

    def _ask(self) -> Reply:
        return self._api.ask("apps.connections.open", {})

    def _dial(self, reply: Reply) -> bool:
        url = reply.data.get("url") if reply.ok else None
        if not isinstance(url, str):
            self._note(reply.fault or reply.error or "no address")
            return False
        line = Line(url, self._take, self._notify, self._tls)
        if not line.open():
            self._note(line.reason)
            return False
        self._newest, self._refused = line, False
        self._notify()
        if self._stopping.is_set():  # meanwhile
            line.close()
        return True

    def _note(self, reason: str) -> None:
        """Why there is no line; told once where only a person can mend it. What Slack said first says most."""
        if self._refused and reason in _REMEDIES:
            return
        self._reason, self._refused = reason, reason in _REMEDIES
        if self._refused:
            log.error("socket_refused code=%s", reason)

    def _hang_up_later(self) -> None:
        """Slack closes the old lines itself; one that it forgot is not kept."""
        for line in self._leaving:
            hanging_up = threading.Timer(OVERLAP, line.close)
            hanging_up.daemon = True
            hanging_up.start()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # --- taking in ---------------------------------------------------------------------------------------------

    def _take(self, line: Line, envelope: Envelope) -> None:
        if self._stopping.is_set():  # it is not answered, so that Slack brings it again
            return
        with self._changed:
            self._at_work += 1
        self._pool.submit(self._turn, line, envelope)

    def _turn(self, line: Line, envelope: Envelope) -> None:
        try:
            message = reply_to(envelope, self._answer)
            if message is not None and not line.answer(message):
                log.info("answer_lost")  # it is stored; that it comes again is noticed by its id
        except Exception as error:
            log.error("turn_failed error=%s", named(error))
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()


def _brings(line: Line | None) -> bool:
    """Whether things still come in by it."""
    if line is None or line.reason == DISABLED:
        return False
    return line.standing in (Standing.UP, Standing.LEAVING)


def reply_to(envelope: Envelope, answer: Answer) -> Mapping[str, Any] | None:
    """What an envelope is answered by; None where it is not, so that Slack brings it again."""
    response = answer(envelope["payload"])
    if response.status != 200:
        return None
    said = {"envelope_id": envelope["envelope_id"]}
    if not response.body:
        return said
    document = response.headers.get("content-type", [""])[0].startswith("application/json")
    return {**said, "payload": json.loads(response.body) if document else {"text": response.body}}


def refusal(code: str) -> str:
    """What to tell whoever can mend it."""
    if code not in _REMEDIES:
        return f"Slack does not open a socket ({code[:60]}). Try again later."
    return f"Slack does not open a socket ({code}). {_REMEDIES[code]}"


_COPY = "Copy SLACK_APP_TOKEN again from your Slack app's page, Basic Information, App-Level Tokens."
_ON = "Turn Socket Mode on, on your Slack app's page."
_REMEDIES = {
    "invalid_auth": _COPY,
    "not_authed": _COPY,
    "token_revoked": _COPY,
    "token_expired": _COPY,
    "not_allowed_token_type": _COPY,
    "missing_scope": "SLACK_APP_TOKEN needs the scope connections:write: make a new one with it.",
    "forbidden_team": "SLACK_APP_TOKEN is of an app that is not installed in this workspace.",
    "socket_mode_disabled": _ON,
    DISABLED: _ON,
}
