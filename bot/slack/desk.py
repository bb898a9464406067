"""What every listener is given: the house, who the bot is, and where deliveries go once they are stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.services.house import House
from scheduler.outbox import Delivery


@dataclass(frozen=True)
class Desk:
    """Handed to the listeners by `bot.app.build`."""

    house: House
    bot_user: str
    send: Callable[[Sequence[Delivery]], None]
