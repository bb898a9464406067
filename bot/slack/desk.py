"""What every listener is given: the house, who the bot is, and where deliveries go once they are stored.

`api` is for what must be called while Slack waits: opening a modal. `caps` counts what people do. `removed` is to be
called when the app is taken out of the workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.services.house import House
from bot.slack.caps import Caps
from bot.slack.client import SlackApi
from scheduler.outbox import Delivery


@dataclass(frozen=True)
class Desk:
    """Handed to the listeners by `bot.app.build`."""

    house: House
    bot_user: str
    send: Callable[[Sequence[Delivery]], None]
    api: SlackApi
    workspace: str
    caps: Caps = field(default_factory=Caps)
    removed: Callable[[], None] = lambda: None
