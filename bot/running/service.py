"""What a process runs: the bot of one workspace, or those of many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from slack_bolt import BoltResponse

from scheduler.dispatcher import Dispatcher


class Service(Protocol):
    """`bot.app.Bot` is one, `bot.district.District` is one."""

    @property
    def dispatchers(self) -> tuple[Dispatcher, ...]:
        """Those that are there now."""

    def lacks(self) -> tuple[str, ...]:
        """Names of what it cannot do without and does not have."""

    def answer(self, body: Mapping[str, Any]) -> BoltResponse:
        """Take in what Slack sent."""

    def start(self) -> None:
        """Begin."""

    def stop(self, timeout: float = ...) -> bool:
        """End in good order, in so many seconds; False if some calls had not ended."""
