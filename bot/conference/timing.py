"""How long the cards of a script take, and how much time is left of a meeting. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.conference.minutes import Topic
from bot.conference.script import Card

_STAYS = frozenset({Topic.THANKS, Topic.COMMITMENTS})
"""Parts that are not made shorter: they are what people leave with."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a meeting while a card is up. until: when this card should be over; ends: the meeting.

    minutes, rest: whole minutes for this card and for all after it. over: the meeting's time is up.
    shorter, to: the one part that makes up for what is missing, and how many minutes it then has; None where nothing is
    missing, or where no part alone can: then all are shorter, this card with the minutes `given`, fewer than its own.
    """

    until: datetime
    ends: datetime
    minutes: int
    rest: int
    given: int
    over: bool = False
    shorter: Topic | None = None
    to: int = 0


def left(cards: Sequence[Card], position: int, began: datetime, card_at: datetime, now: datetime) -> Left:
    """The time left at `now`: the meeting began at `began`, the card at `position` is up since `card_at`.

    A card keeps its own minutes where a longer one after it can make up for what is missing; else all that are left
    share the time. ValueError without a card there.
    """
    if not 0 <= position < len(cards):
        raise ValueError(f"there is no card {position}")
    card, after = cards[position], cards[position + 1 :]
    ends = began + timedelta(minutes=sum(one.minutes for one in cards))
    planned, there = card.minutes + sum(one.minutes for one in after), _minutes(card_at, ends)
    shorter = _longest(after, planned - there) if planned > there else None
    given = card.minutes if planned <= there or shorter is not None else max(1, card.minutes * there // planned)
    until = min(card_at + timedelta(minutes=given), ends)
    topic, to = (shorter.topic, shorter.minutes - planned + there) if shorter is not None else (None, 0)
    return Left(until, ends, _minutes(now, until), _minutes(until, ends), given, now >= ends, topic, to)


def clock(seconds: int) -> str:
    """A length as a stopwatch shows it: "1:40"."""
    return f"{seconds // 60}:{seconds % 60:02}"


def _minutes(start: datetime, end: datetime) -> int:
    """Whole minutes, the nearest; none where the end has passed."""
    return max(0, round((end - start).total_seconds() / 60))


def _longest(cards: Sequence[Card], missing: int) -> Card | None:
    """The longest card that has a minute left without the missing ones."""
    found = [card for card in cards if card.minutes > missing and card.topic not in _STAYS]
    return max(found, key=lambda card: card.minutes, default=None)
