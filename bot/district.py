"""The bots of all workspaces that installed the app, in one process: one for each that has a school.

Which workspaces those are stands in the database, so that every process finds out by itself: that one has come or gone
is known at once where Slack or the installer told it, elsewhere within FOLLOW.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt import App, BoltResponse
from slack_bolt.authorization import AuthorizeResult

from bot.app import DRAIN_SECONDS, EVENTS_PATH, Bot, Premises, fit, wire
from bot.errors import CoachError
from bot.services import installing
from bot.services.installing import Installed
from bot.slack.entry import enter_by
from bot.slack.gate import visit_of
from bot.slack.guard import Guard, Wsgi
from bot.slack.http import Http
from bot.slack.oauth import Installing
from bot.words import Words
from prompts import PromptsError
from scheduler.dispatcher import Dispatcher
from scheduler.failures import named

log = logging.getLogger("bot")

CALLS = 8
"""Calls at once of each bot: at 200 ms a call, several times as many as Slack takes of a workspace in a minute."""

FOLLOW = 5.0
"""Seconds after which is looked again which workspaces have the app."""


@dataclass(frozen=True)
class _Open:
    installed: Installed
    bot: Bot


class District:
    """Takes in for all, and sends for all.

    words: what the bot of a workspace says: a school's own words are its own.
    """

    def __init__(self, at: Premises, words: Callable[[str], Words]) -> None:
        self._at = replace(at, workers=min(at.workers, CALLS))
        self._words = words
        self._open: dict[str, _Open] = {}
        self._closed: list[Bot] = []
        self._unknown: set[str] = set()
        self._unfit: dict[str, str] = {}
        self._looking = threading.Lock()
        self._stopping = threading.Event()
        self._follower = threading.Thread(target=self._follow, name="district", daemon=True)

    @property
    def workspaces(self) -> tuple[str, ...]:
        """Those whose bot is there."""
        return tuple(sorted(self._open))

    @property
    def waiting(self) -> tuple[str, ...]:
        """Those that have the app, and something to be mended before their bot can be: no school, no counselor."""
        return tuple(sorted(self._unfit))

    @property
    def dispatchers(self) -> tuple[Dispatcher, ...]:
        """Those of the bots that are there."""
        return tuple(one.bot.dispatcher for one in self._open.values())

    def lacks(self) -> tuple[str, ...]:
        """What it cannot do without and does not have: nothing; a workspace without a school waits for one."""
        return ()

    def wsgi(self) -> Wsgi:
        """The HTTP way in, guarded."""
        return Guard(Http(self.answer, EVENTS_PATH), self._at.settings.signing_secret)

    def answer(self, body: Mapping[str, Any]) -> BoltResponse:
        """Take in what Slack sent, for whichever workspace. What is of none that has a bot is dropped."""
        return enter_by(self._app_of, body)

    def installing(self) -> Installing:
        """The way a workspace installs the app; whoever has done so is answered at once."""
        return Installing(self._at.settings, self._at.store, self._at.clock, self.look)

    def start(self) -> None:
        """Open the bots there are, and follow from now on who installs the app or takes it out."""
        self.look()
        self._follower.start()

    def stop(self, timeout: float = DRAIN_SECONDS) -> bool:
        """End all bots, beside one another; False if some calls had not ended in time."""
        self._stopping.set()
        with self._looking:
            bots = [*(one.bot for one in self._open.values()), *self._closed]
            with ThreadPoolExecutor(max(1, len(bots))) as ending:
                clean = all(list(ending.map(lambda bot: bot.end(timeout), bots)))
            self._open = {}
        self._at.store.close()
        return clean

    def look(self) -> None:
        """Open the bot of each workspace that has the app and a school, close those of all others."""
        with self._looking:
            if self._stopping.is_set():
                return
            there = {one.workspace: one for one in installing.installed(self._at.store)}
            self._end_closed()
            for workspace, found in list(self._open.items()):
                if there.get(workspace) != found.installed:
                    self._close(workspace)
            self._unfit = {workspace: why for workspace, why in self._unfit.items() if workspace in there}
            for workspace in there.keys() - self._open.keys():
                self._try(there[workspace])
            self._unknown.clear()

    def _app_of(self, body: Mapping[str, Any]) -> App | None:
        workspace = visit_of(body).workspace
        if workspace not in self._open and workspace not in self._unknown:
            self.look()  # it may have come a moment ago, to another process
        found = self._open.get(workspace)
        if found is None:
            self._unknown.add(workspace)
            log.warning("no_bot workspace=%s", workspace)
            return None
        return found.bot.app

    def _try(self, installed: Installed) -> None:
        workspace = installed.workspace
        try:
            bot = self._fitted(installed)
        except (CoachError, PromptsError) as error:
            if self._unfit.get(workspace) != str(error):
                log.warning("not_ready workspace=%s error=%s", workspace, type(error).__name__)
            self._unfit[workspace] = str(error)
            return
        self._unfit.pop(workspace, None)
        self._open = {**self._open, workspace: _Open(installed, bot)}
        bot.start()
        log.info("opened workspace=%s", workspace)

    def _fitted(self, installed: Installed) -> Bot:
        """A bot that can be started. A school loaded before the app was installed knows nobody's account: whoever is
        missed, Slack is asked for, once."""
        store, workspace = self._at.store, installed.workspace
        if workspace in self._unfit:
            fit(store, workspace)
        bot = wire(self._at, self._words(workspace), _authorized(installed), lambda: self._removed(workspace))
        try:
            fit(store, workspace)
        except CoachError:
            bot.roll_call()
            fit(store, workspace)
        return bot

    def _removed(self, workspace: str) -> None:
        """Slack says so, in a listener of that bot: its threads are ended later, by another."""
        installing.remove(self._at.store, workspace, self._at.clock())

    def _close(self, workspace: str) -> None:
        found = self._open[workspace]
        self._open = {name: one for name, one in self._open.items() if name != workspace}
        found.bot.dispatcher.halt()
        self._closed.append(found.bot)
        log.info("closed workspace=%s", workspace)

    def _end_closed(self) -> None:
        """A turn may still have been at work in them when they were closed, a while ago."""
        closed, self._closed = self._closed, []
        for bot in closed:
            bot.end()

    def _follow(self) -> None:
        while not self._stopping.wait(FOLLOW):
            try:
                self.look()
            except Exception as error:  # the database cannot be reached: the bots there are go on
                log.error("follow_failed error=%s", named(error))


def _authorized(installed: Installed) -> AuthorizeResult:
    """Known from the installation, so that Slack need not be asked for every event."""
    return AuthorizeResult(
        enterprise_id=installed.enterprise,
        team_id=installed.workspace,
        bot_user_id=installed.bot_user,
        bot_id=installed.bot_id,
        bot_token=installed.token,
    )
