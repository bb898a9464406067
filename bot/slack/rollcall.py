"""Once a day Slack is asked who is there: what changed while nobody listened, and zones that no event told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.services.house import House
from bot.services.roster import members
from bot.slack.directory import Directory, DirectoryError
from scheduler.outbox import Delivery

log = logging.getLogger("bot.slack")
LOOK = timedelta(hours=1)
DAY = timedelta(days=1)


class RollCall:
    """A job to be run every LOOK: asks a first time then, and from then on once a day."""

    def __init__(
        self, house: House, directory: Directory, workspace: str, send: Callable[[Sequence[Delivery]], None]
    ) -> None:
        self._house = house
        self._directory = directory
        self._workspace = workspace
        self._send = send
        self._asked: datetime | None = None

    def __call__(self) -> None:
        """Ask, if it is time. What Slack does not tell today it may tell tomorrow."""
        now = self._house.clock()
        if self._asked is not None and now - self._asked < DAY:
            return
        self._asked = now
        try:
            found = tuple(self._directory.members())
        except DirectoryError as error:
            log.warning("roll_call_failed workspace=%s reason=%s", self._workspace, error.reason)
            return
        self._send(members.refresh(self._house, self._workspace, found))
