"""What a running bot lets go of by itself: erasures that were begun, school years that are over, words long said."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.errors import CoachError
from bot.services.house import House
from bot.services.leaving import erasing, purging
from bot.services.leaving.payloads import KEPT, WORDS_KEPT
from bot.slack.client import SlackApi
from bot.slack.erasing import EndingError, Eraser
from bot.store import residue
from scheduler.failures import named
from scheduler.pace import Limits

log = logging.getLogger("bot.slack")
LOOK = timedelta(minutes=10)
"""How often is looked for erasures that are not done."""

DAY = timedelta(days=1)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Leaving:
    """A job to be run every LOOK. Nobody waits for it: each step is a short transaction."""

    def __init__(self, house: House, api: SlackApi, bot_user: str, workspace: str, path: Path, limits: Limits) -> None:
        self._house = house
        self._workspace = workspace
        self._path = path
        self._ending = threading.Event()
        self._eraser = Eraser(house.store, api, bot_user, house.clock, self._wait, limits)
        self._purged: datetime | None = None
        self._lightened = _EVER

    def __call__(self) -> None:
        """Go on with what was begun; once a day, see what is over. What fails today is tried again."""
        try:
            self._erase()
            if self._purged is None or self._house.clock() - self._purged >= DAY:
                self._lighten()
                self._purge()
                self._purged = self._house.clock()
        except EndingError:
            return
        except CoachError as error:
            log.warning("leaving_failed workspace=%s error=%s", self._workspace, type(error).__name__)
        except Exception as error:
            log.error("leaving_failed workspace=%s error=%s", self._workspace, named(error))

    def stop(self) -> None:
        """The process is to end: what is not done is left to the next."""
        self._ending.set()

    def _wait(self, span: timedelta) -> bool:
        return not self._ending.wait(span.total_seconds())

    def _erase(self) -> None:
        store = self._house.store
        with store.read() as connection:
            begun = erasing.begun(connection, self._workspace)
        for one in begun:
            self._eraser.erase(one)
            if erasing.out_and_done(store, one, self._path, self._house.clock()):
                log.info("erased workspace=%s", self._workspace)

    def _lighten(self) -> None:
        before, after, count = self._house.clock() - WORDS_KEPT, 0, 0
        while not self._ending.is_set():
            with self._house.store.write() as connection:
                residue.wipe_as_deleted(connection)
                outbox, since = self._house.outbox, self._lightened
                done = outbox.lighten(connection, self._workspace, since, before, KEPT, after)
            count += done.count
            if done.after is None:
                self._lightened = before
                break
            after = done.after
        if count:
            log.info("lightened workspace=%s count=%d", self._workspace, count)

    def _purge(self) -> None:
        done = purging.purge(self._house.store, self._workspace, self._house.clock())
        if done.rows:
            residue.empty_log(self._house.store)
            log.info("purged workspace=%s count=%d", self._workspace, sum(done.rows.values()))
