"""What every verb needs, wired once by `bot.app.build`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import Outbox

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class House:
    """The database, the outbox, the words and the time."""

    store: Store
    outbox: Outbox
    words: Words
    clock: Clock
