"""Somebody who looks at something, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.conference.access import Actor
from bot.services.house import House
from bot.store.session import AnyRow


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody of the roster, as it has them and as the table of access knows them."""

    house: House
    connection: Connection
    person: AnyRow
    who: Actor
    now: datetime
