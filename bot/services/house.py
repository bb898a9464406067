"""What every verb needs, wired once by `bot.app.build`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import Delivery, Draft, Outbox

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class House:
    """The database, the outbox, the words and the time; `mails`: whether e-mail can be sent."""

    store: Store
    outbox: Outbox
    words: Words
    clock: Clock
    mails: bool = False

    def unhurried(self) -> House:
        """The same for what follows when a delivery is settled: in nobody's hands yet, it is claimed in its turn."""
        return replace(self, outbox=_Unhurried(self.outbox.owner))


class _Unhurried(Outbox):
    def put(
        self, connection: Connection, drafts: Sequence[Draft], now: datetime, *, claim: bool = False
    ) -> list[Delivery]:
        """Store what is wished for; none of it is claimed."""
        return super().put(connection, drafts, now)
